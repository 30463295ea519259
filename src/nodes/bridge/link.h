/*
 * One WebSocket of the listener. It assembles incoming data into one blob for each message, and
 * writes messages whose tensors are not copied, in two lanes. Messages that are sent are queued, in
 * order. Messages too large for the queue are drawn from the owner, one at a time and only while
 * the queue is empty and the socket takes more: so they are never in memory twice, and queued
 * messages wait for one such message at most. It knows sizes, frames and close codes, but not the
 * peer's identity; events tell its owner.
 *
 * A new link is a stranger's: it may send little, and must be given an owner with wi_link_settle
 * within `hello_ms`. It ends with on_gone; after wi_link_close no more events come. The link is
 * freed only when lws closes the socket, so it may be closed inside an event, and stays valid.
 */
#ifndef WI_NODES_BRIDGE_LINK_H
#define WI_NODES_BRIDGE_LINK_H

#include "base/blob.h"
#include "base/log.h"
#include "base/net/lws.h"
#include "base/share.h"
#include "nodes/node/frame.h"
#include <libwebsockets.h>
#include <stdint.h>

/* Bytes of a stranger's message: a complete announcement from Chromium has about 6 KiB. */
#define WI_LINK_STRANGER_MAX (64 * 1024)
/* The lowest rate at which a message must arrive once it has begun: 64 KiB/s, checked every 10
 * s. */
#define WI_LINK_PACE_MS 10000
#define WI_LINK_PACE_BYTES_PER_MS 65.536
/* Bytes of a close frame's reason, with a NUL; a longer reason is cut (RFC 6455, 5.5). */
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

/* An incoming message that is refused. Borrowed for the event. */
struct wi_link_refused {
    const char *fault; /* a violation of RFC 6455 in its frames; NULL: there is no room for it */
    size_t limit;      /* the most bytes it may have; 0: there is no memory for it */
    size_t whole;      /* the fewest bytes it has */
    int binary;
};

struct wi_link;

/* No event comes from inside a call of the owner's. `link` is the link concerned, `context` the one
 * that it was settled with. */
struct wi_link_events {
    /* A whole message, borrowed; slices of the blob may be kept by reference. */
    void (*on_message)(void *context, struct wi_link *link, struct wi_blob *blob, int binary);
    /* A message was refused. The data after it cannot be read: the link must be closed. */
    void (*on_refused)(void *context, struct wi_link *link, const struct wi_link_refused *refused);
    /* The link must be closed: it is still a stranger's after `hello_ms`; or it is settled, and a
     * message that has begun is incomplete after `message_ms`, or arrives too slowly. */
    void (*on_late)(void *context, struct wi_link *link);
    /* The peer sent its close frame: `code` is 0 if it has none, and `text` has no NUL. No message
     * follows. May be NULL. */
    void (*on_left)(void *context, struct wi_link *link, int code, const void *text, size_t size);
    /* The queue is empty and the socket takes more. Returns the next message of the second lane,
     * which the link takes over, or NULL if there is none; then it is called again after
     * wi_link_draw. It must not send or close. May be NULL. */
    struct wi_message *(*on_drained)(void *context, struct wi_link *link);
    /* wi_link_send had refused a message, and half of the data that was queued then has been sent.
     * It must not send or close. May be NULL. */
    void (*on_room)(void *context, struct wi_link *link);
    /* The socket is gone: the last event, and the link's end. May be NULL. */
    void (*on_gone)(void *context, struct wi_link *link);
};

/* State that the links of one listener share. Members without _ are set before the first link. */
struct wi_links {
    uv_loop_t *loop;
    struct wi_budget *budget; /* of incoming messages */
    int hello_ms;
    size_t text_max;    /* bytes of a settled link's text message; 0: WI_FRAME_HEAD_MAX */
    int64_t message_ms; /* for a message once it has begun; may change at any time */
    /* Counters of all links together; borrowed. */
    struct {
        uint64_t *frames_in, *frames_out, *bytes_in, *bytes_out;
    } counters;
    struct wi_log_limit faults; /* lines of wi_link_fail, which others can cause */
    struct wi_link *_first;
    struct wi_link *_ahead;  /* may continue to read although memory is short, or NULL */
    unsigned char *_scratch; /* LWS_PRE + WI_LWS_CHUNK bytes for gathered writes */
};
void wi_links_clear(struct wi_links *links); /* once all sockets are gone */
size_t wi_links_count(const struct wi_links *links);
/* `each` may close the link that it is given. */
void wi_links_each(
    struct wi_links *links, void (*each)(void *context, struct wi_link *link), void *context);

/* Makes a stranger's link. `events` must outlive it; it is freed by LWS_CALLBACK_CLOSED. */
struct wi_link *wi_link_new(
    struct wi_links *links, struct lws *wsi, const struct wi_link_events *events, void *context);
/* Handles an event of the socket from lws: RECEIVE, RECEIVE_PONG, SERVER_WRITEABLE,
 * WS_PEER_INITIATED_CLOSE, WS_SERVER_DROP_PROTOCOL and CLOSED. Returns the value for lws's callback
 * to return. */
int wi_link_event(
    struct wi_link *link, enum lws_callback_reasons reason, const void *in, size_t length);
/* The stranger gets `hello_ms` once more, because it was asked for something. */
void wi_link_wait(struct wi_link *link);
/* The link has an owner from now on, which gets these events. Counts and the time of silence start
 * again from zero. */
void wi_link_settle(struct wi_link *link, const struct wi_link_events *events, void *context);
/* Called once the link is settled. From now on a binary message may have `max_frame` bytes in
 * either direction, and a few times as many may be queued. The received part of a message, and
 * queued data, is charged to `share`, which outlives the link. A link whose message finds no room
 * there is not read for a while. */
void wi_link_limit(struct wi_link *link, uint64_t max_frame, struct wi_share *share);
/* Reads nothing for `ms`. */
void wi_link_rest(struct wi_link *link, uint64_t ms);
/* How long the peer has been silent; 0 while the link rests, because then nothing is read. */
double wi_link_silent_ms(const struct wi_link *link);
int wi_link_is_closing(const struct wi_link *link);

/* Since it was settled. */
struct wi_link_heard {
    uint64_t bytes_in, bytes_out;
    double last_seen; /* wi_awake_ms() */
};
const struct wi_link_heard *wi_link_heard(const struct wi_link *link); /* valid as it is */

/* Takes the message over. Returns 0, or -1 if the link is closing, or if too much is queued
 * already: in that case on_room comes later. */
int wi_link_send(struct wi_link *link, struct wi_message *message);
/* The second lane has a message: on_drained is called for it from the loop. */
void wi_link_draw(struct wi_link *link);
/* Sends a ping before the next message. The peer's answer counts as seen. */
void wi_link_ping(struct wi_link *link);
/* Drops queued messages, sends `last` (may be NULL) if no message was cut short, then the close
 * frame. No event follows. */
void wi_link_close(
    struct wi_link *link, enum wi_close code, const char *reason, struct wi_message *last);
/* The same after a fault of the peer's, which is logged; `who` is its name there, or NULL. */
void wi_link_fail(struct wi_link *link, const char *who, enum wi_close code, const char *reason);

#endif
