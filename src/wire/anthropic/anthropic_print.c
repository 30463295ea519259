/* Answers and errors for Anthropic's clients, whole and as the first and last events of a stream.
 */
#include "wire/anthropic/anthropic.h"

#include "base/memory.h"
#include "wire/problem.h"
#include <stdlib.h>
#include <string.h>

/* --- errors ----------------------------------------------------------------------------------- */

static const char *code_type(enum wi_code code)
{
    static const struct {
        int status;
        const char *type;
    } rows[] = {{400, "invalid_request_error"}, {422, "invalid_request_error"},
        {401, "authentication_error"}, {403, "permission_error"}, {404, "not_found_error"},
        {413, "request_too_large"}, {429, "rate_limit_error"}, {503, "overloaded_error"}};
    int status = wi_code_status(code);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].type;
    return "api_error";
}

/* The detail after the words that its clients look for, or NULL for the detail alone. Clients
 * shorten their conversation when they read "prompt is too long". Owned. */
static char *placed_detail(const struct wi_error *error)
{
    if (error->code == WI_CONTEXT_LENGTH)
        return wi_sprintf("prompt is too long: %s", error->detail);
    if (strchr(error->field, '[') && !strstr(error->detail, error->field))
        return wi_sprintf("%s: %s", error->field, error->detail);
    return NULL;
}

void wi_anthropic_error(struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    char *placed = placed_detail(error);
    wi_buffer_strings(out, "{\"type\":\"error\",\"error\":{\"type\":\"", code_type(error->code),
        "\",\"message\":", NULL);
    wi_problem_sentence(out, placed ? placed : error->detail, error->expected, error->allowed);
    free(placed);
    wi_buffer_puts(out, "},\"request_id\":");
    if (request_id)
        wi_buffer_json_string(out, request_id);
    else
        wi_buffer_puts(out, "null");
    wi_buffer_puts(out, "}\n");
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Members of every answer in Anthropic's schema that this service does not have. `names` ends with
 * NULL. */
static json_t *with_nulls(json_t *object, const char *const *names)
{
    for (; *names; names++)
        json_object_set_new(object, *names, json_null());
    return object;
}

/* Tokens of the prompt that were known already are counted separately. */
static json_t *usage_at_end(const json_t *result)
{
    static const char *const absent[] = {"output_tokens_details", "server_tool_use", NULL};
    json_int_t read = wi_generation_tokens(result, "prompt_tokens");
    json_int_t cached = wi_generation_tokens(result, "cached_tokens");
    json_t *usage = json_pack("{s:I, s:i, s:I, s:I}", "input_tokens",
        cached < read ? read - cached : 0, "cache_creation_input_tokens", 0,
        "cache_read_input_tokens", cached < read ? cached : read, "output_tokens",
        wi_generation_tokens(result, "completion_tokens"));
    return with_nulls(usage, absent);
}

static json_t *anthropic_usage(const json_t *result)
{
    static const char *const absent[] = {
        "cache_creation", "inference_geo", "service_tier", "speed", NULL};
    return with_nulls(usage_at_end(result), absent);
}

static const char *reason_of(const json_t *choice)
{
    const char *finish = wi_generation_finish(choice);
    return strcmp(finish, "length") == 0       ? "max_tokens"
           : strcmp(finish, "tool_calls") == 0 ? "tool_use"
           : wi_generation_stop(choice)        ? "stop_sequence"
                                               : "end_turn";
}

/* Why the answer ended, as the members of a message. `choice` NULL: it has not ended. */
static json_t *ending_json(const json_t *choice)
{
    return json_pack("{s:s?, s:s?}", "stop_reason", choice ? reason_of(choice) : NULL,
        "stop_sequence", wi_generation_stop(choice));
}

/* `content` may be NULL; `choice` (NULL: it has not ended) and `usage`, which is taken over, are an
 * answer's at its end. */
static json_t *make_message(
    const char *id, const char *model_name, json_t *content, const json_t *choice, json_t *usage)
{
    static const char *const absent[] = {"stop_details", "container", "diagnostics", NULL};
    const char *dash = strchr(id, '-');
    json_t *message = json_pack("{s:o, s:s, s:s, s:s, s:o}", "id",
        json_sprintf("msg_%s", dash ? dash + 1 : id), "type", "message", "role", "assistant",
        "model", model_name, "content", content ? json_incref(content) : json_array());
    json_object_update_new(message, ending_json(choice));
    json_object_set_new(message, "usage", usage);
    return with_nulls(message, absent);
}

struct wi_printing *wi_anthropic_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const struct wi_part whole = wi_generation_part(choice, 0);
    struct wi_content content = {0};
    wi_content_add(&content, &whole, NULL);
    wi_content_end(&content, NULL);
    json_t *message = make_message(
        outcome->id, outcome->model_name, content.list, choice, anthropic_usage(outcome->result));
    wi_content_clear(&content);
    return wi_printing_json(message);
}

struct wi_printing *wi_anthropic_print_count(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    size_t count = json_array_size(json_object_get(outcome->result, "tokens"));
    return wi_printing_json(json_pack("{s:I}", "input_tokens", (json_int_t)count));
}

/* --- streams ---------------------------------------------------------------------------------- */

/* The number of tokens read is known at the end. */
void wi_anthropic_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
    wi_content_event("message_start",
        json_pack("{s:o}", "message",
            make_message(face->id, face->model_name, NULL, NULL, anthropic_usage(NULL))),
        out);
    wi_anthropic_stream_progress(out, face, NULL, 0);
}

void wi_anthropic_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    wi_content_add(face->infer->extras, part, out);
}

void wi_anthropic_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_content_event("ping", json_object(), out);
}

struct wi_printing *wi_anthropic_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    static const char *const absent[] = {"stop_details", "container", NULL};
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const struct wi_part whole = wi_generation_part(choice, 0);
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    struct wi_content *content = infer->extras;
    if (outcome->parts == 0)
        wi_content_add(content, &whole, &printing->text);
    wi_content_end(content, &printing->text);
    wi_content_event("message_delta",
        json_pack("{s:o, s:o}", "delta", with_nulls(ending_json(choice), absent), "usage",
            usage_at_end(outcome->result)),
        &printing->text);
    wi_content_event("message_stop", json_object(), &printing->text);
    return printing;
}

void wi_anthropic_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "event: error\ndata: ");
    wi_anthropic_error(out, error, request_id);
    wi_buffer_puts(out, "\n");
}
