/* What answers and failures say of places, and what they say of their clients alone. */
#include "../../test.h"

#include "base/clock.h"
#include "nodes/bridge/model_status.h"
#include "work/pool/batches.h"
#include "work/pool/private.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct wi_pool pool;
static struct wi_node_info info;
static struct wi_model model;
static struct pool_node *node;

static int setup(void **state)
{
    memset(&pool, 0, sizeof pool);
    pool.estimates = wi_estimates_new(NULL);
    pool.nodes = wi_pool_nodes_new(pool.estimates, NULL);
    info = (struct wi_node_info){.id = "n-1", .session = "s-1", .kind = "chrome"};
    info.platforms[WI_WASM].available = 1;
    info.engines[WI_ENGINE_LLAMA].available = 1;
    info.engines[WI_ENGINE_LLAMA].slots = 4;
    model = (struct wi_model){.engine = WI_ENGINE_LLAMA};
    memset(model.hash, 'a', sizeof model.hash - 1);
    node = wi_pool_nodes_up(pool.nodes, &info, 0);
    wi_pool_node_place(pool.nodes, node, &info, NULL);
    return 0;
}

static int teardown(void **state)
{
    wi_pool_nodes_free(pool.nodes);
    wi_estimates_free(pool.estimates);
    return 0;
}

static unsigned runs; /* of a benchmark */

static void book(const char *id, json_t *options, int broke)
{
    const struct wi_task task = {.attempt_id = id,
        .asked =
            &(struct wi_inference){
                .model = &model, .task = WI_TASK_CHAT, .options = options, .benchmark.runs = runs},
        .platforms = {WI_WASM},
        .platform_count = 1,
        .broke = broke};

    wi_pool_node_book(pool.nodes, node, &task, 0);
}

static struct wi_estimate known(void)
{
    const struct wi_fleet_class *class = node->place.class;

    return wi_estimates_get(
        pool.estimates, model.hash, wi_fleet_where(class, WI_ENGINE_LLAMA, WI_WASM));
}

/* An answer of 20 tokens, each of which took `token_ms`. */
static void answer(const char *id, double token_ms)
{
    struct wi_answer said = {.ok = 1, .warm = 1};
    struct pool_attempt attempt;

    said.account = (struct wi_text_account){.counted = 1,
        .timed = 1,
        .prompt = 10,
        .generated = 21,
        .read = 10,
        .read_ms = 20,
        .made = 20,
        .made_ms = 20 * token_ms};
    said.executed_on = json_pack("{s:s}", "platform", "wasm");
    assert_true(wi_pool_node_unbook(node, id, 0, &attempt));
    wi_pool_measure_answer(&pool, node, &attempt, &said);
    json_decref(said.executed_on);
}

/* Its engine broke over it. */
static void break_it(const char *id)
{
    struct wi_answer said = {.retryable = 1, .broke = 1, .error.code = WI_INFERENCE_FAILED};
    struct pool_attempt attempt;

    assert_true(wi_pool_node_unbook(node, id, 0, &attempt));
    wi_pool_measure_answer(&pool, node, &attempt, &said);
}

FIXTURE(setup, teardown)

TEST(what_a_request_made_slow_itself_says_nothing_of_others)
{
    static const char *const own[] = {"{\"grammar\": \"root ::= [a-z]*\"}",
        "{\"json_schema\": {\"type\": \"object\"}}",
        "{\"response_format\": {\"type\": \"json_object\"}}", "{\"tool_choice\": \"required\"}",
        "{\"n\": 2}", "{\"logit_bias\": {\"5\": 1}}", "{\"logprobs\": true}"};
    static const char *const usual[] = {"{}", "{\"n\": 1, \"logit_bias\": {}}",
        "{\"response_format\": {\"type\": \"text\"}, \"grammar\": null, \"logprobs\": false}",
        "{\"tool_choice\": \"auto\"}"};

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        json_t *options = json_loads(usual[i], 0, NULL);
        book("a", options, 0);
        answer("a", 5);
        json_decref(options);
    }
    assert_int_equal(known().answers, sizeof usual / sizeof *usual);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        json_t *options = json_loads(own[i], 0, NULL);
        book("a", options, 0);
        answer("a", 1e4);
        json_decref(options);
        assert_true(known().token_ms > 4.9 && known().token_ms < 5.1);
    }
}

TEST(a_benchmark_says_nothing_of_others)
{
    book("a", NULL, 0);
    answer("a", 5);
    runs = 1;
    book("a", NULL, 0);
    answer("a", 1e4);
    book("b", NULL, 0);
    break_it("b");
    runs = 0;
    assert_int_equal(known().answers, 1);
    assert_true(known().failure == 0);
}

TEST(a_grammar_that_breaks_an_engine_is_no_fault_of_the_node)
{
    json_t *grammar = json_pack("{s:s}", "grammar", "root ::= (a|a)");

    book("plain", NULL, 0);
    book("grammar", grammar, 0);
    book("later", NULL, 0);
    break_it("plain");
    break_it("grammar");
    break_it("later");
    assert_true(known().failure == 0);
    book("poison", NULL, 1); /* what it ran in before broke too */
    break_it("poison");
    assert_true(known().failure == 0);
    book("plain", NULL, 0);
    break_it("plain");
    assert_true(known().failure > 0);
    json_decref(grammar);
}

TEST(a_load_that_failed_for_want_of_memory_is_remembered)
{
    const struct wi_fleet_class *class = node->place.class;
    const struct wi_place *where = wi_fleet_where(class, WI_ENGINE_LLAMA, WI_WASM);
    struct wi_answer said = {.starved = 1, .retryable = 1, .error.code = WI_INFERENCE_FAILED};
    struct pool_attempt attempt;
    json_t *loaded = json_pack(
               "[{s:s, s:s, s:s}]", "hash", model.hash, "platform", "wasm", "state", "loaded"),
           *failed = json_pack(
               "[{s:s, s:s, s:s}]", "hash", model.hash, "platform", "wasm", "state", "failed");

    pool.shortages = wi_shortages_new(NULL, WI_SHORTAGES_MAX);
    book("a", NULL, 0);
    assert_true(wi_pool_node_unbook(node, "a", 0, &attempt));
    assert_false(wi_pool_measure_shortage(&pool, node, &attempt, &said, NULL));
    /* It was the input that wanted so much. */
    assert_false(wi_pool_measure_shortage(&pool, node, &attempt, &said, loaded));
    assert_false(wi_shortages_has(pool.shortages, model.hash, where, wi_wall_ms()));
    assert_true(wi_pool_measure_shortage(&pool, node, &attempt, &said, failed));
    assert_true(wi_shortages_has(pool.shortages, model.hash, where, wi_wall_ms()));
    wi_shortages_free(pool.shortages);
    /* For a batch it is not known whether one request could be run. */
    pool.shortages = wi_shortages_new(NULL, WI_SHORTAGES_MAX);
    attempt.requests = 2;
    assert_true(wi_pool_measure_shortage(&pool, node, &attempt, &said, loaded));
    assert_true(wi_pool_measure_shortage(&pool, node, &attempt, &said, failed));
    assert_false(wi_shortages_has(pool.shortages, model.hash, where, wi_wall_ms()));
    attempt.requests = 0;
    wi_shortages_free(pool.shortages);
    /* What the page went on from is remembered as well, and is no failure. */
    pool.shortages = wi_shortages_new(NULL, WI_SHORTAGES_MAX);
    said = (struct wi_answer){.ok = 1};
    said.executed_on = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "platform", "webgpu", "fallbacks",
        "platform", "wasm", "code", "out_of_memory", "reason", "bad_alloc");
    assert_false(wi_pool_measure_shortage(&pool, node, &attempt, &said, failed));
    assert_true(wi_shortages_has(pool.shortages, model.hash, where, wi_wall_ms()));
    json_decref(said.executed_on);
    wi_shortages_free(pool.shortages);
    json_decref(loaded);
    json_decref(failed);
}

/* --- batches ---------------------------------------------------------------------------------- */

static struct wi_estimate run_batch(unsigned requests, struct wi_answer said, json_t *executed_on)
{
    struct wi_blob *blob = wi_blob_new(NULL, 800);
    struct wi_tensor rows = {.name = (char *)"x", .datatype = WI_FP32, .size = 800, .blob = blob};
    const struct wi_tensors tensors = {.items = &rows, .count = 1};
    const struct wi_task task = {.attempt_id = "a",
        .asked = &(struct wi_inference){.model = &model},
        .tensors = &tensors,
        .platforms = {WI_WASM},
        .platform_count = 1,
        .requests = requests};
    struct pool_attempt attempt;

    said.executed_on = executed_on;
    wi_pool_node_book(pool.nodes, node, &task, 0);
    assert_true(wi_pool_node_unbook(node, "a", 0, &attempt));
    wi_pool_measure_answer(&pool, node, &attempt, &said);
    json_decref(executed_on);
    wi_blob_unref(blob);
    return known();
}

static json_t *on_wasm(void)
{
    return json_pack("{s:s}", "platform", "wasm");
}

TEST(a_batch_is_compared_with_what_runs_alone)
{
    const struct wi_answer slow = {.ok = 1, .warm = 1, .inference_ms = 80}, cold = {.ok = 1};
    const struct wi_config config = {.pool.exploration = 0.02};
    struct wi_choice choice = {.platforms = {WI_WASM}, .platform_count = 1};
    double gain;

    memcpy(choice.node, node->id, sizeof choice.node);
    pool.config = &config;
    assert_int_equal(run_batch(1, cold, on_wasm()).singles, 0);
    assert_true(wi_pool_batch_pays(&pool, &choice, &model, 800, &gain));
    assert_int_equal(run_batch(0, slow, on_wasm()).singles, 1);
    assert_int_equal(
        run_batch(2, (struct wi_answer){.ok = 1, .warm = 1, .inference_ms = 40}, on_wasm()).batches,
        1);
    assert_true(wi_pool_batch_pays(&pool, &choice, &model, 800, &gain));
    assert_true(gain == 2);
    for (int i = 0; i < 9; i++)
        (void)run_batch(2, (struct wi_answer){.ok = 1, .warm = 1, .inference_ms = 160}, on_wasm());
    assert_false(wi_pool_batch_pays(&pool, &choice, &model, 800, &gain));
    assert_true(gain > 0.4 && gain < 0.6);
    strcpy(choice.node, "n-2"); /* it is gone */
    assert_true(wi_pool_batch_pays(&pool, &choice, &model, 800, &gain));
    assert_true(gain == 0);
}

TEST(a_batch_that_fails_is_no_failure_of_its_place)
{
    struct wi_answer failed = {.retryable = 1, .broke = 1, .error.code = WI_INFERENCE_FAILED};

    assert_true(run_batch(3, failed, NULL).failure == 0);
    failed.starved = 1;
    assert_true(run_batch(3, failed, NULL).failure == 0);
    assert_true(
        run_batch(3, (struct wi_answer){.error.code = WI_INPUT_INVALID}, NULL).failure == 0);
    assert_int_equal(known().batch_most, 0); /* what its requests do alone is still to be seen */
    struct wi_place *place = wi_pool_batch_place(&pool, node->id, WI_WASM, &model);
    assert_non_null(place);
    assert_null(wi_pool_batch_place(&pool, "n-2", WI_WASM, &model)); /* it is gone */
    wi_pool_batch_crowded(&pool, place, model.hash, 800);
    free(place);
    assert_int_equal(known().batch_most, 400);
    assert_true(known().failure == 0);
    assert_true(run_batch(0, failed, NULL).failure > 0);
}

TEST(a_batch_that_another_platform_had_to_run_was_too_large)
{
    const struct wi_answer done = {.ok = 1};
    json_t *fell = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "platform", "webgpu", "fallbacks",
        "platform", "wasm", "code", "out_of_memory", "reason", "bad_alloc");

    json_t *lost = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "platform", "webgpu", "fallbacks",
        "platform", "wasm", "code", "device_lost", "reason", "it is gone");

    assert_int_equal(run_batch(3, done, lost).batch_most, 0); /* perhaps for another reason */
    assert_int_equal(run_batch(3, done, json_incref(fell)).batch_most, 400);
    assert_true(known().failure == 0);
    assert_true(run_batch(0, done, fell).failure > 0);
}

/* --- what is believed of the timings in an answer, and what is not --------------------------- */

/* Of an answer whose result is this, after ten seconds. */
static struct wi_timings timings_of(enum wi_task_kind task, const char *result)
{
    json_t *said = json_loads(result, 0, NULL);
    struct wi_answer answer = {.ok = 1, .inference_ms = 600, .account = wi_task_account(said)};

    json_decref(said);
    return wi_timings_of(task, &answer, 10000);
}

#define USAGE(prompt, completion, cached)                                                          \
    "\"usage\":{\"prompt_tokens\":" #prompt ",\"completion_tokens\":" #completion                  \
    ",\"cached_tokens\":" #cached "}"
#define TIMINGS(prompt_n, prompt_ms, predicted_n, predicted_ms)                                    \
    "\"timings\":{\"prompt_n\":" #prompt_n ",\"prompt_ms\":" #prompt_ms                            \
    ",\"predicted_n\":" #predicted_n ",\"predicted_ms\":" #predicted_ms "}"

TEST(what_a_language_model_says_is_taken)
{
    struct wi_timings timings = timings_of(
        WI_TASK_CHAT, "{\"text\":\"x\"," USAGE(40, 25, 30) "," TIMINGS(10, 50.5, 25, 1000) "}");

    assert_true(timings.prompt_tokens == 10 && timings.prompt_ms == 50.5);
    assert_true(timings.answer_tokens == 24 && timings.answer_ms == 1000);
}

TEST(the_first_token_comes_with_the_prompt)
{
    struct wi_timings timings =
        timings_of(WI_TASK_CHAT, "{" USAGE(40, 1, 0) "," TIMINGS(40, 80, 1, 0.006) "}");

    assert_true(timings.prompt_tokens == 40 && timings.prompt_ms == 80);
    assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
}

TEST(each_half_is_believed_by_itself)
{
    struct wi_timings timings =
        timings_of(WI_TASK_CHAT, "{" USAGE(40, 25, 40) "," TIMINGS(0, 0, 25, 1000) "}");

    assert_true(timings.prompt_tokens == 0 && timings.prompt_ms == 0);
    assert_true(timings.answer_tokens == 24);
    timings = timings_of(WI_TASK_COMPLETE, "{" USAGE(40, 25, 0) "," TIMINGS(40, 80, 25, true) "}");
    assert_true(timings.prompt_tokens == 40);
    assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
}

TEST(what_cannot_be_is_not_believed)
{
    static const char *const results[] = {
        "{" USAGE(40, 25, 0) "," TIMINGS(
            41, 100, 26, 1000) "}", /* more than it says that it used */
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 20000, 25, 20000) "}", /* longer than it was away */
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 0, 25, -1) "}",
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 0.0001, 25, 0.0001) "}",
        "{" USAGE(40, 25, 0) "," TIMINGS(-40, -100, 0.5, 1000) "}",
        "{" USAGE(1e300, 1e300, 0) "," TIMINGS(1e300, 1e300, 1e300, 1000) "}",
        "{" TIMINGS(40, 100, 25, 1000) "}", /* no usage */
        "{" USAGE(40, 25, 0) "}",           /* and no timings of what it made */
        "{\"usage\":[40],\"timings\":[1]}",
        "{}",
        "[]",
    };

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct wi_timings timings = timings_of(WI_TASK_CHAT, results[i]);
        assert_true(timings.prompt_tokens == 0 && timings.prompt_ms == 0);
        assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
    }
    const struct wi_answer none = {.ok = 1, .inference_ms = 600};
    assert_true(wi_timings_of(WI_TASK_EMBED, &none, 10000).prompt_tokens == 0);
}

TEST(what_makes_no_text_has_read_all_the_time)
{
    struct wi_timings timings = timings_of(WI_TASK_EMBED, "{" USAGE(40, 0, 10) "}");

    assert_true(timings.prompt_tokens == 30 && timings.prompt_ms == 600);
    assert_true(timings.answer_tokens == 0);
    timings = timings_of(WI_TASK_RERANK, "{" USAGE(40, 0, 0) "," TIMINGS(20, 50, 0, 0) "}");
    assert_true(timings.prompt_tokens == 20 && timings.prompt_ms == 50);
}

/* How long a request usually takes is known of those that take all about as long. */
TEST(what_takes_as_long_each_time_has_a_usual_time)
{
    static const struct {
        enum wi_task_kind task;
        unsigned runs;
        int stream, builtin;
        double ms;
    } cases[] = {{WI_TASK_NONE, 0, 0, 0, 47}, {WI_TASK_CHAT, 0, 0, 0, 0},
        {WI_TASK_NONE, 3, 0, 0, 0}, {WI_TASK_NONE, 0, 1, 0, 0}, {WI_TASK_NONE, 0, 0, 1, 0}};
    const struct wi_place *where = wi_fleet_where(node->place.class, WI_ENGINE_LLAMA, WI_WASM);

    for (int ran = 0; ran < 2; ran++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct wi_model asked_for = model;
            asked_for.builtin = cases[i].builtin;
            const struct wi_inference asked = {.model = &asked_for,
                .task = cases[i].task,
                .stream = cases[i].stream,
                .benchmark.runs = cases[i].runs};
            const struct wi_task task = {
                .asked = &asked, .platforms = {WI_WASM}, .platform_count = 1};
            assert_float_equal(wi_pool_usual_ms(&pool, node, &task), ran ? cases[i].ms : 0, 1e-9);
        }
        wi_estimates_ran(pool.estimates, model.hash, where, 40, 7, 0, 1);
    }
}
