/*
 * Attempts that nothing is heard of: a node that has its heartbeats answered, and takes work
 * without a word, keeps nobody's request longer than a node may be silent. And those that wait for
 * an engine which another's request keeps busy.
 */
#include "pool/silence.h"

#include "base/clock.h"
#include "base/memory.h"
#include "pool/health.h"
#include "pool/reports.h"
#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 1000

struct pool_silence {
    struct wi_pool *pool;
    struct wi_timer *look; /* NULL once ended */
};

/* What it has said nothing of for too long goes elsewhere, and what is held up there where it can.
 */
static void look_at(struct wi_pool *pool, struct pool_node *node, double now)
{
    double limit = wi_pool_patience_ms(pool);
    const struct pool_attempt *attempt;
    struct wi_node_state state;
    char why[96];

    /* What is away is waited for, and has as long again when it is back. */
    if (wi_bridge_node_state(pool->bridge, wi_pool_node_info_of(node)->id, &state) != 0)
        return;
    wi_pool_node_was_sent(node, state.bytes_out, !state.connected, now);
    snprintf(why, sizeof why, "its node gave no sign of life within %.0f ms", limit);
    while ((attempt = wi_pool_node_silent(node, limit, now)))
        wi_pool_lose(pool, node, attempt->id, why);
    while ((attempt = wi_pool_node_held_up(node, now)))
        pool->events.on_held_up(pool->events.context, attempt->id,
            "its engine brings nobody anything while it keeps another text to a grammar");
}

static void look(void *context)
{
    struct wi_pool *pool = ((struct pool_silence *)context)->pool;
    double now = wi_now_ms();

    for (struct pool_node *node = wi_pool_nodes_first(pool->nodes), *next; node; node = next) {
        next = wi_pool_node_next(node);
        if (wi_pool_node_info_of(node)->count > 0)
            look_at(pool, node, now);
    }
}

struct pool_silence *wi_pool_silence_new(struct wi_pool *pool)
{
    struct pool_silence *silence = wi_alloc(sizeof *silence);

    silence->pool = pool;
    silence->look = wi_timer_new(pool->deps.loop, look, silence);
    return silence;
}

void wi_pool_silence_start(struct pool_silence *silence)
{
    wi_timer_start(silence->look, LOOK_MS, LOOK_MS);
}

void wi_pool_silence_end(struct pool_silence *silence)
{
    wi_timer_free(silence->look);
    silence->look = NULL;
}

void wi_pool_silence_free(struct pool_silence *silence)
{
    if (!silence)
        return;
    wi_pool_silence_end(silence);
    free(silence);
}
