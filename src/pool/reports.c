/*
 * What the bridge reports: booked on the node, passed to its session and to health, measured, and
 * passed up. Sending and cancelling, which are booked the same way, are here too.
 */
#include "pool/reports.h"

#include "base/clock.h"
#include "base/log.h"
#include "bridge/model_status.h"
#include "pool/cores.h"
#include "pool/ends.h"
#include "pool/health.h"
#include "pool/timings.h"
#include <string.h>

/* The session of a node; NULL for one that joined. */
static struct pool_session *session_of(const struct wi_pool *pool, const struct pool_node *node)
{
    return wi_pool_sessions_find(pool->sessions, wi_pool_node_info_of(node)->session);
}

/* --- measuring ------------------------------------------------------------------------------- */

/* Where the engine runs on that platform of the node (-1: none); NULL if it is there no more. */
static const struct wi_place *place_of(
    const struct pool_node *node, enum wi_engine engine, int platform)
{
    const struct wi_fleet_class *class = wi_pool_node_info_of(node)->place->class;

    return class && platform >= 0 ? wi_fleet_where(class, engine, (enum wi_platform)platform)
                                  : NULL;
}

static int platform_of(const json_t *object)
{
    return wi_platform_of_name(json_string_value(json_object_get(object, "platform")));
}

static void note_failure(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, int platform)
{
    const struct wi_fleet_class *class = wi_pool_node_info_of(node)->place->class;
    const struct wi_place *where = place_of(node, attempt->engine, platform);

    if (where && class->info.platforms[platform].available)
        wi_estimates_failed(pool->estimates, attempt->hash, where, wi_now_ms());
}

/* Whether an error says something about the platform, and not only about the input. */
static int blames_platform(const struct wi_answer *answer, enum wi_platform platform)
{
    return answer->retryable || answer->error.code == WI_OPERATOR_UNSUPPORTED ||
           answer->error.code == WI_PLATFORM_UNSUPPORTED ||
           (answer->error.code == WI_INFERENCE_FAILED && platform != WI_WASM);
}

static void note_times(struct wi_pool *pool, const struct wi_place *where,
    const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    struct wi_estimates *estimates = pool->estimates;
    const char *hash = attempt->hash;
    double now = wi_now_ms();

    if (!wi_task_runs_evenly(attempt->task)) {
        struct wi_timings timings = wi_timings_of(attempt->task, answer, now - attempt->sent_at);
        wi_estimates_spoke(estimates, hash, where, answer->load_ms, &timings, answer->warm, now);
        return;
    }
    if (attempt->stream) {
        wi_estimates_loaded(estimates, hash, where, answer->load_ms, answer->warm, now);
        return;
    }
    double run_ms =
        wi_estimates_alone(estimates, hash, where, answer->inference_ms, attempt->requests);
    wi_estimates_ran(estimates, hash, where, answer->load_ms, run_ms, answer->warm, now);
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
    json_array_foreach(fallbacks, i, row) note_failure(pool, node, attempt, platform_of(row));
    const struct wi_place *where = place_of(node, attempt->engine, platform);
    if (answer->ok && where)
        note_times(pool, where, attempt, answer);
    else if (!answer->ok && blames_platform(answer, attempt->platform))
        note_failure(pool, node, attempt, (int)attempt->platform);
}

/* It was stopped at its deadline. */
static void note_exceeded(
    struct wi_pool *pool, const struct pool_node *node, const struct pool_attempt *attempt)
{
    const struct wi_place *where = place_of(node, attempt->engine, (int)attempt->platform);
    double now = wi_now_ms();

    if (where && !attempt->builtin && !attempt->stream && wi_task_runs_evenly(attempt->task))
        wi_estimates_exceeded(pool->estimates, attempt->hash, where,
            now - attempt->sent_at - attempt->not_run_ms, now);
}

/* Where it is measured by tokens; NULL: nowhere on this node. */
static const struct wi_place *place_by_tokens(const struct pool_node *node, int platform)
{
    const struct wi_place *where = NULL;

    for (int i = 0; i < WI_ENGINE_COUNT && !where; i++)
        if (wi_engine_by_tokens((enum wi_engine)i))
            where = place_of(node, (enum wi_engine)i, platform);
    return where;
}

/* What a model took for nobody when it was loaded. Of a node that others have started it is not
 * believed: our clock has not seen it. */
static void note_warm_up(
    struct wi_pool *pool, const struct pool_node *node, const json_t *model, double now)
{
    const char *hash = json_string_value(json_object_get(model, "hash"));
    const struct wi_place *where = place_by_tokens(node, platform_of(model));
    struct wi_model_speed speed;

    if (hash && strlen(hash) < 65 && where && *wi_pool_node_info_of(node)->session &&
        wi_model_status_speed(model, &speed) == 0)
        wi_estimates_warmed(pool->estimates, hash, where, speed.prompt_ms, speed.token_ms, now);
}

/* What loading and running it takes on nodes like this one; 0 where that is not known, as of a
 * stream or of what differs in length. */
static double usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task)
{
    const struct wi_model *model = task->model;
    const struct wi_place *where = place_of(node, model->engine, (int)task->platforms[0]);

    if (model->builtin || task->stream || !wi_task_runs_evenly(task->task) || !where)
        return 0;
    struct wi_estimate e = wi_estimates_get(pool->estimates, model->hash, where);
    return e.loads > 0 && e.run_ms > 0 ? e.load_ms + e.run_ms : 0;
}

/* What each token of a prompt takes there; 0 where that is not known. */
static double prompt_ms(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_model *model, enum wi_platform platform)
{
    const struct wi_place *where = place_of(node, model->engine, (int)platform);

    if (!wi_engine_by_tokens(model->engine) || !where)
        return 0;
    return wi_estimates_get(pool->estimates, model->hash, where).prompt_ms;
}

/* --- attempts -------------------------------------------------------------------------------- */

static void book(struct wi_pool *pool, struct pool_node *node, const struct wi_task *task)
{
    wi_pool_node_book(pool->nodes, node, task, wi_now_ms());
    struct pool_session *session =
        wi_pool_node_info_of(node)->count == 1 ? session_of(pool, node) : NULL;
    if (session)
        wi_pool_session_busy(session);
}

/* Its node has nothing more to do. */
static void rest(struct wi_pool *pool, struct pool_session *session)
{
    wi_pool_session_idle(session, wi_now_ms());
    if (wi_pool_session_ends(session))
        wi_pool_end_close(pool, session);
    else if (wi_pool_kinds_wished(pool->kinds) || !wi_pool_plan_is_due(pool->wake))
        wi_pool_plan_soon(pool->wake); /* it may make room, or close one day */
}

static int unbook(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, struct pool_attempt *out)
{
    if (!node || !wi_pool_node_unbook(node, attempt_id, wi_now_ms(), out))
        return 0;
    struct pool_session *session =
        wi_pool_node_info_of(node)->count == 0 ? session_of(pool, node) : NULL;
    if (session)
        rest(pool, session);
    return 1;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    const struct wi_fleet_node *place = node ? wi_pool_node_info_of(node)->place : NULL;
    unsigned queue = node ? wi_fleet_queue(place->class, task->model, task->task) : 0;
    struct wi_task sent = *task;

    if (!node || !wi_fleet_has_room(place, queue))
        return WI_NODE_NOT_FOUND;
    sent.is_short = wi_fleet_is_short(queue);
    sent.usual_ms = usual_ms(pool, node, task);
    sent.prompt_ms = prompt_ms(pool, node, task->model, task->platforms[0]);
    enum wi_code code = wi_bridge_send_task(pool->bridge, node_id, &sent, error);
    if (code == WI_OK)
        book(pool, node, task);
    else if (code == WI_NODE_BUSY)
        wi_pool_node_choke(pool->nodes, node);
    return code;
}

enum wi_code wi_pool_load(struct wi_pool *pool, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return WI_NODE_NOT_FOUND;
    return wi_bridge_load(pool->bridge, node_id, model, platforms, platform_count,
        prompt_ms(pool, node, model, platforms[0]));
}

void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
    wi_bridge_credit(pool->bridge, node_id, attempt_id, credit);
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;

    if (!node)
        return;
    wi_bridge_cancel(pool->bridge, node_id, attempt_id, reason);
    /* What was stopped at its deadline is at least as slow as that. */
    if (unbook(pool, node, attempt_id, &attempt) && strcmp(reason, "deadline") == 0)
        note_exceeded(pool, node, &attempt);
    wi_pool_tell_capacity(pool->wake);
}

/* --- nodes ----------------------------------------------------------------------------------- */

static void place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info)
{
    struct wi_node_state state = {0};

    (void)wi_bridge_node_state(pool->bridge, info->id, &state); /* else it has no models */
    wi_pool_node_place(pool->nodes, node, info, state.models);
}

/* The page of this session serves. */
static void welcome(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_kind *kind = wi_pool_kind_of(pool, session);
    double now = wi_now_ms();

    wi_backlog_scaled(&pool->backlog, now); /* what has waited for it is about to be served */
    if (kind)
        wi_pool_kind_ready(kind);
    wi_pool_session_welcomed(pool->sessions, session, now);
    wi_pool_end_replaced(pool, session);
    wi_pool_plan_soon(pool->wake);
}

static void on_node_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_sessions_find(pool->sessions, info->session);
    const struct pool_node *older = session ? wi_pool_node_of(pool, session) : NULL;
    int ends = session && wi_pool_session_ends(session);
    struct pool_node *node = wi_pool_nodes_up(pool->nodes, info, ends);

    place(pool, node, info);
    if (session)
        wi_pool_session_set_node(session, info->id);
    wi_info("pool", info->id, "%s: %s %s%s%s", resumed ? "is back" : "is there", info->kind,
        info->browser_version, *info->session ? " of " : " (joined)", info->session);
    /* A page that was opened afresh takes the place of the one before. */
    if (older && older != node)
        wi_bridge_drop(
            pool->bridge, wi_pool_node_info_of(older)->id, "its session opened another page");
    if (session && !ends && !resumed)
        welcome(pool, session);
    pool->events.on_capacity(pool->events.context);
}

static void on_node_away(void *context, const char *node_id)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return;
    wi_pool_node_away(pool->nodes, node);
    struct pool_session *session = session_of(pool, node);
    if (session)
        wi_pool_ask_after(session);
}

static void lose_page(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    wi_pool_session_set_node(session, "");
    if (wi_pool_session_ends(session))
        wi_pool_end_close(pool, session);
    else if (wi_pool_session_state(session) != WI_SESSION_STARTING) /* else we took it away */
        wi_pool_fault(pool, session, WI_FAULT_PAGE_SILENT, why);
}

static void on_node_down(void *context, const char *node_id, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return;
    wi_info("pool", node_id, "is gone: %s", why);
    struct pool_session *session = session_of(pool, node);
    int was_its_node = session && wi_pool_node_of(pool, session) == node;
    wi_prefixes_forget(pool->prefixes, node_id);
    wi_pool_nodes_remove(pool->nodes, node);
    if (was_its_node)
        lose_page(pool, session, why);
    wi_pool_tell_capacity(pool->wake);
}

static void on_node_report(void *context, const struct wi_node_info *info)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, info->id);

    if (!node)
        return;
    place(pool, node, info);
    wi_pool_tell_capacity(pool->wake);
}

static void on_node_models(void *context, const char *node_id, const json_t *models)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    const json_t *model;
    size_t i;

    if (!node)
        return;
    wi_pool_node_models(node, models);
    json_array_foreach(models, i, model) note_warm_up(pool, node, model, wi_now_ms());
    wi_pool_tell_capacity(pool->wake);
}

static int threads(void *context, const struct wi_node_info *node, int said)
{
    return wi_pool_threads(context, node, said);
}

/* --- what becomes of attempts ---------------------------------------------------------------- */

static void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    struct wi_pool *pool = context;

    pool->events.on_accepted(pool->events.context, attempt_id);
}

static void on_part(
    void *context, const char *node_id, const char *attempt_id, const struct wi_part *part)
{
    const struct wi_pool *pool = context;

    if (pool->events.on_part)
        pool->events.on_part(pool->events.context, attempt_id, part);
}

static void on_progress(
    void *context, const char *node_id, const char *attempt_id, const struct wi_progress *progress)
{
    const struct wi_pool *pool = context;

    if (pool->events.on_progress)
        pool->events.on_progress(pool->events.context, attempt_id, progress);
}

/* A task may share its worker with others, so that nobody knows whose fault it is that it broke. */
static enum wi_blame blame_of(struct pool_node *node, const struct pool_attempt *attempt)
{
    enum wi_blame blame = wi_pool_node_broke(node, attempt) ? WI_BLAME_SHARED : WI_BLAME_ALONE;

    return attempt->task == WI_TASK_NONE ? WI_BLAME_NONE : blame;
}

/* One more that its session has done. */
static void count_answer(struct wi_pool *pool, struct pool_session *session)
{
    int64_t limit = pool->config->pool.recycle_after;

    wi_pool_session_answered(session);
    if (limit > 0 && wi_pool_session_info(session)->jobs >= (uint64_t)limit)
        wi_pool_end_worn(pool, session, "it has done as many jobs as recycle_after says");
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;

    if (unbook(pool, node, attempt_id, &attempt)) {
        note_answer(pool, node, &attempt, answer);
        if (answer->broke)
            answer->blame = blame_of(node, &attempt);
    }
    struct pool_session *session = node ? session_of(pool, node) : NULL;
    if (session)
        count_answer(pool, session);
    wi_backlog_answered(&pool->backlog, wi_now_ms());
    pool->events.on_answer(pool->events.context, node_id, attempt_id, answer);
    pool->events.on_seat(pool->events.context);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;
    enum wi_blame blame = alone ? WI_BLAME_ALONE : WI_BLAME_NONE;

    if (unbook(pool, node, attempt_id, &attempt) && alone) {
        if (!attempt.builtin)
            note_failure(pool, node, &attempt, (int)attempt.platform);
        if (attempt.task != WI_TASK_NONE)
            blame = blame_of(node, &attempt);
    }
    pool->events.on_lost(pool->events.context, node_id, attempt_id, blame, why);
    wi_pool_tell_capacity(pool->wake);
}

/* Its page tried to help itself in vain. A joined page is somebody else's. */
static void on_platform_lost(
    void *context, const char *node_id, enum wi_platform platform, const char *why)
{
    struct wi_pool *pool = context;
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_session *session = node ? session_of(pool, node) : NULL;

    wi_warn("pool", node_id, "has lost %s: %s", wi_platform_names[platform], why);
    if (session)
        wi_pool_fault(pool, session, WI_FAULT_PLATFORM_LOST, why);
}

struct wi_bridge_events wi_pool_reports(struct wi_pool *pool)
{
    return (struct wi_bridge_events){
        .context = pool,
        .on_node_up = on_node_up,
        .on_node_away = on_node_away,
        .on_node_down = on_node_down,
        .on_node_report = on_node_report,
        .on_node_models = on_node_models,
        .on_accepted = on_accepted,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_platform_lost = on_platform_lost,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .threads = threads,
    };
}
