/* Waiting for a model that is being pulled, or made; see wait.h. */
#include "work/run/wait.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "terms/model/reference.h"
#include <stdlib.h>
#include <string.h>

/* After a failure the hub is left alone for so long, however many ask. */
#define PATIENCE_MS 10000.0

struct wi_run_wait {
    struct wi_run_wait_owner owner;
    char *name;
    const char *what; /* is done with it */
    struct wi_timer *timer;
    /* Of these one. */
    struct wi_pull_watch *watch;
    struct wi_run_made *made;
    const struct wi_run_maker *maker; /* of `made` */
};

static void wait_end(struct wi_run_wait *wait, const struct wi_error *failure)
{
    struct wi_run_wait_owner owner = wait->owner;
    wi_run_wait_leave(wait);
    owner.on_end(owner.context, failure);
}

static void on_late(void *context)
{
    struct wi_run_wait *wait = context;
    struct wi_error error;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "%.200s is still being %s, and this continues; GET /v1/models/%.200s shows its progress; "
        "ask again, or allow more time",
        wait->name, wait->what, wait->name);
    wait_end(wait, &error);
}

static struct wi_run_wait *wait_for(uv_loop_t *loop, char *name, const char *what, double wait_ms,
    const struct wi_run_wait_owner *owner)
{
    struct wi_run_wait *wait = wi_alloc(sizeof *wait);
    wait->owner = *owner;
    wait->name = name;
    wait->what = what;
    wait->timer = wi_timer_new(loop, on_late, wait);
    wi_timer_start(wait->timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
    return wait;
}

void wi_run_wait_leave(struct wi_run_wait *wait)
{
    if (!wait)
        return;
    wi_pull_unwatch(wait->watch);
    if (wait->made)
        wait->maker->leave(wait->made);
    wi_timer_free(wait->timer);
    free(wait->name);
    free(wait);
}

int wi_run_may_pull(const struct wi_pulls *pulls, const char *name, const struct wi_error *failure)
{
    return failure->code == WI_MODEL_NOT_FOUND && pulls && wi_pulls_on_demand(pulls, name);
}

/* Begins, unless the same has just failed. */
static enum wi_code start_as(
    struct wi_pulls *pulls, const char *name, const char *reference, struct wi_error *error)
{
    const struct wi_pull_want want = {.reference = reference};
    struct wi_pull_info info;
    if (wi_pulls_find(pulls, name, &info) == 0 && info.state == WI_PULL_FAILED &&
        strcmp(info.reference, reference) == 0 && wi_now_ms() - info.ended_ms < PATIENCE_MS) {
        *error = *info.error;
        return error->code;
    }
    return wi_pulls_start(pulls, &want, &info, error);
}

static enum wi_code pull_start(struct wi_pulls *pulls, const char *name, struct wi_error *error)
{
    char *content = wi_hub_reference_of_name(name);
    enum wi_code code = start_as(pulls, name, content ? content : name, error);
    free(content);
    return code;
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct wi_run_wait *wait = context;
    const struct wi_progress progress = {.phase = wi_pull_state_names[info->state],
        .has_bytes = info->total > 0,
        .loaded_bytes = info->done,
        .total_bytes = info->total};
    if (info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED) {
        wait->owner.on_progress(wait->owner.context, &progress);
        return;
    }
    wait->watch = NULL;
    wait_end(wait, info->error);
}

struct wi_run_wait *wi_run_wait_pull(uv_loop_t *loop, struct wi_pulls *pulls, const char *name,
    double wait_ms, const struct wi_run_wait_owner *owner, struct wi_error *error)
{
    if (pull_start(pulls, name, error) != WI_OK)
        return NULL;
    struct wi_run_wait *wait = wait_for(loop, wi_strdup(name), "pulled", wait_ms, owner);
    wait->watch = wi_pull_watch(pulls, name, on_pull, wait);
    return wait;
}

static void on_made(
    void *context, const struct wi_progress *progress, const struct wi_error *failure)
{
    struct wi_run_wait *wait = context;
    if (progress) {
        wait->owner.on_progress(wait->owner.context, progress);
        return;
    }
    wait->made = NULL;
    wait_end(wait, failure);
}

struct wi_run_wait *wi_run_wait_made(uv_loop_t *loop, const struct wi_run_maker *maker,
    struct wi_model *model, const char *variant, double wait_ms,
    const struct wi_run_wait_owner *owner)
{
    char *name = wi_model_name_with(model->name, variant);
    struct wi_run_wait *wait = wait_for(loop, name, "made", wait_ms, owner);
    wait->maker = maker;
    wait->made = maker->begin(maker->context, model, variant, on_made, wait);
    return wait;
}
