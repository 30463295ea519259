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

/* An owner that has `kept` bytes of the budget, and gives back 10 at a time. */
struct keeper {
    struct wi_budget *budget;
    uint64_t kept;
    int calls;
};

static void give_back(void *context, uint64_t bytes)
{
    struct keeper *keeper = context;
    keeper->calls++;
    while (!wi_budget_fits(keeper->budget, bytes) && keeper->kept > 0) {
        keeper->kept -= 10;
        wi_budget_give(keeper->budget, 10);
    }
}

TEST(what_is_only_kept_is_given_back_for_what_does_not_fit)
{
    struct keeper keeper = {.kept = 40};
    struct wi_budget budget = {.limit = 100, .on_short = give_back, .context = &keeper};
    keeper.budget = &budget;
    wi_budget_force(&budget, 40);
    assert_int_equal(wi_budget_take(&budget, 60), 0);
    assert_int_equal(keeper.calls, 0);
    assert_int_equal(wi_budget_take(&budget, 15), 0);
    assert_int_equal(keeper.kept, 20);
    assert_int_equal(wi_budget_take(&budget, 101), -1); /* never fits: nothing is given back */
    assert_int_equal(keeper.kept, 20);
    assert_int_equal(wi_budget_take(&budget, 40), -1);
    assert_int_equal(keeper.kept, 0);
    assert_int_equal(budget.used, 75);
}

TEST(what_is_only_kept_is_not_in_use)
{
    struct keeper keeper = {.kept = 40};
    struct wi_budget budget = {
        .limit = 100, .on_short = give_back, .context = &keeper, .spare = 40};
    keeper.budget = &budget;
    wi_budget_force(&budget, 90);
    assert_int_equal(wi_budget_in_use(&budget), 50);
    wi_budget_make_room(&budget, 10);
    assert_int_equal(keeper.calls, 0); /* there is room */
    wi_budget_make_room(&budget, 30);
    assert_int_equal(keeper.kept, 20);
    assert_int_equal(budget.used, 70);
    budget.spare = 80; /* it is only about right */
    assert_int_equal(wi_budget_in_use(&budget), 0);
}

TEST(none_counts_nothing)
{
    assert_int_equal(wi_budget_in_use(NULL), 0);
    wi_budget_make_room(NULL, UINT64_MAX);
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
