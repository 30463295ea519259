/* What the nodes' answers say of places, and what is known of them by now; see private.h. */
#include "work/pool/private.h"

#include "base/clock.h"
#include "nodes/bridge/model_status.h"
#include "work/pool/batches.h"
#include <string.h>

/* Milliseconds for a token: what is outside is no measurement. */
#define TOKEN_MS_MIN 1e-3
#define TOKEN_MS_MAX 1e6
/* How much longer than by our clock it may have taken by the page's, which can be coarse. */
#define CLOCK_SLACK_MS 200.0

/* Whether so many tokens, of `most` that the usage allows, may have taken so long. */
static int is_credible(double tokens, double most, double ms, double took_ms)
{
    return tokens >= 1 && tokens <= most && ms <= took_ms + CLOCK_SLACK_MS &&
           ms >= tokens * TOKEN_MS_MIN && ms <= tokens * TOKEN_MS_MAX;
}

struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms)
{
    struct wi_text_account said = answer->account;
    struct wi_timings timings = {0};

    if (!said.timed && !wi_task_generates(task)) {
        said.read = said.prompt - said.cached;
        said.read_ms = answer->inference_ms;
    }
    if (is_credible(said.read, said.prompt, said.read_ms, took_ms)) {
        timings.prompt_tokens = said.read;
        timings.prompt_ms = said.read_ms;
    }
    if (is_credible(said.made, said.generated - 1, said.made_ms, took_ms)) {
        timings.answer_tokens = said.made;
        timings.answer_ms = said.made_ms;
    }
    return timings;
}

/* Where the engine runs on that platform of the node (-1: none); NULL if it is there no more. */
static const struct wi_place *node_place(
    const struct pool_node *node, enum wi_engine engine, int platform)
{
    const struct wi_fleet_class *class = node->place.class;

    return class && platform >= 0 ? wi_fleet_where(class, engine, (enum wi_platform)platform)
                                  : NULL;
}

void wi_pool_measure_failure(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, int platform)
{
    const struct wi_fleet_class *class = node->place.class;
    const struct wi_place *where = node_place(node, attempt->engine, platform);

    if (where && class->info.platforms[platform].available)
        wi_estimates_failed(pool->estimates, attempt->hash, where, wi_awake_ms());
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
    double now = wi_awake_ms();

    if (attempt->stream || !wi_task_runs_evenly(attempt->task)) {
        struct wi_timings timings = {0};
        if (!wi_task_runs_evenly(attempt->task))
            timings = wi_timings_of(attempt->task, answer, now - attempt->sent_at);
        timings.stands_in = attempt->text != WI_POOL_TEXT_USUAL;
        wi_estimates_spoke(estimates, hash, where, answer->load_ms, &timings, answer->warm, now);
        return;
    }
    double run_ms =
        wi_estimates_alone(estimates, hash, where, answer->inference_ms, attempt->requests);
    if (answer->warm)
        wi_estimates_batched(estimates, hash, where, attempt->requests > 1, attempt->bytes,
            answer->inference_ms, now);
    wi_estimates_ran(estimates, hash, where, answer->load_ms, run_ms, answer->warm, now);
}

static int has_code(const json_t *fallback, const char *code)
{
    const char *its = json_string_value(json_object_get(fallback, "code"));

    return its && strcmp(its, code) == 0;
}

/* A platform that was tried first failed. If another computed the same batch, its requests are
 * valid, so that it was too large. */
static void note_fallback(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer, const json_t *fallback)
{
    int platform = wi_place_platform(fallback);
    const struct wi_place *where = node_place(node, attempt->engine, platform);

    if (attempt->requests <= 1)
        wi_pool_measure_failure(pool, node, attempt, platform);
    else if (answer->ok && where &&
             (has_code(fallback, "out_of_memory") || has_code(fallback, "inference_failed")))
        wi_pool_batch_crowded(pool, where, attempt->hash, attempt->bytes);
}

void wi_pool_measure_answer(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer)
{
    const json_t *fallbacks = json_object_get(answer->executed_on, "fallbacks");
    int platform = wi_place_platform(answer->executed_on);

    if (!wi_pool_attempt_rules(attempt)->is_measured || wi_place_is_simulated(answer->executed_on))
        return;
    for (size_t i = 0; i < json_array_size(fallbacks); i++)
        note_fallback(pool, node, attempt, answer, json_array_get(fallbacks, i));
    const struct wi_place *where = node_place(node, attempt->engine, platform);
    if (answer->ok && where)
        note_times(pool, where, attempt, answer);
    else if (!answer->ok && attempt->requests <= 1 && blames_platform(answer, attempt->platform) &&
             !(answer->broke && wi_pool_attempt_is_clients(attempt)))
        wi_pool_measure_failure(pool, node, attempt, (int)attempt->platform);
}

/* Whether the node says that it could not load the model on that platform. */
static int failed_to_load(const json_t *models, const char *hash, int platform)
{
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *model = json_array_get(models, i);
        const char *its = json_string_value(json_object_get(model, "hash"));
        const char *state = json_string_value(json_object_get(model, "state"));
        if (its && state && strcmp(its, hash) == 0 && strcmp(state, "failed") == 0 &&
            wi_place_platform(model) == platform)
            return 1;
    }
    return 0;
}

/* A run may want more memory than there is whatever the model: its input says how much. */
static int note_shortage(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const json_t *models, int platform)
{
    const struct wi_place *where = node_place(node, attempt->engine, platform);

    if (!where || !wi_pool_attempt_rules(attempt)->is_typical ||
        !failed_to_load(models, attempt->hash, platform))
        return 0;
    wi_shortages_note(pool->shortages, attempt->hash, where, wi_wall_ms());
    return 1;
}

int wi_pool_measure_shortage(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer, const json_t *models)
{
    const json_t *fallbacks = json_object_get(answer->executed_on, "fallbacks");
    int platform = wi_place_platform(answer->executed_on);

    if (attempt->requests > 1) /* each of its requests is about to run alone */
        return answer->starved;
    for (size_t i = 0; i < json_array_size(fallbacks); i++) {
        const json_t *row = json_array_get(fallbacks, i);
        if (has_code(row, "out_of_memory"))
            (void)note_shortage(pool, node, attempt, models, wi_place_platform(row));
    }
    return answer->starved && note_shortage(pool, node, attempt, models,
                                  platform >= 0 ? platform : (int)attempt->platform);
}

void wi_pool_measure_exceeded(
    struct wi_pool *pool, const struct pool_node *node, const struct pool_attempt *attempt)
{
    const struct wi_place *where = node_place(node, attempt->engine, (int)attempt->platform);
    double now = wi_awake_ms();

    if (where && wi_pool_attempt_rules(attempt)->is_measured && !attempt->stream &&
        wi_task_runs_evenly(attempt->task))
        wi_estimates_exceeded(pool->estimates, attempt->hash, where,
            now - attempt->sent_at - attempt->not_run_ms, now);
}

/* Where it is measured by tokens; NULL: nowhere on this node. */
static const struct wi_place *place_by_tokens(const struct pool_node *node, int platform)
{
    const struct wi_place *where = NULL;

    for (int i = 0; i < WI_ENGINE_COUNT && !where; i++)
        if (wi_engines[i].by_tokens)
            where = node_place(node, (enum wi_engine)i, platform);
    return where;
}

/* Of a node that others have started it is not believed: our clock has not seen it. */
void wi_pool_measure_warm_up(
    struct wi_pool *pool, const struct pool_node *node, const json_t *model, double now)
{
    const char *hash = json_string_value(json_object_get(model, "hash"));
    const struct wi_place *where = place_by_tokens(node, wi_place_platform(model));
    struct wi_model_speed speed;

    if (hash && strlen(hash) < 65 && where && *node->session &&
        wi_model_status_speed(model, &speed) == 0)
        wi_estimates_warmed(pool->estimates, hash, where, speed.prompt_ms, speed.token_ms, now);
}

double wi_pool_usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task)
{
    const struct wi_inference *asked = task->asked;
    const struct wi_model *model = asked->model;
    const struct wi_place *where = node_place(node, model->engine, (int)task->platforms[0]);

    if (model->builtin || wi_inference_computes(asked) || asked->benchmark.runs || asked->stream ||
        !wi_task_runs_evenly(asked->task) || !where)
        return 0;
    struct wi_estimate e = wi_estimates_get(pool->estimates, model->hash, where);
    return e.loads > 0 && e.run_ms > 0 ? e.load_ms + e.run_ms : 0;
}

double wi_pool_prompt_ms(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_model *model, enum wi_platform platform)
{
    const struct wi_place *where = node_place(node, model->engine, (int)platform);

    if (!wi_engines[model->engine].by_tokens || !where)
        return 0;
    return wi_estimates_get(pool->estimates, model->hash, where).prompt_ms;
}
