/* The table of an attempt's states and events, and the rules of each kind of attempt. */
#include "work/pool/facts/attempt.h"

/* [state][event]: the next state. No event leads to WI_POOL_ATTEMPT_SENT, which is 0: it is a
 * refusal. */
static const unsigned char transitions[WI_POOL_ATTEMPT_STATE_COUNT][WI_POOL_EVENT_COUNT] = {
    [WI_POOL_ATTEMPT_SENT] = {[WI_POOL_EVENT_HEARD] = WI_POOL_ATTEMPT_ARRIVED},
    [WI_POOL_ATTEMPT_ARRIVED] = {[WI_POOL_EVENT_HEARD] = WI_POOL_ATTEMPT_ARRIVED,
        [WI_POOL_EVENT_BEGUN] = WI_POOL_ATTEMPT_COMPUTING},
    [WI_POOL_ATTEMPT_COMPUTING] = {[WI_POOL_EVENT_HEARD] = WI_POOL_ATTEMPT_COMPUTING,
        [WI_POOL_EVENT_HURRIED] = WI_POOL_ATTEMPT_COMPUTING,
        [WI_POOL_EVENT_COMPUTED] = WI_POOL_ATTEMPT_COMPUTED},
    [WI_POOL_ATTEMPT_COMPUTED] = {[WI_POOL_EVENT_HEARD] = WI_POOL_ATTEMPT_COMPUTED,
        [WI_POOL_EVENT_BEGUN] = WI_POOL_ATTEMPT_COMPUTING},
};

static const struct pool_attempt_rules rules[WI_POOL_ASKS_COUNT] = {
    [WI_POOL_ASKS_MODEL] = {.has_model = 1, .is_measured = 1, .is_typical = 1, .may_move = 1},
    [WI_POOL_ASKS_BUILTIN] = {.is_typical = 1, .may_move = 1},
    [WI_POOL_ASKS_BENCHMARK] = {.has_model = 1},
    [WI_POOL_ASKS_BUILTIN_BENCHMARK] = {0},
    [WI_POOL_ASKS_PROGRAM] = {.has_model = 1, .is_typical = 1},
};

int wi_pool_attempt_change(struct pool_attempt *attempt, enum pool_attempt_event event)
{
    unsigned char next = transitions[attempt->state][event];

    if (next == WI_POOL_ATTEMPT_SENT)
        return 0;
    attempt->state = (enum pool_attempt_state)next;
    return 1;
}

const struct pool_attempt_rules *wi_pool_attempt_rules(const struct pool_attempt *attempt)
{
    return &rules[attempt->kind];
}

int wi_pool_attempt_is_clients(const struct pool_attempt *attempt)
{
    return attempt->text == WI_POOL_TEXT_CONSTRAINED || attempt->beside || attempt->broke ||
           attempt->kind == WI_POOL_ASKS_PROGRAM;
}
