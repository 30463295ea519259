/* Medians, intervals by resampling, and heaps of samples. */
#include "lab/statistics.h"

#include "base/hash.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_MIN 10          /* samples, for two heaps to be told */
#define HEAP_SHARE 0.2       /* of them in the smaller one */
#define HEAP_DISTANCE 0.05   /* of the median, between the means */
#define HEAP_ASHMAN 5.0

/* --- random numbers -------------------------------------------------------------------------- */

uint32_t wi_pcg32_next(struct wi_pcg32 *generator)
{
    uint64_t old = generator->state;
    generator->state = old * 6364136223846793005u + generator->increment;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (mixed >> turn) | (mixed << (-turn & 31));
}

void wi_pcg32_seed(struct wi_pcg32 *generator, uint64_t seed, uint64_t stream)
{
    generator->state = 0;
    generator->increment = (stream << 1) | 1;
    wi_pcg32_next(generator);
    generator->state += seed;
    wi_pcg32_next(generator);
}

void wi_pcg32_of_cell(struct wi_pcg32 *generator, const char *run_id, unsigned index)
{
    unsigned char hash[WI_HASH_SIZE];
    uint64_t seed = 0;
    wi_hash(run_id, strlen(run_id), hash);
    for (int i = 0; i < 8; i++)
        seed = seed << 8 | hash[i];
    wi_pcg32_seed(generator, seed, index);
}

/* 0 to limit - 1. What is not even in it is limit / 2^32: nothing, for lists of samples. */
static size_t draw(struct wi_pcg32 *generator, size_t limit)
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

double wi_lab_median_of(const double *samples, size_t count)
{
    double *sorted = sorted_copy(samples, count);
    double median = wi_lab_quantile(sorted, count, 0.5);
    free(sorted);
    return median;
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
static double resampled(
    const double *sorted, size_t count, unsigned *times, struct wi_pcg32 *generator)
{
    memset(times, 0, count * sizeof *times);
    for (size_t i = 0; i < count; i++)
        times[draw(generator, count)]++;
    double high = number_at(sorted, times, count / 2);
    return count % 2 ? high : (number_at(sorted, times, count / 2 - 1) + high) / 2;
}

void wi_lab_sample_make(struct wi_lab_sample *sample, const double *samples, size_t count,
    struct wi_pcg32 *generator)
{
    *sample = (struct wi_lab_sample){.count = count};
    if (count == 0)
        return;
    unsigned *times = wi_realloc_array(NULL, count, sizeof *times);
    sample->sorted = sorted_copy(samples, count);
    sample->medians = wi_realloc_array(NULL, WI_LAB_RESAMPLES, sizeof *sample->medians);
    for (size_t i = 0; i < WI_LAB_RESAMPLES; i++)
        sample->medians[i] = resampled(sample->sorted, count, times, generator);
    free(times);
}

void wi_lab_sample_clear(struct wi_lab_sample *sample)
{
    free(sample->sorted);
    free(sample->medians);
    *sample = (struct wi_lab_sample){0};
}

/* Puts the number that belongs at `place` in ascending order there, with what is not larger before
 * it and what is not smaller behind: Hoare's selection, from the middle. */
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

static double over(double above, double below)
{
    return below > 0 ? above / below : 0;
}

struct wi_lab_interval wi_lab_ratio(
    const struct wi_lab_sample *above, const struct wi_lab_sample *below)
{
    double *values = wi_realloc_array(NULL, WI_LAB_RESAMPLES, sizeof *values);
    for (size_t i = 0; i < WI_LAB_RESAMPLES; i++)
        values[i] = over(above->medians[i], below->medians[i]);
    return interval_of(over(wi_lab_quantile(above->sorted, above->count, 0.5),
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
static size_t split(const double *sorted, size_t count)
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
    size_t place = split(sorted, count);
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
