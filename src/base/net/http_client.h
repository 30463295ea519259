/*
 * HTTP requests on the loop, over libcurl. There are two sorts:
 *
 * - to drivers and a Grid (`outside` = 0): addresses from the configuration, over http or https.
 * - to hubs on the Internet (`outside` = 1): https with the certificate checked. Private addresses,
 *   and http to other machines, only if the request allows them. The address that a name resolves
 *   to is checked when the socket is made. These calls share no connection with others.
 *
 * No proxy is used, no redirect is followed, and each answer is limited in size or passed on in
 * pieces as it comes.
 */
#ifndef WI_BASE_NET_HTTP_CLIENT_H
#define WI_BASE_NET_HTTP_CLIENT_H

#include "base/net/outlet.h"
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct wi_http;
struct wi_http_call;

/* Called once the status and the headers of the answer are there. 0 to go on, -1 to end the
 * call. */
typedef int wi_http_head_fn(void *context, const struct wi_http_call *call, int status);
/* A piece of the body, borrowed. */
enum wi_http_verdict { WI_HTTP_TAKEN, WI_HTTP_PAUSE, WI_HTTP_END };
/* WI_HTTP_PAUSE: the piece was not taken and comes again after wi_http_resume. */
typedef enum wi_http_verdict wi_http_data_fn(void *context, const char *bytes, size_t size);

/* Copies bytes of the request's body from `position` on to `out`, at most `room`; returns their
 * number, which is at least 1 before the body's end. A position may be asked for again. */
typedef size_t wi_http_send_fn(void *context, uint64_t position, char *out, size_t room);

struct wi_http_request {
    const char *method; /* "GET", "POST", "DELETE", "HEAD" */
    const char *url;
    const char *const *headers; /* lines "Name: value", ended by NULL; NULL for none; copied */
    const char *body;           /* NULL for none; copied */
    size_t body_size;
    wi_http_send_fn *on_send; /* gives a body of `body_size` bytes piece by piece, in place of
                                 `body`; as on_data, it is called from inside curl */
    const char *content_type; /* with a body */
    const char *authority;    /* PEM file of the authority to trust; NULL: the system's */
    uint64_t timeout_ms;      /* for the whole call; 0: no limit */
    uint64_t stall_ms; /* without a single byte; 0: no limit. Time in a pause does not count */
    size_t max_answer; /* bytes; a longer answer fails the call. Ignored with `on_data` */
    int outside;
    int allow_private; /* with `outside`: addresses of private networks too */
    int allow_plain;   /* with `outside`: http to other machines too */
    /* The network in which the connection begins, without `outside`. The connection is shared with
     * no other call, since the same address means another host in another network. Must outlive the
     * call. NULL: this process's network */
    const struct wi_outlet *outlet;
    /* Both may be NULL. They are called from inside curl: no call may be started, cancelled or
     * resumed there. With `on_data` the answer's body is empty. */
    wi_http_head_fn *on_head;
    wi_http_data_fn *on_data;
};

enum wi_http_end {
    WI_HTTP_ANSWERED,
    WI_HTTP_BROKEN,  /* no connection, cut, too late, not HTTP: a retry may work */
    WI_HTTP_REFUSED, /* a private address, or a certificate that is not trusted */
    WI_HTTP_STOPPED  /* by on_head or on_data, or the answer is too large */
};

struct wi_http_answer {
    int status; /* 0: there was no complete HTTP answer */
    enum wi_http_end end;
    const char *failure; /* the reason, e.g. "Couldn't connect to server"; NULL: none */
    const char *body;    /* NUL-terminated; borrowed for the callback */
    size_t body_size;
    const struct wi_http_call *call; /* for wi_http_call_header; borrowed for the callback */
};

/* Called exactly once unless the call is cancelled; never from inside wi_http_start. */
typedef void wi_http_fn(void *context, const struct wi_http_answer *answer);

struct wi_http *wi_http_new(uv_loop_t *loop);
/* Cancels all calls. The loop must turn once more afterwards to close the sockets' handles. */
void wi_http_free(struct wi_http *http);
/* `context` is passed to on_answer, on_head and on_data. */
struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context);
void wi_http_cancel(struct wi_http_call *call); /* no callback follows; NULL is fine */
/* After WI_HTTP_PAUSE. on_data may be called from inside, on_answer not. */
void wi_http_resume(struct wi_http_call *call);

/* A header of the answer; the case of `name` does not matter. NULL: there is none. Borrowed until
 * the next call. */
const char *wi_http_call_header(const struct wi_http_call *call, const char *name);

#endif
