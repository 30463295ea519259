/*
 * The rate limit of all answers by content together ([content] upload_limit). Before each chunk an
 * answer asks for its turn. It gets the turn at once if the limit allows, otherwise after those
 * that asked before it. Used on the loop's thread.
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
    struct wi_outflow_turn *_waiting; /* first come, first served */
    struct wi_timer *_timer;          /* NULL until a turn has to wait */
    int _closed;
};

/* The turn has come, `waited_ms` after it was asked for. May ask for the next. */
typedef void wi_outflow_fn(void *context, double waited_ms);

/* Embedded in an answer; zero-initialise all but on_turn and its context. */
struct wi_outflow_turn {
    wi_outflow_fn *on_turn;
    void *context;
    int waits; /* for reading */
    size_t _bytes;
    double _since_ms;
    struct wi_outflow_turn *prev, *next;
};

/* Applies from now on, also to waiting turns. */
void wi_outflow_set_limit(struct wi_outflow *outflow, uint64_t limit);
/* The bytes of one turn, at most `most`, such that each answer gets several turns a second. */
size_t wi_outflow_chunk(const struct wi_outflow *outflow, size_t most);
/* Asks for a turn of `bytes`. Returns 1 if it may send now, 0 if on_turn will be called. */
int wi_outflow_ask(struct wi_outflow *outflow, struct wi_outflow_turn *turn, size_t bytes);
/* Removes it from those that wait, if it is among them. */
void wi_outflow_leave(struct wi_outflow *outflow, struct wi_outflow_turn *turn);
/* No further turn comes. */
void wi_outflow_close(struct wi_outflow *outflow);

#endif
