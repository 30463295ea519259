/* The one libwebsockets context, on our libuv loop; its log goes through ours. */
#ifndef WI_BASE_NET_LWS_H
#define WI_BASE_NET_LWS_H

#include "base/error.h"
#include <uv.h>

struct lws_context;
struct lws_retry_bo;

/* Bytes of one lws_write and of the receive buffer: measured best between 64 and 128 KiB. */
#define WI_LWS_CHUNK (128 * 1024)

/* The library's own watch over silent connections, off: nodes have heartbeats of ours, and its
 * timer is set anew for each message, in a list that is as long as there are connections. */
extern const struct lws_retry_bo wi_lws_no_watch;

/* A context without vhosts (each user makes its own), or NULL with `error` filled, e.g. where the
 * package libwebsockets-evlib-uv is missing. */
struct lws_context *wi_lws_new(uv_loop_t *loop, struct wi_error *error);
/* Two steps, because the context's handles close on the loop: begin, run the loop until it is
 * empty, end. */
void wi_lws_begin_free(struct lws_context *context);
void wi_lws_end_free(struct lws_context *context);

#endif
