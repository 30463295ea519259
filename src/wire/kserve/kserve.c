/* KServe's dialects, one for each form of bodies: their errors, their parameters, and inference
 * over tensors. */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include "base/secret.h"
#include "wire/openai/openai.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- errors ---------------------------------------------------------------------------------- */

/* Our names of fields, and theirs. `input` is the input that is read. */
static void print_field(const struct wi_error *error, const char *input, char *out, size_t size)
{
    static const char *const parameters[] = {
        "platform", "browser", "node", "fallback", "precision", "task"};
    int theirs = error->code == WI_UNKNOWN_FIELD;
    const char *name = error->field;
    snprintf(out, size, "%s", name);
    if (strncmp(name, "options.", 8) == 0)
        snprintf(out, size, "parameters.%s", name + 8);
    if (strcmp(name, "timeout_ms") == 0)
        snprintf(out, size, "parameters.timeout");
    if (!theirs && strcmp(name, "inputs") == 0)
        snprintf(out, size, "%s", input);
    for (size_t i = 0; !theirs && i < sizeof parameters / sizeof *parameters; i++)
        if (strcmp(name, parameters[i]) == 0)
            snprintf(out, size, "parameters.%s", name);
}

static void put_error(
    struct wi_buffer *out, const struct wi_error *error, const char *input, const char *request_id)
{
    char field[sizeof error->field + sizeof "parameters."];
    print_field(error, input, field, sizeof field);
    wi_buffer_puts(out, "{\"error\":");
    wi_buffer_json_string(out, error->detail);
    wi_json_member_add(out, "code", wi_code_name(error->code));
    wi_json_member_add(out, "field", field);
    wi_json_member_add(out, "expected", error->expected);
    wi_json_member_add(out, "allowed", error->allowed);
    wi_json_member_add(out, "request_id", request_id);
    wi_buffer_puts(out, "}");
}

static void kserve_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    put_error(out, error, dialect->input, request_id);
    wi_buffer_puts(out, "\n");
}

/* --- streams --------------------------------------------------------------------------------- */

static void stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
}

static void stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "data: ");
    put_error(out, error, "text_input", request_id);
    wi_buffer_puts(out, "\n\n");
}

/* The address alone says whether the answer is a stream. */
static enum wi_code check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    return WI_OK;
}

/* --- the parameters of requests --------------------------------------------------------------- */

#define TIMEOUT_MAX_US 3600000000.0
#define COUNT_MAX 9007199254740991.0 /* the largest integer that every peer represents exactly */

struct parameters {
    int binary_data_output, fallback, precision; /* precision: -1 if not given */
    int64_t priority, timeout;
    const char *platform, *browser, *node, *task;
    json_t *sequence_id, *sequence_start, *sequence_end;
};

#define SEQUENCE "Refused: requests are not joined into sequences."
const struct wi_param wi_kserve_parameters[] = {
    WI_PARAM(parameters, binary_data_output, BOOL,
        .help = "Whether outputs are binary unless the request says otherwise for one."),
    WI_PARAM(parameters, priority, INTEGER, .max = COUNT_MAX,
        .help = "1 is the most urgent; 0, the default, is the same as 5."),
    WI_PARAM(parameters, timeout, INTEGER, .max = TIMEOUT_MAX_US,
        .help = "In microseconds, for queue, load and run together; 0 means the default of "
                "timeout_ms in webinfer-api(7)."),
    WI_PARAM(parameters, platform, STRING, .min = 1, .max = 32,
        .help = "Where to run it; this and the next five are as in webinfer-api(7)."),
    WI_PARAM(parameters, browser, STRING, .min = 1, .max = 31),
    WI_PARAM(parameters, node, STRING, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(parameters, fallback, BOOL),
    WI_PARAM(parameters, precision, ENUM, .names = wi_infer_precision_names),
    WI_PARAM(parameters, task, STRING, .min = 1, .max = 64),
    WI_PARAM(parameters, sequence_id, ANY, .help = SEQUENCE),
    WI_PARAM(parameters, sequence_start, ANY, .help = SEQUENCE),
    WI_PARAM(parameters, sequence_end, ANY, .help = SEQUENCE),
    {0},
};

static void kserve_free_extras(void *data)
{
    struct wi_kserve_extras *extras = data;
    wi_kserve_task_free(extras->task);
    free(extras->tensors.outputs);
    free(extras);
}

enum wi_code wi_kserve_read_members(struct wi_infer *infer, const json_t *root,
    const struct wi_param *table, void *fields, struct wi_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)root, name, value)
    {
        if (infer->lenient && !json_is_null(value) && !wi_params_find(table, name))
            wi_infer_pass_over(infer, name);
    }
    return wi_params_read(
        table, root, infer->lenient ? WI_PARAMS_OPEN : WI_PARAMS_STRICT, "", fields, error);
}

static enum wi_code check_sequence(const struct parameters *parameters, struct wi_error *error)
{
    const char *name = parameters->sequence_id      ? "parameters.sequence_id"
                       : parameters->sequence_start ? "parameters.sequence_start"
                       : parameters->sequence_end   ? "parameters.sequence_end"
                                                    : NULL;
    if (!name)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, name,
        "%s is of a sequence, and no model here keeps anything from one request to the next", name);
    return wi_error_expect(error, "no such parameter");
}

/* Parameters that the protocol does not know are the model's. */
static void take_options(struct wi_inference *asked, const json_t *parameters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)parameters, name, value)
    {
        if (json_is_null(value) || wi_params_find(wi_kserve_parameters, name))
            continue;
        if (!asked->options)
            asked->options = json_object();
        json_object_set(asked->options, name, value);
    }
}

/* Their priorities begin with 1, the most urgent; ours go from 9 down to 0. */
static int priority_of(int64_t priority)
{
    return priority == 0 ? WI_PRIORITY_DEFAULT : priority >= 10 ? 0 : 10 - (int)priority;
}

enum wi_code wi_kserve_read_parameters(
    struct wi_infer *infer, const json_t *given, struct wi_error *error)
{
    struct parameters parameters = {.platform = "auto", .fallback = 1, .precision = -1};
    struct wi_inference *asked = infer->asked;
    struct wi_kserve_extras *extras = infer->extras;
    enum wi_code code = WI_OK;
    if (given)
        code = wi_params_read(
            wi_kserve_parameters, given, WI_PARAMS_OPEN, "parameters.", &parameters, error);
    if (code != WI_OK || (code = check_sequence(&parameters, error)) != WI_OK ||
        (code = wi_native_read_task(infer, parameters.task, 0, error)) != WI_OK ||
        (code = wi_infer_read_platform(
             parameters.platform, &asked->has_platform, &asked->platform, error)) != WI_OK)
        return code;
    asked->browser = wi_strdup(parameters.browser);
    asked->node = wi_strdup(parameters.node);
    asked->fallback = parameters.fallback;
    asked->precision = wi_infer_take_precision(parameters.precision);
    asked->priority = priority_of(parameters.priority);
    infer->has_timeout = parameters.timeout > 0;
    /* No time is less than the minimum of timeout_ms. */
    asked->timeout_ms = infer->has_timeout ? fmax(1, (double)parameters.timeout / 1000) : 0;
    extras->tensors.binary_output = parameters.binary_data_output;
    take_options(asked, given);
    return WI_OK;
}

/* Only the header says what a body is: some clients call every body binary. */
static enum wi_code kserve_frame(const char *content_type, const char *head_length,
    size_t body_size, size_t *json_size, struct wi_error *error)
{
    return wi_native_frame(NULL, head_length, body_size, json_size, error);
}

/* The most bytes that a byte of JSON takes in a string of JSON. */
#define ESCAPED_MAX 6

struct fields {
    const char *id;
    json_t *parameters, *inputs, *outputs;
};

const struct wi_param wi_kserve_infer_params[] = {
    WI_PARAM(fields, id, STRING, .max = 128, .help = "Returned in the answer."),
    WI_PARAM(fields, parameters, OBJECT, .help = "See Parameters."),
    WI_PARAM(fields, inputs, ARRAY, .required = 1, .max = WI_TENSORS_MAX,
        .help = "Tensors {name, datatype, shape, data}, or with parameters.binary_data_size "
                "instead of data."),
    WI_PARAM(fields, outputs, ARRAY, .max = WI_TENSORS_MAX,
        .help = "The outputs wanted: {name, parameters: {binary_data}}; all by default."),
    {0},
};

/* --- the request ------------------------------------------------------------------------------ */

/* Decoded data that is not among the tensors. */
static size_t decoded_bytes(const struct wi_kserve_task *task, const struct wi_tensors *tensors)
{
    const struct wi_tensors *files = &task->infer.asked->tensors;
    size_t bytes = 0;
    for (size_t i = 0; i < files->count; i++) {
        size_t at = 0;
        while (at < tensors->count && tensors->items[at].blob != files->items[i].blob)
            at++;
        bytes += at == tensors->count ? files->items[i].size : 0;
    }
    return bytes;
}

static enum wi_code read_inputs(
    struct wi_infer *infer, const json_t *inputs, struct wi_error *error)
{
    struct wi_kserve_extras *extras = infer->extras;
    struct wi_tensors *tensors = &infer->asked->tensors;
    enum wi_code code = wi_tensors_from_json(
        tensors, inputs, infer->body, infer->json_size, infer->budget, "inputs", error);
    if (code != WI_OK)
        return code;
    extras->task = wi_kserve_task_read(tensors, infer->budget);
    if (extras->task)
        infer->beside = decoded_bytes(extras->task, tensors);
    return WI_OK;
}

static enum wi_code infer_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct fields fields = {0};
    infer->options_where = "parameters.";
    enum wi_code code = wi_kserve_read_members(infer, root, wi_kserve_infer_params, &fields, error);
    if (code == WI_OK)
        code = wi_kserve_read_parameters(infer, fields.parameters, error);
    if (code == WI_OK)
        code = wi_native_read_outputs(infer, fields.outputs, error);
    if (code == WI_OK)
        code = wi_infer_check_options(infer, infer->json_size, error);
    if (code == WI_OK)
        code = read_inputs(infer, fields.inputs, error);
    if (fields.id && *fields.id)
        infer->asked->client_id = wi_strdup(fields.id);
    return code;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The result as an output: one string, its JSON. */
static void add_result(
    struct wi_printing *printing, const struct wi_infer *infer, const json_t *result)
{
    const struct wi_kserve_extras *extras = infer->extras;
    struct wi_buffer text = {0};
    wi_buffer_json(&text, result);
    uint32_t length = (uint32_t)text.size; /* a node's message has no more */
    struct wi_blob *blob = wi_blob_new(NULL, sizeof length + text.size);
    struct wi_tensor *tensor = wi_tensors_add(&printing->outputs);
    size_t count = printing->outputs.count;
    wi_blob_append(blob, &length, sizeof length);
    wi_blob_append(blob, text.text, text.size);
    *tensor = (struct wi_tensor){.name = wi_strdup("result"),
        .datatype = WI_BYTES,
        .rank = 1,
        .dims = {1},
        .blob = blob,
        .size = blob->size};
    wi_buffer_clear(&text);
    printing->binary = wi_realloc_array(printing->binary, count, sizeof *printing->binary);
    printing->binary[count - 1] = extras->result == WI_BINARY_DEFAULT
                                      ? extras->tensors.binary_output != 0
                                      : extras->result == WI_BINARY_YES;
    if (!printing->binary[count - 1]) {
        printing->json_bytes += blob->size;
        printing->needs += blob->size * ESCAPED_MAX;
    }
}

static void tensor_add_text(struct wi_buffer *out, const char *name, struct wi_buffer *text)
{
    wi_buffer_strings(out, "\"", name, "\":", NULL);
    wi_buffer_json_string(out, text->text);
    wi_buffer_clear(text);
}

/* A parameter may be a string, a number or a boolean, so these objects are JSON in a string. */
static void print_tail(
    struct wi_buffer *out, const struct wi_inference *asked, const struct wi_outcome *outcome)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(out, "],\"parameters\":{");
    wi_native_add_executed_on(&text, outcome);
    tensor_add_text(out, "executed_on", &text);
    wi_buffer_puts(out, ",");
    wi_native_add_performance(&text, asked, outcome, 0);
    tensor_add_text(out, "performance", &text);
    wi_buffer_puts(out, "}}\n");
}

static struct wi_printing *infer_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_kserve_extras *extras = infer->extras;
    const struct wi_inference *asked = infer->asked;
    if (!extras->wants_tensors)
        wi_tensors_clear(outcome->outputs);
    struct wi_printing *printing = wi_native_take_outputs(infer, outcome, error);
    if (!printing)
        return NULL;
    if (extras->has_result && extras->wants_result && outcome->result)
        add_result(printing, infer, outcome->result);
    struct wi_buffer *out = &printing->text;
    wi_buffer_puts(out, "{\"model_name\":");
    wi_buffer_json_string(out, outcome->model_name);
    wi_buffer_printf(out, ",\"model_version\":\"%u\"", wi_kserve_version(outcome->model_version));
    if (asked->client_id) {
        wi_buffer_puts(out, ",\"id\":");
        wi_buffer_json_string(out, asked->client_id);
    }
    wi_buffer_puts(out, ",\"outputs\":[");
    print_tail(&printing->tail, asked, outcome);
    return printing;
}

/* --- the dialects ---------------------------------------------------------------------------- */

#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "KserveError", .error_code = "code",           \
    .frame = kserve_frame, .extras_size = sizeof(struct wi_kserve_extras),                         \
    .free_extras = kserve_free_extras, .check = wi_native_check, .check_stream = check_stream,     \
    .print_error = kserve_print_error, .stream_begin = stream_begin,                               \
    .stream_part = wi_kserve_stream_part, .stream_progress = wi_openai_stream_progress,            \
    .stream_done = wi_kserve_stream_done, .stream_error = stream_error
#define GENERATES                                                                                  \
    SHARED, .input = "text_input", .read = wi_kserve_read_generate, .fit = wi_kserve_fit_generate, \
            .print = wi_kserve_print_generate

const struct wi_dialect wi_dialect_kserve = {.name = "kserve",
    .input = "inputs",
    .read = infer_read,
    .fit = wi_kserve_fit,
    .print = infer_print,
    SHARED};
const struct wi_dialect wi_dialect_kserve_generate = {.name = "kserve.generate", GENERATES};
const struct wi_dialect wi_dialect_kserve_stream = {.name = "kserve.stream", GENERATES};
