/* A pool whose browsers and bridge are played, with one kind of browser and at first one session of
 * it, "s-1". For use in one test file each: everything is static. */
#ifndef WI_TESTS_UNIT_POOL_POOL_FIXTURE_H
#define WI_TESTS_UNIT_POOL_POOL_FIXTURE_H

#include "../../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "browser/browser_network.h"
#include "browser/webdriver/webdriver.h"
#include "nodes/bridge/quarantine.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the browsers and the bridge that we play ------------------------------------------------- */

struct wi_session {
    struct wi_session_events events;
    enum wi_session_state state;
    char id[WI_ID_SIZE];
};

static struct {
    int begun, reloaded, killed, gpus_ended, revived, revoked, cancelled, checks, closed;
    uint64_t check_ms, credits;
    char cancelled_for[32];
    char killed_for[128], refused[64];
    int tried, started;        /* networks of their own */
    int watches;               /* of Grids without room */
    int capacity, slots_freed; /* how often that was told */
    int has_gpu;               /* the browsers have a process for it */
    int full;                  /* nothing more may be queued for the node */
    char dropped[WI_ID_SIZE], why[128];
    int lost, answered, excused;
    int overrun;      /* clients' own kernels that took too long */
    int loads, tunes; /* nodes that were told to tune; the last of them, and what */
    char tune[WI_ID_SIZE + WI_KERNEL_CLASS_SIZE + 32];
    size_t told; /* choices */
    /* The node that was sent away last, for what, and for how long; how many were. */
    char away[WI_ID_SIZE], evidence[WI_QUARANTINE_EVIDENCE_SIZE], reason[128];
    int64_t away_ms;
    int sent_away;
    enum wi_platform loaded_on;
    enum wi_code code;
} seen;
static struct wi_node_info info;
/* What the machine and the page of each browser say of themselves. */
static struct {
    struct wi_headroom headroom;
    uint64_t memory;  /* of a browser */
    unsigned stopped; /* looks in a row that found a process of it stopped */
    int missing;      /* the browser is not installed */
    int unable;       /* it broke in a way for which its network may be the reason */
    int hardware;     /* the browser is started for a GPU */
    struct wi_node_state node;
} says;

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
    seen.closed++;
    become(session, WI_SESSION_CLOSED);
}

void wi_session_kill(struct wi_session *session, const struct wi_error *why)
{
    seen.killed++;
    wi_join(seen.killed_for, sizeof seen.killed_for, why ? why->detail : "", NULL);
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
    seen.checks++;
    seen.check_ms = timeout_ms;
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
    static const char *const names[WI_SESSION_STATE_COUNT] = {
        "starting", "ready", "busy", "draining", "broken", "closed"};

    return names[state];
}

void wi_session_info(const struct wi_session *session, struct wi_session_info *its)
{
    *its = (struct wi_session_info){.state = session->state,
        .gpu = "",
        .kind = "chrome",
        .step = "",
        .browser_version = "",
        .unable = says.unable,
        .hardware = says.hardware};
    memcpy(its->id, session->id, sizeof its->id);
}

uint64_t wi_session_memory(const struct wi_session *session)
{
    return says.memory;
}

unsigned wi_session_stopped(const struct wi_session *session)
{
    return says.stopped;
}

const struct wi_strings *wi_session_flags(const struct wi_session *session)
{
    static const struct wi_strings none;

    return &none;
}

enum wi_code wi_session_installed(const struct wi_config_browser *browser,
    const struct wi_gpus *gpus, char *stamp, struct wi_error *error)
{
    if (says.missing)
        return wi_error_set(error, WI_UNAVAILABLE, "", "it is not installed");
    if (stamp)
        snprintf(stamp, WI_KIND_STAMP_SIZE, "%s", browser->kind);
    return WI_OK;
}

/* The last question to a Grid, and its answer. */
static struct {
    wi_driver_fn *on_done;
    void *context;
    const struct wi_grid *told;
} grid_asked;

struct wi_driver *wi_classic_new(uv_loop_t *loop, struct wi_http *http, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events)
{
    seen.watches++;
    return NULL;
}

void wi_driver_free(struct wi_driver *driver)
{
    seen.watches--;
}

struct wi_driver_call *wi_driver_ask_grid(struct wi_driver *driver, const char *name,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    assert_string_equal(name, "chrome");
    grid_asked.on_done = on_done;
    grid_asked.context = context;
    return NULL;
}

const struct wi_grid *wi_driver_grid(const struct wi_driver *driver)
{
    return grid_asked.told;
}

void wi_network_refused(struct wi_network *network, const char *why)
{
    wi_join(seen.refused, sizeof seen.refused, why, NULL);
}

int wi_network_tried(struct wi_network *network, const char *kind, int apart, int started)
{
    assert_string_equal(kind, "chrome");
    seen.tried++;
    seen.started += started;
    return 0;
}

int wi_network_apart(const struct wi_network *network, enum wi_network_mode mode,
    const struct wi_config_browser *kind)
{
    return 0;
}

const char *wi_network_problem(
    const struct wi_network *network, const struct wi_config_browser *kind)
{
    return NULL;
}

int wi_network_confined(const struct wi_network *network)
{
    return 0;
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
    return &says.headroom;
}

struct wi_bridge_address wi_bridge_address(const struct wi_bridge *bridge, int apart)
{
    return (struct wi_bridge_address){"http://127.0.0.1", NULL, 0};
}

struct wi_listener *wi_bridge_listen(struct wi_bridge *bridge, int fd)
{
    return NULL;
}

void wi_bridge_expect(struct wi_bridge *bridge, const char *session_id, const char *kind,
    const char *version, const char *gpu, int64_t ttl_ms, char token[WI_TOKEN_SIZE])
{
    *token = '\0';
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

int wi_bridge_quarantine(
    struct wi_bridge *bridge, const char *node_id, const struct wi_quarantine_cause *cause)
{
    wi_join(seen.away, sizeof seen.away, node_id, NULL);
    wi_join(seen.evidence, sizeof seen.evidence, cause->evidence, NULL);
    wi_join(seen.reason, sizeof seen.reason, cause->reason, NULL);
    seen.away_ms = cause->for_ms;
    seen.sent_away++;
    return 0;
}

const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *node_id)
{
    return &info;
}

int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state)
{
    *state = says.node;
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

enum wi_code wi_bridge_load_kernels(struct wi_bridge *bridge, const char *node_id,
    enum wi_platform platform, const struct wi_strings *kernels)
{
    seen.loads++;
    seen.loaded_on = platform;
    return WI_OK;
}

void wi_bridge_revive(struct wi_bridge *bridge, const char *node_id)
{
    assert_string_equal(node_id, "n-1");
    seen.revived++;
}

enum wi_code wi_bridge_tune(struct wi_bridge *bridge, const char *node_id,
    const struct wi_kernel *kernel, const char *size_class)
{
    seen.tunes++;
    snprintf(seen.tune, sizeof seen.tune, "%s: %s %s", node_id, kernel->name, size_class);
    return WI_OK;
}

void wi_bridge_tell_tuning(struct wi_bridge *bridge, const char *node_id, const json_t *list)
{
    seen.told += json_array_size(list);
}

void wi_bridge_credit(struct wi_bridge *bridge, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
    seen.credits += credit->parts;
}

void wi_bridge_cancel(
    struct wi_bridge *bridge, const char *node_id, const char *attempt_id, const char *reason)
{
    seen.cancelled++;
    wi_join(seen.cancelled_for, sizeof seen.cancelled_for, reason, NULL);
}

void wi_bridge_share_threads(struct wi_bridge *bridge, const char *node_id)
{
}

/* --- the jobs that we play -------------------------------------------------------------------- */

static void on_capacity(void *context)
{
    seen.capacity++;
}

static void on_slot_free(void *context)
{
    seen.slots_freed++;
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
    assert_true(answer->ok || answer->error.code == WI_NODE_PAUSED ||
                answer->retryable == (answer->error.code == WI_INFERENCE_FAILED));
}

static void on_lost(void *context, const char *node_id, const char *attempt_id, enum wi_blame blame,
    const char *why)
{
    assert_int_equal(blame, WI_BLAME_NONE);
    seen.lost++;
}

static void on_overrun(void *context, const char *attempt_id)
{
    seen.overrun++;
}

/* --------------------------------------------------------------------------------------------- */

static uv_loop_t loop;
static struct wi_config config;
static struct wi_config_browser browser;
static struct wi_model model;
static struct wi_pool *pool;

static inline const struct wi_bridge_events *bridge(void)
{
    return wi_pool_bridge_events(pool);
}

static inline int setup(void **state)
{
    const struct wi_pool_events events = {.on_slot_free = on_slot_free,
        .on_capacity = on_capacity,
        .on_accepted = on_accepted,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .on_overrun = on_overrun};

    memset(&seen, 0, sizeof seen);
    memset(&says, 0, sizeof says);
    memset(&config, 0, sizeof config);
    memset(&browser, 0, sizeof browser);
    says.headroom.available = UINT64_MAX;
    says.node.connected = 1;
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

static inline int teardown(void **state)
{
    wi_pool_close(pool, 1, on_closed, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    wi_pool_free(pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

/* Waits until a Grid is asked, and answers. */
static inline void tell_grid(const struct wi_grid *grid)
{
    grid_asked.on_done = NULL;
    while (!grid_asked.on_done)
        uv_run(&loop, UV_RUN_ONCE);
    grid_asked.told = grid;
    grid_asked.on_done(grid_asked.context, NULL);
}

static inline struct pool_session *session(void)
{
    return wi_pool_sessions_find(pool->sessions, "s-1");
}

static inline struct pool_node *serve(void)
{
    bridge()->on_node_up(bridge()->context, &info, 0);
    return wi_pool_nodes_find(pool->nodes, "n-1");
}

static inline void give(const char *id, enum wi_platform platform, json_t *options)
{
    const struct wi_task task = {.attempt_id = id,
        .asked =
            &(struct wi_inference){
                .model = &model, .task = options ? WI_TASK_CHAT : WI_TASK_NONE, .options = options},
        .platforms = {platform},
        .platform_count = 1};

    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_OK);
}

static inline void end(const char *id, int hung)
{
    struct wi_answer answer = {
        .retryable = 1, .broke = hung, .hung = hung, .error.code = WI_INFERENCE_FAILED};

    bridge()->on_answer(bridge()->context, "n-1", id, &answer);
}

static inline void lose_gpu(void)
{
    bridge()->on_platform_lost(bridge()->context, "n-1", WI_WEBGPU, "a run has no end");
}

#endif
