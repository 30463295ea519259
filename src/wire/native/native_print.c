/*
 * The native dialect's answers, printed by hand into one buffer. Their tensors are left to
 * wi_printing_run, because large ones may need another thread. The events of a stream
 * (webinfer-api(7), "Streams") are a line with the event's name, for parts one with their number,
 * and one with JSON, which has no line ends.
 */
#include "wire/native/native.h"

#include "base/memory.h"
#include <math.h>

/* Characters per element of a printed tensor, at most: a double with sign and exponent. */
#define PRINTED_MAX 26

/* --- what comes before the outputs, and after them ------------------------------------------- */

static void add_string_or_null(struct wi_buffer *out, const char *name, const char *value)
{
    wi_buffer_strings(out, "\"", name, "\":", NULL);
    if (value && *value)
        wi_buffer_json_string(out, value);
    else
        wi_buffer_puts(out, "null");
}

/* A member of the page's report, or `otherwise`; NULL: or nothing. */
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

static void add_rows(struct wi_buffer *out, const json_t *rows, int *some)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        wi_buffer_puts(out, *some ? "," : "");
        wi_buffer_json(out, json_array_get(rows, i));
        *some = 1;
    }
}

/* The attempts that failed, in their order: variants, the platform that was refused here, then
 * those that the page tried. */
static void add_fallbacks(struct wi_buffer *out, const struct wi_outcome *outcome)
{
    const char *refused = outcome->refused_platform;
    int some = 0;
    wi_buffer_puts(out, ",\"fallbacks\":[");
    add_rows(out, outcome->lessened, &some);
    if (refused) {
        wi_buffer_printf(out, "%s{\"platform\":\"%s\",\"code\":\"%s\",\"reason\":", some ? "," : "",
            refused, wi_code_name(WI_PLATFORM_UNSUPPORTED));
        wi_buffer_json_string(out, outcome->refused_reason);
        wi_buffer_puts(out, "}");
        some = 1;
    }
    add_rows(out, json_object_get(outcome->executed_on, "fallbacks"), &some);
    wi_buffer_puts(out, "]");
}

/* The node is as the bridge knows it, the rest as the page reported it. */
void wi_native_add_executed_on(struct wi_buffer *out, const struct wi_outcome *outcome)
{
    const json_t *report = outcome->executed_on;
    wi_buffer_puts(out, "{");
    add_string_or_null(out, "node", outcome->node);
    if (outcome->browser) {
        wi_buffer_puts(out, ",");
        add_string_or_null(out, "browser", outcome->browser);
        wi_buffer_puts(out, ",");
        add_string_or_null(out, "browser_version", outcome->browser_version);
    } else {
        add_reported(out, report, "browser", "null");
        add_reported(out, report, "browser_version", "null");
    }
    add_reported(out, report, "via", NULL);
    add_reported(out, report, "platform", "null");
    add_reported(out, report, "engine", "null");
    add_reported(out, report, "build", NULL);
    add_reported(out, report, "threads", NULL);
    add_reported(out, report, "precision", "null");
    add_reported(out, report, "quantization", NULL);
    add_reported(out, report, "adapter", "null");
    add_fallbacks(out, outcome);
    wi_buffer_strings(out, ",\"numerics\":\"", outcome->numerics, "\"", NULL);
    add_reported(out, report, "simulated", "false");
    wi_buffer_puts(out, "}");
}

/* The times of a benchmark are its result. */
static void add_gpu_ms(
    struct wi_buffer *out, const struct wi_inference *asked, const struct wi_outcome *outcome)
{
    if (!wi_inference_computes(asked) || asked->benchmark.runs)
        return;
    wi_buffer_puts(out, ",\"gpu_ms\":");
    if (outcome->gpu_ms < 0)
        wi_buffer_puts(out, "null");
    else
        wi_buffer_ms(out, outcome->gpu_ms);
}

void wi_native_add_performance(struct wi_buffer *out, const struct wi_inference *asked,
    const struct wi_outcome *outcome, int stream)
{
    wi_buffer_puts(out, "{\"queue_ms\":");
    wi_buffer_ms(out, outcome->queue_ms);
    wi_buffer_puts(out, ",\"load_ms\":");
    wi_buffer_ms(out, outcome->load_ms);
    wi_buffer_puts(out, ",\"inference_ms\":");
    wi_buffer_ms(out, outcome->inference_ms);
    add_gpu_ms(out, asked, outcome);
    wi_buffer_puts(out, ",\"total_ms\":");
    wi_buffer_ms(out, outcome->total_ms);
    if (stream) {
        wi_buffer_puts(out, ",\"first_part_ms\":");
        wi_buffer_ms(out, outcome->first_part_ms);
        wi_buffer_puts(out, ",\"waited_for_client_ms\":");
        wi_buffer_ms(out, outcome->waited_for_client_ms);
    }
    wi_buffer_puts(out, ",\"attempts\":");
    wi_buffer_integer(out, outcome->attempts);
    if (outcome->batch) {
        wi_buffer_puts(out, ",\"batch\":");
        wi_buffer_integer(out, outcome->batch);
    }
    wi_buffer_strings(out, ",\"warm\":", outcome->warm ? "true}" : "false}", NULL);
}

/* The name of the model, or for POST /v1/compute of the kernel; a client's own kernel has none. */
static void print_head(
    struct wi_buffer *out, const struct wi_inference *asked, const struct wi_outcome *outcome)
{
    wi_buffer_puts(out, "{\"id\":");
    wi_buffer_json_string(out, outcome->id);
    wi_buffer_puts(out, ",");
    if (wi_inference_computes(asked)) {
        add_string_or_null(out, "kernel", asked->kernel ? asked->kernel->name : NULL);
    } else {
        add_string_or_null(out, "model_name", outcome->model_name);
        wi_buffer_puts(out, ",");
        add_string_or_null(out, "model_type", wi_model_type_name(outcome->type));
    }
    wi_buffer_puts(out, ",\"outputs\":[");
}

static void print_tail(struct wi_buffer *out, const struct wi_inference *asked,
    const struct wi_outcome *outcome, int stream)
{
    wi_buffer_puts(out, "],");
    if (outcome->result) {
        wi_buffer_puts(out, "\"result\":");
        wi_buffer_json(out, outcome->result);
        wi_buffer_puts(out, ",");
    }
    if (stream) {
        wi_buffer_puts(out, "\"parts\":");
        wi_buffer_integer(out, (int64_t)outcome->parts);
        wi_buffer_puts(out, ",");
    }
    wi_buffer_puts(out, "\"executed_on\":");
    wi_native_add_executed_on(out, outcome);
    wi_buffer_puts(out, ",\"performance\":");
    wi_native_add_performance(out, asked, outcome, stream);
    wi_buffer_puts(out, "}\n");
}

/* --- the outputs ----------------------------------------------------------------------------- */

static enum wi_code printing_choose(
    struct wi_printing *printing, const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_tensors *outputs = &printing->outputs;
    printing->binary = wi_alloc(outputs->count + 1);
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *tensor = &outputs->items[i];
        size_t size = wi_datatype_size(tensor->datatype);
        printing->binary[i] = wi_native_wants_binary(infer, tensor->name) != 0;
        if (printing->binary[i])
            continue;
        /* The graph's signature was checked earlier; this covers what it leaves open. */
        if (wi_datatype_needs_binary(tensor->datatype))
            return wi_native_needs_binary(tensor->name, tensor->datatype, error);
        printing->json_bytes += tensor->size;
        printing->needs += tensor->size / (size ? size : 1) * PRINTED_MAX;
    }
    return WI_OK;
}

struct wi_printing *wi_native_take_outputs(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_tensors_move(&printing->outputs, outcome->outputs);
    if (printing_choose(printing, infer, error) == WI_OK)
        return printing;
    wi_printing_free(printing);
    return NULL;
}

/* The JSON around the outputs is `before` and `after`; `stream`: with the further members of
 * streams. */
static struct wi_printing *printing_start(const struct wi_infer *infer,
    const struct wi_outcome *outcome, int stream, const char *before, const char *after,
    struct wi_error *error)
{
    struct wi_printing *printing = wi_native_take_outputs(infer, outcome, error);
    if (!printing)
        return NULL;
    wi_buffer_puts(&printing->text, before);
    print_head(&printing->text, infer->asked, outcome);
    print_tail(&printing->tail, infer->asked, outcome, stream);
    wi_buffer_puts(&printing->tail, after);
    return printing;
}

struct wi_printing *wi_native_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    return printing_start(infer, outcome, 0, "", "", error);
}

static struct wi_printing *print_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    return printing_start(infer, outcome, 1, "event: done\ndata: ", "\n", error);
}

/* --- streams and errors ----------------------------------------------------------------------- */

void wi_native_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    wi_problem_write(out, error, request_id);
}

static void native_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    wi_buffer_puts(out, "id: ");
    wi_buffer_integer(out, (int64_t)part->seq);
    wi_buffer_puts(out, "\nevent: part\ndata: {\"seq\":");
    wi_buffer_integer(out, (int64_t)part->seq);
    wi_buffer_puts(out, ",\"index\":");
    wi_buffer_integer(out, part->index);
    if (part->text) {
        wi_buffer_puts(out, ",\"text\":");
        wi_buffer_json_text(out, part->text, part->text_length);
    }
    if (part->tokens) {
        wi_buffer_puts(out, ",\"tokens\":");
        wi_buffer_json(out, part->tokens);
    }
    if (part->result) {
        wi_buffer_puts(out, ",\"result\":");
        wi_buffer_json(out, part->result);
    }
    wi_buffer_puts(out, "}\n\n");
}

static void add_number(struct wi_buffer *out, const char *name, double value)
{
    if (isfinite(value))
        wi_buffer_printf(out, ",\"%s\":%.15g", name, value);
}

static void native_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_buffer_puts(out, "event: progress\ndata: {\"phase\":");
    wi_buffer_json_string(out, progress->phase);
    if (progress->has_bytes)
        wi_buffer_printf(out, ",\"loaded_bytes\":%llu,\"total_bytes\":%llu",
            (unsigned long long)progress->loaded_bytes, (unsigned long long)progress->total_bytes);
    if (progress->has_count) {
        add_number(out, "done", progress->done);
        add_number(out, "total", progress->total);
    }
    if (position > 0)
        wi_buffer_printf(out, ",\"queue_position\":%u", position);
    wi_buffer_puts(out, "}\n\n");
}

void wi_native_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "event: error\ndata: ");
    wi_problem_write(out, error, request_id); /* one line, with its end */
    wi_buffer_puts(out, "\n");
}

const struct wi_dialect wi_dialect_native = {
    .name = "native",
    WI_NATIVE_SHARED,
    .extras_size = sizeof(struct wi_native_extras),
    .read = wi_native_read,
    .check = wi_native_check,
    .stream_part = native_stream_part,
    .stream_progress = native_stream_progress,
    .stream_done = print_done,
    .stream_error = wi_native_stream_error,
};
