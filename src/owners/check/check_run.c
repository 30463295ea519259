/*
 * One shadow run; see check.h. It holds the inputs by reference, gets the missing
 * answers one after the other by shadow runs (WASM's, then that of the platform in
 * question), compares them, and goes on with another input or says what was found.
 */
#include "owners/check/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/probe.h"
#include "work/pool/evidence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* --- the life of a run ------------------------------------------------------------------------ */

size_t wi_check_run_bytes(const struct wi_check_run *run)
{
    return wi_tensors_bytes(&run->asked->tensors) + wi_tensors_bytes(&run->wasm.outputs) +
           wi_tensors_bytes(&run->other.outputs) + wi_tensors_bytes(&run->nudged.outputs) +
           (run->nudge ? wi_tensors_bytes(&run->nudge->tensors) : 0) +
           (run->client ? wi_tensors_bytes(&run->client->tensors) : 0);
}

static void run_clear(struct wi_check_run *run)
{
    wi_inference_release(run->asked);
    wi_inference_release(run->nudge);
    run->asked = run->nudge = NULL;
    wi_check_clear_leg(&run->wasm);
    wi_check_clear_leg(&run->other);
    wi_check_clear_leg(&run->nudged);
}

void wi_check_run_free(struct wi_check_run *run)
{
    run_clear(run);
    wi_inference_release(run->client);
    free(run->who);
    free(run);
}

static void end_run(struct wi_check_run *run)
{
    struct wi_checks *checks = run->checks;
    LL_DELETE(checks->runs, run);
    checks->counters.running--;
    wi_check_run_free(run);
}

void wi_check_crowded_out(
    struct wi_checks *checks, const struct wi_model *model, const struct wi_probe *requested)
{
    checks->counters.dropped++;
    if (requested->deadline_ms > 0) /* routing keeps count of what it asks for */
        wi_pool_probe_dropped(checks->pool, model, requested);
}

void wi_check_run_drop(struct wi_check_run *run)
{
    run->checks->counters.dropped++;
    end_run(run);
}

static struct wi_verdicts *verdicts_of(const struct wi_check_run *run)
{
    return wi_pool_verdicts(run->checks->pool);
}

/* --- the next input --------------------------------------------------------------------------- */

/* Takes `asked` over. */
static void run_ask(
    struct wi_check_run *run, enum wi_check_step step, const struct wi_inference *asked)
{
    run_clear(run);
    run->asked = asked;
    run->step = step;
    wi_check_run_next(run);
}

/* 0, or -1 if there are none, or enough were asked. */
static int run_ask_ours(struct wi_check_run *run, enum wi_check_step step)
{
    double tokens = step == WI_CHECK_LONG ? run->client_tokens : 0;
    struct wi_inference *asked = wi_draws_next(&run->draws, run->asked, tokens);
    if (!asked)
        return -1;
    run_ask(run, step, asked);
    return 0;
}

/* The client's own prompt, of the same place, or it would say nothing of this one. 0, or -1 if it
 * is not to be asked. */
static int run_ask_prompt(struct wi_check_run *run)
{
    const struct wi_node_info *node = wi_pool_node_info(run->checks->pool, run->client_node);
    const struct wi_inference *client = run->client;
    char key[WI_VERDICT_KEY_SIZE];
    if (!client || !node)
        return -1;
    wi_check_make_key(key, client, node, run->platform);
    if (strcmp(key, run->key) != 0)
        return -1;
    run->client = NULL;
    run_ask(run, WI_CHECK_PROMPT, client);
    return 0;
}

/* --- what was found --------------------------------------------------------------------------- */

/* `node`: the node that it is recorded for as well, or NULL. A trusted verdict is set for any kind
 * of evidence. */
static unsigned run_found(const struct wi_check_run *run, enum wi_evidence_kind kind,
    const char *node, const struct wi_finding *finding)
{
    const struct wi_evidence_found found = {
        .kind = kind, .node = node, .joined = run->joined, .key = run->key, .finding = *finding};
    return wi_pool_found(run->checks->pool, &found);
}

static const char *run_for(const struct wi_check_run *run)
{
    return *run->shapes ? " for " : "";
}

/* A place that was wrong is right again by inputs of ours alone. */
static void settle_right(struct wi_check_run *run)
{
    double ratio = run->comparison.same ? fmax(run->comparison.ratio, run->ratio) : run->ratio;
    const struct wi_finding finding = {.verdict = WI_TRUSTED,
        .ratio = ratio,
        .detail = run->comparison.same ? run->comparison.detail : "",
        .shapes = run->known == WI_WRONG ? NULL : run->shapes};
    unsigned is_news = run_found(run, WI_EVIDENCE_OUR_INPUT, NULL, &finding);
    run->checks->counters.trusted++;
    wi_log(is_news ? WI_LOG_INFO : WI_LOG_DEBUG, "guard", run->asked->model->name,
        "%s/%s agrees with WASM%s%s: at most %.3g of the tolerance off", run->browser,
        wi_platform_names[run->platform], run_for(run), run->shapes, ratio);
    if (run->joined)
        wi_pool_found_well(run->checks->pool, run->client_node);
    end_run(run);
}

/* Of a node that joined that is a verdict for its party: it is sent away by a cross-check. */
static void settle_wrong(struct wi_check_run *run)
{
    double ratio = fmax(run->comparison.ratio, run->off);
    const struct wi_finding finding = {.verdict = WI_WRONG,
        .ratio = ratio,
        .detail = run->comparison.detail,
        .shapes = run->shapes};
    unsigned is_news = run_found(run, WI_EVIDENCE_OUR_INPUT, NULL, &finding);
    run->checks->counters.wrong++;
    wi_log(is_news ? WI_LOG_WARN : WI_LOG_DEBUG, "guard", run->asked->model->name,
        "%s/%s computes it wrong%s%s, %.3g times the tolerance off: %s", run->browser,
        wi_platform_names[run->platform], run_for(run), run->shapes, ratio, run->comparison.detail);
    end_run(run);
}

/* Asked again later: another text may tell, or another load. */
static void leave_open(struct wi_check_run *run)
{
    const struct wi_finding finding = {.detail = run->comparison.detail};
    wi_debug("guard", run->asked->model->name,
        "%s/%s can be called neither equal to WASM nor different from it: %s", run->browser,
        wi_platform_names[run->platform], finding.detail);
    run->checks->counters.failed++;
    if (run->comparison.open == WI_OPEN_FORM)
        (void)run_found(run, WI_EVIDENCE_OPEN, run->client_node, &finding);
    else
        wi_verdicts_pause(verdicts_of(run), run->key, finding.detail);
    end_run(run);
}

/* A client's input has differed, and ours has not, or does not tell: its inputs stay unchecked, and
 * what is known of others stays as it is. */
static void settle_doubt(struct wi_check_run *run)
{
    const struct wi_finding finding = {.ratio = run->off,
        .detail = "the answer to a client's input differed from that of WASM, and those to our own "
                  "similar inputs did not",
        .shapes = run->shapes};
    struct wi_evidence_found found = {.kind = WI_EVIDENCE_CLIENT_INPUT,
        .node = run->client_node,
        .joined = run->joined,
        .key = *run->asked->set && run->known != WI_WRONG ? run->key : NULL,
        .finding = finding};
    run->checks->counters.failed++;
    wi_info("guard", run->asked->model->name,
        "%s/%s was %.3g times the tolerance off for a client's input%s%s%s, and not for one of "
        "ours",
        run->browser, wi_platform_names[run->platform], run->off, *run->shapes ? " (" : "",
        run->shapes, *run->shapes ? ")" : "");
    (void)wi_pool_found(run->checks->pool, &found);
    if (!found.key)
        wi_verdicts_pause(verdicts_of(run), run->key, finding.detail);
    end_run(run);
}

/* --- from one input to the next --------------------------------------------------------------- */

enum outcome { AGREES, DIFFERS, TELLS_NOTHING, OUTCOME_COUNT };
typedef void conclude_fn(struct wi_check_run *run);
static conclude_fn *const conclusions[WI_CHECK_STEP_COUNT][OUTCOME_COUNT];

/* Nothing more is to be learned of the step's input. */
static void run_give_up(struct wi_check_run *run)
{
    conclusions[run->step][TELLS_NOTHING](run);
}

static void give_up_for(struct wi_check_run *run, const char *why)
{
    run->comparison = (struct wi_comparison){.open = WI_OPEN_NUMBERS};
    wi_text_copy(run->comparison.detail, sizeof run->comparison.detail, why);
    run_give_up(run);
}

static void conclude_clients_same(struct wi_check_run *run)
{
    if (run->known != WI_WRONG)
        settle_right(run);
    else if (run_ask_ours(run, WI_CHECK_OURS) != 0)
        give_up_for(run, "it was wrong, and no input of our own can be made");
}

static void conclude_clients_differ(struct wi_check_run *run)
{
    run->off = run->comparison.ratio;
    if (run_ask_ours(run, WI_CHECK_DRAWN) != 0)
        settle_doubt(run);
}

static void conclude_drawn_same(struct wi_check_run *run)
{
    (run->known == WI_WRONG ? settle_right : settle_doubt)(run);
}

static void settle_unless_prompt(struct wi_check_run *run)
{
    run->ratio = run->comparison.ratio;
    if (run_ask_prompt(run) != 0)
        settle_right(run);
}

static void conclude_prompt_differs(struct wi_check_run *run)
{
    run->off = run->comparison.ratio;
    run->draws = (struct wi_draws){0};
    if (run_ask_ours(run, WI_CHECK_LONG) != 0)
        settle_doubt(run);
}

/* An input of ours that differs, and tells, counts. */
static void conclude_strike(struct wi_check_run *run)
{
    if (wi_draws_strike(&run->draws, wi_check_tolerance(run->asked)->loose))
        settle_wrong(run);
    else if (run_ask_ours(run, run->step) != 0)
        run_give_up(run);
}

static void conclude_ours_differ(struct wi_check_run *run)
{
    run->nudge = wi_probe_nudge(run->asked, wi_draws_seed());
    if (run->nudge)
        wi_check_run_next(run);
    else
        conclude_strike(run);
}

/* For an input of ours, AGREES is what follows once the place is cleared. */
static conclude_fn *const conclusions[WI_CHECK_STEP_COUNT][OUTCOME_COUNT] = {
    [WI_CHECK_CLIENTS] = {conclude_clients_same, conclude_clients_differ, leave_open},
    [WI_CHECK_DRAWN] = {conclude_drawn_same, conclude_ours_differ, settle_doubt},
    [WI_CHECK_OURS] = {settle_unless_prompt, conclude_ours_differ, leave_open},
    [WI_CHECK_PROMPT] = {settle_right, conclude_prompt_differs, settle_right},
    [WI_CHECK_LONG] = {settle_right, conclude_ours_differ, settle_doubt},
};

static void conclude_nudged(struct wi_check_run *run)
{
    if (wi_draws_are_steady(&run->nearness))
        conclude_strike(run);
    else if (run_ask_ours(run, run->step) != 0)
        give_up_for(run, "nearly the same numbers give a different answer");
}

static void run_conclude(struct wi_check_run *run)
{
    const struct wi_comparison *found = &run->comparison;
    enum outcome outcome = found->open ? TELLS_NOTHING : found->same ? AGREES : DIFFERS;
    int is_clients = run->step == WI_CHECK_CLIENTS || run->step == WI_CHECK_PROMPT;
    if (run->due == &run->nudged)
        conclude_nudged(run);
    else if (outcome != AGREES || is_clients || wi_draws_clear(&run->draws, 0))
        conclusions[run->step][outcome](run);
    else if (run_ask_ours(run, run->step) != 0)
        give_up_for(run, "some of our own inputs agree and some differ");
}

/* --- comparing -------------------------------------------------------------------------------- */

static void run_compare(void *data)
{
    struct wi_check_run *run = data;
    if (run->due == &run->nudged)
        wi_check_compare_legs(run->asked, &run->wasm, &run->nudged, &run->nearness);
    else
        wi_check_compare_legs(run->asked, &run->wasm, &run->other, &run->comparison);
}

static void on_compared(void *data, int cancelled)
{
    struct wi_check_run *run = data;
    run->work = NULL;
    if (cancelled)
        wi_check_run_free(run);
    else
        run_conclude(run);
}

static void begin_comparing(struct wi_check_run *run)
{
    /* Anybody's page may say anything: it is no measure for the browsers that we start. */
    if (run->wasm.joined && !run->other.joined) {
        wi_verdicts_pause(verdicts_of(run), run->key,
            "WASM answered in a page that joined, which is not a reference for the service's own "
            "browsers");
        wi_check_run_drop(run);
    } else if (wi_check_run_bytes(run) <= WI_CHECK_INLINE_MAX) {
        run_compare(run);
        run_conclude(run);
    } else {
        run->work = wi_work_start(run->checks->deps.loop, run_compare, on_compared, run);
    }
}

/* --- its answers ------------------------------------------------------------------------------ */

/* Whether the page would not have an input of ours, which is longer than what the model reads, say:
 * that is so each time. */
static int is_of_the_input(const struct wi_error *error)
{
    return wi_code_status(error->code) == 400;
}

/* Whether a client has sent what no platform takes, such as an index outside of its range: then it
 * tells nothing of the place, nor of the next input. */
static int is_mistake(const struct wi_check_run *run, const struct wi_error *error)
{
    return run->step == WI_CHECK_CLIENTS &&
           (error->code == WI_INPUT_INVALID || error->code == WI_INPUT_SHAPE);
}

static int error_is_breakdown(const struct wi_error *error)
{
    return error->code == WI_ATTEMPTS_EXHAUSTED || error->code == WI_DEADLINE_EXCEEDED;
}

/* Whether it is asked about more than the place was asked for: without an answer what is known by
 * then decides. */
static int is_further(const struct wi_check_run *run)
{
    return run->step == WI_CHECK_DRAWN || run->step == WI_CHECK_PROMPT ||
           run->step == WI_CHECK_LONG;
}

/* The place in question gave no answer. */
static void other_failed(struct wi_check_run *run, const struct wi_error *error)
{
    const char *detail = error->detail;
    if (run->asked->task != WI_TASK_NONE && !run->compares) {
        run->checks->counters.failed++; /* of an input of ours, which may not suit the model */
    } else if (is_of_the_input(error) || (is_further(run) && wi_check_is_of_the_model(error))) {
        give_up_for(run, detail);
        return;
    } else if (wi_check_is_of_the_model(error)) {
        const struct wi_finding finding = {.detail = detail,
            .shapes = run->shapes,
            .is_of_set = run->asked->empty != WI_EMPTY_NONE};
        run->checks->counters.unable++;
        unsigned is_news = run_found(run, WI_EVIDENCE_CLAIM, NULL, &finding);
        wi_log(is_news ? WI_LOG_INFO : WI_LOG_DEBUG, "guard", run->asked->model->name,
            "%s/%s cannot run it: %s", run->browser, wi_platform_names[run->platform], detail);
        if (run->known == WI_WRONG) /* which it stays: this does not clear it */
            wi_verdicts_pause(verdicts_of(run), run->key, detail);
    } else if (error_is_breakdown(error)) {
        run->checks->counters.failed++;
        wi_info("guard", run->asked->model->name, "%s/%s gave no answer: %s", run->browser,
            wi_platform_names[run->platform], detail);
        wi_verdicts_miss(verdicts_of(run), run->key, detail);
    } else {
        wi_check_crowded_out(run->checks, run->asked->model, &run->requested);
    }
    end_run(run);
}

/* There is nothing to compare with. WASM's answer about the model was recorded already. */
static void wasm_failed(struct wi_check_run *run, const struct wi_error *error)
{
    int is_told = wi_check_is_of_the_request(error);
    if (run->step == WI_CHECK_PROMPT || run->due == &run->nudged || (is_further(run) && is_told)) {
        give_up_for(run, error->detail);
        return;
    }
    if (is_mistake(run, error)) {
        run->checks->counters.failed++;
    } else if (is_told || error_is_breakdown(error)) {
        run->checks->counters.failed++;
        if (*run->key && !wi_check_is_refusal(error))
            wi_verdicts_pause(verdicts_of(run), run->key, error->detail);
    } else {
        wi_check_crowded_out(run->checks, run->asked->model, &run->requested);
    }
    end_run(run);
}

void wi_check_name_place(struct wi_check_run *run, const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform)
{
    struct wi_place place = wi_place_of(node, asked->model->engine, platform);
    wi_check_make_key(run->key, asked, node, platform);
    run->known = wi_verdicts_get(
        verdicts_of(run), asked->model, &place, wi_inference_variant(asked), asked->set)
                     .verdict;
    run->joined = !*node->session;
}

static enum wi_platform platform_due(const struct wi_check_run *run)
{
    return run->due == &run->other ? run->platform : WI_WASM;
}

static void on_sent(void *context, const char *node_id)
{
    struct wi_check_run *run = context;
    const struct wi_node_info *node = wi_pool_node_info(run->checks->pool, node_id);
    if (node && run->due == &run->other)
        wi_check_name_place(run, run->asked, node, run->platform);
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_check_run *run = context;
    const struct wi_node_info *node = wi_pool_node_info(run->checks->pool, outcome->node);
    if (node && wi_check_is_on(outcome->executed_on, platform_due(run)))
        wi_check_fill_leg(run->due, node, outcome->result, outcome->outputs);
    if (run->due->there && run->due == &run->other && !run->client)
        memcpy(run->client_node, node->id, sizeof run->client_node);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_check_run *run = context;
    run->under_way = NULL;
    if (error && error->attempts == 0) {
        wi_check_crowded_out(run->checks, run->asked->model, &run->requested);
        end_run(run);
    } else if (error && run->due == &run->other) {
        other_failed(run, error);
    } else if (error) {
        wasm_failed(run, error);
    } else if (run->due->there) {
        wi_check_run_next(run);
    } else {
        wi_check_run_drop(run);
    }
}

/* Whether the node that has differed is asked, and no other like it. */
static int is_of_suspect(const struct wi_check_run *run)
{
    return run->due == &run->other && run->step != WI_CHECK_CLIENTS &&
           (run->step != WI_CHECK_OURS || run->asked->task == WI_TASK_NONE) &&
           wi_pool_node_info(run->checks->pool, run->client_node);
}

/* Names the place that runs it. Joined nodes are the reference only if no browser of ours can be.
 * Returns 0, or -1 if there is no place now. */
static int name_place(const struct wi_check_run *run, struct wi_inference *asked, int *ours_only)
{
    int is_measure = run->compares && asked->platform == WI_WASM;
    if (run->step == WI_CHECK_PROMPT || is_of_suspect(run)) {
        asked->node = wi_strdup(run->client_node);
        return 0;
    }
    if (is_measure && run->platform == WI_NATIVE) { /* whose node has no WASM to compare with */
        const struct wi_node_info *other = wi_pool_yardstick(run->checks->pool, NULL);
        asked->node = wi_strdup(other ? other->id : NULL);
        return other ? 0 : -1;
    }
    const struct wi_node_info *measure =
        is_measure ? wi_check_measure(run->checks->pool, run->asked, run->browser) : NULL;
    asked->browser = wi_strdup(measure ? measure->kind : run->browser);
    *ours_only = measure != NULL;
    return 0;
}

static void leg_ask(struct wi_check_run *run, struct wi_check_leg *leg)
{
    const struct wi_run_owner owner = {
        .context = run, .on_sent = on_sent, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_inference *asked = wi_inference_again(leg == &run->nudged ? run->nudge : run->asked);
    struct wi_run_request request = {
        .kind = WI_RUN_SHADOW, .asked = asked, .accepted_at = wi_now_ms()};
    run->due = leg;
    asked->has_platform = 1;
    asked->platform = platform_due(run);
    asked->timeout_ms = run->deadline_ms;
    asked->raw = run->compares && asked->task != WI_TASK_NONE;
    if (name_place(run, asked, &request.ours_only)) {
        wi_inference_release(asked);
        wi_check_run_drop(run);
        return;
    }
    run->under_way = wi_run_new(&run->checks->deps, &request, &owner);
    wi_debug("guard", wi_run_id(run->under_way), "is a look at %s/%s", run->browser,
        wi_platform_names[run->platform]);
    wi_run_begin(run->under_way);
}

/* WASM first: where it refuses, nothing else is worth asking. */
void wi_check_run_next(struct wi_check_run *run)
{
    if (run->checks->stopped)
        wi_check_run_drop(run);
    else if (run->compares && !run->wasm.there)
        leg_ask(run, &run->wasm);
    else if (!run->other.there)
        leg_ask(run, &run->other);
    else if (run->nudge && !run->nudged.there)
        leg_ask(run, &run->nudged);
    else if (run->compares)
        begin_comparing(run);
    else {
        run->checks->counters.measured++;
        end_run(run);
    }
}
