/* A daemon that pulls, with a hub that is played here: listing and fetching are the test's own, the
 * store is a real folder. For use in one test file each: everything is static. */
#ifndef WI_TESTS_UNIT_HUB_PULLS_FIXTURE_H
#define WI_TESTS_UNIT_HUB_PULLS_FIXTURE_H

#include "../../../test.h"

#include "../../../files.h"
#include "../../../terms/format/onnx_build.h"
#include "base/hash.h"
#include "base/loop.h"
#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_list.h"
#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/arrive/source/retry.h"
#include "models/catalog/library/versions.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the hub ---------------------------------------------------------------------------------- */

struct wi_hub_list {
    wi_hub_list_fn *on_tree;
    void *context;
    struct wi_timer *timer;
    struct wi_hub hub;
};

struct wi_fetch {
    wi_fetch_progress_fn *on_progress;
    wi_fetch_fn *on_end;
    void *context;
    char *folder;
    struct wi_hub_tree *measured;
    struct wi_hub_tree chosen;
    struct wi_timer *timer;
};

/* From where on descriptors are short. */
enum place { THE_START, THE_LIST, THE_FETCH, NOWHERE };

/* More descriptors than any step needs at a time. What reads the list of models meanwhile takes
 * some, too. */
#define ENOUGH 24

/* What the hub is to do, and what was asked of it. */
static struct {
    struct wi_error list_error, fetch_error; /* code WI_OK: none */
    int hold;                                /* the download stands still */
    int lists, fetches;
    int fetch_failures; /* fetches that are yet to fail by `fetch_error`; 0: all do */
    int pauses;         /* before another try */
    int lifted_after;   /* so many of them there are enough descriptors again; 0: never */
    enum place short_from;
    int left; /* descriptors, from there on */
    uint64_t pause_ms;
    struct rlimit before; /* there were too few */
    int tells_no_length;  /* until it is asked for */
    int measured;         /* so often */
    char commit[65];
    struct wi_buffer model;
} played;

/* --- what is short ---------------------------------------------------------------------------- */

/* So many can still be opened. */
static void leave(int descriptors)
{
    int taken[ENOUGH + 1], count = 0;
    getrlimit(RLIMIT_NOFILE, &played.before);
    struct rlimit limit = played.before;
    do {
        taken[count] = dup(0);
        limit.rlim_cur = (rlim_t)taken[count];
    } while (++count <= descriptors);
    while (count > 0)
        close(taken[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void leave_all(void)
{
    if (played.before.rlim_cur > 0)
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &played.before), 0);
}

static void reach(enum place place)
{
    if (place == played.short_from)
        leave(played.left);
}

uint64_t wi_retry_pause(unsigned first_ms, unsigned failed)
{
    played.pauses++;
    assert_int_not_equal(first_ms, 0);
    assert_in_range(failed, 1, WI_RETRIES_MAX);
    if (played.pauses == played.lifted_after)
        leave_all();
    return played.pause_ms;
}

/* --- what it gives ---------------------------------------------------------------------------- */

static void free_list(struct wi_hub_list *list)
{
    wi_timer_free(list->timer);
    free(list);
}

static void sha256(const struct wi_buffer *bytes, char hex[65])
{
    unsigned char hash[WI_HASH_SIZE];
    wi_hash(bytes->text, bytes->size, hash);
    wi_hash_hex(hash, hex);
}

static void give_tree(void *context)
{
    struct wi_hub_list *list = context;
    wi_hub_list_fn *on_tree = list->on_tree;
    void *to = list->context;
    struct wi_hub_tree tree = {0};
    struct wi_hub_file file = {.path = "model.onnx", .remote = "model.onnx"};
    file.bytes = played.tells_no_length ? WI_HUB_BYTES_UNKNOWN : played.model.size;
    sha256(&played.model, file.hash);
    tree.commit = wi_strdup(played.commit);
    wi_hub_tree_add(&tree, &file, file.path);
    free_list(list);
    reach(THE_LIST);
    if (played.list_error.code != WI_OK)
        on_tree(to, NULL, &played.list_error);
    else
        on_tree(to, &tree, NULL);
    wi_hub_tree_clear(&tree);
}

struct wi_hub_list *wi_hub_list_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_hub *hub, const struct wi_hub_reference *reference, wi_hub_list_fn *on_tree,
    void *context)
{
    struct wi_hub_list *list = wi_alloc(sizeof *list);
    assert_string_equal(hub->name, "huggingface");
    assert_non_null(reference->repository);
    list->on_tree = on_tree;
    list->context = context;
    list->timer = wi_timer_new(loop, give_tree, list);
    wi_timer_start(list->timer, 0, 0);
    played.lists++;
    return list;
}

void wi_hub_list_cancel(struct wi_hub_list *list)
{
    if (list)
        free_list(list);
}

void wi_fetch_cancel(struct wi_fetch *fetch)
{
    if (!fetch)
        return;
    wi_timer_free(fetch->timer);
    wi_hub_tree_clear(&fetch->chosen);
    free(fetch->folder);
    free(fetch);
}

static int writes_model(const struct wi_fetch *fetch)
{
    char *path = wi_sprintf("%s/model.onnx", fetch->folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    free(path);
    if (fd < 0)
        return 0;
    assert_int_equal(write(fd, played.model.text, played.model.size), played.model.size);
    close(fd);
    return 1;
}

static int fetch_fails(const struct wi_fetch *fetch)
{
    static const struct wi_error none;
    if (!writes_model(fetch)) {
        wi_error_set(&played.fetch_error, WI_UNAVAILABLE, "", "the file cannot be opened");
        return 1;
    }
    if (played.lifted_after > 0 || (played.fetch_failures > 0 && --played.fetch_failures == 0))
        played.fetch_error = none;
    return played.fetch_error.code != WI_OK;
}

static void give_lengths(struct wi_fetch *fetch)
{
    const struct wi_fetch_progress progress = {0};
    wi_fetch_fn *on_end = fetch->on_end;
    void *to = fetch->context;
    played.measured++;
    for (size_t i = 0; i < fetch->chosen.count; i++)
        wi_hub_tree_set_bytes(fetch->measured, i, played.model.size);
    wi_fetch_cancel(fetch);
    on_end(to, &progress, NULL);
}

static void give_files(void *context)
{
    struct wi_fetch *fetch = context;
    if (fetch->measured) {
        give_lengths(fetch);
        return;
    }
    struct wi_fetch_progress progress = {
        .done = 1, .total = fetch->chosen.bytes, .fetched = 1, .files = 1};
    fetch->on_progress(fetch->context, &progress);
    if (played.hold)
        return;
    if (played.pauses == 0)
        reach(THE_FETCH);
    int fails = fetch_fails(fetch);
    wi_fetch_fn *on_end = fetch->on_end;
    void *to = fetch->context;
    progress.done = progress.fetched = progress.total;
    fetch->on_progress(to, &progress);
    wi_fetch_cancel(fetch);
    on_end(to, &progress, fails ? &played.fetch_error : NULL);
}

struct wi_fetch *wi_fetch_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_fetch_order *order, wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end,
    void *context)
{
    struct wi_fetch *fetch = wi_alloc(sizeof *fetch);
    fetch->on_progress = on_progress;
    fetch->on_end = on_end;
    fetch->context = context;
    fetch->folder = wi_strdup(order->folder);
    wi_hub_tree_copy(&fetch->chosen, order->files);
    fetch->timer = wi_timer_new(loop, give_files, fetch);
    wi_timer_start(fetch->timer, 0, 0);
    fetch->measured = order->measured;
    played.fetches += !order->measured;
    return fetch;
}

/* --- the daemon ------------------------------------------------------------------------------- */

struct fixture {
    uv_loop_t loop;
    char root[64];
    struct wi_config *config;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_http *http; /* NULL: nothing is asked by it, and there are no sources */
    struct wi_sources *sources;
    struct wi_neighbours *neighbours;
    struct wi_models_deps deps;
    struct wi_models parts;
    struct wi_pulls *pulls;
};

static void begin(struct fixture *f)
{
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->repository = wi_repository_new(&f->loop, f->root, NULL);
    f->versions = wi_versions_work_new(&f->loop, f->repository);
    f->sources = f->http ? wi_sources_new() : NULL;
    f->neighbours = f->http ? wi_neighbours_new(&f->loop, f->http, "own") : NULL;
    f->deps = (struct wi_models_deps){.loop = &f->loop, .http = f->http};
    f->parts = (struct wi_models){.repository = f->repository,
        .versions = f->versions,
        .sources = f->sources,
        .neighbours = f->neighbours};
    f->pulls = wi_pulls_new(&f->deps, &f->parts, f->config);
}

/* As a daemon that ends: what is under way stops where it is. */
static void end(struct fixture *f)
{
    wi_pulls_free(f->pulls);
    wi_neighbours_free(f->neighbours);
    if (f->sources)
        wi_sources_free(f->sources);
    wi_versions_work_free(f->versions);
    wi_repository_free(f->repository);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    struct wi_problems problems = {0};
    struct wi_strings patterns = {0};
    memset(&played, 0, sizeof played);
    played.short_from = NOWHERE;
    played.model = small_model();
    memset(played.commit, 'a', 40);
    make_root(f->root, "pulls");
    f->config = wi_config_load(NULL, &problems);
    assert_non_null(f->config);
    free(f->config->models.directory);
    f->config->models.directory = wi_strdup(f->root);
    wi_strings_clear(&f->config->models.pull_on_demand);
    wi_strings_add(&patterns, "org/*");
    f->config->models.pull_on_demand = patterns;
    begin(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    end(f);
    wi_config_unref(f->config);
    remove_root(f->root);
    free(f);
    wi_buffer_clear(&played.model);
    return 0;
}

struct watcher {
    unsigned states; /* bit for each that was told */
    int ends;
    struct wi_error error;
    uint64_t done, total, fetched;
};

static void on_event(void *context, const struct wi_pull_info *info)
{
    struct watcher *watcher = context;
    watcher->states |= 1u << info->state;
    watcher->ends += info->state == WI_PULL_DONE || info->state == WI_PULL_FAILED;
    watcher->done = info->done;
    watcher->total = info->total;
    watcher->fetched = info->fetched;
    assert_int_equal(info->error != NULL, info->state == WI_PULL_FAILED);
    if (info->error)
        watcher->error = *info->error;
}

static void start(struct fixture *f, const char *reference, const char *expected)
{
    const struct wi_pull_want want = {.reference = reference};
    struct wi_pull_info info;
    struct wi_error error;
    if (wi_pulls_start(f->pulls, &want, &info, &error) != WI_OK)
        fail_msg("%s: %s", reference, error.detail);
    assert_string_equal(info.asked, expected);
}

static inline void watch(struct fixture *f, const char *name, struct watcher *watcher)
{
    *watcher = (struct watcher){0};
    assert_non_null(wi_pull_watch(f->pulls, name, on_event, watcher));
}

static inline void run_until_ended(struct fixture *f, const struct watcher *watcher)
{
    while (watcher->ends == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void run_until(struct fixture *f, const char *name, enum wi_pull_state state)
{
    struct wi_pull_info info = {0};
    int more = 1;
    while (wi_pulls_find(f->pulls, name, &info) != 0 || info.state != state) {
        assert_true(more); /* else it never comes */
        more = uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static inline int count_stagings(const struct fixture *f)
{
    struct wi_strings ids = {0};
    wi_staging_list(f->root, &ids);
    int count = (int)ids.count;
    wi_strings_clear(&ids);
    return count;
}

#endif
