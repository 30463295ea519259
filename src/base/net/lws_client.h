/*
 * One connection of a libwebsockets client, with exactly one end. The library reports an end as a
 * failure to connect, as closed, or, where its own timeout strikes before the upgrade is answered,
 * only as destroyed. Every client of ours connects by this, so that none misses the last.
 */
#ifndef WI_BASE_NET_LWS_CLIENT_H
#define WI_BASE_NET_LWS_CLIENT_H

#include <libwebsockets.h>

struct wi_lws_client_events {
    /* Anything but an end; the value is lws's, which closes by -1. */
    int (*on_event)(void *context, enum lws_callback_reasons reason, void *in, size_t length);
    /* The last event: it could not connect, or is gone. `why` is "" where lws says nothing. The
     * client may be freed inside. */
    void (*on_end)(void *context, const char *why);
};

/* Filled with events and context by its owner, which embeds it; the rest is zero at first. */
struct wi_lws_client {
    const struct wi_lws_client_events *events;
    void *context;
    struct lws *wsi; /* NULL before, and after its end */
    int _connecting; /* inside lws's connect, which may end it at once */
    char _why[128];
};

/* The callback of every client's protocol. */
int wi_lws_client_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);
/* Connects by `info`, which names everything but who listens. The connection, or NULL if it has
 * ended: on_end was called, and `client` may be gone. */
struct lws *wi_lws_client_connect(
    struct wi_lws_client *client, const struct lws_client_connect_info *info);
/* Closes the connection; its end follows from the loop. */
void wi_lws_client_cut(struct wi_lws_client *client);
/* Gives the connection up: no event follows. */
void wi_lws_client_leave(struct wi_lws_client *client);

#endif
