/*
 * The connections of the listener for channels: each becomes a WebSocket (nodes/bridge/link.h), on
 * which a client says who it is and what it wants (channel_order.h), and gets the messages of one
 * subscriber (channels/channels.h). A message is taken from the subscriber only when the socket has
 * taken all that came before, so that what is not read stays in a queue that is bounded.
 *
 * Before a client has subscribed, its connection is a stranger's, of which there are few: newer
 * ones replace older ones (nodes/bridge/socket_limits.h).
 */
#ifndef WI_API_SOCKETS_CHANNEL_SOCKET_H
#define WI_API_SOCKETS_CHANNEL_SOCKET_H

#include "api/http/access_rules.h"
#include "channels/channels.h"
#include "nodes/bridge/link.h"
#include "nodes/bridge/socket_limits.h"

/* Bytes of a client's message. */
#define WI_CHANNEL_MESSAGE_MAX ((size_t)64 * 1024)
/* Messages that a client may send in a second. */
#define WI_CHANNEL_MESSAGES 20
/* Messages in a row that cannot be carried out, after which the connection is closed. */
#define WI_CHANNEL_FAULTS 3
/* Time for the first message, where tokens are needed: milliseconds. */
#define WI_CHANNEL_HELLO_MS 5000

/* What all connections share. Members without _ are set by the owner. */
struct wi_channel_sockets {
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct wi_channels *channels;
    const struct wi_access_rules *rules;
    uint64_t max_per_address;
    int highest_fd;
    int closed; /* it takes no more connections */
    /* It was closed, and the last connection is gone. */
    void (*on_empty)(void *context);
    void *context;
    struct wi_log_limit refusals; /* lines that others can cause */
    struct wi_links _links;
    struct wi_share _share; /* of memory for what clients send */
    struct wi_socket_limits _limits;
    struct wi_channel_socket *_first;
    uint64_t _frames_in, _frames_out, _bytes_in, _bytes_out;
};

/* `budget` is charged for what clients send. */
void wi_channel_sockets_begin(
    struct wi_channel_sockets *sockets, uv_loop_t *loop, struct wi_budget *budget);
/* The lws callback of the protocol, and of what comes before it. */
int wi_channel_socket_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);
/* Takes over a connection; closes it if there are too many. */
void wi_channel_socket_accept(
    struct wi_channel_sockets *sockets, int fd, const struct sockaddr *peer);
/* Sends each a ping, and cuts those that have shown no life for `silent_ms`: they have neither sent
 * nor taken anything. */
void wi_channel_sockets_beat(struct wi_channel_sockets *sockets, double silent_ms);
/* Closes all. Their subscribers are gone then; the connections go when their peers have agreed. */
void wi_channel_sockets_close(struct wi_channel_sockets *sockets, const char *reason);
int wi_channel_sockets_are_empty(const struct wi_channel_sockets *sockets);
void wi_channel_sockets_clear(struct wi_channel_sockets *sockets); /* once they are empty */

#endif
