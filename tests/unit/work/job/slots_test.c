/* Whose what runs is: what is counted up comes down again, and what a client's part is. */
#include "../../test.h"

#include "work/job/slots.h"

TEST(what_runs_is_counted_by_client_node_and_queue)
{
    struct wi_slots own = {0}, *slots = &own;
    struct wi_slot a = {0}, b = {0}, c = {0}, d = {0};
    wi_slot_take(slots, &a, "ada", "node-1", 2);
    wi_slot_take(slots, &b, "ada", "node-2", 2);
    wi_slot_take(slots, &c, "ada", "node-2", 3);
    wi_slot_take(slots, &d, NULL, "node-2", 2);
    assert_int_equal(wi_slots_of(slots, "ada", "node-1", 2), 1);
    assert_int_equal(wi_slots_of(slots, "ada", "node-2", 2), 1);
    assert_int_equal(wi_slots_of(slots, "ada", NULL, 2), 2);
    assert_int_equal(wi_slots_of(slots, "ada", "node-1", 3), 0);
    assert_int_equal(wi_slots_of(slots, NULL, NULL, 2), 1);
    assert_int_equal(wi_slots_of(slots, "bob", NULL, 2), 0);
    assert_int_equal(wi_slots_all_of(slots, "ada"), 3);
    assert_int_equal(wi_slots_all_of(slots, ""), 1);
    wi_slot_give(slots, &b);
    wi_slot_give(slots, &b); /* it has none any more */
    assert_int_equal(wi_slots_of(slots, "ada", "node-2", 2), 0);
    assert_int_equal(wi_slots_of(slots, "ada", NULL, 2), 1);
    assert_int_equal(wi_slots_all_of(slots, "ada"), 2);
    wi_slot_give(slots, &a);
    wi_slot_give(slots, &c);
    wi_slot_give(slots, &d);
    assert_int_equal(wi_slots_all_of(slots, "ada"), 0);
    assert_null(slots->counts); /* of whom nothing runs nothing is kept */
}

TEST(a_part_is_equal_no_more_than_the_share_and_one_at_least)
{
    assert_int_equal(wi_slots_part(8, 1, 0), 8);
    assert_int_equal(wi_slots_part(8, 1, 1), 4);
    assert_int_equal(wi_slots_part(5, 1, 1), 2);
    assert_int_equal(wi_slots_part(8, 0.25, 1), 2);
    assert_int_equal(wi_slots_part(8, 0.25, 0), 2);
    assert_int_equal(wi_slots_part(8, 1, 3), 2);
    assert_int_equal(wi_slots_part(8, 1, 1000), 1);
    assert_int_equal(wi_slots_part(1, 0.01, 0), 1);
    assert_int_equal(wi_slots_part(0, 1, 1), 1);
}
