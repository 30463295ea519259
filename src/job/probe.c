/*
 * Runs beside the client's path; see probe.h. One `struct run` goes along: it holds the inputs by
 * reference, gets the missing answers one after the other as background jobs (WASM's to compare
 * with, then that of the platform in question), compares them, and sets the verdict.
 */
#include "job/probe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "model/compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Begun and not ended; few of them run at a time. */
#define RUNS_MAX 16
/* What all of them may hold of inputs and answers. */
#define BYTES_MAX (64 * 1024 * 1024)
/* Without a wish of routing's; and the least, for what loads and compiles the model first. */
#define DEADLINE_MS 60000.0
#define LEAST_DEADLINE_MS 30000.0
/* More than that is compared off the loop: a value costs about 5 ns. */
#define INLINE_COMPARE_MAX (64 * 1024)

/* An answer to compare, with where it came from. */
struct leg {
    int there;
    int joined; /* from a page that is not ours */
    int coarse; /* it was computed in 16 bits */
    struct wi_tensors outputs;
};

struct run {
    struct run *next;
    struct wi_probes *probes; /* NULL: nobody waits for the comparison any more */
    struct wi_job_spec spec;  /* what each job of it is made from */
    char browser[32];         /* the place in question */
    enum wi_platform platform;
    double deadline_ms;
    int compares; /* 0: it only measures */
    struct leg wasm, other;
    char key[WI_VERDICT_KEY_SIZE]; /* of the place in question, once its node is known */
    char job[WI_ID_SIZE];          /* under way */
    struct wi_work *work;
    struct wi_comparison comparison;
};

struct wi_probes {
    uv_loop_t *loop;
    struct wi_jobs *jobs;
    struct wi_pool *pool;
    const struct wi_config *config;
    struct wi_turn *turn; /* submits what the last turn began */
    struct run *runs;
    size_t count;
    double recheck; /* pinned answers of trusted platforms add up to a second look */
    int stopped;
    struct wi_probe_counters counters;
};

/* --- the life of a run -------------------------------------------------------------------------
 */

static size_t bytes_of(const struct run *run)
{
    return wi_tensors_bytes(&run->spec.tensors) + wi_tensors_bytes(&run->wasm.outputs) +
           wi_tensors_bytes(&run->other.outputs);
}

static void free_run(struct run *run)
{
    wi_job_spec_clear(&run->spec);
    wi_tensors_clear(&run->wasm.outputs);
    wi_tensors_clear(&run->other.outputs);
    free(run);
}

static void end_run(struct run *run)
{
    struct wi_probes *probes = run->probes;
    struct run **link = &probes->runs;

    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    probes->count--;
    free_run(run);
}

static void drop_run(struct run *run)
{
    run->probes->counters.dropped++;
    end_run(run);
}

static struct wi_verdicts *verdicts_of(const struct run *run)
{
    return wi_pool_verdicts(run->probes->pool);
}

/* --- the verdict -------------------------------------------------------------------------------
 */

static void conclude(struct run *run)
{
    const struct wi_comparison *found = &run->comparison;
    const char *name = run->spec.model->name, *platform = wi_platform_names[run->platform];

    if (found->same) {
        run->probes->counters.trusted++;
        wi_info("guard", name, "%s/%s agrees with WASM: at most %.3g of the tolerance off",
            run->browser, platform, found->ratio);
    } else {
        run->probes->counters.wrong++;
        wi_warn("guard", name, "%s/%s computes it wrong, %.3g times the tolerance off: %s",
            run->browser, platform, found->ratio, found->detail);
    }
    wi_verdicts_set(verdicts_of(run), run->key, found->same ? WI_TRUSTED : WI_WRONG, found->ratio,
        found->detail);
    end_run(run);
}

static void compare(struct run *run)
{
    int loose = run->spec.model->signature.quantised || run->wasm.coarse || run->other.coarse;

    wi_compare(&run->wasm.outputs, &run->other.outputs, loose, &run->comparison);
}

static void compare_off_loop(void *data)
{
    compare(data);
}

static void on_compared(void *data, int cancelled)
{
    struct run *run = data;

    run->work = NULL;
    if (cancelled)
        free_run(run);
    else
        conclude(run);
}

static void begin_comparing(struct run *run)
{
    /* Anybody's page may say anything: it is no measure for the browsers that we start. */
    if (run->wasm.joined && !run->other.joined) {
        drop_run(run);
    } else if (bytes_of(run) <= INLINE_COMPARE_MAX) {
        compare(run);
        conclude(run);
    } else {
        run->work = wi_work_start(run->probes->loop, compare_off_loop, on_compared, run);
    }
}

/* --- the jobs ----------------------------------------------------------------------------------
 */

static void next_leg(struct run *run);

/* Whether the page itself said so: neither the way there nor the load is to blame. */
static int is_of_the_model(const struct wi_job_result *result)
{
    return result->attempts > 0 &&
           (result->code == WI_INFERENCE_FAILED || wi_code_status(result->code) == 422);
}

static int broke(const struct wi_job_result *result)
{
    return result->attempts > 0 &&
           (result->code == WI_ATTEMPTS_EXHAUSTED || result->code == WI_DEADLINE_EXCEEDED);
}

/* The place in question gave no answer. */
static void other_failed(struct run *run, const struct wi_job_result *result)
{
    struct wi_verdicts *verdicts = verdicts_of(run);
    const char *detail = result->error.detail;

    if (is_of_the_model(result)) {
        run->probes->counters.unable++;
        wi_info("guard", run->spec.model->name, "%s/%s cannot run it: %s", run->browser,
            wi_platform_names[run->platform], detail);
        wi_verdicts_set(verdicts, run->key, WI_UNABLE, 0, detail);
    } else if (broke(result)) {
        run->probes->counters.failed++;
        wi_info("guard", run->spec.model->name, "%s/%s gave no answer: %s", run->browser,
            wi_platform_names[run->platform], detail);
        wi_verdicts_miss(verdicts, run->key, detail);
    } else {
        run->probes->counters.dropped++;
    }
    end_run(run);
}

/* The engine does not take the model, whatever the input. */
static int is_refusal(const struct wi_error *error)
{
    return error->code == WI_MODEL_INVALID || error->code == WI_OPERATOR_UNSUPPORTED;
}

/* There is nothing to compare with. What WASM says of the model was noted already. */
static void wasm_failed(struct run *run, const struct wi_job_result *result)
{
    if (is_of_the_model(result) || broke(result)) {
        run->probes->counters.failed++;
        if (run->other.there && !is_refusal(&result->error))
            wi_verdicts_pause(verdicts_of(run), run->key);
    } else {
        run->probes->counters.dropped++;
    }
    end_run(run);
}

static int is_coarse(const json_t *executed_on)
{
    const char *precision = json_string_value(json_object_get(executed_on, "precision"));

    return precision && (strcmp(precision, "fp16") == 0 || strcmp(precision, "bf16") == 0);
}

/* -1: none that we know. */
static int platform_of(const json_t *executed_on)
{
    const char *name = json_string_value(json_object_get(executed_on, "platform"));

    for (int i = 0; name && i < WI_PLATFORM_COUNT; i++)
        if (strcmp(name, wi_platform_names[i]) == 0)
            return i;
    return -1;
}

static int is_simulated(const json_t *executed_on)
{
    return json_is_true(json_object_get(executed_on, "simulated"));
}

void wi_probes_dispatched(void *context, const struct wi_job_spec *spec, const char *node_id)
{
    struct run *run = context;
    const struct wi_node_info *node = wi_pool_node_info(run->probes->pool, node_id);

    if (node && spec->platform == run->platform)
        wi_verdict_key(run->key, spec->model, node, run->platform, spec->precision);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct run *run = context;
    struct leg *leg = spec->platform == run->platform ? &run->other : &run->wasm;
    const struct wi_node_info *node = wi_pool_node_info(run->probes->pool, result->node);
    int is_other = leg == &run->other;

    run->job[0] = '\0';
    if (result->code != WI_OK) {
        if (is_other)
            other_failed(run, result);
        else
            wasm_failed(run, result);
        return;
    }
    if (!node || platform_of(result->answer->executed_on) != (int)spec->platform ||
        is_simulated(result->answer->executed_on)) {
        drop_run(run);
        return;
    }
    leg->there = 1;
    leg->joined = !*node->session;
    leg->coarse = is_coarse(result->answer->executed_on);
    wi_tensors_move(&leg->outputs, &result->answer->outputs);
    next_leg(run);
}

static void copy_spec(struct wi_job_spec *copy, const struct wi_job_spec *spec, const char *browser)
{
    copy->model = wi_model_ref(spec->model);
    copy->type = spec->type;
    copy->browser = wi_strdup(browser);
    copy->precision = wi_strdup(spec->precision);
    copy->has_platform = 1;
    wi_tensors_share(&copy->tensors, &spec->tensors);
    copy->input = json_incref(spec->input);
    copy->options = json_incref(spec->options);
    wi_strings_copy(&copy->outputs, &spec->outputs);
    copy->background = 1;
}

static void submit(struct run *run, enum wi_platform platform)
{
    struct wi_job_spec spec = {0};
    struct wi_error error;

    copy_spec(&spec, &run->spec, run->browser);
    wi_id_new(spec.id, "probe");
    memcpy(run->job, spec.id, sizeof(run->job));
    spec.platform = platform;
    spec.timeout_ms = run->deadline_ms;
    spec.accepted_at = wi_now_ms();
    if (wi_jobs_submit(run->probes->jobs, &spec, on_done, run, &error) != WI_OK)
        drop_run(run);
}

/* WASM first: where it refuses, nothing else is worth asking. */
static void next_leg(struct run *run)
{
    if (run->probes->stopped)
        drop_run(run);
    else if (run->compares && !run->wasm.there)
        submit(run, WI_WASM);
    else if (!run->other.there)
        submit(run, run->platform);
    else if (run->compares)
        begin_comparing(run);
    else {
        run->probes->counters.measured++;
        end_run(run);
    }
}

/* What was begun since: never from inside the client's answer. */
static void on_turn(void *context)
{
    struct wi_probes *probes = context;
    struct run *run = probes->runs;

    while (run) {
        struct run *next = run->next;
        if (!*run->job && !run->work)
            next_leg(run);
        run = next;
    }
}

/* --- what a client's answer leads to -----------------------------------------------------------
 */

static int is_under_way(
    const struct wi_probes *probes, const struct wi_model *model, const struct wi_probe *wish)
{
    for (const struct run *run = probes->runs; run; run = run->next)
        if (run->platform == wish->platform && strcmp(run->browser, wish->browser) == 0 &&
            strcmp(run->spec.model->hash, model->hash) == 0)
            return 1;
    return 0;
}

static size_t bytes_held(const struct wi_probes *probes)
{
    size_t bytes = 0;

    for (const struct run *run = probes->runs; run; run = run->next)
        bytes += bytes_of(run);
    return bytes;
}

/* Whether there is room for a run with those tensors beside the clients. */
static int has_room(
    const struct wi_probes *probes, const struct wi_job_spec *spec, const struct wi_answer *answer)
{
    struct wi_job_counters jobs;

    wi_jobs_counters(probes->jobs, &jobs);
    return !probes->stopped && jobs.waiting == 0 && probes->count < RUNS_MAX &&
           bytes_held(probes) + wi_tensors_bytes(&spec->tensors) +
                   wi_tensors_bytes(&answer->outputs) <=
               BYTES_MAX;
}

/* The client's answer as one of the two to compare. A picture is decoded by the browser, and each
 * kind has a decoder of its own: then both must come from the same. */
static void take_answer(struct run *run, const struct wi_job_spec *spec,
    const struct wi_node_info *node, const struct wi_job_result *result, enum wi_platform platform)
{
    const json_t *report = result->answer->executed_on;
    struct leg *leg = platform == WI_WASM ? &run->wasm : &run->other;

    if (is_simulated(report) || (platform != WI_WASM && platform != run->platform) ||
        (spec->input && strcmp(node->kind, run->browser) != 0))
        return;
    leg->there = 1;
    leg->joined = !*node->session;
    leg->coarse = is_coarse(report);
    wi_tensors_share(&leg->outputs, &result->answer->outputs);
    if (leg == &run->other)
        wi_verdict_key(run->key, spec->model, node, platform, spec->precision);
}

/* `platform`, `node`: who answered the client. `wish` names the place to run on, or, for WASM, that
 * the client's own place is in question. */
static void begin(struct wi_probes *probes, const struct wi_job_spec *spec,
    const struct wi_probe *wish, const struct wi_job_result *result,
    const struct wi_node_info *node, enum wi_platform platform)
{
    struct run *run;
    struct wi_probe place = *wish;
    int checks =
        probes->config->pool.numerics == WI_NUMERICS_CHECK && !*spec->model->signature.random;

    if (checks && place.platform == WI_WASM && platform != WI_WASM) {
        place.platform = platform;
        snprintf(place.browser, sizeof(place.browser), "%s", node->kind);
    } else if (place.platform == WI_WASM) {
        checks = 0; /* only to measure it */
    }
    if (is_under_way(probes, spec->model, &place))
        return;
    if (!has_room(probes, spec, result->answer)) {
        probes->counters.dropped++;
        return;
    }
    run = wi_alloc(sizeof(*run));
    run->probes = probes;
    run->platform = place.platform;
    memcpy(run->browser, place.browser, sizeof(run->browser));
    run->deadline_ms =
        place.deadline_ms > 0 ? fmax(place.deadline_ms, LEAST_DEADLINE_MS) : DEADLINE_MS;
    run->compares = checks;
    copy_spec(&run->spec, spec, NULL);
    if (checks)
        take_answer(run, spec, node, result, platform);
    run->next = probes->runs;
    probes->runs = run;
    probes->count++;
    wi_turn_wish(probes->turn);
}

/* Whether an answer that was pinned to its platform is to be checked. */
static int wants_check(struct wi_probes *probes, const struct wi_job_spec *spec,
    const struct wi_node_info *node, enum wi_platform platform, enum wi_verdict known)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (known == WI_TRUSTED) {
        if (!spec->has_platform)
            return 0; /* routing sees to those */
        probes->recheck += probes->config->pool.recheck;
        if (probes->recheck < 1)
            return 0;
        probes->recheck -= 1;
        return 1;
    }
    if (known == WI_UNABLE)
        return 1; /* it has just run there */
    wi_verdict_key(key, spec->model, node, platform, spec->precision);
    return known == WI_UNKNOWN && wi_verdicts_due(wi_pool_verdicts(probes->pool), key);
}

void wi_probes_answered(struct wi_probes *probes, const struct wi_job_spec *spec,
    const struct wi_probe *wish, struct wi_job_result *result)
{
    const json_t *report = result->answer->executed_on;
    const struct wi_node_info *node = wi_pool_node_info(probes->pool, result->node);
    struct wi_verdicts *verdicts = wi_pool_verdicts(probes->pool);
    int platform = platform_of(report);
    int checks = probes->config->pool.numerics == WI_NUMERICS_CHECK;
    struct wi_probe own = {.wanted = 1, .platform = WI_WASM};

    result->numerics = WI_UNKNOWN;
    if (!node || platform < 0 || is_simulated(report))
        return;
    if (spec->model->builtin || platform == WI_WASM || checks)
        result->numerics = wi_verdicts_get(
            verdicts, spec->model, node, (enum wi_platform)platform, spec->precision);
    if (spec->model->builtin)
        return;
    if (platform == WI_WASM && checks)
        wi_verdicts_accept(verdicts, spec->model, node);
    if (wish->wanted) {
        begin(probes, spec, wish, result, node, (enum wi_platform)platform);
    } else if (checks && platform != WI_WASM &&
               wants_check(probes, spec, node, (enum wi_platform)platform, result->numerics)) {
        snprintf(own.browser, sizeof(own.browser), "%s", node->kind);
        begin(probes, spec, &own, result, node, (enum wi_platform)platform);
    }
}

/* --- what WASM says of a model -----------------------------------------------------------------
 */

/* The page's own name for it, which has no code of ours. */
static int is_out_of_memory(const struct wi_error *error)
{
    static const char name[] = "out_of_memory:";

    return error->code == WI_INFERENCE_FAILED &&
           strncmp(error->detail, name, sizeof(name) - 1) == 0;
}

int wi_probes_failed(struct wi_probes *probes, const struct wi_job_spec *spec, const char *node_id,
    enum wi_platform last, const struct wi_error *error)
{
    const struct wi_node_info *node = wi_pool_node_info(probes->pool, node_id);
    struct wi_verdicts *verdicts = wi_pool_verdicts(probes->pool);

    if (!node || last != WI_WASM || spec->model->builtin ||
        probes->config->pool.numerics != WI_NUMERICS_CHECK)
        return 0;
    if (is_refusal(error))
        wi_verdicts_reject(verdicts, spec->model, node, error);
    if (!is_out_of_memory(error))
        return 0;
    wi_verdicts_outgrow(verdicts, spec->model, node, error->detail);
    return 1;
}

enum wi_code wi_probes_check(const struct wi_probes *probes, const struct wi_job_spec *spec,
    const char *node_id, struct wi_error *error)
{
    const struct wi_node_info *node;

    if (!spec->has_platform || spec->platform == WI_WASM || spec->background ||
        spec->model->builtin || probes->config->pool.numerics != WI_NUMERICS_CHECK)
        return WI_OK;
    node = wi_pool_node_info(probes->pool, node_id);
    return node ? wi_verdicts_rejection(wi_pool_verdicts(probes->pool), spec->model, node, error)
                : WI_OK;
}

/* --- outside -----------------------------------------------------------------------------------
 */

struct wi_probes *wi_probes_new(
    uv_loop_t *loop, struct wi_jobs *jobs, const struct wi_config *config)
{
    struct wi_probes *probes = wi_alloc(sizeof(*probes));

    probes->loop = loop;
    probes->jobs = jobs;
    probes->config = config;
    probes->turn = wi_turn_new(loop, on_turn, probes);
    return probes;
}

void wi_probes_start(struct wi_probes *probes, struct wi_pool *pool)
{
    probes->pool = pool;
}

void wi_probes_reload(struct wi_probes *probes, const struct wi_config *config)
{
    probes->config = config;
}

/* A run with a job is told of its end; the others must not wait for anything. */
void wi_probes_stop(struct wi_probes *probes)
{
    struct run *run = probes->runs;

    probes->stopped = 1;
    while (run) {
        struct run *next = run->next;
        if (!*run->job && !run->work)
            drop_run(run);
        run = next;
    }
}

void wi_probes_free(struct wi_probes *probes)
{
    struct run *run, *next;

    if (!probes)
        return;
    for (run = probes->runs; run; run = next) {
        next = run->next;
        run->probes = NULL;
        if (run->work)
            wi_work_abandon(run->work); /* on_compared frees it */
        else
            free_run(run);
    }
    wi_turn_free(probes->turn);
    free(probes);
}

void wi_probes_counters(const struct wi_probes *probes, struct wi_probe_counters *counters)
{
    *counters = probes->counters;
    counters->running = probes->count;
}
