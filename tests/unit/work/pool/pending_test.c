/* Browsers that are not there yet: whether one may come, and which is requested. */
#include "pool_fixture.h"

#include "work/pool/pick_private.h"

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
    return wi_pool_kinds_find(pool->kinds, kind)->requested_since > 0;
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
    wi_pool_kind_check(wi_pool_kinds_find(pool->kinds, "firefox"), NULL, wi_now_ms());
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

/* --- what is known of a kind ------------------------------------------------------------------ */

static struct wi_node_info page; /* of the firefox, at first like that of the chrome */

/* A session of the kind has come and gone, `ago` ms before. */
static void learn_ago(const char *kind, const char *session_id, int64_t ago)
{
    wi_text_copy(page.kind, sizeof page.kind, kind);
    wi_text_copy(page.session, sizeof page.session, session_id);
    wi_abilities_note(
        pool->abilities, wi_pool_kinds_find(pool->kinds, kind)->stamp, &page, wi_wall_ms() - ago);
}

static void learn(const char *kind, const char *session_id)
{
    learn_ago(kind, session_id, 0);
}

/* A chrome serves that has no WebNN, which is asked for. */
static void ask_for_webnn(void)
{
    serve();
    page = info;
    asked.has_platform = 1;
    asked.platform = WI_WEBNN;
}

static enum wi_pick pick(struct wi_error *error)
{
    struct wi_choice choice = {0};

    *error = (struct wi_error){0};
    return wi_pool_pick(pool, &demand, &choice, error);
}

TEST(what_a_kind_is_known_to_lack_is_not_waited_for)
{
    ask_for_webnn();
    assert_true(pending(1)); /* nobody has seen a firefox yet */
    assert_true(is_requested("firefox"));
    learn("firefox", "s-8");
    assert_false(pending(0));
    asked.platform = WI_WASM;
    assert_true(pending(0)); /* that it has */
    asked.platform = WI_WEBNN;
    asked.fallback = 1;
    assert_true(pending(0));
}

TEST(what_no_kind_can_do_is_refused_at_once)
{
    struct wi_error error;

    ask_for_webnn();
    assert_int_equal(pick(&error), WI_PICK_WAIT);
    learn("firefox", "s-8");
    assert_int_equal(pick(&error), WI_PICK_NEVER);
    assert_int_equal(error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(error.field, "platform");
    assert_string_equal(error.allowed, "webgpu, wasm");
}

/* As after a restart: nothing is there yet. */
TEST(it_is_refused_where_no_browser_is_there_yet)
{
    struct wi_error error;

    page = info;
    asked.has_platform = 1;
    asked.platform = WI_WEBNN;
    assert_int_equal(pick(&error), WI_PICK_WAIT);
    learn("chrome", "s-8");
    learn("firefox", "s-9");
    assert_int_equal(pick(&error), WI_PICK_NEVER);
    assert_int_equal(error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(error.field, "platform");
    asked.platform = WI_WASM;
    assert_int_equal(pick(&error), WI_PICK_WAIT);
    asked.browser = "firefox";
    asked.platform = WI_WEBNN;
    assert_int_equal(pick(&error), WI_PICK_NEVER);
    assert_int_equal(error.code, WI_PLATFORM_UNSUPPORTED);
}

TEST(one_bad_start_of_a_kind_is_not_all_that_is_known)
{
    ask_for_webnn();
    page.platforms[WI_WEBNN].available = 1;
    learn("firefox", "s-7");
    page.platforms[WI_WEBNN].available = 0;
    learn("firefox", "s-8");
    assert_true(pending(0));
    learn("firefox", "s-9");
    assert_false(pending(0));
}

TEST(what_another_installation_could_not_is_not_held_against_this_one)
{
    ask_for_webnn();
    wi_text_copy(page.kind, sizeof page.kind, "firefox");
    wi_abilities_note(pool->abilities, "another", &page, wi_wall_ms());
    assert_true(pending(0));
}

/* It is refused meanwhile, and nobody has to make room for the test. */
TEST(what_was_not_tested_for_long_is_tested_again)
{
    ask_for_webnn();
    learn_ago("firefox", "s-8", WI_ABILITIES_ONCE_MS + 1000);
    assert_false(pending(0));
    assert_false(is_requested("firefox"));
    assert_false(pending(1));
    assert_true(is_requested("firefox"));
    assert_int_equal(wi_pool_kinds_find(pool->kinds, "firefox")->requested_by, 0);
}

TEST(by_order_a_kind_is_tested_again)
{
    struct wi_error error;

    ask_for_webnn();
    learn("firefox", "s-8");
    assert_false(pending(0));
    assert_int_equal(wi_pool_doubt_kind(pool, "firefox", &error), WI_OK);
    assert_true(pending(0));
    learn("firefox", "s-9");
    assert_false(pending(0));
    assert_int_equal(wi_pool_doubt_kind(pool, "netscape", &error), WI_NOT_FOUND);
    assert_string_equal(error.field, "kind");
}

TEST(precisions_and_engines_are_known_as_well)
{
    ask_for_webnn();
    asked.platform = WI_WEBGPU;
    model.engine = WI_ENGINE_LLAMA;
    learn("firefox", "s-8"); /* without shader-f16 and JSPI */
    assert_false(pending(0));
    page.platforms[WI_WEBGPU].f16 = 1;
    page.engines[WI_ENGINE_LLAMA].on_webgpu = 1;
    learn("firefox", "s-9");
    assert_true(pending(0));
    asked.browser = "firefox";
    page.engines[WI_ENGINE_LLAMA].available = 0;
    learn("firefox", "s-a");
    assert_true(pending(0));
    learn("firefox", "s-b");
    assert_false(pending(0));
}

TEST(what_a_model_was_refused_for_is_known_as_well)
{
    ask_for_webnn();
    asked.has_platform = 0;
    asked.browser = "firefox";
    learn("firefox", "s-8");
    assert_true(pending(0));
    for (int p = 0; p < WI_PLATFORM_COUNT; p++) {
        const struct wi_place place = wi_place_of(&page, WI_ENGINE_ORT, (enum wi_platform)p);
        wi_shortages_note(pool->shortages, model.hash, &place, wi_wall_ms());
    }
    asked.lessens = 1; /* a smaller variant of it is for that */
    assert_false(pending(0));
}

/* A page of strangers speaks for no kind. */
TEST(what_joined_says_is_kept_for_itself)
{
    struct wi_node_info stranger;

    ask_for_webnn();
    stranger = info;
    wi_text_copy(stranger.id, sizeof stranger.id, "n-2");
    wi_text_copy(stranger.kind, sizeof stranger.kind, "firefox");
    *stranger.session = '\0';
    bridge()->on_node_up(bridge()->context, &stranger, 0);
    bridge()->on_node_report(bridge()->context, &stranger);
    bridge()->on_node_down(bridge()->context, "n-2", "it left");
    assert_true(pending(0));
}

/* Pages of ours do, as soon as they are there. */
TEST(what_a_session_says_is_kept_for_its_kind)
{
    const struct pool_kind *chrome = wi_pool_kinds_find(pool->kinds, "chrome");
    struct wi_ability known =
        wi_abilities_of(pool->abilities, "chrome", chrome->stamp, wi_wall_ms());

    assert_int_equal(known.count, 0);
    serve();
    known = wi_abilities_of(pool->abilities, "chrome", chrome->stamp, wi_wall_ms());
    assert_int_equal(known.count, 1);
    assert_true(known.pages[0]->platforms[WI_WEBGPU].available);
}

TEST(what_a_kind_cannot_do_is_not_preferred_there)
{
    static char *preferred[] = {"firefox"};
    struct wi_candidate candidate = {.info = &info};
    const struct wi_route_option chosen = {
        .candidate = &candidate, .chosen = 1, .measured = 1, .expected_ms = 5000};

    ask_for_webnn();
    config.browser_preferences.other = (struct wi_strings){.items = preferred, .count = 1};
    learn("firefox", "s-8");
    wi_pool_request_preferred(pool, &demand, &chosen, 1, &chosen);
    assert_false(is_requested("firefox"));
    asked.platform = WI_WASM;
    wi_pool_request_preferred(pool, &demand, &chosen, 1, &chosen);
    assert_true(is_requested("firefox"));
}
