/*
 * Statistics of samples, which are times in milliseconds: medians with intervals, ratios of
 * medians, and whether two lists come from the same distribution. The same data give the same bits:
 * what is drawn at random comes from a generator with a given seed.
 */
#ifndef WI_TERMS_LAB_STATISTICS_H
#define WI_TERMS_LAB_STATISTICS_H

#include "base/pcg32.h"
#include <stddef.h>

/* The generator of a cell: its seed is the first 8 bytes, big-endian, of the SHA-256 of the run's
 * id, its stream the cell's index. */
void wi_pcg32_of_cell(struct wi_pcg32 *generator, const char *run_id, unsigned index);

/* The quantile `p` (0 to 1) of `count` (1 or more) numbers in ascending order, linear between the
 * two nearest: type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50 (1996), and quantile_cont of SQL. Public for tests. */
double wi_lab_quantile(const double *sorted, size_t count, double p);

/* The same, and the median, of numbers in any order. */
double wi_lab_quantile_of(const double *samples, size_t count, double p);
double wi_lab_median_of(const double *samples, size_t count);

#define WI_LAB_RESAMPLES 10000
#define WI_LAB_CONFIDENCE 0.95

/* The samples of a cell as statistics take them. Free what it holds with wi_lab_sample_clear. */
struct wi_lab_sample {
    size_t count;    /* 0: there is nothing else */
    double *sorted;  /* in ascending order */
    double *medians; /* of WI_LAB_RESAMPLES resamples, in the order in which they were drawn */
};
void wi_lab_sample_make(
    struct wi_lab_sample *sample, const double *samples, size_t count, struct wi_pcg32 *generator);
void wi_lab_sample_clear(struct wi_lab_sample *sample);

struct wi_lab_interval {
    double value, low, high;
};

/* The median with its percentile interval (Efron and Tibshirani, "An Introduction to the
 * Bootstrap", chapter 13). Public for tests. */
struct wi_lab_interval wi_lab_median(const struct wi_lab_sample *sample);
/* The median of `above` over that of `below`, with its interval, likewise: both are resampled, each
 * for itself. A ratio to nothing is 0. Both have samples. */
struct wi_lab_interval wi_lab_ratio(
    const struct wi_lab_sample *above, const struct wi_lab_sample *below);

/* Whether the samples, in ascending order, are two heaps: at the split that leaves the least
 * variance inside (Otsu), each has a fifth of at least 10 samples, their means are more than 5 % of
 * the median apart, and Ashman's D (Ashman, Bird and Zepf, "Detecting Bimodality in Astronomical
 * Datasets", AJ 108, 1994) is more than 5. That work takes 2 for the fit of two normal
 * distributions; a split of one has 2.7 by itself, and one of equally spread samples 3.5. Public
 * for tests. */
int wi_lab_is_bimodal(const double *sorted, size_t count);

struct wi_lab_summary {
    size_t n;
    double min, median, p90, low, high; /* the last two: of the median; all 0 without samples */
    int bimodal;
};
struct wi_lab_summary wi_lab_summarise(const struct wi_lab_sample *sample);

/* Mann and Whitney's U test, two-sided: how probable it is that two lists of one distribution have
 * rank sums as far from what is expected as these, or farther. Equal samples have the mean of their
 * ranks. Up to WI_LAB_EXACT_MAX on each side all ways to share out these ranks are counted; beyond,
 * it is the normal distribution with the correction for ties and for continuity (Lehmann,
 * "Nonparametrics", chapter 1). 1 where a side is empty. */
#define WI_LAB_EXACT_MAX 50
double wi_lab_u_test(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
