/* Pulls from the first word to the published model, with a hub that is played here: listing and
 * fetching are the test's own, the store is a real folder. */
#include "../test.h"

#include "../files.h"
#include "../model/onnx_build.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secret.h"
#include "hub/fetch.h"
#include "hub/list.h"
#include "hub/pull_kept.h"
#include "hub/pulls.h"
#include "hub/tries.h"
#include "model/versions.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the hub --------------------------------------------------------------------------------- */

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

uint64_t wi_tries_pause(unsigned first_ms, unsigned failed)
{
    played.pauses++;
    assert_int_not_equal(first_ms, 0);
    assert_in_range(failed, 1, WI_TRIES_MOST);
    if (played.pauses == played.lifted_after)
        leave_all();
    return played.pause_ms;
}

/* --- what it gives --------------------------------------------------------------------------- */

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
    file.bytes = played.model.size;
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
        wi_error_set(&played.fetch_error, WI_UNAVAILABLE, "", "The file cannot be opened.");
        return 1;
    }
    if (played.lifted_after > 0 || (played.fetch_failures > 0 && --played.fetch_failures == 0))
        played.fetch_error = none;
    return played.fetch_error.code != WI_OK;
}

static void give_files(void *context)
{
    struct wi_fetch *fetch = context;
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
    played.fetches++;
    return fetch;
}

/* --- the daemon ------------------------------------------------------------------------------ */

struct fixture {
    uv_loop_t loop;
    char root[64];
    struct wi_config *config;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_pulls *pulls;
};

static void begin(struct fixture *f)
{
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->repository = wi_repository_new(&f->loop, f->root, NULL);
    f->versions = wi_versions_work_new(&f->loop, f->repository);
    const struct wi_pulls_deps deps = {
        .loop = &f->loop, .repository = f->repository, .versions = f->versions};
    f->pulls = wi_pulls_new(&deps, f->config);
}

/* As a daemon that ends: what is under way stops where it is. */
static void end(struct fixture *f)
{
    wi_pulls_free(f->pulls);
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
    wi_config_free(f->config);
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
    char name[WI_MODEL_NAME_MAX + 1];
    struct wi_error error;
    if (wi_pulls_start(f->pulls, &want, name, &error) != WI_OK)
        fail_msg("%s: %s", reference, error.detail);
    assert_string_equal(name, expected);
}

static void refuse(
    struct fixture *f, const struct wi_pull_want *want, enum wi_code code, const char *field)
{
    char name[WI_MODEL_NAME_MAX + 1];
    struct wi_error error;
    assert_int_equal(wi_pulls_start(f->pulls, want, name, &error), code);
    assert_string_equal(error.field, field);
}

static void watch(struct fixture *f, const char *name, struct watcher *watcher)
{
    *watcher = (struct watcher){0};
    assert_non_null(wi_pull_watch(f->pulls, name, on_event, watcher));
}

static void run_until_ended(struct fixture *f, const struct watcher *watcher)
{
    while (watcher->ends == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void run_until(struct fixture *f, const char *name, enum wi_pull_state state)
{
    struct wi_pull_info info = {0};
    while (wi_pulls_find(f->pulls, name, &info) != 0 || info.state != state)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static int count_stagings(const struct fixture *f)
{
    struct wi_strings ids = {0};
    wi_staging_list(f->root, &ids);
    int count = (int)ids.count;
    wi_strings_clear(&ids);
    return count;
}

/* --- the tests ------------------------------------------------------------------------------- */

static void one_pull_for_all_who_ask(void **state)
{
    struct fixture *f = *state;
    struct watcher first, second;
    struct wi_pull_info info;
    struct wi_pulls_counters counters;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &first);
    start(f, "org/small", "org/small");
    watch(f, "org/small:variant", &second);
    run_until_ended(f, &first);
    assert_int_equal(second.ends, 1);
    assert_int_equal(first.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
    assert_int_equal(first.states & (1u << WI_PULL_DOWNLOADING), 1u << WI_PULL_DOWNLOADING);
    assert_int_equal(first.states & (1u << WI_PULL_PUBLISHING), 1u << WI_PULL_PUBLISHING);
    assert_int_equal(first.done, played.model.size);
    assert_int_equal(first.total, played.model.size);
    assert_int_equal(played.lists, 1);
    assert_int_equal(played.fetches, 1);
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), 0);
    assert_string_equal(info.commit, played.commit);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
    assert_int_equal(count_stagings(f), 0);
    wi_pulls_counters(f->pulls, &counters);
    assert_int_equal(counters.done, 1);
    assert_int_equal(counters.fetched_bytes, played.model.size);
    assert_null(wi_pull_watch(f->pulls, "org/small", on_event, &first));
}

static void what_is_here_is_not_fetched(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
    assert_int_equal(watcher.fetched, 0);
    assert_int_equal(played.lists, 2);
    assert_int_equal(played.fetches, 1);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
    assert_int_equal(count_stagings(f), 0);
}

static void a_name_has_one_pull_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    start(f, "org/small", "org/small");
    refuse(f, &(struct wi_pull_want){.reference = "org/small:q4"}, WI_CONFLICT, "model");
    refuse(f, &(struct wi_pull_want){.reference = "other/small", .as = "org/small"}, WI_CONFLICT,
        "model");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
}

static void names_that_are_taken_are_refused(void **state)
{
    struct fixture *f = *state;
    struct wi_error error;
    struct watcher watcher;
    refuse(f, &(struct wi_pull_want){.reference = "no name"}, WI_INVALID_FIELD, "model");
    refuse(f, &(struct wi_pull_want){.reference = "org/small", .hub = "nowhere"}, WI_INVALID_FIELD,
        "hub");
    refuse(f, &(struct wi_pull_want){.reference = "org/small", .as = "builtin/echo"},
        WI_INVALID_FIELD, "as");
    refuse(
        f, &(struct wi_pull_want){.reference = "org/small", .as = "a:b"}, WI_INVALID_FIELD, "as");
    refuse(
        f, &(struct wi_pull_want){.reference = "org/small", .as = "../up"}, WI_INVALID_FIELD, "as");
    assert_int_equal(
        wi_aliases_add(&f->config->aliases, "gpt", "org/small", NULL, 0, &error), WI_OK);
    refuse(f, &(struct wi_pull_want){.reference = "org/small", .as = "gpt"}, WI_CONFLICT, "as");
    /* What somebody added is theirs. */
    char *folder = wi_sprintf("%s/mine", f->root);
    assert_int_equal(mkdir(folder, 0700), 0);
    free(folder);
    const struct wi_pull_want want = {.reference = "org/small", .as = "mine"};
    char name[WI_MODEL_NAME_MAX + 1];
    assert_int_equal(wi_pulls_start(f->pulls, &want, name, &error), WI_OK);
    watch(f, "mine", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_CONFLICT);
    assert_int_equal(played.lists, 0);
}

static void failures_for_good_leave_nothing(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_pull_info info;
    wi_error_set(&played.list_error, WI_HUB_NOT_FOUND, "model", "There is no such model.");
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_HUB_NOT_FOUND);
    assert_int_equal(count_stagings(f), 0);
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), 0);
    assert_int_equal(info.state, WI_PULL_FAILED);
    /* The next one begins anew. */
    played.list_error.code = WI_OK;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
}

/* A pull that the hub ends with `code`; nothing gets the name. */
static void expect_failure(struct fixture *f, struct wi_error *played_error, enum wi_code code)
{
    struct watcher watcher;
    wi_error_set(played_error, code, NULL, "The hub does not want to.");
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, code);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 0);
}

static void failures_that_may_pass_keep_what_was_fetched(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, &played.fetch_error, WI_HUB_FAILED);
    assert_int_equal(count_stagings(f), 1);
}

/* A name that was mistyped is not asked for again each time the daemon is started. */
static void nothing_is_kept_of_what_never_began(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, &played.list_error, WI_HUB_UNAUTHORIZED);
    assert_int_equal(count_stagings(f), 0);
}

static void a_cancelled_pull_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_error error;
    struct wi_pull_info info;
    struct wi_pulls_counters counters;
    played.hold = 1;
    assert_int_equal(wi_pulls_cancel(f->pulls, "org/small", &error), WI_NOT_FOUND);
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
    assert_int_equal(count_stagings(f), 1);
    assert_int_equal(wi_pulls_cancel(f->pulls, "org/small", &error), WI_OK);
    assert_int_equal(wi_pulls_cancel(f->pulls, "org/small", &error), WI_OK);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_CANCELLED);
    assert_int_equal(count_stagings(f), 0);
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), -1);
    wi_pulls_counters(f->pulls, &counters);
    assert_int_equal(counters.cancelled, 1);
}

/* How often it waited in a pull to which `descriptors` are left at `place`, until they were enough
 * again. */
static int pull_under_shortage(struct fixture *f, enum place place, int descriptors)
{
    char name[32];
    struct watcher watcher;
    snprintf(name, sizeof name, "org/m%d-%d", place, descriptors);
    played.pauses = 0;
    played.lifted_after = 2;
    played.left = descriptors;
    played.short_from = place;
    reach(THE_START);
    start(f, name, name);
    watch(f, name, &watcher);
    run_until_ended(f, &watcher);
    leave_all();
    if (!(watcher.states & (1u << WI_PULL_DONE)))
        fail_msg("%s: %s", name, watcher.error.detail);
    assert_int_equal(wi_versions_current(f->root, name), 1);
    assert_int_equal(count_stagings(f), 0);
    return played.pauses;
}

static void a_shortage_is_waited_for(void **state)
{
    struct fixture *f = *state;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    for (enum place place = THE_START; place < NOWHERE; place++) {
        int waited = 0;
        for (int n = 0; n < ENOUGH; n++)
            waited += pull_under_shortage(f, place, n);
        assert_int_not_equal(waited, 0);
    }
    assert_int_equal(pull_under_shortage(f, NOWHERE, ENOUGH), 0);
}

struct looked {
    int done;
    enum wi_code code;
    size_t versions;
};

static void on_looked(
    void *context, struct wi_hub *hub, struct wi_versions *versions, const struct wi_error *error)
{
    (void)hub;
    *(struct looked *)context =
        (struct looked){1, error ? error->code : WI_OK, error ? 0 : versions->count};
}

/* Else a variant that was pulled before would be dropped with the next one. */
static void what_is_here_is_known_or_said_to_be_unknown(void **state)
{
    struct fixture *f = *state;
    const struct wi_hub hub = {.name = "huggingface", .url = "https://hub"};
    struct looked looked = {0};
    int unknown = 0;
    pull_under_shortage(f, NOWHERE, 0);
    for (int n = 0; n <= ENOUGH; n++) {
        looked.done = 0;
        leave(n);
        wi_pull_look_start(&f->loop, f->root, "org/m3-0", &hub, on_looked, &looked);
        while (!looked.done)
            uv_run(&f->loop, UV_RUN_ONCE);
        leave_all();
        if (looked.code == WI_OK)
            assert_int_equal(looked.versions, 1);
        else
            assert_int_equal(looked.code, WI_UNAVAILABLE);
        unknown += looked.code != WI_OK;
    }
    assert_int_not_equal(unknown, 0);
    assert_int_equal(looked.code, WI_OK);
}

static void a_shortage_that_stays_is_told(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    leave(0);
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    leave_all();
    assert_int_equal(watcher.error.code, WI_UNAVAILABLE);
    assert_int_equal(played.pauses, WI_TRIES_MOST);
}

static void a_fetch_is_tried_as_long_as_bytes_come(void **state)
{
    enum { FAILURES = 2 * WI_TRIES_MOST };
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_pulls_counters counters;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    wi_error_set(&played.fetch_error, WI_UNAVAILABLE, NULL, "Too many open files.");
    played.fetch_failures = FAILURES + 1;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
    assert_int_equal(played.pauses, FAILURES);
    wi_pulls_counters(f->pulls, &counters);
    assert_int_equal(counters.fetched_bytes, (FAILURES + 1) * played.model.size);
}

static void a_pull_that_waits_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_error error;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    wi_error_set(&played.fetch_error, WI_UNAVAILABLE, NULL, "Too many open files.");
    played.pause_ms = 3600000;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    while (played.pauses == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(wi_pulls_cancel(f->pulls, "org/small", &error), WI_OK);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_CANCELLED);
    assert_int_equal(count_stagings(f), 0);
}

static void the_next_daemon_goes_on(void **state)
{
    struct fixture *f = *state;
    struct watcher watcher;
    played.hold = 1;
    start(f, "org/small@main", "org/small");
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
    end(f);
    assert_int_equal(count_stagings(f), 1);
    played.hold = 0;
    begin(f);
    wi_pulls_resume(f->pulls);
    run_until(f, "org/small", WI_PULL_RESOLVING);
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
    assert_int_equal(count_stagings(f), 0);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
}

/* However many descriptors the next daemon has at first. */
static void the_next_daemon_goes_on_after_a_shortage(void **state)
{
    struct fixture *f = *state;
    int waited = 0;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    for (int n = 0; n < ENOUGH; n++) {
        struct watcher watcher;
        char name[32];
        snprintf(name, sizeof name, "org/m%d", n);
        played.hold = 1;
        played.lifted_after = 0;
        start(f, name, name);
        run_until(f, name, WI_PULL_DOWNLOADING);
        end(f);
        played.hold = played.pauses = 0;
        played.lifted_after = 2;
        begin(f);
        leave(n);
        wi_pulls_resume(f->pulls);
        run_until(f, name, WI_PULL_RESOLVING);
        watch(f, name, &watcher);
        run_until_ended(f, &watcher);
        leave_all();
        assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
        assert_int_equal(wi_versions_current(f->root, name), 1);
        assert_int_equal(count_stagings(f), 0);
        waited += played.pauses;
    }
    assert_int_not_equal(waited, 0);
}

static void earlier_pulls_are_given_up_after_so_many_tries(void **state)
{
    struct fixture *f = *state;
    struct wi_pull_info info;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    played.hold = 1;
    start(f, "org/small", "org/small");
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
    end(f);
    begin(f);
    leave(0);
    wi_pulls_resume(f->pulls);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    leave_all();
    assert_int_equal(played.pauses, WI_TRIES_MOST);
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), -1);
    assert_int_equal(count_stagings(f), 1);
}

static void so_many_go_at_a_time(void **state)
{
    struct fixture *f = *state;
    char reference[32];
    played.hold = 1;
    for (int i = 0; i < WI_PULLS_MAX; i++) {
        snprintf(reference, sizeof reference, "org/m%d", i);
        start(f, reference, reference);
    }
    refuse(f, &(struct wi_pull_want){.reference = "org/more"}, WI_QUEUE_FULL, "");
}

static void requests_pull_what_is_allowed(void **state)
{
    struct fixture *f = *state;
    assert_true(wi_pulls_on_demand(f->pulls, "org/small"));
    assert_true(wi_pulls_on_demand(f->pulls, "org/small:Q8_0"));
    assert_false(wi_pulls_on_demand(f->pulls, "other/small"));
    assert_false(wi_pulls_on_demand(f->pulls, "small"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_pull_for_all_who_ask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_here_is_not_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_has_one_pull_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_are_taken_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_for_good_leave_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            failures_that_may_pass_keep_what_was_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_kept_of_what_never_began, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_pull_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shortage_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_here_is_known_or_said_to_be_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shortage_that_stays_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fetch_is_tried_as_long_as_bytes_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pull_that_waits_can_be_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_next_daemon_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_next_daemon_goes_on_after_a_shortage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            earlier_pulls_are_given_up_after_so_many_tries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_go_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_pull_what_is_allowed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
