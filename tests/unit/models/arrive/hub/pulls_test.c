/* Pulls from the first word to the published model. */
#include "pulls_fixture.h"

static void refuse(
    struct fixture *f, const struct wi_pull_want *want, enum wi_code code, const char *field)
{
    struct wi_pull_info info;
    struct wi_error error;
    assert_int_equal(wi_pulls_start(f->pulls, want, &info, &error), code);
    assert_string_equal(error.field, field);
}

FIXTURE(set_up, tear_down)

TEST(one_pull_for_all_who_ask)
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
    assert_int_equal(first.states & (1u << WI_PULL_VERIFYING), 1u << WI_PULL_VERIFYING);
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
    assert_int_equal(counters.levels[WI_PULL_HUB].hits, 1);
    assert_int_equal(counters.levels[WI_PULL_HUB].misses, 0);
    assert_int_equal(counters.levels[WI_PULL_HUB].bytes, played.model.size);
    for (int level = 0; level < WI_PULL_HUB; level++) /* which it has none of */
        assert_int_equal(counters.levels[level].hits + counters.levels[level].misses +
                             counters.levels[level].bytes,
            0);
    assert_null(wi_pull_watch(f->pulls, "org/small", on_event, &first));
}

TEST(what_is_here_is_not_fetched)
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

TEST(a_name_has_one_pull_at_a_time)
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

TEST(names_that_are_taken_are_refused)
{
    struct fixture *f = *state;
    struct wi_error error;
    struct watcher watcher;
    refuse(f, &(struct wi_pull_want){.reference = "no name"}, WI_INVALID_FIELD, "model");
    const struct wi_pull_want nowhere = {.reference = "org/small", .hub = "nowhere"};
    struct wi_pull_info info;
    assert_int_equal(wi_pulls_start(f->pulls, &nowhere, &info, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "hub");
    assert_string_equal(error.allowed, "huggingface");
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
    assert_int_equal(wi_pulls_start(f->pulls, &want, &info, &error), WI_OK);
    watch(f, "mine", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_CONFLICT);
    assert_int_equal(played.lists, 0);
}

TEST(failures_for_good_leave_nothing)
{
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_pull_info info;
    wi_error_set(&played.list_error, WI_HUB_NOT_FOUND, "model", "there is no such model");
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

/* Pulls what the repository has by then, and gives WI_OK or why not. */
static enum wi_code pull_next(struct fixture *f, char commit, struct wi_buffer *model)
{
    struct watcher watcher;
    memset(played.commit, commit, 40);
    struct wi_buffer before = played.model;
    played.model = *model;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    played.model = before;
    return watcher.states & (1u << WI_PULL_DONE) ? WI_OK : watcher.error.code;
}

static void count_found(void *context, struct wi_model *model, const struct wi_error *error)
{
    (void)model;
    *(int *)context = error ? -1 : 1;
}

/* Whether a request for it finds a model now. */
static int serves(struct fixture *f)
{
    int found = 0;
    wi_repository_find(f->repository, "org/small", count_found, &found);
    while (!found)
        uv_run(&f->loop, UV_RUN_ONCE);
    return found > 0;
}

/* What the hub has now is whole, and no model: the version that is here goes on. */
TEST(what_cannot_be_read_gets_no_name)
{
    struct fixture *f = *state;
    struct wi_buffer garbage = {0}, good = small_model();
    struct wi_versions versions = {0};
    wi_buffer_printf(&garbage, "%0100000d", 0);
    assert_int_equal(pull_next(f, 'a', &garbage), WI_MODEL_INVALID);
    assert_int_equal(wi_versions_list(f->root, "org/small", &versions), 0);
    assert_int_equal(versions.count, 0); /* of a first pull nothing is left */
    assert_int_equal(count_stagings(f), 0);
    assert_int_equal(pull_next(f, 'b', &good), WI_OK);
    assert_true(serves(f));
    assert_int_equal(pull_next(f, 'c', &garbage), WI_MODEL_INVALID);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
    assert_true(serves(f));
    assert_int_equal(wi_versions_list(f->root, "org/small", &versions), 0);
    assert_int_equal(versions.count, 1);
    wi_versions_clear(&versions);
    wi_buffer_clear(&garbage);
    wi_buffer_clear(&good);
}

/* The hub's list does not say how long its files are: that is asked for before there is room. */
TEST(room_is_made_for_lengths_that_nobody_told)
{
    struct fixture *f = *state;
    struct wi_buffer model = small_model();
    played.tells_no_length = 1;
    wi_versions_work_set(f->versions, model.size - 1, 2);
    assert_int_equal(pull_next(f, 'a', &model), WI_STORAGE_FAILED);
    assert_int_equal(played.measured, 1);
    assert_int_equal(played.fetches, 0);
    wi_versions_work_set(f->versions, model.size + 1000, 2);
    assert_int_equal(pull_next(f, 'b', &model), WI_OK);
    wi_buffer_clear(&model);
}

/* Two at a time of which either would fit. */
TEST(pulls_under_way_count_in_the_quota)
{
    struct fixture *f = *state;
    struct watcher second;
    wi_buffer_printf(&played.model, "%010000d", 0); /* what else a pull writes does not count */
    wi_versions_work_set(f->versions, 15000, 2);
    played.hold = 1;
    start(f, "org/small", "org/small");
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
    start(f, "org/other", "org/other");
    watch(f, "org/other", &second);
    run_until(f, "org/other", WI_PULL_FAILED);
    assert_int_equal(second.error.code, WI_STORAGE_FAILED);
}

/* A pull that the hub ends with `code`; nothing gets the name. */
static void expect_failure(struct fixture *f, struct wi_error *played_error, enum wi_code code)
{
    struct watcher watcher;
    wi_error_set(played_error, code, NULL, "the hub does not want to");
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, code);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 0);
}

TEST(failures_that_may_pass_keep_what_was_fetched)
{
    struct fixture *f = *state;
    expect_failure(f, &played.fetch_error, WI_HUB_FAILED);
    assert_int_equal(count_stagings(f), 1);
}

/* A name that was mistyped is not asked for again each time the daemon is started. */
TEST(nothing_is_kept_of_what_never_began)
{
    struct fixture *f = *state;
    expect_failure(f, &played.list_error, WI_HUB_UNAUTHORIZED);
    assert_int_equal(count_stagings(f), 0);
}

TEST(a_cancelled_pull_leaves_nothing)
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

/* Another daemon goes on with it, to its end. */
static void end_in_the_next(struct fixture *f)
{
    struct watcher watcher;
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
}

TEST(the_next_daemon_goes_on)
{
    struct fixture *f = *state;
    played.hold = 1;
    start(f, "org/small@main", "org/small");
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
    end_in_the_next(f);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
}

static void start_copy(struct fixture *f)
{
    const struct wi_pull_want want = {.reference = "org/small", .copy = 1};
    struct wi_pull_info info;
    struct wi_error error;
    played.hold = 1;
    assert_int_equal(wi_pulls_start(f->pulls, &want, &info, &error), WI_OK);
    run_until(f, "org/small", WI_PULL_DOWNLOADING);
}

/* Whether what is written down of the pull is no copy. */
static int is_wanted_here(const struct fixture *f)
{
    struct wi_strings ids = {0};
    struct wi_staging staging = {0};
    struct wi_error error;
    assert_int_equal(wi_staging_list(f->root, &ids), 0);
    assert_int_equal(ids.count, 1);
    assert_int_equal(wi_staging_open(f->root, ids.items[0], NULL, &staging, &error), WI_OK);
    int is = !strstr(staging.request, "\"copy\"");
    wi_staging_clear(&staging);
    wi_strings_clear(&ids);
    return is;
}

TEST(a_copy_stays_one_over_a_kill)
{
    struct fixture *f = *state;
    start_copy(f);
    end_in_the_next(f);
    assert_int_equal(wi_versions_is_copy(f->root, "org/small"), 1);
}

TEST(a_copy_that_somebody_joins_is_none_even_over_a_kill)
{
    struct fixture *f = *state;
    struct wi_pull_info info;
    start_copy(f);
    start(f, "org/small", "org/small");
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), 0);
    assert_int_equal(info.copy, 0);
    while (!is_wanted_here(f)) /* written down on a thread */
        uv_run(&f->loop, UV_RUN_ONCE);
    end_in_the_next(f);
    assert_int_equal(wi_versions_is_copy(f->root, "org/small"), 0);
    assert_int_equal(wi_versions_current(f->root, "org/small"), 1);
}

TEST(so_many_go_at_a_time)
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

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

TEST(names_of_content_are_for_that_content)
{
    struct fixture *f = *state;
    refuse(f, &(struct wi_pull_want){.reference = "ipfs/" CID}, WI_INVALID_FIELD, "as");
    refuse(f, &(struct wi_pull_want){.reference = "org/small", .as = "ipfs/" CID}, WI_INVALID_FIELD,
        "as");
    refuse(f, &(struct wi_pull_want){.reference = "ipfs://" CID "/a", .as = "ipfs/" CID},
        WI_INVALID_FIELD, "as");
    refuse(f, &(struct wi_pull_want){.reference = "ipfs://" CID, .as = "ipfs/other"},
        WI_INVALID_FIELD, "as");
    refuse(f, &(struct wi_pull_want){.reference = "ipfs://" CID, .hub = "huggingface"},
        WI_INVALID_FIELD, "hub");
    refuse(f, &(struct wi_pull_want){.reference = "org/small", .hub = "ipfs"}, WI_INVALID_FIELD,
        "hub");
    refuse(f, &(struct wi_pull_want){.reference = "ipns://" CID}, WI_INVALID_FIELD, "model");
    refuse(
        f, &(struct wi_pull_want){.reference = "ipfs://" CID "@main"}, WI_INVALID_FIELD, "model");
}

TEST(requests_pull_content_by_its_name)
{
    struct fixture *f = *state;
    assert_false(wi_pulls_on_demand(f->pulls, "ipfs/" CID));
    wi_strings_add(&f->config->models.pull_on_demand, "ipfs/*");
    assert_true(wi_pulls_on_demand(f->pulls, "ipfs/" CID));
    assert_true(wi_pulls_on_demand(f->pulls, "ipfs/" CID ":Q8_0"));
    assert_false(wi_pulls_on_demand(f->pulls, "ipfs/" CID "x"));
    assert_false(wi_pulls_on_demand(f->pulls, "ipfs/small"));
}

TEST(requests_pull_what_is_allowed)
{
    struct fixture *f = *state;
    assert_true(wi_pulls_on_demand(f->pulls, "org/small"));
    assert_true(wi_pulls_on_demand(f->pulls, "org/small:Q8_0"));
    assert_false(wi_pulls_on_demand(f->pulls, "other/small"));
    assert_false(wi_pulls_on_demand(f->pulls, "small"));
}
