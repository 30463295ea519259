/* What the pool does with its sessions and nodes; browsers and the bridge are played. */
#include "pool_fixture.h"

FIXTURE(setup, teardown)

TEST(a_session_that_drains_lets_nobody_come_any_more)
{
    serve();
    give("a", WI_WASM, NULL);
    wi_session_drain(session()->browser);
    assert_int_equal(seen.revoked, 1); /* at once, and not when it is closed */
    assert_true(wi_pool_nodes_find(pool->nodes, "n-1")->draining);
    end("a", 0);
}

/* Whether the page that the session opens is told to expect a GPU. */
static int page_expects_gpu(void)
{
    struct wi_session *its = session()->browser;
    char url[256];
    its->events.on_page_url(its->events.context, its->id, url, sizeof url);
    assert_non_null(strstr(url, "&start"));
    return strstr(url, "&gpu") != NULL;
}

TEST(a_page_expects_a_gpu_where_there_was_one_or_where_one_is_to_be_used)
{
    info.platforms[WI_WEBGPU].available = 0;
    assert_false(page_expects_gpu());
    serve();
    assert_false(page_expects_gpu());
    info.platforms[WI_WEBGPU].available = 1;
    bridge()->on_node_report(bridge()->context, &info);
    assert_true(page_expects_gpu());
    assert_int_equal(wi_pool_doubt_kind(pool, "chrome", NULL), WI_OK);
    assert_false(page_expects_gpu());
    says.hardware = 1;
    assert_true(page_expects_gpu());
}

TEST(a_lost_gpu_is_had_back_by_ending_its_process)
{
    serve();
    lose_gpu();
    wi_pool_look(pool, wi_now_ms() + 1000);
    assert_int_equal(seen.gpus_ended, 1);
    assert_int_equal(seen.revived, 1); /* its page may not have seen that it was gone */
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_READY);
    assert_true(session()->gpu_by > 0);
    info.platforms[WI_WEBGPU].available = 0;
    bridge()->on_node_report(bridge()->context, &info);
    const struct wi_demand demand = {
        .asked = &(struct wi_inference){.model = &model, .has_platform = 1, .platform = WI_WEBGPU}};
    struct wi_choice choice;
    struct wi_error error;
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &error), WI_PICK_WAIT);
    info.platforms[WI_WEBGPU].available = 1;
    bridge()->on_node_report(bridge()->context, &info);
    assert_true(session()->gpu_by == 0); /* it is back */
    lose_gpu();                          /* soon again: it did not help */
    assert_int_equal(seen.gpus_ended, 1);
    assert_true(!session() || wi_pool_session_ends(session()));
}

TEST(a_gpu_is_back_when_the_platform_that_was_lost_is)
{
    serve();
    bridge()->on_platform_lost(bridge()->context, "n-1", WI_WEBGL, "a kernel has no end");
    info.platforms[WI_WEBGPU].available = 1;
    info.platforms[WI_WEBGL].available = 0;
    bridge()->on_node_report(bridge()->context, &info);
    assert_true(session()->gpu_by > 0);
    info.platforms[WI_WEBGL].available = 1;
    bridge()->on_node_report(bridge()->context, &info);
    assert_true(session()->gpu_by == 0);
}

TEST(a_gpu_that_does_not_come_back_costs_the_session)
{
    serve();
    give("a", WI_WASM, NULL);
    lose_gpu();
    info.platforms[WI_WEBGPU].available = 0;
    bridge()->on_node_report(bridge()->context, &info);
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_MS - 1000);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_BUSY);
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_MS);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_DRAINING);
    end("a", 0);
}

TEST(where_the_gpu_has_no_process_the_session_is_replaced)
{
    seen.has_gpu = 0;
    serve();
    give("a", WI_WASM, NULL);
    lose_gpu();
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_DRAINING);
    assert_int_equal(seen.reloaded, 0);
    end("a", 0);
}

TEST(what_ran_beside_what_hung_a_gpu_is_excused)
{
    serve();
    give("hung", WI_WEBGPU, NULL);
    give("behind", WI_WEBGPU, NULL);
    give("wasm", WI_WASM, NULL);
    lose_gpu();
    while (wi_now_ms() <= session()->gpu_lost_at)
        ;
    end("hung", 1);
    assert_int_equal(seen.excused, 0);
    end("behind", 1);
    assert_int_equal(seen.excused, 1);
    end("wasm", 0);
    assert_int_equal(seen.excused, 1);
    give("later", WI_WEBGPU, NULL);
    end("later", 0);
    assert_int_equal(seen.excused, 1);
}

TEST(a_page_that_says_nothing_of_four_attempts_is_opened_afresh)
{
    struct pool_node *node = serve();

    for (int i = 0; i < WI_POOL_MUTE; i++) {
        assert_int_equal(seen.reloaded, 0);
        give("a", WI_WASM, NULL);
        wi_pool_lose(pool, node, "a", "no sign of life");
    }
    assert_int_equal(seen.lost, WI_POOL_MUTE);
    assert_int_equal(seen.cancelled, WI_POOL_MUTE);
    assert_int_equal(seen.reloaded, 1);
}

TEST(a_node_that_joined_and_says_nothing_is_sent_away)
{
    info.session[0] = '\0';
    struct pool_node *node = serve();

    for (int i = 0; i < WI_POOL_MUTE; i++) {
        assert_string_equal(seen.dropped, "");
        give("a", WI_WASM, NULL);
        wi_pool_lose(pool, node, "a", "no sign of life");
    }
    assert_string_equal(seen.dropped, "n-1");
    assert_non_null(strstr(seen.why, "did not acknowledge"));
}

TEST(the_only_grammar_in_an_engine_that_hung_is_not_tried_again)
{
    json_t *grammar = json_pack("{s:s}", "grammar", "root ::= (a|a)"), *none = json_object();

    model.engine = WI_ENGINE_LLAMA;
    serve();
    give("grammar", WI_WASM, grammar);
    give("plain", WI_WASM, none);
    end("plain", 1);
    assert_int_equal(seen.code, WI_INFERENCE_FAILED);
    end("grammar", 1);
    assert_int_equal(seen.code, WI_GRAMMAR_TOO_COSTLY);
    give("one", WI_WASM, grammar);
    give("other", WI_WASM, grammar);
    end("one", 1); /* either may have done it */
    assert_int_equal(seen.code, WI_INFERENCE_FAILED);
    end("other", 1);
    assert_int_equal(seen.code, WI_INFERENCE_FAILED);
    give("gpu", WI_WEBGPU, grammar);
    end("gpu", 1); /* which may have stopped */
    assert_int_equal(seen.code, WI_INFERENCE_FAILED);
    json_decref(grammar);
    json_decref(none);
}

TEST(a_node_takes_work_again_as_soon_as_there_is_room)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};
    const struct wi_task task = {
        .attempt_id = "a", .asked = &(struct wi_inference){.model = &model}, .platform_count = 1};
    struct wi_choice choice;
    struct wi_error error;

    serve();
    seen.full = 1;
    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_NODE_BUSY);
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &error), WI_PICK_WAIT);
    bridge()->on_node_room(bridge()->context, "n-1");
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &error), WI_PICK_NODE);
    bridge()->on_node_room(bridge()->context, "gone");
}

/* --- networks of their own -------------------------------------------------------------------- */

/* The first session starts, or breaks for this reason. */
static void break_with(const char *field)
{
    struct wi_session *its = session()->browser;
    enum wi_session_state from = its->state;
    struct wi_error why;
    char id[WI_ID_SIZE];

    memcpy(id, its->id, sizeof id);
    wi_error_set(&why, WI_UNAVAILABLE, field, "it may not");
    its->state = WI_SESSION_BROKEN;
    its->events.on_state(its->events.context, id, from, WI_SESSION_BROKEN, &why);
}

static int set_up_network(void **state)
{
    setup(state);
    /* It is only passed on, to what we play. */
    pool->deps.network = (struct wi_network *)&says;
    config.pool.network = WI_NETWORK_AUTO;
    return 0;
}

TEST_IN(what_starts_in_a_network_of_its_own_is_noted_once, set_up_network, teardown)
{
    assert_int_equal(seen.tried, 0);
    serve();
    assert_int_equal(seen.tried, 1);
    assert_int_equal(seen.started, 1);
    give("a", WI_WASM, NULL);
    end("a", 0);
    assert_int_equal(seen.tried, 1);
}

TEST_IN(what_the_machine_refuses_is_passed_on, set_up_network, teardown)
{
    break_with(WI_SESSION_NETWORK);
    assert_string_equal(seen.refused, "it may not");
    assert_int_equal(seen.tried, 0);
}

TEST_IN(a_browser_that_never_came_may_not_bear_it, set_up_network, teardown)
{
    says.unable = 1;
    break_with("");
    assert_int_equal(seen.tried, 1);
    assert_int_equal(seen.started, 0);
    assert_string_equal(seen.refused, "");
}

TEST_IN(of_another_failure_nothing_is_learnt, set_up_network, teardown)
{
    break_with("");
    assert_int_equal(seen.tried, 0);
}

TEST_IN(where_it_is_by_order_nothing_is_learnt, set_up_network, teardown)
{
    config.pool.network = WI_NETWORK_ISOLATED;
    serve();
    break_with(WI_SESSION_NETWORK);
    assert_int_equal(seen.tried, 0);
    assert_string_equal(seen.refused, "");
}

/* --- the end ---------------------------------------------------------------------------------- */

static int closings;

static void on_all_closed(void *context)
{
    assert_ptr_equal(context, &closings);
    assert_null(session());
    closings++;
}

TEST(the_pool_has_closed_when_the_last_session_has)
{
    serve();
    give("a", WI_WASM, NULL);
    closings = 0;
    wi_pool_close(pool, 0, on_all_closed, &closings);
    assert_int_equal(seen.closed, 1); /* without waiting for what runs */
    assert_int_equal(closings, 0);    /* never from inside */
    while (!closings)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(seen.begun, 1); /* and none is started for it */
    wi_pool_close(pool, 1, on_all_closed, &closings);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(closings, 1);
}

/* --- where a model is known to be faster ------------------------------------------------------ */

#define LOAD_MS 1000.0
#define SLOW_MS 30.0
#define FAST_MS 10.0

/* What is known of the model on WASM, and on WebNN of the same node. */
static void know(double webnn_ms)
{
    const double runs[] = {[WI_WASM] = SLOW_MS, [WI_WEBNN] = webnn_ms};
    const enum wi_platform both[] = {WI_WASM, WI_WEBNN};

    info.platforms[WI_WEBNN].available = 1;
    for (int i = 0; i < 2; i++) {
        struct wi_place place = wi_place_of(&info, WI_ENGINE_ORT, both[i]);
        char key[WI_VERDICT_KEY_SIZE];
        wi_estimates_ran(pool->estimates, model.hash, &place, LOAD_MS, 0, 0, 0);
        wi_estimates_ran(pool->estimates, model.hash, &place, 0, runs[both[i]], 1, 0);
        wi_verdict_key(key, &model, &place, NULL, NULL);
        if (both[i] == WI_WEBNN)
            wi_verdicts_set(
                wi_pool_verdicts(pool), key, &(struct wi_finding){.verdict = WI_TRUSTED});
    }
}

static void tell_loaded(const char *platform)
{
    json_t *models =
        json_pack("[{s:s, s:s, s:s}]", "hash", model.hash, "platform", platform, "state", "loaded");

    bridge()->on_node_models(bridge()->context, "n-1", models);
    json_decref(models);
}

/* Requests until the model is loaded elsewhere, at most `most`. */
static int ask(const struct wi_demand *demand, int most)
{
    struct wi_choice choice;
    struct wi_error error;
    int asked = 0;

    for (seen.loads = 0; asked < most && seen.loads == 0; asked++)
        assert_int_equal(wi_pool_pick(pool, demand, &choice, &error), WI_PICK_NODE);
    return asked;
}

TEST(a_model_moves_when_staying_has_cost_what_loading_costs)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};

    know(FAST_MS);
    serve();
    tell_loaded("wasm");
    assert_int_equal(ask(&demand, 1000), LOAD_MS / (SLOW_MS - FAST_MS));
    assert_int_equal(seen.loaded_on, WI_WEBNN);
    /* Until it is there it is not asked for over and over. */
    assert_int_equal(ask(&demand, 1000), LOAD_MS / (SLOW_MS - FAST_MS));
}

/* And it is told how much the node, and all of them, may have of it. */
TEST(nothing_follows_from_a_look)
{
    const struct wi_demand demand = {
        .asked = &(struct wi_inference){.model = &model}, .only_looks = 1};
    struct wi_choice choice = {0};
    struct wi_error error;

    know(FAST_MS);
    serve();
    tell_loaded("wasm");
    assert_int_equal(ask(&demand, 1000), 1000);
    assert_int_equal(seen.loads, 0);
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &error), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-1");
    assert_true(choice.room.of_node > 0);
    assert_int_equal(choice.room.of_all, choice.room.of_node);
}

/* Of another node than the one whose word it is, of ours if that has room, and at once. */
TEST(a_second_opinion_is_of_ours_or_of_another_stranger)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model},
        .avoid = "n-2",
        .second = 1,
        .only_looks = 1};
    struct wi_node_info stranger = info;
    struct wi_choice choice = {0};
    struct wi_error why;

    serve();
    stranger.session[0] = '\0';
    snprintf(stranger.party, sizeof stranger.party, "join-1 192.0.2.1");
    for (int i = 2; i <= 3; i++) { /* the other is of the same party */
        snprintf(stranger.id, sizeof stranger.id, "n-%d", i);
        bridge()->on_node_up(bridge()->context, &stranger, 0);
    }
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &why), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-1");
    assert_int_equal(wi_pool_drain(pool, "n-1", 1, &why), WI_OK);
    assert_int_not_equal(wi_pool_pick(pool, &demand, &choice, &why), WI_PICK_NODE);
    snprintf(stranger.id, sizeof stranger.id, "n-4");
    snprintf(stranger.party, sizeof stranger.party, "join-1 192.0.2.2");
    bridge()->on_node_up(bridge()->context, &stranger, 0);
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &why), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-4");
    assert_int_equal(wi_pool_drain(pool, "n-1", 0, &why), WI_OK);
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &why), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-1");
}

TEST(a_model_stays_where_nothing_is_lost_or_somebody_named_the_place)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};
    const struct wi_demand named = {
        .asked = &(struct wi_inference){.model = &model, .has_platform = 1, .platform = WI_WASM}};

    const struct wi_demand there = {
        .asked = &(struct wi_inference){.model = &model, .node = (char *)"n-1"}};

    know(FAST_MS);
    serve();
    tell_loaded("wasm");
    assert_int_equal(ask(&named, 1000), 1000);
    assert_int_equal(seen.loads, 0);
    assert_int_equal(ask(&there, 1000), 1000);
    assert_int_equal(seen.loads, 0);
    tell_loaded("webnn");
    assert_int_equal(ask(&demand, 1000), 1000);
    assert_int_equal(seen.loads, 0);
}

TEST(what_is_no_faster_is_not_loaded)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};

    know(SLOW_MS);
    serve();
    tell_loaded("wasm");
    assert_int_equal(ask(&demand, 1000), 1000);
    assert_int_equal(seen.loads, 0);
}

TEST(what_is_lost_is_told)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};

    model.name = "model";
    know(FAST_MS);
    serve();
    tell_loaded("wasm");
    ask(&demand, 10);
    json_t *told = wi_pool_hardware_json(pool, &demand), *option, *moves = NULL;
    size_t i;
    json_array_foreach(json_object_get(told, "options"), i,
        option) if (strcmp(json_string_value(json_object_get(option, "platform")), "webnn") == 0)
        moves = json_object_get(option, "moves");
    else assert_true(
        json_is_null(json_object_get(option, "moves")) || !json_object_get(option, "moves"));
    assert_true(json_number_value(json_object_get(moves, "lost_ms")) == 10 * (SLOW_MS - FAST_MS));
    assert_true(json_number_value(json_object_get(moves, "at_ms")) == LOAD_MS);
    json_decref(told);
}

/* "measured" of the only kind, of which no browser is there; borrowed from `*told`. */
static json_t *measured_of_absent(const struct wi_demand *demand, json_t **told)
{
    *told = wi_pool_hardware_json(pool, demand);
    json_t *absent = json_array_get(json_object_get(*told, "passed_over"), 0);
    assert_string_equal(json_string_value(json_object_get(absent, "browser")), info.kind);
    return json_object_get(absent, "measured");
}

TEST(what_was_measured_is_told_while_no_such_browser_is_there)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};
    json_t *told, *measured;

    model.name = "model";
    measured = measured_of_absent(&demand, &told);
    assert_true(json_is_null(measured));
    json_decref(told);
    know(FAST_MS);
    measured = measured_of_absent(&demand, &told);
    assert_string_equal(json_string_value(json_object_get(measured, "platform")), "webnn");
    assert_string_equal(
        json_string_value(json_object_get(measured, "browser_version")), info.browser_version);
    json_t *estimate = json_object_get(measured, "estimate");
    assert_true(json_number_value(json_object_get(estimate, "run_ms")) == FAST_MS);
    assert_true(json_number_value(json_object_get(estimate, "load_ms")) == LOAD_MS);
    json_decref(told);
}
