/* The state of a request, and its waits; the other files of requests build on this one. */
#ifndef WI_API_HTTP_WAITING_H
#define WI_API_HTTP_WAITING_H

#include "api/http/request.h"

/* The one writer of `state`; asserts that the change is a legal one. */
void wi_request_set_state(struct wi_request *request, enum wi_request_state state);
/* Resumes a suspended connection; its access handler is called in the next turn. */
void wi_request_resume(struct wi_request *request);
/* The request's wait has ended: calls `go_on`, which answers or waits again, in the client's turn;
 * from inside a handler, at once. If the request ends first, `cancel(work)` is called instead. */
void wi_request_go_on(struct wi_request *request,
    void (*go_on)(struct wi_request *request, void *work), void (*cancel)(void *work), void *work);
/* Suspends the connection of a request that waits. */
void wi_request_suspend(struct wi_request *request);
/* Cancels the work that the request waits for: nothing calls back any more. */
void wi_request_cancel_work(struct wi_request *request);

/* The watcher's beat: requests that have waited since the last beat are watched for their client
 * leaving. `context` is the wi_api. */
void wi_request_watch_waiting(void *context);

#endif
