/* Mann and Whitney's U test against counting all ways one by one, and against published figures. */
#include "fixture.h"

#define MOST 8

/* The mean of a sample's ranks among all, doubled. */
static long rank_of(const double *all, size_t count, double sample)
{
    long below = 0, equal = 0;
    for (size_t i = 0; i < count; i++) {
        below += all[i] < sample;
        equal += all[i] == sample;
    }
    return 2 * below + equal + 1;
}

/* Over all choices of `a_count` out of all samples: the share whose rank sum is as far from what is
 * expected as that of the first ones. */
static double enumerated(const double *all, size_t a_count, size_t count)
{
    long ranks[2 * MOST], expected = (long)(a_count * (count + 1)), seen = 0;
    unsigned far = 0, ways = 0;
    for (size_t i = 0; i < count; i++)
        ranks[i] = rank_of(all, count, all[i]);
    for (size_t i = 0; i < a_count; i++)
        seen += ranks[i];
    for (unsigned set = 0; set < 1u << count; set++) {
        long sum = 0;
        if ((size_t)__builtin_popcount(set) != a_count)
            continue;
        for (size_t i = 0; i < count; i++)
            sum += set >> i & 1 ? ranks[i] : 0;
        ways++;
        far += labs(sum - expected) >= labs(seen - expected);
    }
    return (double)far / ways;
}

/* All sizes up to 8 by 8, samples with many ties, with some and with none. */
TEST(it_is_what_counting_all_ways_gives)
{
    static const unsigned values[] = {2, 5, 1000};
    struct wi_pcg32 generator;
    wi_pcg32_seed(&generator, 3, 3);
    for (size_t a = 1; a <= MOST; a++)
        for (size_t b = 1; b <= MOST; b++)
            for (int ties = 0; ties < 3; ties++) {
                double all[2 * MOST];
                for (size_t i = 0; i < a + b; i++)
                    all[i] = wi_pcg32_next(&generator) % values[ties];
                double p = wi_lab_u_test(all, a, all + a, b);
                assert_float_equal(p, enumerated(all, a, a + b), 1e-12);
                assert_float_equal(p, wi_lab_u_test(all + a, b, all, a), 1e-12);
            }
}

/* Without ties the least p of n by n is 2 of C(2n, n) ways. */
TEST(lists_that_do_not_overlap_have_the_least_p)
{
    double low[50], high[50];
    for (int i = 0; i < 50; i++) {
        low[i] = i;
        high[i] = 100 + i;
    }
    assert_float_equal(wi_lab_u_test(low, 3, high, 3), 0.1, 1e-12);
    assert_float_equal(wi_lab_u_test(low, 4, high, 4), 2.0 / 70, 1e-12);
    assert_float_equal(wi_lab_u_test(low, 20, high, 20) / (2 / 137846528820.0), 1, 1e-9);
    assert_float_equal(wi_lab_u_test(low, 50, high, 50) / (2 / 1.0089134454556e29), 1, 1e-6);
}

TEST(equal_lists_and_empty_ones_say_nothing)
{
    double same[60];
    for (int i = 0; i < 60; i++)
        same[i] = 4;
    assert_float_equal(wi_lab_u_test(same, 20, same, 20), 1, 1e-12);
    assert_float_equal(wi_lab_u_test(same, 60, same, 60), 1, 1e-12);
    assert_float_equal(wi_lab_u_test(same, 0, same, 20), 1, 0);
}

/* At the border the normal distribution is near what is counted. */
TEST(beyond_fifty_it_goes_on_as_it_was)
{
    struct wi_pcg32 generator;
    double a[51], b[51];
    wi_pcg32_seed(&generator, 5, 5);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 51; i++) {
            a[i] = floor(100 * time_of(&generator, 1));
            b[i] = floor(100 * time_of(&generator, 1.01));
        }
        double counted = wi_lab_u_test(a, 50, b, 50), normal = wi_lab_u_test(a, 51, b, 50);
        double moved = wi_lab_u_test(a, 50, b, 51);
        assert_true(fabs(log(normal / counted)) < 0.7 || fabs(normal - counted) < 0.15);
        assert_true(fabs(log(moved / counted)) < 0.7 || fabs(moved - counted) < 0.15);
    }
}

/* Computed by hand: two lists of whole numbers, one moved by 10.5, so that there are no ties. */
TEST(the_normal_distribution_is_corrected_for_continuity)
{
    double a[60], b[60];
    for (int i = 0; i < 60; i++) {
        a[i] = i;
        b[i] = i + 10.5;
    }
    /* U: pairs in which a is larger, 49 + 48 + … + 1 = 1225. */
    double z = (fabs(1225 - 1800.0) - 0.5) / sqrt(60.0 * 60 * 121 / 12);
    assert_float_equal(wi_lab_u_test(a, 60, b, 60), erfc(z / sqrt(2)), 1e-12);
}
