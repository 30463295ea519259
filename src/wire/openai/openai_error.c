/* Errors for OpenAI's clients: the table of webinfer-openai(7), "Errors". */
#include "wire/openai/openai.h"

#include "wire/problem.h"
#include <string.h>

int wi_openai_status(enum wi_code code)
{
    int status = wi_code_status(code);
    return status == 422 ? 400 : status;
}

static const char *code_type(enum wi_code code)
{
    int status = wi_openai_status(code);
    return status == 403   ? "permission_error"
           : status == 429 ? "rate_limit_error"
           : status >= 500 ? "server_error"
                           : "invalid_request_error";
}

static const char *code_name(enum wi_code code)
{
    switch (code) {
    case WI_UNKNOWN_FIELD:
        return "unsupported_parameter";
    case WI_UNAUTHORIZED:
        return "invalid_api_key";
    case WI_QUEUE_FULL:
    case WI_CLIENT_SHARE:
        return "rate_limit_exceeded";
    default:
        return wi_code_name(code);
    }
}

/* Our names of fields, and theirs. */
static void add_param(struct wi_buffer *out, const struct wi_error *error, const char *input)
{
    /* The place to run is a part of the model's name. */
    const struct {
        const char *ours, *theirs;
    } names[] = {{"model_name", "model"}, {"task", "model"}, {"browser", "model"},
        {"platform", "model"}, {"inputs", input}, {"inputs.texts", input}, {"inputs.audio", "file"},
        {"options.timestamps", "response_format"}};
    static const char *const prefixes[] = {"options.", "inputs."};
    const char *name = error->field;
    int theirs = error->code == WI_UNKNOWN_FIELD; /* as the request has it */
    for (size_t i = 0; !theirs && i < sizeof names / sizeof *names; i++)
        if (strcmp(error->field, names[i].ours) == 0)
            name = names[i].theirs;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            name += strlen(prefixes[i]);
    if (*name)
        wi_buffer_json_string(out, name);
    else
        wi_buffer_puts(out, "null");
}

/* The expected value in their terms: the forms of an answer that have no times. */
static const char *expected_of(const struct wi_error *error)
{
    int timeless =
        strcmp(error->field, "options.timestamps") == 0 && strcmp(error->expected, "none") == 0;
    return timeless ? "json or text" : error->expected;
}

void wi_openai_error(struct wi_buffer *out, const struct wi_error *error, const char *input)
{
    wi_buffer_puts(out, "{\"message\":");
    wi_problem_sentence(out, error->detail, expected_of(error), error->allowed);
    wi_buffer_strings(out, ",\"type\":\"", code_type(error->code), "\",\"param\":", NULL);
    add_param(out, error, input);
    wi_buffer_strings(out, ",\"code\":\"", code_name(error->code), "\"}", NULL);
}

void wi_openai_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "{\"error\":");
    wi_openai_error(out, error, dialect->input);
    wi_buffer_puts(out, "}\n");
}
