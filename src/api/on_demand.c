/* Requests for models that are not here, and that [models] pull_on_demand allows them to pull. */
#include "api/pulls.h"

#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

/* After a failure the hub is left alone for so long, however many ask. */
#define PATIENCE_MS 10000.0

int wi_api_may_pull(const struct wi_api *api, const char *name, const struct wi_error *failure)
{
    return failure->code == WI_MODEL_NOT_FOUND && api->deps.pulls && !api->closing &&
           wi_pulls_on_demand(api->deps.pulls, name);
}

enum wi_code wi_api_pull_now(const struct wi_api *api, const char *name, struct wi_error *error)
{
    const struct wi_pull_want want = {.reference = name};
    char as[WI_MODEL_NAME_MAX + 1];
    struct wi_pull_info info;
    if (wi_pulls_find(api->deps.pulls, name, &info) == 0 && info.state == WI_PULL_FAILED &&
        strcmp(info.reference, name) == 0 && wi_now_ms() - info.ended_ms < PATIENCE_MS) {
        *error = *info.error;
        return error->code;
    }
    return wi_pulls_start(api->deps.pulls, &want, as, error);
}

enum wi_code wi_api_pull_late(const char *name, struct wi_error *error)
{
    return wi_error_set(error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "%.200s is still being pulled, and goes on; GET /v1/models/%.200s shows how far that is; "
        "ask again, or allow more time",
        name, name);
}

/* --- a request that waits for it ------------------------------------------------------------- */

struct waiting {
    struct wi_request *request;
    char *name;
    wi_step_end_fn *pulled;
    void *work;
    wi_step_free_fn *free_work;
    struct wi_pull_watch *watch;
    struct wi_timer *timer;
};

static void free_waiting(struct waiting *waiting)
{
    wi_pull_unwatch(waiting->watch);
    wi_timer_free(waiting->timer);
    free(waiting->name);
    free(waiting);
}

static void end_waiting(struct waiting *waiting, const struct wi_error *failure)
{
    struct wi_request *request = waiting->request;
    wi_step_end_fn *pulled = waiting->pulled;
    void *work = waiting->work;
    request->cancel = NULL;
    request->work = NULL;
    free_waiting(waiting);
    pulled(request, work, failure);
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct waiting *waiting = context;
    if (info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED)
        return;
    waiting->watch = NULL;
    end_waiting(waiting, info->error);
}

static void on_late(void *context)
{
    struct waiting *waiting = context;
    struct wi_error error;
    wi_api_pull_late(waiting->name, &error);
    end_waiting(waiting, &error);
}

static void stop_waiting(void *work)
{
    struct waiting *waiting = work;
    if (waiting->free_work)
        waiting->free_work(waiting->work);
    free_waiting(waiting);
}

void wi_request_pull(struct wi_request *request, const char *name, double timeout_ms,
    wi_step_end_fn *pulled, void *work, wi_step_free_fn *free_work)
{
    const struct wi_api *api = request->api;
    double left = request->read + timeout_ms - wi_now_ms();
    struct wi_error error;
    if (wi_api_pull_now(api, name, &error) != WI_OK) {
        pulled(request, work, &error);
        return;
    }
    struct waiting *waiting = wi_alloc(sizeof *waiting);
    waiting->request = request;
    waiting->name = wi_strdup(name);
    waiting->pulled = pulled;
    waiting->work = work;
    waiting->free_work = free_work;
    waiting->watch = wi_pull_watch(api->deps.pulls, name, on_pull, waiting);
    waiting->timer = wi_timer_new(api->deps.loop, on_late, waiting);
    wi_timer_start(waiting->timer, left > 0 ? (uint64_t)left : 0, 0);
    wi_request_wait(request, stop_waiting, waiting);
}
