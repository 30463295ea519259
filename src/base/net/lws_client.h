/*
 * One connection of a libwebsockets client, with exactly one end. The library reports an end as a
 * failure to connect, as closed, or, where its own timeout strikes before the upgrade is answered,
 * only as destroyed. All clients here connect through this, so that none misses the last case.
 */
#ifndef WI_BASE_NET_LWS_CLIENT_H
#define WI_BASE_NET_LWS_CLIENT_H

#include <libwebsockets.h>

struct wi_lws_client_events {
    /* Any event except an end. The value is returned to lws; -1 closes. */
    int (*on_event)(void *context, enum lws_callback_reasons reason, void *in, size_t length);
    /* The last event: the connection failed or has ended. `why` is "" if lws gives no reason. The
     * client may be freed inside. */
    void (*on_end)(void *context, const char *why);
};

/* Embedded in its owner's struct. The owner sets events and context, and zeroes the rest. */
struct wi_lws_client {
    const struct wi_lws_client_events *events;
    void *context;
    struct lws *wsi; /* NULL before the connection and after its end */
    int _connecting; /* inside lws's connect, which may end the connection at once */
    char _why[128];
};

/* The callback of every client's protocol. */
int wi_lws_client_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);
/* Connects by `info`, in which everything but the listening client is set. Returns the connection,
 * or NULL if it has ended: on_end was called, and `client` may be gone. */
struct lws *wi_lws_client_connect(
    struct wi_lws_client *client, const struct lws_client_connect_info *info);
/* Closes the connection; on_end follows from the loop. */
void wi_lws_client_cut(struct wi_lws_client *client);
/* Abandons the connection: no event follows. */
void wi_lws_client_leave(struct wi_lws_client *client);

#endif
