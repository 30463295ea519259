/* What POST /v1/benchmark asks for; see benchmark.h. A model's inputs are read and checked as in
 * the native dialect, a kernel's as for POST /v1/compute. Absent inputs are made here, once the
 * model or kernel is known. */
#include "wire/benchmark/benchmark.h"

#include "base/memory.h"
#include "terms/lab/profile.h"
#include "wire/compute/compute.h"
#include "wire/native/native.h"
#include "wire/probe.h"
#include <string.h>

#define RUNS_DEFAULT 20
#define WARMUP_DEFAULT 1
#define TIMEOUT_DEFAULT_MS 600000
/* The same inputs each time, so that benchmarks of one thing can be compared. */
#define SEED 1

/* The table's target; all is borrowed from the document. */
struct fields {
    struct wi_native_terms terms;
    const char *model_name, *kernel, *task;
    int precision; /* -1: not given */
    int optimization, profile;
    int64_t runs, warmup; /* `runs` 0: not given */
    json_t *inputs, *options, *threads, *parameters;
};

enum optimization { OPTIMIZE_NONE, OPTIMIZE_ALL };
static const char *const optimizations[] = {[OPTIMIZE_NONE] = "none", [OPTIMIZE_ALL] = "all", NULL};

const struct wi_param wi_benchmark_params[] = {
    WI_NATIVE_ROW(model_name, STRING, 1, WI_MODEL_NAME_MAX,
        "The model to measure; either this or kernel is required."),
    WI_NATIVE_ROW(kernel, STRING, 1, 64, "The kernel to measure, if no model is given."),
    WI_PARAM(fields, inputs, ANY, .form = "[Tensor]|[string]|string|Inputs",
        .help = "As for POST /v1/infer. Without inputs, a model gets an input that suits its task; "
                "a kernel, or a model without a task, gets random numbers. These inputs are the "
                "same each time."),
    WI_NATIVE_ROW(task, STRING, 1, 64, "The task to perform."),
    WI_NATIVE_ROW(options, OBJECT, 0, 0, "Options of the task, the model or the kernel.",
        .form = "TaskOptions|KernelOptions"),
    WI_NATIVE_ROW(runs, INTEGER, 1, 1000,
        "The number of measured runs; 20 by default. With profile, at most 50, and 5 by default."),
    WI_NATIVE_ROW(
        warmup, INTEGER, 0, 100, "The number of runs before the measured ones; 1 by default."),
    WI_PARAM(fields, threads, ANY, .form = "integer|'all'",
        .help = "For an ONNX model on wasm or native: 1, or \"all\" for all threads that the node "
                "may use. A kernel always uses one thread."),
    WI_PARAM(fields, optimization, ENUM, .names = optimizations,
        .help = "For an ONNX model: with none, onnxruntime runs the graph as is, without fusing "
                "operators; all by default."),
    WI_PARAM(fields, profile, BOOL,
        .help = "Whether the answer also tells the time of each operator and of each node of the "
                "graph. Profiling makes runs slower."),
    WI_NATIVE_PLATFORM("As for POST /v1/infer, but no other platform is tried."),
    WI_NATIVE_BROWSER,
    WI_NATIVE_NODE,
    WI_PARAM(fields, precision, ENUM, .names = wi_infer_precision_names,
        .help = "The variant, as in NAME:VARIANT."),
    WI_NATIVE_PRIORITY,
    WI_NATIVE_TIMEOUT("The time limit for the whole request; 600000 by default."),
    WI_NATIVE_ID,
    WI_NATIVE_PARAMETERS("{binary_data_output: true} asks for binary outputs."),
    WI_PARAM_END,
};

/* For a request whose inputs must still be made. Begins with the extras that the native dialect
 * prints by. */
struct extras {
    struct wi_native_extras native;
    int makes_inputs;
};

/* --- the request ------------------------------------------------------------------------------ */

static enum wi_code check_subject(const struct fields *fields, struct wi_error *error)
{
    if (!fields->model_name == !fields->kernel) {
        enum wi_code code = fields->kernel ? WI_INVALID_FIELD : WI_MISSING_FIELD;
        wi_error_set(error, code, fields->kernel ? "kernel" : "model_name", "%s",
            fields->kernel ? "a model and a kernel cannot be measured together"
                           : "both model_name and kernel are missing");
        return wi_error_expect(error, "model_name or kernel");
    }
    return fields->kernel ? WI_OK : wi_model_check_name(fields->model_name, error);
}

static enum wi_code read_threads(
    const json_t *threads, struct wi_benchmark *benchmark, struct wi_error *error)
{
    if (!threads)
        return WI_OK;
    if (json_is_integer(threads) && json_integer_value(threads) == 1) {
        benchmark->threads = WI_THREADS_ONE;
        return WI_OK;
    }
    if (json_is_string(threads) && strcmp(json_string_value(threads), "all") == 0) {
        benchmark->threads = WI_THREADS_ALL;
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "threads", "threads is neither 1 nor \"all\"");
    return wi_error_expect(error, "1 or \"all\"");
}

/* Threads are counted only on platforms that compute on the CPU. */
static enum wi_code check_threads(const struct wi_inference *asked, struct wi_error *error)
{
    if (asked->benchmark.threads == WI_THREADS_USUAL ||
        (asked->has_platform && (asked->platform == WI_WASM || asked->platform == WI_NATIVE)))
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "threads", "threads can be set for wasm and native only");
    return wi_error_expect(error, "the platform wasm or native, or no threads");
}

/* A profile is of few runs, and each of them counts. */
static enum wi_code read_runs(
    const struct fields *fields, struct wi_benchmark *benchmark, struct wi_error *error)
{
    int64_t otherwise = fields->profile ? WI_PROFILE_RUNS_DEFAULT : RUNS_DEFAULT;
    benchmark->runs = (unsigned)(fields->runs ? fields->runs : otherwise);
    benchmark->warmup = (unsigned)fields->warmup;
    benchmark->as_it_is = fields->optimization == OPTIMIZE_NONE;
    benchmark->profile = fields->profile;
    if (!benchmark->profile || benchmark->runs <= WI_PROFILE_RUNS_MAX)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "runs", "runs is %u, and a profile has at most %d runs",
        benchmark->runs, WI_PROFILE_RUNS_MAX);
    return wi_error_expect(error, "1 to %d, or no profile", WI_PROFILE_RUNS_MAX);
}

static enum wi_code read_subject(
    struct wi_infer *infer, const struct fields *fields, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    infer->model_name = wi_strdup(fields->kernel ? fields->kernel : fields->model_name);
    asked->precision = wi_infer_take_precision(fields->precision);
    asked->options = json_incref(fields->options);
    if (!fields->kernel)
        return wi_native_read_task(
            infer, fields->task, json_object_get(fields->inputs, "messages") != NULL, error);
    enum wi_code code = wi_compute_find_kernel(infer, fields->kernel, error);
    return code == WI_OK ? wi_kernel_check_options(asked->kernel, asked->options, error) : code;
}

static enum wi_code read_inputs(struct wi_infer *infer, json_t *inputs, struct wi_error *error)
{
    struct extras *extras = infer->extras;
    extras->makes_inputs = inputs == NULL;
    if (!inputs)
        return WI_OK;
    if (infer->asked->kernel && !json_is_array(inputs)) {
        wi_error_set(error, WI_INVALID_FIELD, "inputs", "a kernel takes tensors");
        return wi_error_expect(error, "a list of {\"name\",\"datatype\",\"shape\",\"data\"}");
    }
    return wi_native_read_inputs(infer, inputs, error);
}

static enum wi_code benchmark_read(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct fields fields = {.terms = WI_NATIVE_TERMS,
        .precision = -1,
        .optimization = OPTIMIZE_ALL,
        .warmup = WARMUP_DEFAULT};
    fields.terms.fallback = 0;
    fields.terms.timeout_ms = TIMEOUT_DEFAULT_MS;
    enum wi_code code =
        wi_params_read(wi_benchmark_params, root, WI_PARAMS_STRICT, "", &fields, error);
    if (code == WI_OK)
        code = check_subject(&fields, error);
    if (code == WI_OK)
        code = wi_native_read_parameters(infer, fields.parameters, error);
    if (code == WI_OK)
        code = wi_native_read_terms(infer, &fields.terms, error);
    if (code == WI_OK)
        code = read_threads(fields.threads, &asked->benchmark, error);
    if (code == WI_OK)
        code = check_threads(asked, error);
    if (code == WI_OK)
        code = read_runs(&fields, &asked->benchmark, error);
    if (code != WI_OK)
        return code;
    if ((code = read_subject(infer, &fields, error)) != WI_OK ||
        (code = wi_infer_check_options(infer, infer->json_size, error)) != WI_OK)
        return code;
    return read_inputs(infer, fields.inputs, error);
}

/* --- inputs of ours --------------------------------------------------------------------------- */

/* The client's options take precedence over those of the probe. */
static void take_probe(struct wi_infer *infer, struct wi_inference *made)
{
    struct wi_inference *asked = infer->asked;
    json_t *options = json_incref(made->options);
    if (options && asked->options)
        json_object_update(options, asked->options);
    if (options) {
        json_decref(asked->options);
        asked->options = options;
    }
    if (made->task != WI_TASK_NONE)
        asked->task = made->task;
    asked->input = json_incref(made->input);
    wi_tensors_share(&asked->tensors, &made->tensors);
    if (asked->input)
        infer->form = WI_FORM_MADE;
    wi_inference_release(made);
}

/* 0, or -1: there is no sample of clients' requests for it. */
static int make_inputs(struct wi_infer *infer, const struct wi_model *model)
{
    struct wi_inference *asked = infer->asked, *made;
    if (asked->kernel)
        return wi_kernel_draw(asked->kernel, SEED, &asked->tensors);
    made = wi_probe_usual((struct wi_model *)model, asked->task, SEED);
    if (made)
        take_probe(infer, made);
    return made ? 0 : -1;
}

static enum wi_code benchmark_fit(
    struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    struct extras *extras = infer->extras;
    if (!extras->makes_inputs)
        return WI_OK;
    extras->makes_inputs = 0;
    if (make_inputs(infer, model) == 0)
        return WI_OK;
    wi_error_set(error, WI_INPUT_INVALID, "inputs", "no inputs can be generated for %s: send some",
        model->name);
    return wi_error_expect(error, "inputs, as for POST /v1/infer");
}

/* --- what depends on the model ---------------------------------------------------------------- */

static enum wi_code check_optimization(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (!asked->benchmark.as_it_is ||
        (model && (model->engine == WI_ENGINE_ORT || model->engine == WI_ENGINE_PIPELINE)))
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "optimization",
        "%s has no graph that onnxruntime would optimise", infer->model_name);
    return wi_error_expect(error, "no optimization, or an ONNX model");
}

/* An echo and a count compute nothing. */
static enum wi_code benchmark_check_profile(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    if (!infer->asked->benchmark.profile || !model || model->engine != WI_ENGINE_BUILTIN)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "profile", "%s computes nothing that could be profiled",
        infer->model_name);
    return wi_error_expect(error, "no profile, or a model that computes");
}

static enum wi_code benchmark_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    enum wi_code code = check_optimization(infer, asked->kernel ? NULL : model, error);
    if (code == WI_OK)
        code = benchmark_check_profile(infer, asked->kernel ? NULL : model, error);
    if (code != WI_OK)
        return code;
    if (asked->kernel)
        return wi_kernel_check_inputs(asked->kernel, &asked->tensors, asked->options, error);
    if (asked->benchmark.threads != WI_THREADS_USUAL && model->engine != WI_ENGINE_ORT &&
        model->engine != WI_ENGINE_KERNELS) {
        wi_error_set(error, WI_INVALID_FIELD, "threads",
            "the engine of %s has as many threads as [models] threads says", model->name);
        return wi_error_expect(error, "no threads, or an ONNX model");
    }
    return wi_native_check(infer, model, limits, error);
}

const struct wi_dialect wi_dialect_benchmark = {
    .name = "benchmark",
    WI_NATIVE_SHARED,
    .extras_size = sizeof(struct extras),
    .read = benchmark_read,
    .fit = benchmark_fit,
    .check = benchmark_check,
};
