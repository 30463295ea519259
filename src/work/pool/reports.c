/*
 * What the bridge reports: booked on the node, passed to its session and to health, measured, and
 * passed up. Sending and cancelling, which are booked the same way, are here too.
 */
#include "work/pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "work/pool/cores.h"
#include "work/pool/pick_private.h"
#include <string.h>

/* Where nothing waits for what a node's rest may bring, one plan so long after it is enough: with
 * one client there is a rest behind every request. */
#define REST_PLAN_MS 100

/* How long the document may take to answer when its node has lost its connection. */
#define CHECK_AWAY_MS 5000

/* What its page tells behind WI_PROGRAM_PHASE, when only its outputs are still to come: those are
 * large, and nothing that hangs. */
#define COMPUTED_PHASE "computed"

/* A client's own kernel that is no longer wanted may take this long to end by itself: ending it
 * costs the other tasks of its browser their GPU. */
#define UNWANTED_MS 1000.0

/* The session of a node; NULL for one that joined. */
static struct pool_session *session_of(const struct wi_pool *pool, const struct pool_node *node)
{
    return wi_pool_sessions_find(pool->sessions, node->session);
}

/* --- attempts --------------------------------------------------------------------------------- */

static void task_book(struct wi_pool *pool, struct pool_node *node, const struct wi_task *task)
{
    double now = wi_awake_ms();

    wi_pool_node_book(pool->nodes, node, task, now);
    struct pool_session *session = session_of(pool, node);
    if (!session)
        return;
    wi_pool_session_used(session, wi_use_client(task->client), now);
    if (node->count == 1)
        wi_session_set_busy(session->browser, 1);
}

/* Its node has nothing more to do. */
static void session_rest(struct wi_pool *pool, struct pool_session *session)
{
    wi_pool_session_idle(session, wi_awake_ms());
    if (wi_pool_session_ends(session))
        wi_pool_end_close(pool, session);
    else if (wi_pool_kinds_requested(pool->kinds))
        wi_pool_plan_soon(pool->wake); /* it may make room */
    else if (!wi_pool_plan_is_due(pool->wake))
        wi_pool_plan_in(pool->wake, REST_PLAN_MS); /* it may close one day */
}

static int attempt_unbook(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, struct pool_attempt *out)
{
    double now = wi_awake_ms();

    if (!node || !wi_pool_node_unbook(node, attempt_id, now, out))
        return 0;
    struct pool_session *session = session_of(pool, node);
    if (session)
        wi_pool_session_used(session, out->client, now);
    if (session && node->count == 0)
        session_rest(pool, session);
    return 1;
}

static void node_trust(struct wi_pool *pool, struct pool_node *node)
{
    wi_info("pool", node->id, "answers again");
    wi_pool_place_anew(pool, node);
}

static void attempt_works(struct wi_pool *pool, const char *node_id, const char *attempt_id)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (node && wi_pool_node_works(node, attempt_id, wi_awake_ms()))
        node_trust(pool, node);
}

/* The attempt, which was taken off the node, was stopped without an answer. This is recorded for
 * the node alone, and not for others like it. Returns 1 if it counts as missed by the node. */
static int attempt_miss(
    struct wi_pool *pool, struct pool_node *node, const struct pool_attempt *attempt, int silent)
{
    static const char why[] = "it did not acknowledge several attempts in a row";
    unsigned before = node->missed;

    if (wi_pool_node_missed(node, attempt, silent, wi_awake_ms())) {
        wi_warn("pool", node->id,
            "is used only if no other node has room, until it answers: it let %u deadlines in a "
            "row pass",
            node->missed);
        wi_pool_place_anew(pool, node);
    }
    if (node->missed > before && node->mute >= WI_POOL_MUTE) {
        struct pool_session *session = session_of(pool, node);
        if (session)
            wi_pool_fault(pool, session, WI_FAULT_ENGINE_HUNG, why);
        else
            wi_bridge_drop(pool->bridge, node->id, why);
    }
    return node->missed > before;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    const struct wi_inference *asked = task->asked;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    const struct wi_fleet_node *place = node ? &node->place : NULL;
    unsigned queue = node ? wi_fleet_queue(place->class, asked->model, asked->task) : 0;
    struct wi_task sent = *task;

    if (!node || !wi_fleet_has_room(place, queue))
        return WI_NODE_NOT_FOUND;
    sent.is_short = wi_fleet_is_short(queue);
    sent.usual_ms = wi_pool_usual_ms(pool, node, task);
    sent.prompt_ms = wi_pool_prompt_ms(pool, node, asked->model, task->platforms[0]);
    enum wi_code code = wi_bridge_send_task(pool->bridge, node_id, &sent, error);
    if (code == WI_OK)
        task_book(pool, node, task);
    else if (code == WI_NODE_BUSY)
        wi_pool_node_choke(pool->nodes, node);
    return code;
}

enum wi_code wi_pool_load(struct wi_pool *pool, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    const struct wi_node_info *info = wi_bridge_node(pool->bridge, node_id);

    if (!node || !info)
        return WI_NODE_NOT_FOUND;
    if (wi_judge_unloadable(info, model))
        return WI_MODEL_TOO_LARGE;
    if (node->paused)
        return WI_NODE_PAUSED;
    if (node->held || *wi_party_via(node->party)) /* whose daemon loads what it needs */
        return WI_UNAVAILABLE;
    return wi_bridge_load(pool->bridge, node_id, model, platforms, platform_count,
        wi_pool_prompt_ms(pool, node, model, platforms[0]));
}

void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
    wi_bridge_credit(pool->bridge, node_id, attempt_id, credit);
}

/* The due time of a client's own kernel has changed: restarts the timer. */
static void look_at_due(struct wi_pool *pool)
{
    if (pool->overdue)
        wi_timer_start(pool->overdue, 0, 0);
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;

    if (!node)
        return;
    /* No page can stop a client's own kernel: it stays booked until it ends, or is ended. */
    if (wi_pool_node_hurry(node, attempt_id, wi_awake_ms() + UNWANTED_MS)) {
        look_at_due(pool);
        return;
    }
    wi_bridge_cancel(pool->bridge, node_id, attempt_id, reason);
    int is_over = strcmp(reason, "deadline") == 0;
    /* What was stopped at its deadline is at least as slow as that, if it ran at all. */
    if (attempt_unbook(pool, node, attempt_id, &attempt) &&
        (is_over || strcmp(reason, "stalled") == 0) && !attempt_miss(pool, node, &attempt, 0) &&
        is_over)
        wi_pool_measure_exceeded(pool, node, &attempt);
    wi_pool_tell_capacity(pool->wake);
}

void wi_pool_lose(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, const char *why)
{
    char node_id[WI_ID_SIZE];
    struct pool_attempt attempt;

    memcpy(node_id, node->id, sizeof node_id);
    wi_bridge_cancel(pool->bridge, node_id, attempt_id, "lost");
    if (!attempt_unbook(pool, node, attempt_id, &attempt))
        return;
    attempt_miss(pool, node, &attempt, 1);
    pool->events.on_lost(pool->events.context, node_id, attempt.id, WI_BLAME_NONE, why);
    wi_pool_tell_capacity(pool->wake);
}

void wi_pool_overrun(struct wi_pool *pool, struct pool_node *node, const char *attempt_id)
{
    char session_id[WI_ID_SIZE];
    struct pool_attempt attempt;

    memcpy(session_id, node->session, sizeof session_id);
    wi_bridge_cancel(pool->bridge, node->id, attempt_id, "overrun");
    if (!attempt_unbook(pool, node, attempt_id, &attempt))
        return;
    wi_pool_node_excuse(node);
    pool->events.on_overrun(pool->events.context, attempt.id);
    struct pool_session *session = wi_pool_sessions_find(pool->sessions, session_id);
    if (session)
        wi_pool_end_kernel(pool, session, "a client's own kernel did not end in time");
    wi_pool_tell_capacity(pool->wake);
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The page of this session serves. */
static void session_welcome(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_kind *kind = wi_pool_kind_of(pool, session);
    double now = wi_awake_ms();

    wi_backlog_scaled(&pool->backlog, now); /* what has waited for it is about to be served */
    if (kind)
        wi_pool_kind_ready(kind);
    wi_pool_session_welcomed(session, now);
    wi_pool_end_replaced(pool, session);
    wi_pool_plan_soon(pool->wake);
}

/* What a browser of ours can do is kept for its kind. */
static void abilities_learn(struct wi_pool *pool, const struct wi_node_info *info)
{
    const struct pool_session *session = wi_pool_sessions_find(pool->sessions, info->session);

    if (session && *session->stamp)
        wi_abilities_note(pool->abilities, session->stamp, info, wi_wall_ms());
}

static void on_node_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_sessions_find(pool->sessions, info->session);
    const struct pool_node *older = session ? wi_pool_node_of(pool, session) : NULL;
    int ends = session && wi_pool_session_ends(session);
    struct pool_node *node = wi_pool_nodes_up(pool->nodes, info, ends);

    abilities_learn(pool, info);
    wi_pool_place(pool, node, info);
    if (!resumed)
        wi_pool_recall(pool, node);
    if (pool->watch.on_node)
        pool->watch.on_node(pool->watch.context, info);
    if (session)
        wi_pool_session_set_node(session, info->id);
    wi_info("pool", info->id, "%s: %s %s%s%s", resumed ? "is back" : "is there", info->kind,
        info->browser_version, *info->session ? " of " : " (joined)", info->session);
    /* A page that was opened afresh takes the place of the one before. */
    if (older && older != node)
        wi_bridge_drop(pool->bridge, older->id, "its session opened another page");
    if (session && !ends && !resumed)
        session_welcome(pool, session);
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
        wi_session_check(session->browser, CHECK_AWAY_MS); /* whether its document is alive */
}

/* Its person wants no new work for it, or wants it again. */
static void on_node_paused(void *context, const char *node_id, int paused)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return;
    wi_info("pool", node_id, "%s", paused ? "is paused" : "takes work again");
    wi_pool_node_pause(pool->nodes, node, paused);
    wi_pool_tell_capacity(pool->wake);
}

static void on_node_throttled(void *context, const char *node_id, int throttled)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return;
    wi_info("pool", node_id, "%s",
        throttled ? "is used only if no other node has room: it says that it runs slowly"
                  : "gets its share of work again: it no longer runs slowly");
    node->throttled = throttled;
    wi_pool_place_anew(pool, node);
    wi_pool_tell_capacity(pool->wake);
}

static void on_node_room(void *context, const char *node_id)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (node && wi_pool_node_unchoke(pool->nodes, node))
        wi_pool_tell_capacity(pool->wake);
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
    wi_tunings_forget(pool->tunings, node_id);
    if (pool->watch.on_gone)
        pool->watch.on_gone(pool->watch.context, node_id);
    wi_pool_remember(pool, node);
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
    int had_gpu = wi_pool_gpu_of(node) != NULL;
    abilities_learn(pool, info);
    wi_pool_place(pool, node, info);
    if (!had_gpu && wi_pool_gpu_of(node)) /* which its welcome did not know of */
        wi_pool_tell_tuning(pool, info);
    if (pool->watch.on_node)
        pool->watch.on_node(pool->watch.context, info);
    struct pool_session *session = session_of(pool, node);
    if (session && info->platforms[session->gpu_lost].available)
        wi_pool_session_gpu_settled(session);
    wi_pool_tell_capacity(pool->wake);
}

static void on_node_models(void *context, const char *node_id, const json_t *models)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return;
    wi_pool_node_models(node, models);
    for (size_t i = 0; i < json_array_size(models); i++)
        wi_pool_measure_warm_up(pool, node, json_array_get(models, i), wi_awake_ms());
    wi_pool_tell_capacity(pool->wake);
}

/* What waits may have been for one of these. */
static void on_relay_models(void *context, const char *node_id)
{
    struct wi_pool *pool = context;

    wi_pool_tell_capacity(pool->wake);
}

/* It counts as a request does that ended badly here, and well elsewhere. */
static void on_node_lied(void *context, const char *node_id)
{
    const struct wi_evidence_found found = {.kind = WI_EVIDENCE_DISPUTED,
        .node = node_id,
        .joined = 1,
        .finding = {.detail = "it gave wrong blocks of a model to nodes of two join tokens"}};

    (void)wi_pool_found(context, &found);
}

static void on_tuning(void *context, const char *node_id, const struct wi_node_tuning *said)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (node)
        wi_pool_tuned(pool, node, said);
}

/* --- what becomes of attempts ----------------------------------------------------------------- */

static void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (node)
        wi_pool_node_accepted(node, attempt_id);
    pool->events.on_accepted(pool->events.context, attempt_id);
}

static void on_part(
    void *context, const char *node_id, const char *attempt_id, const struct wi_part *part)
{
    struct wi_pool *pool = context;

    attempt_works(pool, node_id, attempt_id);
    if (pool->events.on_part)
        pool->events.on_part(pool->events.context, attempt_id, part);
}

/* What its page says of a client's own kernel: its time begins, or it is done. */
static void watch_program(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *phase)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    double due = wi_awake_ms() + (double)pool->config->api.kernel_time;

    if (node && strcmp(phase, COMPUTED_PHASE) == 0)
        wi_pool_node_computed(node, attempt_id);
    else if (node && strcmp(phase, WI_PROGRAM_PHASE) == 0 &&
             wi_pool_node_begun(node, attempt_id, due))
        look_at_due(pool);
}

static void on_progress(
    void *context, const char *node_id, const char *attempt_id, const struct wi_progress *progress)
{
    struct wi_pool *pool = context;

    attempt_works(pool, node_id, attempt_id);
    watch_program(pool, node_id, attempt_id, progress->phase);
    if (pool->events.on_progress)
        pool->events.on_progress(pool->events.context, attempt_id, progress);
}

/* A task may share its worker with others, so that it is unknown which of them broke it. */
static enum wi_blame blame_of(struct pool_node *node, const struct pool_attempt *attempt)
{
    enum wi_blame blame = wi_pool_node_broke(node, attempt) ? WI_BLAME_SHARED : WI_BLAME_ALONE;

    return attempt->task == WI_TASK_NONE ? WI_BLAME_NONE : blame;
}

/* Whether it lost its GPU because we decided to end the process that owns the GPU, for the sake of
 * another task. The task that hung there ran first, or is a client's own kernel. */
static int is_excused(const struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    const struct pool_session *session = session_of(pool, node);
    int is_other = !answer->hung || attempt->suspect || attempt->behind || attempt->held;

    return !answer->ok && is_other && attempt->platform != WI_WASM && session &&
           session->gpu_lost_at >= attempt->sent_at;
}

/* Whether nothing but the attempt's grammar may have kept its engine: no other was kept to one
 * there, and it waited for no GPU, which may have stopped. Of what computes on one the page says
 * itself which grammar keeps it. */
static int is_held_by_grammar(const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    return answer->hung && attempt->text == WI_POOL_TEXT_CONSTRAINED && !attempt->beside &&
           attempt->platform != WI_WEBGPU;
}

/* What hangs once does so again: other engines are spared. */
static void blame_grammar(struct wi_answer *answer)
{
    wi_error_set(&answer->error, WI_GRAMMAR_TOO_COSTLY, NULL,
        "the engine gave no answer while it constrained the text to the request's grammar or "
        "schema, which may be ambiguous or too deep: make it simpler");
    answer->retryable = 0;
}

/* It has computed with that model. */
static void attempt_confirm(
    struct pool_node *node, const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    int platform = wi_place_platform(answer->executed_on);

    if (answer->ok && platform >= 0 && wi_pool_attempt_rules(attempt)->has_model)
        wi_fleet_note_model(&node->place, attempt->hash, (enum wi_platform)platform, 0);
}

struct use {
    struct wi_pool *pool;
    const struct pool_node *node;
    int halves;
};

/* Fresh pages of ours there compile it from now on, and it is tuned when there is time. */
static void note_use(void *context, const struct wi_kernel *kernel, const char *size_class)
{
    const struct use *use = context;

    if (*use->node->session)
        wi_kernels_used_note(
            use->pool->kernels_used, wi_pool_gpu_of(use->node), kernel, use->halves);
    wi_pool_tune_note(use->pool, use->node, kernel, size_class);
}

/* Notes our kernels that it ran on WebGPU. */
static void note_kernels(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    struct use use = {pool, node, attempt->halves};

    if (!answer->ok || !wi_pool_attempt_rules(attempt)->is_typical ||
        attempt->platform != WI_WEBGPU || !wi_pool_gpu_of(node))
        return;
    if (attempt->kernel)
        note_use(&use, attempt->kernel, attempt->size_class);
    if (attempt->kernels)
        wi_kernel_model_uses(attempt->kernels, attempt->dims, note_use, &use);
}

/* One more that its session has done. */
static void count_answer(struct wi_pool *pool, struct pool_session *session)
{
    int64_t limit = pool->config->pool.recycle_after;

    wi_pool_session_answered(session);
    if (limit > 0 && session->jobs >= (uint64_t)limit)
        wi_pool_end_worn(pool, session, "it has done as many jobs as recycle_after says");
}

/* Learns from an answer about the node, and about nodes like it. */
static void attempt_learn(struct wi_pool *pool, struct pool_node *node,
    const struct pool_attempt *attempt, struct wi_answer *answer)
{
    struct wi_node_state state = {0}; /* else it has no models */

    if (wi_pool_node_answered(node, attempt, wi_awake_ms()))
        node_trust(pool, node);
    if (answer->ok && !session_of(pool, node)) { /* so much speaks for it, whatever it says */
        wi_conduct_note(&node->standing.conduct, WI_CONDUCT_ENDED);
        wi_pool_reconsider(pool, node);
    }
    attempt_confirm(node, attempt, answer);
    note_kernels(pool, node, attempt, answer);
    answer->excused = is_excused(pool, node, attempt, answer);
    if (!answer->excused)
        wi_pool_measure_answer(pool, node, attempt, answer);
    (void)wi_bridge_node_state(pool->bridge, node->id, &state);
    answer->starved = wi_pool_measure_shortage(pool, node, attempt, answer, state.models);
    if (answer->broke && !answer->excused)
        answer->blame = blame_of(node, attempt);
    if (is_held_by_grammar(attempt, answer))
        blame_grammar(answer);
}

/* What comes back as it was sent says nothing of anybody, and nothing has been done. */
static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;
    int returned = answer->error.code == WI_NODE_PAUSED;

    if (attempt_unbook(pool, node, attempt_id, &attempt) && !returned)
        attempt_learn(pool, node, &attempt, answer);
    struct pool_session *session = node ? session_of(pool, node) : NULL;
    if (session && !returned)
        count_answer(pool, session);
    if (!returned)
        wi_backlog_answered(&pool->backlog, wi_awake_ms());
    pool->events.on_answer(pool->events.context, node_id, attempt_id, answer);
    pool->events.on_slot_free(pool->events.context);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_attempt attempt;
    int booked = attempt_unbook(pool, node, attempt_id, &attempt);
    int blamed = alone && !(booked && attempt.excused);
    enum wi_blame blame = blamed ? WI_BLAME_ALONE : WI_BLAME_NONE;

    if (booked && blamed) {
        if (wi_pool_attempt_rules(&attempt)->is_measured && attempt.requests <= 1 &&
            !wi_pool_attempt_is_clients(&attempt))
            wi_pool_measure_failure(pool, node, &attempt, (int)attempt.platform);
        if (attempt.task != WI_TASK_NONE)
            blame = blame_of(node, &attempt);
    }
    pool->events.on_lost(pool->events.context, node_id, attempt_id, blame, why);
    wi_pool_tell_capacity(pool->wake);
}

/* Its page tried to help itself without success. A joined page is somebody else's. */
static void on_platform_lost(
    void *context, const char *node_id, enum wi_platform platform, const char *why)
{
    struct wi_pool *pool = context;
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    struct pool_session *session = node ? session_of(pool, node) : NULL;

    wi_warn("pool", node_id, "has lost %s: %s", wi_platform_names[platform], why);
    if (session)
        wi_pool_platform_lost(pool, session, platform, why);
}

struct wi_bridge_events wi_pool_reports(struct wi_pool *pool)
{
    return (struct wi_bridge_events){
        .context = pool,
        .on_node_up = on_node_up,
        .on_node_away = on_node_away,
        .on_node_room = on_node_room,
        .on_node_paused = on_node_paused,
        .on_node_throttled = on_node_throttled,
        .on_node_down = on_node_down,
        .on_node_report = on_node_report,
        .on_node_models = on_node_models,
        .on_relay_models = on_relay_models,
        .on_accepted = on_accepted,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_platform_lost = on_platform_lost,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .threads = wi_pool_threads,
        .tuning = wi_pool_tuning,
        .on_node_lied = on_node_lied,
        .on_tuning = on_tuning,
        .listener = pool->deps.listener,
    };
}
