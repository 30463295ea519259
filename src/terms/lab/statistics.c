/* Medians, intervals by resampling, heaps of samples, and the U test. */
#include "terms/lab/statistics.h"

#include "base/hash.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_MIN 10        /* samples, for two heaps to be told */
#define HEAP_SHARE 0.2     /* of them in the smaller one */
#define HEAP_DISTANCE 0.05 /* of the median, between the means */
#define HEAP_ASHMAN 5.0

/* --- random numbers -------------------------------------------------------------------------- */

void wi_pcg32_of_cell(struct wi_pcg32 *generator, const char *run_id, unsigned index)
{
    unsigned char hash[WI_HASH_SIZE];
    uint64_t seed = 0;
    wi_hash(run_id, strlen(run_id), hash);
    for (int i = 0; i < 8; i++)
        seed = seed << 8 | hash[i];
    wi_pcg32_seed(generator, seed, index);
}

/* A number from 0 to limit - 1. The bias is limit / 2^32, which is negligible for lists of
 * samples. */
static size_t index_draw(struct wi_pcg32 *generator, size_t limit)
{
    return (size_t)(((uint64_t)wi_pcg32_next(generator) * limit) >> 32);
}

/* --- quantiles ------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double wi_lab_quantile(const double *sorted, size_t count, double p)
{
    double place = p * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double *sorted_copy(const double *samples, size_t count)
{
    double *sorted = wi_realloc_array(NULL, count, sizeof *sorted);
    memcpy(sorted, samples, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    return sorted;
}

double wi_lab_quantile_of(const double *samples, size_t count, double p)
{
    double *sorted = sorted_copy(samples, count);
    double quantile = wi_lab_quantile(sorted, count, p);
    free(sorted);
    return quantile;
}

double wi_lab_median_of(const double *samples, size_t count)
{
    return wi_lab_quantile_of(samples, count, 0.5);
}

/* --- resamples ------------------------------------------------------------------------------- */

/* The number that `place` (from 0) has in a list where sorted[i] comes times[i] times. */
static double number_at(const double *sorted, const unsigned *times, size_t place)
{
    size_t i = 0;
    for (size_t passed = times[0]; passed <= place; passed += times[++i])
        ;
    return sorted[i];
}

/* The median of `count` draws from the samples. `times` is room for as many. */
static double sample_resample(
    const double *sorted, size_t count, unsigned *times, struct wi_pcg32 *generator)
{
    memset(times, 0, count * sizeof *times);
    for (size_t i = 0; i < count; i++)
        times[index_draw(generator, count)]++;
    double high = number_at(sorted, times, count / 2);
    return count % 2 ? high : (number_at(sorted, times, count / 2 - 1) + high) / 2;
}

void wi_lab_sample_make(
    struct wi_lab_sample *sample, const double *samples, size_t count, struct wi_pcg32 *generator)
{
    *sample = (struct wi_lab_sample){.count = count};
    if (count == 0)
        return;
    unsigned *times = wi_realloc_array(NULL, count, sizeof *times);
    sample->sorted = sorted_copy(samples, count);
    sample->medians = wi_realloc_array(NULL, WI_LAB_RESAMPLES, sizeof *sample->medians);
    for (size_t i = 0; i < WI_LAB_RESAMPLES; i++)
        sample->medians[i] = sample_resample(sample->sorted, count, times, generator);
    free(times);
}

void wi_lab_sample_clear(struct wi_lab_sample *sample)
{
    free(sample->sorted);
    free(sample->medians);
    *sample = (struct wi_lab_sample){0};
}

/* Puts the number that belongs at `place` in ascending order there, with no larger number before it
 * and no smaller one after it: Hoare's selection, from the middle. */
static void select_at(double *numbers, size_t count, size_t place)
{
    long low = 0, high = (long)count - 1;
    while (low < high) {
        double pivot = numbers[(low + high) / 2];
        long i = low, j = high;
        while (i <= j) {
            while (numbers[i] < pivot)
                i++;
            while (numbers[j] > pivot)
                j--;
            if (i > j)
                break;
            double kept = numbers[i];
            numbers[i++] = numbers[j];
            numbers[j--] = kept;
        }
        if ((long)place <= j)
            high = j;
        else if ((long)place >= i)
            low = i;
        else
            return;
    }
}

/* As wi_lab_quantile of the resamples' values, which are in any order. */
static double quantile_of(double *values, double p)
{
    size_t below = (size_t)(p * (WI_LAB_RESAMPLES - 1));
    select_at(values, WI_LAB_RESAMPLES, below);
    select_at(values + below + 1, WI_LAB_RESAMPLES - below - 1, 0);
    return wi_lab_quantile(values, WI_LAB_RESAMPLES, p);
}

static struct wi_lab_interval interval_of(double value, double *values)
{
    struct wi_lab_interval interval = {.value = value};
    interval.low = quantile_of(values, (1 - WI_LAB_CONFIDENCE) / 2);
    interval.high = quantile_of(values, (1 + WI_LAB_CONFIDENCE) / 2);
    free(values);
    return interval;
}

struct wi_lab_interval wi_lab_median(const struct wi_lab_sample *sample)
{
    double *values = wi_realloc_array(NULL, WI_LAB_RESAMPLES, sizeof *values);
    memcpy(values, sample->medians, WI_LAB_RESAMPLES * sizeof *values);
    return interval_of(wi_lab_quantile(sample->sorted, sample->count, 0.5), values);
}

static double ratio_divide(double above, double below)
{
    return below > 0 ? above / below : 0;
}

struct wi_lab_interval wi_lab_ratio(
    const struct wi_lab_sample *above, const struct wi_lab_sample *below)
{
    double *values = wi_realloc_array(NULL, WI_LAB_RESAMPLES, sizeof *values);
    for (size_t i = 0; i < WI_LAB_RESAMPLES; i++)
        values[i] = ratio_divide(above->medians[i], below->medians[i]);
    return interval_of(ratio_divide(wi_lab_quantile(above->sorted, above->count, 0.5),
                           wi_lab_quantile(below->sorted, below->count, 0.5)),
        values);
}

/* --- heaps ----------------------------------------------------------------------------------- */

/* Of some numbers: how many, their mean and their variance. */
struct heap {
    double count, mean, variance;
};

static struct heap heap_of(const double *numbers, size_t count)
{
    struct heap heap = {.count = (double)count};
    for (size_t i = 0; i < count; i++)
        heap.mean += numbers[i] / heap.count;
    for (size_t i = 0; i < count; i++)
        heap.variance += (numbers[i] - heap.mean) * (numbers[i] - heap.mean) / heap.count;
    return heap;
}

/* Where the list falls into the two heaps with the least variance inside: the largest between. */
static size_t sample_split(const double *sorted, size_t count)
{
    double total = 0, below = 0, best = -1;
    size_t place = 0;
    for (size_t i = 0; i < count; i++)
        total += sorted[i];
    for (size_t i = 1; i < count; i++) {
        below += sorted[i - 1];
        double distance = below / (double)i - (total - below) / (double)(count - i);
        double between = (double)i * (double)(count - i) * distance * distance;
        if (between > best) {
            best = between;
            place = i;
        }
    }
    return place;
}

int wi_lab_is_bimodal(const double *sorted, size_t count)
{
    if (count < HEAP_MIN)
        return 0;
    size_t place = sample_split(sorted, count);
    struct heap low = heap_of(sorted, place), high = heap_of(sorted + place, count - place);
    double apart = high.mean - low.mean, within = sqrt(low.variance + high.variance);
    return fmin(low.count, high.count) >= HEAP_SHARE * (double)count &&
           apart > HEAP_DISTANCE * wi_lab_quantile(sorted, count, 0.5) &&
           sqrt(2) * apart > HEAP_ASHMAN * within;
}

struct wi_lab_summary wi_lab_summarise(const struct wi_lab_sample *sample)
{
    struct wi_lab_summary summary = {.n = sample->count};
    if (sample->count == 0)
        return summary;
    struct wi_lab_interval median = wi_lab_median(sample);
    summary.min = sample->sorted[0];
    summary.median = median.value;
    summary.low = median.low;
    summary.high = median.high;
    summary.p90 = wi_lab_quantile(sample->sorted, sample->count, 0.9);
    summary.bimodal = wi_lab_is_bimodal(sample->sorted, sample->count);
    return summary;
}

/* --- the U test ------------------------------------------------------------------------------ */

/* Ranks are doubled, so that the mean of two is a whole number. The test counts, for each sum, the
 * ways to choose one side's ranks out of all that have this sum. The counts, up to 1e29, are
 * doubles, whose errors are far too small to change a decision. */
struct item {
    double sample;
    int is_a;
    unsigned rank; /* doubled */
};

static int by_sample(const void *a, const void *b)
{
    double x = ((const struct item *)a)->sample, y = ((const struct item *)b)->sample;
    return (x > y) - (x < y);
}

/* All samples in ascending order with their ranks; what ties come to, the sum of t^3 - t, goes to
 * `*ties`. The caller's. */
static struct item *rank_all(
    const double *a, size_t a_count, const double *b, size_t b_count, double *ties)
{
    size_t count = a_count + b_count;
    struct item *items = wi_realloc_array(NULL, count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct item){.sample = i < a_count ? a[i] : b[i - a_count], .is_a = i < a_count};
    qsort(items, count, sizeof *items, by_sample);
    *ties = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && items[end].sample == items[begin].sample; end++)
            ;
        double equal = (double)(end - begin);
        *ties += equal * equal * equal - equal;
        for (size_t i = begin; i < end; i++)
            items[i].rank = (unsigned)(begin + 1 + end);
    }
    return items;
}

/* The sum of the doubled ranks of `a`, minus the expected sum. */
static long rank_deviation(const struct item *items, size_t a_count, size_t b_count)
{
    size_t count = a_count + b_count;
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += items[i].is_a ? (long)items[i].rank : 0;
    return sum - (long)(a_count * (count + 1));
}

/* ways[taken * width + sum]: how many ways there are to take so many of the ranks seen so far with
 * that sum. Adds one more rank; of the first `seen` ones the largest sum is `most`. */
static void add_rank(
    double *ways, size_t width, size_t a_count, size_t seen, size_t rank, size_t most)
{
    size_t taken = seen + 1 < a_count ? seen + 1 : a_count;
    for (; taken > 0; taken--) {
        double *to = ways + taken * width;
        const double *from = ways + (taken - 1) * width;
        size_t end = most < width - 1 ? most : width - 1;
        for (size_t sum = rank; sum <= end; sum++)
            to[sum] += from[sum - rank];
    }
}

/* The share of the ways whose sum is at least `away` from the expected one. */
static double chance_counted(const struct item *items, size_t a_count, size_t b_count, long away)
{
    size_t count = a_count + b_count, most = 0, width = 1;
    for (size_t i = b_count; i < count; i++)
        width += items[i].rank; /* the largest sum that `a` can have */
    double *ways = wi_alloc((a_count + 1) * width * sizeof *ways);
    double far = 0, all = 0;
    ways[0] = 1;
    for (size_t i = 0; i < count; i++) {
        most += items[i].rank;
        add_rank(ways, width, a_count, i, items[i].rank, most);
    }
    const double *sums = ways + a_count * width;
    long expected = (long)(a_count * (count + 1));
    for (size_t sum = 0; sum < width; sum++) {
        all += sums[sum];
        far += labs((long)sum - expected) >= away ? sums[sum] : 0;
    }
    free(ways);
    return far / all;
}

/* The normal distribution. */
static double chance_normal(size_t a_count, size_t b_count, double ties, long away)
{
    double n = (double)(a_count + b_count);
    double variance = (double)a_count * (double)b_count / 12 * (n + 1 - ties / (n * (n - 1)));
    double distance = (double)away / 2 - 0.5; /* of the rank sum, not doubled */
    if (variance <= 0 || distance <= 0)
        return 1;
    return erfc(distance / sqrt(2 * variance));
}

double wi_lab_u_test(const double *a, size_t a_count, const double *b, size_t b_count)
{
    double ties, p;
    if (a_count == 0 || b_count == 0)
        return 1;
    if (a_count > b_count)
        return wi_lab_u_test(b, b_count, a, a_count); /* the smaller side is counted */
    struct item *items = rank_all(a, a_count, b, b_count, &ties);
    long away = labs(rank_deviation(items, a_count, b_count));
    if (b_count <= WI_LAB_EXACT_MAX)
        p = chance_counted(items, a_count, b_count, away);
    else
        p = chance_normal(a_count, b_count, ties, away);
    free(items);
    return p;
}
