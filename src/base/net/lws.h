/*
 * libwebsockets contexts on our libuv loop; their log goes through ours. A context has one server
 * at most: the library would hand a connection to whichever of several the Host header resembles.
 */
#ifndef WI_BASE_NET_LWS_H
#define WI_BASE_NET_LWS_H

#include "base/error.h"
#include <uv.h>

struct lws_context;
struct lws_protocols;
struct lws_retry_bo;
struct lws_vhost;

/* Bytes of one lws_write and of the receive buffer: sizes of 64 to 128 KiB were measured as the
 * fastest. */
#define WI_LWS_CHUNK (128 * 1024)

/* Turns off the library's own supervision of silent connections: nodes have our heartbeats, and the
 * library resets a timer for each message, in a list as long as the number of connections. */
extern const struct lws_retry_bo wi_lws_no_watch;

/* A context without vhosts (wi_lws_serve makes a server's, and each client makes its own), or NULL
 * with `error` filled, e.g. if the package libwebsockets-evlib-uv is missing. */
struct lws_context *wi_lws_new(uv_loop_t *loop, struct wi_error *error);
/* The server of a context, which adopts connections that our own listener has accepted. */
struct wi_lws_host {
    const char *section; /* of the configuration, "bridge"; like the protocols, it outlives that */
    const struct lws_protocols *protocols;
    const char *tls_certificate, *tls_key; /* files; NULL or "": without TLS */
    unsigned keepalive_s;                  /* for which a connection may wait for a request */
};
/* NULL with `error`, e.g. if the key is not the certificate's. */
struct lws_vhost *wi_lws_serve(
    struct lws_context *context, const struct wi_lws_host *host, struct wi_error *error);
/* There are two steps because the context's handles close on the loop: call begin, run the loop
 * until it is empty, call end. */
void wi_lws_begin_free(struct lws_context *context);
void wi_lws_end_free(struct lws_context *context);

#endif
