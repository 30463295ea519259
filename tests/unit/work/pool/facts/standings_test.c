/* What is kept of joined nodes that have left: for whom, for how long, and how much of it. */
#include "../../../test.h"

#include "work/pool/facts/standings.h"
#include <stdio.h>

#define HOUR ((int64_t)3600 * 1000)

static struct wi_standings *standings;

static int set_up(void **state)
{
    standings = wi_standings_new();
    return 0;
}

static int tear_down(void **state)
{
    wi_standings_free(standings);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct pool_node_standing standing_of(unsigned endings)
{
    struct pool_node_standing standing = {0};
    for (unsigned i = 0; i < endings; i++)
        wi_conduct_note(&standing.conduct, WI_CONDUCT_ENDING);
    return standing;
}

static void leave(const char *party, const char *node, unsigned endings, int64_t now)
{
    const struct pool_node_standing standing = standing_of(endings);
    wi_standings_keep(standings, party, node, &standing, now);
}

/* How many bad ends are kept of it; -1: nothing is. */
static int kept(const char *party, int64_t now)
{
    const struct pool_node_standing *found = wi_standings_of_party(standings, party, now);
    return found ? (int)wi_conduct_count(&found->conduct, WI_CONDUCT_ENDING) : -1;
}

TEST(what_was_found_stays_with_the_party_for_an_hour)
{
    leave("lab", "node-1", 4, 1000);
    assert_int_equal(kept("lab", 1000), 4);
    assert_int_equal(kept("lab", 1000 + HOUR - 1), 4);
    assert_int_equal(kept("lab", 1000 + HOUR), -1);
    assert_int_equal(kept("others", 1000), -1);
    assert_int_equal(kept("lab 192.0.2.1", 1000), -1);
}

TEST(the_worst_of_a_party_is_kept)
{
    leave("lab", "node-1", 4, 1000);
    leave("lab", "node-2", 0, 2000);
    assert_int_equal(kept("lab", 2000), 4);
    assert_int_equal(kept("lab", 1000 + HOUR), -1); /* since the worst has left */
    leave("lab", "node-3", 5, 3000);
    assert_int_equal(kept("lab", 3000), 5);
    leave("lab", "node-4", 1, 3000 + HOUR);
    assert_int_equal(kept("lab", 3000 + HOUR), 1);
}

TEST(a_party_that_leaves_as_it_came_is_kept_for_an_hour_more)
{
    leave("lab", "node-1", 4, 1000);
    leave("lab", "node-2", 4, HOUR);
    assert_int_equal(kept("lab", 2 * HOUR - 1), 4);
}

TEST(each_kind_of_fault_counts)
{
    struct pool_node_standing standing = {0};
    for (int i = 0; i < 50; i++) {
        wi_conduct_note(&standing.conduct, WI_CONDUCT_ENDED);
        wi_conduct_note(&standing.conduct, WI_CONDUCT_RIGHT);
    }
    wi_standings_keep(standings, "lab", "node-1", &standing, 0);
    for (int kind = WI_CONDUCT_ENDING; kind < WI_CONDUCT_COUNT; kind++) {
        if (kind == WI_CONDUCT_RIGHT)
            continue;
        wi_conduct_note(&standing.conduct, (enum wi_conduct_kind)kind);
        wi_standings_keep(standings, "lab", "node-1", &standing, 0);
        const struct pool_node_standing clean = {0};
        wi_standings_keep(standings, "lab", "node-2", &clean, 0);
        const struct pool_node_standing *found = wi_standings_of_party(standings, "lab", 0);
        assert_int_equal(wi_conduct_count(&found->conduct, (enum wi_conduct_kind)kind), 1);
    }
}

TEST(what_is_found_later_is_of_the_last_that_left)
{
    leave("lab", "node-1", 1, 0);
    wi_conduct_note(&wi_standings_of_node(standings, "node-1")->conduct, WI_CONDUCT_ENDING);
    assert_int_equal(kept("lab", 0), 2);
    leave("lab", "node-2", 0, 0);
    assert_null(wi_standings_of_node(standings, "node-1"));
    assert_non_null(wi_standings_of_node(standings, "node-2"));
    wi_standings_forget(standings, "lab");
    assert_null(wi_standings_of_node(standings, "node-2"));
    assert_int_equal(kept("lab", 0), -1);
    wi_standings_forget(standings, "lab");
}

/* So one token pushes out none of another. */
TEST(of_one_token_so_many_are_kept)
{
    char party[64];
    leave("other 192.0.2.1", "node-1", 3, 0);
    for (int i = 0; i <= WI_STANDINGS_TOKEN_MAX; i++) {
        snprintf(party, sizeof party, "join-1 198.51.100.%d", i);
        leave(party, "node-2", 1, 0);
    }
    assert_int_equal(kept("join-1 198.51.100.0", 0), -1);
    assert_int_equal(kept("join-1 198.51.100.1", 0), 1);
    assert_int_equal(kept(party, 0), 1);
    assert_int_equal(kept("other 192.0.2.1", 0), 3);
}

TEST(a_node_without_a_fault_pushes_out_none)
{
    char party[64];
    for (int i = 0; i < WI_STANDINGS_TOKEN_MAX; i++) {
        snprintf(party, sizeof party, "join-1 198.51.100.%d", i);
        leave(party, "node-1", 1, 0);
    }
    leave("join-1 203.0.113.1", "node-2", 0, 0);
    assert_int_equal(kept("join-1 203.0.113.1", 0), -1);
    assert_int_equal(kept("join-1 198.51.100.0", 0), 1);
}

TEST(a_hold_is_worse_than_what_is_counted)
{
    struct pool_node_standing held = standing_of(5);
    held.hold.since = 1;
    wi_standings_keep(standings, "lab", "node-1", &held, 0);
    leave("lab", "node-2", 50, 0);
    assert_int_equal(wi_standings_of_party(standings, "lab", 0)->hold.since, 1);
    assert_int_equal(kept("lab", 0), 5);
}

TEST(of_all_tokens_so_many_are_kept)
{
    char party[64];
    leave("small 192.0.2.1", "node-1", 3, 0);
    for (int i = 0; i < WI_STANDINGS_MAX + 50; i++) {
        snprintf(party, sizeof party, "join-%d 198.51.100.%d", i % 20, i / 20);
        leave(party, "node-2", 1, 0);
    }
    int count = 0;
    for (int i = 0; i < WI_STANDINGS_MAX + 50; i++) {
        snprintf(party, sizeof party, "join-%d 198.51.100.%d", i % 20, i / 20);
        count += kept(party, 0) == 1;
    }
    assert_int_equal(count, WI_STANDINGS_MAX - 1);
    assert_int_equal(kept("small 192.0.2.1", 0), 3);
}
