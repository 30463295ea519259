/*
 * One shadow run; see check.h. It holds the inputs by reference, gets the missing
 * answers one after the other by shadow runs (WASM's, then that of the platform in
 * question), compares them, and sets the verdict.
 */
#include "check/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "wire/probe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A model of few bits rounds what it multiplies: where a value lies between two steps, platforms
 * that agree in all but the last bit take different ones, and what follows differs as if it were
 * wrong. That befell about one drawn input in a hundred (gpt2 of the tests in q8, WebGPU). Such a
 * model is wrong once so many drawn inputs in a row are. */
#define COARSE_DRAWS 3

/* --- the life of a run ------------------------------------------------------------------------ */

size_t wi_check_run_bytes(const struct wi_check_run *run)
{
    return wi_tensors_bytes(&run->asked->tensors) + wi_tensors_bytes(&run->wasm.outputs) +
           wi_tensors_bytes(&run->other.outputs) +
           (run->client ? wi_tensors_bytes(&run->client->tensors) : 0);
}

void wi_check_clear_leg(struct wi_check_leg *leg)
{
    wi_tensors_clear(&leg->outputs);
    *leg = (struct wi_check_leg){0};
}

void wi_check_run_free(struct wi_check_run *run)
{
    wi_inference_release(run->asked);
    wi_inference_release(run->client);
    wi_check_clear_leg(&run->wasm);
    wi_check_clear_leg(&run->other);
    free(run->who);
    free(run);
}

static void end_run(struct wi_check_run *run)
{
    struct wi_checks *checks = run->checks;
    LL_DELETE(checks->runs, run);
    checks->count--;
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

/* --- the verdict ------------------------------------------------------------------------------ */

/* Whether the client's own prompt is to be asked now: of the same place, or it would say nothing
 * of this one. */
static int take_client(struct wi_check_run *run)
{
    const struct wi_node_info *node = wi_pool_node_info(run->checks->pool, run->client_node);
    char key[WI_VERDICT_KEY_SIZE];
    if (!run->client || run->asks_client || !node)
        return 0;
    wi_check_make_key(key, run->client, node, run->platform);
    if (strcmp(key, run->key) != 0)
        return 0;
    wi_inference_release(run->asked);
    run->asked = run->client;
    run->client = NULL;
    run->ratio = run->comparison.ratio;
    run->asks_client = 1;
    wi_check_clear_leg(&run->wasm);
    wi_check_clear_leg(&run->other);
    return 1;
}

/* So many inputs of ours have to differ: of a task the first was ours already. What a client sent
 * may be such that every honest platform is off (sums that cancel), or be made so. */
static unsigned draws_needed(const struct wi_check_run *run)
{
    unsigned all = wi_check_tolerance(run->asked)->loose ? COARSE_DRAWS : 1;
    return run->asked->task == WI_TASK_NONE ? all : all - 1;
}

/* Whether another input of ours is to be asked before the place is called wrong. */
static int take_another(struct wi_check_run *run)
{
    int is_task = run->asked->task != WI_TASK_NONE;
    if (run->asks_client || run->draws == draws_needed(run))
        return 0;
    struct wi_inference *another = is_task ? wi_probe_ask(run->asked, run->draws + 1)
                                           : wi_probe_like(run->asked, run->draws + 1);
    if (!another)
        return 0;
    run->draws++;
    run->suspects = !is_task;
    run->ratio = is_task ? 0 : run->comparison.ratio;
    wi_inference_release(run->asked);
    run->asked = another;
    wi_check_clear_leg(&run->wasm);
    wi_check_clear_leg(&run->other);
    return 1;
}

static void settle(struct wi_check_run *run, int same, double ratio, const char *detail)
{
    const char *name = run->asked->model->name, *platform = wi_platform_names[run->platform];
    const struct wi_finding found = {.verdict = same ? WI_TRUSTED : WI_WRONG,
        .ratio = ratio,
        .detail = detail,
        .shapes = run->shapes};
    int is_news = wi_verdicts_set(verdicts_of(run), run->key, &found);
    if (same) {
        run->checks->counters.trusted++;
        wi_log(is_news ? WI_LOG_INFO : WI_LOG_DEBUG, "guard", name,
            "%s/%s agrees with WASM%s%s: at most %.3g of the tolerance off", run->browser, platform,
            *run->shapes ? " for " : "", run->shapes, ratio);
    } else {
        run->checks->counters.wrong++;
        wi_log(is_news ? WI_LOG_WARN : WI_LOG_DEBUG, "guard", name,
            "%s/%s computes it wrong%s%s, %.3g times the tolerance off%s: %s", run->browser,
            platform, *run->shapes ? " for " : "", run->shapes, ratio,
            run->asks_client ? " for a client's prompt" : "", detail);
    }
    end_run(run);
}

/* A client's input has differed, and ours in its place has not: these inputs stay unchecked. */
static void settle_doubt(struct wi_check_run *run)
{
    const struct wi_finding found = {.verdict = WI_UNKNOWN,
        .ratio = run->ratio,
        .detail = "a client's input came out otherwise than in WASM, and one of ours like it alike",
        .shapes = run->shapes};
    run->checks->counters.failed++;
    wi_verdicts_set(verdicts_of(run), run->key, &found);
    wi_info("guard", run->asked->model->name,
        "%s/%s was %.3g times the tolerance off for a client's input (%s), and not for one of ours",
        run->browser, wi_platform_names[run->platform], run->ratio, run->shapes);
    end_run(run);
}

/* Asked again later: another text may tell, or another load. Where a client's prompt cannot tell,
 * ours has told; and where an input of ours cannot, the client's counts for such as it was. */
static void leave_open(struct wi_check_run *run, const char *why)
{
    if (run->asks_client || run->suspects) {
        settle(run, run->asks_client, run->ratio, run->asks_client ? "" : why);
        return;
    }
    run->checks->counters.failed++;
    wi_verdicts_pause(verdicts_of(run), run->key, why);
    end_run(run);
}

static void conclude(struct wi_check_run *run)
{
    const struct wi_comparison *found = &run->comparison;
    if (found->open) {
        wi_debug("guard", run->asked->model->name,
            "%s/%s cannot be told from WASM, nor called the same: %s", run->browser,
            wi_platform_names[run->platform], found->detail);
        leave_open(run, found->detail);
    } else if (found->same && run->suspects) {
        settle_doubt(run);
    } else if (found->same ? take_client(run) : take_another(run)) {
        wi_check_run_next(run);
    } else {
        settle(run, found->same, fmax(found->ratio, run->ratio), found->detail);
    }
}

const struct wi_tolerance *wi_check_tolerance(const struct wi_inference *asked)
{
    const char *precision = wi_model_precision(asked->model);
    if (asked->model->facts.signature.quantised)
        return wi_tolerance_of(NULL);
    return asked->task != WI_TASK_NONE ? wi_tolerance_of(precision)
                                       : wi_tolerance_of_graph(precision);
}

void wi_check_compare_legs(const struct wi_inference *asked, const struct wi_check_leg *reference,
    const struct wi_check_leg *got, struct wi_comparison *out)
{
    const struct wi_tolerance *tolerance = wi_check_tolerance(asked);
    if (asked->task == WI_TASK_NONE)
        wi_compare(&reference->outputs, &got->outputs, tolerance, out);
    else if (reference->raw && got->raw)
        wi_compare_raw(&reference->outputs, &got->outputs, tolerance, out);
    else
        *out = (struct wi_comparison){
            .open = 1, .detail = "a page does not tell what the model's graphs put out"};
}

static void compare(struct wi_check_run *run)
{
    wi_check_compare_legs(run->asked, &run->wasm, &run->other, &run->comparison);
}

static void compare_off_loop(void *data)
{
    compare(data);
}

static void on_compared(void *data, int cancelled)
{
    struct wi_check_run *run = data;
    run->work = NULL;
    if (cancelled)
        wi_check_run_free(run);
    else
        conclude(run);
}

static void begin_comparing(struct wi_check_run *run)
{
    /* Anybody's page may say anything: it is no measure for the browsers that we start. */
    if (run->wasm.joined && !run->other.joined) {
        wi_verdicts_pause(verdicts_of(run), run->key,
            "WASM answered in a page that joined, which is no measure for browsers of the service");
        wi_check_run_drop(run);
    } else if (wi_check_run_bytes(run) <= WI_CHECK_INLINE_MAX) {
        compare(run);
        conclude(run);
    } else {
        run->work = wi_work_start(run->checks->deps.loop, compare_off_loop, on_compared, run);
    }
}

/* --- its answers ------------------------------------------------------------------------------ */

int wi_check_is_of_the_model(const struct wi_error *error)
{
    return error->code == WI_INFERENCE_FAILED || wi_code_status(error->code) == 422;
}

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
    int is_clients = run->asked->task == WI_TASK_NONE && !run->suspects;
    return is_clients && (error->code == WI_INPUT_INVALID || error->code == WI_INPUT_SHAPE);
}

static int broke(const struct wi_error *error)
{
    return error->code == WI_ATTEMPTS_EXHAUSTED || error->code == WI_DEADLINE_EXCEEDED;
}

/* The place in question gave no answer. */
static void other_failed(struct wi_check_run *run, const struct wi_error *error)
{
    struct wi_verdicts *verdicts = verdicts_of(run);
    const char *detail = error->detail;
    if (run->asked->task != WI_TASK_NONE && !run->compares) {
        run->checks->counters.failed++; /* of an input of ours, which may not suit the model */
    } else if (is_of_the_input(error) ||
               ((run->asks_client || run->suspects) && wi_check_is_of_the_model(error))) {
        leave_open(run, detail);
        return;
    } else if (wi_check_is_of_the_model(error)) {
        const struct wi_finding found = {.verdict = WI_UNABLE,
            .detail = detail,
            .shapes = run->shapes,
            .is_of_set = run->asked->empty != WI_EMPTY_NONE};
        run->checks->counters.unable++;
        int is_news = wi_verdicts_set(verdicts, run->key, &found);
        wi_log(is_news ? WI_LOG_INFO : WI_LOG_DEBUG, "guard", run->asked->model->name,
            "%s/%s cannot run it: %s", run->browser, wi_platform_names[run->platform], detail);
    } else if (broke(error)) {
        run->checks->counters.failed++;
        wi_info("guard", run->asked->model->name, "%s/%s gave no answer: %s", run->browser,
            wi_platform_names[run->platform], detail);
        wi_verdicts_miss(verdicts, run->key, detail);
    } else {
        wi_check_crowded_out(run->checks, run->asked->model, &run->requested);
    }
    end_run(run);
}

int wi_check_is_refusal(const struct wi_error *error)
{
    return error->code == WI_MODEL_INVALID || error->code == WI_OPERATOR_UNSUPPORTED;
}

/* There is nothing to compare with. What WASM says of the model was noted already. */
static void wasm_failed(struct wi_check_run *run, const struct wi_error *error)
{
    if (run->asks_client ||
        (run->suspects && (wi_check_is_of_the_model(error) || is_of_the_input(error)))) {
        leave_open(run, error->detail);
        return;
    }
    if (is_mistake(run, error)) {
        run->checks->counters.failed++;
    } else if (wi_check_is_of_the_model(error) || is_of_the_input(error) || broke(error)) {
        run->checks->counters.failed++;
        if (*run->key && !wi_check_is_refusal(error))
            wi_verdicts_pause(verdicts_of(run), run->key, error->detail);
    } else {
        wi_check_crowded_out(run->checks, run->asked->model, &run->requested);
    }
    end_run(run);
}

void wi_check_fill_leg(struct wi_check_leg *leg, const struct wi_node_info *node,
    const json_t *result, const struct wi_tensors *outputs)
{
    leg->there = 1;
    leg->joined = !*node->session;
    leg->raw = json_is_true(json_object_get(result, "raw"));
    wi_tensors_share(&leg->outputs, outputs);
}

int wi_check_platform_of(const json_t *executed_on)
{
    return wi_platform_of_name(json_string_value(json_object_get(executed_on, "platform")));
}

int wi_check_is_simulated(const json_t *executed_on)
{
    return json_is_true(json_object_get(executed_on, "simulated"));
}

void wi_check_make_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform)
{
    struct wi_place place = wi_place_of(node, asked->model->engine, platform);
    wi_verdict_key(key, asked->model, &place, wi_inference_variant(asked), asked->set);
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
        wi_check_make_key(run->key, run->asked, node, run->platform);
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_check_run *run = context;
    const struct wi_node_info *node = wi_pool_node_info(run->checks->pool, outcome->node);
    if (node && wi_check_platform_of(outcome->executed_on) == (int)platform_due(run) &&
        !wi_check_is_simulated(outcome->executed_on))
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

/* A program has no WASM of its own to compare with, so that of another node is the measure. */
static int name_node(const struct wi_check_run *run, struct wi_inference *asked)
{
    char node[WI_ID_SIZE];
    if (wi_pool_yardstick(run->checks->pool, NULL, node))
        return -1;
    asked->node = wi_strdup(node);
    return 0;
}

const struct wi_node_info *wi_check_find_ours(const struct wi_pool *pool, const char *kind)
{
    char id[WI_ID_SIZE];
    const struct wi_node_info *node =
        wi_pool_yardstick(pool, kind, id) == 0 ? wi_pool_node_info(pool, id) : NULL;
    return node && *node->session ? node : NULL;
}

const struct wi_node_info *wi_check_measure(const struct wi_check_run *run)
{
    const struct wi_node_info *node = wi_check_find_ours(run->checks->pool, run->browser);
    int any_kind = run->asked->task != WI_TASK_NONE || !run->asked->input;
    return node || !any_kind ? node : wi_check_find_ours(run->checks->pool, NULL);
}

/* Who runs it. Strangers measure only where no browser of ours can. 0, or -1 if nobody can now. */
static int name_place(const struct wi_check_run *run, struct wi_inference *asked, int *ours_only)
{
    int is_measure = run->compares && asked->platform == WI_WASM;
    int is_suspect = run->suspects && run->due == &run->other;
    if (run->asks_client ||
        (is_suspect && wi_pool_node_info(run->checks->pool, run->client_node))) {
        asked->node = wi_strdup(run->client_node);
        return 0;
    }
    if (is_measure && run->platform == WI_NATIVE)
        return name_node(run, asked);
    const struct wi_node_info *measure = is_measure ? wi_check_measure(run) : NULL;
    asked->browser = wi_strdup(measure ? measure->kind : run->browser);
    *ours_only = measure != NULL;
    return 0;
}

static void ask(struct wi_check_run *run, struct wi_check_leg *leg)
{
    const struct wi_run_owner owner = {
        .context = run, .on_sent = on_sent, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_inference *asked = wi_inference_again(run->asked);
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
    wi_run_begin(run->under_way);
}

/* WASM first: where it refuses, nothing else is worth asking. */
void wi_check_run_next(struct wi_check_run *run)
{
    if (run->checks->stopped)
        wi_check_run_drop(run);
    else if (run->compares && !run->wasm.there)
        ask(run, &run->wasm);
    else if (!run->other.there)
        ask(run, &run->other);
    else if (run->compares)
        begin_comparing(run);
    else {
        run->checks->counters.measured++;
        end_run(run);
    }
}
