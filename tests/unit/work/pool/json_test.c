/* The pool as status, metrics and warnings show it. */
#include "pool_fixture.h"

/* Whether `list`, which is given up, is what `expected` says, of the members that that has. */
static void expect(json_t *list, const char *expected)
{
    json_t *wanted = json_loads(expected, 0, NULL), *row, *value;
    const char *key;
    size_t i;

    assert_non_null(wanted);
    assert_int_equal(json_array_size(list), json_array_size(wanted));
    json_array_foreach(wanted, i, row)
    {
        json_object_foreach(row, key, value)
        {
            if (!json_equal(value, json_object_get(json_array_get(list, i), key)))
                fail_msg("%s is not as expected in %s", key, json_dumps(list, JSON_COMPACT));
        }
    }
    json_decref(wanted);
    json_decref(list);
}

static json_t *nodes_json(void)
{
    size_t more;
    json_t *list = wi_pool_nodes_json(pool, 100, &more);

    assert_int_equal(more, 0);
    return list;
}

static struct wi_pool_counters counted(void)
{
    struct wi_pool_counters counters;

    wi_pool_counters(pool, &counters);
    return counters;
}

FIXTURE(setup, teardown)

TEST(a_session_is_shown_with_its_node)
{
    says.memory = 77;
    expect(wi_pool_sessions_json(pool),
        "[{\"id\":\"s-1\",\"state\":\"starting\",\"ending\":false,\"worn\":null,"
        "\"successor\":null,\"jobs\":0,\"memory_bytes\":77,\"network\":\"host\",\"node\":null}]");
    expect(nodes_json(), "[]");
    serve();
    give("a", WI_WASM, NULL);
    expect(wi_pool_sessions_json(pool), "[{\"state\":\"busy\",\"jobs\":0,\"node\":\"n-1\"}]");
    expect(nodes_json(),
        "[{\"id\":\"n-1\",\"session\":\"s-1\",\"browser\":\"chrome\",\"draining\":false,"
        "\"away\":false,\"attempts\":1}]");
    end("a", 0);
    expect(wi_pool_sessions_json(pool), "[{\"state\":\"ready\",\"jobs\":1}]");
    bridge()->on_node_away(bridge()->context, "n-1");
    expect(nodes_json(), "[{\"away\":true,\"attempts\":0,\"paused\":false}]");
    bridge()->on_node_paused(bridge()->context, "n-1", 1);
    expect(nodes_json(), "[{\"away\":true,\"paused\":true}]");
}

TEST(a_kind_is_shown_with_what_its_sessions_did)
{
    struct wi_error why;
    json_t *kinds;

    browser.min_connections = 1;
    serve();
    kinds = wi_pool_kinds_json(pool);
    expect(json_pack("[O]", json_object_get(kinds, "chrome")),
        "[{\"installed\":true,\"problem\":null,\"breaker\":\"closed\",\"failures\":0,"
        "\"next_start_ms\":0.0,\"min\":1,\"max\":1,\"wished\":false,\"sessions\":{"
        "\"starting\":0,\"ready\":1,\"busy\":0,\"draining\":0,\"broken\":0},"
        "\"transitions\":{\"starting\":{\"ready\":1}}}]");
    json_decref(kinds);
    wi_error_set(&why, WI_UNAVAILABLE, "", "no display");
    for (int i = 0; i < WI_BREAKER_FAILURES; i++)
        wi_pool_kind_broken(&pool->kinds->all[0], wi_now_ms(), -1, &why);
    kinds = wi_pool_kinds_json(pool);
    double left =
        json_number_value(json_object_get(json_object_get(kinds, "chrome"), "next_start_ms"));
    assert_true(left > 1000 && left <= 2000);
    expect(json_pack("[O]", json_object_get(kinds, "chrome")),
        "[{\"breaker\":\"open\",\"failures\":5,\"problem\":\"no display\"}]");
    json_decref(kinds);
    wi_pool_kind_broken(&pool->kinds->all[0], wi_now_ms() - 60000, -1, &why);
    kinds = wi_pool_kinds_json(pool);
    expect(json_pack("[O]", json_object_get(kinds, "chrome")),
        "[{\"breaker\":\"half-open\",\"next_start_ms\":0.0}]");
    json_decref(kinds);
}

TEST(it_is_known_what_a_kind_can_do_though_it_does_not_run)
{
    struct wi_node_info page = {.kind = "chrome", .session = "s-9", .browser_version = "156"};

    assert_null(wi_pool_kind_page(pool, "chrome"));
    wi_abilities_note(pool->abilities, pool->kinds->all[0].stamp, &page, wi_wall_ms());
    assert_string_equal(wi_pool_kind_page(pool, "chrome")->browser_version, "156");
    assert_null(wi_pool_kind_page(pool, "firefox"));
    wi_abilities_doubt(pool->abilities, "chrome");
    assert_null(wi_pool_kind_page(pool, "chrome"));
}

TEST(what_lives_and_what_was_is_counted)
{
    assert_int_equal(counted().sessions_started, 1);
    assert_int_equal(counted().live, 1);
    assert_int_equal(counted().states[WI_SESSION_STARTING], 1);
    assert_int_equal(counted().nodes, 0);
    assert_int_equal(counted().start_ms_count, 0);
    serve();
    assert_int_equal(counted().states[WI_SESSION_READY], 1);
    assert_int_equal(counted().nodes, 1);
    assert_int_equal(counted().classes, 1);
    assert_int_equal(counted().start_ms_count, 1);
    give("a", WI_WASM, NULL);
    wi_session_drain(session()->browser);
    assert_int_equal(counted().live, 0);
    assert_int_equal(counted().states[WI_SESSION_DRAINING], 1);
    end("a", 0);
    assert_int_equal(counted().sessions_closed, 1);
    assert_int_equal(counted().sessions_broken, 0);
}

TEST(a_session_that_breaks_is_counted_and_held_against_its_kind)
{
    struct wi_session *its = session()->browser;
    struct wi_error why;
    char id[] = "s-1";

    wi_error_set(&why, WI_UNAVAILABLE, "", "the driver died");
    its->state = WI_SESSION_BROKEN;
    its->events.on_state(its->events.context, id, WI_SESSION_STARTING, WI_SESSION_BROKEN, &why);
    assert_int_equal(counted().sessions_broken, 1);
    assert_int_equal(pool->kinds->all[0].backoff.failures, 1);
    assert_int_equal(seen.revoked, 1);
    int told = seen.capacity;
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.capacity, told + 1); /* who waits for it may have to be refused */
}

TEST(an_operator_is_warned)
{
    json_t *warnings = json_array();

    config.pool.network = WI_NETWORK_HOST;
    browser.sandbox = WI_NO;
    pool->crowded = 1;
    says.headroom.available = 1;
    wi_pool_add_warnings(pool, warnings);
    assert_int_equal(json_array_size(warnings), 3);
    assert_non_null(
        strstr(json_string_value(json_array_get(warnings, 0)), "by configuration: chrome"));
    assert_non_null(strstr(json_string_value(json_array_get(warnings, 1)),
        "sandbox is off, by configuration: chrome"));
    assert_non_null(strstr(json_string_value(json_array_get(warnings, 2)), "memory is short"));
    json_array_clear(warnings);
    says.missing = 1; /* then nothing of it runs */
    pool->crowded = 0;
    wi_pool_kind_check(&pool->kinds->all[0], NULL, wi_now_ms());
    wi_pool_add_warnings(pool, warnings);
    assert_int_equal(json_array_size(warnings), 0);
    json_decref(warnings);
}
