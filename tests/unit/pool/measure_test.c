/* What answers and failures say of places, and what they say of their clients alone. */
#include "../test.h"

#include "bridge/model_status.h"
#include "pool/measure.h"
#include <string.h>

static struct wi_pool pool;
static struct wi_node_info info;
static struct wi_model model;
static struct pool_node *node;

static int setup(void **state)
{
    memset(&pool, 0, sizeof pool);
    pool.estimates = wi_estimates_new(NULL);
    pool.nodes = wi_pool_nodes_new(pool.estimates);
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

static void book(const char *id, json_t *options, int broke)
{
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_CHAT, .options = options},
        .platforms = {WI_WASM},
        .platform_count = 1,
        .broke = broke};

    wi_pool_node_book(pool.nodes, node, &task, 0);
}

static struct wi_estimate known(void)
{
    const struct wi_fleet_class *class = wi_pool_node_info_of(node)->place->class;

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
