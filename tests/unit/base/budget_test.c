/* The memory budget: what fits, what is counted all the same, and what is given back. */
#include "../test.h"

#include "base/budget.h"

TEST(takes_what_fits_to_the_last_byte)
{
    struct wi_budget budget = {.limit = 100};
    assert_int_equal(wi_budget_take(&budget, 60), 0);
    assert_int_equal(wi_budget_take(&budget, 41), -1);
    assert_int_equal(budget.used, 60);
    assert_int_equal(wi_budget_take(&budget, 40), 0);
    assert_int_equal(wi_budget_take(&budget, 1), -1);
    assert_int_equal(wi_budget_take(&budget, UINT64_MAX), -1);
    wi_budget_give(&budget, 100);
    assert_int_equal(budget.used, 0);
}

TEST(counts_what_is_there_already)
{
    struct wi_budget budget = {.limit = 100};
    wi_budget_force(&budget, 150);
    assert_int_equal(budget.used, 150);
    assert_int_equal(wi_budget_take(&budget, 1), -1);
    wi_budget_give(&budget, 60);
    assert_int_equal(wi_budget_take(&budget, 10), 0);
    assert_int_equal(budget.used, 100);
}

TEST(a_lowered_limit_refuses_until_enough_is_back)
{
    struct wi_budget budget = {.limit = 100};
    assert_int_equal(wi_budget_take(&budget, 80), 0);
    budget.limit = 50;
    assert_int_equal(wi_budget_take(&budget, 1), -1);
    wi_budget_give(&budget, 31);
    assert_int_equal(wi_budget_take(&budget, 1), 0);
}

TEST(none_counts_nothing)
{
    assert_int_equal(wi_budget_take(NULL, UINT64_MAX), 0);
    wi_budget_force(NULL, UINT64_MAX);
    wi_budget_give(NULL, UINT64_MAX);
}

TEST(exchanges_what_is_held)
{
    struct wi_budget budget = {.limit = 100};
    uint64_t held = 0;
    assert_int_equal(wi_budget_exchange(&budget, &held, 80), 0);
    assert_int_equal(wi_budget_exchange(&budget, &held, 90), 0); /* what was held is free for it */
    assert_int_equal(budget.used, 90);
    assert_int_equal(wi_budget_exchange(&budget, &held, 101), -1);
    assert_int_equal(held, 0);
    assert_int_equal(budget.used, 0);
}
