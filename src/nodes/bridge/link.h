/*
 * One WebSocket of the listener: assembles what comes into one blob for each message, and writes
 * messages whose tensors stay where they are, in two lanes. What is sent is queued, in order. What
 * is too large for that is drawn from the owner, one message at a time and only while the queue is
 * empty and the socket takes more: so it is never in memory twice, and what is queued waits for one
 * such message at the most. It knows sizes, frames and close codes, and not who is at the other
 * end: its owner is told by events.
 *
 * A new link is a stranger's: it may send little, and has `hello_ms` to become somebody's, by
 * wi_link_settle. It ends by on_gone; after wi_link_close no event comes any more. Freed only when
 * lws closes the socket, so inside an event it may be closed, and stays valid.
 */
#ifndef WI_NODES_BRIDGE_LINK_H
#define WI_NODES_BRIDGE_LINK_H

#include "base/blob.h"
#include "base/log.h"
#include "base/net/lws.h"
#include "base/share.h"
#include "nodes/node/message.h"
#include <libwebsockets.h>
#include <stdint.h>

/* Bytes of a stranger's message: a whole announcement of Chromium's has about 6 KiB. */
#define WI_LINK_STRANGER_MAX (64 * 1024)
/* The least rate at which a message that was begun comes: 64 KiB/s, judged every 10 s. */
#define WI_LINK_PACE_MS 10000
#define WI_LINK_PACE_BYTES_PER_MS 65.536
/* Bytes of a close frame's reason, with a NUL; what is longer is cut (RFC 6455, 5.5). */
#define WI_LINK_REASON_SIZE 124

/* Close codes (RFC 6455, 7.4.1; 4000 and up are ours). */
enum wi_close {
    WI_CLOSE_NORMAL = 1000,
    WI_CLOSE_GOING_AWAY = 1001,
    WI_CLOSE_PROTOCOL = 1002,
    WI_CLOSE_MALFORMED = 1007,
    WI_CLOSE_POLICY = 1008,
    WI_CLOSE_TOO_BIG = 1009,
    WI_CLOSE_TRY_LATER = 1013,
    WI_CLOSE_RESUME_UNKNOWN = 4001,
    WI_CLOSE_SILENT = 4002
};

/* A message on its way in that is not taken. Borrowed for the event. */
struct wi_link_refused {
    const char *fault; /* of its frames, by RFC 6455; NULL: there is no room for it */
    size_t limit;      /* bytes that it may have; 0: there is no memory for it */
    size_t whole;      /* bytes that it has at least */
    int binary;
};

struct wi_link;

/* None comes from inside a call of the owner's. `link` is the one that it is about, `context` what
 * it was settled with. */
struct wi_link_events {
    /* A whole message, borrowed; slices of the blob may be kept by reference. */
    void (*on_message)(void *context, struct wi_link *link, struct wi_blob *blob, int binary);
    /* A message was not taken. What follows it cannot be read: the link must be closed. */
    void (*on_refused)(void *context, struct wi_link *link, const struct wi_link_refused *refused);
    /* It is still a stranger's when `hello_ms` have passed; or, of one that is settled, a message
     * that was begun is not whole after `message_ms`, or comes too slowly: it must be closed. */
    void (*on_late)(void *context, struct wi_link *link);
    /* The peer sent its close frame: `code` is 0 where it said none, and `text` has no NUL. May be
     * NULL. */
    void (*on_left)(void *context, struct wi_link *link, int code, const void *text, size_t size);
    /* Nothing is queued and the socket takes more: the next message of the second lane, taken over,
     * or NULL if there is none; then it is asked again after wi_link_draw. Nothing is to be sent or
     * closed from inside. May be NULL. */
    struct wi_message *(*on_drained)(void *context, struct wi_link *link);
    /* wi_link_send has refused a message, and half of what was queued then has been sent. Nothing
     * is to be sent or closed from inside. May be NULL. */
    void (*on_room)(void *context, struct wi_link *link);
    /* The socket is gone: the last event, and the link's end. May be NULL. */
    void (*on_gone)(void *context, struct wi_link *link);
};

/* What the links of one listener share. Members without _ are set before the first link. */
struct wi_links {
    uv_loop_t *loop;
    struct wi_budget *budget; /* of messages on their way in */
    int hello_ms;
    int64_t message_ms; /* for a message that was begun; may change at any time */
    /* Where they count, all together; borrowed. */
    struct {
        uint64_t *frames_in, *frames_out, *bytes_in, *bytes_out;
    } counters;
    struct wi_log_limit faults; /* lines of wi_link_fail, which others can cause */
    struct wi_link *_first;
    struct wi_link *_ahead;  /* may read on although there is no memory, or NULL */
    unsigned char *_scratch; /* LWS_PRE + WI_LWS_CHUNK bytes for gathered writes */
};
void wi_links_clear(struct wi_links *links); /* once all sockets are gone */
size_t wi_links_count(const struct wi_links *links);
/* Each may be closed from inside. */
void wi_links_each(
    struct wi_links *links, void (*each)(void *context, struct wi_link *link), void *context);

/* A stranger's. `events` must outlive it; freed by LWS_CALLBACK_CLOSED. */
struct wi_link *wi_link_new(
    struct wi_links *links, struct lws *wsi, const struct wi_link_events *events, void *context);
/* What lws says of the socket: RECEIVE, SERVER_WRITEABLE, WS_PEER_INITIATED_CLOSE,
 * WS_SERVER_DROP_PROTOCOL and CLOSED. The value is for its callback to return. */
int wi_link_event(
    struct wi_link *link, enum lws_callback_reasons reason, const void *in, size_t length);
/* Its owner is known from now on and told by these events; counts and silence begin anew. */
void wi_link_settle(struct wi_link *link, const struct wi_link_events *events, void *context);
/* So many bytes may a binary message have from now on, either way, and a few times as many may be
 * queued; said once it is settled. What has come of a message, and
 * what is queued, counts in `share`, which outlives the link's being closed or gone. A link whose
 * message finds no room there is not read for a while. */
void wi_link_limit(struct wi_link *link, uint64_t max_frame, struct wi_share *share);
/* Reads nothing for so long. */
void wi_link_rest(struct wi_link *link, uint64_t ms);
/* How long the peer has said nothing; 0 while the link rests, when nobody listens. */
double wi_link_silent_ms(const struct wi_link *link);
int wi_link_is_closing(const struct wi_link *link);

/* Since it was settled. */
struct wi_link_heard {
    uint64_t bytes_in, bytes_out;
    double last_seen; /* monotonic milliseconds */
};
const struct wi_link_heard *wi_link_heard(const struct wi_link *link); /* valid as it is */

/* Takes the message over. 0, or -1 if the link is closing, or if too much is queued already: then
 * on_room comes. */
int wi_link_send(struct wi_link *link, struct wi_message *message);
/* There is something in the second lane: on_drained is asked for it from the loop. */
void wi_link_draw(struct wi_link *link);
/* Drops what is queued, sends `last` (may be NULL) if no message was cut short, then the close
 * frame. No event follows. */
void wi_link_close(
    struct wi_link *link, enum wi_close code, const char *reason, struct wi_message *last);
/* The same after a fault of the peer's, which is logged; `who` is its name there, or NULL. */
void wi_link_fail(struct wi_link *link, const char *who, enum wi_close code, const char *reason);

#endif
