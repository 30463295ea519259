/* A node's output in the form of choices and their deltas. All of it is checked before it is
 * sent. */
#include "wire/openai/openai.h"

#include "base/memory.h"
#include "wire/generation.h"
#include <stdlib.h>
#include <string.h>

json_t *wi_openai_head(
    const char *prefix, const char *id, const char *object, const char *model_name, int64_t created)
{
    const char *dash = strchr(id, '-');
    char *name = wi_sprintf("%s-%s", prefix, dash ? dash + 1 : id);
    json_t *head = json_pack("{s:s, s:s, s:I, s:s}", "id", name, "object", object, "created",
        (json_int_t)created, "model", model_name);
    free(name);
    return head;
}

/* --- figures --------------------------------------------------------------------------------- */

json_t *wi_openai_usage(const json_t *result)
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
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(row, "top_logprobs"), i, one)
    {
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
    const json_t *rows = json_object_get(from, "logprobs"), *row;
    json_t *tokens, *numbers, *tops, *offsets;
    size_t i;
    if (!json_is_array(rows))
        return json_null();
    tokens = json_array();
    numbers = json_array();
    tops = json_array();
    offsets = json_array();
    json_array_foreach(rows, i, row)
    {
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

/* The text of a part, which may have a NUL in it. */
static json_t *part_text(const struct wi_part *part)
{
    json_t *text = part->text ? json_stringn(part->text, part->text_length) : NULL;
    return text ? text : json_string("");
}

json_t *wi_openai_message(const json_t *choice, json_int_t index)
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

json_t *wi_openai_delta(const struct wi_part *part)
{
    json_t *delta = json_object();
    if (part->text_length > 0)
        json_object_set_new(delta, "content", part_text(part));
    add_reasoning(delta, part->result);
    add_calls(delta, part->result, 1);
    if (json_object_size(delta) == 0 && !json_object_get(part->result, "logprobs")) {
        json_decref(delta);
        return NULL;
    }
    return json_pack("{s:I, s:o, s:o, s:n}", "index", (json_int_t)part->index, "delta", delta,
        "logprobs", logprobs_of(part->result), "finish_reason");
}

json_t *wi_openai_text(const json_t *choice, json_int_t index)
{
    json_t *text = json_object_get(choice, "text");
    json_int_t begun = 0;
    return json_pack("{s:I, s:o, s:o, s:s}", "index", index, "text",
        json_is_string(text) ? json_incref(text) : json_string(""), "logprobs",
        old_logprobs_of(choice, &begun), "finish_reason", wi_generation_finish(choice));
}

json_t *wi_openai_text_delta(const struct wi_part *part, json_int_t *begun)
{
    if (part->text_length == 0 && !json_object_get(part->result, "logprobs"))
        return NULL;
    return json_pack("{s:I, s:o, s:o, s:n}", "index", (json_int_t)part->index, "text",
        part_text(part), "logprobs", old_logprobs_of(part->result, begun), "finish_reason");
}
