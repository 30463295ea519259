/*
 * The pool's own life, what follows from a session's change of state, and the admin verbs. The
 * parts are made here and told of each other by calls that go from here.
 */
#include "work/pool/pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "browser/browser_network.h"
#include "work/pool/grids.h"
#include "work/pool/pick_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1000
/* Of so many late attempts of a node it is asked at each look whether they can go elsewhere. */
#define LATE_AT_ONCE 16

static void tell_warnings(const struct wi_pool *pool)
{
    json_t *warnings = json_array();

    wi_pool_add_warnings(pool, warnings);
    for (size_t i = 0; i < json_array_size(warnings); i++)
        wi_warn("pool", NULL, "%s", json_string_value(json_array_get(warnings, i)));
    json_decref(warnings);
}

/* --- what sessions tell ----------------------------------------------------------------------- */

/* Whether the page may expect a GPU: its browser was started for one, or pages of its kind had one.
 * It then requests one again if there is none at first. */
static int expects_gpu(const struct wi_pool *pool, const struct pool_session *session,
    const struct wi_session_info *info)
{
    const struct wi_ability known =
        wi_abilities_of(pool->abilities, session->kind, session->stamp, wi_wall_ms());
    int expects = info->hardware;

    for (size_t i = 0; i < known.count; i++)
        expects |= known.pages[i]->platforms[WI_WEBGPU].available;
    return expects;
}

static void on_page_url(void *context, struct pool_session *session, char *url, size_t size)
{
    struct wi_pool *pool = context;
    struct wi_session_info info;
    char token[WI_TOKEN_SIZE];

    wi_session_info(session->browser, &info);
    wi_bridge_expect(pool->bridge, session->id, session->kind, info.browser_version, info.gpu,
        pool->config->pool.connection_timeout, token);
    snprintf(url, size, "%s/#token=%s&start%s", wi_bridge_address(pool->bridge, info.apart).url,
        token, expects_gpu(pool, session, &info) ? "&gpu" : "");
    explicit_bzero(token, sizeof token);
}

static void on_draining(struct wi_pool *pool, const struct pool_session *session)
{
    struct pool_node *node = wi_pool_node_of(pool, session);

    wi_bridge_revoke(pool->bridge, session->id);
    if (node)
        wi_pool_node_drain(pool->nodes, node, 1);
}

/* What its start says about networks of their own: under `isolated` nothing is concluded. */
static void learn_network(
    struct wi_pool *pool, const struct pool_session *session, const struct wi_error *error)
{
    struct wi_network *network = pool->deps.network;
    struct wi_session_info info;

    wi_session_info(session->browser, &info);
    if (!network || pool->config->pool.network != WI_NETWORK_AUTO)
        return;
    if (error && strcmp(error->field, WI_SESSION_NETWORK) == 0) {
        wi_network_refused(network, error->detail);
        tell_warnings(pool);
    } else if ((!error || info.unable) &&
               wi_network_tried(network, session->kind, info.apart, error == NULL)) {
        tell_warnings(pool);
    }
}

static void on_broken(struct wi_pool *pool, const struct pool_session *session,
    enum wi_session_state from, const struct wi_error *error)
{
    double now = wi_awake_ms(), welcomed_at = session->welcomed_at;
    struct pool_kind *kind = wi_pool_kind_of(pool, session);

    learn_network(pool, session, error);
    /* A session that we were closing anyway says nothing about its kind. */
    if (kind && strcmp(error->field, WI_SESSION_FULL) == 0 && !pool->closing)
        wi_pool_grid_full(pool, kind, error);
    else if (kind && from != WI_SESSION_DRAINING)
        wi_pool_kind_broken(kind, now, welcomed_at > 0 ? now - welcomed_at : -1, error);
    wi_pool_end_page(pool, session, error->detail);
    wi_pool_tell_capacity(pool->wake); /* what waits for this kind may have to be refused now */
}

static void on_state(void *context, struct pool_session *session, enum wi_session_state from,
    enum wi_session_state to, const struct wi_error *error)
{
    struct wi_pool *pool = context;
    struct pool_kind *kind = wi_pool_kind_of(pool, session);

    if (kind)
        wi_pool_kind_changed(kind, from, to);
    if (from == WI_SESSION_STARTING && to == WI_SESSION_READY)
        learn_network(pool, session, NULL);
    if (to < WI_SESSION_DRAINING)
        return; /* it comes from us, who plan where it matters */
    if (to == WI_SESSION_DRAINING)
        on_draining(pool, session);
    else if (to == WI_SESSION_BROKEN)
        on_broken(pool, session, from, error);
    else
        wi_bridge_revoke(pool->bridge, session->id);
    wi_pool_plan_soon(pool->wake);
}

/* --- attempts that nothing is heard of -------------------------------------------------------- */

/* A node owes a first sign of life for each attempt within the time that a node may be silent. So a
 * node that answers heartbeats, and accepts work without reporting on it, does not delay a client's
 * request any longer. And a node must not hold up one request by another. */

/* Attempts that a joined node has not answered for too long go elsewhere if possible. */
static void look_for_late(struct wi_pool *pool, struct pool_node *node, double now)
{
    const struct pool_attempt *attempt;

    for (int i = 0; i < LATE_AT_ONCE && (attempt = wi_pool_node_late(node, now)); i++)
        if (pool->events.on_late)
            pool->events.on_late(pool->events.context, attempt->id,
                "its node had not answered within half of the available time");
}

/* Attempts about which it was silent for too long go elsewhere, and so do held-up ones if
 * possible. */
static void look_for_silence(struct wi_pool *pool, struct pool_node *node, double now)
{
    double limit = wi_pool_patience_ms(pool);
    const struct pool_attempt *attempt;
    struct wi_node_state state;
    char why[96];

    /* What is away is waited for, and has as long again when it is back. */
    if (wi_bridge_node_state(pool->bridge, node->id, &state) != 0)
        return;
    wi_pool_node_was_sent(node, state.bytes_out, !state.connected, now);
    snprintf(why, sizeof why, "its node gave no sign of life within %.0f ms", limit);
    while ((attempt = wi_pool_node_silent(node, limit, now)))
        wi_pool_lose(pool, node, attempt->id, why);
    while ((attempt = wi_pool_node_held_up(node, now)))
        pool->events.on_held_up(pool->events.context, attempt->id,
            "its engine produces nothing while it constrains another text to a grammar");
    if (state.connected)
        look_for_late(pool, node, now);
}

/* Those whose time is over are ended; what has time left is waited for. */
static void on_overdue(void *context)
{
    struct wi_pool *pool = context;
    const struct pool_attempt *attempt;
    double now = wi_awake_ms(), next_due = 0;

    for (struct pool_node *node = pool->nodes->all, *next; node; node = next) {
        next = node->hh.next;
        attempt = wi_pool_node_next_due(node);
        if (attempt && attempt->due <= now)
            wi_pool_overrun(pool, node, attempt->id);
        else if (attempt && (next_due == 0 || attempt->due < next_due))
            next_due = attempt->due;
    }
    if (next_due > 0)
        wi_timer_start(pool->overdue, (uint64_t)(next_due - now) + 1, 0);
}

/* How far a browser's start is changes without an event of its own. */
static void tell_starting(const struct wi_pool *pool)
{
    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next)
        if (wi_pool_session_state(session) == WI_SESSION_STARTING)
            wi_change_tell(pool->deps.listener, WI_CHANGE_SESSION, session->id, NULL);
}

static void pool_look(void *context)
{
    struct wi_pool *pool = context;
    double now = wi_awake_ms();

    wi_pool_look(pool, now);
    tell_starting(pool);
    wi_pool_found_look(pool, wi_steady_ms());
    for (struct pool_node *node = pool->nodes->all, *next; node; node = next) {
        next = node->hh.next;
        if (node->count > 0)
            look_for_silence(pool, node, now);
    }
    wi_pool_tune(pool, now);
}

/* --- the pool's own life ---------------------------------------------------------------------- */

static void finish_closing(struct wi_pool *pool)
{
    void (*done)(void *) = pool->on_closed;

    if (pool->sessions->first || !done)
        return;
    pool->on_closed = NULL;
    wi_pool_wake_end(pool->wake);
    wi_timer_free(pool->look);
    wi_timer_free(pool->overdue);
    pool->look = pool->overdue = NULL;
    done(pool->closed_context);
}

static void on_plan(void *context)
{
    struct wi_pool *pool = context;

    if (pool->closing)
        finish_closing(pool);
    else
        wi_pool_plan(pool);
}

static void on_tell(void *context)
{
    struct wi_pool *pool = context;

    if (!pool->closing)
        pool->events.on_capacity(pool->events.context);
}

struct wi_pool *wi_pool_new(const struct wi_pool_deps *deps, const struct wi_config *config,
    const struct wi_pool_events *events)
{
    struct wi_pool *pool = wi_alloc(sizeof *pool);

    pool->deps = *deps;
    pool->events = *events;
    pool->config = config;
    pool->bridge_events = wi_pool_reports(pool);
    pool->wake = wi_pool_wake_new(deps->loop, on_plan, on_tell, pool);
    pool->verdicts = wi_verdicts_new(deps->db);
    pool->standings = wi_standings_new();
    pool->place_holds = wi_place_holds_new();
    pool->estimates = wi_estimates_new(deps->db);
    pool->prefixes = wi_prefixes_new(WI_PREFIXES_MAX);
    pool->shortages = wi_shortages_new(deps->db, WI_SHORTAGES_MAX);
    pool->kernels_used = wi_kernels_used_new(deps->db);
    pool->tunings = wi_tunings_new(deps->db);
    pool->abilities = wi_abilities_new(deps->db);
    pool->kinds = wi_pool_kinds_new();
    wi_pool_kinds_set(pool->kinds, config);
    pool->sessions = wi_pool_sessions_new(&(struct pool_sessions_events){
        pool, on_page_url, on_state, wi_pool_checked, deps->listener});
    pool->nodes = wi_pool_nodes_new(pool->estimates, deps->listener);
    pool->chooser = wi_pool_chooser_new();
    pool->look = wi_timer_new(deps->loop, pool_look, pool);
    pool->overdue = wi_timer_new(deps->loop, on_overdue, pool);
    return pool;
}

const struct wi_bridge_events *wi_pool_bridge_events(struct wi_pool *pool)
{
    return &pool->bridge_events;
}

void wi_pool_watch(struct wi_pool *pool, const struct wi_pool_watch *watch)
{
    pool->watch = *watch;
}

static void check_kinds(struct wi_pool *pool)
{
    struct wi_gpus gpus;

    wi_gpus_find("", &gpus);
    for (size_t i = 0; i < pool->kinds->count; i++)
        wi_pool_kind_check(&pool->kinds->all[i], &gpus, wi_awake_ms());
    wi_pool_kinds_tell_absent(pool->kinds);
    tell_warnings(pool);
}

void wi_pool_start(struct wi_pool *pool, struct wi_bridge *bridge)
{
    pool->bridge = bridge;
    check_kinds(pool);
    wi_pool_plan(pool);
    wi_timer_start(pool->look, LOOK_MS, LOOK_MS);
}

void wi_pool_reload(struct wi_pool *pool, const struct wi_config *config)
{
    pool->config = config;
    wi_pool_grids_forget(pool);
    wi_pool_kinds_set(pool->kinds, config);
    check_kinds(pool);
    wi_change_tell(pool->deps.listener, WI_CHANGE_STATUS, "", NULL);
    wi_pool_plan_soon(pool->wake);
}

void wi_pool_close(struct wi_pool *pool, int at_once, void (*on_closed)(void *), void *context)
{
    struct pool_session *session, *next;

    if (wi_pool_wake_ended(pool->wake))
        return; /* it was reported already */
    if (!pool->closing)
        wi_estimates_save(pool->estimates);
    pool->closing = 1;
    wi_pool_grids_forget(pool);
    pool->on_closed = on_closed;
    pool->closed_context = context;
    for (session = pool->sessions->first; session; session = next) {
        next = session->next; /* a kill without processes may free it at once */
        if (at_once)
            wi_session_kill(session->browser, NULL);
        else
            wi_pool_end_close(pool, session);
    }
    wi_pool_plan_soon(pool->wake);
}

void wi_pool_free(struct wi_pool *pool)
{
    if (!pool)
        return;
    wi_pool_wake_free(pool->wake);
    wi_timer_free(pool->look);
    wi_timer_free(pool->overdue);
    wi_pool_sessions_free(pool->sessions);
    wi_pool_nodes_free(pool->nodes);
    wi_pool_kinds_free(pool->kinds);
    wi_pool_chooser_free(pool->chooser);
    wi_verdicts_free(pool->verdicts);
    wi_standings_free(pool->standings);
    wi_place_holds_free(pool->place_holds);
    wi_estimates_free(pool->estimates);
    wi_prefixes_free(pool->prefixes);
    wi_shortages_free(pool->shortages);
    wi_kernels_used_free(pool->kernels_used);
    wi_tunings_free(pool->tunings);
    wi_abilities_free(pool->abilities);
    free(pool);
}

/* Whether a session of ours has computed it, which no joined node's word changes. */
static int is_computed_by_ours(const struct wi_pool *pool, const struct wi_prefix_key *key)
{
    char id[WI_ID_SIZE];
    const struct pool_node *node = wi_prefixes_find(pool->prefixes, key, 1, id) > 0
                                       ? wi_pool_nodes_find(pool->nodes, id)
                                       : NULL;

    return node && *node->session;
}

void wi_pool_computed(
    struct wi_pool *pool, const char *node_id, const struct wi_prefix_key *key, unsigned tokens)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (node && (*node->session || !is_computed_by_ours(pool, key)))
        wi_prefixes_note(pool->prefixes, key, node_id, tokens);
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return pool->verdicts;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return wi_bridge_node(pool->bridge, node_id);
}

int wi_pool_is_away(const struct wi_pool *pool, const char *node_id)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    return node && node->away;
}

const struct wi_node_info *wi_pool_yardstick(const struct wi_pool *pool, const char *kind)
{
    const struct pool_node *node = wi_pool_nodes_yardstick(pool->nodes, kind);

    return node ? wi_pool_node_info(pool, node->id) : NULL;
}

/* --- admin verbs ------------------------------------------------------------------------------ */

enum wi_code wi_pool_doubt_kind(struct wi_pool *pool, const char *kind, struct wi_error *error)
{
    if (!wi_pool_kinds_find(pool->kinds, kind))
        return wi_error_set(
            error, WI_NOT_FOUND, "kind", "no browser kind %.40s is configured", kind);
    wi_abilities_doubt(pool->abilities, kind);
    return WI_OK;
}

enum wi_code wi_pool_recycle(struct wi_pool *pool, const char *session_id, struct wi_error *error)
{
    struct pool_session *session = wi_pool_sessions_find(pool->sessions, session_id);
    struct pool_kind *kind = session ? wi_pool_kind_of(pool, session) : NULL;

    if (!session)
        return wi_error_set(
            error, WI_SESSION_NOT_FOUND, "session", "there is no session %.80s", session_id);
    /* An admin who orders a new browser does not want to wait for an old backoff. */
    if (kind)
        wi_pool_kind_forgive(kind);
    if (wi_pool_session_serves(session))
        wi_pool_end_worn(pool, session, "by order");
    else
        wi_pool_end_retire(pool, session, "by order");
    return WI_OK;
}

enum wi_code wi_pool_drain(
    struct wi_pool *pool, const char *node_id, int draining, struct wi_error *error)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", node_id);
    const struct pool_session *session = wi_pool_sessions_find(pool->sessions, node->session);
    if (session && wi_pool_session_ends(session) && !draining)
        return wi_error_set(error, WI_CONFLICT, "node", "its session is being closed");
    wi_pool_node_drain(pool->nodes, node, draining);
    if (!draining)
        wi_pool_tell_capacity(pool->wake);
    return WI_OK;
}
