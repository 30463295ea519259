/*
 * The text of a simulated node: the last message or the prompt again, word by word, or a call of
 * the first tool that is offered.
 */
#include "simulate/simulate.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4096 /* of an answer */
#define TOKENS 32000   /* numbers of words are below */

/* --- words ------------------------------------------------------------------------------------ */

static size_t next_word(const char **at, const char **word)
{
    static const char spaces[] = " \t\r\n";
    *word = *at + strspn(*at, spaces);
    size_t length = strcspn(*word, spaces);
    *at = *word + length;
    return length;
}

static json_int_t token_of(const char *word, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 16777619u;
    return (json_int_t)(hash % TOKENS);
}

size_t wi_sim_text_words(const char *text)
{
    const char *word;
    size_t count = 0;
    while (next_word(&text, &word) > 0)
        count++;
    return count;
}

double wi_sim_text_score(const char *query, const char *document)
{
    const char *word;
    size_t length, count = 0, found = 0;
    while ((length = next_word(&query, &word)) > 0) {
        count++;
        found += memmem(document, strlen(document), word, length) != NULL;
    }
    return count ? (double)found / (double)count : 0;
}

json_t *wi_sim_text_tokens(const char *text, int add_special)
{
    json_t *tokens = add_special ? json_pack("[i]", 1) : json_array();
    const char *word;
    size_t length;
    while ((length = next_word(&text, &word)) > 0)
        json_array_append_new(tokens, json_integer(token_of(word, length)));
    return tokens;
}

/* --- an answer in parts ----------------------------------------------------------------------- */

struct speech {
    const json_t *options;
    json_t *parts;   /* of all answers */
    json_t *choices; /* the same, each put together */
    json_t *choice;  /* the last of them */
    json_int_t index, tokens;
    struct wi_buffer text; /* of the last */
    const char *stop;      /* that ended the last; NULL: none did */
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

/* Takes over `result`, the members of the part other than text and token; NULL: none. */
static void add_part(struct speech *speech, const char *text, json_int_t token, json_t *result)
{
    json_t *part =
        json_pack("{s:I, s:s, s:[I]}", "index", speech->index, "text", text, "tokens", token);
    if (json_is_true(json_object_get(speech->options, "logprobs"))) {
        json_t *list = json_object_get(speech->choice, "logprobs"),
               *more = logprobs_of(text, token);
        result = result ? result : json_object();
        json_object_set_new(result, "logprobs", json_copy(more));
        if (list)
            json_array_extend(list, more);
        else
            json_object_set(speech->choice, "logprobs", more);
        json_decref(more);
    }
    if (result)
        json_object_update_missing(speech->choice, result);
    if (result)
        json_object_set_new(part, "result", result);
    json_array_append_new(speech->parts, part);
    json_array_append_new(json_object_get(speech->choice, "tokens"), json_integer(token));
    wi_buffer_puts(&speech->text, text);
    speech->tokens++;
}

/* The stop string of the request that ends the text before this word; NULL: none. Borrowed. */
static const char *stop_in(const struct speech *speech, const char *word)
{
    const json_t *list = json_object_get(speech->options, "stop");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *stop = json_array_get(list, i);
        if (strstr(word, json_string_value(stop)))
            return json_string_value(stop);
    }
    return NULL;
}

/* Says the text; why it ends. */
static const char *speech_say(struct speech *speech, const char *text)
{
    json_int_t most = json_integer_value(json_object_get(speech->options, "max_tokens"));
    const char *word;
    size_t length;
    if (most <= 0 || most > WORDS_MAX)
        most = WORDS_MAX;
    for (json_int_t count = 0; (length = next_word(&text, &word)) > 0; count++) {
        if (count == most)
            return "length";
        char *spoken = wi_sprintf("%s%.*s", count ? " " : "", (int)length, word);
        speech->stop = stop_in(speech, spoken);
        if (!speech->stop)
            add_part(speech, spoken, token_of(word, length), NULL);
        free(spoken);
        if (speech->stop)
            break;
    }
    return "stop";
}

/* The first tool that is offered, without arguments. */
static const char *call_tool(struct speech *speech)
{
    const json_t *tools = json_object_get(speech->options, "tools");
    const json_t *tool = json_object_get(json_array_get(tools, 0), "function");
    add_part(speech, "", 1,
        json_pack("{s:[{s:i, s:s, s:s, s:{s:O, s:s}}]}", "tool_calls", "index", 0, "id",
            "call_simulated", "type", "function", "function", "name", json_object_get(tool, "name"),
            "arguments", "{}"));
    return "tool_calls";
}

static int wants_tool(const json_t *messages, const json_t *options)
{
    const json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    const char *choice = json_string_value(json_object_get(options, "tool_choice"));
    return messages && json_array_size(json_object_get(options, "tools")) > 0 &&
           !(choice && strcmp(choice, "none") == 0) && !(role && strcmp(role, "tool") == 0);
}

/* Makes one answer. With `stream` the choice has only what the parts have not carried. */
static void speech_answer(
    struct speech *speech, const char *text, const json_t *messages, int stream)
{
    const json_t *requested = json_object_get(speech->options, "chat_template_kwargs");
    speech->stop = NULL;
    speech->choice = json_pack("{s:I, s:[]}", "index", speech->index, "tokens");
    wi_buffer_clear(&speech->text);
    wi_buffer_puts(&speech->text, "");
    if (json_is_true(json_object_get(requested, "enable_thinking")))
        add_part(speech, "", 3, json_pack("{s:s}", "reasoning", "It is to be said again."));
    const char *why =
        wants_tool(messages, speech->options) ? call_tool(speech) : speech_say(speech, text);
    json_array_append_new(speech->parts,
        json_pack("{s:I, s:{s:s}}", "index", speech->index, "result", "finish_reason", why));
    if (stream) {
        json_decref(speech->choice);
        speech->choice = json_pack("{s:I}", "index", speech->index);
    } else {
        json_object_set_new(speech->choice, "text", json_string(speech->text.text));
    }
    json_object_set_new(speech->choice, "finish_reason", json_string(why));
    if (speech->stop)
        json_object_set_new(speech->choice, "stop_sequence", json_string(speech->stop));
    json_array_append_new(speech->choices, speech->choice);
    speech->index++;
}

/* --- all together ----------------------------------------------------------------------------- */

/* The text of a message, its parts one after the other. */
static void add_content(struct wi_buffer *out, const json_t *message)
{
    const json_t *content = json_object_get(message, "content");
    if (json_is_string(content))
        wi_buffer_puts(out, json_string_value(content));
    for (size_t i = 0; i < json_array_size(content); i++) {
        const char *text = json_string_value(json_object_get(json_array_get(content, i), "text"));
        wi_buffer_strings(out, text ? text : "", " ", NULL);
    }
    wi_buffer_puts(out, " ");
}

json_t *wi_sim_text_read(const json_t *messages)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, "");
    for (size_t i = 0; i < json_array_size(messages); i++)
        add_content(&text, json_array_get(messages, i));
    json_t *tokens = wi_sim_text_tokens(text.text, 0);
    wi_buffer_clear(&text);
    return tokens;
}

/* The only choice unchanged, or all choices, with usage and timings. */
static json_t *result_of(const struct speech *speech, size_t words, double token_ms)
{
    json_int_t prompt = (json_int_t)words, made = speech->tokens;
    double ms = made > 1 ? (double)(made - 1) * token_ms : 0;
    json_t *result = speech->index > 1 ? json_pack("{s:O}", "choices", speech->choices)
                                       : json_incref(json_array_get(speech->choices, 0));
    json_object_del(result, "index");
    json_object_set_new(result, "usage",
        json_pack("{s:I, s:I, s:i}", "prompt_tokens", prompt, "completion_tokens", made,
            "cached_tokens", 0));
    json_object_set_new(result, "timings",
        json_pack("{s:i, s:I, s:f, s:f, s:f, s:I, s:f, s:f, s:f}", "cache_n", 0, "prompt_n", prompt,
            "prompt_ms", (double)prompt, "prompt_per_token_ms", 1.0, "prompt_per_second", 1000.0,
            "predicted_n", made, "predicted_ms", ms, "predicted_per_token_ms", token_ms,
            "predicted_per_second", token_ms > 0 ? 1000 / token_ms : 0.0));
    return result;
}

/* Takes the text to repeat from a conversation, its last message; counts the words of all
 * messages. */
static size_t read_messages(const json_t *messages, struct wi_buffer *last)
{
    size_t words = 0;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        wi_buffer_clear(last);
        add_content(last, json_array_get(messages, i));
        words += wi_sim_text_words(last->text);
    }
    return words;
}

json_t *wi_sim_text_speak(
    const struct wi_worker_request *request, double token_ms, int stream, json_t **result)
{
    const json_t *input = json_object_get(request->data, "input");
    const json_t *messages = json_object_get(input, "messages"), *prompt;
    json_t *prompts = json_incref(json_object_get(input, "prompts"));
    const json_t *wanted = json_object_get(request->options, "n");
    json_int_t n = json_is_integer(wanted) ? json_integer_value(wanted) : 1;
    struct speech speech = {
        .options = request->options, .parts = json_array(), .choices = json_array()};
    struct wi_buffer last = {0};
    size_t words = read_messages(messages, &last), i;
    if (!prompts) {
        const char *only =
            messages ? last.text : json_string_value(json_object_get(input, "prompt"));
        prompts = json_pack("[s]", only ? only : "something that is no text");
    }
    json_array_foreach(prompts, i, prompt)
    {
        const char *text = json_string_value(prompt);
        words += messages ? 0 : wi_sim_text_words(text);
        for (json_int_t k = 0; k < n; k++)
            speech_answer(&speech, text, messages, stream);
    }
    *result = result_of(&speech, words, token_ms);
    json_decref(prompts);
    json_decref(speech.choices);
    wi_buffer_clear(&speech.text);
    wi_buffer_clear(&last);
    return speech.parts;
}
