/*
 * How fast all answers by content together may leave ([content] upload_limit). Before each chunk an
 * answer asks for its turn: at once where the limit allows it, else when those before it have had
 * theirs. For the loop's thread.
 */
#ifndef WI_NODES_BRIDGE_HTTP_OUTFLOW_H
#define WI_NODES_BRIDGE_HTTP_OUTFLOW_H

#include "base/loop.h"
#include "base/net/limit.h"
#include <stddef.h>

struct wi_outflow_turn;

/* Zero-initialise all but the loop. */
struct wi_outflow {
    uv_loop_t *loop;
    struct wi_limit _limit;
    struct wi_outflow_turn *_waiting; /* who came first is first */
    struct wi_timer *_timer;          /* NULL until somebody has to wait */
    int _closed;
};

/* Its turn has come; `waited_ms` has passed since it was asked for. May ask for the next. */
typedef void wi_outflow_fn(void *context, double waited_ms);

/* Embedded in an answer; zero-initialise all but what to call. */
struct wi_outflow_turn {
    wi_outflow_fn *on_turn;
    void *context;
    int waits; /* for reading */
    size_t _bytes;
    double _since_ms;
    struct wi_outflow_turn *prev, *next;
};

/* From now on, also for those that wait. */
void wi_outflow_set_limit(struct wi_outflow *outflow, uint64_t limit);
/* Bytes that one turn may be for, so that each has one several times a second; at most `most`. */
size_t wi_outflow_chunk(const struct wi_outflow *outflow, size_t most);
/* Asks for a turn of so many bytes: 1 where it is now, 0 where on_turn will be called. */
int wi_outflow_ask(struct wi_outflow *outflow, struct wi_outflow_turn *turn, size_t bytes);
/* It does not wait any more, if it did. */
void wi_outflow_leave(struct wi_outflow *outflow, struct wi_outflow_turn *turn);
/* Nobody's turn comes any more. */
void wi_outflow_close(struct wi_outflow *outflow);

#endif
