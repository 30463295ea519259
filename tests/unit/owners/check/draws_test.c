/* Inputs of ours in a row: which come, which count, and how many decide. */
#include "../../asked.h"
#include "../../test.h"

#include "full.h"
#include "owners/check/draws.h"
#include "wire/probe.h"
#include <math.h>
#include <string.h>

static struct wi_model model = {.name = "sums", .hash = "abcd", ._references = 1};

/* A client's request for a model that takes so many numbers, all of them 1. */
static struct wi_inference *asked_for(size_t count)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&model));
    add(&asked->tensors, "x", 1, count);
    return asked;
}

static float number_at(const struct wi_inference *asked, size_t index)
{
    float number;
    memcpy(
        &number, wi_tensor_bytes(&asked->tensors.items[0]) + index * sizeof number, sizeof number);
    return number;
}

static size_t count_of(const struct wi_inference *asked)
{
    return asked->tensors.items[0].size / sizeof(float);
}

TEST(two_that_differ_decide_and_three_of_few_bits)
{
    struct wi_draws draws = {0}, few = {0};
    assert_false(wi_draws_strike(&draws, 0));
    assert_true(wi_draws_strike(&draws, 0));
    assert_false(wi_draws_strike(&few, 1));
    assert_false(wi_draws_strike(&few, 1));
    assert_true(wi_draws_strike(&few, 1));
}

TEST(one_that_agrees_clears_and_three_after_one_that_differed)
{
    struct wi_draws clean = {0}, struck = {0}, suspected = {0};
    assert_true(wi_draws_clear(&clean, 0));
    assert_false(wi_draws_strike(&struck, 0));
    assert_false(wi_draws_clear(&struck, 0));
    assert_false(wi_draws_clear(&struck, 0));
    assert_true(wi_draws_clear(&struck, 0));
    assert_false(wi_draws_clear(&suspected, 1));
    assert_false(wi_draws_clear(&suspected, 1));
    assert_true(wi_draws_clear(&suspected, 1));
}

TEST(what_agrees_does_not_take_a_strike_back)
{
    struct wi_draws draws = {0};
    assert_false(wi_draws_strike(&draws, 0));
    assert_false(wi_draws_clear(&draws, 0));
    assert_true(wi_draws_strike(&draws, 0));
}

/* A quarter of the tolerance. */
TEST(an_input_tells_where_nearly_the_same_numbers_change_little)
{
    assert_true(wi_draws_are_steady(&(struct wi_comparison){.same = 1, .ratio = 0}));
    assert_true(wi_draws_are_steady(&(struct wi_comparison){.same = 1, .ratio = 0.25}));
    assert_false(wi_draws_are_steady(&(struct wi_comparison){.same = 1, .ratio = 0.26}));
    assert_false(wi_draws_are_steady(&(struct wi_comparison){.ratio = 2}));
    assert_false(wi_draws_are_steady(&(struct wi_comparison){.open = WI_OPEN_NUMBERS}));
}

/* SwiftShader makes 89.1 of the logarithm of the root of a negative number. */
TEST(an_input_tells_nothing_where_the_answer_has_nan)
{
    assert_false(wi_draws_are_steady(&(struct wi_comparison){.same = 1, .has_nan = 1}));
}

TEST(six_are_asked_and_every_second_one_is_positive)
{
    struct wi_draws draws = {0};
    struct wi_inference *asked = asked_for(1000), *next;
    for (unsigned i = 0; i < 6; i++) {
        size_t negative = 0;
        next = wi_draws_next(&draws, asked, 0);
        assert_int_equal(count_of(next), 1000);
        assert_true(number_at(next, 0) != 1 && number_at(next, 0) != number_at(asked, 0));
        for (size_t j = 0; j < 1000; j++)
            negative += number_at(next, j) < 0;
        assert_in_range(negative, i % 2 ? 0 : 400, i % 2 ? 0 : 600);
        wi_inference_release(asked);
        asked = next;
    }
    assert_null(wi_draws_next(&draws, asked, 0));
    wi_inference_release(asked);
}

TEST(what_cannot_be_made_does_not_count)
{
    struct wi_draws draws = {0};
    struct wi_inference *asked = asked_for(2 * 1024 * 1024); /* 8 MiB */
    assert_null(wi_draws_next(&draws, asked, 0));
    assert_int_equal(draws.drawn, 0);
    wi_inference_release(asked);
}

/* The answer of a graph that puts out the mean, by sums whose own error is 2^-52. */
static void put_mean(struct wi_tensors *outputs, const struct wi_inference *asked)
{
    double sum = 0;
    for (size_t i = 0; i < count_of(asked); i++)
        sum += (double)number_at(asked, i);
    add(outputs, "y", (float)(sum / (double)count_of(asked)), 1);
}

static int mean_is_steady(const struct wi_inference *asked)
{
    struct wi_inference *nudge = wi_probe_nudge(asked, wi_draws_seed());
    struct wi_tensors is = {0}, near = {0};
    struct wi_comparison found;
    put_mean(&is, asked);
    put_mean(&near, nudge);
    wi_compare(&is, &near, wi_tolerance_of_graph("fp32"), &found);
    wi_tensors_clear(&is);
    wi_tensors_clear(&near);
    wi_inference_release(nudge);
    return wi_draws_are_steady(&found);
}

/* The mean of n numbers between -1 and 1 is about 0.6 / √n, and that of their magnitudes 0.5: of
 * 100,000 the condition number is about 270, and for one of 20 or less the mean would have to be 13
 * deviations off. That of positive numbers is 1. */
TEST(sums_of_both_signs_tell_nothing_and_positive_ones_do)
{
    struct wi_draws draws = {0};
    struct wi_inference *asked = asked_for(100000), *next;
    for (unsigned i = 0; i < 6; i++) {
        next = wi_draws_next(&draws, asked, 0);
        assert_int_equal(mean_is_steady(next), i % 2);
        wi_inference_release(asked);
        asked = next;
    }
    wi_inference_release(asked);
}
