/* The queue's order: priority, age, lanes that wait as a whole, ageing against starvation. */
#include "../test.h"

#include "job/queue.h"
#include <stdio.h>

static struct wi_queue_entry entry(int priority, double since)
{
    return (struct wi_queue_entry){.priority = priority, .since = since};
}

static struct wi_queue_entry *take(struct wi_queue *queue, double now)
{
    struct wi_queue_entry *best = wi_queue_best(queue, now);
    if (best)
        wi_queue_take(queue, best);
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

static struct wi_queue_entry of(const char *client, double since)
{
    return (struct wi_queue_entry){.priority = 5, .since = since, .client = client};
}

static void clients_take_turns(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry many[1000], one = of("small", 2000), two = of("small", 2001);
    for (int i = 0; i < 1000; i++) {
        many[i] = of("greedy", i);
        wi_queue_push(queue, &many[i], i % 2 ? "model" : "other", 0);
    }
    for (int i = 0; i < 10; i++)
        assert_ptr_equal(take(queue, 3000), &many[i]);
    /* Whoever comes now is next, and then again after each of the other's. */
    wi_queue_push(queue, &one, "model", 0);
    wi_queue_push(queue, &two, "third", 0);
    assert_int_equal(wi_queue_size_of(queue, "greedy"), 990);
    assert_int_equal(wi_queue_size_of(queue, "small"), 2);
    assert_int_equal(wi_queue_size_of(queue, "nobody"), 0);
    assert_ptr_equal(take(queue, 3000), &one);
    assert_ptr_equal(take(queue, 3000), &many[10]);
    assert_ptr_equal(take(queue, 3000), &two);
    for (int i = 11; i < 1000; i++)
        assert_ptr_equal(take(queue, 3000), &many[i]);
    wi_queue_free(queue);
}

static void one_that_is_always_there_again_does_not_win(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry many[100], again = of("again", 0);
    int mine = 0;
    for (int i = 0; i < 100; i++) {
        many[i] = of("many", i);
        wi_queue_push(queue, &many[i], "m", 0);
    }
    /* It waits with one entry at a time, and has a new one as soon as that was taken. */
    wi_queue_push(queue, &again, "m", 0);
    for (int i = 0; i < 100; i++) {
        if (take(queue, 200) == &again) {
            mine++;
            wi_queue_push(queue, &again, "m", 0);
        }
    }
    assert_in_range(mine, 49, 51);
    while (take(queue, 200))
        ;
    wi_queue_free(queue);
}

static void what_was_withdrawn_uses_up_nobodys_turn(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry many[100], late = of("late", 200);
    for (int i = 0; i < 100; i++) {
        many[i] = of("many", i);
        wi_queue_push(queue, &many[i], "m", 0);
    }
    assert_ptr_equal(take(queue, 300), &many[0]);
    for (int i = 50; i < 100; i++)
        wi_queue_remove(queue, &many[i]);
    wi_queue_push(queue, &late, "m", 0);
    assert_ptr_equal(take(queue, 300), &late);
    while (take(queue, 300))
        ;
    wi_queue_free(queue);
}

static void clients_that_are_gone_are_forgotten(void **state)
{
    struct wi_queue *queue = wi_queue_new();
    char name[32];
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "client-%d", i);
        struct wi_queue_entry entry = of(name, i);
        wi_queue_push(queue, &entry, "m", 0);
        assert_ptr_equal(take(queue, i), &entry);
    }
    assert_int_equal(wi_queue_size(queue), 0);
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
        cmocka_unit_test(clients_take_turns),
        cmocka_unit_test(one_that_is_always_there_again_does_not_win),
        cmocka_unit_test(what_was_withdrawn_uses_up_nobodys_turn),
        cmocka_unit_test(clients_that_are_gone_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
