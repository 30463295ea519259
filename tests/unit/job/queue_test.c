/* The queue's order: priority, age, lanes that wait as a whole, ageing against starvation. */
#include "../test.h"

#include "job/queue.h"

static struct wi_queue_entry entry(int priority, double since)
{
    return (struct wi_queue_entry){.priority = priority, .since = since};
}

static struct wi_queue_entry *take(struct wi_queue *queue, double now)
{
    struct wi_queue_entry *best = wi_queue_best(queue, now);
    if (best)
        wi_queue_remove(queue, best);
    return best;
}

static void goes_by_priority_then_age(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(7, 3), d = entry(0, 0);
    wi_queue_push(queue, &a, "m", 0);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &c, "other", 0);
    wi_queue_push(queue, &d, "m", 0);
    assert_int_equal(wi_queue_size(queue), 4);
    assert_ptr_equal(take(queue, 4), &c);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(take(queue, 4), &b);
    assert_ptr_equal(take(queue, 4), &d);
    assert_null(take(queue, 4));
    wi_queue_free(queue);
}

static void what_comes_back_goes_first(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &a, "m", 1);
    assert_ptr_equal(take(queue, 3), &a);
    assert_ptr_equal(take(queue, 3), &b);
    wi_queue_free(queue);
}

static void a_blocked_lane_is_passed_over_until_unblocked(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(9, 1), b = entry(1, 2), c = entry(9, 3);
    wi_queue_push(queue, &a, "busy", 0);
    wi_queue_push(queue, &c, "busy", 0);
    wi_queue_push(queue, &b, "free", 0);
    wi_queue_block(wi_queue_best(queue, 4));
    assert_ptr_equal(take(queue, 4), &b);
    assert_null(wi_queue_best(queue, 4));
    wi_queue_unblock(queue);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(take(queue, 4), &c);
    wi_queue_free(queue);
}

static void waiting_makes_urgent(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry old = entry(0, 0), fresh = entry(9, 10 * WI_QUEUE_AGEING_MS);
    wi_queue_push(queue, &old, "m", 0);
    wi_queue_push(queue, &fresh, "m", 0);
    assert_ptr_equal(wi_queue_best(queue, 10 * WI_QUEUE_AGEING_MS), &old);
    assert_ptr_equal(take(queue, 10 * WI_QUEUE_AGEING_MS), &old);
    assert_ptr_equal(take(queue, 10 * WI_QUEUE_AGEING_MS), &fresh);
    wi_queue_free(queue);
}

static void leaves_from_the_middle(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(5, 3);
    wi_queue_push(queue, &a, "m", 0);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &c, "m", 0);
    wi_queue_remove(queue, &b);
    assert_null(b.lane);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(wi_queue_any(queue), &c);
    wi_queue_remove(queue, &c);
    assert_null(wi_queue_any(queue));
    wi_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_by_priority_then_age),
        cmocka_unit_test(what_comes_back_goes_first),
        cmocka_unit_test(a_blocked_lane_is_passed_over_until_unblocked),
        cmocka_unit_test(waiting_makes_urgent),
        cmocka_unit_test(leaves_from_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
