/*
 * The native dialect's JSON against its parameter tables. Unknown fields are errors that name them;
 * a number that is not finite is an error that recommends binary.
 */
#include "wire/native/native.h"

#include "base/json_read.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "base/params.h"
#include "terms/format/model.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As for the JSON head of a binary frame: more than this is tensor data in the wrong place. */
#define JSON_HEAD_MAX (1 << 20)

/* The table's target; strings and JSON values are borrowed from the document. */
struct fields {
    struct wi_native_terms terms;
    const char *model_name, *task;
    int model_type, precision; /* -1: not given */
    int stream, resumable, publish;
    int64_t stall_timeout_ms;
    json_t *inputs, *outputs, *parameters, *options, *relay;
};

const struct wi_param wi_native_params[] = {
    WI_PARAM(fields, model_name, STRING, .required = 1, .min = 1, .max = WI_MODEL_NAME_MAX,
        .help = "NAME, or NAME:VARIANT for a variant other than the preferred one."),
    WI_PARAM(fields, inputs, ANY, .required = 1, .form = "[Tensor]|[string]|string|Inputs",
        .help =
            "A list of tensors {name, datatype, shape, data}, or the input of a task: see Tasks."),
    WI_PARAM(fields, model_type, ENUM, .names = wi_model_type_names,
        .help = "Overrides the model's own type."),
    WI_PARAM(
        fields, task, STRING, .min = 1, .max = 64, .form = "Task", .help = "The task to perform."),
    WI_NATIVE_PLATFORM(
        "auto (the default), webgpu, webnn, webgl or wasm; native, for joined programs; simulated, "
        "for tests with nodes that compute nothing. If webnn cannot run any part of a model, "
        "another platform does, and fallbacks in the answer states the reason."),
    WI_NATIVE_BROWSER,
    WI_NATIVE_NODE,
    WI_NATIVE_TERM(fallback, BOOL, 0, 0,
        "Whether another platform may be tried if the first one fails; true by default."),
    WI_PARAM(fields, precision, ENUM, .names = wi_infer_precision_names,
        .help = "The variant, as in NAME:VARIANT. By default, or with auto, the service uses the "
                "first variant in webinfer show that fits model_budget. 8 bits come first, then "
                "floats, then 4 bits, which are many times slower on WASM. If memory runs out, the "
                "next smaller variant runs, and fallbacks reports it. 16-bit floats and GGUF files "
                "run on WebGPU only with shader-f16."),
    WI_PARAM(fields, outputs, ARRAY, .min = 0, .max = WI_TENSORS_MAX, .form = "[WantedOutput]",
        .help = "Outputs to return, by name or as {name, parameters: {binary_data}}; all by "
                "default."),
    WI_NATIVE_PRIORITY,
    WI_NATIVE_TIMEOUT("The time limit for queueing, loading and running; 60000 by default, 600000 "
                      "for streams, generated text and speech recognition."),
    WI_PARAM(fields, stream, BOOL, .help = "Whether the answer is sent in parts."),
    WI_PARAM(fields, resumable, BOOL, .help = "Whether the stream can be resumed."),
    WI_PARAM(fields, stall_timeout_ms, INTEGER, .min = 1, .max = WI_NATIVE_TIMEOUT_MAX_MS,
        .help = "How long a stream may send nothing once it has begun."),
    WI_PARAM(fields, publish, BOOL,
        .help = "Whether subscribers get the result; see webinfer-channels(7)."),
    WI_NATIVE_ID,
    WI_NATIVE_PARAMETERS("{binary_data_output: true} asks for binary outputs."),
    WI_PARAM(fields, options, OBJECT, .form = "TaskOptions",
        .help = "Options of the task or model. An unknown option is refused with 400."),
    WI_PARAM(fields, relay, OBJECT, .form = "Relay", .help = "See webinfer-relay(7)."),
    {0},
};

enum wi_code wi_native_frame(const char *content_type, const char *head_length, size_t body_size,
    size_t *json_size, struct wi_error *error)
{
    static const char field[] = "Inference-Header-Content-Length";
    uint64_t length;
    *json_size = body_size;
    if (!head_length) {
        if (!wi_media_type_is(content_type, "application/octet-stream"))
            return WI_OK;
        return wi_error_set(error, WI_BAD_FRAMING, field,
            "a binary body needs the header %s: how many of its bytes are JSON", field);
    }
    if (wi_parse_length(head_length, &length) != 0)
        return wi_error_set(error, WI_BAD_FRAMING, field, "%s is not a number of bytes", field);
    if (length > body_size || length > JSON_HEAD_MAX) {
        wi_error_set(error, WI_BAD_FRAMING, field,
            "%s is %llu, but the body has %zu bytes and its JSON may have %d", field,
            (unsigned long long)length, body_size, JSON_HEAD_MAX);
        wi_error_expect(
            error, "at most %zu", body_size < JSON_HEAD_MAX ? body_size : (size_t)JSON_HEAD_MAX);
        return WI_BAD_FRAMING;
    }
    *json_size = (size_t)length;
    return WI_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* Whether the parser failed at a number that is not finite, at `at` or just before it. */
static int is_non_finite(const char *text, size_t size, size_t at)
{
    static const char *const words[] = {"NaN", "nan", "Infinity", "inf", "Inf"};
    size_t start = at < 10 ? 0 : at - 10;
    size_t end = at + 10 < size ? at + 10 : size;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (start < end && memmem(text + start, end - start, words[i], strlen(words[i])))
            return 1;
    return 0;
}

/* The name of the member that the number before `at` belongs to, also in a list; "" if it is
 * unclear. Tensor data may be long, but only one error is written. */
static void find_member(const char *text, size_t at, char *name, size_t size)
{
    static const char numbers[] = "0123456789+-.eE,[] \t\r\n";
    *name = '\0';
    while (at > 0 && memchr(numbers, text[at - 1], sizeof numbers - 1))
        at--;
    if (at == 0 || text[--at] != ':')
        return;
    while (at > 0 && memchr(" \t\r\n", text[at - 1], 4))
        at--;
    const char *quote = at > 1 && text[at - 1] == '"' ? memrchr(text, '"', at - 1) : NULL;
    if (quote)
        snprintf(name, size, "%.*s", (int)(text + at - 1 - quote - 1), quote + 1);
}

/* A number too large for jansson. In `data` it may be intended, elsewhere it is a mistake. */
static void explain_overflow(
    const char *text, size_t at, const json_error_t *place, struct wi_error *error)
{
    char name[64];
    find_member(text, at, name, sizeof name);
    if (!*name || strcmp(name, "data") == 0) {
        wi_error_set(error, WI_NON_FINITE, NULL,
            "line %d, column %d: this number is too large for JSON; send the tensor in binary "
            "(parameters.binary_data_size)",
            place->line, place->column);
        return;
    }
    const struct wi_param *row = wi_params_find(wi_native_params, name);
    wi_error_set(error, WI_INVALID_FIELD, name, "line %d, column %d: %s is too large a number",
        place->line, place->column, name);
    if (row && row->kind == WI_PARAM_INTEGER)
        wi_error_expect(error, "%.15g to %.15g", row->min, row->max);
    else
        wi_error_expect(error, "at most %lld", (long long)INT64_MAX);
}

/* The object that a text is, a new reference. NULL with WI_BAD_JSON, WI_NON_FINITE or
 * WI_INVALID_FIELD for anything else. */
static json_t *native_load(const char *text, size_t size, struct wi_error *error)
{
    json_error_t place;
    json_t *root = wi_json_read(text, size, JSON_ALLOW_NUL, &place);
    if (root && json_is_object(root)) {
        wi_json_settle_integers(root);
        return root;
    }
    enum json_error_code why = root ? json_error_unknown : json_error_code(&place);
    size_t at = !root && place.position > 0 ? (size_t)place.position : 0;
    if (root) {
        wi_error_set(error, WI_BAD_JSON, NULL, "the body must be a JSON object");
    } else if (why == json_error_numeric_overflow) {
        explain_overflow(text, at < size ? at : size, &place, error);
    } else if (why == json_error_invalid_syntax && is_non_finite(text, size, at)) {
        wi_error_set(error, WI_NON_FINITE, NULL,
            "line %d, column %d: this number is not finite; send the tensor in binary "
            "(parameters.binary_data_size)",
            place.line, place.column);
    } else {
        wi_error_set(error, WI_BAD_JSON, NULL, "line %d, column %d: %.200s", place.line,
            place.column, place.text);
    }
    json_decref(root);
    return NULL;
}

enum wi_code wi_native_read_body(struct wi_infer *infer, struct wi_error *error)
{
    json_t *root = native_load((const char *)infer->body->bytes, infer->json_size, error);
    if (!root)
        return error ? error->code : WI_BAD_JSON;
    enum wi_code code = infer->dialect->read(infer, root, error);
    if (code == WI_OK)
        code = wi_infer_check_options(infer, infer->json_size, error);
    json_decref(root);
    return code;
}

/* --- fields ----------------------------------------------------------------------------------- */

enum wi_code wi_native_read_parameters(
    struct wi_infer *infer, const json_t *given, struct wi_error *error)
{
    static const struct wi_param table[] = {
        WI_PARAM_AS("binary_data_output", wi_native_extras, binary_output, BOOL),
        {0},
    };
    return given
               ? wi_params_read(table, given, WI_PARAMS_STRICT, "parameters.", infer->extras, error)
               : WI_OK;
}

struct output {
    const char *name;
    json_t *parameters;
};
static const struct wi_param output_table[] = {
    WI_PARAM(output, name, STRING, .required = 1, .min = 1, .max = WI_TENSOR_NAME_MAX),
    WI_PARAM(output, parameters, OBJECT),
    WI_PARAM_END,
};

static enum wi_code read_output(struct wi_infer *infer, size_t index, const json_t *value,
    enum wi_binary_choice *choice, struct wi_error *error)
{
    struct output output = {0};
    static const struct wi_param binary_table[] = {
        {.name = "binary_data", .kind = WI_PARAM_BOOL, .offset = 0}, {0}};
    char where[48];
    int binary = -1;
    enum wi_code code = WI_OK;
    snprintf(where, sizeof where, "outputs[%zu]", index);
    if (json_is_string(value)) {
        output.name = json_string_value(value);
        if (strlen(output.name) != json_string_length(value) || !*output.name)
            return wi_error_set(error, WI_INVALID_FIELD, where, "%s is not a name", where);
    } else if (json_is_object(value)) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s.", where);
        code = wi_params_read(output_table, value, WI_PARAMS_STRICT, prefix, &output, error);
        snprintf(prefix, sizeof prefix, "%s.parameters.", where);
        if (code == WI_OK && output.parameters)
            code = wi_params_read(
                binary_table, output.parameters, WI_PARAMS_STRICT, prefix, &binary, error);
    } else {
        code = wi_error_set(error, WI_INVALID_FIELD, where, "%s has the wrong type", where);
        wi_error_expect(error, "a name, or {\"name\",\"parameters\":{\"binary_data\":true}}");
    }
    if (code != WI_OK)
        return code;
    wi_strings_add(&infer->asked->outputs, output.name);
    *choice = binary < 0 ? WI_BINARY_DEFAULT : binary ? WI_BINARY_YES : WI_BINARY_NO;
    return WI_OK;
}

enum wi_code wi_native_read_outputs(
    struct wi_infer *infer, const json_t *list, struct wi_error *error)
{
    struct wi_native_extras *extras = infer->extras;
    size_t count = json_array_size(list);
    if (count == 0)
        return WI_OK;
    extras->outputs = wi_realloc_array(NULL, count, sizeof *extras->outputs);
    for (size_t i = 0; i < count; i++) {
        enum wi_code code =
            read_output(infer, i, json_array_get(list, i), &extras->outputs[i], error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

/* --- all together ----------------------------------------------------------------------------- */

enum wi_code wi_native_read_terms(
    struct wi_infer *infer, const struct wi_native_terms *terms, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    asked->client_id = wi_strdup(terms->id);
    asked->browser = wi_strdup(terms->browser);
    asked->node = wi_strdup(terms->node);
    asked->fallback = terms->fallback;
    asked->priority = (int)terms->priority;
    infer->has_timeout = terms->timeout_ms > 0;
    asked->timeout_ms = (double)terms->timeout_ms;
    return wi_infer_read_platform(terms->platform, &asked->has_platform, &asked->platform, error);
}

enum wi_code wi_native_read_task(
    struct wi_infer *infer, const char *name, int conversation, struct wi_error *error)
{
    char names[sizeof error->allowed];
    infer->asked->task = wi_task_of_name(name, conversation);
    if (!name || infer->asked->task != WI_TASK_NONE)
        return WI_OK;
    wi_task_all_names(names, sizeof names);
    wi_error_set(error, WI_INVALID_FIELD, "task", "\"%.64s\" is none of the tasks", name);
    return wi_error_allow(error, "%s", names);
}

static enum wi_code native_read_fields(
    struct wi_infer *infer, const struct fields *fields, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    enum wi_code code;
    infer->model_name = wi_strdup(fields->model_name);
    asked->precision = wi_infer_take_precision(fields->precision);
    asked->has_type = fields->model_type >= 0;
    if (asked->has_type)
        asked->type = (enum wi_model_type)(fields->model_type + 1);
    asked->stream = fields->stream;
    infer->resumable = fields->resumable;
    asked->publish = fields->publish;
    asked->stall_timeout_ms = (double)fields->stall_timeout_ms;
    if ((code = wi_model_check_name(infer->model_name, error)) != WI_OK ||
        (code = wi_native_read_task(infer, fields->task,
             json_object_get(fields->inputs, "messages") != NULL, error)) != WI_OK ||
        (code = wi_native_read_terms(infer, &fields->terms, error)) != WI_OK ||
        (code = wi_native_read_relay(infer, fields->relay, error)) != WI_OK ||
        (code = wi_native_read_parameters(infer, fields->parameters, error)) != WI_OK)
        return code;
    asked->options = json_incref(fields->options); /* the model knows which there are */
    return wi_native_read_outputs(infer, fields->outputs, error);
}

void wi_native_free_extras(void *data)
{
    struct wi_native_extras *extras = data;
    free(extras->outputs);
    free(extras);
}

enum wi_code wi_native_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct fields fields = {.terms = WI_NATIVE_TERMS, .model_type = -1, .precision = -1};
    enum wi_code code =
        wi_params_read(wi_native_params, root, WI_PARAMS_STRICT, "", &fields, error);
    if (code == WI_OK)
        code = native_read_fields(infer, &fields, error);
    if (code == WI_OK)
        code = wi_infer_check_options(infer, infer->json_size, error);
    return code == WI_OK ? wi_native_read_inputs(infer, fields.inputs, error) : code;
}
