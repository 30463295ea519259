/*
 * One WebSocket: assembles what comes into one blob per message, and writes a queue of messages
 * whose tensors stay where they are. What the messages mean is messages.c's business.
 */
#ifndef WI_BRIDGE_LINK_H
#define WI_BRIDGE_LINK_H

#include "base/buffer.h"
#include "bridge/private.h"

/* A message on its way out: a head of ours and slices of blobs. */
struct wi_message;
/* Takes the head's text over; references the tensors' blobs (`tensors` may be NULL). */
struct wi_message *wi_message_new(
    int binary, struct wi_buffer *head, const struct wi_tensors *tensors);

struct wi_link {
    struct wi_bridge *bridge;
    struct lws *wsi;
    struct wi_node *node; /* NULL before the welcome and after the node has let go */
    struct wi_link *prev, *next;
    struct wi_timer *hello; /* until the announcement */
    /* Receiving. */
    struct wi_blob *incoming;
    int incoming_binary;
    double window; /* start of the second in which the following are counted */
    unsigned loose_messages;
    size_t json_bytes;
    struct wi_timer *rest; /* running: nothing is read before the next second */
    /* Sending. */
    struct wi_message *queue, *queue_end;
    size_t queued_messages, queued_bytes;
    size_t piece, piece_done; /* where the first message's next byte is */
    int started;              /* its first fragment is out */
    int broken;               /* a write failed: WRITEABLE closes the socket */
    /* Closing. */
    int closing, close_sent;
    int left; /* the peer closed, saying that it was done */
    uint16_t close_code;
    char close_reason[124];
};

/* The lws callback of the subprotocol. */
int wi_link_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);
/* It is a node's from now on, and has been heard. */
void wi_link_settle(struct wi_link *link);
/* Reads no more until the second is over: its messages took as much of it as is due. */
void wi_link_rest(struct wi_link *link);
int wi_link_rests(const struct wi_link *link); /* so that it cannot be heard */
/* Takes the message over. 0, or -1 if too much is queued already or the link is closing. */
int wi_link_send(struct wi_link *link, struct wi_message *message);
/* Drops what is queued, sends `last` (may be NULL) if no message was cut short, then the close
 * frame. Lets go of the node without telling it. */
void wi_link_close(
    struct wi_link *link, enum wi_close code, const char *reason, struct wi_message *last);
/* The same after a fault of the peer's: its node goes away. For a message that may be an answer,
 * see refused.h. */
void wi_link_fail(struct wi_link *link, enum wi_close code, const char *reason);

#endif
