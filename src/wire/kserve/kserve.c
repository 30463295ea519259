/* KServe's dialects, one for each form of bodies, and their errors. */
#include "wire/kserve/kserve.h"

#include "wire/openai/openai.h"

#include <stdio.h>
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

/* --- the dialects ---------------------------------------------------------------------------- */

#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "KserveError", .error_code = "code",           \
    .frame = wi_kserve_frame, .extras_size = sizeof(struct wi_kserve_extras),                      \
    .free_extras = wi_kserve_free_extras, .check = wi_native_check, .check_stream = check_stream,  \
    .print_error = kserve_print_error, .stream_begin = stream_begin,                               \
    .stream_part = wi_kserve_stream_part, .stream_progress = wi_openai_stream_progress,            \
    .stream_done = wi_kserve_stream_done, .stream_error = stream_error
#define GENERATES                                                                                  \
    SHARED, .input = "text_input", .read = wi_kserve_read_generate, .fit = wi_kserve_fit_generate, \
            .print = wi_kserve_print_generate

const struct wi_dialect wi_dialect_kserve = {.name = "kserve",
    .input = "inputs",
    .read = wi_kserve_read_infer,
    .fit = wi_kserve_fit,
    .print = wi_kserve_print_infer,
    SHARED};
const struct wi_dialect wi_dialect_kserve_generate = {.name = "kserve.generate", GENERATES};
const struct wi_dialect wi_dialect_kserve_stream = {.name = "kserve.stream", GENERATES};
