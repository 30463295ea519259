/* One HTTP exchange with the daemon's API at a time, blocking. */
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
    size_t json_size;   /* of a body with binary tensors, its JSON head; 0: all is JSON */
    int is_bytes;       /* the body is no JSON */
    const char *accept; /* the media type that is wanted; NULL: application/json */
    long timeout_ms;
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
    size_t json_size;      /* Inference-Header-Content-Length; 0: all is JSON */
};

/* Free the answer with wi_rest_answer_clear, also when nobody answered. */
void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer);
void wi_rest_answer_clear(struct wi_rest_answer *answer);

#endif
