/*
 * What a simulated node makes of text: the words of the last message (or of the prompt) again, so
 * that the same request has the same answer on every node, and an answer goes on on another.
 */
#include "simulate/simulate.h"

#include "base/memory.h"
#include "base/secret.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4096 /* of an answer */
#define DIMENSIONS 8
#define DIMENSIONS_MAX 65536
#define TOKENS 32000 /* numbers of words are below */

/* --- words ----------------------------------------------------------------------------------- */

static const char spaces[] = " \t\r\n";

/* The next word behind `*at`, with one space before it unless it is the first. */
static size_t next_word(const char **at, const char **word)
{
    *word = *at + strspn(*at, spaces);
    size_t length = strcspn(*word, spaces);
    *at = *word + length;
    return length;
}

static size_t count_words(const char *text)
{
    const char *word;
    size_t count = 0;
    while (next_word(&text, &word) > 0)
        count++;
    return count;
}

static json_int_t token_of(const char *word, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 16777619u;
    return (json_int_t)(hash % TOKENS);
}

/* The text of a message, its parts one after the other. */
static void add_content(struct wi_buffer *out, const json_t *message)
{
    const json_t *content = json_object_get(message, "content"), *part;
    size_t i;
    if (json_is_string(content))
        wi_buffer_puts(out, json_string_value(content));
    json_array_foreach(content, i, part)
    {
        const char *text = json_string_value(json_object_get(part, "text"));
        wi_buffer_puts(out, text ? text : "");
        wi_buffer_puts(out, " ");
    }
    wi_buffer_puts(out, " ");
}

/* --- an answer in parts ---------------------------------------------------------------------- */

struct making {
    const json_t *options;
    json_t *parts;
    json_int_t index; /* which of several answers */
    json_int_t tokens;
    int logprobs;
};

static json_t *logprobs_of(const char *text, json_int_t id)
{
    json_t *bytes = json_array();
    for (const char *at = text; *at; at++)
        json_array_append_new(bytes, json_integer((unsigned char)*at));
    json_t *first =
        json_pack("{s:s, s:I, s:f, s:o}", "token", text, "id", id, "logprob", -0.5, "bytes", bytes);
    json_t *all = json_deep_copy(first);
    json_object_set_new(all, "top_logprobs", json_pack("[o]", first));
    return json_pack("[o]", all);
}

static void add_part(struct making *making, const char *text, json_int_t token, json_t *result)
{
    json_t *part =
        json_pack("{s:I, s:s, s:[I]}", "index", making->index, "text", text, "tokens", token);
    if (making->logprobs) {
        result = result ? result : json_object();
        json_object_set_new(result, "logprobs", logprobs_of(text, token));
    }
    if (result)
        json_object_set_new(part, "result", result);
    json_array_append_new(making->parts, part);
    making->tokens++;
}

/* Whether the text ends before this word, by one of the strings that end it. */
static int is_stop(const struct making *making, const char *word)
{
    const json_t *stop;
    size_t i;
    json_array_foreach(json_object_get(making->options, "stop"), i, stop)
    {
        if (strstr(word, json_string_value(stop)))
            return 1;
    }
    return 0;
}

/* Why it ends. */
static const char *speak(struct making *making, const char *text)
{
    json_int_t most = json_integer_value(json_object_get(making->options, "max_tokens"));
    const char *word;
    size_t length;
    json_int_t count = 0;
    while ((length = next_word(&text, &word)) > 0) {
        if (count == (most > 0 && most < WORDS_MAX ? most : WORDS_MAX))
            return "length";
        char *spoken = wi_sprintf("%s%.*s", count ? " " : "", (int)length, word);
        int stops = is_stop(making, spoken);
        if (!stops)
            add_part(making, spoken, token_of(word, length), NULL);
        free(spoken);
        if (stops)
            return "stop";
        count++;
    }
    return "stop";
}

/* The first tool that is offered, without arguments. */
static const char *call_tool(struct making *making, const json_t *tools)
{
    const json_t *tool = json_object_get(json_array_get(tools, 0), "function");
    add_part(making, "", 1,
        json_pack("{s:[{s:i, s:s, s:s, s:{s:O, s:s}}]}", "tool_calls", "index", 0, "id",
            "call_simulated", "type", "function", "function", "name", json_object_get(tool, "name"),
            "arguments", ""));
    add_part(making, "", 2,
        json_pack("{s:[{s:i, s:{s:s}}]}", "tool_calls", "index", 0, "function", "arguments", "{}"));
    return "tool_calls";
}

static int wants_tool(const json_t *messages, const json_t *options)
{
    const json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    const char *choice = json_string_value(json_object_get(options, "tool_choice"));
    return json_array_size(json_object_get(options, "tools")) > 0 &&
           !(choice && strcmp(choice, "none") == 0) && !(role && strcmp(role, "tool") == 0);
}

static void think(struct making *making)
{
    const json_t *wishes = json_object_get(making->options, "chat_template_kwargs");
    if (json_is_true(json_object_get(wishes, "enable_thinking")))
        add_part(making, "", 3, json_pack("{s:s}", "reasoning", "It is to be said again."));
}

static void make_answer(struct making *making, const char *text, const json_t *messages)
{
    const json_t *options = making->options;
    think(making);
    const char *why = messages && wants_tool(messages, options)
                          ? call_tool(making, json_object_get(options, "tools"))
                          : speak(making, text);
    json_array_append_new(making->parts,
        json_pack("{s:I, s:{s:s}}", "index", making->index, "result", "finish_reason", why));
}

/* --- the same as a whole --------------------------------------------------------------------- */

/* What comes in parts, put together. */
static void join_result(json_t *choice, const json_t *result)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)result, key, value)
    {
        json_t *list = json_object_get(choice, key);
        if (strcmp(key, "tool_calls") == 0 && list)
            json_object_set_new(json_object_get(json_array_get(list, 0), "function"), "arguments",
                json_string("{}"));
        else if (list && json_is_array(list))
            json_array_extend(list, value);
        else
            json_object_set_new(choice, key, json_deep_copy(value));
    }
}

static json_t *join_parts(const json_t *parts, json_int_t index)
{
    json_t *choice = json_pack("{s:I, s:[]}", "index", index, "tokens"), *part;
    struct wi_buffer text = {0};
    size_t i;
    wi_buffer_puts(&text, "");
    json_array_foreach(parts, i, part)
    {
        const char *more = json_string_value(json_object_get(part, "text"));
        if (json_integer_value(json_object_get(part, "index")) != index)
            continue;
        wi_buffer_puts(&text, more ? more : "");
        json_array_extend(json_object_get(choice, "tokens"), json_object_get(part, "tokens"));
        join_result(choice, json_object_get(part, "result"));
    }
    json_object_set_new(choice, "text", json_string(text.text ? text.text : ""));
    wi_buffer_clear(&text);
    return choice;
}

/* The result of a stream has what its parts have not carried. */
static json_t *end_of(const json_t *choice)
{
    return json_pack("{s:O, s:O}", "index", json_object_get(choice, "index"), "finish_reason",
        json_object_get(choice, "finish_reason"));
}

static json_t *make_result(const json_t *parts, json_int_t n, int stream)
{
    json_t *choices = json_array();
    for (json_int_t i = 0; i < n; i++) {
        json_t *choice = join_parts(parts, i);
        json_array_append_new(choices, stream ? end_of(choice) : json_incref(choice));
        json_decref(choice);
    }
    if (n > 1)
        return json_pack("{s:o}", "choices", choices);
    json_t *only = json_incref(json_array_get(choices, 0));
    json_object_del(only, "index");
    json_decref(choices);
    return only;
}

static void add_figures(json_t *result, json_int_t prompt, json_int_t made, double token_ms)
{
    double ms = made > 1 ? (double)(made - 1) * token_ms : 0;
    json_object_set_new(result, "usage",
        json_pack("{s:I, s:I, s:i}", "prompt_tokens", prompt, "completion_tokens", made,
            "cached_tokens", 0));
    json_object_set_new(result, "timings",
        json_pack("{s:i, s:I, s:f, s:f, s:f, s:I, s:f, s:f, s:f}", "cache_n", 0, "prompt_n", prompt,
            "prompt_ms", (double)prompt, "prompt_per_token_ms", 1.0, "prompt_per_second", 1000.0,
            "predicted_n", made, "predicted_ms", ms, "predicted_per_token_ms", token_ms,
            "predicted_per_second", token_ms > 0 ? 1000 / token_ms : 0.0));
}

/* n answers to each of several prompts; how many words these have. */
static size_t answer_prompts(struct making *making, const json_t *prompts, json_int_t n)
{
    size_t i, words = 0;
    const json_t *prompt;
    json_array_foreach(prompts, i, prompt)
    {
        const char *text = json_string_value(prompt);
        words += count_words(text ? text : "");
        for (json_int_t end = making->index + n; making->index < end; making->index++)
            make_answer(making, text ? text : "", NULL);
    }
    return words;
}

json_t *sim_text_speak(
    const struct sim_task *task, const json_t *input, double token_ms, int stream, json_t **result)
{
    const json_t *messages = json_object_get(input, "messages"), *message;
    const json_t *prompts = json_object_get(input, "prompts");
    const json_t *wanted = json_object_get(task->options, "n");
    json_int_t n = json_is_integer(wanted) ? json_integer_value(wanted) : 1;
    struct making making = {.options = task->options,
        .parts = json_array(),
        .logprobs = json_is_true(json_object_get(task->options, "logprobs"))};
    struct wi_buffer text = {0}, all = {0};
    size_t i;
    json_array_foreach(messages, i, message)
    {
        add_content(&all, message);
        wi_buffer_clear(&text);
        add_content(&text, message);
    }
    const char *prompt = json_string_value(json_object_get(input, "prompt"));
    if (!messages)
        wi_buffer_puts(&text, prompt ? prompt : "something that is no text");
    const char *read = messages ? all.text : text.text;
    size_t words = prompts ? answer_prompts(&making, prompts, n) : count_words(read ? read : "");
    for (; !prompts && making.index < n; making.index++)
        make_answer(&making, text.text ? text.text : "", messages);
    *result = make_result(making.parts, making.index, stream);
    add_figures(*result, (json_int_t)words, making.tokens, token_ms);
    wi_buffer_clear(&text);
    wi_buffer_clear(&all);
    return making.parts;
}

/* --- the other tasks ------------------------------------------------------------------------- */

static void embed_one(const char *text, size_t dimensions, float *row)
{
    unsigned char hash[WI_HASH_SIZE];
    double square = 0;
    wi_hash(text, strlen(text), hash);
    for (size_t i = 0; i < dimensions; i++) {
        row[i] = (float)hash[i % sizeof hash] - 127.5f + (float)(i / sizeof hash);
        square += (double)row[i] * row[i];
    }
    for (size_t i = 0; i < dimensions; i++)
        row[i] = (float)(row[i] / sqrt(square));
}

static enum wi_code embed(
    const struct sim_task *task, const json_t *texts, struct sim_answer *answer)
{
    json_int_t wanted = json_integer_value(json_object_get(task->options, "dimensions"));
    size_t dimensions = wanted > 0 && wanted <= DIMENSIONS_MAX ? (size_t)wanted : DIMENSIONS;
    size_t count = json_array_size(texts), words = 0;
    struct wi_blob *blob = wi_blob_new(NULL, count * dimensions * sizeof(float));
    if (!blob)
        return wi_error_set(&answer->failure, WI_INFERENCE_FAILED, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(texts, i));
        embed_one(text, dimensions, (float *)(void *)blob->bytes + i * dimensions);
        words += count_words(text);
    }
    blob->size = count * dimensions * sizeof(float);
    *wi_tensors_add(&answer->outputs) = (struct wi_tensor){.name = wi_strdup("embeddings"),
        .datatype = WI_FP32,
        .rank = 2,
        .dims = {(int64_t)count, (int64_t)dimensions},
        .blob = blob,
        .size = blob->size};
    answer->result = json_pack(
        "{s:{s:I, s:i}}", "usage", "prompt_tokens", (json_int_t)words, "completion_tokens", 0);
    return WI_OK;
}

/* The share of the query's words that a document has. */
static double score(const char *query, const char *document)
{
    const char *word;
    size_t length, count = 0, found = 0;
    while ((length = next_word(&query, &word)) > 0) {
        count++;
        found += memmem(document, strlen(document), word, length) != NULL;
    }
    return count ? (double)found / (double)count : 0;
}

static void rerank(const json_t *input, struct sim_answer *answer)
{
    const char *query = json_string_value(json_object_get(input, "query"));
    json_t *scores = json_array();
    const json_t *document;
    size_t i, words = count_words(query);
    json_array_foreach(json_object_get(input, "documents"), i, document)
    {
        const char *text = json_string_value(document);
        json_array_append_new(scores, json_real(score(query, text)));
        words += count_words(text);
    }
    answer->result = json_pack("{s:o, s:{s:I, s:i}}", "scores", scores, "usage", "prompt_tokens",
        (json_int_t)words, "completion_tokens", 0);
}

static void tokenize(const json_t *input, struct sim_answer *answer)
{
    const char *text = json_string_value(json_object_get(input, "text")), *word;
    json_t *tokens = json_array();
    size_t length;
    if (json_is_true(json_object_get(input, "add_special")))
        json_array_append_new(tokens, json_integer(1));
    while ((length = next_word(&text, &word)) > 0)
        json_array_append_new(tokens, json_integer(token_of(word, length)));
    answer->result = json_pack("{s:o}", "tokens", tokens);
}

enum wi_code sim_text_answer(
    const struct sim_task *task, double token_ms, struct sim_answer *answer)
{
    const json_t *input = json_object_get(task->data, "input");
    switch (sim_task_kind(task)) {
    case WI_TASK_EMBED:
        return embed(task, json_object_get(input, "texts"), answer);
    case WI_TASK_RERANK:
        rerank(input, answer);
        break;
    case WI_TASK_TOKENIZE:
        tokenize(input, answer);
        break;
    default:
        if (wi_task_samples(sim_task_kind(task)))
            json_decref(sim_text_speak(task, input, token_ms, 0, &answer->result));
        else
            sim_task_answer(task, answer);
    }
    return WI_OK;
}
