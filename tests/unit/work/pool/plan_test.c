/* How many sessions there are: what is counted, and what is carried out. */
#include "pool_fixture.h"

#include "work/pool/pick_private.h"

#define BROWSER_BYTES (512ull << 20) /* what there is to be for one more */

static size_t sessions(enum wi_session_state state)
{
    return wi_pool_sessions_count(pool->sessions, NULL, state);
}

static struct pool_kind *chrome(void)
{
    return wi_pool_kinds_find(pool->kinds, "chrome");
}

/* So many sessions there may be of it. */
static void allow(int64_t most)
{
    browser.max_connections = config.pool.max_connections = most;
}

/* Work that has waited for `ms`, beside a node that cannot have it. */
static void wait_for(double ms)
{
    wi_pool_set_backlog(pool, 1);
    pool->backlog.scaled_at = 0;
    pool->backlog.since = wi_now_ms() - ms;
    wi_pool_plan(pool);
}

FIXTURE(setup, teardown)

TEST(as_many_are_started_as_there_have_to_be)
{
    allow(3);
    config.pool.min_connections = 2;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
    config.pool.min_connections = 5; /* more than there may be */
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 3);
}

TEST(without_scaling_there_are_as_many_as_there_may_be)
{
    allow(3);
    config.pool.adaptive_scaling = 0;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 3);
}

TEST(what_is_not_installed_is_not_started)
{
    allow(2);
    says.missing = 1;
    config.pool.min_connections = 2;
    wi_pool_plan(pool); /* the kind is looked at once more before */
    assert_int_equal(seen.begun, 1);
    assert_false(chrome()->installed);
    says.missing = 0;
    wi_pool_kind_check(chrome(), NULL, wi_now_ms());
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(what_waits_for_a_second_has_another_opened)
{
    serve();
    give("a", WI_WASM, NULL);
    allow(2);
    wait_for(900);
    assert_int_equal(seen.begun, 1);
    wait_for(1000);
    assert_int_equal(seen.begun, 2);
    assert_true(pool->backlog.scaled_at > 0);
    end("a", 0);
    wait_for(1000); /* no more than there may be */
    assert_int_equal(seen.begun, 2);
}

TEST(one_that_is_on_its_way_is_waited_for)
{
    allow(2);
    wi_pool_set_backlog(pool, 1);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
}

TEST(none_is_opened_beside_others_where_memory_is_short)
{
    serve();
    give("a", WI_WASM, NULL);
    allow(3);
    says.headroom.available = BROWSER_BYTES - 1;
    wait_for(1000);
    assert_int_equal(seen.begun, 1);
    char *why = wi_pool_crowded(pool);
    assert_string_equal(why, "memory is short: 511 MiB are left of the machine's, and another "
                             "browser is opened only where there are 512 MiB for it");
    free(why);
    says.headroom.of_group = 1;
    why = wi_pool_crowded(pool);
    assert_non_null(strstr(why, "of what the control group may use"));
    free(why);
    says.headroom.available = BROWSER_BYTES;
    wait_for(1000);
    assert_int_equal(seen.begun, 2);
    end("a", 0);
}

/* What one that is pending will need is taken already. */
TEST(those_on_their_way_count_for_memory)
{
    allow(3);
    config.pool.min_connections = 2; /* "s-1" has not come yet */
    says.headroom.available = 2 * BROWSER_BYTES - 1;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
    says.headroom.available++;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

/* Browsers of a Selenium Grid on other machines. */
TEST(those_that_run_elsewhere_take_no_memory_here)
{
    allow(3);
    config.pool.min_connections = 2;
    browser.driver_url = "http://grid:4444";
    says.headroom.available = 0;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
    assert_null(wi_pool_crowded(pool));
}

TEST(the_first_is_opened_whatever_memory_there_is)
{
    says.headroom.available = 0;
    wi_session_kill(session()->browser, NULL);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(memory_that_has_come_back_is_used_at_the_next_look)
{
    serve();
    give("a", WI_WASM, NULL);
    allow(2);
    says.headroom.available = 0;
    wait_for(1000);
    assert_int_equal(seen.begun, 1);
    says.headroom.available = UINT64_MAX;
    wi_pool_look(pool, wi_now_ms());
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.begun, 2);
    assert_null(wi_pool_crowded(pool));
    end("a", 0);
}

TEST(a_worn_one_goes_when_its_successor_serves)
{
    serve();
    allow(2);
    config.pool.recycle_after = 2;
    give("a", WI_WASM, NULL);
    end("a", 0);
    assert_string_equal(session()->worn, "");
    give("b", WI_WASM, NULL);
    end("b", 0);
    assert_string_equal(session()->worn, "it has done as many jobs as recycle_after says");
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
    assert_string_equal(session()->successor, "s-2");
    assert_int_equal(sessions(WI_SESSION_READY), 1); /* both there until then */
    struct wi_node_info second = info;
    snprintf(second.id, sizeof second.id, "n-2");
    snprintf(second.session, sizeof second.session, "s-2");
    bridge()->on_node_up(bridge()->context, &second, 0);
    assert_null(session());
    assert_int_equal(seen.closed, 1);
    assert_int_equal(sessions(WI_SESSION_READY), 1);
}

TEST(where_there_is_no_room_for_a_successor_the_worn_one_goes_first)
{
    serve();
    config.pool.recycle_after = 1;
    give("a", WI_WASM, NULL);
    end("a", 0);
    wi_pool_plan(pool);
    assert_null(session());
    assert_int_equal(seen.closed, 1);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(what_has_been_idle_for_too_long_is_closed)
{
    serve();
    allow(2);
    config.pool.min_connections = 0;
    config.pool.idle_timeout = 60000;
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 0);
    wi_pool_session_idle(session(), wi_now_ms() - 59000);
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 0);
    wi_pool_session_idle(session(), wi_now_ms() - 60000);
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 1);
}

TEST(but_not_what_has_work_or_lost_its_connection)
{
    serve();
    config.pool.min_connections = 0;
    config.pool.idle_timeout = 1;
    give("a", WI_WASM, NULL);
    wi_pool_session_idle(session(), wi_now_ms() - 1000); /* it says so, but has an attempt */
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 0);
    end("a", 0);
    bridge()->on_node_away(bridge()->context, "n-1");
    wi_pool_session_idle(session(), wi_now_ms() - 1000);
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 0);
}

/* One that has not come yet costs less than one that serves, and that less than one with work. */
TEST(of_too_many_those_go_whose_end_costs_least)
{
    serve();
    allow(2);
    config.pool.min_connections = 2;
    wi_pool_plan(pool);
    give("a", WI_WASM, NULL);
    allow(1);
    wi_pool_plan(pool);
    assert_non_null(session());
    assert_null(wi_pool_sessions_find(pool->sessions, "s-2"));
    end("a", 0);
}

TEST(a_kind_that_is_not_configured_any_more_ends)
{
    serve();
    config.browser_count = 0;
    config.pool.min_connections = 0;
    wi_pool_reload(pool, &config);
    uv_run(&loop, UV_RUN_NOWAIT); /* that is planned, not done at once */
    assert_null(session());
    assert_int_equal(seen.closed, 1);
}

TEST(a_start_is_expected_to_take_what_the_others_took)
{
    assert_true(wi_pool_start_ms(pool) == 3000);
    serve();
    double took = session()->welcomed_at - session()->started;
    assert_true(wi_pool_start_ms(pool) == took);
}

TEST(what_is_requested_is_opened_where_none_is_there)
{
    config.pool.min_connections = 0;
    wi_session_kill(session()->browser, NULL);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
    wi_pool_request_kind(pool, "netscape", NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.begun, 1);
    wi_pool_request_kind(pool, "chrome", NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.begun, 2);
}

/* --- who has browsers closed ------------------------------------------------------------------ */

static struct wi_config_browser two[2];

/* A chrome that serves and, beside it, a firefox for which there is no room. */
static struct pool_kind *want_firefox(void)
{
    two[0] = two[1] = browser;
    two[1].kind = "firefox";
    config.browsers = two;
    config.browser_count = 2;
    config.pool.min_connections = 0;
    wi_pool_reload(pool, &config);
    serve();
    return wi_pool_kinds_find(pool->kinds, "firefox");
}

/* Of ada's. */
static void use(const char *id)
{
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model},
        .platforms = {WI_WASM},
        .platform_count = 1,
        .client = "ada"};

    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_OK);
}

static void request_for(struct pool_kind *kind, const char *client, double waited)
{
    wi_pool_kind_request(kind, wi_use_client(client), wi_now_ms() - waited);
    wi_pool_session_idle(session(), wi_now_ms() - 3000);
    wi_pool_plan(pool);
}

TEST(a_browser_of_others_is_closed_for_who_has_waited_for_long)
{
    struct pool_kind *firefox = want_firefox();

    use("a");
    end("a", 0);
    request_for(firefox, "bob", 5000);
    assert_int_equal(seen.closed, 0);
    wi_pool_kinds_forget_requests(pool->kinds, wi_now_ms() + 1, 0);
    request_for(firefox, "bob", 11000);
    assert_int_equal(seen.closed, 1);
    double now = wi_now_ms();
    assert_true(wi_evictions_next(&pool->evictions, wi_use_client("bob"), 1, now) > now);
    assert_true(wi_evictions_next(&pool->evictions, wi_use_client("ada"), 1, now) == now);
}

TEST(ones_own_is_closed_as_soon_as_it_is_idle)
{
    struct pool_kind *firefox = want_firefox();

    use("a");
    request_for(firefox, "ada", 0);
    assert_int_equal(seen.closed, 0);
    end("a", 0);
    wi_pool_session_idle(session(), wi_now_ms() - 3000);
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 1);
}

TEST(for_nobody_in_particular_no_browser_in_use_is_closed)
{
    struct pool_kind *firefox = want_firefox();

    use("a");
    end("a", 0);
    request_for(firefox, NULL, 20000);
    assert_int_equal(seen.closed, 0);
    wi_pool_request_kind(pool, "firefox", "bob"); /* who wants it, too, may */
    assert_int_equal(firefox->requested_by, wi_use_client("bob"));
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 1);
}

/* --- a Selenium Grid ---------------------------------------------------------------------------
 */

/* The session's Grid has no room. */
static void find_full(void)
{
    struct wi_session *its = session()->browser;
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, WI_SESSION_FULL, "the Grid has no free chrome");
    its->state = WI_SESSION_BROKEN;
    its->events.on_state(
        its->events.context, "s-1", WI_SESSION_STARTING, WI_SESSION_BROKEN, &error);
    become(its, WI_SESSION_CLOSED);
}

TEST(a_full_grid_is_watched_and_not_asked)
{
    const struct wi_grid none = {.nodes = 1, .slots = 1},
                         room = {.nodes = 1, .slots = 1, .free = 1};
    struct wi_error error;

    browser.driver_url = "http://grid:4444";
    find_full();
    assert_true(chrome()->full);
    assert_int_equal(chrome()->backoff.broken, 0); /* it is no failure */
    assert_string_equal(wi_pool_kind_problem(chrome()), "the Grid has no free chrome");
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.watches, 1);
    assert_false(wi_pool_shuts_out(pool, chrome())); /* work waits for it */
    assert_int_equal(wi_pool_explain(pool, "chrome", &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, "the Grid has no free chrome");
    tell_grid(&none);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
    tell_grid(&room);
    assert_int_equal(seen.watches, 0);
    assert_false(chrome()->full);
    assert_null(wi_pool_kind_problem(chrome()));
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(what_is_on_its_way_at_a_grid_counts_for_no_memory_here)
{
    allow(2);
    browser.min_connections = 1; /* so that neither makes room for the other */
    two[0] = two[1] = browser;
    two[1].kind = "firefox";
    config.browsers = two;
    config.browser_count = 2;
    config.pool.min_connections = 0;
    wi_pool_reload(pool, &config);
    says.headroom.available = BROWSER_BYTES;
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1); /* "s-1", a chrome, has not come yet */
    two[0].driver_url = "http://grid:4444";
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(a_full_grid_is_one_that_is_back)
{
    struct wi_error away;

    wi_error_set(&away, WI_UNAVAILABLE, WI_SESSION_SERVICE, "it does not answer");
    browser.driver_url = "http://grid:4444";
    for (int i = 0; i < WI_BREAKER_FAILURES; i++)
        wi_pool_kind_broken(chrome(), 1000, -1, &away);
    assert_true(chrome()->backoff.open);
    find_full();
    assert_false(chrome()->backoff.open);
    assert_string_equal(wi_pool_kind_problem(chrome()), "the Grid has no free chrome");
}

TEST(a_full_grid_that_no_longer_answers_is_tried)
{
    browser.driver_url = "http://grid:4444";
    find_full();
    tell_grid(NULL);
    assert_false(chrome()->full);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 2);
}

TEST(a_reload_asks_a_full_grid_anew)
{
    browser.driver_url = "http://grid:4444";
    find_full();
    wi_pool_reload(pool, &config);
    assert_int_equal(seen.watches, 0);
    assert_false(chrome()->full);
}

TEST(a_worn_session_whose_service_is_away_is_kept)
{
    serve();
    allow(2);
    wi_pool_end_worn(pool, session(), "test");
    wi_pool_session_unwatch(session(), 1);
    wi_pool_plan(pool);
    assert_int_equal(seen.begun, 1);
    allow(1); /* nor does it go without a successor */
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 0);
    wi_pool_session_unwatch(session(), 0);
    wi_pool_plan(pool);
    assert_int_equal(seen.closed, 1);
}

TEST(a_worn_session_goes_when_its_service_answers_again)
{
    serve();
    wi_pool_end_worn(pool, session(), "test");
    wi_pool_session_unwatch(session(), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.closed, 0);
    const struct wi_session_events *events = &session()->browser->events;
    events->on_checked(events->context, "s-1", NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.closed, 1);
}
