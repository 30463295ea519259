/* Medians, their intervals and heaps of samples: against other ways to compute them. */
#include "fixture.h"

#include "base/clock.h"

static void make(struct wi_lab_sample *sample, const double *samples, size_t count, unsigned index)
{
    struct wi_pcg32 generator;
    wi_pcg32_of_cell(&generator, "run-1", index);
    wi_lab_sample_make(sample, samples, count, &generator);
}

/* The first six numbers that its author prints for this seed and stream (pcg32-demo). */
TEST(pcg32_is_the_published_generator)
{
    static const uint32_t expected[] = {
        0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e};
    struct wi_pcg32 generator;
    wi_pcg32_seed(&generator, 42, 54);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(wi_pcg32_next(&generator), expected[i]);
}

TEST(quantiles_are_linear_between_two)
{
    static const double four[] = {1, 2, 4, 8}, one[] = {3};
    static const double mixed[] = {8, 1, 4, 2};
    assert_float_equal(wi_lab_quantile(four, 4, 0.5), 3, 1e-12);
    assert_float_equal(wi_lab_quantile(four, 4, 0), 1, 1e-12);
    assert_float_equal(wi_lab_quantile(four, 4, 1), 8, 1e-12);
    assert_float_equal(wi_lab_quantile(four, 4, 0.9), 6.8, 1e-12);
    assert_float_equal(wi_lab_quantile(one, 1, 0.9), 3, 1e-12);
    assert_float_equal(wi_lab_median_of(mixed, 4), 3, 1e-12);
    assert_float_equal(wi_lab_median_of(mixed, 3), 4, 1e-12);
}

/* The order statistics that bound the median with 95 % (the binomial distribution, which the
 * percentile bootstrap approaches) are 6 and 15 of 20. */
TEST(an_interval_is_as_wide_as_the_binomial_distribution_says)
{
    double samples[20];
    struct wi_lab_sample sample;
    for (int i = 0; i < 20; i++)
        samples[19 - i] = i + 1;
    make(&sample, samples, 20, 0);
    struct wi_lab_interval median = wi_lab_median(&sample);
    assert_float_equal(median.value, 10.5, 1e-12);
    assert_true(median.low >= 5.5 && median.low <= 7.5);
    assert_true(median.high >= 13.5 && median.high <= 15.5);
    wi_lab_sample_clear(&sample);
}

TEST(an_interval_holds_the_true_median_about_as_often_as_it_says)
{
    struct wi_pcg32 generator;
    int held = 0;
    wi_pcg32_seed(&generator, 1, 1);
    for (unsigned round = 0; round < 400; round++) {
        double samples[20];
        struct wi_lab_sample sample;
        for (int i = 0; i < 20; i++)
            samples[i] = even(&generator);
        make(&sample, samples, 20, round);
        struct wi_lab_interval median = wi_lab_median(&sample);
        held += median.low <= 0.5 && median.high >= 0.5;
        wi_lab_sample_clear(&sample);
    }
    print_message("the interval held the median in %d of 400\n", held);
    assert_true(held >= 360 && held <= 396); /* 95 % is 380 */
}

TEST(the_same_data_give_the_same_bits_and_another_cell_others)
{
    static const double samples[] = {5, 3.25, 4, 4.5, 7, 3, 4.75};
    struct wi_lab_sample first, again, other;
    make(&first, samples, 7, 3);
    make(&again, samples, 7, 3);
    make(&other, samples, 7, 4);
    assert_memory_equal(first.medians, again.medians, WI_LAB_RESAMPLES * sizeof(double));
    assert_true(memcmp(first.medians, other.medians, WI_LAB_RESAMPLES * sizeof(double)) != 0);
    wi_lab_sample_clear(&first);
    wi_lab_sample_clear(&again);
    wi_lab_sample_clear(&other);
}

/* Against qsort over all resamples. */
static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

TEST(the_quantiles_of_resamples_are_those_of_the_sorted_ones)
{
    struct wi_pcg32 generator;
    double samples[31];
    struct wi_lab_sample sample;
    wi_pcg32_seed(&generator, 9, 9);
    for (int i = 0; i < 31; i++)
        samples[i] = time_of(&generator, 10);
    make(&sample, samples, 31, 0);
    struct wi_lab_interval median = wi_lab_median(&sample);
    qsort(sample.medians, WI_LAB_RESAMPLES, sizeof(double), by_size);
    assert_float_equal(median.low, wi_lab_quantile(sample.medians, WI_LAB_RESAMPLES, 0.025), 0);
    assert_float_equal(median.high, wi_lab_quantile(sample.medians, WI_LAB_RESAMPLES, 0.975), 0);
    wi_lab_sample_clear(&sample);
}

TEST(a_ratio_has_the_interval_of_both_sides)
{
    struct wi_pcg32 generator;
    double slow[40], fast[40];
    struct wi_lab_sample above, below;
    wi_pcg32_seed(&generator, 4, 4);
    for (int i = 0; i < 40; i++) {
        slow[i] = time_of(&generator, 30);
        fast[i] = time_of(&generator, 10);
    }
    make(&above, slow, 40, 0);
    make(&below, fast, 40, 1);
    struct wi_lab_interval ratio = wi_lab_ratio(&above, &below);
    assert_true(
        ratio.low < 3 && ratio.high > 3 && ratio.low < ratio.value && ratio.value < ratio.high);
    assert_true(ratio.high - ratio.low < 0.3);
    wi_lab_sample_clear(&below);
    static const double nothing[] = {0, 0, 0};
    make(&below, nothing, 3, 1);
    assert_float_equal(wi_lab_ratio(&above, &below).value, 0, 0);
    wi_lab_sample_clear(&above);
    wi_lab_sample_clear(&below);
}

TEST(samples_of_no_cell_have_no_summary)
{
    struct wi_lab_sample sample;
    make(&sample, NULL, 0, 0);
    struct wi_lab_summary summary = wi_lab_summarise(&sample);
    assert_int_equal(summary.n, 0);
    assert_float_equal(summary.median, 0, 0);
    wi_lab_sample_clear(&sample);
}

/* --- heaps ----------------------------------------------------------------------------------- */

static int is_bimodal(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, by_size);
    return wi_lab_is_bimodal(samples, count);
}

TEST(two_heaps_are_told_and_one_is_not)
{
    struct wi_pcg32 generator;
    int found = 0, wrong = 0;
    wi_pcg32_seed(&generator, 7, 7);
    for (int round = 0; round < 1000; round++) {
        double one[20], two[20];
        for (int i = 0; i < 20; i++) {
            one[i] = time_of(&generator, 10);
            double normal =
                sqrt(-2 * log(even(&generator))) * cos(6.283185307179586 * even(&generator));
            two[i] = (i % 3 ? 10 : 14) * exp(0.03 * normal);
        }
        wrong += is_bimodal(one, 20);
        found += is_bimodal(two, 20);
    }
    print_message("bimodal: %d of 1000 with one heap, %d of 1000 with two\n", wrong, found);
    assert_true(wrong <= 30);
    assert_true(found >= 990);
}

TEST(few_samples_equal_ones_and_near_heaps_are_not_bimodal)
{
    double few[] = {1, 1, 1, 1, 2, 2, 2, 2, 2}, equal[12], near[12];
    for (int i = 0; i < 12; i++) {
        equal[i] = 5;
        near[i] = i % 2 ? 5 : 5.1;
    }
    assert_int_equal(is_bimodal(few, 9), 0);
    assert_int_equal(is_bimodal(equal, 12), 0);
    assert_int_equal(is_bimodal(near, 12), 0);
    near[0] = near[2] = near[4] = near[6] = 9;
    assert_int_equal(is_bimodal(near, 12), 1);
}

/* --- how long it takes ----------------------------------------------------------------------- */

TEST(prints_how_long_200_cells_take)
{
    struct wi_pcg32 generator;
    double began = wi_now_ms(), p = 0;
    wi_pcg32_seed(&generator, 2, 2);
    for (unsigned cell = 0; cell < 200; cell++) {
        double before[20], now[20];
        struct wi_lab_sample a, b;
        for (int i = 0; i < 20; i++) {
            before[i] = time_of(&generator, 10);
            now[i] = time_of(&generator, 10);
        }
        make(&a, before, 20, cell);
        make(&b, now, 20, cell + 1000);
        p += wi_lab_u_test(before, 20, now, 20) + wi_lab_ratio(&a, &b).value;
        wi_lab_sample_clear(&a);
        wi_lab_sample_clear(&b);
    }
    assert_true(p > 0);
    print_message("intervals and U tests of 200 pairs of cells with 20 samples each: %.0f ms\n",
        wi_now_ms() - began);
}
