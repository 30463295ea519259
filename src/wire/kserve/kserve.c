/* KServe's dialects, one for each form of bodies: their errors, and inference over tensors. */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include "wire/openai/openai.h"
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

static void stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "data: ");
    put_error(out, error, "text_input", request_id);
    wi_buffer_puts(out, "\n\n");
}

/* --- requests --------------------------------------------------------------------------------- */

static void kserve_free_extras(void *data)
{
    struct wi_kserve_extras *extras = data;
    wi_kserve_task_free(extras->task);
    free(extras->tensors.outputs);
    free(extras);
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
    WI_PARAM(fields, parameters, OBJECT, .form = "KserveOptions", .help = "See Parameters."),
    WI_PARAM(fields, inputs, ARRAY, .required = 1, .max = WI_TENSORS_MAX, .form = "[Tensor]",
        .help = "Tensors {name, datatype, shape, data}, or with parameters.binary_data_size "
                "instead of data."),
    WI_PARAM(fields, outputs, ARRAY, .max = WI_TENSORS_MAX, .form = "[WantedOutput]",
        .help = "The outputs to return: {name, parameters: {binary_data}}; all by default."),
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
    wi_blob_append(blob, &length, sizeof length);
    wi_blob_append(blob, text.text, text.size);
    wi_tensors_add_bytes(&printing->outputs, "result", blob, 0, blob->size);
    size_t count = printing->outputs.count;
    printing->outputs.items[count - 1].datatype = WI_BYTES;
    printing->outputs.items[count - 1].dims[0] = 1;
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

static enum wi_code read_stream(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    infer->asked->stream = 1;
    return wi_kserve_read_generate(infer, root, error);
}

#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "KserveError", .error_code = "code",           \
    .frame = kserve_frame, .extras_size = sizeof(struct wi_kserve_extras),                         \
    .free_extras = kserve_free_extras, .check = wi_native_check,                                   \
    .print_error = kserve_print_error, .stream_part = wi_kserve_stream_part,                       \
    .stream_progress = wi_openai_stream_progress, .stream_done = wi_kserve_stream_done,            \
    .stream_error = stream_error
#define GENERATES                                                                                  \
    SHARED, .input = "text_input", .fit = wi_kserve_fit_generate, .print = wi_kserve_print_generate

const struct wi_dialect wi_dialect_kserve = {.name = "kserve",
    .input = "inputs",
    .read = infer_read,
    .fit = wi_kserve_fit,
    .print = infer_print,
    SHARED};
const struct wi_dialect wi_dialect_kserve_generate = {
    .name = "kserve.generate", .read = wi_kserve_read_generate, GENERATES};
const struct wi_dialect wi_dialect_kserve_stream = {
    .name = "kserve.stream", .read = read_stream, GENERATES};
