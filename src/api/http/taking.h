/*
 * Whether the client of an answer that comes bit by bit takes what it is given: one that takes
 * nothing for [api] send_timeout is cut off, and one that is slow is not.
 */
#ifndef WI_API_HTTP_TAKING_H
#define WI_API_HTTP_TAKING_H

#include "api/http/request.h"

/* Begin with wi_taking_begin. Those with a _ are its own. */
struct wi_taking {
    struct wi_request *_request;
    double _moved_at; /* wi_now_ms() when it last took anything */
    int _held;        /* bytes that the kernel held for it, when that was last looked at */
};

void wi_taking_begin(struct wi_taking *taking, struct wi_request *request);
/* It has taken all, and there is nothing more for now: it has all the time. */
void wi_taking_rest(struct wi_taking *taking);
/* It is given so many bytes more. */
void wi_taking_give(struct wi_taking *taking, size_t bytes);
/* All was given, of which a few bytes may still be on their way. */
void wi_taking_end(struct wi_taking *taking);
/* For the request's `is_moving`. */
int wi_taking_is_moving(struct wi_taking *taking);

#endif
