/*
 * HTTP requests on the loop: one curl multi handle with its sockets and timer on libuv. Loopback
 * and Grid traffic only: no proxy, no redirects, bounded answers.
 */
#ifndef WI_BASE_HTTP_CLIENT_H
#define WI_BASE_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct wi_http;
struct wi_http_call;

struct wi_http_request {
    const char *method; /* "GET", "POST", "DELETE" */
    const char *url;
    const char *body; /* NULL for none; copied */
    size_t body_size;
    const char *content_type; /* with a body */
    uint64_t timeout_ms;      /* for the whole exchange */
    size_t max_answer;        /* bytes; more fails the call */
};

struct wi_http_answer {
    int status;          /* 0 if there was no HTTP answer */
    const char *failure; /* why not, e.g. "Couldn't connect to server"; else NULL */
    const char *body;    /* NUL-terminated; borrowed for the callback */
    size_t body_size;
};

/* Called exactly once unless the call is cancelled; never from inside wi_http_start. */
typedef void wi_http_fn(void *context, const struct wi_http_answer *answer);

struct wi_http *wi_http_new(uv_loop_t *loop);
/* Cancels what runs. The loop must turn once more afterwards for the sockets' handles. */
void wi_http_free(struct wi_http *http);
struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context);
void wi_http_cancel(struct wi_http_call *call); /* no callback comes; NULL is fine */

#endif
