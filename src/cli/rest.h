/* HTTP exchanges with the daemon's API: one that blocks, or several at a time. */
#ifndef WI_CLI_REST_H
#define WI_CLI_REST_H

#include "base/buffer.h"
#include <jansson.h>
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
    const char *accept;        /* the requested media type; NULL: application/json */
    const char *after;         /* of events, the id of the last one received; NULL: none */
    long timeout_ms;           /* 0: no limit, but for wi_cli_send see below */
    int (*is_cancelled)(void); /* called about once a second; NULL: never cancelled */
    /* Gets the body of an answer of type text/event-stream, or of the requested type, as it comes;
     * a return value other than 0 ends the exchange. NULL: the body is collected like any other. */
    int (*on_events)(void *context, const char *bytes, size_t size);
    void *context;
    /* For wi_cli_send, and the functions that use it (cli/cli.h), whose requests have a limit of
     * 30 s by default, unless they ask for events. */
    const char *name; /* replaces the "*" in the path; NULL: the path is whole */
    json_t *json;     /* replaces `body`; the reference is taken over; NULL: `body` counts */
};

struct wi_rest_answer {
    long status;           /* 0: no answer */
    char failure[256];     /* why there is no answer */
    int late;              /* the server is there, but did not answer in time */
    int untrusted;         /* the server's certificate is not trusted */
    struct wi_buffer body; /* NUL-terminated */
    int events;            /* the body went to on_events */
    uint64_t announced;    /* Content-Length; 0: none */
    uint64_t retry_s;      /* Retry-After; 0: none */
    size_t json_size;      /* Inference-Header-Content-Length; 0: all is JSON */
    double took_ms;        /* from first byte sent to last byte received, without connecting */
    int over;              /* the answer is complete */
};

/* Free the answer with wi_rest_answer_clear, also without an answer. */
void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer);
void wi_rest_answer_clear(struct wi_rest_answer *answer);

/* Appends "&name=value" to a path, with `separator` for the "&", if there is a value, which is
 * escaped for a query. */
void wi_rest_add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value);

/* Several exchanges at a time, which continue while the caller waits for one of them. */
struct wi_rest_calls;
struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest); /* borrowed */
/* Cancels the exchanges that are not over. */
void wi_rest_calls_free(struct wi_rest_calls *calls);
/* Begins an exchange. `request` and `answer` are borrowed until the answer is over; clear the
 * answer then. */
void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer);
/* Returns when an answer has made progress or is over, `descriptor` (-1: none) can be read,
 * `timeout_ms` have passed, or a signal was caught. Returns whether the descriptor can be read. */
int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms);

#endif
