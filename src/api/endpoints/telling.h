/*
 * A client that takes the events of work in the daemon. The answer does not begin until there is
 * something to tell, so that a failure before that has its usual status. Then it is a stream of
 * events in the form of the client's dialect, with a sign of life when nothing happens for long.
 */
#ifndef WI_API_ENDPOINTS_TELLING_H
#define WI_API_ENDPOINTS_TELLING_H

#include "api/http/request.h"

struct wi_tellings; /* all of them, so that they end with the server */
struct wi_tellings *wi_tellings_new(struct wi_api *api);
/* The server closes: the clients are told so. */
void wi_tellings_finish(struct wi_tellings *tellings);
/* When no request is left; NULL is fine. */
void wi_tellings_free(struct wi_tellings *tellings);

struct wi_telling;
/* The request waits. `on_over` is called at most once, when the client has gone or the server
 * closes: the telling must not be used from then on. It is not called after wi_telling_end or
 * wi_telling_fail. */
struct wi_telling *wi_telling_new(struct wi_tellings *tellings, struct wi_request *request,
    void (*on_over)(void *context), void *context);
/* Sends the event in `text` (taken over). It replaces an event that was not sent yet. */
void wi_telling_say(struct wi_telling *telling, struct wi_buffer *text);
/* Sends the last event, in `text` (taken over); the telling must not be used any more. */
void wi_telling_end(struct wi_telling *telling, struct wi_buffer *text);
/* The same with an error, which is the whole answer if nothing was sent before. */
void wi_telling_fail(struct wi_telling *telling, const struct wi_error *error);

#endif
