/*
 * curl's multi socket interface on libuv: curl tells which sockets and which timer it wants, the
 * loop tells what happened. One of these has one pool of connections, which are kept and used
 * again.
 */
#ifndef WI_BASE_HTTP_MULTI_H
#define WI_BASE_HTTP_MULTI_H

#include <curl/curl.h>
#include <uv.h>

struct wi_http_multi;
/* A transfer has ended. May add, remove and free others, but not the multi handle itself. */
typedef void wi_http_multi_fn(void *context, CURL *easy, CURLcode code);

struct wi_http_multi *wi_http_multi_new(uv_loop_t *loop, wi_http_multi_fn *on_done, void *context);
/* After the last transfer was removed. The loop must turn once more for the sockets' handles. NULL
 * is fine. */
void wi_http_multi_free(struct wi_http_multi *multi);
/* Nothing is called back from inside either of them. */
void wi_http_multi_add(struct wi_http_multi *multi, CURL *easy);
void wi_http_multi_remove(struct wi_http_multi *multi, CURL *easy);

#endif
