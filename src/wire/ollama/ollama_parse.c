/*
 * Requests of Ollama's clients. Every parameter is in one of three lists (webinfer-ollama(7)):
 * honoured, accepted without effect, and refused by name unless it asks for the usual behaviour.
 * The same holds for every member of `options`.
 */
#include "wire/ollama/ollama.h"

#include "base/clock.h"
#include "base/text.h"
#include "terms/task/limits.h"
#include "wire/native/native.h"
#include "wire/text.h"
#include <stdio.h>
#include <string.h>

/* --- the lists -------------------------------------------------------------------------------- */

#define CHAT (1u << WI_TASK_CHAT)
#define GENERATE (1u << WI_TASK_COMPLETE)
#define EMBED (1u << WI_TASK_EMBED)
#define TEXT (CHAT | GENERATE)
#define ALL (TEXT | EMBED)

static const struct wi_parameter parameters[] = {
    {WI_PARAMETER_SPECIAL, ALL, {"model"}},
    {WI_PARAMETER_SPECIAL, CHAT, {"messages"}},
    {WI_PARAMETER_SPECIAL, GENERATE, {"prompt", "system", "images", "raw"}},
    {WI_PARAMETER_SPECIAL, EMBED, {"input", "truncate"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"stream", "format", "think"}},
    {WI_PARAMETER_SPECIAL, ALL, {"options"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"keep_alive"}},
    {WI_PARAMETER_IGNORED, EMBED, {"keep_alive"}},
    {WI_PARAMETER_OPTION, CHAT, {"tools"}},
    {WI_PARAMETER_OPTION, TEXT, {"logprobs", "top_logprobs"}},
    {WI_PARAMETER_OPTION, EMBED, {"dimensions"}},
    {0},
};
/* The older endpoint for one vector has different ones. */
static const struct wi_parameter old_parameters[] = {
    {WI_PARAMETER_SPECIAL, EMBED, {"model", "prompt", "options"}},
    {WI_PARAMETER_IGNORED, EMBED, {"keep_alive"}},
    {0},
};
static const struct wi_neutral neutrals[] = {
    {"suffix", "\"\""},
    {"template", "\"\""},
    {"context", "[]"},
    {"tools", "[]"},
    {"stream", "false"},
    {"truncate", "false"},
    {"shift", "false"},
    {0},
};

/* --- what is special -------------------------------------------------------------------------- */

struct body {
    const char *model;
    json_t *messages, *prompt, *system, *images, *input, *format, *think, *options, *keep_alive;
    int stream, raw, truncate;
};
static const struct wi_param body_table[] = {
    WI_PARAM(body, model, STRING, .required = 1, .min = 1,
        .max = WI_MODEL_NAME_MAX + WI_MODEL_WHERE_MAX + 1),
    WI_PARAM(body, messages, ARRAY, .form = "[OllamaMessage]"),
    WI_PARAM(body, prompt, ANY, .form = "string"),
    WI_PARAM(body, system, ANY, .form = "string"),
    WI_PARAM(body, images, ARRAY, .form = "[string]"),
    WI_PARAM(body, input, ANY, .form = "string|[string]"),
    WI_PARAM(body, format, ANY, .form = "'json'|''|object"),
    WI_PARAM(body, think, ANY, .form = "boolean|'low'|'medium'|'high'"),
    WI_PARAM(body, options, OBJECT, .form = "OllamaOptions"),
    WI_PARAM(body, keep_alive, ANY, .form = "string|number"),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, raw, BOOL),
    WI_PARAM(body, truncate, BOOL),
    WI_PARAM_END,
};

static const struct wi_parameter_form parameter_forms[] = {
    {"options", EMBED, "OllamaEmbedOptions"}, {0}};
const struct wi_parameters wi_ollama_parameters = {
    parameters, neutrals, body_table, parameter_forms};
const struct wi_parameters wi_ollama_old_parameters = {
    old_parameters, neutrals, body_table, parameter_forms};

/* --- the members of `options` ----------------------------------------------------------------- */

#define FILLS_CONTEXT (-2) /* as num_predict */
#define ANY_SEED (-1)

static const struct wi_parameter option_parameters[] = {
    {WI_PARAMETER_SPECIAL, TEXT, {"num_predict"}},
    {WI_PARAMETER_SPECIAL, ALL, {"num_ctx"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"seed"}},
    {WI_PARAMETER_OPTION, TEXT,
        {"temperature", "top_k", "top_p", "min_p", "stop", "repeat_penalty", "frequency_penalty",
            "presence_penalty"}},
    /* Nothing is drawn at random for vectors. */
    {WI_PARAMETER_IGNORED, EMBED,
        {"num_predict", "seed", "temperature", "top_k", "top_p", "min_p", "stop", "repeat_penalty",
            "frequency_penalty", "presence_penalty"}},
    /* The use of the machine, which the pool decides. */
    {WI_PARAMETER_IGNORED, ALL,
        {"numa", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "low_vram", "f16_kv",
            "use_mmap", "use_mlock", "logits_all", "embedding_only", "penalize_newline"}},
    /* Of a sampler that does not exist here: see its switch in the list of refused ones. */
    {WI_PARAMETER_IGNORED, ALL, {"mirostat_tau", "mirostat_eta"}},
    {0},
};
static const struct wi_neutral option_neutrals[] = {
    {"mirostat", "0"},
    {"typical_p", "1"},
    {"typical_p", "1.0"},
    {"tfs_z", "1"},
    {"tfs_z", "1.0"},
    {"repeat_last_n", "64"},
    {"vocab_only", "false"},
    {0},
};

struct sampling {
    json_t *num_predict, *seed;
    int64_t num_ctx;
};
static const struct wi_param sampling_table[] = {
    WI_PARAM(sampling, num_predict, ANY, .form = "integer"),
    WI_PARAM(sampling, seed, ANY, .form = "integer"),
    WI_PARAM(sampling, num_ctx, INTEGER, .min = 16, .max = WI_TOKENS_MAX),
    WI_PARAM_END,
};

const struct wi_parameters wi_ollama_options = {
    option_parameters, option_neutrals, sampling_table, NULL};

static int is_integer(const json_t *value, json_int_t number)
{
    return json_is_integer(value) && json_integer_value(value) == number;
}

static enum wi_code ollama_read_options(
    struct wi_infer *infer, const json_t *options, struct wi_error *error)
{
    json_t *asked = infer->asked->options;
    struct sampling read = {0};
    enum wi_code code =
        wi_parameters_sort_within(infer, options, &wi_ollama_options, "options.", error);
    if (code == WI_OK)
        code = wi_params_read(sampling_table, options, WI_PARAMS_OPEN, "options.", &read, error);
    if (code != WI_OK)
        return code;
    if (read.num_ctx > 0)
        json_object_set_new(asked, "context", json_integer(read.num_ctx));
    if (infer->asked->task == WI_TASK_EMBED)
        return WI_OK;
    if (read.seed && !is_integer(read.seed, ANY_SEED))
        json_object_set(asked, "seed", read.seed);
    if (is_integer(read.num_predict, FILLS_CONTEXT))
        return WI_OK;
    return wi_parameters_read_most(infer, "options.num_predict", read.num_predict, error);
}

static enum wi_code ollama_read_format(
    struct wi_infer *infer, json_t *format, struct wi_error *error)
{
    const char *word = json_string_value(format);
    if (word && !*word)
        return WI_OK;
    if (word && strcmp(word, "json") == 0) {
        json_object_set_new(
            infer->asked->options, "response_format", json_pack("{s:s}", "type", "json_object"));
        return WI_OK;
    }
    if (json_is_object(format)) {
        json_object_set(infer->asked->options, "json_schema", format);
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "format", "format is neither \"json\" nor a JSON schema");
    return wi_error_expect(error, "\"json\", or a JSON schema");
}

static enum wi_code ollama_read_think(struct wi_infer *infer, json_t *think, struct wi_error *error)
{
    static const char *const levels[] = {"low", "medium", "high"};
    const char *word = json_string_value(think);
    json_t *told = json_is_boolean(think) ? json_pack("{s:O}", "enable_thinking", think) : NULL;
    for (size_t i = 0; word && i < sizeof levels / sizeof *levels; i++)
        if (strcmp(word, levels[i]) == 0)
            told = json_pack("{s:b, s:s}", "enable_thinking", 1, "reasoning_effort", word);
    if (told) {
        json_object_set_new(infer->asked->options, "chat_template_kwargs", told);
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "think", "think cannot be that");
    return wi_error_allow(error, "true, false, \"low\", \"medium\", \"high\"");
}

/* It matters only if there is nothing to answer; see read_load. */
static enum wi_code check_keep_alive(const json_t *keep_alive, struct wi_error *error)
{
    if (!keep_alive || json_is_string(keep_alive) || json_is_number(keep_alive))
        return WI_OK;
    return wi_parameters_refuse(
        "keep_alive", "a duration such as \"5m\", or a number of seconds", error);
}

/* --- only to load ----------------------------------------------------------------------------- */

static int is_no_time(const json_t *keep_alive)
{
    int64_t ms = -1;
    const char *text = json_string_value(keep_alive);
    return (json_is_number(keep_alive) && json_number_value(keep_alive) == 0) ||
           (text && wi_parse_duration(text, &ms) == 0 && ms == 0);
}

/* A request without anything to answer. A model must be loaded to tokenize a text, which then costs
 * next to nothing. The request's other members have no effect, but must be valid. */
static enum wi_code read_load(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    struct wi_ollama_extras *extras = infer->extras;
    struct wi_inference *asked = infer->asked;
    json_t *text = json_string("a");
    if (is_no_time(body->keep_alive)) {
        json_decref(text);
        wi_error_set(error, WI_INVALID_FIELD, "keep_alive",
            "keep_alive 0 without anything to answer asks to unload the model, which only an "
            "operator may do, with POST /v1/models/NAME/unload");
        return wi_error_expect(error, "another value, or none");
    }
    enum wi_code code = wi_task_check_options(
        WI_TASK_CHAT, 1, asked->options, WI_TEXT_ANSWERS, wi_infer_options_where(infer), error);
    extras->only_load = 1;
    asked->task = WI_TASK_TOKENIZE;
    asked->stream = 0;
    json_object_clear(asked->options);
    if (code == WI_OK)
        code = wi_text_read_string(infer, text, "prompt", error);
    json_decref(text);
    return code;
}

/* --- what is to be answered ------------------------------------------------------------------- */

static enum wi_code read_chat(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    return json_array_size(body->messages) == 0
               ? read_load(infer, body, error)
               : wi_ollama_read_messages(infer, body->messages, error);
}

/* The prompt as it is, without a template. */
static enum wi_code read_raw(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    const char *field = body->think                         ? "think"
                        : json_string_length(body->system)  ? "system"
                        : json_array_size(body->images) > 0 ? "images"
                                                            : NULL;
    if (field)
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "raw goes on with the prompt as it is, without the template that %s is for; leave one "
            "of the two out",
            field);
    infer->or_rewrites = 1;
    return wi_text_read_string(infer, body->prompt, "prompt", error);
}

/* A prompt is a user's message in its own conversation. */
static enum wi_code read_prompt(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    struct wi_ollama_extras *extras = infer->extras;
    json_t *messages = json_array();
    json_t *user = json_pack("{s:s, s:O}", "role", "user", "content", body->prompt);
    if (json_array_size(body->images) > 0)
        json_object_set(user, "images", body->images);
    extras->has_system = body->system && json_string_length(body->system) > 0;
    if (extras->has_system)
        json_array_append_new(
            messages, json_pack("{s:s, s:O}", "role", "system", "content", body->system));
    json_array_append_new(messages, user);
    infer->asked->task = WI_TASK_CHAT;
    enum wi_code code = wi_ollama_read_messages(infer, messages, error);
    json_decref(messages);
    return code;
}

static enum wi_code check_string(const json_t *value, const char *name, struct wi_error *error)
{
    if (!value || json_is_string(value))
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, name, "%s must be a string, not %s", name,
        wi_json_type_name(value));
    return wi_error_expect(error, "a string");
}

static enum wi_code read_generate(struct wi_infer *infer, struct body *body, struct wi_error *error)
{
    enum wi_code code = check_string(body->prompt, "prompt", error);
    if (code != WI_OK || (code = check_string(body->system, "system", error)) != WI_OK)
        return code;
    if (json_string_length(body->prompt) == 0 && json_array_size(body->images) == 0)
        return read_load(infer, body, error);
    json_t *nothing = json_string("");
    if (!body->prompt)
        body->prompt = nothing;
    code = body->raw ? read_raw(infer, body, error) : read_prompt(infer, body, error);
    json_decref(nothing);
    return code;
}

/* Vectors of a text, or of each of several. */
static enum wi_code ollama_read_input(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    if (!body->input && !body->prompt)
        return wi_parameters_missing("input", error);
    if (body->truncate)
        json_object_set_new(infer->asked->options, "truncate", json_true());
    if (body->prompt)
        return wi_text_read_string(infer, body->prompt, "prompt", error);
    return json_is_array(body->input) ? wi_text_read_list(infer, body->input, "input", error)
                                      : wi_text_read_string(infer, body->input, "input", error);
}

/* --- errors ----------------------------------------------------------------------------------- */

/* Replaces the name of a field, also in the detail. */
static void set_field(struct wi_error *error, const char *name)
{
    size_t length = strlen(error->field);
    char detail[sizeof error->detail];
    if (strncmp(error->detail, error->field, length) == 0) {
        snprintf(detail, sizeof detail, "%s%.400s", name, error->detail + length);
        memcpy(error->detail, wi_text_mend(detail), sizeof error->detail);
    }
    wi_text_copy(error->field, sizeof error->field, name);
}

/* A picture is a part of a message's content, before its text. */
static int picture_of(const char *field, unsigned *message, unsigned *picture)
{
    int end = 0;
    return sscanf(field, "messages[%u].content[%u]%n", message, picture, &end) == 2 && !field[end];
}

/* A prompt is a conversation of one message, or of two. */
static void rename_message(const struct wi_ollama_extras *extras, struct wi_error *error)
{
    unsigned message, picture;
    char name[64];
    if (picture_of(error->field, &message, &picture)) {
        if (extras->generates)
            snprintf(name, sizeof name, "images[%u]", picture);
        else
            snprintf(name, sizeof name, "messages[%u].images[%u]", message, picture);
        set_field(error, name);
        if (*error->expected == '{') /* a part of another form */
            *error->expected = '\0';
    } else if (extras->generates && sscanf(error->field, "messages[%u]", &message) == 1) {
        set_field(error, extras->has_system && message == 0 ? "system" : "prompt");
    }
}

/* Makes an error use these clients' name of the field at fault. */
static void ollama_rename(const struct wi_infer *infer, struct wi_error *error)
{
    static const struct {
        const char *ours, *theirs;
    } names[] = {{"json_schema", "format"}, {"response_format", "format"},
        {"context", "options.num_ctx"}, {"temperature", "options.temperature"},
        {"top_p", "options.top_p"}, {"top_k", "options.top_k"}, {"min_p", "options.min_p"},
        {"repeat_penalty", "options.repeat_penalty"},
        {"frequency_penalty", "options.frequency_penalty"},
        {"presence_penalty", "options.presence_penalty"}, {"stop", "options.stop"},
        {"seed", "options.seed"}};
    if (!error)
        return;
    rename_message(infer->extras, error);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(error->field, names[i].ours) == 0) {
            set_field(error, names[i].theirs);
            return;
        }
    }
}

/* --- the body --------------------------------------------------------------------------------- */

enum wi_code wi_ollama_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    const struct wi_parameters *lists = infer->dialect->parameters;
    struct body body = {.stream = 1, .truncate = 1};
    enum wi_code code = wi_parameters_read(infer, root, lists, &body, error);
    if (code != WI_OK)
        return code;
    asked->stream = body.stream && wi_task_generates(asked->task);
    if (lists == &wi_ollama_parameters && asked->task == WI_TASK_EMBED)
        json_object_set_new(asked->options, "normalize", json_true());
    if (body.options && (code = ollama_read_options(infer, body.options, error)) != WI_OK)
        return code;
    if (asked->task == WI_TASK_EMBED)
        return ollama_read_input(infer, &body, error);
    if ((body.format && (code = ollama_read_format(infer, body.format, error)) != WI_OK) ||
        (body.think && (code = ollama_read_think(infer, body.think, error)) != WI_OK) ||
        (code = check_keep_alive(body.keep_alive, error)) != WI_OK)
        return code;
    return asked->task == WI_TASK_CHAT ? read_chat(infer, &body, error)
                                       : read_generate(infer, &body, error);
}

enum wi_code wi_ollama_parse(struct wi_infer *infer, struct wi_error *error)
{
    struct wi_ollama_extras *extras = infer->extras;
    extras->generates = infer->asked->task == WI_TASK_COMPLETE;
    enum wi_code code = wi_native_read_body(infer, error);
    if (code != WI_OK)
        ollama_rename(infer, error);
    return code;
}

/* --- the model ------------------------------------------------------------------------------- */

/* Clients send these for any model: the context of a folder is fixed, and the engine of a GGUF
 * model cuts no text. A text that is too long is refused for its length. */
static void fit_options(struct wi_inference *asked, const struct wi_model *model)
{
    if (wi_formats[model->format]->fixed_context)
        json_object_del(asked->options, "context");
    else
        json_object_del(asked->options, "truncate");
}

enum wi_code wi_ollama_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    fit_options(infer->asked, model);
    enum wi_code code = wi_text_check(infer, model, limits, error);
    if (code != WI_OK)
        ollama_rename(infer, error);
    return code;
}
