/*
 * The answer of POST /v1/infer. JSON is printed by hand into one buffer, large tensors of it on a
 * worker thread; binary tensors are not copied: the response is a list of slices that keeps them
 * alive until the last byte is sent.
 */
#include "api/infer.h"

#include "api/numerics.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tensor bytes above this are printed as JSON off the loop: printing costs about 10 ns a byte. */
#define INLINE_PRINT_MAX (64 * 1024)
/* Characters per element of a printed tensor, at most: a double with sign and exponent. */
#define PRINTED_MAX 26

/* An answer being put together. Owned by the printing thread while that runs. */
struct answer {
    struct wi_request *request; /* NULL once cancelled */
    struct wi_queued_work *work;
    struct wi_tensors outputs;
    unsigned char *binary; /* one flag for each output */
    struct wi_buffer text; /* the whole JSON */
    struct wi_buffer tail; /* what comes after the outputs */
    struct MHD_IoVec *slices;
};

static void free_answer(void *context)
{
    struct answer *answer = context;
    wi_tensors_clear(&answer->outputs);
    free(answer->binary);
    wi_buffer_clear(&answer->text);
    wi_buffer_clear(&answer->tail);
    free(answer->slices);
    free(answer);
}

/* --- printing -------------------------------------------------------------------------------- */

static void add_string_or_null(struct wi_buffer *out, const char *name, const char *value)
{
    wi_buffer_strings(out, "\"", name, "\":", NULL);
    if (value && *value)
        wi_buffer_json_string(out, value);
    else
        wi_buffer_puts(out, "null");
}

/* A member of what the page reported, or `otherwise`; NULL: or nothing. */
static void add_reported(
    struct wi_buffer *out, const json_t *report, const char *name, const char *otherwise)
{
    const json_t *value = json_object_get(report, name);
    if (!value && !otherwise)
        return;
    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    if (value)
        wi_buffer_json(out, value);
    else
        wi_buffer_puts(out, otherwise);
}

/* The platforms that did not do, in the order in which they were given up: the one that was passed
 * over here, then those that the page tried. */
static void add_fallbacks(struct wi_buffer *out, const struct wi_job_result *result)
{
    const json_t *reported = json_object_get(result->answer->executed_on, "fallbacks");
    const struct wi_refusal *refusal = &result->refusal;
    wi_buffer_puts(out, ",\"fallbacks\":[");
    if (refusal->given) {
        wi_buffer_printf(out, "{\"platform\":\"%s\",\"code\":\"%s\",\"reason\":",
            wi_platform_names[refusal->platform], wi_code_name(WI_PLATFORM_UNSUPPORTED));
        wi_buffer_json_string(out, refusal->reason);
        wi_buffer_puts(out, "}");
    }
    for (size_t i = 0; i < json_array_size(reported); i++) {
        wi_buffer_puts(out, i > 0 || refusal->given ? "," : "");
        wi_buffer_json(out, json_array_get(reported, i));
    }
    wi_buffer_puts(out, "]");
}

/* What really ran it: who answered from the bridge, the rest as the page reported it. */
static void add_executed_on(
    struct wi_buffer *out, const struct wi_api *api, const struct wi_job_result *result)
{
    const json_t *report = result->answer->executed_on;
    const struct wi_node_info *node = wi_bridge_node(api->deps.bridge, result->node);
    wi_buffer_puts(out, "\"executed_on\":{");
    add_string_or_null(out, "node", result->node);
    if (node) {
        wi_buffer_puts(out, ",");
        add_string_or_null(out, "browser", node->kind);
        wi_buffer_puts(out, ",");
        add_string_or_null(out, "browser_version", node->browser_version);
    } else {
        add_reported(out, report, "browser", "null");
        add_reported(out, report, "browser_version", "null");
    }
    add_reported(out, report, "platform", "null");
    add_reported(out, report, "engine", "null");
    add_reported(out, report, "threads", NULL);
    add_reported(out, report, "precision", "null");
    add_reported(out, report, "adapter", "null");
    add_fallbacks(out, result);
    wi_buffer_printf(out, ",\"numerics\":\"%s\"", wi_numerics_word(result->numerics));
    add_reported(out, report, "simulated", "false");
    wi_buffer_puts(out, "}");
}

static void print_head(struct wi_buffer *out, const struct wi_job_spec *spec)
{
    wi_buffer_puts(out, "{\"id\":");
    wi_buffer_json_string(out, spec->client_id ? spec->client_id : spec->id);
    wi_buffer_puts(out, ",\"model_name\":");
    wi_buffer_json_string(out, spec->model->name);
    wi_buffer_puts(out, ",");
    add_string_or_null(out, "model_type", wi_model_type_name(spec->type));
    wi_buffer_puts(out, ",\"outputs\":[");
}

static void print_outputs(struct answer *answer)
{
    for (size_t i = 0; i < answer->outputs.count; i++) {
        if (i > 0)
            wi_buffer_add(&answer->text, ",", 1);
        wi_tensor_to_json(&answer->text, &answer->outputs.items[i], answer->binary[i]);
    }
    if (answer->tail.size > 0)
        wi_buffer_add(&answer->text, answer->tail.text, answer->tail.size);
}

static void print_tail(
    struct wi_buffer *out, const struct wi_api *api, const struct wi_job_result *result)
{
    const struct wi_answer *answer = result->answer;
    wi_buffer_puts(out, "],");
    if (answer->result) {
        wi_buffer_puts(out, "\"result\":");
        wi_buffer_json(out, answer->result);
        wi_buffer_puts(out, ",");
    }
    add_executed_on(out, api, result);
    wi_buffer_puts(out, ",\"performance\":{\"queue_ms\":");
    wi_buffer_ms(out, result->queue_ms);
    wi_buffer_puts(out, ",\"load_ms\":");
    wi_buffer_ms(out, answer->load_ms);
    wi_buffer_puts(out, ",\"inference_ms\":");
    wi_buffer_ms(out, answer->inference_ms);
    wi_buffer_puts(out, ",\"total_ms\":");
    wi_buffer_ms(out, result->total_ms);
    wi_buffer_puts(out, ",\"attempts\":");
    wi_buffer_integer(out, result->attempts);
    if (result->batch) {
        wi_buffer_puts(out, ",\"batch\":");
        wi_buffer_integer(out, result->batch);
    }
    wi_buffer_strings(out, ",\"warm\":", answer->warm ? "true}}\n" : "false}}\n", NULL);
}

/* --- sending --------------------------------------------------------------------------------- */

/* Bytes of binary tensors, which may as well be copied when they are so few: a list of slices
 * costs the client a second read. */
#define COPY_MAX (16 * 1024)

static size_t binary_bytes(const struct answer *answer)
{
    size_t bytes = 0;
    for (size_t i = 0; i < answer->outputs.count; i++)
        bytes += answer->binary[i] ? answer->outputs.items[i].size : 0;
    return bytes;
}

/* The number of slices; the first is the JSON. */
static size_t make_slices(struct answer *answer)
{
    size_t count = 1;
    answer->slices = wi_realloc_array(NULL, answer->outputs.count + 1, sizeof *answer->slices);
    answer->slices[0] = (struct MHD_IoVec){answer->text.text, answer->text.size};
    for (size_t i = 0; i < answer->outputs.count; i++) {
        const struct wi_tensor *tensor = &answer->outputs.items[i];
        if (answer->binary[i] && tensor->size > 0)
            answer->slices[count++] = (struct MHD_IoVec){wi_tensor_bytes(tensor), tensor->size};
    }
    return count;
}

/* The JSON, then the binary tensors back to back. Takes the answer over. */
static void send_binary(struct answer *answer)
{
    struct wi_request *request = answer->request;
    size_t head = answer->text.size, bytes = binary_bytes(answer);
    char length[32];
    snprintf(length, sizeof length, "%zu", head);
    if (bytes <= COPY_MAX) {
        for (size_t i = 0; i < answer->outputs.count; i++) {
            if (answer->binary[i])
                wi_buffer_add(&answer->text, wi_tensor_bytes(&answer->outputs.items[i]),
                    answer->outputs.items[i].size);
        }
        wi_request_answer_text(request, 200, "application/octet-stream", &answer->text);
        free_answer(answer);
    } else {
        size_t count = make_slices(answer);
        struct MHD_Response *response =
            MHD_create_response_from_iovec(answer->slices, (unsigned)count, free_answer, answer);
        if (!response)
            abort(); /* out of memory for a small object */
        wi_request_answer_response(
            request, 200, "application/octet-stream", response, head + bytes);
    }
    wi_request_add_header(request, "Inference-Header-Content-Length", length);
}

static void send_answer(struct answer *answer)
{
    for (size_t i = 0; i < answer->outputs.count; i++) {
        if (answer->binary[i]) {
            send_binary(answer);
            return;
        }
    }
    wi_request_answer_text(answer->request, 200, "application/json", &answer->text);
    free_answer(answer);
}

static void print_off_loop(void *data)
{
    print_outputs(data);
}

static void on_printed(void *data, int cancelled)
{
    struct answer *answer = data;
    answer->work = NULL;
    if (cancelled)
        free_answer(answer);
    else
        send_answer(answer);
}

static void cancel_printing(void *work)
{
    struct answer *answer = work;
    answer->request = NULL;
    wi_queued_work_abandon(answer->work);
}

/* --- deciding -------------------------------------------------------------------------------- */

static size_t element_bytes(const struct wi_tensor *tensor)
{
    size_t size = wi_datatype_size(tensor->datatype);
    return size ? size : 1;
}

/* Which outputs go out in binary, how many bytes become JSON, and how large that may get. */
static enum wi_code choose(struct answer *answer, const struct wi_infer *infer, size_t *json_bytes,
    size_t *printed, struct wi_error *error)
{
    const struct wi_tensors *outputs = &answer->outputs;
    answer->binary = wi_alloc(outputs->count + 1);
    *json_bytes = *printed = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *tensor = &outputs->items[i];
        answer->binary[i] = wi_infer_wants_binary(infer, tensor->name) != 0;
        if (answer->binary[i])
            continue;
        /* The graph's signature is checked before; this is for what it left open. */
        if (wi_datatype_needs_binary(tensor->datatype)) {
            wi_error_set(error, WI_NOT_ACCEPTABLE, "parameters.binary_data_output",
                "The output \"%.100s\" is %s, which JSON cannot carry; ask for binary.",
                tensor->name, wi_datatype_name(tensor->datatype));
            return WI_NOT_ACCEPTABLE;
        }
        *json_bytes += tensor->size;
        *printed += tensor->size / element_bytes(tensor) * PRINTED_MAX;
    }
    return WI_OK;
}

static void count_inference(
    const struct wi_api *api, const struct wi_job_spec *spec, const struct wi_job_result *result)
{
    const json_t *report = result->answer->executed_on;
    const struct wi_node_info *node = wi_bridge_node(api->deps.bridge, result->node);
    const char *platform = json_string_value(json_object_get(report, "platform"));
    wi_metrics_inference(api->metrics, spec->model->name, node ? node->kind : "unknown",
        platform ? platform : "none", result->queue_ms / 1000, result->answer->load_ms / 1000,
        result->answer->inference_ms / 1000);
}

/* Takes the outputs and prints what comes before them. */
static enum wi_code begin(struct answer *answer, const struct wi_api *api,
    const struct wi_infer *infer, const struct wi_job_spec *spec, struct wi_job_result *result,
    size_t *json_bytes, size_t *printed, struct wi_error *error)
{
    count_inference(api, spec, result);
    wi_tensors_move(&answer->outputs, &result->answer->outputs);
    print_head(&answer->text, spec);
    return choose(answer, infer, json_bytes, printed, error);
}

void wi_infer_answer(struct wi_request *request, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct answer *answer = wi_alloc(sizeof *answer);
    struct wi_error error;
    size_t json_bytes, printed;
    answer->request = request;
    enum wi_code code =
        begin(answer, request->api, infer, spec, result, &json_bytes, &printed, &error);
    if (code == WI_OK && json_bytes > INLINE_PRINT_MAX && wi_request_reserve(request, printed) != 0)
        code = wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "There is no memory to write this answer as JSON; ask for binary.");
    if (code != WI_OK) {
        wi_request_answer_error(request, &error);
        free_answer(answer);
        return;
    }
    if (json_bytes <= INLINE_PRINT_MAX) {
        print_outputs(answer);
        print_tail(&answer->text, request->api, result);
        send_answer(answer);
        return;
    }
    print_tail(&answer->tail, request->api, result);
    answer->work = wi_work_queue_start(request->api->heavy, 0, print_off_loop, on_printed, answer);
    wi_request_wait(request, cancel_printing, answer);
}

/* --- an answer to be kept -------------------------------------------------------------------- */

struct wi_printing {
    struct answer answer;
    size_t slices;
};

struct wi_printing *wi_printing_new(const struct wi_api *api, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result, size_t *printed,
    struct wi_error *error)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    struct answer *answer = &printing->answer;
    size_t json_bytes;
    if (begin(answer, api, infer, spec, result, &json_bytes, printed, error) != WI_OK) {
        wi_printing_free(printing);
        return NULL;
    }
    print_tail(&answer->tail, api, result);
    return printing;
}

void wi_printing_run(struct wi_printing *printing)
{
    print_outputs(&printing->answer);
    printing->slices = make_slices(&printing->answer);
}

const struct MHD_IoVec *wi_printing_slices(const struct wi_printing *printing, size_t *count)
{
    *count = printing->slices;
    return printing->answer.slices;
}

void wi_printing_free(struct wi_printing *printing)
{
    if (printing)
        free_answer(&printing->answer);
}
