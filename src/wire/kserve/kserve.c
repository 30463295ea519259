/* KServe's dialects, one for each form of bodies, and their errors. */
#include "wire/kserve/kserve.h"

#include <stdio.h>
#include <string.h>

/* --- errors ---------------------------------------------------------------------------------- */

static void kserve_add_member(struct wi_buffer *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    wi_buffer_json_string(out, value);
}

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

static void kserve_print_error(
    struct wi_buffer *out, const struct wi_error *error, const char *input, const char *request_id)
{
    char field[sizeof error->field + sizeof "parameters."];
    print_field(error, input, field, sizeof field);
    wi_buffer_puts(out, "{\"error\":");
    wi_buffer_json_string(out, error->detail);
    kserve_add_member(out, "code", wi_code_name(error->code));
    kserve_add_member(out, "field", field);
    kserve_add_member(out, "expected", error->expected);
    kserve_add_member(out, "allowed", error->allowed);
    kserve_add_member(out, "request_id", request_id);
    wi_buffer_puts(out, "}");
}

static void error_infer(struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    kserve_print_error(out, error, "inputs", request_id);
    wi_buffer_puts(out, "\n");
}

static void error_generate(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    kserve_print_error(out, error, "text_input", request_id);
    wi_buffer_puts(out, "\n");
}

/* --- streams --------------------------------------------------------------------------------- */

static void stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
}

/* These clients know no such event, but a comment keeps the connection alive. */
static void stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_buffer_puts(out, ": under way\n\n");
}

static void stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "data: ");
    kserve_print_error(out, error, "text_input", request_id);
    wi_buffer_puts(out, "\n\n");
}

/* The address alone says whether the answer is a stream. */
static enum wi_code check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    return WI_OK;
}

/* --- the dialects ---------------------------------------------------------------------------- */

#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "KserveError", .error_code = "code",           \
    .frame = wi_kserve_frame, .check = wi_native_check, .check_stream = check_stream,              \
    .stream_begin = stream_begin, .stream_part = wi_kserve_stream_part,                            \
    .stream_progress = stream_progress, .stream_done = wi_kserve_stream_done,                      \
    .stream_error = stream_error

const struct wi_dialect wi_dialect_kserve = {.name = "kserve",
    .parse = wi_kserve_parse_infer,
    .fit = wi_kserve_fit,
    .print = wi_kserve_print_infer,
    .print_error = error_infer,
    SHARED};
const struct wi_dialect wi_dialect_kserve_generate = {.name = "kserve.generate",
    .parse = wi_kserve_parse_generate,
    .fit = wi_kserve_fit_generate,
    .print = wi_kserve_print_generate,
    .print_error = error_generate,
    SHARED};
const struct wi_dialect wi_dialect_kserve_stream = {.name = "kserve.stream",
    .parse = wi_kserve_parse_stream,
    .fit = wi_kserve_fit_generate,
    .print = wi_kserve_print_generate,
    .print_error = error_generate,
    SHARED};
