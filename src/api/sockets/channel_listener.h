/*
 * [channels] listen: a listener for WebSockets on which clients subscribe to channels, on a
 * libwebsockets context of its own (base/net/lws.h), since libmicrohttpd can hand over no
 * connection under TLS. It has the API's tokens, hosts and origins.
 */
#ifndef WI_API_SOCKETS_CHANNEL_LISTENER_H
#define WI_API_SOCKETS_CHANNEL_LISTENER_H

#include "api/http/access_rules.h"
#include "base/net/lws.h"
#include "channels/channels.h"

/* Borrowed; all but the rules and the configuration outlive the listener's connections. */
struct wi_channel_listener_deps {
    uv_loop_t *loop;
    struct lws_context *lws;
    struct wi_budget *budget;
    struct wi_channels *channels; /* until wi_channel_listener_free */
    const struct wi_config *config;
    const struct wi_access_rules *rules; /* of the API; for the call only */
    double beat_ms;                      /* the time between two pings */
};

struct wi_channel_listener;
/* Listens at once, at [channels] listen, which is set. NULL with `error`: the port is in use, the
 * certificate or the key are bad, or the address is not loopback and there are no tokens. */
struct wi_channel_listener *wi_channel_listener_new(
    const struct wi_channel_listener_deps *deps, struct wi_error *error);
/* Whether it could go on with these: WI_OK, or why not. NULL is fine. */
enum wi_code wi_channel_listener_check_reload(const struct wi_channel_listener *listener,
    const struct wi_config *config, const struct wi_access_rules *rules, struct wi_error *error);
/* Goes on with these. All connections are closed, since their tokens may hold no more. NULL is
 * fine. */
void wi_channel_listener_reload(struct wi_channel_listener *listener,
    const struct wi_config *config, const struct wi_access_rules *rules);
/* It accepts no more connections. NULL is fine. */
void wi_channel_listener_quiesce(struct wi_channel_listener *listener);
/* Closes all connections, whose subscribers are gone then. NULL is fine. */
void wi_channel_listener_finish(struct wi_channel_listener *listener);
/* Whether connections are left, whose peers have not agreed to the end yet. NULL is fine. */
int wi_channel_listener_is_busy(const struct wi_channel_listener *listener);
/* Finishes it. Its memory is freed with the last of its connections, at the latest with the
 * libwebsockets context. NULL is fine. */
void wi_channel_listener_free(struct wi_channel_listener *listener);

/* Adds what is wrong with the files that [channels] names. Blocks, and changes nothing. */
void wi_channel_listener_check(const struct wi_config *config, struct wi_problems *problems);

#endif
