/* Routing over hand-made candidates: pins, platforms, trust, measurements, preferences. */
#include "place.h"

/* --- platforms -------------------------------------------------------------------------------- */

FIXTURE(setup, NULL)

TEST(auto_uses_only_what_is_trusted)
{
    struct place *place = *state;

    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    make_real(place, 0, WI_UNKNOWN);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_int_equal(option(place, 0, WI_WEBGPU)->standing, WI_STANDING_UNCHECKED);
    make_real(place, 0, WI_WRONG);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_int_equal(option(place, 0, WI_WEBGPU)->standing, WI_STANDING_WRONG);
    make_real(place, 0, WI_TRUSTED);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
    make_real(place, 0, WI_EXEMPT);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
}

TEST(without_the_guard_a_gpu_is_used_at_once)
{
    struct place *place = *state;

    place->terms.numerics = WI_NUMERICS_OFF;
    make_real(place, 0, WI_UNKNOWN);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
    make_real(place, 0, WI_UNABLE); /* which no comparing has found out */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
}

TEST(a_software_adapter_must_have_measured_faster)
{
    struct place *place = *state;

    prospect(place, 0, WI_WEBGPU)->verdict = WI_TRUSTED;
    measure(place, 0, WI_WASM, 100);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_int_equal(option(place, 0, WI_WEBGPU)->standing, WI_STANDING_SOFTWARE);
    measure(place, 0, WI_WEBGPU, 12000);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    measure(place, 0, WI_WEBGPU, 50);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
}

TEST(where_nothing_has_wasm_the_unchecked_must_do)
{
    struct place *place = *state;
    char *only[] = {"webgpu"};

    place->browser.platforms = (struct wi_strings){only, 1};
    make_real(place, 0, WI_UNKNOWN);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WEBGPU, 0);
    make_real(place, 0, WI_WRONG);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
}

TEST(a_named_platform_runs_on_software_too)
{
    struct place *place = *state;

    ask(place, WI_WEBGPU, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WEBGPU, 0);
    ask(place, WI_WASM, 0);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
}

/* Other engines do not compute on WebGL, however much of it there is. */
TEST(kernels_fall_back_from_webgpu_to_webgl_and_then_to_wasm)
{
    struct place *place = *state;

    ask(place, WI_WEBGPU, 1);
    place->model.engine = WI_ENGINE_KERNELS;
    place->infos[0].engines[WI_ENGINE_KERNELS].available = 1;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 3, WI_WEBGPU, WI_WEBGL);
    assert_int_equal(place->choice.platforms[2], WI_WASM);
    place->infos[0].platforms[WI_WEBGPU].available = 0;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 3, WI_WEBGPU, WI_WEBGL); /* the page says why */
    ask(place, WI_WEBGL, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGL, WI_WASM);
    ask(place, WI_WEBGL, 0);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WEBGL, 0);
}

TEST(without_fallback_an_absent_platform_is_refused)
{
    struct place *place = *state;

    ask(place, WI_WEBNN, 0);
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(place->error.field, "platform");
    assert_string_equal(place->error.allowed, "webgpu, wasm");
    ask(place, WI_WEBNN, 1);
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    expect(place, 2, WI_WEBNN, WI_WASM);
    assert_false(place->choice.refusal.given); /* the page says why */
    ask(place, WI_WEBGL, 0);
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(place->error.detail,
        "webgl does not run the models of the engine ort; name "
        "another platform or allow the fallback");
}

TEST(the_named_platform_goes_where_it_is)
{
    struct place *place = *state;

    place->infos[2].platforms[WI_WEBNN].available = 1;
    ask(place, WI_WEBNN, 1);
    expect_node(place, 3, "node-2");
    expect(place, 2, WI_WEBNN, WI_WASM);
    fill(place, 2, 50);
    assert_int_equal(route(place, 3), WI_PICK_WAIT); /* and does not fall back for being busy */
    place->nodes[2].open = 0;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
}

TEST(a_platform_that_is_passed_over_is_named_with_its_reason)
{
    struct place *place = *state;

    ask(place, WI_WEBGL, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_true(place->choice.refusal.given);
    assert_int_equal(place->choice.refusal.platform, WI_WEBGL);
    place->browser.gpu = WI_GPU_OFF;
    ask(place, WI_WEBGPU, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_int_equal(place->choice.refusal.platform, WI_WEBGPU);
    assert_non_null(strstr(place->choice.refusal.reason, "gpu = off"));
}

TEST(hardware_takes_a_software_adapter_for_none)
{
    struct place *place = *state;

    place->browser.gpu = WI_GPU_HARDWARE;
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    ask(place, WI_WEBGPU, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    place->infos[0].platforms[WI_WEBGPU].adapter.is_fallback = 0;
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    place->browser.gpu = WI_GPU_OFF;
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
}

TEST(the_configured_platforms_bind)
{
    struct place *place = *state;
    char *only[] = {"webgpu"};

    place->browser.platforms = (struct wi_strings){only, 1};
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_string_equal(place->error.allowed, "webgpu");
    place->nodes[0].browser = NULL; /* joined: not ours to bind */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
}

TEST(a_pinned_kind_binds)
{
    struct place *place = *state;

    place->asked.browser = "firefox";
    expect_node(place, 3, "node-2");
    place->asked.browser = "safari";
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_string_equal(place->error.field, "browser");
    place->asked.browser = NULL;
    assert_int_equal(route(place, 0), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
}

/* A node that is there is not said to be of another kind. */
TEST(a_pinned_node_is_refused_for_what_it_lacks)
{
    struct place *place = *state;

    ask(place, WI_WEBNN, 0);
    place->asked.node = "node-1";
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(place->error.field, "platform");
    place->asked.browser = "firefox";
    assert_int_equal(route(place, 0), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_string_equal(place->error.field, "browser");
    assert_string_equal(place->error.detail, "the node node-1 is not a browser of kind firefox");
}

TEST(a_builtin_model_needs_no_platform)
{
    struct place *place = *state;

    make_builtin(place, 1);
    memset(place->infos[0].platforms, 0, sizeof place->infos[0].platforms);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    place->nodes[0].any.ahead_ms = 3; /* attempts */
    expect_node(place, 2, "node-1");
}

TEST(a_simulated_node_gets_only_what_asks_for_it)
{
    struct place *place = *state;

    for (int i = 0; i < WI_SIMULATED; i++)
        place->infos[1].platforms[i].available = 0;
    place->infos[1].platforms[WI_SIMULATED].available = 1;
    fill(place, 0, 10);
    fill(place, 2, 10);
    assert_int_equal(route(place, 3), WI_PICK_WAIT); /* although it is idle */
    place->asked.node = "node-1";
    assert_int_equal(wi_route(&place->nodes[1], 1, &place->demand, &place->terms, place->options,
                         &place->choice, &place->error),
        WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    place->asked.node = NULL;
    make_builtin(place, 1);
    assert_int_equal(route(place, 3), WI_PICK_WAIT);
    make_builtin(place, 0);
    ask(place, WI_SIMULATED, 1);
    expect_node(place, 3, "node-1");
    expect(place, 1, WI_SIMULATED, 0); /* and no fallback to what would compute */
    place->nodes[1].open = 0;
    place->nodes[1].away = 1;
    assert_int_equal(route(place, 3), WI_PICK_WAIT);
    place->infos[1].platforms[WI_SIMULATED].available = 0;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_string_equal(place->error.field, "platform");
}

/* The second of them a program that is no browser. */
static void make_program(struct place *place)
{
    memset(place->infos[1].platforms, 0, sizeof place->infos[1].platforms);
    place->infos[1].platforms[WI_NATIVE].available = 1;
    strcpy(place->infos[1].kind, "python");
    place->nodes[1].browser = NULL;
}

TEST(a_program_runs_what_asks_for_it)
{
    struct place *place = *state;

    make_program(place);
    ask(place, WI_NATIVE, 0);
    expect_node(place, 3, "node-1");
    expect(place, 1, WI_NATIVE, 0);
    place->nodes[1].open = 0;
    place->nodes[1].away = 1;
    assert_int_equal(route(place, 3), WI_PICK_WAIT);
    /* Where there is none, a browser may do instead, and that is said; or nothing does. */
    ask(place, WI_NATIVE, 1);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    assert_true(place->choice.refusal.given);
    assert_int_equal(place->choice.refusal.platform, WI_NATIVE);
    ask(place, WI_NATIVE, 0);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
}

TEST(a_program_must_be_compared_like_any_other)
{
    struct place *place = *state;

    make_program(place);
    measure(place, 0, WI_WASM, 500);
    measure(place, 1, WI_NATIVE, 5);
    expect_node(place, 2, "node-0");
    assert_int_equal(option(place, 1, WI_NATIVE)->standing, WI_STANDING_UNCHECKED);
    assert_true(place->choice.probe.wanted);
    assert_int_equal(place->choice.probe.platform, WI_NATIVE);
    prospect(place, 1, WI_NATIVE)->verdict = WI_TRUSTED;
    expect_node(place, 2, "node-1");
    expect(place, 1, WI_NATIVE, 0);
    prospect(place, 1, WI_NATIVE)->verdict = WI_WRONG;
    expect_node(place, 2, "node-0");
    /* Where nothing has WASM there is no measure. */
    prospect(place, 1, WI_NATIVE)->verdict = WI_UNKNOWN;
    memset(place->infos[0].platforms, 0, sizeof place->infos[0].platforms);
    expect_node(place, 2, "node-1");
}

TEST(a_builtin_model_names_what_a_program_has)
{
    struct place *place = *state;

    make_program(place);
    make_builtin(place, 1);
    place->nodes[0].any.ahead_ms = 3;
    expect_node(place, 2, "node-1");
    expect(place, 1, WI_NATIVE, 0);
    place->nodes[1].any.ahead_ms = 5;
    expect_node(place, 2, "node-0");
    expect(place, 1, WI_WASM, 0);
    ask(place, WI_NATIVE, 0); /* although others have less to do */
    expect_node(place, 2, "node-1");
    expect(place, 1, WI_NATIVE, 0);
}

/* --- measurements and preferences ------------------------------------------------------------- */

TEST(the_preferences_decide_while_nothing_is_measured)
{
    struct place *place = *state;

    expect_node(place, 3, "node-0");
    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        prospect(place, 2, (enum wi_platform)p)->rank = -1;
    expect_node(place, 3, "node-2");
    /* But one that has the model is not passed by for one place in the list. */
    load(place, 0, WI_WASM, 0);
    expect_node(place, 3, "node-0");
}

TEST(within_a_kind_the_accelerator_comes_first)
{
    struct place *place = *state;

    place->infos[0].platforms[WI_WEBNN].available = 1;
    prospect(place, 0, WI_WEBNN)->verdict = WI_EXEMPT;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBNN, WI_WASM);
}

TEST(what_measured_faster_wins)
{
    struct place *place = *state;

    for (int i = 0; i < 3; i++)
        measure(place, i, WI_WASM, 300 - 100 * i);
    expect_node(place, 3, "node-2");
    measure(place, 2, WI_WASM, 3000); /* it became slow */
    expect_node(place, 3, "node-1");
    measure(place, 2, WI_WASM, 30);
    expect_node(place, 3, "node-2");
}

/* Browsers of one kind, each with a GPU of its own (gpu_device = all). */
TEST(the_faster_of_two_gpus_gets_the_work_until_it_has_too_much)
{
    struct place *place = *state;

    snprintf(place->infos[1].kind, sizeof place->infos[1].kind, "%s", place->infos[0].kind);
    for (int node = 0; node < 2; node++) {
        make_real(place, node, WI_TRUSTED);
        prospect(place, node, WI_WEBGPU)->rank = 0;
        load(place, node, WI_WEBGPU, 0);
    }
    for (int faster = 0; faster < 2; faster++) {
        measure(place, faster, WI_WEBGPU, 5);
        measure(place, !faster, WI_WEBGPU, 20);
        expect_node(place, 2, place->ids[faster]);
        expect(place, 2, WI_WEBGPU, WI_WASM);
        load(place, faster, WI_WEBGPU, 40);
        expect_node(place, 2, place->ids[!faster]);
        load(place, faster, WI_WEBGPU, 0);
    }
}

TEST(a_conversation_goes_on_where_it_was)
{
    struct place *place = *state;
    struct wi_prospect *familiar = prospect(place, 1, WI_WASM);

    measure(place, 0, WI_WASM, 500);
    measure(place, 1, WI_WASM, 700);
    load(place, 0, WI_WASM, 0);
    load(place, 1, WI_WASM, 0);
    expect_node(place, 2, "node-0");
    familiar->known = (struct wi_free_node){"node-x", 100}; /* another of the same class */
    familiar->known_tokens = 200;
    expect_node(place, 2, "node-0"); /* it saves 200 ms, and is not free for 100 */
    familiar->known_tokens = 400;
    expect_node(place, 2, "node-x");
    familiar->known.ahead_ms = 1000;
    expect_node(place, 2, "node-0");
    familiar->known.ahead_ms = 400; /* what it saves: no worse there */
    route(place, 2);
    assert_true(option(place, 1, WI_WASM)->queue_ms == 400);
    familiar->known.ahead_ms = 401;
    route(place, 2);
    assert_true(option(place, 1, WI_WASM)->queue_ms == 0);
    familiar->known.ahead_ms = 0;
    fill(place, 1, 50);
    expect_node(place, 2, "node-0"); /* it is full after all */
}

TEST(the_queue_and_the_load_count)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 50);
    measure(place, 1, WI_WASM, 60);
    load(place, 0, WI_WASM, 0);
    load(place, 1, WI_WASM, 0);
    expect_node(place, 2, "node-0");
    load(place, 0, WI_WASM, 40);
    expect_node(place, 2, "node-1");
    prospect(place, 1, WI_WASM)->warm.node = NULL; /* it would have to load: 100 ms */
    expect_node(place, 2, "node-0");
    assert_true(option(place, 0, WI_WASM)->expected_ms == 90);
    assert_true(option(place, 1, WI_WASM)->expected_ms == 160);
}

TEST(what_fails_often_is_avoided)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 50);
    measure(place, 1, WI_WASM, 200);
    expect_node(place, 2, "node-0");
    prospect(place, 0, WI_WASM)->estimate.failure = 0.5;
    expect_node(place, 2, "node-1");
    prospect(place, 0, WI_WASM)->estimate.failure = 0.01;
    expect_node(place, 2, "node-0");
}

TEST(what_is_preferred_and_not_measured_gets_its_chance)
{
    struct place *place = *state;

    measure(place, 2, WI_WASM, 3000);
    expect_node(place, 3, "node-0");
    measure(place, 0, WI_WASM, 10);
    measure(place, 2, WI_WASM, 30);
    expect_node(place, 3, "node-0"); /* and edge, second and unknown, does not */
}

TEST(a_first_run_is_compared_with_where_nothing_else_is_known)
{
    struct place *place = *state;

    load(place, 0, WI_WASM, 0);
    prospect(place, 0, WI_WASM)->rank = 1;
    prospect(place, 1, WI_WASM)->rank = 0;
    prospect(place, 0, WI_WASM)->estimate =
        (struct wi_estimate){.run_ms = 8000, .cold = 1, .load_ms = 6000, .loads = 1};
    /* Better by the list, so 8 s would become 4.7; but it would have to load for 6. */
    expect_node(place, 2, "node-0");
    assert_true(option(place, 1, WI_WASM)->run_ms > 4000);
}

/* --- waiting ---------------------------------------------------------------------------------- */

TEST(full_and_closed_nodes_are_waited_for)
{
    struct place *place = *state;

    fill(place, 0, 100);
    place->nodes[1].open = 0;
    place->nodes[1].away = 1;
    place->nodes[1].any.node = NULL;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_FULL);
    assert_int_equal(option(place, 1, WI_WASM)->standing, WI_STANDING_CLOSED);
    assert_int_equal(route(place, 3), WI_PICK_NODE);
}

TEST(another_model_waits_for_an_idle_node)
{
    struct place *place = *state;

    place->nodes[0].any_idle = 0;
    place->nodes[0].any.ahead_ms = 20;
    assert_int_equal(route(place, 1), WI_PICK_WAIT);
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_BUSY);
    place->demand.waited_ms = WI_ROUTE_PATIENCE_MS; /* but not for ever */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    place->demand.waited_ms = 0;
    load(place, 0, WI_WASM, 20); /* the same model queues up */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
}

TEST(a_much_better_place_is_worth_waiting_for)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 50);
    measure(place, 1, WI_WASM, 5000);
    prospect(place, 0, WI_WASM)->loaded = 1;
    fill(place, 0, 60);
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    place->terms.waiting = 200; /* until too many wait for it */
    expect_node(place, 2, "node-1");
    place->terms.waiting = 0;
    measure(place, 1, WI_WASM, 10);
    expect_node(place, 2, "node-1");
}

TEST(the_avoided_node_is_the_last_resort)
{
    struct place *place = *state;

    place->demand.avoid = place->ids[0];
    place->nodes[0].any.node = NULL;
    place->nodes[0].avoided = (struct wi_free_node){place->ids[0], 0};
    expect_node(place, 2, "node-1");
    fill(place, 1, 10);
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    expect_node(place, 1, "node-0");
    place->nodes[0].nodes = place->nodes[0].open = 2;
    assert_int_equal(route(place, 1), WI_PICK_WAIT);
}

TEST(no_retry_waits_for_what_is_away)
{
    struct place *place = *state;

    place->demand.avoid = place->ids[0];
    place->nodes[0].any.node = NULL;
    place->nodes[0].avoided = (struct wi_free_node){place->ids[0], 0};
    place->nodes[1].any.node = NULL;
    place->nodes[1].open = 0;
    place->nodes[1].away = 1;
    expect_node(place, 2, "node-0");
    place->nodes[0].nodes = 2; /* one like it is away */
    place->nodes[0].away = 1;
    expect_node(place, 1, "node-0");
}

TEST(what_only_drains_is_not_waited_for)
{
    struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        place->nodes[i].open = 0;
        place->nodes[i].any.node = NULL;
    }
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_non_null(strstr(place->error.detail, "draining"));
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_DRAINING);
    place->asked.node = place->ids[0];
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_string_equal(place->error.field, "node");
    assert_non_null(strstr(place->error.detail, "the node node-0 is draining"));
    place->asked.node = NULL;
    place->nodes[1].away = 1; /* one of them comes back */
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    expect_node(place, 3, "node-2");
}

TEST(the_avoided_node_is_not_waited_for_although_it_would_be_better)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 5);
    measure(place, 1, WI_WASM, 5000);
    place->demand.avoid = place->ids[0];
    place->nodes[0].any.node = NULL;
    place->nodes[0].avoided = (struct wi_free_node){place->ids[0], 0};
    place->nodes[0].full_ms = -1;
    expect_node(place, 2, "node-1");
    place->nodes[0].nodes = 2; /* but another node of its kind is, which is full */
    place->nodes[0].full_ms = 20;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
}

TEST(who_let_deadlines_pass_is_taken_only_where_nothing_else_has_room)
{
    struct place *place = *state;

    load(place, 0, WI_WASM, 0);
    expect_node(place, 2, "node-0");
    place->nodes[0].doubted = 1;
    expect_node(place, 2, "node-1");
    place->nodes[1].any_idle =
        0; /* it works on something else, and soon may be asked all the same */
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    place->demand.waited_ms = WI_ROUTE_PATIENCE_MS;
    expect_node(place, 2, "node-1");
    fill(place, 1, 100);
    expect_node(place, 2, "node-0");
}

TEST(what_is_paused_is_waited_for)
{
    struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        place->nodes[i].open = 0;
        place->nodes[i].away = place->nodes[i].paused = 1;
        place->nodes[i].any.node = NULL;
    }
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_PAUSED);
    assert_non_null(strstr(option(place, 0, WI_WASM)->why, "paused by the people"));
    place->nodes[0].away = 2; /* another has lost its connection */
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_CLOSED);
    expect_node(place, 3, "node-2");
}

TEST(what_is_held_is_waited_for)
{
    struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        place->nodes[i].open = 0;
        place->nodes[i].away = place->nodes[i].held = 1;
        place->nodes[i].any.node = NULL;
    }
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_HELD);
    assert_string_equal(wi_standing_names[WI_STANDING_HELD], "held");
    expect_node(place, 3, "node-2");
}

TEST(where_the_memory_was_short_a_smaller_variant_is_awaited)
{
    struct place *place = *state;

    prospect(place, 0, WI_WASM)->is_short = 1;
    expect_node(place, 2, "node-1");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_SHORT);
    prospect(place, 1, WI_WASM)->is_short = 1;
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_MODEL_TOO_LARGE);
    ask(place, WI_WASM, 1);
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_MODEL_TOO_LARGE);
    ask(place, WI_WEBNN, 1); /* which is not there, and wasm is no way out */
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 2, "node-0");
}
