/*
 * Answers in OpenAI's forms. A node's output becomes choices and their deltas; all of it is checked
 * before it is sent. Vectors may be large: they are left to wi_printing_run. Streams are chunks
 * without names, and an end with [DONE]. The reason for an answer's end comes with the end of the
 * whole, because only that has the figures.
 */
#include "wire/openai/openai.h"

#include "base/memory.h"
#include "wire/generation.h"
#include <openssl/evp.h>
#include <stdlib.h>

#define ROW_BYTES 64 /* around a vector */

static json_t *head_make(
    const char *prefix, const char *id, const char *object, const char *model_name, int64_t created)
{
    return json_pack("{s:o, s:s, s:I, s:s}", "id",
        json_sprintf("%s-%s", prefix, wi_generation_id(id)), "object", object, "created",
        (json_int_t)created, "model", model_name);
}

/* --- figures --------------------------------------------------------------------------------- */

static json_t *usage_of(const json_t *result)
{
    json_int_t prompt = wi_generation_tokens(result, "prompt_tokens");
    json_int_t made = wi_generation_tokens(result, "completion_tokens");
    return json_pack("{s:I, s:I, s:I, s:{s:I}}", "prompt_tokens", prompt, "completion_tokens", made,
        "total_tokens", prompt + made, "prompt_tokens_details", "cached_tokens",
        wi_generation_tokens(result, "cached_tokens"));
}

/* --- calls of tools -------------------------------------------------------------------------- */

/* Added if it is known. */
static void add_string(json_t *to, const char *name, json_t *value)
{
    if (value)
        json_object_set(to, name, value);
}

/* One call; the index is in streams only. */
static json_t *make_call(const struct wi_generation_call *said, int in_stream)
{
    json_t *call = json_object(), *made = json_object();
    if (in_stream)
        json_object_set_new(call, "index", json_integer(said->index));
    add_string(call, "id", said->id);
    add_string(call, "type", said->type);
    add_string(made, "name", said->name);
    add_string(made, "arguments", said->arguments);
    if (!in_stream) {
        json_object_set_new(call, "type", json_string("function"));
        if (!said->arguments)
            json_object_set_new(made, "arguments", json_string(""));
    }
    json_object_set_new(call, "function", made);
    return call;
}

/* Adds `tool_calls` if there are any. */
static void add_calls(json_t *to, const json_t *from, int in_stream)
{
    struct wi_generation_call call;
    json_t *calls = json_array();
    for (size_t i = 0; wi_generation_call(from, i, &call); i++)
        if (call.id || call.name || call.arguments)
            json_array_append_new(calls, make_call(&call, in_stream));
    if (json_array_size(calls) > 0)
        json_object_set(to, "tool_calls", calls);
    json_decref(calls);
}

static void add_reasoning(json_t *to, const json_t *from)
{
    json_t *text = json_object_get(from, "reasoning");
    if (json_string_length(text) > 0)
        json_object_set(to, "reasoning_content", text);
}

/* --- logprobs -------------------------------------------------------------------------------- */

static json_t *logprobs_of(const json_t *from)
{
    json_t *rows = json_object_get(from, "logprobs");
    return json_is_array(rows) ? json_pack("{s:O, s:n}", "content", rows, "refusal") : json_null();
}

static json_t *top_of(const json_t *row)
{
    json_t *top = json_object();
    const json_t *list = json_object_get(row, "top_logprobs");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *token = json_string_value(json_object_get(one, "token"));
        if (token)
            json_object_set(top, token, json_object_get(one, "logprob"));
    }
    return top;
}

/* A byte of a token: from the node's list of its bytes if there is one, because its text may be
 * U+FFFD. */
static unsigned byte_of(const json_t *row, size_t at, size_t *size)
{
    const json_t *bytes = json_object_get(row, "bytes"), *token = json_object_get(row, "token");
    *size = json_is_array(bytes) ? json_array_size(bytes) : json_string_length(token);
    if (at >= *size)
        return 0;
    return json_is_array(bytes) ? (unsigned)json_integer_value(json_array_get(bytes, at)) & 0xff
                                : (unsigned char)json_string_value(token)[at];
}

/* The position of a token in the text, in characters. `*begun` characters have begun before it,
 * including one that it continues (RFC 3629). Counts its own. */
static json_int_t offset_of(const json_t *row, json_int_t *begun)
{
    size_t size;
    int goes_on = (byte_of(row, 0, &size) & 0xc0) == 0x80 && *begun > 0;
    json_int_t offset = *begun - goes_on;
    for (size_t i = 0; i < size; i++)
        *begun += (byte_of(row, i, &size) & 0xc0) != 0x80;
    return offset;
}

/* The older form of completions: parallel lists. `*begun` is the number of characters that have
 * begun before these tokens, and afterwards includes theirs. */
static json_t *old_logprobs_of(const json_t *from, json_int_t *begun)
{
    const json_t *rows = json_object_get(from, "logprobs");
    if (!json_is_array(rows))
        return json_null();
    json_t *tokens = json_array(), *numbers = json_array(), *tops = json_array();
    json_t *offsets = json_array();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        json_t *token = json_object_get(row, "token");
        json_array_append_new(tokens, json_is_string(token) ? json_incref(token) : json_string(""));
        json_array_append_new(
            numbers, json_real(json_number_value(json_object_get(row, "logprob"))));
        json_array_append_new(tops, top_of(row));
        json_array_append_new(offsets, json_integer(offset_of(row, begun)));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "tokens", tokens, "token_logprobs", numbers,
        "top_logprobs", tops, "text_offset", offsets);
}

/* --- choices --------------------------------------------------------------------------------- */

static json_t *choice_message(const json_t *choice, json_int_t index)
{
    json_t *text = json_object_get(choice, "text");
    json_t *message = json_pack("{s:s, s:n, s:n}", "role", "assistant", "content", "refusal");
    add_reasoning(message, choice);
    add_calls(message, choice, 0);
    if (json_string_length(text) > 0 || !json_object_get(message, "tool_calls"))
        json_object_set_new(
            message, "content", json_is_string(text) ? json_incref(text) : json_string(""));
    return json_pack("{s:I, s:o, s:o, s:s}", "index", index, "message", message, "logprobs",
        logprobs_of(choice), "finish_reason", wi_generation_finish(choice));
}

/* `finish` NULL: more follows, and the choice is NULL if the part has nothing for it. */
static json_t *choice_delta(const struct wi_part *part, const char *finish)
{
    json_t *delta = json_object();
    if (part->text_length > 0)
        json_object_set_new(delta, "content", wi_generation_text(part->text, part->text_length));
    add_reasoning(delta, part->result);
    add_calls(delta, part->result, 1);
    if (!finish && json_object_size(delta) == 0 && !json_object_get(part->result, "logprobs")) {
        json_decref(delta);
        return NULL;
    }
    return json_pack("{s:I, s:o, s:o, s:s?}", "index", (json_int_t)part->index, "delta", delta,
        "logprobs", logprobs_of(part->result), "finish_reason", finish);
}

/* Likewise, of a text that is not of a chat. */
static json_t *choice_text(const struct wi_part *part, json_int_t *begun, const char *finish)
{
    if (!finish && part->text_length == 0 && !json_object_get(part->result, "logprobs"))
        return NULL;
    return json_pack("{s:I, s:o, s:o, s:s?}", "index", (json_int_t)part->index, "text",
        wi_generation_text(part->text, part->text_length), "logprobs",
        old_logprobs_of(part->result, begun), "finish_reason", finish);
}

/* --- text ------------------------------------------------------------------------------------- */

static int is_chat(const struct wi_infer *infer)
{
    return infer->asked->task == WI_TASK_CHAT;
}

/* What begins a text, or a chunk of it. */
static json_t *text_head(const struct wi_stream_face *face, const char *chat)
{
    const struct wi_openai_extras *extras = face->infer->extras;
    int chats = is_chat(face->infer);
    return head_make(chats ? "chatcmpl" : "cmpl", face->id, chats ? chat : "text_completion",
        face->model_name, extras->created);
}

static void add_timings(json_t *to, const json_t *result)
{
    json_t *timings = json_object_get(result, "timings");
    if (json_is_object(timings))
        json_object_set(to, "timings", timings);
}

struct wi_printing *wi_openai_print_text(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const json_t *result = outcome->result, *choice;
    json_t *choices = json_array();
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    json_t *answer = text_head(&face, "chat.completion");
    for (size_t i = 0; (choice = wi_generation_choice(result, i)) != NULL; i++) {
        const struct wi_part whole = wi_generation_part(choice, (unsigned)i);
        json_int_t begun = 0;
        json_array_append_new(
            choices, is_chat(infer) ? choice_message(choice, (json_int_t)i)
                                    : choice_text(&whole, &begun, wi_generation_finish(choice)));
    }
    json_object_set_new(answer, "choices", choices);
    json_object_set_new(answer, "usage", usage_of(result));
    add_timings(answer, result);
    return wi_printing_json(answer);
}

/* --- vectors ---------------------------------------------------------------------------------- */

/* Little-endian floats, which are the default of the clients. */
static void add_base64(struct wi_buffer *out, const float *row, size_t width)
{
    size_t bytes = width * sizeof *row;
    unsigned char *text = wi_alloc((bytes + 2) / 3 * 4 + 1);
    int length = EVP_EncodeBlock(text, (const unsigned char *)row, (int)bytes);
    wi_buffer_puts(out, "\"");
    wi_buffer_add(out, text, (size_t)length);
    wi_buffer_puts(out, "\"");
    free(text);
}

static void begin_row(struct wi_buffer *out, int64_t index)
{
    wi_buffer_puts(out, index > 0 ? ",\n{\"object\":\"embedding\",\"index\":"
                                  : "{\"object\":\"embedding\",\"index\":");
    wi_buffer_integer(out, index);
    wi_buffer_puts(out, ",\"embedding\":");
}

static void add_in_numbers(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    begin_row(out, index);
    wi_vectors_numbers(out, row, width);
    wi_buffer_puts(out, "}");
}

static void add_in_base64(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    begin_row(out, index);
    add_base64(out, row, width);
    wi_buffer_puts(out, "}");
}

/* {"prompt_tokens", "total_tokens"}: nothing is generated. */
static json_t *openai_usage(const json_t *result)
{
    json_t *usage = usage_of(result);
    json_object_del(usage, "completion_tokens");
    json_object_del(usage, "prompt_tokens_details");
    return usage;
}

struct wi_printing *wi_openai_print_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    struct wi_printing *printing = wi_vectors_print(
        outcome->outputs, ROW_BYTES, extras->base64 ? add_in_base64 : add_in_numbers, error);
    if (!printing)
        return NULL;
    json_t *usage = openai_usage(outcome->result);
    wi_buffer_puts(&printing->text, "{\"object\":\"list\",\"data\":[");
    wi_buffer_puts(&printing->tail, "],\"model\":");
    wi_buffer_json_string(&printing->tail, outcome->model_name);
    wi_buffer_puts(&printing->tail, ",\"usage\":");
    wi_buffer_json(&printing->tail, usage);
    wi_buffer_puts(&printing->tail, "}\n");
    json_decref(usage);
    return printing;
}

/* --- a ranking -------------------------------------------------------------------------------- */

struct ranked {
    size_t index;
    double score;
};

/* The best first; of equal ones the first. */
static int rank_compare(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;
    if (first->score != second->score)
        return first->score > second->score ? -1 : 1;
    return first->index < second->index ? -1 : 1;
}

static json_t *scores_rank(const struct wi_openai_extras *extras, const json_t *scores)
{
    size_t count = json_array_size(scores);
    size_t top = extras->top > 0 && (size_t)extras->top < count ? (size_t)extras->top : count;
    struct ranked *rows = wi_alloc((count + 1) * sizeof *rows);
    json_t *results = json_array();
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct ranked){i, json_number_value(json_array_get(scores, i))};
    qsort(rows, count, sizeof *rows, rank_compare);
    for (size_t i = 0; i < top; i++) {
        json_t *row = json_pack(
            "{s:I, s:f}", "index", (json_int_t)rows[i].index, "relevance_score", rows[i].score);
        json_t *document = json_array_get(extras->documents, rows[i].index);
        if (document)
            json_object_set_new(row, "document", json_pack("{s:O}", "text", document));
        json_array_append_new(results, row);
    }
    free(rows);
    return results;
}

struct wi_printing *wi_openai_print_ranking(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    json_t *answer = head_make("rerank", outcome->id, "list", outcome->model_name, extras->created);
    json_object_set_new(
        answer, "results", scores_rank(extras, json_object_get(outcome->result, "scores")));
    json_object_set_new(answer, "usage", openai_usage(outcome->result));
    return wi_printing_json(answer);
}

struct wi_printing *wi_openai_print_tokens(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    json_t *tokens = json_object_get(outcome->result, "tokens");
    return wi_printing_json(json_pack("{s:s, s:O, s:I}", "model", outcome->model_name, "tokens",
        tokens, "count", (json_int_t)json_array_size(tokens)));
}

/* --- streams ---------------------------------------------------------------------------------- */

/* A chunk with that choice, or without one. Takes it. */
static json_t *make_chunk(const struct wi_stream_face *face, json_t *choice)
{
    const struct wi_openai_extras *extras = face->infer->extras;
    json_t *chunk = text_head(face, "chat.completion.chunk");
    json_object_set_new(chunk, "choices", choice ? json_pack("[o]", choice) : json_array());
    if (extras->include_usage)
        json_object_set_new(chunk, "usage", json_null());
    return chunk;
}

static void add_choice(struct wi_buffer *out, const struct wi_stream_face *face, json_t *choice)
{
    if (choice)
        wi_printing_event(out, NULL, make_chunk(face, choice));
}

void wi_openai_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
    const struct wi_openai_extras *extras = face->infer->extras;
    for (int64_t i = 0; is_chat(face->infer) && i < extras->answers; i++)
        add_choice(out, face,
            json_pack("{s:I, s:{s:s, s:s}, s:n, s:n}", "index", (json_int_t)i, "delta", "role",
                "assistant", "content", "", "logprobs", "finish_reason"));
}

void wi_openai_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    struct wi_openai_extras *extras = face->infer->extras;
    if (is_chat(face->infer)) {
        add_choice(out, face, choice_delta(part, NULL));
    } else if (part->index < extras->answers) {
        if (!extras->begun)
            extras->begun = wi_alloc((size_t)extras->answers * sizeof *extras->begun);
        add_choice(out, face, choice_text(part, &extras->begun[part->index], NULL));
    }
}

/* These clients know no such event, but a comment keeps the connection alive. */
void wi_openai_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_buffer_puts(out, ": under way\n\n");
}

/* --- the end ---------------------------------------------------------------------------------- */

static void add_usage(
    struct wi_buffer *out, const struct wi_stream_face *face, const json_t *result)
{
    json_t *chunk = make_chunk(face, NULL);
    json_object_set_new(chunk, "usage", usage_of(result));
    add_timings(chunk, result);
    wi_printing_event(out, NULL, chunk);
}

struct wi_printing *wi_openai_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    const json_t *result = outcome->result;
    size_t count = (size_t)extras->answers;
    for (size_t i = 0; i < count; i++) {
        const json_t *choice = wi_generation_choice(result, i);
        const struct wi_part whole = wi_generation_part(choice, (unsigned)i);
        const struct wi_part end = {.index = (unsigned)i};
        const char *finish = wi_generation_finish(choice);
        if (outcome->parts == 0)
            wi_openai_stream_part(&printing->text, &face, &whole);
        json_t *chunk = make_chunk(
            &face, is_chat(infer) ? choice_delta(&end, finish) : choice_text(&end, NULL, finish));
        if (i + 1 == count && !extras->include_usage)
            add_timings(chunk, result);
        wi_printing_event(&printing->text, NULL, chunk);
    }
    if (extras->include_usage)
        add_usage(&printing->text, &face, result);
    wi_buffer_puts(&printing->text, "data: [DONE]\n\n");
    return printing;
}

void wi_openai_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "data: {\"error\":");
    wi_openai_error(out, error, face->infer->dialect->input);
    wi_buffer_puts(out, "}\n\n");
}
