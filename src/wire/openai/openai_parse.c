/*
 * Requests of OpenAI's clients. Every parameter is in one of three lists (webinfer-openai(7)):
 * honoured, accepted without effect, and refused by name unless it asks for the usual behaviour.
 */
#include "wire/openai/openai.h"

#include "base/clock.h"
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
    {WI_PARAMETER_SPECIAL, ALL, {"model"}},
    {WI_PARAMETER_NEEDED, CHAT, {"messages"}},
    {WI_PARAMETER_NEEDED, COMPLETE, {"prompt"}},
    {WI_PARAMETER_SPECIAL, TOKENIZE, {"prompt"}}, /* or content */
    {WI_PARAMETER_NEEDED, EMBED | SPEAK, {"input"}},
    {WI_PARAMETER_NEEDED, RERANK, {"query", "documents"}},
    {WI_PARAMETER_SPECIAL, TEXT | RECOGNISE, {"stream"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"stream_options"}},
    {WI_PARAMETER_SPECIAL, CHAT, {"max_completion_tokens"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"max_tokens", "repetition_penalty"}},
    {WI_PARAMETER_SPECIAL, COMPLETE, {"logprobs"}},
    {WI_PARAMETER_SPECIAL, EMBED, {"encoding_format", "publish"}},
    {WI_PARAMETER_SPECIAL, RERANK, {"top_n", "return_documents"}},
    {WI_PARAMETER_SPECIAL, TOKENIZE, {"content"}}, /* as llama-server calls the prompt */
    {WI_PARAMETER_SPECIAL, RECOGNISE | SPEAK, {"response_format"}},
    {WI_PARAMETER_SPECIAL, RECOGNISE, {"timestamp_granularities[]"}},
    {WI_PARAMETER_OPTION, CHAT, {"logprobs", "top_logprobs"}},
    {WI_PARAMETER_OPTION, TEXT,
        {"temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty",
            "presence_penalty", "logit_bias", "stop", "seed", "n", "response_format", "grammar",
            "json_schema"}},
    {WI_PARAMETER_OPTION, CHAT, {"tools", "tool_choice", "chat_template_kwargs"}},
    {WI_PARAMETER_OPTION, TEXT, {"deterministic"}},
    {WI_PARAMETER_OPTION, TEXT | EMBED | RERANK, {"context"}},
    {WI_PARAMETER_OPTION, EMBED, {"dimensions", "normalize"}},
    {WI_PARAMETER_OPTION, TOKENIZE, {"add_special"}},
    {WI_PARAMETER_OPTION, RECOGNISE, {"language", "prompt"}},
    {WI_PARAMETER_OPTION, SPEAK, {"speed"}},
    {WI_PARAMETER_IGNORED, SPEAK, {"voice"}}, /* a model has one */
    {WI_PARAMETER_IGNORED, EMBED | RERANK, {"input_type"}},
    {WI_PARAMETER_IGNORED, ALL,
        {"user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
            "prompt_cache_retention"}},
    {WI_PARAMETER_IGNORED, TEXT, {"cache_prompt"}},
    {WI_PARAMETER_IGNORED, CHAT, {"parallel_tool_calls", "reasoning_effort", "verbosity"}},
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
    int stream, return_documents, encoding_format, publish;
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
    WI_PARAM(body, publish, BOOL,
        .help = "Whether subscribers get the vectors; see webinfer-channels(7)."),
    WI_PARAM(body, max_tokens, ANY, .form = "integer"),
    WI_PARAM(body, max_completion_tokens, ANY, .form = "integer"),
    WI_PARAM(
        body, repetition_penalty, NUMBER, .min = WI_TEXT_PENALTY_MIN, .max = WI_TEXT_PENALTY_MAX),
    WI_PARAM(body, top_n, INTEGER, .min = 1, .max = WI_TEXT_LIST),
    WI_PARAM(body, logprobs, ANY, .form = "integer|boolean"),
    WI_PARAM_END,
};

static const struct wi_parameter_form parameter_forms[] = {
    {"response_format", RECOGNISE, "'json'|'text'|'srt'|'vtt'|'verbose_json'"},
    {"response_format", SPEAK, "'wav'|'pcm'"},
    {WI_OPENAI_TIMES, RECOGNISE, "'segment'|'word'|['segment'|'word']"},
    {0},
};
const struct wi_parameters wi_openai_parameters = {
    parameters, neutrals, body_table, parameter_forms};

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
        "%s is a list of tokens, which is not accepted; send the text%s", name,
        strcmp(name, "input") == 0
            ? ", which LangChain's OpenAIEmbeddings does with check_embedding_ctx_length=False"
            : "");
    return wi_error_expect(error, "text");
}

static enum wi_code read_texts(
    struct wi_infer *infer, json_t *value, const char *name, struct wi_error *error)
{
    enum wi_task_kind task = infer->asked->task;
    if (!value)
        return wi_parameters_missing(name, error);
    if (has_numbers(value))
        return no_tokens(name, error);
    /* Some clients send a string as a list of one. */
    if (task != WI_TASK_EMBED && json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    int is_list = task == WI_TASK_EMBED ? !json_is_string(value)
                                        : task == WI_TASK_COMPLETE && json_is_array(value);
    return is_list ? wi_text_read_list(infer, value, name, error)
                   : wi_text_read_string(infer, value, name, error);
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

static enum wi_code openai_read_text(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    switch (infer->asked->task) {
    case WI_TASK_CHAT:
        return body->messages ? wi_text_read_messages(infer, body->messages, "messages", error)
                              : wi_parameters_missing("messages", error);
    case WI_TASK_EMBED:
        return read_texts(infer, body->input, "input", error);
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
            return read_texts(infer, body->content, "content", error);
        return read_texts(infer, body->prompt, "prompt", error);
    default:
        return read_texts(infer, body->prompt, "prompt", error);
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
            "stream_options is for streams; leave it out, or set stream to true");
    if (body->stream_options)
        code = wi_params_read(stream_table, body->stream_options, WI_PARAMS_STRICT,
            "stream_options.", &options, error);
    extras->include_usage = options.include_usage;
    return code;
}

/* --- sound ------------------------------------------------------------------------------------ */

/* The form by its name, of those from `first` on. */
static enum wi_code sound_read_form(struct wi_infer *infer, const json_t *root,
    enum wi_openai_form first, const char *const *names, struct wi_error *error)
{
    const json_t *asked = json_object_get(root, "response_format");
    struct wi_openai_extras *extras = infer->extras;
    extras->form = first;
    for (int i = 0; names[i] && json_is_string(asked); i++) {
        if (strcmp(json_string_value(asked), names[i]) != 0)
            continue;
        extras->form = (enum wi_openai_form)((int)first + i);
        return WI_OK;
    }
    if (!asked || json_is_null(asked))
        return WI_OK;
    char *given = json_dumps(asked, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    wi_error_set(error, WI_INVALID_FIELD, "response_format",
        "the response_format %.40s is not supported here", given);
    free(given);
    struct wi_buffer list = {0};
    for (int i = 0; names[i]; i++)
        wi_buffer_strings(&list, i > 0 ? ", " : "", names[i], NULL);
    wi_error_allow(error, "%s", list.text);
    wi_buffer_clear(&list);
    return WI_INVALID_FIELD;
}

static enum wi_code refuse_times(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, WI_OPENAI_TIMES,
        "%s is for response_format verbose_json, and is segment, word or both", WI_OPENAI_TIMES);
    return wi_error_expect(error, "segment or word");
}

/* A form has one value, or several of one name. */
static enum wi_code read_times(
    struct wi_openai_extras *extras, const json_t *times, struct wi_error *error)
{
    size_t count = json_is_array(times) ? json_array_size(times) : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(times) ? json_array_get(times, i) : times;
        const char *word = json_is_string(one) ? json_string_value(one) : "";
        if (strcmp(word, "segment") == 0)
            extras->segments = 1;
        else if (strcmp(word, "word") == 0)
            extras->words = 1;
        else
            return refuse_times(error);
    }
    return WI_OK;
}

enum wi_code wi_openai_check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    return extras->form <= WI_OPENAI_TEXT
               ? WI_OK
               : wi_error_set(error, WI_INVALID_FIELD, "stream",
                     "a stream contains text; use response_format json, or no stream");
}

static enum wi_code read_recognition(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    static const char *const forms[] = {"json", "text", "srt", "vtt", "verbose_json", NULL};
    const json_t *times = json_object_get(root, WI_OPENAI_TIMES);
    enum wi_code code = sound_read_form(infer, root, WI_OPENAI_JSON, forms, error);
    if (code != WI_OK)
        return code;
    struct wi_openai_extras *extras = infer->extras;
    enum wi_openai_form form = extras->form;
    infer->is_file = form == WI_OPENAI_TEXT || form == WI_OPENAI_SRT || form == WI_OPENAI_VTT;
    asked->stream = json_is_true(json_object_get(root, "stream"));
    if (asked->stream && (code = wi_openai_check_stream(infer, error)) != WI_OK)
        return code;
    if (json_is_null(times))
        times = NULL;
    if (times && form != WI_OPENAI_VERBOSE)
        return refuse_times(error);
    if (times && (code = read_times(extras, times, error)) != WI_OK)
        return code;
    extras->segments |= !extras->words;
    if (form >= WI_OPENAI_SRT)
        json_object_set_new(asked->options, "timestamps",
            json_string(!extras->words     ? "segment"
                        : extras->segments ? "both"
                                           : "word"));
    if (form == WI_OPENAI_VERBOSE && extras->segments)
        json_object_set_new(asked->options, "details", json_true());
    return WI_OK;
}

static enum wi_code read_speech(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    static const char *const forms[] = {"wav", "pcm", NULL};
    infer->is_file = 1;
    return sound_read_form(infer, root, WI_OPENAI_WAV, forms, error);
}

/* --- the body --------------------------------------------------------------------------------- */

static enum wi_code openai_read_body(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct wi_openai_extras *extras = infer->extras;
    struct body body = {0};
    enum wi_code code = wi_parameters_read(infer, root, &wi_openai_parameters, &body, error);
    if (code != WI_OK || (code = read_stream(infer, &body, error)) != WI_OK ||
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
    infer->asked->publish = body.publish;
    extras->top = body.top_n;
    if ((asked->task == WI_TASK_SPEECH_RECOGNITION &&
            (code = read_recognition(infer, root, error)) != WI_OK) ||
        (asked->task == WI_TASK_TEXT_TO_SPEECH &&
            (code = read_speech(infer, root, error)) != WI_OK))
        return code;
    return openai_read_text(infer, &body, error);
}

void wi_openai_free_extras(void *data)
{
    struct wi_openai_extras *extras = data;
    json_decref(extras->documents);
    free(extras->begun);
    free(extras);
}

enum wi_code wi_openai_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct wi_openai_extras *extras = infer->extras;
    extras->created = wi_wall_ms() / 1000;
    infer->or_rewrites = asked->task == WI_TASK_COMPLETE;
    enum wi_code code = openai_read_body(infer, root, error);
    const json_t *n = json_object_get(asked->options, "n");
    extras->answers = json_is_integer(n) ? json_integer_value(n) : 1;
    if (asked->task == WI_TASK_COMPLETE && infer->form == WI_FORM_LIST)
        extras->answers *= (int64_t)json_array_size(asked->input);
    return code;
}
