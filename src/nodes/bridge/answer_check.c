/* Answers held against what was sent; see answer_check.h. */
#include "nodes/bridge/answer_check.h"

#include "base/params.h"
#include "terms/lab/profile.h"
#include "terms/model/signature.h"
#include <string.h>

#define MAX_THREADS 4096
#define MAX_FALLBACKS 16
#define MAX_REASON 4096
#define MAX_MS 1e12
/* Of what graphs put out. */
#define MAX_RAW (32 * 1024 * 1024)
/* A node's clock begins when the task arrives and ours when it leaves. */
#define DEADLINE_SLACK_MS 20

/* --- what was sent --------------------------------------------------------------------------- */

static unsigned platform_bit(enum wi_platform platform)
{
    return 1u << platform;
}

void wi_sent_note(struct wi_sent *sent, const struct wi_task *task, double now_ms)
{
    *sent = (struct wi_sent){.due = now_ms + task->deadline_ms};
    const struct wi_tensors *tensors = task->tensors ? task->tensors : &task->asked->tensors;
    if (tensors->count > 0)
        sent->rows = tensors->items->dims[0];
    /* Without a fallback the second platform is not to be tried. */
    for (size_t i = 0; i < task->platform_count && (i == 0 || task->asked->fallback); i++)
        sent->platforms |= platform_bit(task->platforms[i]);
    sent->asked = wi_inference_retain(task->asked);
}

void wi_sent_clear(struct wi_sent *sent)
{
    wi_inference_release(sent->asked);
    sent->asked = NULL;
}

/* --- executed_on ----------------------------------------------------------------------------- */

struct report {
    const char *platform, *engine, *build, *precision, *quantization;
    int64_t threads;
    int simulated;
    json_t *adapter, *fallbacks;
};

static const struct wi_param report_table[] = {
    WI_PARAM(report, platform, STRING, .required = 1, .min = 1, .max = 16),
    WI_PARAM(report, engine, STRING, .max = 64),
    WI_PARAM(report, build, STRING, .max = 64),
    WI_PARAM(report, precision, STRING, .max = 32),
    WI_PARAM(report, quantization, STRING, .max = 32),
    WI_PARAM(report, threads, INTEGER, .min = 1, .max = MAX_THREADS),
    WI_PARAM(report, simulated, BOOL),
    WI_PARAM(report, adapter, OBJECT),
    WI_PARAM(report, fallbacks, ARRAY, .max = MAX_FALLBACKS),
    WI_PARAM_END,
};

struct fallback {
    const char *platform, *code, *reason;
};

static const struct wi_param fallback_table[] = {
    WI_PARAM(fallback, platform, STRING, .required = 1, .min = 1, .max = 16),
    WI_PARAM(fallback, code, STRING, .required = 1, .min = 1, .max = 64),
    WI_PARAM(fallback, reason, STRING, .required = 1, .max = MAX_REASON),
    WI_PARAM_END,
};

struct adapter {
    const char *vendor, *architecture, *description;
    int is_fallback;
};

static const struct wi_param adapter_table[] = {
    WI_PARAM(adapter, vendor, STRING, .max = 255),
    WI_PARAM(adapter, architecture, STRING, .max = 255),
    WI_PARAM(adapter, description, STRING, .max = 255),
    WI_PARAM(adapter, is_fallback, BOOL),
    WI_PARAM_END,
};

static void keep_only(const struct wi_param *table, json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (!wi_params_find(table, key))
            json_object_del(object, key);
    }
}

static enum wi_code check_platform(
    const struct wi_sent *sent, const char *name, const char *where, struct wi_error *error)
{
    int platform = wi_platform_of_name(name);
    if (platform >= 0 && sent->platforms & platform_bit((enum wi_platform)platform))
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, where,
        "%s is \"%s\", which is not one of the platforms that it was sent with", where, name);
}

/* The reader's own codes are about requests of clients. */
static enum wi_code answer_unusable(struct wi_error *error)
{
    error->code = WI_INFERENCE_FAILED;
    return WI_INFERENCE_FAILED;
}

static enum wi_code check_report(
    const struct wi_sent *sent, const json_t *executed_on, struct wi_error *error)
{
    struct report report = {0};
    struct adapter adapter = {0};
    if (wi_params_read(report_table, executed_on, WI_PARAMS_OPEN, "data.executed_on.", &report,
            error) != WI_OK ||
        (report.adapter && wi_params_read(adapter_table, report.adapter, WI_PARAMS_OPEN,
                               "data.executed_on.adapter.", &adapter, error) != WI_OK))
        return answer_unusable(error);
    if (report.adapter)
        keep_only(adapter_table, report.adapter);
    for (size_t i = 0; i < json_array_size(report.fallbacks); i++) {
        json_t *row = json_array_get(report.fallbacks, i);
        struct fallback fallback = {0};
        char where[64];
        snprintf(where, sizeof where, "data.executed_on.fallbacks[%zu].", i);
        if (!json_is_object(row))
            return wi_error_set(error, WI_INFERENCE_FAILED, "data.executed_on.fallbacks",
                "data.executed_on.fallbacks[%zu] must be an object with platform, code and reason",
                i);
        if (wi_params_read(fallback_table, row, WI_PARAMS_OPEN, where, &fallback, error) != WI_OK)
            return answer_unusable(error);
        keep_only(fallback_table, row);
        if (check_platform(sent, fallback.platform, where, error) != WI_OK)
            return error->code;
    }
    return check_platform(sent, report.platform, "data.executed_on.platform", error);
}

/* --- outputs --------------------------------------------------------------------------------- */

static int same_head(const struct wi_tensor *a, const struct wi_tensor *b)
{
    return strcmp(a->name, b->name) == 0 && a->datatype == b->datatype && a->rank == b->rank &&
           memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

/* How many answers, rows or numbers it has. */
static size_t results_of(const struct wi_inference *asked)
{
    return wi_task_count(asked->task, asked->input, asked->options);
}

/* builtin/echo: the inputs that were asked for, in their order. */
static enum wi_code check_echo(
    const struct wi_inference *asked, const struct wi_tensors *outputs, struct wi_error *error)
{
    size_t at = 0;
    for (size_t i = 0; i < asked->tensors.count; i++) {
        const struct wi_tensor *input = &asked->tensors.items[i];
        if (asked->outputs.count && !wi_strings_contain(&asked->outputs, input->name))
            continue;
        if (at == outputs->count || !same_head(input, &outputs->items[at]))
            return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                "output %zu must be the input %.128s, with its datatype and shape", at,
                input->name);
        at++;
    }
    if (at < outputs->count)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
            "it has %zu outputs; %zu were asked for", outputs->count, at);
    return WI_OK;
}

static enum wi_code answer_check_count(
    const struct wi_inference *asked, const json_t *result, struct wi_error *error)
{
    const json_t *count = json_object_get(result, "count");
    json_int_t wanted = json_integer_value(json_object_get(asked->options, "count"));
    if (!json_is_integer(count) || json_integer_value(count) != wanted)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.result",
            "data.result must say that it counted %lld", (long long)wanted);
    return WI_OK;
}

/* A raw answer goes to no client, and its comparison checks the contents. */
static enum wi_code check_raw(const struct wi_tensors *outputs, struct wi_error *error)
{
    return wi_tensors_bytes(outputs) <= MAX_RAW
               ? WI_OK
               : wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                     "the outputs of the graphs have %zu bytes, and may have at most %d",
                     wi_tensors_bytes(outputs), MAX_RAW);
}

/* Of a model over kernels: what it makes of so many rows. */
static enum wi_code check_rows(
    const struct wi_sent *sent, const struct wi_tensors *outputs, struct wi_error *error)
{
    struct wi_tensor input = *sent->asked->tensors.items;
    input.dims[0] = sent->rows;
    return wi_kernel_model_check_answer(sent->asked->model->kernels, &input, outputs, error);
}

/* Against the model's own file, or what a model that is built in does. */
static enum wi_code check_outputs(const struct wi_sent *sent, const struct wi_tensors *outputs,
    const char **odd, struct wi_error *error)
{
    const struct wi_inference *asked = sent->asked;
    if (asked->task != WI_TASK_NONE)
        return wi_task_check_outputs(asked->task, results_of(asked), outputs, error);
    if (asked->program)
        return wi_program_check_answer(asked->program, outputs, error);
    if (asked->kernel)
        return wi_kernel_check_answer(
            asked->kernel, &asked->tensors, asked->options, outputs, error);
    if (asked->model->kernels)
        return check_rows(sent, outputs, error);
    switch (asked->model->builtin) {
    case WI_BUILTIN_ECHO:
        return check_echo(asked, outputs, error);
    case WI_BUILTIN_COUNT:
        return outputs->count == 0
                   ? WI_OK
                   : wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                         "it has %zu outputs; builtin/count has none", outputs->count);
    default:
        return wi_onnx_check_answer(
            &asked->model->facts.signature, &asked->outputs, outputs, odd, error);
    }
}

/* What a node says that it has measured. */
struct measured {
    double first_ms, load_ms, clock_ms;
    int64_t repeats, threads;
    const char *output_hash;
    json_t *run_ms, *gpu_ms, *disturbed, *profile;
};

static const struct wi_param measured_table[] = {
    WI_PARAM(measured, first_ms, NUMBER, .required = 1, .max = MAX_MS),
    WI_PARAM(measured, run_ms, ARRAY, .required = 1),
    WI_PARAM(measured, gpu_ms, ARRAY),
    WI_PARAM(measured, load_ms, NUMBER, .required = 1, .max = MAX_MS),
    WI_PARAM(measured, threads, INTEGER, .min = 1, .max = MAX_THREADS),
    WI_PARAM(measured, repeats, INTEGER, .required = 1, .min = 1, .max = 1e9),
    WI_PARAM(measured, clock_ms, NUMBER, .required = 1, .max = MAX_MS),
    WI_PARAM(measured, disturbed, ARRAY, .required = 1),
    WI_PARAM(measured, profile, OBJECT),
    WI_PARAM(measured, output_hash, STRING, .required = 1, .min = 64, .max = 64),
    WI_PARAM_END,
};

/* A time for each run. */
static int are_times(const json_t *list, size_t runs)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *ms = json_array_get(list, i);
        if (!json_is_number(ms) || json_number_value(ms) < 0 || json_number_value(ms) > MAX_MS)
            return 0;
    }
    return json_array_size(list) == runs;
}

/* Numbers of runs, in their order. */
static int are_runs(const json_t *list, size_t runs)
{
    json_int_t before = -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *index = json_array_get(list, i);
        if (!json_is_integer(index) || json_integer_value(index) <= before ||
            (uint64_t)json_integer_value(index) >= runs)
            return 0;
        before = json_integer_value(index);
    }
    return 1;
}

static double times_add_up(const json_t *times)
{
    double sum = 0;
    for (size_t i = 0; i < json_array_size(times); i++)
        sum += json_number_value(json_array_get(times, i));
    return sum;
}

/* A profile goes to a client that has asked for one, with the times that were checked above. */
static enum wi_code answer_check_profile(const struct wi_benchmark *benchmark,
    const struct measured *measured, json_t *result, struct wi_error *error)
{
    if (!benchmark->profile)
        json_object_del(result, "profile");
    if (!benchmark->profile)
        return WI_OK;
    if (!measured->profile)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.result.profile",
            "data.result.profile is missing: the node makes no profiles");
    if (wi_profile_settle(measured->profile,
            times_add_up(measured->run_ms) * (double)measured->repeats, "data.result.profile.",
            error) != WI_OK)
        return answer_unusable(error);
    json_int_t runs = json_integer_value(json_object_get(measured->profile, "runs"));
    return runs == benchmark->runs
               ? WI_OK
               : wi_error_set(error, WI_INFERENCE_FAILED, "data.result.profile.runs",
                     "data.result.profile.runs is %lld and not the %u that were asked for",
                     (long long)runs, benchmark->runs);
}

/* Other members than these do not go to clients. */
static enum wi_code check_benchmark(
    const struct wi_benchmark *benchmark, json_t *result, struct wi_error *error)
{
    struct measured measured = {0};
    const char *wrong = NULL;
    if (!json_is_object(result))
        return wi_error_set(
            error, WI_INFERENCE_FAILED, "data.result", "data.result must say what was measured");
    if (wi_params_read(measured_table, result, WI_PARAMS_OPEN, "data.result.", &measured, error) !=
        WI_OK)
        return answer_unusable(error);
    if (!are_times(measured.run_ms, benchmark->runs))
        wrong = "data.result.run_ms";
    else if (measured.gpu_ms && !are_times(measured.gpu_ms, benchmark->runs))
        wrong = "data.result.gpu_ms";
    else if (!are_runs(measured.disturbed, benchmark->runs))
        wrong = "data.result.disturbed";
    else if (measured.output_hash[strspn(measured.output_hash, "0123456789abcdef")] != '\0')
        wrong = "data.result.output_hash";
    keep_only(measured_table, result);
    return wrong ? wi_error_set(error, WI_INFERENCE_FAILED, wrong,
                       "%s does not fit the %u runs that were asked for", wrong, benchmark->runs)
                 : answer_check_profile(benchmark, &measured, result, error);
}

static enum wi_code check_result(
    const struct wi_inference *asked, const struct wi_answer *answer, struct wi_error *error)
{
    if (asked->benchmark.runs)
        return check_benchmark(&asked->benchmark, answer->result, error);
    if (asked->task != WI_TASK_NONE)
        return wi_task_check_answer(
            asked->task, results_of(asked), asked->stream, answer->result, &answer->outputs, error);
    return asked->model->builtin == WI_BUILTIN_COUNT
               ? answer_check_count(asked, answer->result, error)
               : WI_OK;
}

enum wi_code wi_answer_check_outputs(const struct wi_sent *sent, const struct wi_tensors *outputs,
    const char **odd, struct wi_error *error)
{
    *odd = NULL;
    if (sent->asked->raw)
        return check_raw(outputs, error);
    return check_outputs(sent, outputs, odd, error);
}

enum wi_code wi_answer_check(const struct wi_sent *sent, const struct wi_answer *answer,
    const char **odd, struct wi_error *error)
{
    const char *first_odd = NULL;
    enum wi_code code = WI_OK;
    if (answer->executed_on)
        code = check_report(sent, answer->executed_on, error);
    int is_raw = sent->asked->raw && json_is_true(json_object_get(answer->result, "raw"));
    if (code == WI_OK && answer->ok)
        code = is_raw ? check_raw(&answer->outputs, error)
                      : check_outputs(sent, &answer->outputs, &first_odd, error);
    if (code == WI_OK && answer->ok && !is_raw)
        code = check_result(sent->asked, answer, error);
    if (odd)
        *odd = code == WI_OK ? first_odd : NULL;
    return code;
}

/* --- failures -------------------------------------------------------------------------------- */

/* What nodes say, ours among them (page/src/engine/errors.js). */
static const struct {
    const char *name;
    enum wi_code code;
} claims[] = {
    {"inference_failed", WI_INFERENCE_FAILED},
    {"model_invalid", WI_MODEL_INVALID},
    {"kernel_invalid", WI_KERNEL_INVALID},
    {"operator_unsupported", WI_OPERATOR_UNSUPPORTED},
    {"platform_unsupported", WI_PLATFORM_UNSUPPORTED},
    {"precision_unsupported", WI_PRECISION_UNSUPPORTED},
    {"picture_invalid", WI_PICTURE_INVALID},
    {"picture_too_large", WI_PICTURE_TOO_LARGE},
    {"audio_invalid", WI_AUDIO_INVALID},
    {"audio_too_large", WI_AUDIO_TOO_LARGE},
    {"input_unknown", WI_INPUT_UNKNOWN},
    {"input_missing", WI_INPUT_MISSING},
    {"input_datatype", WI_INPUT_DATATYPE},
    {"input_shape", WI_INPUT_SHAPE},
    {"input_size", WI_INPUT_SIZE},
    {"input_invalid", WI_INPUT_INVALID},
    {"grammar_too_costly", WI_GRAMMAR_TOO_COSTLY},
    {"output_unknown", WI_OUTPUT_UNKNOWN},
    {"answer_too_large", WI_ANSWER_TOO_LARGE},
    {"context_length_exceeded", WI_CONTEXT_LENGTH},
    {"model_too_large", WI_MODEL_TOO_LARGE},
    {"stream_diverged", WI_STREAM_DIVERGED},
    {"node_paused", WI_NODE_PAUSED},
    /* About the node itself: clients see inference_failed, with the name before the text. */
    {"device_lost", WI_INFERENCE_FAILED},
    {"engine_crashed", WI_INFERENCE_FAILED},
    {"engine_hung", WI_INFERENCE_FAILED},
    {"out_of_memory", WI_INFERENCE_FAILED},
    {"model_fetch_failed", WI_INFERENCE_FAILED},
};

struct wi_claim wi_claim_of(const struct wi_sent *sent, const char *code, double now_ms)
{
    struct wi_claim claim = {.code = WI_INFERENCE_FAILED, .retryable = 1};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        if (strcmp(claims[i].name, code) != 0)
            continue;
        claim = (struct wi_claim){.code = claims[i].code, .known = 1};
        claim.is_ours = strcmp(wi_code_name(claim.code), code) == 0;
        claim.hung = strcmp(code, "engine_hung") == 0;
        claim.broke = claim.hung || strcmp(code, "engine_crashed") == 0;
        claim.starved = strcmp(code, "out_of_memory") == 0;
        claim.retryable = claim.code == WI_NODE_PAUSED;
        return claim;
    }
    /* The deadline is ours, and its passing is for everybody to see. */
    if (strcmp(code, wi_code_name(WI_DEADLINE_EXCEEDED)) == 0 &&
        now_ms >= sent->due - DEADLINE_SLACK_MS)
        claim = (struct wi_claim){.code = WI_DEADLINE_EXCEEDED, .known = 1, .is_ours = 1};
    return claim;
}

/* Whether the error is about the daemon that gave it: its load, its models, its tokens. */
static int is_of_the_daemon(enum wi_code code)
{
    int status = wi_code_status(code);
    return status == 401 || status == 403 || status == 404 || status == 408 || status == 409 ||
           status == 410 || status == 429 || (status >= 500 && code != WI_NOT_IMPLEMENTED);
}

struct wi_claim wi_claim_of_relay(const struct wi_sent *sent, const char *code, double now_ms)
{
    struct wi_claim claim = wi_claim_of(sent, code, now_ms);
    enum wi_code said = wi_code_from_name(code);
    if (claim.known || said == WI_OK || strcmp(wi_code_name(said), code) != 0)
        return claim;
    if (said != WI_ATTEMPTS_EXHAUSTED && is_of_the_daemon(said))
        return (struct wi_claim){.code = WI_INFERENCE_FAILED, .known = 1, .retryable = 1};
    return (struct wi_claim){.code = said, .known = 1, .is_ours = 1};
}
