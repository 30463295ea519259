/*
 * The table behind base/error.h: one row per code, in the order of the enum, so that name, status,
 * title and Retry-After are looked up by index.
 */
#include "base/error.h"

#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    int status;
    const char *title;
    const char *help;
    unsigned retry_after_s;
};

static const struct row rows[WI_CODE_COUNT] = {
    [WI_OK] = {"ok", 200, "OK", "It went well.", 0},
    [WI_BAD_REQUEST] = {"bad_request", 400, "Bad request", "The request's head is malformed.", 0},
    [WI_BAD_JSON] = {"bad_json", 400, "Not valid JSON", "The body is not valid JSON.", 0},
    [WI_UNKNOWN_FIELD] = {"unknown_field", 400, "Unknown field",
        "There is no such field or option.", 0},
    [WI_MISSING_FIELD] = {"missing_field", 400, "Missing field", "A required field is missing.", 0},
    [WI_INVALID_FIELD] = {"invalid_field", 400, "Invalid value",
        "A field has a value that is not allowed.", 0},
    [WI_BAD_FRAMING] = {"bad_framing", 400, "Bad binary framing",
        "The JSON does not match the tensors.", 0},
    [WI_NON_FINITE] = {"non_finite", 400, "Non-finite number in JSON",
        "NaN or infinity in JSON: send it in binary.", 0},
    [WI_CONTEXT_LENGTH] = {"context_length_exceeded", 400, "Text beyond the context",
        "The prompt is longer than the context.", 0},
    [WI_UNAUTHORIZED] = {"unauthorized", 401, "Token needed", "A token is needed.", 0},
    [WI_FORBIDDEN_HOST] = {"forbidden_host", 403, "Host not allowed",
        "Host is not a name of this service.", 0},
    [WI_FORBIDDEN_ORIGIN] = {"forbidden_origin", 403, "Origin not allowed",
        "Pages of that origin are not allowed.", 0},
    [WI_FORBIDDEN_RANK] = {"rank", 403, "Higher rank needed", "The token's rank is too low.", 0},
    [WI_NOT_FOUND] = {"not_found", 404, "Not found", "There is nothing at that path.", 0},
    [WI_KERNEL_NOT_FOUND] = {"kernel_not_found", 404, "Kernel not found",
        "There is no kernel of that name.", 0},
    [WI_MODEL_NOT_FOUND] = {"model_not_found", 404, "Model not found", "There is no such model.",
        0},
    [WI_NODE_NOT_FOUND] = {"node_not_found", 404, "Node not found", "There is no such node.", 0},
    [WI_SESSION_NOT_FOUND] = {"session_not_found", 404, "Session not found",
        "There is no such browser session.", 0},
    [WI_JOB_NOT_FOUND] = {"job_not_found", 404, "Job not found", "This client has no such job.", 0},
    [WI_HUB_NOT_FOUND] = {"hub_not_found", 404, "Not on the hub",
        "No such model, variant or revision.", 0},
    [WI_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, "Method not allowed",
        "The path has other methods: see Allow.", 0},
    [WI_NOT_ACCEPTABLE] = {"not_acceptable", 406, "Not acceptable",
        "Accept allows no form of the answer.", 0},
    [WI_REQUEST_TIMEOUT] = {"request_timeout", 408, "Request timeout",
        "The request did not arrive in time.", 0},
    [WI_CONFLICT] = {"conflict", 409, "Conflict", "The object already exists, or is in use.", 0},
    [WI_CANCELLED] = {"cancelled", 409, "Cancelled", "The job was cancelled.", 0},
    [WI_STREAM_GONE] = {"stream_gone", 410, "Stream gone", "These events are no longer kept.", 0},
    [WI_LENGTH_REQUIRED] = {"length_required", 411, "Length required", "The body has no length.",
        0},
    [WI_BODY_TOO_LARGE] = {"body_too_large", 413, "Body too large", "The body is too large.", 0},
    [WI_ANSWER_TOO_LARGE] = {"answer_too_large", 413, "Answer too large",
        "The answer is larger than allowed.", 0},
    [WI_MODEL_TOO_LARGE] = {"model_too_large", 413, "Model too large",
        "The model does not fit into memory.", 0},
    [WI_UNSUPPORTED_MEDIA_TYPE] = {"unsupported_media_type", 415, "Unsupported media type",
        "The body's type or coding is not accepted.", 0},
    [WI_INPUT_UNKNOWN] = {"input_unknown", 422, "Unknown input",
        "The model has no input of that name.", 0},
    [WI_INPUT_MISSING] = {"input_missing", 422, "Missing input",
        "An input of the model is missing.", 0},
    [WI_INPUT_DATATYPE] = {"input_datatype", 422, "Wrong input datatype",
        "An input has the wrong datatype.", 0},
    [WI_INPUT_SHAPE] = {"input_shape", 422, "Wrong input shape", "An input has the wrong shape.",
        0},
    [WI_INPUT_SIZE] = {"input_size", 422, "Wrong input size",
        "An input's bytes do not match its shape.", 0},
    [WI_INPUT_INVALID] = {"input_invalid", 422, "Invalid input", "An input cannot be used.", 0},
    [WI_GRAMMAR_TOO_COSTLY] = {"grammar_too_costly", 422, "Grammar too costly",
        "A grammar takes too much time per token.", 0},
    [WI_OUTPUT_UNKNOWN] = {"output_unknown", 422, "Unknown output",
        "The model has no output of that name.", 0},
    [WI_PICTURE_INVALID] = {"picture_invalid", 422, "Invalid picture",
        "A picture cannot be decoded.", 0},
    [WI_PICTURE_TOO_LARGE] = {"picture_too_large", 422, "Picture too large",
        "A picture has too many pixels.", 0},
    [WI_AUDIO_INVALID] = {"audio_invalid", 422, "Invalid audio", "A sound cannot be decoded.", 0},
    [WI_AUDIO_TOO_LARGE] = {"audio_too_large", 422, "Audio too large", "A sound is too long.", 0},
    [WI_PRECISION_UNSUPPORTED] = {"precision_unsupported", 422, "Unsupported precision",
        "The model does not have that precision.", 0},
    [WI_MODEL_INVALID] = {"model_invalid", 422, "Invalid model",
        "The files do not form a valid model.", 0},
    [WI_OPERATOR_UNSUPPORTED] = {"operator_unsupported", 422, "Unsupported operator",
        "The platform lacks an operator.", 0},
    [WI_PLATFORM_UNSUPPORTED] = {"platform_unsupported", 422, "Unsupported platform",
        "Nothing runs the model on that platform.", 0},
    [WI_KERNEL_INVALID] = {"kernel_invalid", 422, "Invalid kernel",
        "The source is not a kernel that runs here.", 0},
    [WI_IDEMPOTENCY_MISMATCH] = {"idempotency_mismatch", 422, "Idempotency key used before",
        "The key was used for another request.", 0},
    [WI_NOTHING_TO_QUANTIZE] = {"nothing_to_quantize", 422, "Nothing to quantise",
        "Too few of the weights can be quantised.", 0},
    [WI_QUANTIZED_BADLY] = {"quantized_badly", 422, "Quantised badly",
        "The variant's answers differ too much.", 0},
    [WI_QUEUE_FULL] = {"queue_full", 429, "Queue full", "The queue is full.", 1},
    [WI_CLIENT_SHARE] = {"client_share_used", 429, "Share of the queue used up",
        "The client has used up its share.", 1},
    [WI_TOO_MANY_WATCHERS] = {"too_many_watchers", 429, "Too many watchers",
        "There are too many watchers.", 5},
    [WI_SOUND_AHEAD] = {"sound_ahead", 429, "Sound too far ahead",
        "Too much sound awaits transcription.", 1},
    [WI_INFERENCE_FAILED] = {"inference_failed", 500, "Inference failed",
        "The model failed; see webinfer-proof(7).", 0},
    [WI_INTERNAL] = {"internal", 500, "Internal error", "A fault of the service.", 0},
    [WI_NOT_IMPLEMENTED] = {"not_implemented", 501, "Not implemented",
        "The service does not support this.", 0},
    [WI_ATTEMPTS_EXHAUSTED] = {"attempts_exhausted", 502, "Attempts exhausted",
        "Every attempt failed; see above.", 0},
    [WI_HUB_FAILED] = {"hub_failed", 502, "Hub failed", "The hub's answer cannot be used.", 0},
    [WI_HUB_UNAUTHORIZED] = {"hub_unauthorized", 502, "Hub refuses access",
        "The hub refuses access.", 0},
    [WI_DOWNLOAD_CORRUPT] = {"download_corrupt", 502, "Download corrupt",
        "A file differs from the hub's metadata.", 0},
    [WI_STREAM_INTERRUPTED] = {"stream_interrupted", 502, "Stream interrupted",
        "The node is lost; no other can continue.", 0},
    [WI_STREAM_DIVERGED] = {"stream_diverged", 502, "Stream diverged",
        "Another node would continue differently.", 0},
    [WI_UNAVAILABLE] = {"unavailable", 503, "Unavailable",
        "No node can run this now, or open files or memory are exhausted.", 5},
    [WI_CLUSTER_UNAVAILABLE] = {"cluster_unavailable", 503, "Cluster unavailable",
        "The servers of the cluster cannot be reached, or do not answer.", 2},
    [WI_NODE_BUSY] = {"node_busy", 503, "Node busy", "Used only within the service.", 5},
    [WI_NODE_PAUSED] = {"node_paused", 503, "Node paused", "Only from nodes; another node is used.",
        5},
    [WI_SHUTTING_DOWN] = {"shutting_down", 503, "Shutting down", "The service is shutting down.",
        5},
    [WI_MEMORY_BUDGET] = {"memory_budget", 503, "Memory budget exhausted",
        "There is not enough memory now.", 5},
    [WI_TOO_MANY_CONNECTIONS] = {"too_many_connections", 503, "Too many connections",
        "There are too many connections.", 5},
    [WI_HUB_BUSY] = {"hub_busy", 503, "Hub busy", "The hub asks for fewer requests.", 5},
    [WI_MODEL_CHANGED] = {"model_changed", 503, "Model changed",
        "A relay's model has changed here.", 5},
    [WI_DEADLINE_EXCEEDED] = {"deadline_exceeded", 504, "Deadline exceeded",
        "The request exceeded its timeout_ms.", 0},
    [WI_STALL_TIMEOUT] = {"stall_timeout", 504, "Stream stalled",
        "The node has sent nothing for too long.", 0},
    [WI_STORAGE_FAILED] = {"storage_failed", 507, "Storage failed",
        "The database or disk accepts no data.", 10},
    [WI_NO_ROOM] = {"no_room", 507, "No room for the model", "There is no room for the model.", 0},
};

static const struct row *code_row(enum wi_code code)
{
    if ((int)code < 0 || code >= WI_CODE_COUNT)
        return &rows[WI_INTERNAL];
    return &rows[code];
}

const char *wi_code_name(enum wi_code code)
{
    return code_row(code)->name;
}

int wi_code_status(enum wi_code code)
{
    return code_row(code)->status;
}

const char *wi_code_title(enum wi_code code)
{
    return code_row(code)->title;
}

const char *wi_code_help(enum wi_code code)
{
    return code_row(code)->help;
}

unsigned wi_code_retry_after(enum wi_code code)
{
    return code_row(code)->retry_after_s;
}

enum wi_code wi_code_from_name(const char *name)
{
    for (int i = 0; i < WI_CODE_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return (enum wi_code)i;
    }
    return WI_INTERNAL;
}

enum wi_code wi_error_set(
    struct wi_error *error, enum wi_code code, const char *field, const char *format, ...)
{
    if (error == NULL)
        return code;
    /* The arguments may point into `error` itself: format first, clear afterwards. */
    char detail[sizeof error->detail], named[sizeof error->field];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    wi_text_mend(detail);
    wi_text_copy(named, sizeof named, field);
    memset(error, 0, sizeof *error);
    error->code = code;
    error->retry_after_s = code_row(code)->retry_after_s;
    memcpy(error->detail, detail, sizeof detail);
    memcpy(error->field, named, sizeof named);
    return code;
}

enum wi_code wi_error_expect(struct wi_error *error, const char *format, ...)
{
    if (error == NULL)
        return WI_INVALID_FIELD;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->expected, sizeof error->expected, format, arguments);
    va_end(arguments);
    wi_text_mend(error->expected);
    return error->code;
}

enum wi_code wi_error_allow(struct wi_error *error, const char *format, ...)
{
    if (error == NULL)
        return WI_INVALID_FIELD;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->allowed, sizeof error->allowed, format, arguments);
    va_end(arguments);
    wi_text_mend(error->allowed);
    return error->code;
}

void wi_error_add_source(
    struct wi_error *error, unsigned line, unsigned column, const char *message)
{
    struct wi_source_errors *source = &error->source;
    if (source->count == WI_SOURCE_ERRORS_MAX)
        return;
    struct wi_source_error *row = &source->rows[source->count++];
    row->line = line;
    row->column = column;
    wi_text_copy(row->message, sizeof row->message, message);
}

void wi_error_retry_after(struct wi_error *error, unsigned seconds)
{
    if (error && seconds > 0)
        error->retry_after_s = seconds;
}

/* The row that a failure is counted in. */
static unsigned failure_row(struct wi_failures *failures, const struct wi_failure *added)
{
    unsigned last = WI_FAILURES_MAX - 1;
    for (unsigned i = 0; i < failures->count; i++)
        if (strcmp(failures->rows[i].node, added->node) == 0 &&
            strcmp(failures->rows[i].reason, added->reason) == 0)
            return i;
    if (failures->count < WI_FAILURES_MAX) {
        failures->rows[failures->count] = *added;
        return failures->count++;
    }
    failures->rows[last].node[0] = '\0';
    snprintf(failures->rows[last].reason, sizeof added->reason, "other failures");
    return last;
}

void wi_failures_add(struct wi_failures *failures, const char *node, const char *reason)
{
    struct wi_failure added = {0};
    wi_text_copy(added.node, sizeof added.node, node);
    wi_text_copy(added.reason, sizeof added.reason, reason);
    failures->last = failure_row(failures, &added);
    failures->rows[failures->last].times++;
}
