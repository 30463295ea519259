/* Every pair of an attempt's states and events, and every rule of every kind of attempt. */
#include "../../../test.h"

#include "work/pool/facts/attempt.h"
#include <string.h>

/* The states as letters, in the order of the enum: s(ent), a(rrived), c(omputing), C(omputed). */
static const char letters[] = "sacC";

/* One letter for each event, in the order of the enum: heard, begun, hurried, computed. A dot is a
 * refusal. */
static const char *const expected[WI_POOL_ATTEMPT_STATE_COUNT] = {
    [WI_POOL_ATTEMPT_SENT] = "a...",
    [WI_POOL_ATTEMPT_ARRIVED] = "ac..",
    [WI_POOL_ATTEMPT_COMPUTING] = "c.cC",
    [WI_POOL_ATTEMPT_COMPUTED] = "Cc..",
};

TEST(each_event_leads_to_the_state_that_follows_or_is_refused)
{
    assert_int_equal(strlen(letters), WI_POOL_ATTEMPT_STATE_COUNT);
    for (int from = 0; from < WI_POOL_ATTEMPT_STATE_COUNT; from++) {
        assert_int_equal(strlen(expected[from]), WI_POOL_EVENT_COUNT);
        for (int event = 0; event < WI_POOL_EVENT_COUNT; event++) {
            struct pool_attempt attempt = {.state = (enum pool_attempt_state)from};
            int changes = wi_pool_attempt_change(&attempt, (enum pool_attempt_event)event);
            assert_int_equal(changes, expected[from][event] != '.');
            assert_int_equal(
                letters[attempt.state], changes ? expected[from][event] : letters[from]);
        }
    }
}

TEST(each_kind_has_its_rules)
{
    /* has_model, is_measured, is_typical, may_move */
    static const char *const words[WI_POOL_ASKS_COUNT] = {
        [WI_POOL_ASKS_MODEL] = "1111",
        [WI_POOL_ASKS_BUILTIN] = "0011",
        [WI_POOL_ASKS_BENCHMARK] = "1000",
        [WI_POOL_ASKS_BUILTIN_BENCHMARK] = "0000",
        [WI_POOL_ASKS_PROGRAM] = "1010",
    };
    for (int i = 0; i < WI_POOL_ASKS_COUNT; i++) {
        const struct pool_attempt attempt = {.kind = (enum pool_attempt_kind)i};
        const struct pool_attempt_rules *its = wi_pool_attempt_rules(&attempt);
        assert_int_equal(its->has_model, words[i][0] - '0');
        assert_int_equal(its->is_measured, words[i][1] - '0');
        assert_int_equal(its->is_typical, words[i][2] - '0');
        assert_int_equal(its->may_move, words[i][3] - '0');
    }
}

TEST(what_breaks_by_a_request_says_nothing_of_the_node)
{
    for (int kind = 0; kind < WI_POOL_ASKS_COUNT; kind++) {
        for (int text = WI_POOL_TEXT_USUAL; text <= WI_POOL_TEXT_CONSTRAINED; text++) {
            struct pool_attempt attempt = {
                .kind = (enum pool_attempt_kind)kind, .text = (enum pool_attempt_text)text};
            assert_int_equal(wi_pool_attempt_is_clients(&attempt),
                kind == WI_POOL_ASKS_PROGRAM || text == WI_POOL_TEXT_CONSTRAINED);
            attempt.beside = 1;
            assert_true(wi_pool_attempt_is_clients(&attempt));
            attempt.beside = 0;
            attempt.broke = 1;
            assert_true(wi_pool_attempt_is_clients(&attempt));
        }
    }
}
