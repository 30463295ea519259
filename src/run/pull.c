/* Waiting for a model that is being pulled; see pull.h. */
#include "run/pull.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "hub/reference.h"
#include <stdlib.h>
#include <string.h>

/* After a failure the hub is left alone for so long, however many ask. */
#define PATIENCE_MS 10000.0

struct wi_run_pull {
    struct wi_run_pull_owner owner;
    char *name;
    struct wi_pull_watch *watch;
    struct wi_timer *timer;
};

int wi_run_may_pull(const struct wi_pulls *pulls, const char *name, const struct wi_error *failure)
{
    return failure->code == WI_MODEL_NOT_FOUND && pulls && wi_pulls_on_demand(pulls, name);
}

/* Begins, unless the same has just failed. */
static enum wi_code start_as(
    struct wi_pulls *pulls, const char *name, const char *reference, struct wi_error *error)
{
    const struct wi_pull_want want = {.reference = reference};
    char as[WI_MODEL_NAME_MAX + 1];
    struct wi_pull_info info;
    if (wi_pulls_find(pulls, name, &info) == 0 && info.state == WI_PULL_FAILED &&
        strcmp(info.reference, reference) == 0 && wi_now_ms() - info.ended_ms < PATIENCE_MS) {
        *error = *info.error;
        return error->code;
    }
    return wi_pulls_start(pulls, &want, as, error);
}

static enum wi_code start(struct wi_pulls *pulls, const char *name, struct wi_error *error)
{
    char *content = wi_hub_reference_of_name(name);
    enum wi_code code = start_as(pulls, name, content ? content : name, error);
    free(content);
    return code;
}

static void end(struct wi_run_pull *pull, const struct wi_error *failure)
{
    struct wi_run_pull_owner owner = pull->owner;
    wi_run_pull_leave(pull);
    owner.on_end(owner.context, failure);
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct wi_run_pull *pull = context;
    const struct wi_progress progress = {.phase = wi_pull_state_names[info->state],
        .has_bytes = info->total > 0,
        .loaded_bytes = info->done,
        .total_bytes = info->total};
    if (info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED) {
        pull->owner.on_progress(pull->owner.context, &progress);
        return;
    }
    pull->watch = NULL;
    end(pull, info->error);
}

static void on_late(void *context)
{
    struct wi_run_pull *pull = context;
    struct wi_error error;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "%.200s is still being pulled, and goes on; GET /v1/models/%.200s shows how far that is; "
        "ask again, or allow more time",
        pull->name, pull->name);
    end(pull, &error);
}

struct wi_run_pull *wi_run_pull_begin(uv_loop_t *loop, struct wi_pulls *pulls, const char *name,
    double wait_ms, const struct wi_run_pull_owner *owner, struct wi_error *error)
{
    if (start(pulls, name, error) != WI_OK)
        return NULL;
    struct wi_run_pull *pull = wi_alloc(sizeof *pull);
    pull->owner = *owner;
    pull->name = wi_strdup(name);
    pull->watch = wi_pull_watch(pulls, name, on_pull, pull);
    pull->timer = wi_timer_new(loop, on_late, pull);
    wi_timer_start(pull->timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
    return pull;
}

void wi_run_pull_leave(struct wi_run_pull *pull)
{
    if (!pull)
        return;
    wi_pull_unwatch(pull->watch);
    wi_timer_free(pull->timer);
    free(pull->name);
    free(pull);
}
