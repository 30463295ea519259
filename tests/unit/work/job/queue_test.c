/* The queue's order: priority, age, lanes that wait as a whole, ageing against starvation. */
#include "../../test.h"

#include "work/job/queue.h"
#include <stdio.h>
#include <string.h>

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

TEST(goes_by_priority_then_age)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(7, 3), d = entry(0, 0);
    wi_queue_push(queue, &a, "m", 0);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &c, "other", 0);
    wi_queue_push(queue, &d, "m", 0);
    assert_int_equal(wi_queue_size_of(queue, NULL), 4);
    assert_ptr_equal(take(queue, 4), &c);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(take(queue, 4), &b);
    assert_ptr_equal(take(queue, 4), &d);
    assert_null(take(queue, 4));
    wi_queue_free(queue);
}

TEST(tells_how_many_go_before)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(7, 3), d = entry(0, 0);
    wi_queue_push(queue, &a, "m", 0);
    wi_queue_push(queue, &b, "other", 0);
    wi_queue_push(queue, &c, "other", 0);
    wi_queue_push(queue, &d, "m", 0);
    assert_int_equal(wi_queue_ahead(queue, &c), 0);
    assert_int_equal(wi_queue_ahead(queue, &a), 1);
    assert_int_equal(wi_queue_ahead(queue, &b), 2);
    assert_int_equal(wi_queue_ahead(queue, &d), 3);
    while (take(queue, 4) != &a)
        ;
    assert_int_equal(wi_queue_ahead(queue, &d), 1);
    while (take(queue, 4))
        ;
    wi_queue_free(queue);
}

TEST(what_comes_back_goes_first)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &a, "m", 1);
    assert_ptr_equal(take(queue, 3), &a);
    assert_ptr_equal(take(queue, 3), &b);
    wi_queue_free(queue);
}

TEST(a_blocked_lane_is_passed_over_until_unblocked)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(9, 1), b = entry(1, 2), c = entry(9, 3);
    wi_queue_push(queue, &a, "busy", 0);
    wi_queue_push(queue, &c, "busy", 0);
    wi_queue_push(queue, &b, "free", 0);
    wi_queue_block(queue, wi_queue_best(queue, 4));
    assert_ptr_equal(take(queue, 4), &b);
    assert_null(wi_queue_best(queue, 4));
    wi_queue_unblock(queue);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(take(queue, 4), &c);
    wi_queue_free(queue);
}

/* The others' go before, in the same lane, too; then it goes on where it was. */
TEST(a_client_that_is_held_is_passed_over_until_released)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry many[3], other = {.priority = 5, .since = 9, .client = "other"};
    struct wi_queue_entry *company[4];
    for (int i = 0; i < 3; i++) {
        many[i] = (struct wi_queue_entry){.priority = 5, .since = i, .client = "many"};
        wi_queue_push(queue, &many[i], "m", 0);
    }
    assert_int_equal(wi_queue_others(queue, "many"), 0);
    wi_queue_push(queue, &other, "m", 0);
    assert_int_equal(wi_queue_others(queue, "many"), 1);
    assert_int_equal(wi_queue_others(queue, "other"), 1);
    assert_int_equal(wi_queue_others(queue, "new"), 2);
    assert_int_equal(wi_queue_company(&other, company, 4), 3);
    assert_ptr_equal(company[0], &many[0]);
    assert_int_equal(wi_queue_company(&many[0], company, 2), 2); /* by turns */
    assert_ptr_equal(company[0], &other);
    wi_queue_hold(queue, wi_queue_best(queue, 10));
    wi_queue_hold(queue, &many[2]);
    assert_int_equal(wi_queue_company(&other, company, 4), 0);
    assert_ptr_equal(take(queue, 10), &other);
    assert_null(wi_queue_best(queue, 10));
    assert_int_equal(wi_queue_ahead(queue, &many[2]), 2);
    assert_ptr_equal(wi_queue_oldest(queue, 0), &many[0]);
    assert_true(wi_queue_release(queue));
    assert_false(wi_queue_release(queue));
    assert_ptr_equal(take(queue, 10), &many[0]);
    wi_queue_hold(queue, &many[1]);
    wi_queue_remove(queue, &many[1]);
    wi_queue_remove(queue, &many[2]);
    assert_false(wi_queue_release(queue));
    assert_int_equal(wi_queue_others(queue, "new"), 0);
    wi_queue_free(queue);
}

TEST(waiting_makes_urgent)
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

TEST(leaves_from_the_middle)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(5, 3);
    wi_queue_push(queue, &a, "m", 0);
    wi_queue_push(queue, &b, "m", 0);
    wi_queue_push(queue, &c, "m", 0);
    wi_queue_remove(queue, &b);
    assert_null(b.lane);
    assert_ptr_equal(take(queue, 4), &a);
    assert_ptr_equal(wi_queue_oldest(queue, 0), &c);
    wi_queue_remove(queue, &c);
    assert_null(wi_queue_oldest(queue, 0));
    wi_queue_free(queue);
}

static struct wi_queue_entry of(const char *client, double since)
{
    return (struct wi_queue_entry){.priority = 5, .since = since, .client = client};
}

TEST(clients_take_turns)
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

TEST(one_that_is_always_there_again_does_not_win)
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

TEST(what_was_withdrawn_uses_up_nobodys_turn)
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

/* As many clients come one after the other, once each, while `waiting` entries stay. */
static void let_many_pass(struct wi_queue *queue, size_t waiting)
{
    char name[32];
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "client-%d", i);
        struct wi_queue_entry entry = of(name, 0);
        entry.priority = 9;
        wi_queue_push(queue, &entry, "m", 0);
        assert_ptr_equal(take(queue, 0), &entry);
        assert_in_range(wi_queue_clients(queue), 1, 257 + 2 * waiting);
    }
}

TEST(clients_that_are_gone_are_forgotten)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry old = of("ada", 0);
    let_many_pass(queue, 0);
    assert_null(wi_queue_oldest(queue, 0));
    wi_queue_push(queue, &old, "m", 0);
    let_many_pass(queue, 1);
    assert_ptr_equal(take(queue, 0), &old);
    wi_queue_free(queue);
}

/* A client's second job waits for all that came, and for none that came when that round was over.
 */
TEST(a_round_ends_when_clients_are_forgotten)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry first = of("ada", 0), second = of("ada", 1), many[300];
    char name[32];
    wi_queue_push(queue, &first, "m", 0);
    wi_queue_push(queue, &second, "m", 0);
    assert_ptr_equal(take(queue, 2), &first);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "client-%d", i);
        many[i] = of(name, 2);
        wi_queue_push(queue, &many[i], "m", 0);
        struct wi_queue_entry *best = take(queue, 2);
        assert_ptr_equal(best, best == &second ? &second : &many[i]);
        if (best != &second)
            continue;
        assert_in_range(i, 254, 257);
        assert_ptr_equal(take(queue, 2), &many[i]);
        wi_queue_free(queue);
        return;
    }
    fail_msg("it never has its turn");
}

/* --- against a plain walk -------------------------------------------------------------------- */

#define ENTRIES 300
#define KINDS 12 /* of lanes, with a gate for every three */

static int is_shut(int lane, unsigned shut)
{
    return (int)(shut >> (lane / 3) & 1);
}

/* What queue.h promises, without any order kept: `blocked` and `shut` are sets of lanes and gates,
 * `held` says it of entries. */
static struct wi_queue_entry *plain_best(struct wi_queue_entry *entries, const int *lanes,
    const unsigned char *held, unsigned blocked, unsigned shut, double now)
{
    struct wi_queue_entry *heads[WI_QUEUE_PRIORITIES] = {NULL}, *best = NULL;

    for (int i = 0; i < ENTRIES; i++) {
        struct wi_queue_entry *one = &entries[i], **head = &heads[one->priority];
        if (!one->lane || (blocked >> lanes[i] & 1) || is_shut(lanes[i], shut) || held[i])
            continue;
        if (!*head || one->turn < (*head)->turn ||
            (one->turn == (*head)->turn && one->order < (*head)->order))
            *head = one;
    }
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (heads[p] &&
            (!best || heads[p]->priority + (now - heads[p]->since) / WI_QUEUE_AGEING_MS >
                          best->priority + (now - best->since) / WI_QUEUE_AGEING_MS))
            best = heads[p];
    return best;
}

/* How many go before it of its own priority. */
static size_t plain_ahead(const struct wi_queue_entry *entries, const struct wi_queue_entry *entry)
{
    size_t ahead = 0;
    for (int i = 0; i < ENTRIES; i++) {
        const struct wi_queue_entry *one = &entries[i];
        ahead += one->lane && one->priority == entry->priority &&
                 (one->turn < entry->turn ||
                     (one->turn == entry->turn && (one->turn < 0 && one->since != entry->since
                                                          ? one->since < entry->since
                                                          : one->order < entry->order)));
    }
    return ahead;
}

/* What its client has in its lane. */
static void note_held(
    const struct wi_queue_entry *entries, unsigned char *held, const struct wi_queue_entry *entry)
{
    for (int i = 0; i < ENTRIES; i++)
        if (entries[i].lane && entries[i].lane == entry->lane && entries[i].client == entry->client)
            held[i] = 1;
}

static unsigned shut_gates;

static int is_open(void *owner)
{
    return !is_shut(*(const int *)owner, shut_gates);
}

TEST(the_order_is_that_of_a_plain_walk)
{
    static const char *const clients[] = {"a", "b", "c"};
    struct wi_queue_entry entries[ENTRIES] = {{0}};
    struct wi_queue *queue = wi_queue_new();
    unsigned char held[ENTRIES] = {0};
    unsigned seed = 3, blocked = 0;
    int lanes[ENTRIES];
    double now = 0;

#define RANDOM(n) ((seed = seed * 1103515245u + 12345u) / 65536u % (n))
    for (int step = 0; step < 40000; step++) {
        unsigned i = RANDOM(ENTRIES);
        struct wi_queue_entry *best;
        char key[32], gate[32];
        now += RANDOM(200);
        if (!entries[i].lane) {
            lanes[i] = (int)RANDOM(KINDS);
            snprintf(key, sizeof key, "lane %d", lanes[i]);
            snprintf(gate, sizeof gate, "gate %d", lanes[i] / 3);
            int priority = (int)RANDOM(WI_QUEUE_PRIORITIES);
            size_t client = RANDOM(3);
            entries[i] = (struct wi_queue_entry){.owner = &lanes[i],
                .priority = priority,
                .since = now,
                .client = clients[client],
                .gate = gate};
            wi_queue_push(queue, &entries[i], key, RANDOM(8) == 0);
            held[i] = 0;
            for (int e = 0; e < ENTRIES; e++) /* what comes to those that are held is held */
                held[i] |= entries[e].lane && entries[e].strand == entries[i].strand && held[e];
        } else if (RANDOM(4) == 0) {
            wi_queue_remove(queue, &entries[i]);
        }
        if (RANDOM(50) == 0) {
            wi_queue_unblock(queue);
            blocked = 0;
        }
        if (RANDOM(20) == 0) {
            wi_queue_release(queue);
            memset(held, 0, sizeof held);
        }
        for (int lane = 0; lane < KINDS; lane++) { /* an empty lane forgets that it was blocked */
            int waits = 0;
            for (int e = 0; e < ENTRIES; e++)
                waits |= entries[e].lane && lanes[e] == lane;
            blocked &= waits ? ~0u : ~(1u << lane);
        }
        shut_gates = RANDOM(4) ? RANDOM(16) : 0;
        wi_queue_gates(queue, is_open, now);
        best = wi_queue_best(queue, now);
        assert_ptr_equal(best, plain_best(entries, lanes, held, blocked, shut_gates, now));
        if (entries[i].lane && entries[i].turn >= 0 && RANDOM(10) == 0) {
            size_t ahead = 0;
            for (int e = 0; e < ENTRIES; e++)
                ahead += entries[e].lane && entries[e].priority != entries[i].priority;
            assert_in_range(wi_queue_ahead(queue, &entries[i]), plain_ahead(entries, &entries[i]),
                plain_ahead(entries, &entries[i]) + ahead);
        }
        if (best && RANDOM(5) == 0) {
            wi_queue_block(queue, best);
            blocked |= 1u << lanes[best - entries];
        } else if (best && RANDOM(5) == 0) {
            note_held(entries, held, best);
            wi_queue_hold(queue, best);
        } else if (best && RANDOM(2) == 0) {
            wi_queue_take(queue, best);
        }
    }
#undef RANDOM
    for (struct wi_queue_entry *left; (left = wi_queue_oldest(queue, 0));)
        wi_queue_remove(queue, left);
    wi_queue_free(queue);
}

TEST(lanes_are_looked_at_in_turn)
{
    struct wi_queue *queue = wi_queue_new();
    struct wi_queue_entry a = entry(5, 1), b = entry(5, 2), c = entry(9, 3), d = entry(7, 4);
    wi_queue_push(queue, &a, "first", 0);
    wi_queue_push(queue, &b, "second", 0);
    wi_queue_push(queue, &c, "third", 0);
    wi_queue_push(queue, &d, "first", 0);
    assert_int_equal(wi_queue_lanes(queue), 3);
    wi_queue_block(queue, &a);
    assert_ptr_equal(wi_queue_oldest(queue, 5), &d);
    wi_queue_looked(queue, &d);
    assert_ptr_equal(wi_queue_oldest(queue, 5), &b);
    wi_queue_looked(queue, &b);
    wi_queue_remove(queue, &c);
    assert_ptr_equal(wi_queue_oldest(queue, 5), &d);
    wi_queue_remove(queue, &d);
    assert_ptr_equal(wi_queue_oldest(queue, 5), &a);
    wi_queue_remove(queue, &a);
    wi_queue_remove(queue, &b);
    assert_null(wi_queue_oldest(queue, 5));
    wi_queue_free(queue);
}
