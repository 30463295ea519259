/* Shares: of memory, with parents and by name; the least pace; the loop's time. */
#include "../test.h"

#include "base/share.h"

/* Takes what fits, as those do who ask for room first. */
static int take(struct wi_share *share, uint64_t bytes)
{
    if (bytes > wi_share_room(share))
        return -1;
    wi_share_force(share, bytes);
    return 0;
}

TEST(one_alone_has_half_and_others_their_eighth_after_it)
{
    struct wi_budget budget = {.limit = 800};
    struct wi_share greedy = {.budget = &budget}, modest = {.budget = &budget};
    assert_int_equal(wi_share_room(&greedy), 400);
    assert_int_equal(take(&greedy, 400), 0);
    assert_int_equal(take(&greedy, 1), -1);
    assert_int_equal(wi_share_room(&modest), 100);
    assert_int_equal(take(&modest, 101), -1);
    assert_int_equal(take(&modest, 100), 0);
    assert_int_equal(take(&modest, 1), -1);
    assert_int_equal(budget.used, 500);
    wi_share_give(&greedy, 400);
    assert_int_equal(take(&modest, 1), 0);
    wi_share_give(&modest, 101);
    assert_int_equal(budget.used, 0);
}

TEST(the_budget_bounds_all_of_them)
{
    struct wi_budget budget = {.limit = 800};
    struct wi_share parties[9];
    for (int i = 0; i < 9; i++)
        parties[i] = (struct wi_share){.budget = &budget};
    for (int i = 0; i < 8; i++)
        assert_int_equal(take(&parties[i], 100), 0);
    assert_int_equal(wi_share_room(&parties[8]), 0);
    wi_share_force(&parties[8], 50);
    assert_int_equal(wi_share_room(&parties[0]), 0);
    assert_int_equal(budget.used, 850);
}

/* An owner that has kept `spare` bytes, and gives all of them back. */
static void give_spare_back(void *context, uint64_t bytes)
{
    struct wi_budget *budget = context;
    wi_budget_give(budget, budget->spare);
    budget->spare = 0;
}

TEST(what_is_only_kept_is_free_for_all)
{
    struct wi_budget budget = {.limit = 800, .spare = 100, .on_short = give_spare_back};
    struct wi_share greedy = {.budget = &budget}, modest = {.budget = &budget};
    budget.context = &budget;
    wi_budget_force(&budget, 100);
    assert_int_equal(take(&greedy, 401), -1);
    assert_int_equal(take(&greedy, 400), 0);
    assert_int_equal(budget.used, 500); /* there was room for both */
    wi_share_force(&greedy, 230);
    assert_int_equal(wi_share_room(&modest), 100);
    assert_int_equal(take(&modest, 100), 0);
    assert_int_equal(budget.spare, 0);
    assert_int_equal(budget.used, 730);
    assert_int_equal(wi_share_room(&modest), 0);
    wi_share_give(&greedy, 630);
    wi_share_give(&modest, 100);
    assert_int_equal(budget.used, 0);
}

TEST(a_parent_bounds_its_children_together)
{
    struct wi_budget budget = {.limit = 800, .used = 400};
    struct wi_share token = {.budget = &budget};
    struct wi_share one = {.budget = &budget, .parent = &token}, other = one;
    assert_int_equal(take(&one, 60), 0);
    assert_int_equal(wi_share_room(&other), 40);
    assert_int_equal(take(&other, 41), -1);
    assert_int_equal(take(&other, 40), 0);
    assert_int_equal(token.held, 100);
    assert_int_equal(budget.used, 500);
    wi_share_give(&one, 60);
    assert_int_equal(token.held, 40);
    wi_share_give(&other, 40);
    assert_int_equal(budget.used, 400);
}

TEST(a_share_without_a_budget_counts_and_bounds_nothing)
{
    struct wi_share share = {0};
    assert_int_equal(take(&share, UINT64_MAX), 0);
    assert_true(share.held == UINT64_MAX);
    wi_share_give(&share, UINT64_MAX);
}

TEST(a_name_has_one_share_for_as_long_as_it_is_used)
{
    struct wi_budget budget = {.limit = 800, .used = 400};
    struct wi_shares shares = {.budget = &budget};
    struct wi_share *ada = wi_shares_ref(&shares, "ada"), *bob = wi_shares_ref(&shares, "bob");
    assert_ptr_not_equal(ada, bob);
    assert_ptr_equal(wi_shares_ref(&shares, "ada"), ada);
    assert_int_equal(take(ada, 100), 0);
    assert_int_equal(take(bob, 100), 0);
    assert_int_equal(take(ada, 1), -1);
    wi_shares_unref(&shares, ada);
    assert_int_equal(ada->held, 100);
    wi_share_give(ada, 100);
    wi_share_give(bob, 100);
    wi_shares_unref(&shares, ada);
    wi_shares_unref(&shares, bob);
    wi_shares_unref(&shares, NULL);
    assert_null(shares.parties);
}

TEST(bytes_that_came_early_are_no_credit)
{
    const struct wi_pace_rule rule = {.window_ms = 1000, .bytes_per_ms = 10};
    struct wi_pace pace;
    wi_pace_begin(&pace, 5000, 0);
    assert_true(wi_pace_deadline(&pace, &rule, 5000, 0) == 6000);
    assert_true(wi_pace_deadline(&pace, &rule, 5900, 9999) == 6000);
    assert_true(wi_pace_deadline(&pace, &rule, 5950, 10000) == 6950);
    assert_true(wi_pace_deadline(&pace, &rule, 6000, 1000000) == 7000);
    assert_true(wi_pace_deadline(&pace, &rule, 6900, 1009999) == 7000);
    wi_pace_begin(&pace, 9000, 1009999);
    assert_true(wi_pace_deadline(&pace, &rule, 9500, 1009999) == 10000);
    wi_pace_skip(&pace, 300);
    assert_true(wi_pace_deadline(&pace, &rule, 9900, 1009999) == 10300);
}

TEST(time_beyond_the_part_of_a_second_has_to_pass_first)
{
    struct wi_toll toll = {.part = 0.125};
    assert_true(wi_toll_wait(&toll, 50000) == 0);
    wi_toll_pay(&toll, 50000, 125 * 1000 * 1000); /* the burst: an eighth of a second */
    assert_true(wi_toll_wait(&toll, 50000) == 0);
    wi_toll_pay(&toll, 50000, 10 * 1000 * 1000);
    assert_true(wi_toll_wait(&toll, 50000) == 80);
    assert_true(wi_toll_wait(&toll, 50080) == 0);
    wi_toll_pay(&toll, 60000, 1000);
    assert_true(wi_toll_wait(&toll, 60000) == 0);
}

TEST(a_toll_is_paid_for_all_children_together)
{
    struct wi_toll all = {.part = 0.25};
    struct wi_toll one = {.part = 0.125, .parent = &all}, other = one;
    wi_toll_pay(&one, 50000, 125 * 1000 * 1000);
    wi_toll_pay(&other, 50000, 124 * 1000 * 1000);
    assert_true(wi_toll_wait(&other, 50000) == 0);
    wi_toll_pay(&one, 50000, 2 * 1000 * 1000);
    assert_true(wi_toll_wait(&one, 50000) == 16);
    assert_true(wi_toll_wait(&other, 50000) == 4);
}

#define MIB ((uint64_t)1 << 20)

TEST(one_client_has_its_part_and_the_oldest_goes)
{
    struct wi_budget budget = {.limit = 1024 * MIB};
    struct wi_kept kept = {.budget = &budget};
    struct wi_kept_item items[4] = {0};
    wi_kept_add(&kept, &items[0], "you", 10 * MIB);
    wi_kept_add(&kept, &items[1], "me", 8 * MIB);
    wi_kept_add(&kept, &items[2], "me", 8 * MIB);
    assert_null(wi_kept_excess(&kept, &items[2]));
    wi_kept_add(&kept, &items[3], "me", 1);
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[1]);
    wi_kept_remove(&kept, &items[1]);
    assert_null(wi_kept_excess(&kept, &items[3]));
    wi_kept_add(&kept, &items[3], "me", 17 * MIB); /* again, and more than it may be */
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[2]);
    wi_kept_remove(&kept, &items[2]);
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[3]);
    wi_kept_remove(&kept, &items[3]);
    wi_kept_remove(&kept, &items[3]); /* is none any more */
    wi_kept_remove(&kept, &items[0]);
    assert_true(kept.bytes == 0);
}

TEST(all_have_an_eighth_of_the_budget)
{
    struct wi_budget budget = {.limit = 80};
    struct wi_kept kept = {.budget = &budget};
    struct wi_kept_item items[3] = {0};
    wi_kept_add(&kept, &items[0], "you", 5);
    wi_kept_add(&kept, &items[1], "me", 5);
    assert_null(wi_kept_excess(&kept, &items[1]));
    wi_kept_add(&kept, &items[2], "me", 1);
    assert_ptr_equal(wi_kept_excess(&kept, &items[2]), &items[0]);
    for (int i = 0; i < 3; i++)
        wi_kept_remove(&kept, &items[i]);
}
