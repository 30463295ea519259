/*
 * Mann and Whitney's U test. Ranks are doubled, so that the mean of two is a whole number. What is
 * counted is how many of the ways to choose one side's ranks out of all give each sum; the counts,
 * up to 1e29, are doubles: each is off by far less than what decides.
 */
#include "lab/statistics.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

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
        items[i] = (struct item){.sample = i < a_count ? a[i] : b[i - a_count], .is_a = i < a_count};
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

/* The sum of doubled ranks that `a` has, less what is expected of it. */
static long deviation(const struct item *items, size_t a_count, size_t b_count)
{
    size_t count = a_count + b_count;
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += items[i].is_a ? (long)items[i].rank : 0;
    return sum - (long)(a_count * (count + 1));
}

/* --- counted --------------------------------------------------------------------------------- */

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

/* The share of the ways whose sum is at least `away` from what is expected. */
static double counted(const struct item *items, size_t a_count, size_t b_count, long away)
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

/* --- the normal distribution ----------------------------------------------------------------- */

static double normal(size_t a_count, size_t b_count, double ties, long away)
{
    double n = (double)(a_count + b_count);
    double variance =
        (double)a_count * (double)b_count / 12 * (n + 1 - ties / (n * (n - 1)));
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
    long away = labs(deviation(items, a_count, b_count));
    if (b_count <= WI_LAB_EXACT_MAX)
        p = counted(items, a_count, b_count, away);
    else
        p = normal(a_count, b_count, ties, away);
    free(items);
    return p;
}
