/* HTTP exchanges with the daemon's API: one that is waited for, or several side by side. */
#ifndef WI_CLI_REST_H
#define WI_CLI_REST_H

#include "base/buffer.h"
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

struct wi_rest {
    const char *url;       /* borrowed; without a slash at its end */
    char *token;           /* owned; NULL for none */
    const char *authority; /* PEM file of the authority to trust; NULL: the system's */
};

struct wi_rest_request {
    const char *path;   /* "/v1/status" */
    const char *method; /* NULL: GET, or POST with a body */
    const void *body;
    size_t body_size;
    size_t json_size;          /* of a body with binary tensors, its JSON head; 0: all is JSON */
    int is_bytes;              /* the body is no JSON */
    const char *accept;        /* the media type that is wanted; NULL: application/json */
    const char *after;         /* of events, the id of the last that was had; NULL: none was */
    long timeout_ms;           /* 0: no limit */
    int (*is_cancelled)(void); /* asked about once a second; NULL: nothing cancels it */
    /* Gets the body of an answer that is text/event-stream, or of the type that is wanted, as it
     * comes; not 0 ends the exchange. NULL: it is collected like any other. */
    int (*on_events)(void *context, const char *bytes, size_t size);
    void *context;
};

struct wi_rest_answer {
    long status;           /* 0 if nobody answered */
    char failure[256];     /* why not */
    int late;              /* it is there, and had not answered when the time was up */
    int untrusted;         /* because the server's certificate is not one to trust */
    struct wi_buffer body; /* NUL-terminated */
    int events;            /* the body went to on_events */
    uint64_t announced;    /* Content-Length; 0: none */
    uint64_t retry_s;      /* Retry-After; 0: none */
    size_t json_size;      /* Inference-Header-Content-Length; 0: all is JSON */
    double took_ms;        /* from its first byte sent to its last byte got; connecting is before */
    int over;              /* there is no more of it to come */
};

/* Free the answer with wi_rest_answer_clear, also when nobody answered. */
void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer);
void wi_rest_answer_clear(struct wi_rest_answer *answer);

/* Appends "&name=value" to a path, with `separator` for the "&", where there is a value; what a
 * query does not take is escaped. */
void wi_rest_add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value);

/* Exchanges side by side, which go on while somebody waits for one of them. */
struct wi_rest_calls;
struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest); /* borrowed */
/* Breaks off what is not over. */
void wi_rest_calls_free(struct wi_rest_calls *calls);
/* Begins one. What it gets is borrowed until the answer is over; clear the answer then. */
void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer);
/* Returns when an answer has news or is over, `descriptor` (-1: none) can be read, `timeout_ms` are
 * over, or a signal was caught; whether the descriptor can be read. */
int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms);

#endif
