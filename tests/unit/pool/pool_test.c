/* What the pool does with its sessions and nodes; browsers and the bridge are played. */
#include "../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "pool/health.h"
#include "pool/private.h"
#include "pool/reports.h"
#include "pool/verdicts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the browsers and the bridge that we play ------------------------------------------------ */

struct wi_session {
    struct wi_session_events events;
    enum wi_session_state state;
    char id[WI_ID_SIZE];
};

static struct {
    int begun, reloaded, killed, gpus_ended, revoked, cancelled;
    int has_gpu; /* the browsers have a process for it */
    int full;    /* nothing more may be queued for the node */
    char dropped[WI_ID_SIZE], why[128];
    int lost, answered, excused;
    int loads;
    enum wi_platform loaded_on;
    enum wi_code code;
} seen;
static struct wi_node_info info;
static const struct wi_headroom headroom = {.available = UINT64_MAX};

struct wi_session *wi_session_new(const struct wi_session_deps *deps,
    const struct wi_config_browser *browser, int64_t timeout_ms,
    const struct wi_session_events *events)
{
    struct wi_session *session = calloc(1, sizeof *session);

    session->events = *events;
    snprintf(session->id, sizeof session->id, "s-%d", ++seen.begun);
    return session;
}

static void become(struct wi_session *session, enum wi_session_state state)
{
    enum wi_session_state from = session->state;
    char id[WI_ID_SIZE];

    memcpy(id, session->id, sizeof id);
    session->state = state;
    session->events.on_state(session->events.context, id, from, state, NULL);
}

void wi_session_welcomed(struct wi_session *session)
{
    become(session, WI_SESSION_READY);
}

void wi_session_set_busy(struct wi_session *session, int busy)
{
    if (session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY)
        become(session, busy ? WI_SESSION_BUSY : WI_SESSION_READY);
}

void wi_session_drain(struct wi_session *session)
{
    become(session, WI_SESSION_DRAINING);
}

void wi_session_close(struct wi_session *session)
{
    become(session, WI_SESSION_CLOSED);
}

void wi_session_kill(struct wi_session *session, const struct wi_error *why)
{
    seen.killed++;
    become(session, WI_SESSION_CLOSED);
}

void wi_session_reload(struct wi_session *session, int64_t timeout_ms)
{
    seen.reloaded++;
    become(session, WI_SESSION_STARTING);
}

int wi_session_end_gpu(struct wi_session *session)
{
    seen.gpus_ended += seen.has_gpu;
    return seen.has_gpu ? 0 : -1;
}

void wi_session_check(struct wi_session *session, uint64_t timeout_ms)
{
}

void wi_session_free(struct wi_session *session)
{
    free(session);
}

enum wi_session_state wi_session_state(const struct wi_session *session)
{
    return session->state;
}

const char *wi_session_state_name(enum wi_session_state state)
{
    return "";
}

void wi_session_info(const struct wi_session *session, struct wi_session_info *its)
{
    *its = (struct wi_session_info){.state = session->state};
    memcpy(its->id, session->id, sizeof its->id);
}

uint64_t wi_session_memory(const struct wi_session *session)
{
    return 0;
}

unsigned wi_session_stopped(const struct wi_session *session)
{
    return 0;
}

enum wi_code wi_session_installed(const struct wi_config_browser *browser, struct wi_error *error)
{
    return WI_OK;
}

void wi_children_weigh(struct wi_children *children)
{
}

int wi_children_ran_out(struct wi_children *children)
{
    return 0;
}

const struct wi_headroom *wi_children_headroom(const struct wi_children *children)
{
    return &headroom;
}

struct wi_bridge_way wi_bridge_way(const struct wi_bridge *bridge, int apart)
{
    return (struct wi_bridge_way){"http://127.0.0.1", NULL, 0};
}

struct wi_listener *wi_bridge_listen(struct wi_bridge *bridge, int fd)
{
    return NULL;
}

void wi_bridge_expect(struct wi_bridge *bridge, const char *session_id, const char *kind,
    const char *version, int64_t ttl_ms, char token[WI_TOKEN_SIZE])
{
}

void wi_bridge_revoke(struct wi_bridge *bridge, const char *session_id)
{
    seen.revoked++;
}

void wi_bridge_drop(struct wi_bridge *bridge, const char *node_id, const char *why)
{
    wi_join(seen.dropped, sizeof seen.dropped, node_id, NULL);
    wi_join(seen.why, sizeof seen.why, why, NULL);
}

const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *node_id)
{
    return &info;
}

int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state)
{
    *state = (struct wi_node_state){.connected = 1};
    return 0;
}

enum wi_code wi_bridge_send_task(struct wi_bridge *bridge, const char *node_id,
    const struct wi_task *task, struct wi_error *error)
{
    return seen.full ? WI_NODE_BUSY : WI_OK;
}

enum wi_code wi_bridge_load(struct wi_bridge *bridge, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms)
{
    seen.loads++;
    seen.loaded_on = platforms[0];
    return WI_OK;
}

void wi_bridge_credit(struct wi_bridge *bridge, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
}

void wi_bridge_cancel(
    struct wi_bridge *bridge, const char *node_id, const char *attempt_id, const char *reason)
{
    seen.cancelled++;
}

void wi_bridge_share_threads(struct wi_bridge *bridge, const char *node_id)
{
}

/* --- the jobs that we play ------------------------------------------------------------------- */

static void on_change(void *context)
{
}

static void on_accepted(void *context, const char *attempt_id)
{
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    seen.answered++;
    seen.excused += answer->excused;
    seen.code = answer->error.code;
    assert_true(answer->ok || answer->retryable == (answer->error.code == WI_INFERENCE_FAILED));
}

static void on_lost(void *context, const char *node_id, const char *attempt_id, enum wi_blame blame,
    const char *why)
{
    assert_int_equal(blame, WI_BLAME_NONE);
    seen.lost++;
}

/* --------------------------------------------------------------------------------------------- */

static uv_loop_t loop;
static struct wi_config config;
static struct wi_config_browser browser;
static struct wi_model model;
static struct wi_pool *pool;

static const struct wi_bridge_events *bridge(void)
{
    return wi_pool_bridge_events(pool);
}

static int setup(void **state)
{
    const struct wi_pool_events events = {.on_seat = on_change,
        .on_capacity = on_change,
        .on_accepted = on_accepted,
        .on_answer = on_answer,
        .on_lost = on_lost};

    memset(&seen, 0, sizeof seen);
    seen.has_gpu = 1;
    browser.kind = "chrome";
    browser.max_connections = 1;
    config.browsers = &browser;
    config.browser_count = 1;
    config.pool.min_connections = config.pool.max_connections = 1;
    config.pool.adaptive_scaling = 1;
    config.bridge.heartbeat_interval = 1000;
    config.bridge.heartbeat_misses = 3;
    model = (struct wi_model){.engine = WI_ENGINE_ORT};
    memset(model.hash, 'a', sizeof model.hash - 1);
    uv_loop_init(&loop);
    pool = wi_pool_new(&(struct wi_pool_deps){.loop = &loop}, &config, &events);
    wi_pool_start(pool, NULL);
    assert_int_equal(seen.begun, 1);
    info = (struct wi_node_info){.id = "n-1", .session = "s-1", .kind = "chrome"};
    info.platforms[WI_WASM].available = info.platforms[WI_WEBGPU].available = 1;
    info.engines[WI_ENGINE_ORT].available = info.engines[WI_ENGINE_LLAMA].available = 1;
    info.engines[WI_ENGINE_ORT].slots = info.engines[WI_ENGINE_LLAMA].slots = 4;
    return 0;
}

static void on_closed(void *context)
{
}

static int teardown(void **state)
{
    wi_pool_close(pool, 1, on_closed, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    wi_pool_free(pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static struct pool_session *session(void)
{
    return wi_pool_sessions_find(pool->sessions, "s-1");
}

static struct pool_node *serve(void)
{
    bridge()->on_node_up(bridge()->context, &info, 0);
    return wi_pool_nodes_find(pool->nodes, "n-1");
}

static void give(const char *id, enum wi_platform platform, json_t *options)
{
    const struct wi_task task = {.attempt_id = id,
        .asked =
            &(struct wi_inference){
                .model = &model, .task = options ? WI_TASK_CHAT : WI_TASK_NONE, .options = options},
        .platforms = {platform},
        .platform_count = 1};

    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_OK);
}

static void end(const char *id, int hung)
{
    struct wi_answer answer = {
        .retryable = 1, .broke = hung, .hung = hung, .error.code = WI_INFERENCE_FAILED};

    bridge()->on_answer(bridge()->context, "n-1", id, &answer);
}

static void lose_gpu(void)
{
    bridge()->on_platform_lost(bridge()->context, "n-1", WI_WEBGPU, "a run has no end");
}

FIXTURE(setup, teardown)

TEST(a_session_that_drains_lets_nobody_come_any_more)
{
    serve();
    give("a", WI_WASM, NULL);
    wi_session_drain(wi_pool_session_info(session())->browser);
    assert_int_equal(seen.revoked, 1); /* at once, and not when it is closed */
    assert_true(wi_pool_node_info_of(wi_pool_nodes_find(pool->nodes, "n-1"))->draining);
    end("a", 0);
}

TEST(a_lost_gpu_is_had_back_by_ending_its_process)
{
    serve();
    lose_gpu();
    wi_pool_look(pool, wi_now_ms());
    assert_int_equal(seen.gpus_ended, 0); /* the page has not asked for another yet */
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_AFTER_MS);
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_AFTER_MS + 1000);
    assert_int_equal(seen.gpus_ended, 1);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_READY);
    assert_true(wi_pool_session_info(session())->gpu_by > 0);
    info.platforms[WI_WEBGPU].available = 0;
    bridge()->on_node_report(bridge()->context, &info);
    const struct wi_demand demand = {
        .asked = &(struct wi_inference){.model = &model, .has_platform = 1, .platform = WI_WEBGPU}};
    struct wi_choice choice;
    struct wi_error error;
    assert_int_equal(wi_pool_pick(pool, &demand, &choice, &error), WI_PICK_WAIT);
    info.platforms[WI_WEBGPU].available = 1;
    bridge()->on_node_report(bridge()->context, &info);
    assert_true(wi_pool_session_info(session())->gpu_by == 0); /* it is back */
    lose_gpu();                                                /* soon again: it did not help */
    assert_int_equal(seen.gpus_ended, 1);
    assert_true(!session() || wi_pool_session_ends(session()));
}

TEST(a_gpu_that_does_not_come_back_costs_the_session)
{
    serve();
    give("a", WI_WASM, NULL);
    lose_gpu();
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_AFTER_MS);
    info.platforms[WI_WEBGPU].available = 0;
    bridge()->on_node_report(bridge()->context, &info);
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_MS);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_BUSY);
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_AFTER_MS + WI_LADDER_GPU_MS + 1000);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_DRAINING);
    end("a", 0);
}

TEST(where_the_gpu_has_no_process_the_session_is_replaced)
{
    seen.has_gpu = 0;
    serve();
    give("a", WI_WASM, NULL);
    lose_gpu();
    wi_pool_look(pool, wi_now_ms() + WI_LADDER_GPU_AFTER_MS);
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
    while (wi_now_ms() <= wi_pool_session_info(session())->gpu_lost_at)
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
    assert_non_null(strstr(seen.why, "did not even say"));
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
        wi_verdict_key(key, &model, &place, NULL);
        if (both[i] == WI_WEBNN)
            wi_verdicts_set(wi_pool_verdicts(pool), key, WI_TRUSTED, 0, "");
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

TEST(a_model_stays_where_nothing_is_lost_or_somebody_named_the_place)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};
    const struct wi_demand named = {
        .asked = &(struct wi_inference){.model = &model, .has_platform = 1, .platform = WI_WASM}};

    know(FAST_MS);
    serve();
    tell_loaded("wasm");
    assert_int_equal(ask(&named, 1000), 1000);
    assert_int_equal(seen.loads, 0);
    tell_loaded("webnn");
    assert_int_equal(ask(&demand, 1000), 1000);
    assert_int_equal(seen.loads, 0);
}

TEST(what_is_no_faster_is_not_loaded)
{
    const struct wi_demand demand = {.asked = &(struct wi_inference){.model = &model}};

    know(SLOW_MS + 1);
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
