/* Sessions that are unwell: what is found, when, and what is done about it. */
#include "pool_fixture.h"

#define PATIENCE_MS 3000.0 /* the fixture's: three heartbeats of a second */
#define MIB 1048576u

static const struct pool_session *its(void)
{
    return session();
}

/* What the document of "s-1" answers; NULL: it is well. */
static void find(const char *problem)
{
    const struct wi_session_events *events = &its()->browser->events;
    struct wi_error error;
    char id[WI_ID_SIZE];

    memcpy(id, its()->id, sizeof id);
    if (problem)
        wi_error_set(&error, WI_UNAVAILABLE, "", "%s", problem);
    events->on_checked(events->context, id, problem ? &error : NULL);
}

static struct wi_pool_counters counted(void)
{
    struct wi_pool_counters counters;

    wi_pool_counters(pool, &counters);
    return counters;
}

static void expect(enum wi_fault fault, enum wi_remedy remedy)
{
    struct wi_pool_counters counters = counted();

    for (int i = 0; i < WI_FAULT_COUNT; i++)
        assert_int_equal(counters.faults[i], i == (int)fault);
    for (int i = 0; i < WI_REMEDY_COUNT; i++)
        assert_int_equal(counters.remedies[i], i == (int)remedy);
}

static void expect_well(void)
{
    expect(WI_FAULT_COUNT, WI_REMEDY_COUNT);
    assert_true(wi_pool_session_serves(session()));
}

FIXTURE(setup, teardown)

TEST(a_process_that_is_found_stopped_twice_costs_the_browser)
{
    serve();
    says.stopped = 1;
    wi_pool_look(pool, wi_now_ms());
    expect_well();
    says.stopped = 2;
    wi_pool_look(pool, wi_now_ms());
    expect(WI_FAULT_STOPPED, WI_REMEDY_KILL);
    assert_string_equal(seen.killed_for, "one of its processes was stopped");
}

TEST(a_page_is_asked_every_other_patience)
{
    serve();
    wi_pool_look(pool, its()->checked_at + 2 * PATIENCE_MS - 1);
    assert_int_equal(seen.checks, 0);
    wi_pool_look(pool, its()->checked_at + 2 * PATIENCE_MS);
    assert_int_equal(seen.checks, 1);
    assert_int_equal(seen.check_ms, PATIENCE_MS);
    wi_pool_look(pool, its()->checked_at + 2 * PATIENCE_MS - 1);
    assert_int_equal(seen.checks, 1);
}

TEST(patience_is_two_seconds_at_the_least)
{
    assert_true(wi_pool_patience_ms(pool) == PATIENCE_MS);
    config.bridge.heartbeat_interval = 667;
    assert_true(wi_pool_patience_ms(pool) == 2001);
    config.bridge.heartbeat_interval = 666;
    assert_true(wi_pool_patience_ms(pool) == 2000);
}

TEST(a_page_that_owes_two_answers_is_frozen)
{
    serve();
    find("no answer");
    assert_int_equal(seen.checks, 1); /* at once */
    assert_int_equal(its()->checks_failed, 1);
    find(NULL); /* a busy machine */
    assert_int_equal(its()->checks_failed, 0);
    find("no answer");
    expect_well();
    give("a", WI_WASM, NULL);
    find("no answer");
    expect(WI_FAULT_PAGE_FROZEN, WI_REMEDY_RETIRE);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_DRAINING);
    assert_int_equal(seen.killed, 0); /* its engine may still be done with what it has */
    end("a", 0);
}

TEST(but_only_for_a_while)
{
    serve();
    give("a", WI_WASM, NULL);
    find("no answer");
    find("no answer");
    assert_true(its()->retire_by >= wi_now_ms() + 29000);
    wi_pool_look(pool, its()->retire_by - 1);
    assert_int_equal(seen.killed, 0);
    wi_pool_look(pool, its()->retire_by);
    assert_int_equal(seen.killed, 1);
    assert_string_equal(seen.killed_for, "ended at once, because it is unhealthy");
    assert_int_equal(seen.closed, 0);
}

TEST(a_page_without_a_connection_is_asked_and_has_crashed_at_the_first_failure)
{
    serve();
    bridge()->on_node_away(bridge()->context, "n-1");
    assert_int_equal(seen.checks, 1);
    assert_int_equal(seen.check_ms, 5000);
    wi_pool_look(pool, its()->checked_at + 2 * PATIENCE_MS); /* not twice */
    assert_int_equal(seen.checks, 1);
    find("the tab has crashed");
    expect(WI_FAULT_PAGE_CRASHED, WI_REMEDY_KILL);
    assert_string_equal(seen.killed_for, "the tab has crashed");
}

TEST(an_engine_that_is_busy_with_nothing_of_ours_hangs)
{
    const double limit = 2 * PATIENCE_MS;
    json_t *loading = json_pack("[{s:s}]", "state", "loading");

    serve();
    says.node.busy_since_ms = limit + 1;
    double idle = its()->idle_since;
    wi_pool_look(pool, idle + limit); /* it may still be ending what was cancelled */
    expect_well();
    says.node.busy_since_ms = limit;
    wi_pool_look(pool, idle + limit + 1);
    expect_well();
    says.node.busy_since_ms = limit + 1;
    says.node.models = loading;
    wi_pool_look(pool, idle + limit + 1);
    expect_well();
    says.node.models = NULL;
    give("a", WI_WASM, NULL);
    wi_pool_look(pool, idle + limit + 1);
    expect_well();
    end("a", 0);
    wi_pool_look(pool, its()->idle_since + limit + 1);
    expect(WI_FAULT_ENGINE_HUNG, WI_REMEDY_RELOAD);
    assert_int_equal(seen.reloaded, 1);
    assert_int_equal(seen.gpus_ended, 1); /* it may hang there */
    assert_string_equal(seen.dropped, "n-1");
    assert_string_equal(seen.why, "its page is reopened");
    json_decref(loading);
}

TEST(what_was_too_mild_is_followed_by_what_is_not)
{
    serve();
    wi_pool_fault(pool, session(), WI_FAULT_ENGINE_HUNG, "it hangs");
    assert_int_equal(seen.reloaded, 1);
    wi_pool_fault(pool, session(), WI_FAULT_ENGINE_HUNG, "it hangs again");
    assert_int_equal(seen.reloaded, 1);
    assert_string_equal(seen.killed_for, "it hangs again");
    assert_int_equal(counted().faults[WI_FAULT_ENGINE_HUNG], 2);
}

TEST(who_ends_anyway_has_no_faults)
{
    serve();
    give("a", WI_WASM, NULL);
    wi_session_drain(its()->browser);
    wi_pool_fault(pool, session(), WI_FAULT_STOPPED, "stopped");
    expect(WI_FAULT_COUNT, WI_REMEDY_COUNT);
    end("a", 0);
}

TEST(a_browser_that_holds_too_much_is_replaced)
{
    serve();
    config.pool.memory_limit = 100 * MIB;
    says.memory = 100 * MIB;
    give("a", WI_WASM, NULL);
    double old = its()->welcomed_at + 10000;
    says.memory++;
    wi_pool_look(pool, old); /* it has done nothing yet, and would grow again */
    assert_string_equal(its()->worn, "");
    end("a", 0);
    says.memory--;
    wi_pool_look(pool, old);
    assert_string_equal(its()->worn, "");
    says.memory++;
    wi_pool_look(pool, old - 1);
    assert_string_equal(its()->worn, "");
    wi_pool_look(pool, old);
    assert_string_equal(its()->worn, "it uses 100 MiB, more than memory_limit");
    assert_int_equal(counted().sessions_worn, 1);
    expect_well(); /* it serves until another does */
}

TEST(without_a_limit_nobody_is_weighed)
{
    serve();
    give("a", WI_WASM, NULL);
    end("a", 0);
    says.memory = UINT64_MAX;
    wi_pool_look(pool, its()->welcomed_at + 10000);
    assert_string_equal(its()->worn, "");
}

/* A lost GPU that was had back in time leaves no trace. */
TEST(a_gpu_has_until_then_and_no_longer)
{
    serve();
    lose_gpu();
    assert_int_equal(seen.gpus_ended, 1);
    double due = its()->gpu_by;
    wi_pool_look(pool, due - 1);
    assert_true(its()->gpu_by == due);
    wi_pool_look(pool, due);
    assert_true(its()->gpu_by == 0);
    assert_int_equal(counted().faults[WI_FAULT_PLATFORM_LOST], 1);
}

TEST(a_look_is_there_every_second)
{
    serve();
    says.stopped = 2;
    double began = wi_now_ms();
    while (seen.killed == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_true(wi_now_ms() - began >= 900);
}

/* --- clients' own kernels --------------------------------------------------------------------- */

/* One is sent, and its page says that it begins. */
static void begin_kernel(const char *id)
{
    static struct wi_program program;
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model, .program = &program},
        .platforms = {WI_WEBGPU},
        .platform_count = 1,
        .alone = 1};
    const struct wi_progress progress = {.phase = WI_PROGRAM_PHASE};

    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_OK);
    bridge()->on_progress(bridge()->context, "n-1", id, &progress);
}

static void turn_until(const int *count, int wanted)
{
    while (*count < wanted)
        uv_run(&loop, UV_RUN_ONCE);
}

TEST(a_kernel_that_does_not_end_costs_the_gpu_process)
{
    config.api.kernel_time = 20;
    serve();
    give("w", WI_WASM, NULL);
    give("g", WI_WEBGPU, NULL);
    begin_kernel("k");
    double began = wi_now_ms();
    turn_until(&seen.overrun, 1);
    assert_true(wi_now_ms() - began >= 19);
    assert_int_equal(seen.gpus_ended, 1);
    assert_int_equal(seen.killed, 0);
    assert_string_equal(seen.cancelled_for, "overrun");
    end("g", 1); /* it gave no answer, and could not */
    assert_int_equal(seen.excused, 1);
    end("w", 0);
    assert_int_equal(seen.excused, 1);
    begin_kernel("l"); /* the remedy is never a harder one */
    turn_until(&seen.overrun, 2);
    assert_int_equal(seen.gpus_ended, 2);
    assert_int_equal(seen.killed, 0);
}

TEST(where_the_gpu_has_no_process_of_its_own_the_session_is_replaced)
{
    config.api.kernel_time = 1;
    seen.has_gpu = 0;
    serve();
    give("w", WI_WASM, NULL);
    begin_kernel("k");
    turn_until(&seen.overrun, 1);
    assert_int_equal(seen.killed, 1);
    bridge()->on_lost(bridge()->context, "n-1", "w", 1, "its session was killed");
    assert_int_equal(seen.lost, 1); /* by nobody's fault */
}

TEST(a_kernel_that_ends_in_its_time_costs_nothing)
{
    config.api.kernel_time = 20;
    serve();
    begin_kernel("k");
    end("k", 0);
    begin_kernel("l");
    turn_until(&seen.overrun, 1);
    assert_int_equal(seen.gpus_ended, 1);
}

TEST(what_is_computed_is_given_the_time_to_come)
{
    const struct wi_progress done = {.phase = "computed"};

    config.api.kernel_time = 1;
    serve();
    begin_kernel("k");
    bridge()->on_progress(bridge()->context, "n-1", "k", &done);
    double until = wi_now_ms() + 20;
    while (wi_now_ms() < until)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.overrun, 0);
    end("k", 0);
    assert_int_equal(seen.gpus_ended, 0);
}

TEST(a_kernel_that_nobody_waits_for_is_watched_until_it_ends)
{
    config.api.kernel_time = 60000;
    serve();
    begin_kernel("k");
    wi_pool_cancel(pool, "n-1", "k", "client gone");
    assert_int_equal(seen.cancelled, 0);
    end("k", 0);
    begin_kernel("l");
    wi_pool_cancel(pool, "n-1", "l", "deadline");
    turn_until(&seen.overrun, 1);
    assert_int_equal(seen.gpus_ended, 1);
}

/* --- a browser of a service --------------------------------------------------------------------
 */

static void find_out(enum wi_code code, const char *field)
{
    const struct wi_session_events *events = &its()->browser->events;
    struct wi_error error;

    wi_error_set(&error, code, field, "the check failed");
    events->on_checked(events->context, "s-1", &error);
}

TEST(a_page_whose_service_is_away_goes_on_serving)
{
    browser.driver_url = "http://grid:4444";
    serve();
    for (int i = 0; i < 3; i++)
        find_out(WI_UNAVAILABLE, WI_SESSION_SERVICE);
    expect_well();
    assert_true(its()->unwatched);
    for (int i = 0; i < 3; i++)
        find_out(WI_SESSION_NOT_FOUND, ""); /* its node is not back at the hub yet */
    expect_well();
    find(NULL);
    assert_false(its()->unwatched);
    bridge()->on_node_away(bridge()->context, "n-1"); /* nor is it lost before its time */
    find_out(WI_UNAVAILABLE, WI_SESSION_SERVICE);
    expect_well();
}

TEST(a_page_that_its_grid_has_forgotten_is_replaced)
{
    browser.driver_url = "http://grid:4444";
    serve();
    struct pool_kind *kind = wi_pool_kind_of(pool, its());
    struct wi_error away;
    wi_error_set(&away, WI_UNAVAILABLE, WI_SESSION_SERVICE, "it does not answer");
    for (int i = 0; i < WI_BREAKER_FAILURES; i++)
        wi_pool_kind_broken(kind, 1000, -1, &away); /* another one could not be started */
    assert_true(kind->backoff.open);
    find_out(WI_SESSION_NOT_FOUND, WI_SESSION_FORGOTTEN);
    assert_false(kind->backoff.open); /* the hub is back */
    expect_well();
    assert_string_equal(its()->worn, "its Grid's hub has forgotten it");
}

TEST(a_page_that_is_gone_from_its_service_has_crashed)
{
    browser.driver_url = "http://grid:4444";
    serve();
    bridge()->on_node_away(bridge()->context, "n-1");
    find_out(WI_SESSION_NOT_FOUND, "");
    expect(WI_FAULT_PAGE_CRASHED, WI_REMEDY_KILL);
}

TEST(a_driver_of_ours_that_does_not_know_its_session_has_lost_it)
{
    serve();
    find_out(WI_SESSION_NOT_FOUND, "");
    find_out(WI_SESSION_NOT_FOUND, "");
    expect(WI_FAULT_PAGE_FROZEN, WI_REMEDY_RETIRE);
}
