/*
 * The nodes that there are and the attempts on each; what the bridge reports is booked here and
 * passed up.
 */
#include "pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_node *wi_pool_find_node(const struct wi_pool *pool, const char *id)
{
    struct pool_node *node;

    HASH_FIND_STR(pool->nodes, id, node);
    return node;
}

struct pool_node *wi_pool_node_of(const struct wi_pool *pool, const char *session_id)
{
    const struct pool_session *session = wi_pool_find_session(pool, session_id);

    return session ? wi_pool_find_node(pool, session->node) : NULL;
}

void wi_pool_node_set(struct wi_pool *pool, struct pool_node *node, int away, int draining)
{
    node->away = away;
    node->draining = draining;
    wi_fleet_open(&pool->fleet, &node->place, !away && !draining && !node->choked, !draining);
}

static void choke(struct wi_pool *pool, struct pool_node *node)
{
    wi_info("pool", node->id, "takes no more work for now: too much waits to be sent to it");
    node->choked = 1;
    wi_pool_node_set(pool, node, node->away, node->draining);
}

void wi_pool_unchoke(struct wi_pool *pool)
{
    int any = 0;

    for (struct pool_node *node = pool->nodes; node; node = node->hh.next) {
        if (!node->choked)
            continue;
        node->choked = 0;
        any = 1;
        wi_pool_node_set(pool, node, node->away, node->draining);
    }
    if (any)
        wi_pool_tell_capacity(pool);
}

void wi_pool_tell_capacity(struct wi_pool *pool)
{
    if (pool->tell && !pool->closing)
        wi_timer_start(pool->tell, 0, 0);
}

int wi_pool_yardstick(const struct wi_pool *pool, char id[WI_ID_SIZE])
{
    const struct pool_node *found = NULL;

    for (const struct pool_node *node = pool->nodes; node; node = node->hh.next) {
        const struct wi_fleet_class *class = node->place.class;
        if (node->away || node->draining || !class || !class->info.platforms[WI_WASM].available)
            continue;
        if (!found || (class->ours && !found->place.class->ours))
            found = node;
    }
    if (!found)
        return -1;
    memcpy(id, found->id, sizeof(found->id));
    return 0;
}

/* --- attempts -------------------------------------------------------------------------------- */

/* What is expected of it, from what was measured. */
static void foresee(
    const struct wi_pool *pool, const struct pool_node *node, struct pool_attempt *attempt)
{
    const struct wi_fleet_node *place = &node->place;
    struct wi_estimate e;
    double load;

    if (attempt->builtin || !place->class)
        return;
    e = wi_estimates_get(pool->estimates, attempt->hash, place->class->places[attempt->platform]);
    load = wi_fleet_has(place, attempt->hash, attempt->platform) ? 0
           : e.loads > 0                                         ? e.load_ms
                                                                 : WI_ROUTE_LOAD_MS;
    attempt->expected_ms = load + (e.run_ms > 0 ? e.run_ms : WI_ROUTE_RUN_MS);
    attempt->not_run_ms = load + wi_fleet_ahead(place, attempt->sent_at);
}

static void book(struct wi_pool *pool, struct pool_node *node, const struct wi_task *task)
{
    struct pool_attempt *attempt = wi_alloc(sizeof(*attempt)), **link = &node->attempts;
    struct pool_session *session =
        node->count == 0 ? wi_pool_find_session(pool, node->session) : NULL;
    double busy_until = node->place.busy_until, now = wi_now_ms();

    while (*link)
        link = &(*link)->next;
    *link = attempt;
    snprintf(attempt->id, sizeof(attempt->id), "%s", task->attempt_id);
    memcpy(attempt->hash, task->model->hash, sizeof(attempt->hash));
    attempt->builtin = task->model->builtin;
    attempt->requests = task->requests;
    attempt->platform = task->platforms[0];
    attempt->sent_at = now;
    node->count++;
    node->builtins += attempt->builtin != 0;
    foresee(pool, node, attempt);
    if (!attempt->builtin) {
        busy_until = (busy_until > now ? busy_until : now) + attempt->expected_ms;
        wi_fleet_promise(&node->place, attempt->hash, attempt->platform);
    }
    wi_fleet_load(&node->place, node->builtins, node->count - node->builtins, busy_until);
    if (session)
        wi_pool_session_busy(session);
}

/* Takes the attempt off the node; the copy in `out` (may be NULL) tells what it was. 0 if it was
 * not there. */
static int unbook(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, struct pool_attempt *out)
{
    struct pool_attempt **link = &node->attempts, *attempt;
    struct pool_session *session;
    double left = 0;

    while (*link && strcmp((*link)->id, attempt_id) != 0)
        link = &(*link)->next;
    attempt = *link;
    if (!attempt)
        return 0;
    *link = attempt->next;
    node->count--;
    node->builtins -= attempt->builtin != 0;
    if (out)
        *out = *attempt;
    free(attempt);
    for (attempt = node->attempts; attempt; attempt = attempt->next)
        left += attempt->expected_ms;
    wi_fleet_load(&node->place, node->builtins, node->count - node->builtins,
        left > 0 ? wi_now_ms() + left : 0);
    session = node->count == 0 ? wi_pool_find_session(pool, node->session) : NULL;
    if (session)
        wi_pool_session_idle(pool, session);
    return 1;
}

/* What loading and running it takes on nodes like this one; 0 where that is not known. */
static double usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task)
{
    const struct wi_fleet_class *class = node->place.class;
    struct wi_estimate e;

    if (task->model->builtin || !class)
        return 0;
    e = wi_estimates_get(pool->estimates, task->model->hash, class->places[task->platforms[0]]);
    return e.loads > 0 && e.run_ms > 0 ? e.load_ms + e.run_ms : 0;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct wi_task sent = *task;
    enum wi_code code;

    if (!node || node->count >= WI_DEPTH_BUILTIN + WI_DEPTH_MODEL)
        return WI_NODE_NOT_FOUND;
    sent.usual_ms = usual_ms(pool, node, task);
    code = wi_bridge_send_task(pool->bridge, node_id, &sent, error);
    if (code == WI_OK)
        book(pool, node, task);
    else if (code == WI_NODE_BUSY)
        choke(pool, node);
    return code;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_attempt attempt;
    double now = wi_now_ms();

    if (!node)
        return;
    wi_bridge_cancel(pool->bridge, node_id, attempt_id, reason);
    /* What was stopped at its deadline is at least as slow as that. */
    if (unbook(pool, node, attempt_id, &attempt) && strcmp(reason, "deadline") == 0 &&
        !attempt.builtin)
        wi_estimates_exceeded(pool->estimates, attempt.hash,
            node->place.class->places[attempt.platform], now - attempt.sent_at - attempt.not_run_ms,
            now);
    wi_pool_tell_capacity(pool);
}

/* --- measuring ------------------------------------------------------------------------------- */

static int platform_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "platform"));

    for (int i = 0; name && i < WI_PLATFORM_COUNT; i++)
        if (strcmp(name, wi_platform_names[i]) == 0)
            return i;
    return -1;
}

static void note_failure(
    struct wi_pool *pool, const struct pool_node *node, const char *hash, int platform)
{
    const struct wi_fleet_class *class = node->place.class;

    if (platform >= 0 && class->info.platforms[platform].available)
        wi_estimates_failed(pool->estimates, hash, class->places[platform], wi_now_ms());
}

/* Whether an error says something about the platform, and not only about the input. */
static int blames_platform(const struct wi_answer *answer, enum wi_platform platform)
{
    return answer->retryable || answer->error.code == WI_OPERATOR_UNSUPPORTED ||
           answer->error.code == WI_PLATFORM_UNSUPPORTED ||
           (answer->error.code == WI_INFERENCE_FAILED && platform != WI_WASM);
}

/* What the page reports, and nothing that was simulated. */
static void note_answer(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    const json_t *fallbacks = json_object_get(answer->executed_on, "fallbacks"), *row;
    int platform = platform_of(answer->executed_on);
    size_t i;

    if (attempt->builtin || json_is_true(json_object_get(answer->executed_on, "simulated")))
        return;
    json_array_foreach(fallbacks, i, row) note_failure(pool, node, attempt->hash, platform_of(row));
    if (answer->ok && platform >= 0) {
        const char *where = node->place.class->places[platform];
        wi_estimates_ran(pool->estimates, attempt->hash, where, answer->load_ms,
            wi_estimates_alone(
                pool->estimates, attempt->hash, where, answer->inference_ms, attempt->requests),
            answer->warm, wi_now_ms());
    } else if (!answer->ok && blames_platform(answer, attempt->platform))
        note_failure(pool, node, attempt->hash, (int)attempt->platform);
}

/* --- what the bridge reports ----------------------------------------------------------------- */

/* Puts the node where it belongs by what its page says now. */
static void place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info)
{
    struct wi_node_state state;

    wi_fleet_put(&pool->fleet, &node->place, node->id, info);
    if (wi_bridge_node_state(pool->bridge, node->id, &state) == 0)
        wi_fleet_models(&node->place, state.models);
    for (const struct pool_attempt *attempt = node->attempts; attempt; attempt = attempt->next)
        if (!attempt->builtin)
            wi_fleet_promise(&node->place, attempt->hash, attempt->platform);
    wi_pool_node_set(pool, node, node->away, node->draining);
}

static struct pool_node *add_node(struct wi_pool *pool, const struct wi_node_info *info)
{
    struct pool_node *node = wi_alloc(sizeof(*node));

    memcpy(node->id, info->id, sizeof(node->id));
    memcpy(node->session, info->session, sizeof(node->session));
    HASH_ADD_STR(pool->nodes, id, node);
    return node;
}

static void free_node(struct wi_pool *pool, struct pool_node *node)
{
    struct pool_attempt *attempt;

    wi_fleet_remove(&pool->fleet, &node->place);
    while ((attempt = node->attempts)) {
        node->attempts = attempt->next;
        free(attempt);
    }
    HASH_DEL(pool->nodes, node);
    free(node);
}

static void on_node_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, info->session);
    struct pool_node *node = wi_pool_find_node(pool, info->id);
    struct pool_node *older = session ? wi_pool_node_of(pool, info->session) : NULL;

    if (!node)
        node = add_node(pool, info);
    node->away = node->choked = 0;
    if (session && wi_pool_session_ends(session))
        node->draining = 1;
    place(pool, node, info);
    if (session)
        memcpy(session->node, node->id, sizeof(session->node));
    wi_info("pool", node->id, "%s: %s %s%s%s", resumed ? "is back" : "is there", info->kind,
        info->browser_version, *info->session ? " of " : " (joined)", info->session);
    /* A page that was opened afresh takes the place of the one before. */
    if (older && older != node)
        wi_bridge_drop(pool->bridge, older->id, "its session opened another page");
    if (session && !wi_pool_session_ends(session) && !resumed)
        wi_pool_session_up(pool, session);
    pool->events.on_capacity(pool->events.context);
}

static void on_node_away(void *context, const char *node_id)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;

    if (node)
        wi_pool_node_set(pool, node, 1, node->draining);
    if (session)
        wi_session_check(session->session, WI_CHECK_AWAY_MS);
}

static void on_node_down(void *context, const char *node_id, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session;
    int was_its_node;

    if (!node)
        return;
    wi_info("pool", node_id, "is gone: %s", why);
    session = wi_pool_find_session(pool, node->session);
    was_its_node = session && strcmp(session->node, node_id) == 0;
    free_node(pool, node);
    if (was_its_node) {
        session->node[0] = '\0';
        wi_pool_session_lost_node(pool, session, why);
    }
    wi_pool_tell_capacity(pool);
}

static void on_node_report(void *context, const struct wi_node_info *info)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, info->id);

    if (!node)
        return;
    place(pool, node, info);
    wi_pool_tell_capacity(pool);
}

static void on_node_models(void *context, const char *node_id, const json_t *models)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);

    if (!node)
        return;
    wi_fleet_models(&node->place, models);
    for (const struct pool_attempt *attempt = node->attempts; attempt; attempt = attempt->next)
        if (!attempt->builtin)
            wi_fleet_promise(&node->place, attempt->hash, attempt->platform);
    wi_pool_tell_capacity(pool);
}

static void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    struct wi_pool *pool = context;

    pool->events.on_accepted(pool->events.context, attempt_id);
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;
    struct pool_attempt attempt;

    if (node && unbook(pool, node, attempt_id, &attempt))
        note_answer(pool, node, &attempt, answer);
    if (session)
        wi_pool_session_answered(pool, session);
    wi_pool_note_answer(pool);
    pool->events.on_answer(pool->events.context, node_id, attempt_id, answer);
    pool->events.on_seat(pool->events.context);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_attempt attempt;

    if (node && unbook(pool, node, attempt_id, &attempt) && alone && !attempt.builtin)
        note_failure(pool, node, attempt.hash, (int)attempt.platform);
    pool->events.on_lost(pool->events.context, node_id, attempt_id, alone, why);
    wi_pool_tell_capacity(pool);
}

/* Its page tried to help itself in vain. A joined page is somebody else's. */
static void on_platform_lost(
    void *context, const char *node_id, enum wi_platform platform, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;

    wi_warn("pool", node_id, "has lost %s: %s", wi_platform_names[platform], why);
    if (session)
        wi_pool_fault(pool, session, WI_FAULT_PLATFORM_LOST, why);
}

void wi_pool_make_bridge_events(struct wi_pool *pool)
{
    pool->bridge_events = (struct wi_bridge_events){
        .context = pool,
        .on_node_up = on_node_up,
        .on_node_away = on_node_away,
        .on_node_down = on_node_down,
        .on_node_report = on_node_report,
        .on_node_models = on_node_models,
        .on_accepted = on_accepted,
        .on_platform_lost = on_platform_lost,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .threads = wi_pool_threads,
    };
}

void wi_pool_free_nodes(struct wi_pool *pool)
{
    struct pool_node *node, *next;

    HASH_ITER(hh, pool->nodes, node, next)
    {
        free_node(pool, node);
    }
}
