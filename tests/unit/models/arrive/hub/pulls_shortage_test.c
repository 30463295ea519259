/* Pulls for which descriptors are short for a while, or for good. */
#include "pulls_fixture.h"

#include "base/log.h"
#include "models/arrive/hub/pull_plan.h"

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

FIXTURE(set_up, tear_down)

TEST(a_shortage_is_waited_for)
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
};

static void on_looked(void *context, const struct wi_error *error)
{
    *(struct looked *)context = (struct looked){1, error ? error->code : WI_OK};
}

/* Else a variant that was pulled before would be dropped with the next one. */
TEST(what_is_here_is_known_or_said_to_be_unknown)
{
    struct fixture *f = *state;
    struct wi_pull_order order = {.config = f->config,
        .hub = wi_config_find_hub(f->config, "huggingface"),
        .name = strdup("org/m3-0")};
    struct wi_pull_plan *plan = wi_pull_plan_new(&order);
    struct looked looked = {0};
    int unknown = 0;
    pull_under_shortage(f, NOWHERE, 0);
    for (int n = 0; n <= ENOUGH; n++) {
        looked.done = 0;
        leave(n);
        wi_pull_plan_look(plan, &f->loop, on_looked, &looked);
        while (!looked.done)
            uv_run(&f->loop, UV_RUN_ONCE);
        leave_all();
        if (looked.code == WI_OK)
            assert_string_equal(plan->current.repository, "org/m3-0");
        else
            assert_int_equal(looked.code, WI_UNAVAILABLE);
        unknown += looked.code != WI_OK;
    }
    assert_int_not_equal(unknown, 0);
    assert_int_equal(looked.code, WI_OK);
    wi_pull_plan_free(plan);
}

TEST(a_shortage_that_stays_is_told)
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
    assert_int_equal(played.pauses, WI_RETRIES_MAX);
}

TEST(a_fetch_is_tried_as_long_as_bytes_come)
{
    enum { FAILURES = 2 * WI_RETRIES_MAX };
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_pulls_counters counters;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    wi_error_set(&played.fetch_error, WI_UNAVAILABLE, NULL, "too many open files");
    played.fetch_failures = FAILURES + 1;
    start(f, "org/small", "org/small");
    watch(f, "org/small", &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.states & (1u << WI_PULL_DONE), 1u << WI_PULL_DONE);
    assert_int_equal(played.pauses, FAILURES);
    wi_pulls_counters(f->pulls, &counters);
    assert_int_equal(counters.fetched_bytes, (FAILURES + 1) * played.model.size);
}

TEST(a_pull_that_waits_can_be_cancelled)
{
    struct fixture *f = *state;
    struct watcher watcher;
    struct wi_error error;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    wi_error_set(&played.fetch_error, WI_UNAVAILABLE, NULL, "too many open files");
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

/* However many descriptors the next daemon has at first. */
TEST(the_next_daemon_goes_on_after_a_shortage)
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

TEST(earlier_pulls_are_given_up_after_so_many_tries)
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
    assert_int_equal(played.pauses, WI_RETRIES_MAX);
    assert_int_equal(wi_pulls_find(f->pulls, "org/small", &info), -1);
    assert_int_equal(count_stagings(f), 1);
}
