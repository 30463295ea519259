/* Inference over tensors in KServe's form: the request, and the answer. */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include <string.h>

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

enum wi_code wi_kserve_read_infer(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
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

struct wi_printing *wi_kserve_print_infer(
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
