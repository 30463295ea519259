/*
 * A request's state, and how it waits: its connection is suspended, and its socket watched, because
 * a suspended connection is out of libmicrohttpd's sight.
 */
#include "api/http/waiting.h"

#include "api/http/request.h"
#include "base/clock.h"
#include <assert.h>

/* A socket is watched once its request has waited so long, so a client that leaves is noticed
 * within two of these. */
#define WATCH_AFTER_MS 50

/* --- states ----------------------------------------------------------------------------------- */

#define FROM(state) (1u << WI_REQUEST_##state)

void wi_request_set_state(struct wi_request *request, enum wi_request_state state)
{
    static const unsigned legal[] = {
        [WI_REQUEST_READING] = FROM(WAITING), /* for the next piece of its body */
        [WI_REQUEST_DISCARDING] = FROM(READING) | FROM(HANDLING) | FROM(WAITING),
        [WI_REQUEST_LINGERING] = FROM(READING) | FROM(DISCARDING) | FROM(HANDLING) | FROM(WAITING),
        [WI_REQUEST_HANDLING] = FROM(READING) | FROM(READY),
        [WI_REQUEST_WAITING] = FROM(HANDLING) | FROM(WAITING),
        [WI_REQUEST_READY] = FROM(WAITING),
        [WI_REQUEST_ANSWERED] = FROM(HANDLING) | FROM(WAITING) | FROM(READY) | FROM(READING),
        [WI_REQUEST_SENDING] = FROM(ANSWERED) | FROM(DISCARDING) | FROM(READING),
        [WI_REQUEST_GONE] = FROM(WAITING),
    };
    assert(legal[state] & (1u << request->state));
    (void)legal;
    request->state = state;
}

/* --- waiting ---------------------------------------------------------------------------------- */

void wi_request_wait(struct wi_request *request, void (*cancel)(void *work), void *work)
{
    request->cancel = cancel;
    request->work = work;
    wi_request_set_state(request, WI_REQUEST_WAITING);
}

void wi_request_go_on(struct wi_request *request,
    void (*go_on)(struct wi_request *request, void *work), void (*cancel)(void *work), void *work)
{
    if (request->state == WI_REQUEST_HANDLING) {
        go_on(request, work);
        return;
    }
    request->go_on = go_on;
    request->cancel = cancel;
    request->work = work;
    wi_request_set_state(request, WI_REQUEST_READY);
    wi_request_resume(request);
}

void wi_request_cancel_work(struct wi_request *request)
{
    void (*cancel)(void *) = request->cancel;
    request->cancel = NULL;
    if (cancel)
        cancel(request->work);
    request->work = NULL;
}

void wi_request_resume(struct wi_request *request)
{
    wi_watch_free(request->watch);
    request->watch = NULL;
    if (!request->suspended)
        return;
    request->suspended = 0;
    MHD_resume_connection(request->mhd);
    wi_turn_schedule(request->api->turn);
}

void wi_request_suspend(struct wi_request *request)
{
    request->suspended = 1;
    MHD_suspend_connection(request->mhd);
    if (!wi_timer_running(request->api->watcher))
        wi_timer_start(request->api->watcher, WATCH_AFTER_MS, WATCH_AFTER_MS);
}

/* --- a client that leaves --------------------------------------------------------------------- */

static void on_client_gone(void *context, int status, int events)
{
    struct wi_request *request = context;
    if (request->state != WI_REQUEST_WAITING)
        return;
    wi_request_cancel_work(request);
    wi_request_set_state(request, WI_REQUEST_GONE);
    wi_request_resume(request);
}

/* Most requests are answered before that and never cost a watch, which is six system calls. */
void wi_request_watch_waiting(void *context)
{
    struct wi_api *api = context;
    double since = wi_now_ms() - WATCH_AFTER_MS;
    int fresh = 0;
    for (struct wi_request *request = api->requests; request; request = request->next) {
        if (request->state != WI_REQUEST_WAITING || request->watch)
            continue;
        fresh = 1;
        if (request->read > since)
            continue;
        request->watch = wi_watch_new(
            api->deps.loop, request->connection->fd, UV_DISCONNECT, on_client_gone, request);
    }
    if (!fresh)
        wi_timer_stop(api->watcher);
}
