/*
 * Requests of OpenAI's clients. Every parameter is in one of three lists (webinfer-openai(7)):
 * honoured, accepted without effect, and refused by name unless it asks for the usual behaviour.
 */
#include "wire/openai/openai.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
#include "wire/native/native.h"
#include "wire/parameters.h"
#include "wire/text.h"
#include <stdlib.h>
#include <string.h>

#define OLD_LOGPROBS_MAX 5

/* --- the lists -------------------------------------------------------------------------------- */

#define CHAT (1u << WI_TASK_CHAT)
#define COMPLETE (1u << WI_TASK_COMPLETE)
#define EMBED (1u << WI_TASK_EMBED)
#define RERANK (1u << WI_TASK_RERANK)
#define TOKENIZE (1u << WI_TASK_TOKENIZE)
#define RECOGNISE (1u << WI_TASK_SPEECH_RECOGNITION)
#define SPEAK (1u << WI_TASK_TEXT_TO_SPEECH)
#define TEXT (CHAT | COMPLETE)
#define ALL (TEXT | EMBED | RERANK | TOKENIZE | RECOGNISE | SPEAK)

static const struct wi_parameter parameters[] = {
    {"model", WI_PARAMETER_SPECIAL, ALL},
    {"messages", WI_PARAMETER_NEEDED, CHAT},
    {"prompt", WI_PARAMETER_NEEDED, COMPLETE},
    {"prompt", WI_PARAMETER_SPECIAL, TOKENIZE}, /* or content */
    {"input", WI_PARAMETER_NEEDED, EMBED | SPEAK},
    {"query", WI_PARAMETER_NEEDED, RERANK},
    {"documents", WI_PARAMETER_NEEDED, RERANK},
    {"stream", WI_PARAMETER_SPECIAL, TEXT | RECOGNISE},
    {"stream_options", WI_PARAMETER_SPECIAL, TEXT},
    {"max_completion_tokens", WI_PARAMETER_SPECIAL, CHAT},
    {"max_tokens", WI_PARAMETER_SPECIAL, TEXT},
    {"repetition_penalty", WI_PARAMETER_SPECIAL, TEXT},
    {"logprobs", WI_PARAMETER_SPECIAL, COMPLETE},
    {"encoding_format", WI_PARAMETER_SPECIAL, EMBED},
    {"top_n", WI_PARAMETER_SPECIAL, RERANK},
    {"return_documents", WI_PARAMETER_SPECIAL, RERANK},
    {"content", WI_PARAMETER_SPECIAL, TOKENIZE}, /* as llama-server calls the prompt */
    {"response_format", WI_PARAMETER_SPECIAL, RECOGNISE | SPEAK},
    {"timestamp_granularities[]", WI_PARAMETER_SPECIAL, RECOGNISE},
    {"logprobs", WI_PARAMETER_OPTION, CHAT},
    {"top_logprobs", WI_PARAMETER_OPTION, CHAT},
    {"temperature", WI_PARAMETER_OPTION, TEXT},
    {"top_p", WI_PARAMETER_OPTION, TEXT},
    {"top_k", WI_PARAMETER_OPTION, TEXT},
    {"min_p", WI_PARAMETER_OPTION, TEXT},
    {"repeat_penalty", WI_PARAMETER_OPTION, TEXT},
    {"frequency_penalty", WI_PARAMETER_OPTION, TEXT},
    {"presence_penalty", WI_PARAMETER_OPTION, TEXT},
    {"logit_bias", WI_PARAMETER_OPTION, TEXT},
    {"stop", WI_PARAMETER_OPTION, TEXT},
    {"seed", WI_PARAMETER_OPTION, TEXT},
    {"n", WI_PARAMETER_OPTION, TEXT},
    {"response_format", WI_PARAMETER_OPTION, TEXT},
    {"grammar", WI_PARAMETER_OPTION, TEXT},
    {"json_schema", WI_PARAMETER_OPTION, TEXT},
    {"tools", WI_PARAMETER_OPTION, CHAT},
    {"tool_choice", WI_PARAMETER_OPTION, CHAT},
    {"chat_template_kwargs", WI_PARAMETER_OPTION, CHAT},
    {"deterministic", WI_PARAMETER_OPTION, TEXT},
    {"context", WI_PARAMETER_OPTION, TEXT | EMBED | RERANK},
    {"dimensions", WI_PARAMETER_OPTION, EMBED},
    {"normalize", WI_PARAMETER_OPTION, EMBED},
    {"add_special", WI_PARAMETER_OPTION, TOKENIZE},
    {"language", WI_PARAMETER_OPTION, RECOGNISE},
    {"prompt", WI_PARAMETER_OPTION, RECOGNISE},
    {"speed", WI_PARAMETER_OPTION, SPEAK},
    {"voice", WI_PARAMETER_IGNORED, SPEAK}, /* a model has one */
    {"input_type", WI_PARAMETER_IGNORED, EMBED | RERANK},
    {"user", WI_PARAMETER_IGNORED, ALL},
    {"store", WI_PARAMETER_IGNORED, ALL},
    {"metadata", WI_PARAMETER_IGNORED, ALL},
    {"service_tier", WI_PARAMETER_IGNORED, ALL},
    {"safety_identifier", WI_PARAMETER_IGNORED, ALL},
    {"prompt_cache_key", WI_PARAMETER_IGNORED, ALL},
    {"prompt_cache_retention", WI_PARAMETER_IGNORED, ALL},
    {"cache_prompt", WI_PARAMETER_IGNORED, TEXT},
    {"parallel_tool_calls", WI_PARAMETER_IGNORED, CHAT},
    {"reasoning_effort", WI_PARAMETER_IGNORED, CHAT},
    {"verbosity", WI_PARAMETER_IGNORED, CHAT},
    {0},
};

static const struct wi_neutral neutrals[] = {
    {"modalities", "[\"text\"]"},
    {"functions", "[]"},
    {"function_call", "\"none\""},
    {"tools", "[]"},
    {"best_of", "1"},
    {"n", "1"},
    {"echo", "false"},
    {"suffix", "\"\""},
    {"stream", "false"},
    {"logprobs", "false"},
    {"encoding_format", "\"float\""},
    {"stream_format", "\"audio\""},
    {"temperature", "0"},
    {"chunking_strategy", "\"auto\""},
    {0},
};

/* --- what is special -------------------------------------------------------------------------- */

struct body {
    const char *model;
    json_t *messages, *prompt, *input, *query, *documents, *content, *stream_options;
    int stream, return_documents, encoding_format;
    int64_t top_n;
    double repetition_penalty;
    json_t *logprobs, *max_tokens, *max_completion_tokens;
};

static const char *const encodings[] = {"float", "base64", NULL};
static const struct wi_param body_table[] = {
    WI_PARAM(body, model, STRING, .required = 1, .min = 1,
        .max = WI_MODEL_NAME_MAX + WI_MODEL_WHERE_MAX + 1),
    WI_PARAM(body, messages, ANY, .form = "[OpenaiMessage]"),
    WI_PARAM(body, prompt, ANY, .form = "string|[string]"),
    WI_PARAM(body, input, ANY, .form = "string|[string]"),
    WI_PARAM(body, query, ANY, .form = "string"),
    WI_PARAM(body, documents, ANY, .form = "[string]"),
    WI_PARAM(body, content, ANY, .form = "string"),
    WI_PARAM(body, stream_options, OBJECT,
        .form = "(include_usage? boolean, include_obfuscation? boolean)"),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, return_documents, BOOL),
    WI_PARAM(body, encoding_format, ENUM, .names = encodings),
    WI_PARAM(body, max_tokens, ANY, .form = "integer"),
    WI_PARAM(body, max_completion_tokens, ANY, .form = "integer"),
    WI_PARAM(
        body, repetition_penalty, NUMBER, .min = WI_TEXT_PENALTY_MIN, .max = WI_TEXT_PENALTY_MAX),
    WI_PARAM(body, top_n, INTEGER, .min = 1, .max = WI_TEXT_LIST),
    WI_PARAM(body, logprobs, ANY, .form = "integer|boolean"),
    WI_PARAM_END,
};

static const struct wi_parameters lists = {parameters, neutrals, body_table};

size_t wi_openai_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX])
{
    return wi_parameters_rows(&lists, task, rows);
}

struct stream_options {
    int include_usage, include_obfuscation;
};
static const struct wi_param stream_table[] = {
    WI_PARAM(stream_options, include_usage, BOOL),
    WI_PARAM(stream_options, include_obfuscation, BOOL),
    WI_PARAM_END,
};

/* Token lists are for those who have the model's tokenizer. */
static int has_numbers(const json_t *value)
{
    const json_t *first = json_array_get(value, 0);
    return json_is_number(first) || json_is_array(first);
}

static enum wi_code no_tokens(const char *name, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, name,
        "%s is a list of tokens, which is not taken; send the text%s", name,
        strcmp(name, "input") == 0
            ? ", which LangChain's OpenAIEmbeddings does with check_embedding_ctx_length=False"
            : "");
    return wi_error_expect(error, "text");
}

static enum wi_code read_prompt(
    struct wi_infer *infer, json_t *prompt, const char *name, struct wi_error *error)
{
    if (!prompt)
        return wi_parameters_missing(name, error);
    if (has_numbers(prompt))
        return no_tokens(name, error);
    /* Some clients send a string as a list of one. */
    if (json_is_array(prompt) && json_array_size(prompt) == 1)
        prompt = json_array_get(prompt, 0);
    if (json_is_array(prompt) && infer->asked->task == WI_TASK_COMPLETE)
        return wi_text_read_list(infer, prompt, name, error);
    return wi_text_read_string(infer, prompt, name, error);
}

static enum wi_code openai_read_input(struct wi_infer *infer, json_t *input, struct wi_error *error)
{
    if (!input)
        return wi_parameters_missing("input", error);
    if (has_numbers(input))
        return no_tokens("input", error);
    return json_is_string(input) ? wi_text_read_string(infer, input, "input", error)
                                 : wi_text_read_list(infer, input, "input", error);
}

static enum wi_code read_query(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    if (!body->query || !body->documents)
        return wi_parameters_missing(body->query ? "documents" : "query", error);
    enum wi_code code =
        wi_text_read_query(infer, body->query, body->documents, "query", "documents", error);
    struct wi_openai_extras *extras = infer->extras;
    if (code == WI_OK && body->return_documents)
        extras->documents = json_incref(body->documents);
    return code;
}

/* For two names of one parameter. */
static enum wi_code names_refuse(const char *name, const char *other, struct wi_error *error)
{
    return wi_error_set(error, WI_INVALID_FIELD, name,
        "%s and %s are two names of one parameter; send one of them", name, other);
}

static enum wi_code openai_read_text(struct wi_infer *infer, const struct body *body,
    struct wi_budget *budget, struct wi_error *error)
{
    switch (infer->asked->task) {
    case WI_TASK_CHAT:
        return body->messages
                   ? wi_text_read_messages(infer, body->messages, "messages", budget, error)
                   : wi_parameters_missing("messages", error);
    case WI_TASK_EMBED:
        return openai_read_input(infer, body->input, error);
    case WI_TASK_RERANK:
        return read_query(infer, body, error);
    case WI_TASK_SPEECH_RECOGNITION:
        return WI_OK; /* it is outside the parameters */
    case WI_TASK_TEXT_TO_SPEECH:
        return body->input ? wi_text_read_string(infer, body->input, "input", error)
                           : wi_parameters_missing("input", error);
    case WI_TASK_TOKENIZE:
        if (body->prompt && body->content) /* the one at fault, if there is one */
            return names_refuse(json_is_string(body->content) ? "prompt" : "content",
                json_is_string(body->content) ? "content" : "prompt", error);
        if (body->content)
            return read_prompt(infer, body->content, "content", error);
        return read_prompt(infer, body->prompt, "prompt", error);
    default:
        return read_prompt(infer, body->prompt, "prompt", error);
    }
}

/* For completions: the number of alternatives for each token; there it is a number. */
static enum wi_code read_old_logprobs(
    struct wi_infer *infer, const json_t *value, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    json_int_t count = json_integer_value(value);
    if (asked->task != WI_TASK_COMPLETE || !value || json_is_false(value))
        return WI_OK;
    if (!json_is_integer(value) || count < 0 || count > OLD_LOGPROBS_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, "logprobs", "logprobs must be a number from 0 to %d",
            OLD_LOGPROBS_MAX);
        return wi_error_expect(error, "0 to %d", OLD_LOGPROBS_MAX);
    }
    json_object_set_new(asked->options, "logprobs", json_true());
    if (count > 0)
        json_object_set_new(asked->options, "top_logprobs", json_integer(count));
    return WI_OK;
}

static enum wi_code read_stream(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    struct wi_openai_extras *extras = infer->extras;
    struct stream_options options = {0};
    enum wi_code code = WI_OK;
    infer->asked->stream = body->stream && wi_task_generates(infer->asked->task);
    if (body->stream_options && !body->stream)
        return wi_error_set(error, WI_INVALID_FIELD, "stream_options",
            "stream_options is for streams; leave it out, or say stream: true");
    if (body->stream_options)
        code = wi_params_read(stream_table, body->stream_options, WI_PARAMS_STRICT,
            "stream_options.", &options, error);
    extras->include_usage = options.include_usage;
    return code;
}

static enum wi_code openai_read_body(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct wi_openai_extras *extras = infer->extras;
    struct body body = {0};
    enum wi_code code = wi_parameters_sort(infer, root, &lists, error);
    if (code == WI_OK)
        code = wi_params_read(body_table, root, WI_PARAMS_OPEN, "", &body, error);
    if (code != WI_OK || (code = wi_parameters_read_model(infer, body.model, error)) != WI_OK ||
        (code = read_stream(infer, &body, error)) != WI_OK ||
        (code = read_old_logprobs(infer, body.logprobs, error)) != WI_OK ||
        (code = wi_parameters_read_most(infer, "max_tokens", body.max_tokens, error)) != WI_OK ||
        (code = wi_parameters_read_most(
             infer, "max_completion_tokens", body.max_completion_tokens, error)) != WI_OK)
        return code;
    if (body.repetition_penalty > 0 && json_object_get(asked->options, "repeat_penalty"))
        return names_refuse("repeat_penalty", "repetition_penalty", error);
    if (body.repetition_penalty > 0)
        json_object_set_new(asked->options, "repeat_penalty", json_real(body.repetition_penalty));
    extras->base64 = body.encoding_format == 1;
    extras->top = body.top_n;
    if ((asked->task == WI_TASK_SPEECH_RECOGNITION &&
            (code = wi_openai_read_recognition(infer, root, error)) != WI_OK) ||
        (asked->task == WI_TASK_TEXT_TO_SPEECH &&
            (code = wi_openai_read_speech(infer, root, error)) != WI_OK))
        return code;
    return openai_read_text(infer, &body, budget, error);
}

static void openai_free_extras(void *data)
{
    struct wi_openai_extras *extras = data;
    json_decref(extras->documents);
    free(extras->begun);
    free(extras);
}

void wi_openai_begin(struct wi_infer *infer, enum wi_task_kind task)
{
    infer->asked = wi_inference_new();
    infer->asked->task = task;
    infer->extras = wi_alloc(sizeof(struct wi_openai_extras));
    infer->free_extras = openai_free_extras;
}

enum wi_code wi_openai_read(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct wi_openai_extras *extras = infer->extras;
    asked->priority = WI_PRIORITY_DEFAULT;
    extras->created = wi_wall_ms() / 1000;
    infer->or_rewrites = asked->task == WI_TASK_COMPLETE;
    enum wi_code code = openai_read_body(infer, root, budget, error);
    const json_t *n = json_object_get(asked->options, "n");
    extras->answers = json_is_integer(n) ? json_integer_value(n) : 1;
    if (asked->task == WI_TASK_COMPLETE && infer->form == WI_FORM_LIST)
        extras->answers *= (int64_t)json_array_size(asked->input);
    return code;
}

enum wi_code wi_openai_parse(enum wi_task_kind task, struct wi_infer *infer, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error)
{
    wi_openai_begin(infer, task);
    return wi_native_read_body(infer, body, json_size, budget, wi_openai_read, error);
}
