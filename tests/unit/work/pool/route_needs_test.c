/* Routing by what a demand needs of a node, and by what text takes there; the rest is in
 * route_test.c. */
#include "place.h"

/* --- engines and streams ---------------------------------------------------------------------- */

FIXTURE(setup, NULL)

TEST(a_model_goes_where_its_engine_is)
{
    struct place *place = *state;

    place->infos[0].engines[WI_ENGINE_ORT].available = 0;
    expect_node(place, 2, "node-1");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_UNAVAILABLE);
    assert_string_equal(option(place, 0, WI_WASM)->why, "it has no engine for such models");
    ask(place, WI_WASM, 1);
    expect_node(place, 2, "node-1");
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_string_equal(place->error.field, "model_name");
    assert_int_equal(route(place, 0), WI_PICK_NEVER); /* a browser that has it may come */
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
}

/* Only WebGPU asks its adapter, and only for variants that compute so. */
TEST(halves_go_to_webgpu_where_the_adapter_has_them)
{
    static const char why[] =
        "the variant computes in 16-bit floats, and the adapter has no shader-f16";
    struct place *place = *state;
    char fp16[] = "fp16", q4f16[] = "q4f16", q8[] = "q8";

    place->model.engine = WI_ENGINE_PIPELINE;
    place->model.format = WI_FORMAT_HUGGINGFACE;
    for (int i = 0; i < CANDIDATES; i++)
        place->infos[i].engines[WI_ENGINE_PIPELINE].available = 1;
    ask(place, WI_WEBGPU, 0);
    place->model.variant = q8;
    expect_node(place, 3, "node-0");
    place->model.variant = q4f16;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    place->model.variant = fp16;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(strstr(place->error.detail, why));
    assert_string_equal(place->error.allowed, "wasm");
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 3, "node-0");
    expect(place, 1, WI_WASM, 0);
    assert_int_equal(place->choice.refusal.platform, WI_WEBGPU);
    assert_string_equal(place->choice.refusal.reason, why);
    place->infos[2].platforms[WI_WEBGPU].f16 = 1;
    expect_node(place, 3, "node-2");
    expect(place, 2, WI_WEBGPU, WI_WASM);
    place->asked.has_platform = 0;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_string_equal(option(place, 0, WI_WEBGPU)->why, why);
    assert_int_not_equal(option(place, 2, WI_WEBGPU)->standing, WI_STANDING_BARRED);
    assert_int_not_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_BARRED);
    place->model.engine = WI_ENGINE_ORT;
    place->model.format = WI_FORMAT_ONNX; /* the graph without variant is of 32 bits */
    place->model.variant = NULL;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_int_not_equal(option(place, 0, WI_WEBGPU)->standing, WI_STANDING_BARRED);
}

TEST(a_choosy_engine_takes_only_some_gpus)
{
    struct place *place = *state;
    struct wi_node_info *info = &place->infos[0];

    place->model.engine = WI_ENGINE_LLAMA;
    place->model.format = WI_FORMAT_GGUF;
    info->engines[WI_ENGINE_LLAMA].available = 1;
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(
        strstr(place->error.detail, "16-bit floats, and the adapter has no shader-f16"));
    assert_string_equal(place->error.allowed, "wasm");
    info->platforms[WI_WEBGPU].f16 = 1;
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_non_null(strstr(place->error.detail, "cannot use a GPU on the node"));
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    info->engines[WI_ENGINE_LLAMA].on_webgpu = 1;
    expect_node(place, 1, "node-0");
    expect(place, 2, WI_WEBGPU, WI_WASM);
    info->platforms[WI_WEBGPU].available = 0; /* then the node's own reason counts */
    info->platforms[WI_WEBGPU].f16 = 0;
    snprintf(info->platforms[WI_WEBGPU].reason, sizeof info->platforms[WI_WEBGPU].reason, "none");
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_non_null(strstr(place->error.detail, "on webgpu: none"));
}

TEST(what_a_graph_computes_with_empty_tensors_goes_to_wasm)
{
    static const char why[] =
        "the graph computes with a tensor without elements, which only wasm does";
    struct place *place = *state;

    place->asked.empty = WI_EMPTY_USED;
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    assert_string_equal(place->choice.refusal.reason, why);
    ask(place, WI_WEBNN, 1);
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    ask(place, WI_WEBGPU, 0);
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(strstr(place->error.detail, why));
    place->asked.has_platform = 0;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_string_equal(option(place, 0, WI_WEBGPU)->why, why);
}

TEST(an_empty_past_goes_to_a_gpu_until_it_has_failed_there)
{
    static const char why[] = "such a tensor without elements has failed there before";
    struct place *place = *state;

    place->asked.empty = WI_EMPTY_PAST;
    ask(place, WI_WEBGPU, 0);
    expect_node(place, 1, "node-0");
    assert_int_equal(place->choice.platforms[0], WI_WEBGPU);
    prospect(place, 0, WI_WEBGPU)->verdict = WI_UNABLE;
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(strstr(place->error.detail, why));
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    assert_string_equal(place->choice.refusal.reason, why);
    place->asked.empty = WI_EMPTY_NONE; /* whoever names the platform may try */
    ask(place, WI_WEBGPU, 0);
    expect_node(place, 1, "node-0");
}

TEST(large_files_go_where_they_can_be_read)
{
    struct place *place = *state;
    struct wi_model_file files[] = {{.bytes = 10}, {.bytes = INT64_C(1) << 31}};

    place->model.engine = WI_ENGINE_LLAMA;
    place->model.manifest = (struct wi_manifest){.files = files, .count = 2};
    for (int i = 0; i < CANDIDATES; i++) {
        place->infos[i].engines[WI_ENGINE_LLAMA].available = 1;
        place->infos[i].engines[WI_ENGINE_LLAMA].file_max = INT32_MAX;
    }
    place->infos[2].engines[WI_ENGINE_LLAMA].file_max = 0; /* it names no limit */
    expect_node(place, 3, "node-2");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_BARRED);
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(strstr(place->error.detail, "on auto: a file of the model is larger"));
    assert_string_equal(place->error.allowed, "none");
    files[1].bytes = INT32_MAX;
    expect_node(place, 2, "node-0");
}

TEST(large_models_go_where_their_memory_is_allowed)
{
    struct place *place = *state;
    struct wi_model_file files[] = {{.bytes = 600}, {.bytes = 500}};

    place->model.manifest = (struct wi_manifest){.files = files, .count = 2};
    for (int i = 0; i < CANDIDATES; i++)
        place->infos[i].memory_limit = 1099;
    place->infos[2].memory_limit = 0; /* it names no limit */
    expect_node(place, 3, "node-2");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_BARRED);
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_PLATFORM_UNSUPPORTED);
    assert_non_null(strstr(place->error.detail, "on auto: the model is larger than its user"));
    place->infos[0].memory_limit = 1100;
    expect_node(place, 2, "node-0");
}

TEST(what_was_begun_goes_on_where_the_engine_can)
{
    struct place *place = *state;

    make_builtin(place, 1);
    place->asked.stream = place->demand.continues = 1;
    place->infos[0].engines[WI_ENGINE_ORT].can_continue = 1; /* not the one that runs it */
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_string_equal(
        place->error.detail, "no other node can continue the answer that its node had begun");
    place->infos[1].engines[WI_ENGINE_BUILTIN].can_continue = 1;
    expect_node(place, 3, "node-1");
    place->demand.several = 1;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    place->infos[1].engines[WI_ENGINE_BUILTIN].continues_several = 1;
    expect_node(place, 3, "node-1");
}

TEST(what_others_may_not_have_stays_with_our_browsers)
{
    struct wi_program source = {0};
    struct place *place = *state;

    assert_false(wi_demand_keep(WI_STRANGERS_TENSORS, 0));
    assert_true(wi_demand_keep(WI_STRANGERS_TENSORS, 1));
    assert_true(wi_demand_keep(WI_STRANGERS_NONE, 0));
    assert_false(wi_demand_keep(WI_STRANGERS_TEXT, 1));
    snprintf(place->infos[2].session, sizeof place->infos[2].session, "session-2");
    measure(place, 0, WI_WASM, 1);
    expect_node(place, 3, "node-0");
    place->demand.ours_only = 1;
    expect_node(place, 3, "node-2");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_UNAVAILABLE);
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_non_null(strstr(place->error.detail, "[pool] strangers"));
    place->asked.program = &source; /* whatever the configuration says */
    assert_int_equal(route(place, 2), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_non_null(strstr(place->error.detail, "a source runs only in browsers that the service"));
    assert_null(strstr(place->error.detail, "strangers"));
    place->asked.program = NULL;
    place->infos[0].platforms[WI_SIMULATED].available = 1;
    ask(place, WI_SIMULATED, 0);
    expect_node(place, 3, "node-0");
}

/* One hop: even where nothing else is there, or the relay is the better place. */
TEST(what_came_through_a_relay_goes_to_none)
{
    struct place *place = *state;

    snprintf(place->infos[0].relay, sizeof place->infos[0].relay, "attic");
    measure(place, 0, WI_WASM, 1);
    expect_node(place, 3, "node-0");
    place->demand.no_relays = 1;
    expect_node(place, 3, "node-1");
    assert_int_equal(option(place, 0, WI_WASM)->standing, WI_STANDING_UNAVAILABLE);
    assert_string_equal(option(place, 0, WI_WASM)->why,
        "it is a relay, and what came through a relay goes to no other");
    assert_int_equal(route(place, 1), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_string_equal(place->error.field, "relay");
    assert_non_null(strstr(place->error.detail, "ask another daemon"));
    place->nodes[1].open = 0; /* it is waited for, although the relay has room */
    place->nodes[1].away = 1;
    assert_int_equal(route(place, 2), WI_PICK_WAIT);
}

TEST(a_relay_may_limit_the_platforms)
{
    struct place *place = *state;

    make_real(place, 0, WI_TRUSTED);
    place->asked.relayed =
        (struct wi_relayed){.is = 1, .platforms = {WI_WEBGPU, WI_WASM}, .platform_count = 2};
    ask(place, WI_WEBGPU, 1);
    expect_node(place, 1, "node-0");
    expect(place, 2, WI_WEBGPU, WI_WASM); /* and not WebGL between them */
    place->asked.relayed.platform_count = 1;
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WEBGPU, 0);
    assert_string_equal(
        option(place, 0, WI_WASM)->why, "the request does not list it in relay.platforms");
}

TEST(a_second_opinion_is_of_ours_if_any_has_room)
{
    struct place *place = *state;

    snprintf(place->infos[2].session, sizeof place->infos[2].session, "session-2");
    measure(place, 0, WI_WASM, 1);
    measure(place, 2, WI_WASM, 100);
    expect_node(place, 3, "node-0");
    place->demand.second = 1;
    expect_node(place, 3, "node-2");
    fill(place, 2, 100);
    expect_node(place, 3, "node-0");
    fill(place, 0, 1); /* which would be worth waiting for */
    measure(place, 1, WI_WASM, 1000);
    expect_node(place, 3, "node-1");
    place->nodes[1].any_idle = 0; /* nor is the end of its other work waited for */
    expect_node(place, 3, "node-1");
    fill(place, 1, 1);
    assert_int_equal(route(place, 3), WI_PICK_WAIT);
}

TEST(nor_is_the_node_itself_its_last_resort)
{
    struct place *place = *state;

    fill(place, 0, -1);
    place->demand.avoid = place->ids[0];
    place->nodes[0].avoided = (struct wi_free_node){place->ids[0], 0};
    expect_node(place, 1, "node-0");
    place->demand.second = 1;
    assert_int_equal(route(place, 1), WI_PICK_WAIT);
}

TEST(a_stream_is_no_occasion_to_find_out_more)
{
    struct place *place = *state;

    make_real(place, 0, WI_UNKNOWN);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_true(place->choice.probe.wanted);
    place->asked.stream = 1;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
}

/* --- text ------------------------------------------------------------------------------------- */

static void measure_text(struct place *place, int node, double prompt_ms, double token_ms)
{
    prospect(place, node, WI_WASM)->estimate = (struct wi_estimate){
        .prompt_ms = prompt_ms, .token_ms = token_ms, .load_ms = 100, .loads = 1};
}

static void ask_text(struct place *place, double prompt_tokens, double answer_tokens)
{
    place->asked.prompt_tokens = prompt_tokens;
    place->asked.answer_tokens = answer_tokens;
}

TEST(text_goes_where_its_tokens_take_least)
{
    struct place *place = *state;

    measure_text(place, 0, 1, 50);
    measure_text(place, 1, 10, 20);
    measure_text(place, 2, 20, 40);
    ask_text(place, 1000, 10); /* much to read */
    expect_node(place, 3, "node-0");
    assert_true(option(place, 0, WI_WASM)->run_ms == 1450);
    assert_true(option(place, 0, WI_WASM)->measured);
    ask_text(place, 10, 1000); /* much to write */
    expect_node(place, 3, "node-1");
    ask_text(place, 500, 0); /* nothing to write: an embedding */
    expect_node(place, 3, "node-0");
}

TEST(text_whose_tokens_were_not_measured_goes_by_the_preferences)
{
    struct place *place = *state;

    for (int i = 0; i < CANDIDATES; i++)
        measure(place, i, WI_WASM, i == 2 ? 1 : 1000); /* runs say nothing of text */
    prospect(place, 2, WI_WASM)->estimate.cold = 1;
    ask_text(place, 100, 100);
    expect_node(place, 3, "node-0");
    assert_false(option(place, 0, WI_WASM)->measured);
    measure_text(place, 1, 1, 0); /* half of what is needed */
    expect_node(place, 3, "node-0");
    measure_text(place, 1, 1, 20); /* what is preferred is expected to be better still */
    expect_node(place, 3, "node-0");
    measure_text(place, 0, 1, 50);
    expect_node(place, 3, "node-1");
}

TEST(a_beginning_is_worth_what_reading_it_takes_there)
{
    struct place *place = *state;

    measure_text(place, 0, 5, 20);
    load(place, 0, WI_WASM, 0);
    prospect(place, 0, WI_WASM)->known = (struct wi_free_node){"node-x", 400};
    prospect(place, 0, WI_WASM)->known_tokens = 100;
    ask_text(place, 120, 10);
    expect_node(place, 1, "node-x"); /* 400 ms of waiting are less than 100 tokens of 5 ms */
    assert_true(option(place, 0, WI_WASM)->run_ms == 20 * 5 + 9 * 20);
    measure_text(place, 0, 3, 20);
    expect_node(place, 1, "node-0");
}

/* What is expected to take as long, and is loaded only when that is paid for, too. */
TEST(a_place_is_tried_for_text_when_its_share_pays_for_it)
{
    struct place *place = *state;

    measure_text(place, 0, 1, 50);
    ask_text(place, 100, 10);
    place->asked.stream = 1;
    place->terms.exploration = 0.1;
    prospect(place, 1, WI_WASM)->estimate.elsewhere_ms = 10 * 600;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    prospect(place, 1, WI_WASM)->estimate.elsewhere_ms = 100 * 600;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_true(place->choice.probe.wanted);
    assert_string_equal(place->choice.probe.browser, place->infos[1].kind);
    assert_int_equal(place->choice.probe.platform, WI_WASM);
}

TEST(a_benchmark_goes_where_they_are_taken)
{
    struct place *place = *state;

    place->asked.benchmark.runs = 1;
    assert_int_equal(route(place, 3), WI_PICK_NEVER);
    assert_int_equal(place->error.code, WI_UNAVAILABLE);
    assert_string_equal(place->error.detail, "no node that the request allows takes benchmarks");
    place->infos[1].benchmarks = 1;
    expect_node(place, 3, "node-1");
}
