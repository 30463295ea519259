/* Routing over hand-made nodes: pins, platforms, load. */
#include "../test.h"

#include "pool/route.h"
#include <stdio.h>
#include <string.h>

struct place {
    struct wi_node_info infos[3];
    struct wi_candidate nodes[3];
    struct wi_config_browser browser;
    struct wi_model model;
    struct wi_demand demand;
    struct wi_choice choice;
    struct wi_error error;
};

/* Three idle nodes of a chrome without GPU: WASM, and WebGPU on a software adapter. */
static int setup(void **state)
{
    static struct place place;

    memset(&place, 0, sizeof(place));
    for (int i = 0; i < 3; i++) {
        struct wi_node_info *info = &place.infos[i];
        snprintf(info->id, sizeof(info->id), "node-%d", i);
        snprintf(info->kind, sizeof(info->kind), "chrome");
        info->platforms[WI_WASM].available = 1;
        info->platforms[WI_WEBGL].available = 1;
        info->platforms[WI_WEBGPU].available = 1;
        info->platforms[WI_WEBGPU].has_adapter = 1;
        info->platforms[WI_WEBGPU].adapter.is_fallback = 1;
        place.nodes[i] = (struct wi_candidate){.info = info, .browser = &place.browser, .open = 1};
    }
    place.demand = (struct wi_demand){.model = &place.model, .fallback = 1};
    *state = &place;
    return 0;
}

static enum wi_pick route(struct place *place, size_t count)
{
    return wi_route(place->nodes, count, &place->demand, &place->choice, &place->error);
}

static void ask(struct place *place, enum wi_platform platform, int fallback)
{
    place->demand.has_platform = 1;
    place->demand.platform = platform;
    place->demand.fallback = fallback;
}

static void expect(const struct place *place, size_t count, int first, int second)
{
    assert_int_equal(place->choice.platform_count, count);
    assert_int_equal(place->choice.platforms[0], first);
    if (count > 1)
        assert_int_equal(place->choice.platforms[1], second);
}

static void auto_leaves_a_software_adapter_alone(void **state)
{
    struct place *place = *state;

    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    place->infos[0].platforms[WI_WEBGPU].adapter.is_fallback = 0;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
}

static void a_named_platform_runs_on_software_too(void **state)
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

static void without_fallback_an_absent_platform_is_refused(void **state)
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
}

static void a_platform_that_is_passed_over_is_named_with_its_reason(void **state)
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

static void hardware_takes_a_software_adapter_for_none(void **state)
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

static void the_configured_platforms_bind(void **state)
{
    struct place *place = *state;
    char *only[] = {"webgpu"};

    place->browser.platforms = (struct wi_strings){only, 1};
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_string_equal(place->error.allowed, "webgpu");
    place->nodes[0].browser = NULL; /* joined: not ours to bind */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
}

static void pins_bind(void **state)
{
    struct place *place = *state;

    place->demand.node = "node-2";
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-2");
    place->demand.browser = "firefox";
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    place->demand.browser = NULL;
    place->demand.node = "node-9";
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_NODE_NOT_FOUND);
    place->demand.node = NULL;
    assert_int_equal(route(place, 0), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
}

static void the_least_loaded_wins_and_a_loaded_model_counts(void **state)
{
    struct place *place = *state;

    place->nodes[0].models = 1;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-1");
    place->nodes[0].has_model = 1;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-0");
    place->nodes[0].models = WI_DEPTH_MODEL;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-1");
}

static void full_away_and_draining_nodes_are_waited_for(void **state)
{
    struct place *place = *state;

    place->nodes[0].models = WI_DEPTH_MODEL;
    place->nodes[1].open = 0;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    place->model.builtin = 1; /* another depth */
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    place->nodes[0].builtins = WI_DEPTH_BUILTIN;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
}

static void the_avoided_node_is_the_last_resort(void **state)
{
    struct place *place = *state;

    place->demand.avoid = "node-0";
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-1");
    place->nodes[1].models = WI_DEPTH_MODEL;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-0");
}

static void a_builtin_model_needs_no_platform(void **state)
{
    struct place *place = *state;

    place->model.builtin = 1;
    memset(place->infos[0].platforms, 0, sizeof(place->infos[0].platforms));
    assert_int_equal(route(place, 1), WI_PICK_NODE);
}

static void a_simulated_node_gets_only_what_asks_for_it(void **state)
{
    struct place *place = *state;

    for (int i = 0; i < WI_SIMULATED; i++)
        place->infos[1].platforms[i].available = 0;
    place->infos[1].platforms[WI_SIMULATED].available = 1;
    place->nodes[0].models = 1;
    place->nodes[2].models = 1;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_not_equal(place->choice.node, "node-1"); /* although it is idle */
    place->demand.node = "node-1";
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    place->demand.node = NULL;
    place->model.builtin = 1;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_not_equal(place->choice.node, "node-1");
    place->model.builtin = 0;
    ask(place, WI_SIMULATED, 1);
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(place->choice.node, "node-1");
    expect(place, 1, WI_SIMULATED, 0); /* and no fallback to what would compute */
    place->nodes[1].open = 0;
    assert_int_equal(route(place, 3), WI_PICK_WAIT);
    place->infos[1].platforms[WI_SIMULATED].available = 0;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_string_equal(place->error.field, "platform");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(auto_leaves_a_software_adapter_alone, setup),
        cmocka_unit_test_setup(a_named_platform_runs_on_software_too, setup),
        cmocka_unit_test_setup(without_fallback_an_absent_platform_is_refused, setup),
        cmocka_unit_test_setup(a_platform_that_is_passed_over_is_named_with_its_reason, setup),
        cmocka_unit_test_setup(hardware_takes_a_software_adapter_for_none, setup),
        cmocka_unit_test_setup(the_configured_platforms_bind, setup),
        cmocka_unit_test_setup(pins_bind, setup),
        cmocka_unit_test_setup(the_least_loaded_wins_and_a_loaded_model_counts, setup),
        cmocka_unit_test_setup(full_away_and_draining_nodes_are_waited_for, setup),
        cmocka_unit_test_setup(the_avoided_node_is_the_last_resort, setup),
        cmocka_unit_test_setup(a_builtin_model_needs_no_platform, setup),
        cmocka_unit_test_setup(a_simulated_node_gets_only_what_asks_for_it, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
