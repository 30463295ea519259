/*
 * Cross-checks: answers of nodes that joined, computed again by a browser of ours after the client
 * was answered. Work cannot be told from a check of it, as a challenge can. What differs counts
 * when a second place of ours, if there is one, agrees with the first.
 *
 * Tensors, and vectors of texts, are compared as the client got them. Of other tasks an answer has
 * no numbers to compare, or texts that may rightly differ: there the node is asked for what its
 * graphs put out, as the guard asks (wire/probe.h), and so are we.
 */
#include "check/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "wire/probe.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uv.h>

/* So many answers of each node are checked before chance decides. */
#define FIRST_ANSWERS 3
/* What those that wait and run may hold, and what each takes beside its tensors and texts. */
#define BYTES_MAX ((size_t)64 * 1024 * 1024)
#define OVERHEAD 4096
/* Under way at a time, each by one shadow run. */
#define ACTIVE_MAX 2
/* Of each shadow run, from its dispatch. */
#define DEADLINE_MS 60000.0
/* So many more nodes are remembered before those that are gone are forgotten. */
#define NEWCOMERS_STEP 1024

struct newcomer {
    char id[WI_ID_SIZE];
    unsigned answers;
    UT_hash_handle hh;
};

/* Whom a shadow run asks. */
struct place {
    const char *kind; /* NULL: any of ours; borrowed for the call */
    const char *node; /* NULL: no one in particular; likewise */
    enum wi_platform platform;
};

/* One answer under check. */
struct check {
    struct wi_cross *cross;           /* NULL: nobody waits for the comparison any more */
    const struct wi_inference *asked; /* a reference: what each run of it is made from */
    char node[WI_ID_SIZE], kind[32];  /* who gave it, and what browser it says it is */
    enum wi_platform platform;        /* on which it says it was computed */
    int direct;                       /* the client's answer itself is compared */
    struct wi_check_leg given, first, second;
    char first_kind[32];      /* of the browser of ours that gave `first` */
    struct wi_check_leg *due; /* of these: what the run under way is for */
    enum wi_platform due_on;
    struct wi_run *under_way;
    struct wi_work *work;
    struct wi_comparison comparison;
    double ratio; /* how far `given` is off, once `second` is asked for */
    int active;
    size_t bytes; /* that it was charged with */
    struct check *prev, *next;
};

struct wi_cross {
    const struct wi_checks *checks;
    struct wi_turn *turn;
    struct check *all; /* the oldest first */
    size_t count, active, bytes;
    struct newcomer *newcomers;
    size_t tidy_at; /* how many of them there are then */
    int stopped;
    struct wi_cross_counters counters;
};

/* --- its life --------------------------------------------------------------------------------- */

static void free_check(struct check *check)
{
    wi_inference_release(check->asked);
    wi_check_clear_leg(&check->given);
    wi_check_clear_leg(&check->first);
    wi_check_clear_leg(&check->second);
    free(check);
}

/* `how`: the counter of its end. */
static void end(struct check *check, uint64_t *how)
{
    struct wi_cross *cross = check->cross;
    (*how)++;
    DL_DELETE(cross->all, check);
    cross->count--;
    cross->active -= (size_t)check->active;
    cross->bytes -= check->bytes;
    free_check(check);
    wi_turn_schedule(cross->turn); /* the next may begin */
}

/* It has found no room for too long, and waits on in its place. */
static void wait_on(struct check *check)
{
    check->active = 0;
    check->cross->active--;
    wi_turn_schedule(check->cross->turn);
}

/* Counts what it holds now. */
static void charge(struct check *check)
{
    size_t bytes = OVERHEAD + check->asked->text_bytes + wi_tensors_bytes(&check->asked->tensors) +
                   wi_tensors_bytes(&check->given.outputs) +
                   wi_tensors_bytes(&check->first.outputs) +
                   wi_tensors_bytes(&check->second.outputs);
    check->cross->bytes += bytes - check->bytes;
    check->bytes = bytes;
}

/* Lets the oldest go that only wait, until the rest has room. 0, or -1 if `newest`, which stays,
 * still has none. */
static int make_room(struct wi_cross *cross, const struct check *newest)
{
    struct check *check = cross->all, *next;
    for (; check && cross->bytes > BYTES_MAX; check = next) {
        next = check->next;
        if (check != newest && !check->active)
            end(check, &cross->counters.dropped);
    }
    return cross->bytes > BYTES_MAX ? -1 : 0;
}

/* --- the result ------------------------------------------------------------------------------- */

static void condemn(struct check *check)
{
    struct wi_pool *pool = check->cross->checks->pool;
    char node[WI_ID_SIZE], off[48] = "has another form than", reason[160];
    memcpy(node, check->node, sizeof node);
    if (isfinite(check->ratio))
        snprintf(off, sizeof off, "is %.3g times the tolerance off", check->ratio);
    snprintf(reason, sizeof reason, "what it computed of %.64s on %s %s what we compute",
        check->asked->model->name, wi_platform_names[check->platform], off);
    end(check, &check->cross->counters.wrong);
    wi_pool_quarantine(pool, node, reason);
}

static void compare(struct check *check)
{
    const struct wi_check_leg *got = check->due == &check->second ? &check->second : &check->given;
    if (check->direct && check->asked->task != WI_TASK_NONE)
        wi_compare_raw(&check->first.outputs, &got->outputs, wi_check_tolerance(check->asked),
            &check->comparison);
    else
        wi_check_compare_legs(check->asked, &check->first, got, &check->comparison);
}

static void ask(struct check *check, struct wi_check_leg *leg, const struct place *place);

/* Another place of ours: the same platform where a browser of ours has it, so that what is wrong on
 * every machine is nobody's fault; else the WASM of another kind. 0, or -1 if there is none. */
static int find_second(const struct check *check, struct place *place)
{
    const struct wi_checks *checks = check->cross->checks;
    const struct wi_config *config = checks->deps.config;
    int is_seen = check->asked->input && check->asked->task == WI_TASK_NONE;
    const char *other = NULL;
    for (size_t i = 0; i < config->browser_count; i++) {
        const char *kind = config->browsers[i].kind;
        const struct wi_node_info *ours = wi_check_find_ours(checks->pool, kind);
        if (ours && check->platform != WI_WASM && ours->platforms[check->platform].available) {
            *place = (struct place){.kind = kind, .platform = check->platform};
            return 0;
        }
        if (ours && strcmp(kind, check->first_kind) != 0 && !is_seen)
            other = kind;
    }
    *place = (struct place){.kind = other, .platform = WI_WASM};
    return other ? 0 : -1;
}

static void conclude_second(struct check *check)
{
    if (check->comparison.same) {
        condemn(check);
        return;
    }
    wi_warn("guard", check->asked->model->name,
        "an answer of %s is not what %s/wasm computes, nor is that what another place of ours does",
        check->node, check->first_kind);
    end(check, &check->cross->counters.disputed);
}

static void conclude(struct check *check)
{
    struct wi_cross *cross = check->cross;
    struct place place;
    if (check->due == &check->second) {
        conclude_second(check);
    } else if (check->comparison.same) {
        end(check, &cross->counters.agreed);
    } else if (check->comparison.open) {
        end(check, &cross->counters.unable);
    } else {
        check->ratio = check->comparison.ratio;
        wi_warn("guard", check->asked->model->name, "%s does not compute it on %s as %s/wasm: %s",
            check->node, wi_platform_names[check->platform], check->first_kind,
            check->comparison.detail);
        if (find_second(check, &place) == 0)
            ask(check, &check->second, &place);
        else
            condemn(check);
    }
}

static void compare_off_loop(void *data)
{
    compare(data);
}

static void on_compared(void *data, int cancelled)
{
    struct check *check = data;
    check->work = NULL;
    if (cancelled)
        free_check(check);
    else
        conclude(check);
}

static void begin_comparing(struct check *check)
{
    if (check->bytes <= WI_CHECK_INLINE_MAX) {
        compare(check);
        conclude(check);
    } else {
        uv_loop_t *loop = check->cross->checks->deps.loop;
        check->work = wi_work_start(loop, compare_off_loop, on_compared, check);
    }
}

/* --- its answers ------------------------------------------------------------------------------ */

static void next_step(struct check *check);

/* Whether it is an answer of whom it was asked for. */
static int is_of_place(const struct check *check, const struct wi_node_info *node)
{
    return check->due == &check->given ? strcmp(node->id, check->node) == 0
                                       : *node->session != '\0';
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct check *check = context;
    const struct wi_node_info *node = wi_pool_node_info(check->cross->checks->pool, outcome->node);
    if (!node || wi_check_platform_of(outcome->executed_on) != (int)check->due_on ||
        wi_check_is_simulated(outcome->executed_on) || !is_of_place(check, node))
        return;
    if (check->due == &check->first)
        snprintf(check->first_kind, sizeof check->first_kind, "%s", node->kind);
    wi_check_fill_leg(check->due, node, outcome->result, outcome->outputs);
    charge(check);
}

/* No answer came of it. */
static void fail(struct check *check, const struct wi_error *error)
{
    struct wi_cross *cross = check->cross;
    if (error->code == WI_DEADLINE_EXCEEDED && error->attempts == 0 && !cross->stopped)
        wait_on(check);
    else if (check->due == &check->second && wi_check_is_of_the_model(error))
        condemn(check); /* which is no place for it */
    else if (error->code == WI_UNAVAILABLE || wi_check_is_of_the_model(error))
        end(check, &cross->counters.unable);
    else
        end(check, &cross->counters.dropped);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct check *check = context;
    struct wi_cross *cross = check->cross;
    check->under_way = NULL;
    if (error)
        fail(check, error);
    else if (!check->due->there || make_room(cross, check) || cross->stopped)
        end(check, &cross->counters.dropped);
    else if (check->due == &check->second)
        begin_comparing(check);
    else
        next_step(check);
}

static void ask(struct check *check, struct wi_check_leg *leg, const struct place *place)
{
    const struct wi_run_owner owner = {
        .context = check, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_inference *asked = wi_inference_again(check->asked);
    const struct wi_run_request request = {.kind = WI_RUN_SHADOW,
        .asked = asked,
        .ours_only = leg != &check->given,
        .accepted_at = wi_now_ms()};
    asked->has_platform = 1;
    asked->platform = check->due_on = place->platform;
    asked->browser = wi_strdup(place->kind);
    asked->node = wi_strdup(place->node);
    asked->timeout_ms = DEADLINE_MS;
    asked->raw = !check->direct;
    check->due = leg;
    check->under_way = wi_run_new(&check->cross->checks->deps, &request, &owner);
    wi_run_begin(check->under_way); /* and it may be gone */
}

/* A browser of ours for the first answer. The client's picture is decoded by each kind in its own
 * way, so that only the same kind may do it. 0, or -1 if none may. */
static int find_first(const struct check *check, struct place *place)
{
    const struct wi_pool *pool = check->cross->checks->pool;
    const struct wi_node_info *ours = wi_check_find_ours(pool, check->kind);
    int any = check->asked->task != WI_TASK_NONE || !check->asked->input;
    if (!ours && any)
        ours = wi_check_find_ours(pool, NULL);
    *place = (struct place){.kind = ours ? ours->kind : NULL, .platform = WI_WASM};
    return ours || any ? 0 : -1;
}

static void next_step(struct check *check)
{
    struct wi_cross *cross = check->cross;
    struct place place;
    if (!check->first.there && find_first(check, &place) != 0) {
        end(check, &cross->counters.unable);
    } else if (!check->first.there) {
        ask(check, &check->first, &place);
    } else if (!check->given.there && !wi_pool_node_info(cross->checks->pool, check->node)) {
        end(check, &cross->counters.dropped);
    } else if (!check->given.there) {
        place = (struct place){.node = check->node, .platform = check->platform};
        ask(check, &check->given, &place);
    } else {
        check->due = &check->given;
        begin_comparing(check);
    }
}

/* --- which are checked ------------------------------------------------------------------------ */

static void tidy_newcomers(struct wi_cross *cross)
{
    struct newcomer *newcomer, *next;
    if (HASH_COUNT(cross->newcomers) < cross->tidy_at)
        return;
    HASH_ITER(hh, cross->newcomers, newcomer, next)
    {
        if (wi_pool_node_info(cross->checks->pool, newcomer->id))
            continue;
        HASH_DEL(cross->newcomers, newcomer);
        free(newcomer);
    }
    cross->tidy_at = 2 * HASH_COUNT(cross->newcomers) + NEWCOMERS_STEP;
}

/* Whether it is one of the node's first answers, which is counted. */
static int is_first(struct wi_cross *cross, const char *node)
{
    struct newcomer *newcomer = WI_TABLE_FIND(cross->newcomers, node, strlen(node));
    if (!newcomer) {
        tidy_newcomers(cross);
        newcomer = wi_alloc(sizeof *newcomer);
        memcpy(newcomer->id, node, sizeof newcomer->id);
        HASH_ADD_STR(cross->newcomers, id, newcomer);
    }
    if (newcomer->answers == FIRST_ANSWERS)
        return 0;
    newcomer->answers++;
    return 1;
}

/* Drawn by chance, so that nobody counts when it is due. */
static int is_drawn(double share)
{
    uint32_t number = 0;
    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return number < share * 4294967296.0;
}

/* What is computed again: the client's request where its answer is compared, else what the guard
 * asks in its place. NULL: none. */
static const struct wi_inference *request_of(const struct wi_inference *sent, int direct)
{
    if (direct)
        return wi_inference_retain(sent);
    struct wi_inference *own = wi_probe_ask_client(sent);
    return own ? own : wi_probe_ask(sent, 0);
}

/* Whether the answer can be told right from wrong: what is not known to be right on a platform of
 * any machine is the guard's business. */
static int is_checkable(
    const struct wi_inference *sent, enum wi_platform platform, enum wi_verdict numerics)
{
    return !*sent->model->facts.signature.random &&
           (platform == WI_WASM || numerics == WI_TRUSTED) &&
           !(sent->stream && sent->task == WI_TASK_NONE);
}

void wi_cross_consider(struct wi_cross *cross, const struct wi_inference *sent,
    const struct wi_node_info *node, enum wi_platform platform, const struct wi_job_result *result)
{
    double share = cross->checks->deps.config->pool.recheck_strangers;
    if (cross->stopped || share <= 0 || !is_checkable(sent, platform, result->numerics) ||
        (!is_first(cross, node->id) && !is_drawn(share)))
        return;
    int direct = sent->task == WI_TASK_NONE || sent->task == WI_TASK_EMBED;
    const struct wi_inference *asked = request_of(sent, direct);
    if (!asked) {
        cross->counters.unable++;
        return;
    }
    struct check *check = wi_alloc(sizeof *check);
    check->cross = cross;
    check->asked = asked;
    check->direct = direct;
    check->platform = platform;
    memcpy(check->node, node->id, sizeof check->node);
    memcpy(check->kind, node->kind, sizeof check->kind);
    if (direct)
        wi_check_fill_leg(&check->given, node, result->answer->result, &result->answer->outputs);
    DL_APPEND(cross->all, check);
    cross->count++;
    charge(check);
    if (make_room(cross, check) != 0)
        end(check, &cross->counters.dropped);
    wi_turn_schedule(cross->turn);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Never from inside a client's answer. */
static void on_turn(void *context)
{
    struct wi_cross *cross = context;
    struct check *check = cross->all, *next;
    for (; check && cross->active < ACTIVE_MAX; check = next) {
        next = check->next;
        if (check->active)
            continue;
        check->active = 1;
        cross->active++;
        next_step(check);
    }
}

struct wi_cross *wi_cross_new(const struct wi_checks *checks)
{
    struct wi_cross *cross = wi_alloc(sizeof *cross);
    cross->checks = checks;
    cross->tidy_at = NEWCOMERS_STEP;
    cross->turn = wi_turn_new(checks->deps.loop, on_turn, cross);
    return cross;
}

/* Those with a job are told of its end. */
void wi_cross_stop(struct wi_cross *cross)
{
    struct check *check, *next;
    cross->stopped = 1;
    for (check = cross->all; check; check = next) {
        next = check->next;
        if (!check->active)
            end(check, &cross->counters.dropped);
    }
}

void wi_cross_free(struct wi_cross *cross)
{
    struct check *check, *next;
    struct newcomer *newcomer;
    for (check = cross->all; check; check = next) {
        next = check->next;
        check->cross = NULL;
        if (check->work)
            wi_work_abandon(check->work); /* on_compared frees it */
        else
            free_check(check);
    }
    while ((newcomer = WI_TABLE_TAKE(cross->newcomers)))
        free(newcomer);
    wi_turn_free(cross->turn);
    free(cross);
}

void wi_cross_count(const struct wi_cross *cross, struct wi_cross_counters *counters)
{
    *counters = cross->counters;
    counters->waiting = cross->count;
    counters->bytes = cross->bytes;
}
