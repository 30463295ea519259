/* Why there is no node. */
#include "pool_fixture.h"

#include "work/pool/pick_private.h"
#include "work/pool/private.h"

static struct wi_error error;

static struct pool_kind *chrome(void)
{
    return wi_pool_kinds_find(pool->kinds, "chrome");
}

static void expect(const char *browser_kind, const char *detail)
{
    error = (struct wi_error){0};
    assert_int_equal(wi_pool_explain(pool, browser_kind, &error), WI_UNAVAILABLE);
    if (!strstr(error.detail, detail))
        fail_msg("%s", error.detail);
}

/* So many starts in a row that led to nothing. */
static void fail_to_start(unsigned times)
{
    struct wi_error why;

    wi_error_set(&why, WI_UNAVAILABLE, "", "no display");
    for (unsigned i = 0; i < times; i++)
        wi_pool_kind_broken(chrome(), wi_now_ms(), -1, &why);
}

FIXTURE(setup, teardown)

TEST(what_starts_is_said_to)
{
    expect(NULL, "chrome is starting");
    assert_int_equal(error.retry_after_s, 1);
    expect("chrome", "chrome is starting");
}

TEST(what_is_not_configured_is_told_with_what_is)
{
    expect("netscape", "no browser kind netscape is configured");
    assert_string_equal(error.field, "browser");
    assert_string_equal(error.allowed, "chrome");
}

TEST(what_is_not_installed_is_told_as_it_was_found)
{
    says.missing = 1;
    wi_pool_kind_check(chrome(), NULL, wi_now_ms());
    assert_false(wi_pool_kind_is_hopeful(pool, chrome()));
    expect(NULL, "it is not installed");
}

TEST(what_may_not_be_started_is_told)
{
    config.pool.max_connections = 0;
    assert_false(wi_pool_kind_is_hopeful(pool, chrome()));
    expect("chrome", "max_connections is 0, so no chrome is started");
    config.pool.max_connections = 1;
    browser.max_connections = 0;
    assert_false(wi_pool_kind_is_hopeful(pool, chrome()));
    expect("chrome", "max_connections is 0, so no chrome is started");
}

TEST(an_open_breaker_is_told_until_one_may_try)
{
    fail_to_start(WI_BREAKER_FAILURES - 1);
    assert_true(wi_pool_kind_is_hopeful(pool, chrome()));
    fail_to_start(1);
    assert_false(wi_pool_kind_is_hopeful(pool, chrome()));
    expect(NULL, "the breaker of chrome is open after 5 failures to start, next try in ");
    assert_non_null(strstr(error.detail, "the last: no display"));
    assert_in_range(error.retry_after_s, 2, 3); /* the wait is of 2 s */
}

TEST(without_any_kind_that_is_said)
{
    config.browser_count = 0;
    wi_pool_reload(pool, &config);
    expect(NULL, "no browser is configured, and none has joined");
    expect("chrome", "no browser kind chrome is configured");
    assert_string_equal(error.allowed, "none");
}

TEST(what_others_keep_is_told)
{
    struct wi_config_browser two[] = {browser, browser};

    two[0].min_connections = 1;
    two[1].kind = "firefox";
    config.browsers = two;
    config.browser_count = 2;
    wi_pool_reload(pool, &config);
    expect("firefox", "no firefox can be started: the min_connections of the other kinds take up "
                      "all of [pool] max_connections, which is 1");
    config.browsers = &browser;
    config.browser_count = 1;
    wi_pool_reload(pool, &config);
}

TEST(it_is_ready_once_a_node_takes_work)
{
    assert_int_equal(wi_pool_ready(pool, &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, "chrome is starting");
    serve();
    assert_int_equal(wi_pool_ready(pool, &error), WI_OK);
    assert_int_equal(wi_pool_drain(pool, "n-1", 1, &error), WI_OK);
    assert_int_equal(wi_pool_ready(pool, &error), WI_UNAVAILABLE);
    assert_string_equal(
        error.detail, "every node is draining, paused, held or without its connection");
    assert_int_equal(wi_pool_drain(pool, "n-1", 0, &error), WI_OK);
    assert_int_equal(wi_pool_ready(pool, &error), WI_OK);
    bridge()->on_node_away(bridge()->context, "n-1");
    assert_int_equal(wi_pool_ready(pool, &error), WI_UNAVAILABLE);
    assert_true(wi_pool_is_away(pool, "n-1"));
}

TEST(a_node_that_only_pretends_is_none)
{
    info.session[0] = '\0';
    info.platforms[WI_SIMULATED].available = 1;
    serve();
    assert_int_equal(wi_pool_ready(pool, &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, "chrome is starting");
}
