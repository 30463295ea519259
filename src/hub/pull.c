/*
 * The steps of one pull, each asynchronous; the one under way is the only one that is set:
 *
 *   stage    the request is written down, so that the next daemon finds it
 *   look     the hub's token and what is here of the name already are read, beside the loop
 *   list     which commit, what it has
 *   choose   which files of that, held against those here, beside the loop
 *   reuse    what earlier versions have of them is linked
 *   measure  how long those are of which nobody has said it
 *   around   neighbours say what they have, where others may have to go
 *   room     others make room for all of it
 *   fetch    the rest comes over the network, hashed
 *   publish  it is read, as the repository will read it, and then one rename
 *   find     the repository has the model
 *   want     it is no copy, if it was one
 *
 * A step for which descriptors or memory are short is tried again by itself (WI_RETRIES_MAX). One
 * that fails for good leaves nothing; what was only interrupted is kept for the next time, and
 * taken up when the daemon is started again.
 */
#include "hub/pull.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "hub/content_pull.h"
#include "hub/list.h"
#include "hub/near.h"
#include "hub/pull_plan.h"
#include "source/retry.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The speed is that of the last seconds. */
#define RATE_MS 3000.0
#define PAUSE_MS 500 /* before the second try of a step */

typedef void step_fn(struct wi_pull *pull);

/* Who says what there is, and has it brought: a hub, a CID, or a neighbour, which says a CID. */
struct authority {
    step_fn *list;
    step_fn *fetch;
};

struct wi_pull {
    struct wi_pulls_deps deps;
    struct wi_pull_plan *plan;
    const struct wi_pull_order *order; /* the plan's */
    const struct authority *authority;
    struct wi_hub_tree *files; /* that it has chosen */
    wi_pull_changed_fn *on_change;
    wi_pull_named_fn *on_name;
    void *context;
    char id[WI_STAGING_ID_MAX + 1];
    enum wi_pull_state state;
    int cancelled;
    /* The step under way, where that is not the plan's. */
    struct wi_hub_list *list;
    struct wi_fetch *fetch;
    struct wi_content_pull *content; /* of a CID, through all steps */
    struct wi_router *router;        /* likewise; NULL: there is none, or it was not asked yet */
    struct wi_near *near; /* of a hub's files, until the pull ends; NULL: nobody is near */
    struct wi_neighbours_wait *wait;
    struct wi_versions_task *task;
    struct wi_repository_lookup *lookup;
    /* Where it is tried again. */
    step_fn *step;
    struct wi_timer *pause; /* NULL: nothing was short yet */
    unsigned failed;        /* attempts in a row that brought nothing */
    /* What is known so far. */
    char *folder; /* where the files go */
    struct wi_fetch_progress progress;
    uint64_t *lengths; /* while they are measured */
    char *retrying;    /* NULL: nothing is */
    struct wi_fetch_source
        *shares; /* who has brought how much, where several do; the names are of: */
    struct wi_strings share_names;
    size_t share_count;
    struct wi_fetch_progress near_brought; /* before the hub was asked; its names are of `near` */
    uint64_t fetched_before;               /* when something was short last */
    uint64_t reused, evicted;
    uint64_t needed; /* bytes that room was asked for */
    struct wi_error error;
    double began_ms, ended_ms;
    /* For the speed. */
    double rate, rate_at;
    uint64_t rate_from;
};

/* Nothing calls back any more. */
static void stop_step(struct wi_pull *pull)
{
    wi_pull_plan_cancel(pull->plan);
    wi_hub_list_cancel(pull->list);
    wi_fetch_cancel(pull->fetch);
    wi_content_pull_free(pull->content);
    wi_router_free(pull->router);
    wi_near_free(pull->near);
    wi_neighbours_cancel(pull->wait);
    wi_versions_cancel(pull->task);
    wi_repository_cancel(pull->lookup);
    wi_timer_free(pull->pause);
    pull->list = NULL;
    pull->fetch = NULL;
    pull->content = NULL;
    pull->router = NULL;
    pull->near = NULL;
    pull->wait = NULL;
    pull->task = NULL;
    pull->lookup = NULL;
    pull->pause = NULL;
}

static void clear_shares(struct wi_pull *pull)
{
    wi_strings_clear(&pull->share_names);
    free(pull->shares);
    pull->shares = NULL;
    pull->share_count = 0;
}

void wi_pull_free(struct wi_pull *pull)
{
    stop_step(pull);
    wi_pull_plan_free(pull->plan);
    free(pull->folder);
    free(pull->lengths);
    free(pull->retrying);
    clear_shares(pull);
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
    (void)result;
    (void)error;
    pull->task = NULL;
    set_state(pull, WI_PULL_FAILED);
}

/* Whether trying again later, as it is, may help: then what was fetched, if anything, is kept. */
static int is_passing(enum wi_code code)
{
    return code == WI_HUB_FAILED || code == WI_HUB_BUSY || code == WI_STORAGE_FAILED ||
           code == WI_NO_ROOM || code == WI_HUB_UNAUTHORIZED || code == WI_UNAVAILABLE;
}

static void begin_step(struct wi_pull *pull, step_fn *step)
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

/* Whether the step that has failed will be tried again. If bytes came meanwhile this is its first
 * failure. */
static int try_again(struct wi_pull *pull, const struct wi_error *error)
{
    if (error->code != WI_UNAVAILABLE)
        return 0;
    if (pull->progress.fetched > pull->fetched_before)
        pull->failed = 0;
    pull->fetched_before = pull->progress.fetched;
    if (pull->failed == WI_RETRIES_MAX)
        return 0;
    uint64_t pause_ms = wi_retry_pause(PAUSE_MS, ++pull->failed);
    wi_warn(
        "pull", pull->order->name, "%s (again in %.1f s)", error->detail, (double)pause_ms / 1000);
    if (!pull->pause)
        pull->pause = wi_timer_new(pull->deps.loop, on_pause_over, pull);
    wi_timer_start(pull->pause, pause_ms, 0);
    return 1;
}

/* Where all whom it might have named beside are out of the question, it is told why. */
static void add_reason_of_router(const struct wi_pull *pull, struct wi_error *error)
{
    const char *reason = pull->router ? wi_router_reason(pull->router) : NULL;
    int is_theirs = error->code == WI_HUB_FAILED || error->code == WI_HUB_NOT_FOUND ||
                    error->code == WI_HUB_BUSY || error->code == WI_DOWNLOAD_CORRUPT;
    size_t length = strlen(error->detail);
    if (reason && is_theirs)
        snprintf(error->detail + length, sizeof error->detail - length, "; %s", reason);
}

static void fail(struct wi_pull *pull, const struct wi_error *error)
{
    if (try_again(pull, error))
        return;
    pull->error = *error;
    add_reason_of_router(pull, &pull->error);
    wi_warn("pull", pull->order->name, "failed: %s", pull->error.detail);
    stop_step(pull);
    pull->task = wi_versions_drop_staging(
        pull->deps.versions, pull->id, is_passing(error->code), on_dropped, pull);
}

void wi_pull_cancel(struct wi_pull *pull)
{
    struct wi_error error;
    if (pull->cancelled)
        return;
    pull->cancelled = 1;
    wi_error_set(&error, WI_CANCELLED, NULL, "the pull of %.200s was cancelled", pull->order->name);
    fail(pull, &error);
}

/* A task of the store has come to its end: whether the pull goes on from there. */
static int goes_on(struct wi_pull *pull, const struct wi_error *error)
{
    pull->task = NULL;
    if (error)
        fail(pull, error);
    return !error;
}

/* --- publishing ------------------------------------------------------------------------------- */

static void end(struct wi_pull *pull)
{
    wi_info("pull", pull->order->name, "is here: %llu bytes, %llu of them fetched in %.1f s",
        (unsigned long long)pull->files->bytes, (unsigned long long)pull->progress.fetched,
        (wi_now_ms() - pull->began_ms) / 1000);
    set_state(pull, WI_PULL_DONE);
}

static void on_wanted(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    (void)result;
    if (goes_on(pull, error))
        end(pull);
}

/* What is here may have come for others' sake, by this pull or by an earlier one. */
static void want(struct wi_pull *pull)
{
    if (pull->order->copy || !pull->order->parsed.is_content)
        end(pull);
    else
        pull->task = wi_versions_want(pull->deps.versions, pull->order->name, on_wanted, pull);
}

static void on_found(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_pull *pull = context;
    pull->lookup = NULL;
    (void)model;
    if (failure)
        fail(pull, failure);
    else
        begin_step(pull, want);
}

static void find_model(struct wi_pull *pull)
{
    struct wi_repository_lookup *lookup =
        wi_repository_find(pull->deps.repository, pull->order->name, on_found, pull);
    if (lookup) /* else on_found was called, and the pull may be gone */
        pull->lookup = lookup;
}

static void on_published(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    (void)result;
    if (goes_on(pull, error))
        begin_step(pull, find_model);
}

static void add_files(struct wi_source *source, const struct wi_hub_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        wi_source_add(source, file->path, file->bytes, file->hash);
        memcpy(source->files[i].sha256, file->sha256, sizeof file->sha256);
    }
}

static void publish(struct wi_pull *pull)
{
    const struct wi_hub_reference *parsed = &pull->order->parsed;
    struct wi_source source = {.hub = pull->order->hub.name,
        .repository = parsed->repository,
        .revision = parsed->revision,
        .commit = pull->files->commit,
        .variant = pull->plan->chosen.variant,
        .pulled_at = wi_wall_ms() / 1000,
        .copy = pull->order->copy};
    struct wi_source copy = {0};
    wi_source_copy(&copy, &source);
    add_files(&copy, pull->files);
    pull->task = wi_versions_make_current(
        pull->deps.versions, pull->id, pull->order->name, &copy, on_published, pull);
    wi_source_clear(&copy);
    set_state(pull, WI_PULL_PUBLISHING);
}

/* --- fetching --------------------------------------------------------------------------------- */

/* Those of the configuration that this pull was begun with. */
static void set_sources(const struct wi_pull *pull)
{
    wi_gateways_set(&pull->order->gateways, pull->deps.sources, pull->deps.neighbours);
}

static void measure(struct wi_pull *pull)
{
    double now = wi_now_ms(), passed = now - pull->rate_at;
    if (pull->rate_at <= 0) {
        pull->rate_at = now;
        pull->rate_from = pull->progress.fetched;
    } else if (passed >= RATE_MS / 6) {
        double latest = (double)(pull->progress.fetched - pull->rate_from) / passed * 1000;
        double weight = passed < RATE_MS ? passed / RATE_MS : 1;
        pull->rate = pull->rate > 0 ? pull->rate + (latest - pull->rate) * weight : latest;
        pull->rate_at = now;
        pull->rate_from = pull->progress.fetched;
    }
}

static void add_share(struct wi_pull *pull, const struct wi_fetch_source *source)
{
    size_t count = pull->share_count++;
    wi_strings_add(&pull->share_names, source->name);
    pull->shares = wi_realloc_array(pull->shares, count + 1, sizeof *pull->shares);
    pull->shares[count] = (struct wi_fetch_source){pull->share_names.items[count], source->bytes};
}

/* It may have shared before. */
static void add_share_of_hub(struct wi_pull *pull, uint64_t bytes)
{
    const char *name = pull->order->hub.name;
    for (size_t i = 0; i < pull->share_count; i++)
        if (strcmp(pull->shares[i].name, name) == 0) {
            pull->shares[i].bytes += bytes;
            return;
        }
    add_share(pull, &(struct wi_fetch_source){name, bytes});
}

static void take_shares(struct wi_pull *pull, const struct wi_fetch_progress *progress)
{
    const struct wi_fetch_progress *near = &pull->near_brought;
    const struct wi_fetch_progress *several = near->source_count > 0 ? near : progress;
    clear_shares(pull);
    for (size_t i = 0; i < several->source_count; i++)
        add_share(pull, &several->sources[i]);
    if (several == near)
        add_share_of_hub(pull, progress->fetched);
}

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
    take_shares(pull, progress);
    take_retrying(pull, progress->retrying);
}

static void on_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    take_progress(pull, progress);
    measure(pull);
    set_state(pull, progress->done < progress->total ? WI_PULL_DOWNLOADING : WI_PULL_VERIFYING);
}

static void on_fetched(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    pull->fetch = NULL;
    take_progress(pull, progress);
    if (error)
        fail(pull, error);
    else
        begin_step(pull, publish);
}

/* Where the leaves of what comes are kept. */
static const char *store_of(const struct wi_pull *pull)
{
    return pull->order->keeps_leaves ? pull->order->directory : NULL;
}

/* What it went on with may have come from neighbours. */
static int on_wrong_file(void *context, size_t file)
{
    const struct wi_pull *pull = context;
    return pull->near && wi_near_was_wrong(pull->near, file);
}

static void fetch_from_hub(struct wi_pull *pull)
{
    const struct wi_fetch_order order = {.hub = &pull->order->hub,
        .repository = pull->order->parsed.repository,
        .files = pull->files,
        .folder = pull->folder,
        .limit = pull->deps.limit,
        .store = store_of(pull),
        .on_wrong = on_wrong_file};
    pull->fetch =
        wi_fetch_start(pull->deps.loop, pull->deps.http, &order, on_progress, on_fetched, pull);
}

static void on_near_end(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    take_progress(pull, progress);
    pull->fetched_before = pull->progress.fetched;
    pull->near_brought = *progress;
    fetch_from_hub(pull);
}

/* Neighbours first, once, where there are some. */
static void fetch_of_hub(struct wi_pull *pull)
{
    const struct wi_near_order order = {.loop = pull->deps.loop,
        .http = pull->deps.http,
        .neighbours = pull->deps.neighbours,
        .limit = pull->deps.limit,
        .blocks = pull->deps.blocks,
        .store = store_of(pull),
        .library = pull->order->directory,
        .stall_ms = pull->order->stall_ms,
        .files = pull->files,
        .hub = pull->order->hub_shares ? &pull->order->hub : NULL,
        .repository = pull->order->parsed.repository,
        .folder = pull->folder};
    if (pull->near || pull->order->gateways.count == 0) {
        fetch_from_hub(pull);
        return;
    }
    set_sources(pull);
    pull->near = wi_near_start(&order, on_progress, on_near_end, pull);
}

static void fetch_content(struct wi_pull *pull)
{
    wi_content_pull_fetch(pull->content, pull->files, on_progress, on_fetched, pull);
}

static void fetch(struct wi_pull *pull)
{
    pull->authority->fetch(pull);
    set_state(pull, WI_PULL_DOWNLOADING);
}

static void on_room(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    struct wi_error full;
    if (error && error->code == WI_STORAGE_FAILED && pull->content) {
        wi_error_set(&full, WI_NO_ROOM, "", "%s", error->detail);
        error = &full;
    }
    if (!goes_on(pull, error))
        return;
    pull->evicted = result->bytes;
    begin_step(pull, fetch);
}

/* From then on others count it, in the order in which they have asked. */
static void make_room(struct wi_pull *pull)
{
    uint64_t needed = pull->files->bytes > pull->reused ? pull->files->bytes - pull->reused : 0;
    pull->needed = 0;
    pull->task = pull->order->copy
                     ? wi_versions_find_room(
                           pull->deps.versions, pull->id, needed, pull->order->apart, on_room, pull)
                     : wi_versions_make_room(pull->deps.versions, pull->id, needed, on_room, pull);
    pull->needed = needed;
}

static void on_around(void *context)
{
    struct wi_pull *pull = context;
    pull->wait = NULL;
    begin_step(pull, make_room);
}

/* What they have goes first where room is made. */
static void ask_around(struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    if (order->copy || order->quota == 0 || order->gateways.count == 0 || !pull->deps.neighbours) {
        begin_step(pull, make_room);
        return;
    }
    set_sources(pull);
    pull->wait = wi_neighbours_ask(
        pull->deps.neighbours, WI_NEIGHBOURS_FRESH_MS, WI_NEIGHBOURS_WAIT_MS, on_around, pull);
}

/* --- measuring -------------------------------------------------------------------------------- */

static void on_measuring(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    take_retrying(pull, progress->retrying);
    set_state(pull, WI_PULL_RESOLVING);
}

static void on_measured(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    (void)progress;
    pull->fetch = NULL;
    take_retrying(pull, NULL);
    if (error) {
        fail(pull, error);
        return;
    }
    for (size_t i = 0; i < pull->files->count; i++)
        if (pull->files->files[i].bytes == WI_HUB_BYTES_UNKNOWN)
            wi_hub_tree_set_bytes(pull->files, i, pull->lengths[i]);
    pull->progress.total = pull->files->bytes;
    begin_step(pull, ask_around);
}

static void measure_files(struct wi_pull *pull)
{
    const struct wi_hub_tree *files = pull->files;
    const struct wi_fetch_order order = {.hub = &pull->order->hub,
        .repository = pull->order->parsed.repository,
        .files = files,
        .lengths = pull->lengths =
            wi_realloc_array(pull->lengths, files->count + 1, sizeof *pull->lengths)};
    int unknown = 0;
    for (size_t i = 0; i < files->count; i++) {
        order.lengths[i] = files->files[i].bytes;
        unknown |= order.lengths[i] == WI_HUB_BYTES_UNKNOWN;
    }
    if (unknown)
        pull->fetch = wi_fetch_start(
            pull->deps.loop, pull->deps.http, &order, on_measuring, on_measured, pull);
    else
        begin_step(pull, ask_around);
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Takes over what is known now: which files are here, and with that how long those of a plain hub
 * are. */
static void on_reused(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (!goes_on(pull, error))
        return;
    for (size_t i = 0; i < pull->files->count && i < result->files.count; i++) {
        if (pull->files->files[i].bytes == WI_HUB_BYTES_UNKNOWN)
            wi_hub_tree_set_bytes(pull->files, i, result->files.files[i].bytes);
        pull->files->files[i].here = result->files.files[i].here;
    }
    pull->reused = result->bytes;
    begin_step(pull, measure_files);
}

static void reuse(struct wi_pull *pull)
{
    struct wi_source files = {0};
    add_files(&files, pull->files);
    pull->task = wi_versions_stage(
        pull->deps.versions, pull->id, NULL, pull->order->name, &files, on_reused, pull);
    wi_source_clear(&files);
}

static void on_unneeded(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    (void)result;
    (void)error;
    pull->task = NULL;
    begin_step(pull, find_model);
}

static void on_chosen(void *context, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (error) {
        fail(pull, error);
        return;
    }
    pull->progress.files = pull->files->count;
    pull->progress.total = pull->files->bytes;
    if (!pull->plan->chosen.all_here) {
        begin_step(pull, reuse);
        return;
    }
    pull->reused = pull->progress.done = pull->files->bytes;
    pull->progress.files_done = pull->files->count;
    pull->task = wi_versions_drop_staging(pull->deps.versions, pull->id, 0, on_unneeded, pull);
}

static void on_tree(void *context, const struct wi_hub_tree *tree, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    pull->list = NULL;
    if (error)
        fail(pull, error);
    else
        wi_pull_plan_choose(pull->plan, pull->deps.loop, tree, on_chosen, pull);
}

static void list_hub(struct wi_pull *pull)
{
    pull->list = wi_hub_list_start(
        pull->deps.loop, pull->deps.http, &pull->order->hub, &pull->order->parsed, on_tree, pull);
}

static const struct authority hub = {list_hub, fetch_of_hub};

/* --- content ---------------------------------------------------------------------------------- */

/* What the path leads to is known now, and so how it is called. */
static int get_name(struct wi_pull *pull, const struct wi_hub_tree *tree, struct wi_error *error)
{
    char *name = wi_sprintf(WI_NAME_CONTENT "%s", tree->commit);
    int named = pull->on_name(pull->context, name, error) == WI_OK;
    if (named)
        wi_pull_plan_name(pull->plan, name);
    free(name);
    return named;
}

static void on_content(void *context, const struct wi_hub_tree *tree, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    struct wi_error taken;
    take_retrying(pull, NULL);
    if (!error && pull->order->unnamed && !get_name(pull, tree, &taken))
        error = &taken;
    on_tree(pull, tree, error);
}

static void start_content(struct wi_pull *pull, const struct wi_hub_reference *reference)
{
    const struct wi_content_order order = {.loop = pull->deps.loop,
        .http = pull->deps.http,
        .sources = pull->deps.sources,
        .router = pull->router,
        .limit = pull->deps.limit,
        .blocks = pull->deps.blocks,
        .store = store_of(pull),
        .library = pull->order->directory,
        .stall_ms = pull->order->stall_ms,
        .reference = reference,
        .folder = pull->folder,
        .bytes_max = pull->plan->bytes_max};
    wi_content_pull_free(pull->content);
    pull->content = wi_content_pull_new(&order);
    wi_content_pull_list(pull->content, on_measuring, on_content, pull);
}

static void on_router_known(void *context)
{
    struct wi_pull *pull = context;
    start_content(pull, &pull->order->parsed);
}

/* Once, also where this step is tried again. */
static void list_content(struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    set_sources(pull);
    if (pull->router || !order->routing) {
        start_content(pull, &order->parsed);
        return;
    }
    uint64_t wait_ms = order->gateways.count > 0 ? WI_ROUTER_WAIT_MS : WI_ROUTER_ALONE_MS;
    pull->router = wi_router_ask(pull->deps.loop, pull->deps.http, pull->deps.sources,
        order->routing, &order->parsed.root, wait_ms, on_router_known, pull);
}

static const struct authority content = {list_content, fetch_content};

/* --- a neighbour's model, by its name there --------------------------------------------------- */

static void on_neighbours_known(void *context)
{
    struct wi_pull *pull = context;
    const struct wi_hub_reference *parsed = &pull->order->parsed;
    struct wi_hub_reference reference;
    struct wi_cid cid;
    struct wi_error error;
    pull->wait = NULL;
    set_sources(pull); /* it is known now who is ourselves */
    if (wi_neighbours_model(pull->deps.neighbours, pull->order->hub.name, parsed->repository,
            parsed->variant, &cid, &error) != WI_OK) {
        fail(pull, &error);
        return;
    }
    wi_hub_reference_of_cid(&cid, &reference);
    start_content(pull, &reference);
    wi_hub_reference_clear(&reference);
}

static void list_neighbour(struct wi_pull *pull)
{
    set_sources(pull);
    pull->wait = wi_neighbours_ask(
        pull->deps.neighbours, 0, WI_NEIGHBOURS_NAMED_MS, on_neighbours_known, pull);
}

static const struct authority neighbour = {list_neighbour, fetch_content};

static const struct authority *authority_of(const struct wi_pull_order *order)
{
    if (order->parsed.is_content)
        return &content;
    return order->hub.layout == WI_HUB_WEBINFER ? &neighbour : &hub;
}

/* --- what is here, and tokens ----------------------------------------------------------------- */

static void on_looked(void *context, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (error)
        fail(pull, error);
    else
        pull->authority->list(pull);
}

static void look(struct wi_pull *pull)
{
    wi_pull_plan_look(pull->plan, pull->deps.loop, on_looked, pull);
}

static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    if (!goes_on(pull, error))
        return;
    pull->folder = wi_strdup(result->staging.folder);
    begin_step(pull, look);
}

static void stage(struct wi_pull *pull)
{
    char *request = wi_pull_order_print(pull->order);
    pull->task = wi_versions_stage(
        pull->deps.versions, pull->id, request, pull->order->name, NULL, on_staged, pull);
    free(request);
}

/* --- from outside ----------------------------------------------------------------------------- */

/* The same request finds what it had fetched before, for whosever sake; another one for the same
 * name does not. */
static void make_id(struct wi_pull *pull)
{
    struct wi_pull_order same = *pull->order;
    same.copy = 0;
    char *request = wi_pull_order_print(&same);
    unsigned char hash[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    wi_hash(request, strlen(request), hash);
    wi_hash_hex(hash, hex);
    memcpy(pull->id, hex, 32);
    free(request);
}

struct wi_pull *wi_pull_new(const struct wi_pulls_deps *deps, struct wi_pull_order *order,
    wi_pull_changed_fn *on_change, wi_pull_named_fn *on_name, void *context)
{
    struct wi_pull *pull = wi_alloc(sizeof *pull);
    pull->deps = *deps;
    pull->plan = wi_pull_plan_new(order);
    pull->order = &pull->plan->order;
    pull->authority = authority_of(pull->order);
    pull->files = &pull->plan->chosen.files;
    pull->on_change = on_change;
    pull->on_name = on_name;
    pull->context = context;
    pull->began_ms = wi_now_ms();
    make_id(pull);
    wi_info("pull", pull->order->name, "pulling %s from %s", pull->order->reference,
        pull->order->hub.name);
    begin_step(pull, stage);
    return pull;
}

/* The request is written down anew, but behind the last step where it counts. */
void wi_pull_want_here(struct wi_pull *pull, const struct wi_pull_order *order)
{
    struct wi_pull_order *own = &pull->plan->order;
    own->copy = order->copy;
    own->apart = order->apart;
    own->quota = order->quota;
    if (pull->state >= WI_PULL_PUBLISHING || pull->error.code != WI_OK)
        return;
    char *request = wi_pull_order_print(own);
    wi_versions_stage(pull->deps.versions, pull->id, request, own->name, NULL, NULL, NULL);
    free(request);
}

const struct wi_pull_order *wi_pull_order(const struct wi_pull *pull)
{
    return pull->order;
}

const char *wi_pull_id(const struct wi_pull *pull)
{
    return pull->id;
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

uint64_t wi_pull_evicted(const struct wi_pull *pull)
{
    return pull->evicted;
}

void wi_pull_info(const struct wi_pull *pull, struct wi_pull_info *info)
{
    *info = (struct wi_pull_info){.name = pull->order->name,
        .asked = pull->order->asked,
        .variant =
            pull->plan->chosen.variant ? pull->plan->chosen.variant : pull->order->parsed.variant,
        .hub = pull->order->hub.name,
        .reference = pull->order->reference,
        .commit = pull->files->commit,
        .copy = pull->order->copy,
        .state = pull->state,
        .done = pull->progress.done,
        .total = pull->progress.total,
        .fetched = pull->progress.fetched,
        .retrying = pull->retrying,
        .sources = pull->shares,
        .source_count = pull->share_count,
        .reused = pull->reused,
        .files_done = pull->progress.files_done,
        .files = pull->progress.files,
        .bytes_per_second = pull->state == WI_PULL_DOWNLOADING ? pull->rate : 0,
        .began_ms = pull->began_ms,
        .ended_ms = pull->ended_ms,
        .error = pull->state == WI_PULL_FAILED ? &pull->error : NULL};
}
