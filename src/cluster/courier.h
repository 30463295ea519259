/*
 * The thread that talks to NATS, so that the loop never waits for it. It gets copies and gives
 * events back; it holds no state of the cluster. It connects to the first server that it can reach,
 * and tries all again, every second, as long as there is none.
 */
#ifndef WI_CLUSTER_COURIER_H
#define WI_CLUSTER_COURIER_H

#include "base/buffer.h"
#include "base/error.h"
#include "cluster/broker.h"
#include <uv.h>

/* All strings are copied. */
struct wi_courier_terms {
    const struct wi_strings *servers;
    struct wi_broker_terms broker;
    const char *key;      /* the only one that it writes */
    size_t value_max;     /* bytes; more of a value is not looked at */
    const char *subject;  /* under which it says what it has to say */
    const char *subjects; /* under which members say so */
};

struct wi_courier_event {
    enum wi_courier_event_kind {
        WI_COURIER_OPENED, /* `server`, with `problem`: whatever was there follows as entries */
        WI_COURIER_ENTRY,  /* `entry`; without a key it was the last one of these */
        WI_COURIER_HEARD,  /* `entry`: what a member says, with the last word of its subject */
        WI_COURIER_FAILED  /* `problem`: it is tried again */
    } kind;
    const char *server;
    struct wi_broker_entry entry;
    struct wi_broker_problem problem;
};

/* Called on the loop. All of the event is borrowed. */
typedef void wi_courier_event_fn(void *context, const struct wi_courier_event *event);

/* NULL with `error`: there is no thread. */
struct wi_courier;
struct wi_courier *wi_courier_start(uv_loop_t *loop, const struct wi_courier_terms *terms,
    wi_courier_event_fn *on_event, void *context, struct wi_error *error);
/* Has the key made (`revision` 0), or replaced if it is of that revision. Only the last text that
 * was given is written; none while there is no server. Before that, it begins or ceases to listen
 * to what members say. */
void wi_courier_write(struct wi_courier *courier, const char *text, uint64_t revision, int listens);
/* Says the text, which is taken over, unless the connection is lost before that. 0, or -1: it is
 * lost, since WI_TALK_WAITING_MAX bytes wait. */
int wi_courier_say(struct wi_courier *courier, struct wi_buffer *text);
/* Ends the thread, after the key was removed if that is wanted and possible. No event comes any
 * more. The loop goes on until the thread has ended, for WI_BROKER_WAIT_MS at most as a rule; the
 * courier is freed then. NULL is fine. */
void wi_courier_close(struct wi_courier *courier, int remove);

#endif
