/*
 * Statistics of samples, which are times in milliseconds: medians with intervals, ratios of
 * medians, and whether two lists come from the same distribution. The same data give the same bits,
 * since random numbers come from a generator with a given seed.
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

/* The samples of a cell in the form that the statistics take. Free with wi_lab_sample_clear. */
struct wi_lab_sample {
    size_t count;    /* 0: the other members are NULL */
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
/* The median of `above` divided by that of `below`, with the same kind of interval: the two are
 * resampled independently. A ratio to 0 is 0. Both must have samples. */
struct wi_lab_interval wi_lab_ratio(
    const struct wi_lab_sample *above, const struct wi_lab_sample *below);

/* Whether the samples, in ascending order, form two clusters: at the split with the least variance
 * inside the clusters (Otsu), each cluster has a fifth of at least 10 samples, their means are more
 * than 5 % of the median apart, and Ashman's D (Ashman, Bird and Zepf, "Detecting Bimodality in
 * Astronomical Datasets", AJ 108, 1994) is more than 5. That paper takes 2 for the fit of two
 * normal distributions, but the split of a single normal distribution already has 2.7, and that of
 * uniform samples 3.5. Public for tests. */
int wi_lab_is_bimodal(const double *sorted, size_t count);

struct wi_lab_summary {
    size_t n;
    double min, median, p90, low, high; /* `low`, `high`: of the median; all 0 without samples */
    int bimodal;
};
struct wi_lab_summary wi_lab_summarise(const struct wi_lab_sample *sample);

/* Mann and Whitney's U test, two-sided: the probability that two lists from one distribution have
 * rank sums at least as far from the expected ones as these. Equal samples get the mean of their
 * ranks. Up to WI_LAB_EXACT_MAX samples on each side, all ways to distribute the ranks are counted;
 * beyond that, the normal distribution is used, with corrections for ties and for continuity
 * (Lehmann, "Nonparametrics", chapter 1). 1 if a side is empty. */
#define WI_LAB_EXACT_MAX 50
double wi_lab_u_test(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
