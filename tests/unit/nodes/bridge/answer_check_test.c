/* Answers held against what was sent: outputs, reports and the codes that a node may claim. */
#include "../../asked.h"
#include "../../test.h"

#include "nodes/bridge/answer_check.h"
#include <string.h>

static struct wi_onnx_value values[] = {
    {.name = (char *)"sum",
        .tensor = 1,
        .has_datatype = 1,
        .datatype = WI_FP32,
        .has_shape = 1,
        .rank = 3,
        .dims = {-1, 4, 5}},
    {.name = (char *)"best", .tensor = 1, .has_datatype = 1, .datatype = WI_INT64},
    {.name = (char *)"maybe", .tensor = 0},
};
static struct wi_model model = {.name = (char *)"add",
    ._references = 1,
    .facts.signature = {.outputs = values, .output_count = 3}};
static struct wi_model echo = {
    .name = (char *)"builtin/echo", ._references = 1, .builtin = WI_BUILTIN_ECHO};
static struct wi_model count = {
    .name = (char *)"builtin/count", ._references = 1, .builtin = WI_BUILTIN_COUNT};

static struct wi_tensor *add(
    struct wi_tensors *list, const char *name, enum wi_datatype datatype, unsigned rank, ...)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    va_list dims;
    tensor->name = wi_strdup(name);
    tensor->datatype = datatype;
    tensor->rank = rank;
    va_start(dims, rank);
    for (unsigned i = 0; i < rank; i++)
        tensor->dims[i] = va_arg(dims, int);
    va_end(dims);
    return tensor;
}

/* What is sent is asked of the model; the caller's reference goes with it. */
static void note(struct wi_sent *sent, struct wi_inference *asked)
{
    const struct wi_task task = {.attempt_id = "a",
        .asked = asked,
        .platforms = {WI_WEBGPU, WI_WASM},
        .platform_count = 2,
        .deadline_ms = 1000};
    wi_sent_note(sent, &task, 0);
    wi_inference_release(asked);
}

/* --- benchmarks ------------------------------------------------------------------------------ */

#define HASH "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define MEASURED(runs, gpu, disturbed, hash, more)                                                 \
    "{\"first_ms\":9,\"run_ms\":" runs ",\"gpu_ms\":" gpu ",\"load_ms\":0,\"threads\":null,"       \
    "\"repeats\":1,\"clock_ms\":0.005,\"disturbed\":" disturbed ",\"output_hash\":" hash more "}"

static enum wi_code check_measured(const char *text, struct wi_error *error)
{
    struct wi_sent sent;
    struct wi_answer answer = {.ok = 1, .result = json_loads(text, JSON_DECODE_ANY, NULL)};
    note(&sent, ASKED(.model = wi_model_ref(&echo), .benchmark = {.runs = 3, .warmup = 1}));
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, error);
    if (code == WI_OK)
        assert_int_equal(json_object_size(answer.result), 9);
    json_decref(answer.result);
    wi_sent_clear(&sent);
    return code;
}

TEST(a_benchmark_says_what_it_measured)
{
    static const char *const good[] = {MEASURED("[1,2,3]", "null", "[]", HASH, ""),
        MEASURED("[0,0.5,3]", "[1,2,3]", "[0,2]", HASH, ",\"more\":{\"of\":\"it\"}")};
    static const char *const bad[][2] = {{"null", "data.result"}, {"[]", "data.result"},
        {"{}", "data.result.first_ms"},
        {MEASURED("[1,2]", "null", "[]", HASH, ""), "data.result.run_ms"},
        {MEASURED("[1,2,-3]", "null", "[]", HASH, ""), "data.result.run_ms"},
        {MEASURED("[1,2,\"3\"]", "null", "[]", HASH, ""), "data.result.run_ms"},
        {MEASURED("[1,2,3]", "[1,2,3,4]", "[]", HASH, ""), "data.result.gpu_ms"},
        {MEASURED("[1,2,3]", "null", "[3]", HASH, ""), "data.result.disturbed"},
        {MEASURED("[1,2,3]", "null", "[1,1]", HASH, ""), "data.result.disturbed"},
        {MEASURED("[1,2,3]", "null", "[]", "\"no hash\"", ""), "data.result.output_hash"}};
    struct wi_error error;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check_measured(good[i], &error), WI_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(check_measured(bad[i][0], &error), WI_INFERENCE_FAILED);
        assert_string_equal(error.field, bad[i][1]);
    }
}

#define PROFILE(runs, nodes)                                                                       \
    ",\"profile\":{\"source\":\"onnxruntime\",\"platform\":\"wasm\",\"clock\":\"cpu\","            \
    "\"runs\":" runs ",\"run_ms\":99,\"nodes\":" nodes "}"
#define NODE "{\"name\":\"n\",\"operator\":\"Conv\",\"calls\":3,\"ms\":4}"

/* The profile in the result after its check, a new reference. */
static enum wi_code check_profiled(
    int wanted, const char *text, json_t **profile, struct wi_error *error)
{
    struct wi_sent sent;
    struct wi_answer answer = {.ok = 1, .result = json_loads(text, 0, NULL)};
    note(&sent, ASKED(.model = wi_model_ref(&echo),
                    .benchmark = {.runs = 3, .warmup = 1, .profile = wanted}));
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, error);
    *profile = json_incref(json_object_get(answer.result, "profile"));
    json_decref(answer.result);
    wi_sent_clear(&sent);
    return code;
}

TEST(a_profile_is_of_the_times_that_were_checked)
{
    json_t *profile;
    struct wi_error error;
    assert_int_equal(
        check_profiled(1, MEASURED("[1,2,3]", "null", "[]", HASH, PROFILE("3", "[" NODE "]")),
            &profile, &error),
        WI_OK);
    assert_true(json_number_value(json_object_get(profile, "run_ms")) == 6);
    assert_int_equal(json_array_size(json_object_get(profile, "operators")), 1);
    json_decref(profile);
}

TEST(a_profile_that_is_not_wanted_goes_and_one_that_is_wanted_has_to_be_there)
{
    static const char *const bad[][2] = {
        {MEASURED("[1,2,3]", "null", "[]", HASH, ""), "data.result.profile"},
        {MEASURED("[1,2,3]", "null", "[]", HASH, ",\"profile\":[]"), "data.result.profile"},
        {MEASURED("[1,2,3]", "null", "[]", HASH, PROFILE("2", "[]")), "data.result.profile.runs"},
        {MEASURED("[1,2,3]", "null", "[]", HASH, PROFILE("3", "[7]")),
            "data.result.profile.nodes[0]"}};
    json_t *profile;
    struct wi_error error;
    assert_int_equal(check_profiled(0, MEASURED("[1,2,3]", "null", "[]", HASH, PROFILE("9", "[7]")),
                         &profile, &error),
        WI_OK);
    assert_null(profile);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(check_profiled(1, bad[i][0], &profile, &error), WI_INFERENCE_FAILED);
        assert_string_equal(error.field, bad[i][1]);
        json_decref(profile);
    }
}

/* --- outputs --------------------------------------------------------------------------------- */

struct outputs_case {
    const char *wanted; /* NULL: all */
    struct {
        const char *name;
        enum wi_datatype datatype;
        unsigned rank;
        int last; /* its last dimension */
    } outputs[4];
    const char *problem; /* part of the text; NULL: good */
    const char *odd;
};

TEST(holds_outputs_against_the_model)
{
    static const struct outputs_case cases[] = {
        {NULL, {{"sum", WI_FP32, 3, 5}, {"best", WI_INT64, 1, 9}}, NULL, NULL},
        {NULL, {{"best", WI_INT64, 0, 0}, {"sum", WI_FP32, 3, 5}}, NULL, NULL},
        {NULL, {{"sum", WI_FP32, 3, 5}, {"best", WI_INT64, 1, 9}, {"maybe", WI_BOOL, 1, 1}}, NULL,
            NULL},
        {"best", {{"best", WI_INT64, 1, 9}}, NULL, NULL},
        {NULL, {{0}}, "output sum is missing", NULL},
        {NULL, {{"sum", WI_FP32, 3, 5}}, "output best is missing", NULL},
        {"sum", {{"best", WI_INT64, 1, 9}}, "output best is none that was asked for", NULL},
        {"sum", {{"sum", WI_FP32, 3, 5}, {"best", WI_INT64, 1, 9}}, "none that was asked for",
            NULL},
        {"sum", {{"zum", WI_FP32, 3, 5}}, "output zum is none that was asked for", NULL},
        {"sum", {{"sum", WI_FP32, 3, 5}, {"sum", WI_FP32, 3, 5}}, "output sum is there twice",
            NULL},
        {"sum", {{"sum", WI_INT32, 3, 5}}, "output sum is INT32; the model gives FP32", NULL},
        {"sum", {{"sum", WI_FP32, 3, 6}}, NULL, "sum"},
        {"sum", {{"sum", WI_FP32, 1, 60}}, NULL, "sum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct outputs_case *row = &cases[i];
        struct wi_inference *asked = ASKED(.model = wi_model_ref(&model));
        struct wi_answer answer = {.ok = 1};
        struct wi_sent sent;
        struct wi_error error = {0};
        const char *odd = "";
        if (row->wanted)
            wi_strings_add(&asked->outputs, row->wanted);
        note(&sent, asked);
        for (size_t o = 0; o < 4 && row->outputs[o].name; o++) {
            struct wi_tensor *tensor = add(&answer.outputs, row->outputs[o].name,
                row->outputs[o].datatype, row->outputs[o].rank, 2, 4, 5);
            if (tensor->rank)
                tensor->dims[tensor->rank - 1] = row->outputs[o].last;
        }
        enum wi_code code = wi_answer_check(&sent, &answer, &odd, &error);
        if (row->problem) {
            assert_int_equal(code, WI_INFERENCE_FAILED);
            if (!strstr(error.detail, row->problem))
                fail_msg("case %zu: \"%s\"", i, error.detail);
        } else {
            assert_int_equal(code, WI_OK);
        }
        if (row->odd)
            assert_string_equal(odd, row->odd);
        else
            assert_null(odd);
        wi_tensors_clear(&answer.outputs);
        wi_sent_clear(&sent);
        assert_int_equal(model._references, 1);
    }
}

static enum wi_code check_echo(
    const struct wi_tensors *inputs, const char *wanted, const struct wi_tensors *outputs)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&echo));
    struct wi_answer answer = {.ok = 1, .outputs = *outputs};
    struct wi_sent sent;
    struct wi_error error = {0};
    if (wanted)
        wi_strings_add(&asked->outputs, wanted);
    wi_tensors_share(&asked->tensors, inputs);
    note(&sent, asked);
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, &error);
    wi_sent_clear(&sent);
    return code;
}

TEST(an_echo_is_what_was_said)
{
    struct wi_tensors inputs = {0}, same = {0}, second = {0}, none = {0}, other = {0};
    add(&inputs, "x", WI_FP32, 2, 3, 4);
    add(&inputs, "y", WI_BYTES, 1, 7);
    wi_tensors_share(&same, &inputs);
    add(&second, "y", WI_BYTES, 1, 7);
    assert_int_equal(check_echo(&inputs, NULL, &same), WI_OK);
    assert_int_equal(check_echo(&inputs, "y", &second), WI_OK);
    assert_int_equal(check_echo(&none, NULL, &none), WI_OK);
    assert_int_equal(check_echo(&inputs, NULL, &second), WI_INFERENCE_FAILED);
    assert_int_equal(check_echo(&inputs, NULL, &none), WI_INFERENCE_FAILED);
    assert_int_equal(check_echo(&inputs, "y", &same), WI_INFERENCE_FAILED);
    assert_int_equal(check_echo(&none, NULL, &second), WI_INFERENCE_FAILED);
    add(&other, "x", WI_FP32, 2, 4, 3);
    add(&other, "y", WI_BYTES, 1, 7);
    assert_int_equal(check_echo(&inputs, NULL, &other), WI_INFERENCE_FAILED);
    other.items[0].dims[0] = 3;
    other.items[0].dims[1] = 4;
    assert_int_equal(check_echo(&inputs, NULL, &other), WI_OK);
    other.items[0].datatype = WI_INT32;
    assert_int_equal(check_echo(&inputs, NULL, &other), WI_INFERENCE_FAILED);
    wi_tensors_clear(&inputs);
    wi_tensors_clear(&same);
    wi_tensors_clear(&second);
    wi_tensors_clear(&other);
}

TEST(a_model_over_kernels_puts_out_what_its_input_makes)
{
    struct wi_model mlp = {.name = (char *)"builtin/mlp", ._references = 1};
    struct wi_tensors outputs = {0}, joined = {0};
    const char *odd = NULL;
    struct wi_error error;
    struct wi_sent sent;
    mlp.kernels = wi_kernel_models; /* the first is mlp */
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&mlp));
    add(&asked->tensors, "x", WI_FP32, 2, 3, 784);
    note(&sent, asked);
    add(&outputs, "y", WI_FP32, 2, 3, 10);
    assert_int_equal(wi_answer_check_outputs(&sent, &outputs, &odd, &error), WI_OK);
    outputs.items[0].dims[0] = 2;
    assert_int_equal(wi_answer_check_outputs(&sent, &outputs, &odd, &error), WI_INFERENCE_FAILED);
    assert_string_equal(error.field, "data.tensors");
    wi_sent_clear(&sent);
    /* Joined with others that have four rows. */
    asked = ASKED(.model = wi_model_ref(&mlp));
    add(&asked->tensors, "x", WI_FP32, 2, 3, 784);
    add(&joined, "x", WI_FP32, 2, 7, 784);
    const struct wi_task task = {.attempt_id = "a", .asked = asked, .tensors = &joined};
    wi_sent_note(&sent, &task, 0);
    outputs.items[0].dims[0] = 7;
    assert_int_equal(wi_answer_check_outputs(&sent, &outputs, &odd, &error), WI_OK);
    outputs.items[0].dims[0] = 3;
    assert_int_equal(wi_answer_check_outputs(&sent, &outputs, &odd, &error), WI_INFERENCE_FAILED);
    wi_inference_release(asked);
    wi_tensors_clear(&joined);
    wi_tensors_clear(&outputs);
    wi_sent_clear(&sent);
}

static enum wi_code check_count(const char *result, size_t outputs)
{
    struct wi_sent sent;
    struct wi_answer answer = {.ok = 1};
    struct wi_error error;
    note(&sent, ASKED(.model = wi_model_ref(&count), .options = json_pack("{s:i}", "count", 3)));
    answer.result = result ? json_loads(result, JSON_DECODE_ANY, NULL) : NULL;
    for (size_t i = 0; i < outputs; i++)
        add(&answer.outputs, "x", WI_FP32, 1, 1);
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, &error);
    json_decref(answer.result);
    wi_tensors_clear(&answer.outputs);
    wi_sent_clear(&sent);
    return code;
}

TEST(a_count_is_what_was_asked_for)
{
    assert_int_equal(check_count("{\"count\":3}", 0), WI_OK);
    assert_int_equal(check_count("{\"count\":3}", 1), WI_INFERENCE_FAILED);
    assert_int_equal(check_count("{\"count\":4}", 0), WI_INFERENCE_FAILED);
    assert_int_equal(check_count("{\"count\":\"3\"}", 0), WI_INFERENCE_FAILED);
    assert_int_equal(check_count("3", 0), WI_INFERENCE_FAILED);
    assert_int_equal(check_count(NULL, 0), WI_INFERENCE_FAILED);
}

/* --- what graphs put out ---------------------------------------------------------------------- */

static enum wi_code check_task(int raw, const char *result, size_t bytes, struct wi_error *error)
{
    struct wi_answer answer = {.ok = 1, .result = json_loads(result, 0, NULL)};
    struct wi_sent sent;
    add(&answer.outputs, "model/last_hidden_state", WI_FP32, 3, 2, 4, 5)->size = bytes;
    note(&sent, ASKED(.model = wi_model_ref(&model), .task = WI_TASK_EMBED, .raw = raw));
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, error);
    if (code == WI_OK)
        code = wi_answer_check_outputs(&sent, &answer.outputs, &(const char *){NULL}, error);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.result);
    wi_sent_clear(&sent);
    return code;
}

/* Where it was asked for; a node that does not say so has answered the task. */
TEST(what_graphs_put_out_is_no_answer_to_the_task)
{
    struct wi_error error;
    assert_int_equal(check_task(1, "{\"raw\":true}", 32 << 20, &error), WI_OK);
    assert_int_equal(check_task(1, "{\"raw\":true}", (32 << 20) + 1, &error), WI_INFERENCE_FAILED);
    assert_int_equal(check_task(1, "{\"raw\":1}", 160, &error), WI_INFERENCE_FAILED);
    assert_int_equal(check_task(1, "{}", 160, &error), WI_INFERENCE_FAILED);
    assert_int_equal(check_task(0, "{\"raw\":true}", 160, &error), WI_INFERENCE_FAILED);
}

/* --- executed_on ----------------------------------------------------------------------------- */

static enum wi_code check_report(const char *text, int fallback, struct wi_error *error)
{
    struct wi_answer answer = {.ok = 1, .executed_on = json_loads(text, 0, NULL)};
    struct wi_sent sent;
    assert_non_null(answer.executed_on);
    note(&sent, ASKED(.model = wi_model_ref(&echo), .fallback = fallback));
    enum wi_code code = wi_answer_check(&sent, &answer, NULL, error);
    json_decref(answer.executed_on);
    wi_sent_clear(&sent);
    return code;
}

TEST(holds_reports_against_the_task)
{
    static const char *const good[] = {"{\"platform\":\"wasm\"}",
        "{\"platform\":\"webgpu\",\"engine\":\"ort\",\"threads\":null,\"adapter\":null,"
        "\"fallbacks\":null,\"precision\":\"fp16\",\"new\":[1]}",
        "{\"platform\":\"wasm\",\"threads\":4,\"fallbacks\":[{\"platform\":\"webgpu\",\"code\":"
        "\"device_lost\",\"reason\":\"gone\"}],\"adapter\":{\"vendor\":\"v\",\"is_fallback\":true}"
        "}"};
    static const char *const bad[][2] = {{"{}", "platform"}, {"{\"platform\":null}", "platform"},
        {"{\"platform\":\"abacus\"}", "abacus"}, {"{\"platform\":\"webnn\"}", "webnn"},
        {"{\"platform\":\"simulated\"}", "simulated"}, {"{\"platform\":7}", "platform"},
        {"{\"platform\":\"wasm\",\"threads\":1.5}", "threads"},
        {"{\"platform\":\"wasm\",\"threads\":0}", "threads"},
        {"{\"platform\":\"wasm\",\"threads\":100000}", "threads"},
        {"{\"platform\":\"wasm\",\"engine\":{}}", "engine"},
        {"{\"platform\":\"wasm\",\"simulated\":\"yes\"}", "simulated"},
        {"{\"platform\":\"wasm\",\"adapter\":[]}", "adapter"},
        {"{\"platform\":\"wasm\",\"adapter\":{\"is_fallback\":1}}", "is_fallback"},
        {"{\"platform\":\"wasm\",\"fallbacks\":{}}", "fallbacks"},
        {"{\"platform\":\"wasm\",\"fallbacks\":[\"x\"]}", "fallbacks[0]"},
        {"{\"platform\":\"wasm\",\"fallbacks\":[{\"platform\":\"webgpu\",\"code\":\"x\"}]}",
            "fallbacks[0].reason"},
        {"{\"platform\":\"wasm\",\"fallbacks\":[{\"platform\":\"webgl\",\"code\":\"x\",\"reason\":"
         "\"y\"}]}",
            "webgl"}};
    struct wi_error error = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (check_report(good[i], 1, &error) != WI_OK)
            fail_msg("%s: %s", good[i], error.detail);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(check_report(bad[i][0], 1, &error), WI_INFERENCE_FAILED);
        if (!strstr(error.detail, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], error.detail);
    }
    /* Without a fallback only the first platform counts. */
    assert_int_equal(check_report("{\"platform\":\"wasm\"}", 0, &error), WI_INFERENCE_FAILED);
    assert_int_equal(check_report("{\"platform\":\"webgpu\"}", 0, &error), WI_OK);
}

TEST(passes_on_what_it_knows)
{
    struct wi_answer answer = {.ok = 1,
        .executed_on = json_loads("{\"platform\":\"wasm\",\"adapter\":{\"vendor\":\"v\",\"limits\":"
                                  "{}},\"fallbacks\":[{\"platform\":\"webgpu\",\"code\":\"c\","
                                  "\"reason\":\"r\",\"more\":1}]}",
            0, NULL)};
    struct wi_sent sent;
    struct wi_error error;
    note(&sent, ASKED(.model = wi_model_ref(&echo), .fallback = 1));
    assert_int_equal(wi_answer_check(&sent, &answer, NULL, &error), WI_OK);
    char *text = json_dumps(answer.executed_on, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"adapter\":{\"vendor\":\"v\"},\"fallbacks\":[{\"code\":\"c\","
                              "\"platform\":\"webgpu\",\"reason\":\"r\"}],\"platform\":\"wasm\"}");
    free(text);
    json_decref(answer.executed_on);
    wi_sent_clear(&sent);
}

/* --- codes ----------------------------------------------------------------------------------- */

TEST(a_node_speaks_for_itself_only)
{
    static const char *const own[] = {"deadline_exceeded", "cancelled", "unauthorized",
        "queue_full", "shutting_down", "memory_budget", "attempts_exhausted", "unavailable", "ok",
        "model_not_found", "body_too_large", "internal", "storage_failed", "idempotency_mismatch",
        "whatever"};
    static const char *const nodes[] = {
        "device_lost", "engine_crashed", "engine_hung", "out_of_memory", "model_fetch_failed"};
    struct wi_sent sent = {.due = 1000};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct wi_claim claim = wi_claim_of(&sent, own[i], 500);
        assert_int_equal(claim.code, WI_INFERENCE_FAILED);
        assert_false(claim.known);
        assert_true(claim.retryable);
    }
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        struct wi_claim claim = wi_claim_of(&sent, nodes[i], 500);
        assert_int_equal(claim.code, WI_INFERENCE_FAILED);
        assert_true(claim.known);
        assert_false(claim.is_ours || claim.retryable);
    }
    struct wi_claim claim = wi_claim_of(&sent, "operator_unsupported", 500);
    assert_int_equal(claim.code, WI_OPERATOR_UNSUPPORTED);
    assert_true(claim.known && claim.is_ours && !claim.retryable);
    assert_false(claim.broke);
    claim = wi_claim_of(&sent, "node_paused", 500);
    assert_int_equal(claim.code, WI_NODE_PAUSED);
    assert_true(claim.known && claim.is_ours && claim.retryable && !claim.broke);
    claim = wi_claim_of(&sent, "engine_crashed", 500);
    assert_true(claim.broke);
    claim = wi_claim_of(&sent, "inference_failed", 500);
    assert_true(claim.known && claim.is_ours && !claim.retryable);
    claim = wi_claim_of(&sent, "grammar_too_costly", 500);
    assert_int_equal(claim.code, WI_GRAMMAR_TOO_COSTLY);
    assert_true(claim.known && claim.is_ours && !claim.retryable && !claim.broke);
    claim = wi_claim_of(&sent, "answer_too_large", 500);
    assert_int_equal(claim.code, WI_ANSWER_TOO_LARGE);
    assert_true(claim.known && claim.is_ours && !claim.retryable);
    claim = wi_claim_of(&sent, "deadline_exceeded", 1000);
    assert_int_equal(claim.code, WI_DEADLINE_EXCEEDED);
    assert_true(claim.known && claim.is_ours && !claim.retryable);
}

/* What a daemon's API says of the client is final, and what it says of itself is asked elsewhere.
 */
TEST(a_relay_may_say_what_its_daemon_has_answered)
{
    static const char *const final[] = {"bad_request", "invalid_field", "body_too_large",
        "unsupported_media_type", "input_invalid", "input_shape", "context_length_exceeded",
        "inference_failed", "not_implemented", "attempts_exhausted"};
    static const char *const elsewhere[] = {"queue_full", "client_share_used", "unavailable",
        "shutting_down", "memory_budget", "model_changed", "model_not_found", "unauthorized",
        "rank", "conflict", "stall_timeout", "deadline_exceeded", "storage_failed", "internal"};
    struct wi_sent sent = {.due = 1000};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++) {
        struct wi_claim claim = wi_claim_of_relay(&sent, final[i], 500);
        assert_string_equal(wi_code_name(claim.code), final[i]);
        assert_true(claim.known && claim.is_ours && !claim.retryable && !claim.broke);
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        struct wi_claim claim = wi_claim_of_relay(&sent, elsewhere[i], 500);
        assert_int_equal(claim.code, WI_INFERENCE_FAILED);
        assert_true(claim.retryable);
    }
    struct wi_claim claim = wi_claim_of_relay(&sent, "deadline_exceeded", 1000);
    assert_int_equal(claim.code, WI_DEADLINE_EXCEEDED);
    static const char *const none[] = {"whatever", "ok"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        claim = wi_claim_of_relay(&sent, none[i], 500);
        assert_int_equal(claim.code, WI_INFERENCE_FAILED);
        assert_true(!claim.known && claim.retryable);
    }
}
