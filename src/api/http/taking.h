/*
 * An answer that is sent bit by bit, as its client takes it: events, or a file. libmicrohttpd asks
 * a callback for more when the socket has all that it was given. A client that takes nothing for
 * [api] send_timeout is cut off, but a slow one is not.
 */
#ifndef WI_API_HTTP_TAKING_H
#define WI_API_HTTP_TAKING_H

#include "api/http/request.h"

/* The first member of the answer's maker, which the callback gets. Members with a _ are its own. */
struct wi_taking {
    struct wi_request *_request;
    double _moved_at; /* wi_awake_ms() when it last took anything */
    int _held;        /* bytes that the kernel held for it at the last check */
};

/* Answers the request 200 with `response` (taken over), which has such a callback.
 * `on_completed(taking)` is called once when the request is completed, whatever the outcome. */
void wi_taking_begin(struct wi_taking *taking, struct wi_request *request, const char *media_type,
    struct MHD_Response *response, void (*on_completed)(void *taking));
/* The callback begins with this: the client has taken everything so far, and no time limit runs. */
void wi_taking_rest(struct wi_taking *taking);
/* How the callback ends; each returns what the callback has to return. The client is given `bytes`
 * more. There is nothing more for now: wi_request_resume goes on. Everything was given; a few bytes
 * may still be on their way. */
ssize_t wi_taking_give(struct wi_taking *taking, size_t bytes);
ssize_t wi_taking_pause(struct wi_taking *taking);
ssize_t wi_taking_end(struct wi_taking *taking);

#endif
