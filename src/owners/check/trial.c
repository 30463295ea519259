/* One cross-check, see private.h: a step asks for one answer, and says what follows from it. */
#include "owners/check/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "terms/kernel/answers.h"
#include "wire/probe.h"
#include "work/pool/evidence.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Of each run of ours, from its dispatch, and of the node's at least and at most. */
#define DEADLINE_MS 60000.0
#define LONGEST_MS 600000.0

/* The place that a run asks. */
struct place {
    const char *kind; /* NULL: any of ours; borrowed for the call */
    const char *node; /* NULL: no one in particular; likewise */
    enum wi_platform platform;
};

struct step {
    size_t leg; /* the trial's leg that gets the answer */
    /* Finds the place to ask. Returns 0, or -1 if there is none now. */
    int (*find)(const struct wi_trial *trial, struct place *place);
    void (*absent)(struct wi_trial *trial); /* there is none */
    /* Compares the answer with another, fit for a worker thread; NULL: there is nothing to
     * compare. */
    void (*compare)(struct wi_trial *trial);
    void (*conclude)(struct wi_trial *trial);
    /* No answer came of it. */
    void (*fail)(struct wi_trial *trial, const struct wi_error *error);
};
static const struct step steps[WI_TRIAL_STEP_COUNT];

/* --- its life --------------------------------------------------------------------------------- */

void wi_trial_abandon(struct wi_trial *trial)
{
    if (trial->work)
        wi_work_abandon(trial->work); /* on_compared frees it */
    else
        wi_trial_free(trial);
}

static void trial_enter(struct wi_trial *trial, enum wi_trial_step step)
{
    trial->step = step;
    wi_trial_go_on(trial);
}

static struct wi_check_leg *trial_leg(struct wi_trial *trial)
{
    return (struct wi_check_leg *)(void *)((char *)trial + steps[trial->step].leg);
}

/* --- what is found ---------------------------------------------------------------------------- */

/* It is about the node, and no place. */
static void trial_found(
    const struct wi_trial *trial, enum wi_evidence_kind kind, const char *reason)
{
    const struct wi_evidence_found found = {.kind = kind,
        .node = trial->node,
        .joined = 1,
        .place = trial->key,
        .finding = {.detail = reason}};
    (void)wi_pool_found(trial->checks->pool, &found);
}

static void trial_end_well(struct wi_trial *trial, enum wi_trial_end end)
{
    wi_pool_found_well(trial->checks->pool, trial->node);
    wi_cross_end(trial, end);
}

/* The node has chosen to answer, or not to, in such a way that nothing can be said of it. */
static void trial_end_open(struct wi_trial *trial, const char *why)
{
    char reason[192];
    snprintf(reason, sizeof reason, "its answers of %.64s on %s cannot be judged: %.64s",
        trial->asked->model->name, wi_platform_names[trial->platform], why);
    wi_text_mend(reason);
    trial_found(trial, WI_EVIDENCE_OPEN, reason);
    wi_cross_end(trial, WI_TRIAL_UNABLE);
}

static void trial_end_undecided(struct wi_trial *trial)
{
    int is_suspected = trial->off > 0;
    wi_cross_end(trial, is_suspected ? WI_TRIAL_SUSPECTED : WI_TRIAL_UNABLE);
}

/* The node may be gone afterwards, and what it was asked with it: so the trial ends first. WASM is
 * what others are compared with, and no verdict is kept of it. */
static void trial_condemn(struct wi_trial *trial, enum wi_evidence_kind kind, const char *reason)
{
    struct wi_pool *pool = trial->checks->pool;
    char node[WI_ID_SIZE], key[WI_VERDICT_KEY_SIZE];
    const struct wi_evidence_found found = {.kind = kind,
        .node = node,
        .joined = 1,
        .key = trial->platform == WI_WASM ? NULL : key,
        .place = key,
        .finding = {.ratio = trial->off, .detail = reason}};
    memcpy(node, trial->node, sizeof node);
    memcpy(key, trial->key, sizeof key);
    wi_cross_end(trial, WI_TRIAL_WRONG);
    (void)wi_pool_found(pool, &found);
}

static void trial_describe(const struct wi_trial *trial, char reason[160])
{
    char off[48] = "has another form than";
    if (isfinite(trial->off))
        snprintf(off, sizeof off, "is %.3g times the tolerance off", trial->off);
    snprintf(reason, 160, "what it computed of %.64s on %s %s what we compute",
        trial->asked->model->name, wi_platform_names[trial->platform], off);
}

/* --- the input -------------------------------------------------------------------------------- */

/* Asks an input of ours next, unless enough were. */
static void trial_draw(struct wi_trial *trial)
{
    struct wi_inference *asked = wi_draws_next(&trial->draws, trial->asked, trial->prompt_tokens);
    if (!asked) {
        trial_end_undecided(trial);
        return;
    }
    wi_trial_clear(trial);
    trial->asked = asked;
    trial->is_ours = 1;
    if (wi_cross_grow(trial) == 0)
        trial_enter(trial, WI_TRIAL_FIRST);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* One more of ours differs, and nothing speaks against that. */
static void trial_strike(struct wi_trial *trial)
{
    char reason[160];
    if (!wi_draws_strike(&trial->draws, wi_check_tolerance(trial->asked)->loose)) {
        trial_draw(trial);
        return;
    }
    trial_describe(trial, reason);
    trial_condemn(trial, WI_EVIDENCE_OUR_INPUT, reason);
}

/* --- FIRST: a browser of ours ----------------------------------------------------------------- */

static int find_first(const struct wi_trial *trial, struct place *place)
{
    const struct wi_node_info *ours =
        wi_check_measure(trial->checks->pool, trial->asked, trial->kind);
    int any = wi_check_is_of_any_kind(trial->asked);
    *place = (struct place){.kind = ours ? ours->kind : NULL, .platform = WI_WASM};
    return ours || any ? 0 : -1;
}

static void conclude_first(struct wi_trial *trial)
{
    trial_enter(trial, WI_TRIAL_GIVEN);
}

static void fail_first(struct wi_trial *trial, const struct wi_error *error)
{
    if (error->code == WI_UNAVAILABLE || wi_check_is_of_the_request(error))
        trial_end_undecided(trial);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* --- GIVEN: the node -------------------------------------------------------------------------- */

static int find_given(const struct wi_trial *trial, struct place *place)
{
    *place = (struct place){.node = trial->node, .platform = trial->platform};
    return wi_pool_node_info(trial->checks->pool, trial->node) ? 0 : -1;
}

/* Whether the node is at the place in question, which is its party's. A verdict's key ends with the
 * place's. */
static int is_at_place(const struct wi_trial *trial, const struct wi_node_info *node)
{
    if (!node || *node->session || strcmp(node->party, trial->party) != 0)
        return 0;
    struct wi_place place = wi_place_of(node, trial->asked->model->engine, trial->platform);
    return wi_text_ends(trial->key, place.key);
}

/* If a party takes its node away after a wrong answer, another node of it is asked: 0, or -1 if it
 * has none at that place. A client's input is sent to no other node. */
static int trial_replace_node(struct wi_trial *trial)
{
    const struct wi_pool *pool = trial->checks->pool;
    const char *found = NULL;
    struct wi_strings ids = {0};
    if (!trial->is_ours)
        return -1;
    wi_pool_list_nodes(pool, &ids, SIZE_MAX);
    for (size_t i = 0; i < ids.count && !found; i++)
        if (is_at_place(trial, wi_pool_node_info(pool, ids.items[i])))
            found = ids.items[i];
    if (found)
        wi_text_copy(trial->node, sizeof trial->node, found);
    wi_strings_clear(&ids);
    return found ? 0 : -1;
}

static void absent_given(struct wi_trial *trial)
{
    if (trial_replace_node(trial) == 0)
        wi_trial_go_on(trial);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* With that of our browser. */
static void trial_compare(struct wi_trial *trial)
{
    const struct wi_check_leg *got = trial_leg(trial);
    if (trial->direct && trial->asked->task != WI_TASK_NONE)
        wi_compare_raw(&trial->first.outputs, &got->outputs, wi_check_tolerance(trial->asked),
            &trial->comparison);
    else
        wi_check_compare_legs(trial->asked, &trial->first, got, &trial->comparison);
}

static void conclude_same(struct wi_trial *trial)
{
    int is_suspected = trial->off > 0;
    if (wi_draws_clear(&trial->draws, is_suspected))
        trial_end_well(trial, is_suspected ? WI_TRIAL_SUSPECTED : WI_TRIAL_AGREED);
    else
        trial_draw(trial);
}

/* A client's input raises a suspicion, at once; one of ours may be such that it tells nothing. */
static void conclude_different(struct wi_trial *trial)
{
    char reason[160];
    trial->off = trial->comparison.ratio;
    wi_warn("guard", trial->asked->model->name, "%s does not compute %s on %s as %s/wasm: %s",
        trial->node, trial->is_ours ? "an input of ours" : "it", wi_platform_names[trial->platform],
        trial->first_kind, trial->comparison.detail);
    if (!trial->is_ours) {
        trial_describe(trial, reason);
        trial_found(trial, WI_EVIDENCE_CLIENT_INPUT, reason);
        trial_draw(trial);
        return;
    }
    trial->nudge = wi_probe_nudge(trial->asked, wi_draws_seed());
    trial_enter(trial, trial->nudge ? WI_TRIAL_NUDGED : WI_TRIAL_SECOND);
}

static void conclude_given(struct wi_trial *trial)
{
    const struct wi_comparison *found = &trial->comparison;
    if (found->open == WI_OPEN_FORM)
        trial_end_open(trial, found->detail);
    else if (found->open && trial->is_ours)
        trial_draw(trial);
    else if (found->open)
        wi_cross_end(trial, WI_TRIAL_UNABLE);
    else if (found->same)
        conclude_same(trial);
    else
        conclude_different(trial);
}

/* What ours has computed it says that it cannot, or says nothing at all. */
static void fail_given(struct wi_trial *trial, const struct wi_error *error)
{
    if (wi_check_is_of_the_request(error) || error->code == WI_DEADLINE_EXCEEDED)
        trial_end_open(trial, error->detail);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* --- NUDGED: whether the input tells anything ------------------------------------------------- */

static void conclude_nudged(struct wi_trial *trial)
{
    if (wi_draws_are_steady(&trial->comparison))
        trial_enter(trial, WI_TRIAL_SECOND);
    else
        trial_draw(trial);
}

static void fail_nudged(struct wi_trial *trial, const struct wi_error *error)
{
    wi_debug(
        "guard", trial->asked->model->name, "an input of ours is inconclusive: %s", error->detail);
    trial_draw(trial);
}

/* --- SECOND: another place of ours ------------------------------------------------------------ */

/* The same platform if a browser of ours has it, so that a fault of every machine is not blamed on
 * the node; else the WASM of another kind. */
static int find_second(const struct wi_trial *trial, struct place *place)
{
    const struct wi_checks *checks = trial->checks;
    const struct wi_config *config = checks->deps.config;
    int any = wi_check_is_of_any_kind(trial->asked);
    const char *other = NULL;
    for (size_t i = 0; i < config->browser_count; i++) {
        const char *kind = config->browsers[i].kind;
        const struct wi_node_info *ours = wi_check_find_ours(checks->pool, kind);
        if (ours && trial->platform != WI_WASM && ours->platforms[trial->platform].available) {
            *place = (struct place){.kind = kind, .platform = trial->platform};
            return 0;
        }
        if (ours && strcmp(kind, trial->first_kind) != 0 && any)
            other = kind;
    }
    *place = (struct place){.kind = other, .platform = WI_WASM};
    return other ? 0 : -1;
}

static void conclude_second(struct wi_trial *trial)
{
    if (trial->comparison.same) {
        trial_strike(trial);
        return;
    }
    wi_warn("guard", trial->asked->model->name,
        "an answer of %s is not what %s/wasm computes, nor is that what another place of ours does",
        trial->node, trial->first_kind);
    wi_cross_end(trial, WI_TRIAL_DISPUTED);
}

/* One that does not run it is no second place. */
static void fail_second(struct wi_trial *trial, const struct wi_error *error)
{
    if (error->code == WI_UNAVAILABLE || wi_check_is_of_the_model(error))
        trial_strike(trial);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* --- KNOWN: a kernel's answer ----------------------------------------------------------------- */

static void compare_known(struct wi_trial *trial)
{
    struct wi_comparison *found = &trial->comparison;
    *found = (struct wi_comparison){0};
    found->same = wi_answer_is_right(trial->answer, &trial->asked->tensors, &trial->given.outputs,
        found->detail, sizeof found->detail);
}

static void conclude_known(struct wi_trial *trial)
{
    char reason[160];
    if (trial->comparison.same) {
        trial_end_well(trial, WI_TRIAL_AGREED);
        return;
    }
    trial->off = (double)INFINITY;
    snprintf(reason, sizeof reason, "%.40s on %s: %.80s", trial->asked->kernel->name,
        wi_platform_names[trial->platform], trial->comparison.detail);
    wi_text_mend(reason);
    wi_warn("guard", trial->asked->model->name, "%s does not give the known answer of %s",
        trial->node, reason);
    trial_condemn(trial, WI_EVIDENCE_KNOWN_ANSWER, reason);
}

/* It may lack the kernel. */
static void fail_known(struct wi_trial *trial, const struct wi_error *error)
{
    if (error->code == WI_DEADLINE_EXCEEDED)
        trial_end_open(trial, error->detail);
    else if (wi_check_is_of_the_request(error))
        wi_cross_end(trial, WI_TRIAL_UNABLE);
    else
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

/* --- the steps -------------------------------------------------------------------------------- */

#define LEG(name) offsetof(struct wi_trial, name)
static const struct step steps[WI_TRIAL_STEP_COUNT] = {
    [WI_TRIAL_FIRST] = {LEG(first), find_first, trial_end_undecided, NULL, conclude_first,
        fail_first},
    [WI_TRIAL_GIVEN] = {LEG(given), find_given, absent_given, trial_compare, conclude_given,
        fail_given},
    [WI_TRIAL_NUDGED] = {LEG(nudged), find_first, trial_draw, trial_compare, conclude_nudged,
        fail_nudged},
    [WI_TRIAL_SECOND] = {LEG(second), find_second, trial_strike, trial_compare, conclude_second,
        fail_second},
    [WI_TRIAL_KNOWN] = {LEG(given), find_given, absent_given, compare_known, conclude_known,
        fail_known},
};

static void compare_off_loop(void *data)
{
    struct wi_trial *trial = data;
    steps[trial->step].compare(trial);
}

static void on_compared(void *data, int cancelled)
{
    struct wi_trial *trial = data;
    trial->work = NULL;
    if (cancelled)
        wi_trial_free(trial);
    else
        steps[trial->step].conclude(trial);
}

static void trial_compare_step(struct wi_trial *trial)
{
    const struct step *step = &steps[trial->step];
    if (step->compare && wi_trial_bytes(trial) > WI_CHECK_INLINE_MAX) {
        trial->work = wi_work_start(trial->checks->deps.loop, compare_off_loop, on_compared, trial);
        return;
    }
    if (step->compare)
        step->compare(trial);
    step->conclude(trial);
}

/* --- its answers ------------------------------------------------------------------------------ */

static int is_of_node(const struct wi_trial *trial)
{
    return trial->step == WI_TRIAL_GIVEN || trial->step == WI_TRIAL_KNOWN;
}

/* Whether the answer is from the place that was asked. */
static int is_of_place(const struct wi_trial *trial, const struct wi_node_info *node)
{
    return is_of_node(trial) ? strcmp(node->id, trial->node) == 0 : *node->session != '\0';
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_trial *trial = context;
    const struct wi_node_info *node = wi_pool_node_info(trial->checks->pool, outcome->node);
    trial->was_refused = outcome->refused_platform != NULL;
    if (!node || !wi_check_is_on(outcome->executed_on, trial->due_on) || !is_of_place(trial, node))
        return;
    if (trial->step == WI_TRIAL_FIRST)
        snprintf(trial->first_kind, sizeof trial->first_kind, "%s", node->kind);
    wi_check_fill_leg(trial_leg(trial), node, outcome->result, outcome->outputs);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_trial *trial = context;
    trial->under_way = NULL;
    if (trial->checks->stopped)
        wi_cross_end(trial, WI_TRIAL_DROPPED);
    else if (error && error->code == WI_DEADLINE_EXCEEDED && error->attempts == 0)
        wi_cross_wait(trial); /* it was not sent */
    else if (error)
        steps[trial->step].fail(trial, error);
    else if (!trial_leg(trial)->there && is_of_node(trial) && !trial->was_refused)
        trial_end_open(trial, "it was not computed at the same place as the others");
    else if (!trial_leg(trial)->there || wi_cross_grow(trial) != 0)
        wi_cross_end(trial, WI_TRIAL_DROPPED);
    else
        wi_trial_go_on(trial);
}

/* As a client's is when it is sent: some of its time has passed. */
static double trial_time(const struct wi_trial *trial)
{
    double whole = fmin(fmax(trial->timeout_ms, DEADLINE_MS), LONGEST_MS);
    return whole - 1 - (double)(wi_draws_seed() % 2048) / 1024;
}

static void trial_ask(struct wi_trial *trial, const struct place *place)
{
    const struct wi_run_owner owner = {
        .context = trial, .on_outcome = on_outcome, .on_done = on_done};
    int is_nodes = is_of_node(trial);
    struct wi_inference *asked =
        wi_inference_again(trial->step == WI_TRIAL_NUDGED ? trial->nudge : trial->asked);
    const struct wi_run_request request = {.kind = WI_RUN_SHADOW,
        .asked = asked,
        .ours_only = !is_nodes,
        .client = is_nodes ? trial->client : NULL,
        .accepted_at = wi_now_ms()};
    asked->has_platform = 1;
    asked->platform = trial->due_on = place->platform;
    asked->browser = wi_strdup(place->kind);
    asked->node = wi_strdup(place->node);
    asked->timeout_ms = is_nodes ? trial_time(trial) : DEADLINE_MS;
    asked->fallback = is_nodes && trial->fallback;
    asked->raw = !trial->direct;
    trial->under_way = wi_run_new(&trial->checks->deps, &request, &owner);
    wi_debug("guard", wi_run_id(trial->under_way), "is part of a cross-check of %s", trial->node);
    wi_run_begin(trial->under_way); /* and it may be gone */
}

void wi_trial_go_on(struct wi_trial *trial)
{
    const struct step *step = &steps[trial->step];
    struct place place;
    if (trial_leg(trial)->there)
        trial_compare_step(trial);
    else if (step->find(trial, &place) == 0)
        trial_ask(trial, &place);
    else
        step->absent(trial);
}
