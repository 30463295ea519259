/*
 * Anthropic's dialects, one for each endpoint: their errors, answers and streams. The content of an
 * answer is blocks of thoughts, text and calls, which begin, grow and stop. In a whole answer the
 * arguments of a call are an object; in a stream they are text.
 */
#include "wire/anthropic/anthropic.h"

#include "base/memory.h"
#include "wire/generation.h"
#include "wire/problem.h"
#include <stdlib.h>
#include <string.h>

/* The blocks of an answer as they arrive. Zero-initialise; free with content_clear. */
struct content {
    struct wi_blocks blocks; /* which one is open; WI_BLOCK_NONE: none is */
    json_int_t index;        /* its place */
    /* For an answer that is sent as a whole: the complete blocks, the text of the open block, and
     * the call that it is. */
    json_t *list, *call_id, *name;
    struct wi_buffer text;
};

static void content_clear(struct content *content)
{
    json_decref(content->list);
    json_decref(content->call_id);
    json_decref(content->name);
    wi_buffer_clear(&content->text);
    *content = (struct content){0};
}

static void content_event(const char *type, json_t *event, struct wi_buffer *events)
{
    json_t *whole = json_pack("{s:s}", "type", type);
    json_object_update_missing(whole, event);
    json_decref(event);
    wi_printing_event(events, type, whole);
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* The arguments of a call; none if they are not an object, as in a call that was cut short. */
static json_t *arguments_of(const struct wi_buffer *text)
{
    json_t *arguments = json_loadb(text->text ? text->text : "", text->size, 0, NULL);
    if (json_is_object(arguments))
        return arguments;
    json_decref(arguments);
    return json_object();
}

/* A block of that kind with its content so far. */
static json_t *make_block(const struct content *content)
{
    switch (content->blocks.kind) {
    case WI_BLOCK_THOUGHT:
        return json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking",
            wi_generation_text(content->text.text, content->text.size), "signature", "");
    case WI_BLOCK_CALL:
        return json_pack("{s:s, s:o, s:o, s:o, s:{s:s}}", "type", "tool_use", "id",
            content->call_id ? json_incref(content->call_id)
                             : json_sprintf("toolu_%lld", (long long)content->index),
            "name", content->name ? json_incref(content->name) : json_string(""), "input",
            arguments_of(&content->text), "caller", "type", "direct");
    default:
        return json_pack("{s:s, s:o, s:n}", "type", "text", "text",
            wi_generation_text(content->text.text, content->text.size), "citations");
    }
}

static void open_block(
    struct content *content, const struct wi_piece *piece, struct wi_buffer *events)
{
    content->blocks.kind = piece->kind;
    content->call_id = json_incref(piece->id);
    content->name = json_incref(piece->name);
    if (events)
        content_event("content_block_start",
            json_pack("{s:I, s:o}", "index", content->index, "content_block", make_block(content)),
            events);
}

static void close_block(struct content *content, struct wi_buffer *events)
{
    if (content->blocks.kind == WI_BLOCK_NONE)
        return;
    if (events) {
        content_event("content_block_stop", json_pack("{s:I}", "index", content->index), events);
    } else {
        if (!content->list)
            content->list = json_array();
        json_array_append_new(content->list, make_block(content));
    }
    json_decref(content->call_id);
    json_decref(content->name);
    content->call_id = content->name = NULL;
    content->blocks.kind = WI_BLOCK_NONE;
    content->index++;
    wi_buffer_clear(&content->text);
}

/* --- what comes ------------------------------------------------------------------------------ */

struct writer {
    struct content *content;
    struct wi_buffer *events; /* NULL: it is sent as a whole */
};

static void tell_delta(const struct writer *writer, const struct wi_piece *piece)
{
    static const struct {
        const char *type, *member;
    } deltas[] = {[WI_BLOCK_THOUGHT] = {"thinking_delta", "thinking"},
        [WI_BLOCK_TEXT] = {"text_delta", "text"},
        [WI_BLOCK_CALL] = {"input_json_delta", "partial_json"}};
    content_event("content_block_delta",
        json_pack("{s:I, s:{s:s, s:o}}", "index", writer->content->index, "delta", "type",
            deltas[piece->kind].type, deltas[piece->kind].member,
            wi_generation_text(piece->text, piece->length)),
        writer->events);
}

static void on_piece(void *context, const struct wi_piece *piece)
{
    const struct writer *writer = context;
    if (piece->begins) {
        close_block(writer->content, writer->events);
        open_block(writer->content, piece, writer->events);
    }
    if (piece->length == 0)
        return;
    if (writer->events)
        tell_delta(writer, piece);
    else
        wi_buffer_add(&writer->content->text, piece->text, piece->length);
}

static void content_add(
    struct content *content, const struct wi_part *part, struct wi_buffer *events)
{
    struct writer writer = {content, events};
    wi_blocks_cut(&content->blocks, part, on_piece, &writer);
}

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

static void anthropic_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
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
    json_t *message = json_pack("{s:o, s:s, s:s, s:s, s:o}", "id",
        json_sprintf("msg_%s", wi_generation_id(id)), "type", "message", "role", "assistant",
        "model", model_name, "content", content ? json_incref(content) : json_array());
    json_object_update_new(message, ending_json(choice));
    json_object_set_new(message, "usage", usage);
    return with_nulls(message, absent);
}

static struct wi_printing *anthropic_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const struct wi_part whole = wi_generation_part(choice, 0);
    struct content content = {0};
    content_add(&content, &whole, NULL);
    close_block(&content, NULL);
    json_t *message = make_message(
        outcome->id, outcome->model_name, content.list, choice, anthropic_usage(outcome->result));
    content_clear(&content);
    return wi_printing_json(message);
}

static struct wi_printing *anthropic_print_count(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    size_t count = json_array_size(json_object_get(outcome->result, "tokens"));
    return wi_printing_json(json_pack("{s:I}", "input_tokens", (json_int_t)count));
}

/* --- streams ---------------------------------------------------------------------------------- */

static void anthropic_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    content_event("ping", json_object(), out);
}

/* The number of tokens read is known at the end. */
static void anthropic_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
    content_event("message_start",
        json_pack("{s:o}", "message",
            make_message(face->id, face->model_name, NULL, NULL, anthropic_usage(NULL))),
        out);
    anthropic_stream_progress(out, face, NULL, 0);
}

static void anthropic_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    content_add(face->infer->extras, part, out);
}

static struct wi_printing *anthropic_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    static const char *const absent[] = {"stop_details", "container", NULL};
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const struct wi_part whole = wi_generation_part(choice, 0);
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    struct content *content = infer->extras;
    if (outcome->parts == 0)
        content_add(content, &whole, &printing->text);
    close_block(content, &printing->text);
    content_event("message_delta",
        json_pack("{s:o, s:o}", "delta", with_nulls(ending_json(choice), absent), "usage",
            usage_at_end(outcome->result)),
        &printing->text);
    content_event("message_stop", json_object(), &printing->text);
    return printing;
}

static void anthropic_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "event: error\ndata: ");
    anthropic_print_error(NULL, out, error, request_id);
    wi_buffer_puts(out, "\n");
}

/* --- the dialects ----------------------------------------------------------------------------- */

static void anthropic_free_extras(void *data)
{
    content_clear(data);
    free(data);
}

/* What both have; a count is never streamed. */
#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "AnthropicError", .id_header = "request-id",   \
    .parameters = &wi_anthropic_parameters, .names = wi_anthropic_names,                           \
    .extras_size = sizeof(struct content), .free_extras = anthropic_free_extras,                   \
    .frame = wi_parameters_frame, .read = wi_anthropic_read, .check = wi_parameters_check,         \
    .print_error = anthropic_print_error, .stream_begin = anthropic_stream_begin,                  \
    .stream_part = anthropic_stream_part, .stream_progress = anthropic_stream_progress,            \
    .stream_done = anthropic_stream_done, .stream_error = anthropic_stream_error

const struct wi_dialect wi_dialect_anthropic_messages = {
    .name = "anthropic.messages", .task = WI_TASK_CHAT, .print = anthropic_print, SHARED};
const struct wi_dialect wi_dialect_anthropic_count = {
    .name = "anthropic.count", .task = WI_TASK_TOKENIZE, .print = anthropic_print_count, SHARED};
