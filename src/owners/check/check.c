/*
 * The numerics guard; see check.h. It decides what a client's answer leads to, and keeps what WASM
 * says of a model; a shadow run is in check_run.c.
 */
#include "owners/check/private.h"
#include "wire/probe.h"
#include "work/pool/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Begun and not ended; few of them run at a time. */
#define RUNS_MAX 16
/* What all of them may hold of inputs and answers. */
#define BYTES_MAX (64 * 1024 * 1024)
/* Without a request of routing's; and the least, for what loads and compiles the model first. */
#define DEADLINE_MS 60000.0
#define LEAST_DEADLINE_MS 30000.0

/* Whether answers are compared at all. */
static int is_on(const struct wi_checks *checks)
{
    return checks->deps.config->pool.numerics == WI_NUMERICS_CHECK;
}

/* --- what a client's answer leads to ---------------------------------------------------------- */

static int check_is_under_way(
    const struct wi_checks *checks, const struct wi_model *model, const struct wi_probe *requested)
{
    for (const struct wi_check_run *run = checks->runs; run; run = run->next)
        if (run->platform == requested->platform && strcmp(run->browser, requested->browser) == 0 &&
            strcmp(run->asked->model->hash, model->hash) == 0)
            return 1;
    return 0;
}

/* Of those that ask about sets that clients bring: one of each client. */
static int has_one(const struct wi_checks *checks, const char *client)
{
    for (const struct wi_check_run *run = checks->runs; run; run = run->next)
        if (run->who && strcmp(run->who, client ? client : "") == 0)
            return 1;
    return 0;
}

static size_t bytes_held(const struct wi_checks *checks)
{
    size_t bytes = 0;
    for (const struct wi_check_run *run = checks->runs; run; run = run->next)
        bytes += wi_check_run_bytes(run);
    return bytes;
}

/* Whether there is room for a run with those tensors besides the clients' work. */
static int checks_have_room(const struct wi_checks *checks, const struct wi_inference *asked,
    const struct wi_answer *answer)
{
    struct wi_job_counters jobs;
    wi_jobs_counters(checks->deps.jobs, &jobs);
    return !checks->stopped && jobs.waiting == 0 && checks->counters.running < RUNS_MAX &&
           bytes_held(checks) + wi_tensors_bytes(&asked->tensors) +
                   wi_tensors_bytes(&answer->outputs) <=
               BYTES_MAX;
}

/* The client's answer as one of the two to compare. A picture is decoded by the browser, and each
 * kind has a decoder of its own: then both must come from the same. A stranger's WASM is no measure
 * where there is a browser of ours. */
static void take_answer(struct wi_check_run *run, const struct wi_answered *answered)
{
    const struct wi_inference *asked = run->asked;
    const struct wi_node_info *node = answered->node;
    const struct wi_answer *answer = answered->result->answer;
    enum wi_platform platform = answered->platform;
    struct wi_check_leg *leg = platform == WI_WASM ? &run->wasm : &run->other;
    if ((platform != WI_WASM && platform != run->platform) ||
        (asked->input && strcmp(node->kind, run->browser) != 0))
        return;
    if (leg == &run->wasm && !*node->session &&
        wi_check_measure(run->checks->pool, asked, run->browser))
        return;
    wi_check_fill_leg(leg, node, answer->result, &answer->outputs);
    if (leg != &run->other)
        return;
    wi_check_name_place(run, asked, node, platform);
    memcpy(run->client_node, node->id, sizeof run->client_node);
}

/* A program's answers need another node's WASM to compare with; and where they were made of a
 * picture or a sound, what prepares that is none of the browsers'. */
static int can_compare_program(const struct wi_checks *checks, const struct wi_inference *asked)
{
    return (!asked->input || wi_task_reads_text(asked->task)) &&
           wi_pool_yardstick(checks->pool, NULL) != NULL;
}

/* A run at `place`, which is in no list yet; NULL if there is one already, or no room. */
static struct wi_check_run *make_run(struct wi_checks *checks, const struct wi_inference *asked,
    const struct wi_probe *requested, const struct wi_probe *place, const struct wi_answer *answer)
{
    if (check_is_under_way(checks, asked->model, place))
        return NULL;
    if (!checks_have_room(checks, asked, answer)) {
        wi_check_crowded_out(checks, asked->model, requested);
        return NULL;
    }
    struct wi_check_run *run = wi_alloc(sizeof *run);
    run->checks = checks;
    run->requested = *requested;
    run->platform = place->platform;
    memcpy(run->browser, place->browser, sizeof run->browser);
    run->deadline_ms =
        place->deadline_ms > 0 ? fmax(place->deadline_ms, LEAST_DEADLINE_MS) : DEADLINE_MS;
    return run;
}

static struct wi_check_run *add_run(struct wi_checks *checks, struct wi_check_run *run)
{
    run->next = checks->runs;
    checks->runs = run;
    checks->counters.running++;
    wi_turn_schedule(checks->turn);
    return run;
}

/* Makes the client's own place of WASM, where that is requested to compare with. Returns whether
 * answers are compared there, or else only measured; -1 if they cannot be. */
static int place_settle(const struct wi_checks *checks, const struct wi_answered *answered,
    struct wi_probe *place, int is_wanted)
{
    const struct wi_inference *asked = answered->asked;
    int compares = is_wanted && is_on(checks) && !*asked->model->facts.signature.random;
    if (compares && place->platform == WI_WASM && answered->platform != WI_WASM) {
        place->platform = answered->platform;
        snprintf(place->browser, sizeof place->browser, "%s", answered->node->kind);
    }
    if (!compares || place->platform == WI_WASM)
        return 0;
    return place->platform == WI_NATIVE && !can_compare_program(checks, asked) ? -1 : 1;
}

/* `requested` names the place to run on, or, with WASM, says that the client's own place is in
 * question. A platform with graphs of its own is compared with WASM's answers of these graphs. */
static struct wi_check_run *begin_tensors(
    struct wi_checks *checks, const struct wi_answered *answered, const struct wi_probe *requested)
{
    struct wi_probe place = *requested;
    int compares = place_settle(checks, answered, &place, 1);
    if (compares < 0)
        return NULL;
    const struct wi_inference *of = wi_inference_on(answered->asked, place.platform);
    struct wi_check_run *run = make_run(checks, of, requested, &place, answered->result->answer);
    if (!run)
        return NULL;
    run->compares = compares;
    run->asked = wi_inference_retain(of);
    wi_input_shapes(&of->tensors, run->shapes);
    if (compares && of == answered->sent)
        take_answer(run, answered);
    return add_run(checks, run);
}

/* Adds the client's own prompt to the run if the node that answered it has both platforms to
 * compare: no other node is shown it. */
static void add_client(struct wi_check_run *run, const struct wi_inference *asked,
    const struct wi_node_info *node, const struct wi_answer *answer)
{
    if (strcmp(node->kind, run->browser) != 0 || !node->platforms[WI_WASM].available ||
        !node->platforms[run->platform].available)
        return;
    run->client = wi_probe_ask_client(asked);
    run->client_tokens =
        answer->account.prompt > 0 ? (double)answer->account.prompt : asked->prompt_tokens;
    memcpy(run->client_node, node->id, sizeof run->client_node);
}

/* As begin_tensors, but with an input of ours, in whose place the client's own may be asked only of
 * who had it. A place that is trusted is only measured. */
static struct wi_check_run *begin_task(
    struct wi_checks *checks, const struct wi_answered *answered, const struct wi_probe *requested)
{
    const struct wi_node_info *node = answered->node;
    const struct wi_answer *answer = answered->result->answer;
    struct wi_probe place = *requested;
    int compares = place_settle(checks, answered, &place, requested->compare);
    if (compares < 0)
        return NULL; /* nor could it be used if it were fast */
    const struct wi_inference *of = wi_inference_on(answered->asked, place.platform);
    int is_own = requested->deadline_ms <= 0;
    if ((is_own && !compares) || check_is_under_way(checks, of->model, &place))
        return NULL;
    struct wi_inference *probe = wi_probe_ask(of, wi_draws_seed());
    struct wi_check_run *run = probe ? make_run(checks, probe, requested, &place, answer) : NULL;
    if (run) {
        run->asked = probe;
        run->step = WI_CHECK_OURS;
        run->compares = compares;
        if (compares)
            add_client(run, of, node, answer);
        /* Where the client's place is the one in question the verdict has its key already, also if
         * WASM comes to no answer. */
        if (compares && of == answered->sent && run->platform == answered->platform &&
            strcmp(run->browser, node->kind) == 0)
            wi_check_name_place(run, probe, node, run->platform);
        return add_run(checks, run);
    }
    if (!probe && !is_own)
        wi_check_crowded_out(checks, of->model, requested);
    wi_inference_release(probe);
    return NULL;
}

/* Whether the place is to be compared for the inputs of that answer, which it was not yet: once for
 * each client at a time. */
static int wants_look(struct wi_checks *checks, const struct wi_answered *answered)
{
    char key[WI_VERDICT_KEY_SIZE];
    if (has_one(checks, answered->client) ||
        !checks_have_room(checks, answered->sent, answered->result->answer))
        return 0;
    wi_check_make_key(key, answered->sent, answered->node, answered->platform);
    return wi_verdicts_look(wi_pool_verdicts(checks->pool), key, answered->client);
}

/* Whether an answer that was pinned to its platform is to be checked. */
static int wants_check(
    struct wi_checks *checks, const struct wi_inference *asked, const struct wi_known *known)
{
    if (known->verdict != WI_TRUSTED)
        return known->due;
    if (!asked->has_platform)
        return 0; /* routing sees to those */
    checks->recheck += checks->deps.config->pool.recheck;
    if (checks->recheck < 1)
        return 0;
    checks->recheck -= 1;
    return 1;
}

/* Whether it says that the node, which has that platform, does not run such a model there, whatever
 * the input. */
static int is_unable(const struct wi_node_info *node, int platform, const char *code)
{
    return platform >= 0 && node->platforms[platform].available && code &&
           (wi_code_from_name(code) == WI_PLATFORM_UNSUPPORTED ||
               wi_code_from_name(code) == WI_OPERATOR_UNSUPPORTED);
}

/* A tensor without elements has failed there, perhaps with the engine and the models of others:
 * such inputs do not go there again. */
static void note_empty(const struct wi_checks *checks, const struct wi_inference *sent,
    const struct wi_node_info *node, int platform, enum wi_code code, const char *why)
{
    char key[WI_VERDICT_KEY_SIZE], shapes[WI_INPUT_SHAPES_SIZE];
    if (sent->empty == WI_EMPTY_NONE || code != WI_INFERENCE_FAILED || platform < 0 ||
        platform == WI_WASM)
        return;
    wi_input_shapes(&sent->tensors, shapes);
    wi_check_make_key(key, sent, node, (enum wi_platform)platform);
    const struct wi_evidence_found found = {.kind = WI_EVIDENCE_CLAIM,
        .node = node->id,
        .joined = !*node->session,
        .key = key,
        .finding = {.detail = why, .shapes = shapes, .is_of_set = 1}};
    (void)wi_pool_found(checks->pool, &found);
}

/* Notes the platforms that the page tried without success. Otherwise routing, or the guard, would
 * have another node like it load the model there, and fail again. An earlier verdict counts more
 * than one answer. */
static void note_fallbacks(const struct wi_checks *checks, const struct wi_inference *asked,
    const struct wi_node_info *node, const json_t *report)
{
    const json_t *rows = json_object_get(report, "fallbacks");
    struct wi_verdicts *verdicts = wi_pool_verdicts(checks->pool);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        int platform = wi_place_platform(row);
        const char *reason = json_string_value(json_object_get(row, "reason"));
        const char *code = json_string_value(json_object_get(row, "code"));
        char key[WI_VERDICT_KEY_SIZE];
        note_empty(checks, asked, node, platform, code ? wi_code_from_name(code) : WI_OK, reason);
        if (!is_unable(node, platform, code))
            continue;
        struct wi_place place = wi_place_of(node, asked->model->engine, (enum wi_platform)platform);
        if (wi_verdicts_get(verdicts, asked->model, &place, wi_inference_variant(asked), "")
                .verdict != WI_UNKNOWN)
            continue;
        const struct wi_evidence_found found = {.kind = WI_EVIDENCE_CLAIM,
            .node = node->id,
            .joined = !*node->session,
            .key = key,
            .finding = {.detail = reason}};
        wi_verdict_key(key, asked->model, &place, wi_inference_variant(asked), NULL);
        (void)wi_pool_found(checks->pool, &found);
    }
}

typedef struct wi_check_run *begin_fn(
    struct wi_checks *, const struct wi_answered *, const struct wi_probe *);

static void on_answered(void *context, const struct wi_job_spec *spec,
    const struct wi_inference *sent, const struct wi_probe *requested, struct wi_job_result *result)
{
    struct wi_checks *checks = context;
    const struct wi_inference *asked = spec->asked;
    const json_t *report = result->answer->executed_on;
    const struct wi_node_info *node = wi_pool_node_info(checks->pool, result->node);
    struct wi_verdicts *verdicts = wi_pool_verdicts(checks->pool);
    int platform = wi_place_platform(report);
    result->numerics = WI_UNKNOWN;
    if (!node || platform < 0 || wi_place_is_simulated(report))
        return;
    if (asked->program)
        return; /* nothing is known of it, nor can be of what another is */
    if (asked->model->builtin) {
        result->numerics = WI_TRUSTED; /* nothing is computed */
        return;
    }
    if (!asked->benchmark.runs)
        note_fallbacks(checks, sent, node, report);
    struct wi_place place = wi_place_of(node, asked->model->engine, (enum wi_platform)platform);
    struct wi_known known = {0};
    if (platform == WI_WASM || is_on(checks))
        known =
            wi_verdicts_get(verdicts, sent->model, &place, wi_inference_variant(sent), sent->set);
    result->numerics = known.told;
    if (asked->benchmark.runs || asked->raw)
        return; /* what is known is told, and nothing more is found out: another daemon compares */
    if (platform == WI_WASM && is_on(checks))
        wi_verdicts_accept(verdicts, sent->model, &place);
    const struct wi_answered answered = {
        asked, sent, spec->client, node, (enum wi_platform)platform, result};
    if (!*node->session)
        wi_cross_consider(checks->cross, &answered);
    begin_fn *begin = asked->task != WI_TASK_NONE ? begin_task : begin_tensors;
    if (asked->stream && asked->task == WI_TASK_NONE)
        return; /* its answer need not be the same twice */
    if (requested->wanted) {
        begin(checks, &answered, requested);
        return;
    }
    int looks = known.verdict == WI_TRUSTED && known.due && wants_look(checks, &answered);
    if (!is_on(checks) || platform == WI_WASM || (!looks && !wants_check(checks, asked, &known)))
        return;
    struct wi_probe own = {.wanted = 1, .compare = 1, .platform = WI_WASM};
    snprintf(own.browser, sizeof own.browser, "%s", node->kind);
    struct wi_check_run *run = begin(checks, &answered, &own);
    if (run && looks)
        run->who = wi_strdup(spec->client ? spec->client : "");
}

/* --- what WASM says of a model ---------------------------------------------------------------- */

/* The page's own name for it, which has no code of ours. */
static int is_out_of_memory(const struct wi_error *error)
{
    static const char name[] = "out_of_memory:";

    return error->code == WI_INFERENCE_FAILED && strncmp(error->detail, name, sizeof name - 1) == 0;
}

/* Notes what WASM says of the model. */
static int on_failed(void *context, const struct wi_inference *asked, const char *node_id,
    enum wi_platform last, const struct wi_error *error)
{
    const struct wi_checks *checks = context;
    const struct wi_node_info *node = wi_pool_node_info(checks->pool, node_id);
    struct wi_verdicts *verdicts = wi_pool_verdicts(checks->pool);
    if (node)
        note_empty(checks, asked, node, (int)last, error->code, error->detail);
    if (!node || last != WI_WASM || asked->model->builtin || asked->benchmark.runs ||
        !is_on(checks))
        return 0;
    struct wi_place place = wi_place_of(node, asked->model->engine, WI_WASM);
    if (wi_check_is_refusal(error))
        wi_verdicts_reject(verdicts, asked->model, &place, error);
    if (!is_out_of_memory(error))
        return 0;
    wi_verdicts_outgrow(verdicts, asked->model, &place, error->detail);
    return 1;
}

/* What WASM refuses is the answer to who names a platform, whatever else would load it. */
static enum wi_code may_go(
    void *context, const struct wi_job_spec *spec, const char *node_id, struct wi_error *error)
{
    const struct wi_checks *checks = context;
    const struct wi_inference *asked = wi_inference_on(spec->asked, spec->asked->platform);
    if (!asked->has_platform || asked->platform == WI_WASM || asked->model->builtin ||
        !is_on(checks))
        return WI_OK;
    const struct wi_node_info *node = wi_pool_node_info(checks->pool, node_id);
    if (!node)
        return WI_OK;
    struct wi_place place = wi_place_of(node, asked->model->engine, WI_WASM);
    return wi_verdicts_rejection(wi_pool_verdicts(checks->pool), asked->model, &place, error);
}

/* --- outside ---------------------------------------------------------------------------------- */

/* Of those for which nothing is under way; `each` may end its run. */
static void checks_each_idle(struct wi_checks *checks, void (*each)(struct wi_check_run *run))
{
    for (struct wi_check_run *run = checks->runs, *next; run; run = next) {
        next = run->next;
        if (!run->under_way && !run->work)
            each(run);
    }
}

/* What was begun since: never from inside the client's answer. */
static void on_turn(void *context)
{
    checks_each_idle(context, wi_check_run_next);
}

struct wi_checks *wi_checks_new(const struct wi_run_deps *runs, struct wi_pool *pool)
{
    struct wi_checks *checks = wi_alloc(sizeof *checks);
    const struct wi_jobs_hooks hooks = {
        .context = checks, .may_go = may_go, .on_answered = on_answered, .on_failed = on_failed};
    checks->deps = *runs;
    checks->pool = pool;
    checks->turn = wi_turn_new(runs->loop, on_turn, checks);
    checks->cross = wi_cross_new(checks);
    wi_jobs_watch(runs->jobs, &hooks);
    return checks;
}

void wi_checks_reload(struct wi_checks *checks, const struct wi_config *config)
{
    checks->deps.config = config;
}

/* A run with a job is told of its end; the others must not wait for anything. */
void wi_checks_stop(struct wi_checks *checks)
{
    checks->stopped = 1;
    wi_cross_stop(checks->cross);
    checks_each_idle(checks, wi_check_run_drop);
}

void wi_checks_free(struct wi_checks *checks)
{
    struct wi_check_run *run, *next;
    if (!checks)
        return;
    for (run = checks->runs; run; run = next) {
        next = run->next;
        run->checks = NULL;
        if (run->work)
            wi_work_abandon(run->work); /* on_compared frees it */
        else
            wi_check_run_free(run);
    }
    wi_cross_free(checks->cross);
    wi_turn_free(checks->turn);
    free(checks);
}

void wi_checks_counters(const struct wi_checks *checks, struct wi_check_counters *counters)
{
    *counters = checks->counters;
}

void wi_checks_cross_counters(const struct wi_checks *checks, struct wi_cross_counters *counters)
{
    wi_cross_count(checks->cross, counters);
}
