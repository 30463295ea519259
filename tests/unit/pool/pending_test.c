/* Browsers that are not there yet: whether one may come, and which is requested. */
#include "pool_fixture.h"

#include "pool/pending.h"

static struct wi_config_browser two[2];
static struct wi_inference asked;
static const struct wi_demand demand = {.asked = &asked};

/* A chrome and a firefox, of which the pool may have one each. */
static int set_up_two(void **state)
{
    setup(state);
    asked = (struct wi_inference){.model = &model};
    two[0] = two[1] = browser;
    two[1].kind = "firefox";
    config.browsers = two;
    config.browser_count = 2;
    config.pool.max_connections = 2;
    wi_pool_reload(pool, &config);
    return 0;
}

static int pending(int request)
{
    return wi_pool_is_pending(pool, &demand, request);
}

static int is_requested(const char *kind)
{
    return wi_pool_kind_info(wi_pool_kinds_find(pool->kinds, kind))->requested_since > 0;
}

FIXTURE(set_up_two, teardown)

TEST(what_is_on_its_way_is_pending)
{
    assert_true(pending(1));
    assert_false(is_requested("chrome")); /* it comes anyway */
    asked.browser = "netscape";
    assert_false(pending(1));
    asked.browser = "chrome";
    assert_true(pending(0));
    assert_false(is_requested("chrome"));
}

TEST(what_is_there_is_not)
{
    asked.browser = "chrome";
    serve();
    assert_false(pending(1));
    assert_false(is_requested("chrome"));
    wi_pool_node_drain(pool->nodes, wi_pool_nodes_find(pool->nodes, "n-1"), 1);
    assert_false(pending(1)); /* there is no room for another of it */
    two[0].max_connections = 2;
    assert_true(pending(1));
    config.pool.max_connections = 1;
    assert_false(pending(1));
}

/* Once something serves, another kind is opened only where somebody needs it. */
TEST(another_kind_is_requested_by_who_could_use_it)
{
    serve();
    assert_true(pending(0));
    assert_false(is_requested("firefox"));
    assert_true(pending(1));
    assert_true(is_requested("firefox"));
    assert_false(is_requested("chrome"));
}

TEST(who_names_a_kind_requests_it_alone)
{
    asked.browser = "firefox";
    assert_true(pending(1));
    assert_true(is_requested("firefox"));
    assert_false(is_requested("chrome"));
}

TEST(what_is_not_installed_does_not_come)
{
    asked.browser = "firefox";
    says.missing = 1;
    wi_pool_kind_check(wi_pool_kinds_find(pool->kinds, "firefox"), wi_now_ms());
    assert_false(pending(1));
    assert_false(is_requested("firefox"));
}

TEST(what_others_must_keep_shuts_a_kind_out)
{
    serve();
    asked.browser = "firefox";
    two[0].min_connections = 1;
    assert_true(pending(0));
    config.pool.max_connections = 1;
    assert_false(pending(0));
    two[0].min_connections = 0;
    assert_true(pending(0)); /* then chrome may have to make room */
}

/* No browser brings a platform that its page has no engine for, as soon as one has shown that. */
TEST(a_platform_that_no_page_has_is_not_waited_for)
{
    asked.has_platform = 1;
    asked.platform = WI_SIMULATED;
    assert_true(pending(0));
    serve();
    assert_false(pending(0));
    asked.fallback = 1;
    assert_true(pending(0));
    asked.fallback = 0;
    asked.platform = WI_WASM;
    assert_true(pending(0));
}

TEST(a_gpu_that_is_to_come_back_is_waited_for)
{
    asked.browser = "chrome";
    serve();
    assert_false(pending(0));
    lose_gpu();
    assert_true(pending(0));
    wi_pool_session_gpu_settled(session());
    assert_false(pending(0));
}

TEST(a_kind_is_there_once_a_page_of_it_is)
{
    assert_false(wi_pool_has_kind(pool, "chrome"));
    serve();
    assert_true(wi_pool_has_kind(pool, "chrome"));
    assert_false(wi_pool_has_kind(pool, "firefox"));
}

TEST(browsers_bring_what_their_page_can_do)
{
    assert_true(wi_pool_could_bring(pool, &demand));
    asked.has_platform = 1;
    asked.platform = WI_SIMULATED;
    assert_false(wi_pool_could_bring(pool, &demand));
    asked.platform = WI_NATIVE;
    assert_false(wi_pool_could_bring(pool, &demand));
    asked.fallback = 1;
    assert_true(wi_pool_could_bring(pool, &demand));
    asked.fallback = asked.has_platform = 0;
    serve();
    assert_true(wi_pool_could_bring(pool, &demand));
    info.engines[WI_ENGINE_ORT].available = 0; /* the page has shown that it has none */
    bridge()->on_node_report(bridge()->context, &info);
    assert_false(wi_pool_could_bring(pool, &demand));
}
