/*
 * Whether the client of an answer that is sent bit by bit takes its bytes: a client that takes
 * nothing for [api] send_timeout is cut off, but a slow one is not.
 */
#ifndef WI_API_HTTP_TAKING_H
#define WI_API_HTTP_TAKING_H

#include "api/http/request.h"

/* Begin with wi_taking_begin. Members with a _ are its own. */
struct wi_taking {
    struct wi_request *_request;
    double _moved_at; /* wi_now_ms() when it last took anything */
    int _held;        /* bytes that the kernel held for it at the last check */
};

void wi_taking_begin(struct wi_taking *taking, struct wi_request *request);
/* The client has taken everything, and there is nothing more for now: no time limit runs. */
void wi_taking_rest(struct wi_taking *taking);
/* The client is given `bytes` more. */
void wi_taking_give(struct wi_taking *taking, size_t bytes);
/* Everything was given; a few bytes may still be on their way. */
void wi_taking_end(struct wi_taking *taking);
/* For the request's `is_moving`. */
int wi_taking_is_moving(struct wi_taking *taking);

#endif
