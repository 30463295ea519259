/*
 * The steps of one pull, each asynchronous; the one under way is the only one that is set:
 *
 *   stage    the request is written down, so that the next daemon finds it
 *   look     the hub's token and what is here of the name already are read, off the loop
 *   list     which commit, what it has
 *   choose   which files of that, compared with those here, off the loop
 *   reuse    what earlier versions have of them is linked
 *   measure  asks for the lengths that are still unknown
 *   around   neighbours say what they have, where others may have to go
 *   room     others make room for all of it
 *   fetch    the rest comes over the network, hashed
 *   publish  it is read, as the repository will read it, and then one rename
 *   find     the repository has the model
 *   want     it is no longer marked as a copy
 *
 * A step that lacks descriptors or memory is retried (WI_RETRIES_MAX), and so is a list for which
 * members of the cluster may be seen soon. A pull that fails for good leaves nothing; an
 * interrupted one is kept for the next time, and continued when the daemon is started again.
 * Listing, measuring and fetching are in upstream.c.
 */
#include "models/arrive/hub/pull_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "models/arrive/source/retry.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 500 /* before the second try of a step */
/* Until members of the cluster are seen: about 15 s, in which a daemon that has just started sees
 * all of them. */
#define MEMBERS_TRIES 5

/* Nothing calls back any more. */
static void stop_step(struct wi_pull *pull)
{
    wi_pull_plan_cancel(pull->plan);
    wi_upstream_stop(pull);
    wi_versions_cancel(WI_TAKE(pull->task));
    wi_repository_cancel(WI_TAKE(pull->lookup));
    wi_timer_free(WI_TAKE(pull->pause));
}

void wi_pull_settle(struct wi_pull *pull)
{
    stop_step(pull);
    free(WI_TAKE(pull->retrying));
}

void wi_pull_free(struct wi_pull *pull)
{
    wi_pull_settle(pull);
    wi_pull_plan_free(pull->plan);
    free(pull->folder);
    wi_brought_clear(&pull->brought);
    free(pull);
}

/* --- states ----------------------------------------------------------------------------------- */

static void set_state(struct wi_pull *pull, enum wi_pull_state state)
{
    int ended = state == WI_PULL_DONE || state == WI_PULL_FAILED;
    assert(pull->state < WI_PULL_DONE);
    /* A file that turned out wrong is fetched again, and nothing else goes back. */
    assert(state >= pull->state || pull->state == WI_PULL_VERIFYING);
    pull->state = state;
    if (ended)
        pull->ended_ms = wi_now_ms();
    pull->on_change(pull->context, ended); /* it may be gone now */
}

static void on_dropped(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    pull->task = NULL;
    set_state(pull, WI_PULL_FAILED);
}

static void begin_step(struct wi_pull *pull, wi_pull_step_fn *step)
{
    pull->step = step;
    pull->failed = 0;
    step(pull);
}

static void on_pause_over(void *context)
{
    struct wi_pull *pull = context;
    pull->step(pull);
}

/* The sources of the list do not have what was asked for, or cannot be used. */
static int is_of_sources(const struct wi_error *error)
{
    return error->code == WI_HUB_FAILED || error->code == WI_HUB_NOT_FOUND ||
           error->code == WI_HUB_BUSY;
}

/* How often in a row the step may be tried again. */
static unsigned tries_of(const struct wi_pull *pull, const struct wi_error *error)
{
    if (error->code == WI_UNAVAILABLE)
        return WI_RETRIES_MAX;
    int awaits = pull->state == WI_PULL_RESOLVING && is_of_sources(error) &&
                 wi_upstream_awaits_members(pull);
    return awaits ? MEMBERS_TRIES : 0;
}

/* Whether the step that has failed will be tried again. If bytes came meanwhile this is its first
 * failure. */
static int try_again(struct wi_pull *pull, const struct wi_error *error)
{
    unsigned most = tries_of(pull, error);
    if (most == 0)
        return 0;
    if (pull->progress.fetched > pull->fetched_before)
        pull->failed = 0;
    pull->fetched_before = pull->progress.fetched;
    if (pull->failed >= most)
        return 0;
    uint64_t pause_ms = wi_retry_pause(PAUSE_MS, ++pull->failed);
    wi_warn(
        "pull", pull->order->name, "%s (again in %.1f s)", error->detail, (double)pause_ms / 1000);
    if (!pull->pause)
        pull->pause = wi_timer_new(pull->deps->loop, on_pause_over, pull);
    wi_timer_start(pull->pause, pause_ms, 0);
    return 1;
}

/* Adds why no provider named by the router could be asked, if that is so. */
static void add_reason_of_router(const struct wi_pull *pull, struct wi_error *error)
{
    const struct wi_router *router = pull->upstream.router;
    const char *reason = router ? wi_router_reason(router) : NULL;
    int is_theirs = is_of_sources(error) || error->code == WI_DOWNLOAD_CORRUPT;
    size_t length = strlen(error->detail);
    if (reason && is_theirs)
        snprintf(error->detail + length, sizeof error->detail - length, "; %s", reason);
}

static void pull_fail(struct wi_pull *pull, const struct wi_error *error)
{
    enum wi_code code = error->code;
    /* Whether trying again later, as it is, may help: then what was fetched, if anything, is
     * kept. */
    int is_passing = code == WI_HUB_FAILED || code == WI_HUB_BUSY || code == WI_STORAGE_FAILED ||
                     code == WI_NO_ROOM || code == WI_HUB_UNAUTHORIZED || code == WI_UNAVAILABLE;
    if (try_again(pull, error))
        return;
    pull->error = *error;
    add_reason_of_router(pull, &pull->error);
    wi_warn("pull", pull->order->name, "failed: %s", pull->error.detail);
    stop_step(pull);
    pull->task = wi_versions_drop_staging(
        pull->models->versions, pull->order->id, is_passing, on_dropped, pull);
}

void wi_pull_cancel(struct wi_pull *pull)
{
    struct wi_error error;
    if (pull->cancelled)
        return;
    pull->cancelled = 1;
    wi_error_set(&error, WI_CANCELLED, NULL, "the pull of %.200s was cancelled", pull->order->name);
    pull_fail(pull, &error);
}

/* A task of the store has come to its end: whether the pull goes on from there. */
static int pull_goes_on(struct wi_pull *pull, const struct wi_error *error)
{
    pull->task = NULL;
    if (error)
        pull_fail(pull, error);
    return !error;
}

/* The same, for one that has no result. */
static void on_task(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (pull_goes_on(pull, error))
        begin_step(pull, pull->then);
}

/* --- publishing ------------------------------------------------------------------------------- */

static void pull_end(struct wi_pull *pull)
{
    wi_info("pull", pull->order->name, "is here: %llu bytes, %llu of them fetched in %.1f s",
        (unsigned long long)pull->files->bytes, (unsigned long long)pull->progress.fetched,
        (wi_now_ms() - pull->began_ms) / 1000);
    set_state(pull, WI_PULL_DONE);
}

/* What is here may have come for others' sake, by this pull or by an earlier one. */
static void pull_want(struct wi_pull *pull)
{
    if (pull->order->copy || !pull->order->parsed.is_content) {
        pull_end(pull);
        return;
    }
    pull->then = pull_end;
    pull->task = wi_versions_want(pull->models->versions, pull->order->name, on_task, pull);
}

static void on_found(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_pull *pull = context;
    pull->lookup = NULL;
    if (failure)
        pull_fail(pull, failure);
    else
        begin_step(pull, pull_want);
}

static void pull_find_model(struct wi_pull *pull)
{
    struct wi_repository_lookup *lookup =
        wi_repository_find(pull->models->repository, pull->order->name, on_found, pull);
    if (lookup) /* else on_found was called, and the pull may be gone */
        pull->lookup = lookup;
}

static void add_files(struct wi_source *source, const struct wi_hub_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        wi_source_add(source, file->path, file->bytes, file->hash);
        memcpy(source->files[i].sha256, file->sha256, sizeof file->sha256);
    }
}

static void pull_publish(struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    struct wi_source source = {.hub = wi_strdup(wi_pull_order_hub(order)),
        .repository = wi_strdup(order->parsed.repository),
        .revision = wi_strdup(order->parsed.revision),
        .commit = wi_strdup(pull->files->commit),
        .variant = wi_strdup(pull->plan->chosen.variant),
        .pulled_at = wi_wall_ms() / 1000,
        .copy = order->copy};
    add_files(&source, pull->files);
    pull->then = pull_find_model;
    pull->task = wi_versions_make_current(
        pull->models->versions, order->id, order->name, &source, on_task, pull);
    wi_source_clear(&source);
    set_state(pull, WI_PULL_PUBLISHING);
}

/* --- fetching --------------------------------------------------------------------------------- */

static void take_retrying(struct wi_pull *pull, const char *why)
{
    free(pull->retrying);
    pull->retrying = wi_strdup(why);
}

/* What was fetched counts over all attempts. */
static void take_progress(struct wi_pull *pull, const struct wi_fetch_progress *progress)
{
    pull->progress = *progress;
    pull->progress.fetched += pull->fetched_before;
    pull->progress.retrying = NULL;
    pull->progress.sources = NULL;
    for (size_t i = 0; i < progress->source_count; i++)
        wi_brought_take(&pull->brought, progress->sources[i].name, progress->sources[i].bytes, 0);
    take_retrying(pull, progress->retrying);
}

static void on_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    take_progress(pull, progress);
    wi_brought_measure(&pull->brought, pull->progress.fetched);
    set_state(pull, progress->done < progress->total ? WI_PULL_DOWNLOADING : WI_PULL_VERIFYING);
}

static void on_fetched(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    take_progress(pull, progress);
    if (error)
        pull_fail(pull, error);
    else
        begin_step(pull, pull_publish);
}

static void pull_fetch(struct wi_pull *pull)
{
    wi_upstream_fetch(pull);
    set_state(pull, WI_PULL_DOWNLOADING);
}

static void on_room(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    struct wi_error full;
    if (error && error->code == WI_STORAGE_FAILED && wi_pull_order_by_content(pull->order)) {
        wi_error_set(&full, WI_NO_ROOM, "", "%s", error->detail);
        error = &full;
    }
    if (!pull_goes_on(pull, error))
        return;
    pull->evicted = result->bytes;
    begin_step(pull, pull_fetch);
}

/* From then on others count it, in the order in which they have asked. */
static void pull_make_room(struct wi_pull *pull)
{
    uint64_t needed = pull->files->bytes > pull->reused ? pull->files->bytes - pull->reused : 0;
    pull->needed = 0;
    const struct wi_pull_order *order = pull->order;
    int apart = order->config->content.replica_quota > 0;
    pull->task =
        order->copy
            ? wi_versions_find_room(pull->models->versions, order->id, needed, apart, on_room, pull)
            : wi_versions_make_room(pull->models->versions, order->id, needed, on_room, pull);
    pull->needed = needed;
}

static void on_around(void *context)
{
    struct wi_pull *pull = context;
    pull->upstream.wait = NULL;
    begin_step(pull, pull_make_room);
}

static void ask_around(struct wi_pull *pull)
{
    if (wi_upstream_ask_around(pull) != 0)
        begin_step(pull, pull_make_room);
}

/* --- measuring -------------------------------------------------------------------------------- */

static void on_waiting(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    take_retrying(pull, progress->retrying);
    set_state(pull, WI_PULL_RESOLVING);
}

static void on_measured(void *context, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    take_retrying(pull, NULL);
    if (error) {
        pull_fail(pull, error);
        return;
    }
    pull->progress.total = pull->files->bytes;
    begin_step(pull, ask_around);
}

static void measure_files(struct wi_pull *pull)
{
    if (wi_upstream_measure(pull) != 0)
        begin_step(pull, ask_around);
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Takes over what is known now: which files are here, and with that how long those of a plain hub
 * are. */
static void on_reused(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (!pull_goes_on(pull, error))
        return;
    for (size_t i = 0; i < pull->files->count && i < result->files.count; i++) {
        if (pull->files->files[i].bytes == WI_HUB_BYTES_UNKNOWN)
            wi_hub_tree_set_bytes(pull->files, i, result->files.files[i].bytes);
        pull->files->files[i].here = result->files.files[i].here;
    }
    pull->reused = result->bytes;
    begin_step(pull, measure_files);
}

static void pull_reuse(struct wi_pull *pull)
{
    struct wi_source files = {0};
    add_files(&files, pull->files);
    pull->task = wi_versions_stage(
        pull->models->versions, pull->order->id, NULL, pull->order->name, &files, on_reused, pull);
    wi_source_clear(&files);
}

static void on_chosen(void *context, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (error) {
        pull_fail(pull, error);
        return;
    }
    pull->progress.files = pull->files->count;
    pull->progress.total = pull->files->bytes;
    if (!pull->plan->chosen.all_here) {
        begin_step(pull, pull_reuse);
        return;
    }
    pull->reused = pull->progress.done = pull->files->bytes;
    pull->progress.files_done = pull->files->count;
    pull->then = pull_find_model;
    pull->task =
        wi_versions_drop_staging(pull->models->versions, pull->order->id, 0, on_task, pull);
}

/* What a path in content leads to is known now, and so how it is called. */
static enum wi_code get_name(
    struct wi_pull *pull, const struct wi_hub_tree *tree, struct wi_error *error)
{
    char *name = wi_sprintf(WI_NAME_CONTENT "%s", tree->commit);
    enum wi_code code = pull->on_name(pull->context, name, error);
    if (code == WI_OK)
        wi_pull_plan_name(pull->plan, name);
    free(name);
    return code;
}

static void on_tree(void *context, const struct wi_hub_tree *tree, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    struct wi_error taken;
    pull->upstream.list = NULL;
    take_retrying(pull, NULL);
    if (!error && pull->order->unnamed && get_name(pull, tree, &taken) != WI_OK)
        error = &taken;
    if (error)
        pull_fail(pull, error);
    else
        wi_pull_plan_choose(pull->plan, pull->deps->loop, tree, on_chosen, pull);
}

/* --- what is here, and tokens ----------------------------------------------------------------- */

static void on_looked(void *context, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (error)
        pull_fail(pull, error);
    else
        wi_upstream_list(pull);
}

static void pull_look(struct wi_pull *pull)
{
    wi_pull_plan_look(pull->plan, pull->deps->loop, on_looked, pull);
}

static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (!pull_goes_on(pull, error))
        return;
    pull->folder = wi_strdup(result->staging.folder);
    pull->kept = 1;
    begin_step(pull, pull_look);
    set_state(pull, WI_PULL_RESOLVING);
}

static struct wi_versions_task *write_down(struct wi_pull *pull, wi_versions_fn *on_done)
{
    const struct wi_pull_order *order = pull->order;
    char *request = wi_pull_order_print(order);
    struct wi_versions_task *task = wi_versions_stage(
        pull->models->versions, order->id, request, order->name, NULL, on_done, pull);
    free(request);
    return task;
}

static void pull_stage(struct wi_pull *pull)
{
    pull->task = write_down(pull, on_staged);
}

/* --- from outside ----------------------------------------------------------------------------- */

static const struct wi_upstream_events upstream_events = {.on_waiting = on_waiting,
    .on_tree = on_tree,
    .on_measured = on_measured,
    .on_around = on_around,
    .on_progress = on_progress,
    .on_fetched = on_fetched};

/* After the last step that the written request matters for, it is not written again. */
void wi_pull_turn(struct wi_pull *pull)
{
    if (!pull->unwritten || pull->error.code != WI_OK || pull->state >= WI_PULL_PUBLISHING)
        return;
    pull->unwritten = 0;
    if (pull->step)
        write_down(pull, NULL);
    else
        begin_step(pull, pull_stage);
}

struct wi_pull *wi_pull_new(const struct wi_models_deps *deps, const struct wi_models *models,
    struct wi_limit *limit, struct wi_pull_order *order, wi_pull_changed_fn *on_change,
    wi_pull_named_fn *on_name, void *context)
{
    struct wi_pull *pull = wi_alloc(sizeof *pull);
    pull->deps = deps;
    pull->models = models;
    pull->limit = limit;
    pull->plan = wi_pull_plan_new(order);
    pull->order = &pull->plan->order;
    pull->files = &pull->plan->chosen.files;
    pull->on_change = on_change;
    pull->on_name = on_name;
    pull->context = context;
    pull->events = &upstream_events;
    pull->began_ms = wi_now_ms();
    pull->unwritten = 1;
    wi_info("pull", pull->order->name, "pulling %s from %s", pull->order->reference,
        wi_pull_order_hub(pull->order));
    return pull;
}

void wi_pull_want_here(struct wi_pull *pull)
{
    pull->plan->order.copy = 0;
    pull->unwritten = 1;
}

uint64_t wi_pull_pending(const struct wi_pull *pull)
{
    if (pull->state == WI_PULL_RESOLVING)
        return pull->needed;
    int writes = pull->state == WI_PULL_DOWNLOADING || pull->state == WI_PULL_VERIFYING;
    return writes && pull->progress.total > pull->progress.done
               ? pull->progress.total - pull->progress.done
               : 0;
}

void wi_pull_look(const struct wi_pull *pull, struct wi_pull_info *info)
{
    *info = (struct wi_pull_info){.name = pull->order->name,
        .asked = pull->order->asked,
        .variant =
            pull->plan->chosen.variant ? pull->plan->chosen.variant : pull->order->parsed.variant,
        .hub = wi_pull_order_hub(pull->order),
        .reference = pull->order->reference,
        .commit = pull->files->commit,
        .copy = pull->order->copy,
        .state = pull->state,
        .kept = pull->kept,
        .done = pull->progress.done,
        .total = pull->progress.total,
        .fetched = pull->progress.fetched,
        .retrying = pull->retrying,
        .sources = pull->brought.sources,
        .source_count = pull->brought.count,
        .reused = pull->reused,
        .files_done = pull->progress.files_done,
        .files = pull->progress.files,
        .bytes_per_second = pull->state == WI_PULL_DOWNLOADING ? pull->brought.rate : 0,
        .began_ms = pull->began_ms,
        .ended_ms = pull->ended_ms,
        .error = pull->state == WI_PULL_FAILED ? &pull->error : NULL};
}
