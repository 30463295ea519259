/*
 * THE table of what a task may be told beside its input. What is nested (tools, schemas) is
 * checked for its form and its size here; what it means is for the node, which checks it again.
 */
#include "wire/text.h"

#include "base/params.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX 10000000
#define TOP_K_MAX 1000000
#define SEED_MAX 9007199254740991.0 /* what every peer can hold exactly */
#define TOP_LOGPROBS_MAX 20
#define STOP_MAX 16
#define STOP_BYTES 256
#define BIAS_MAX 1024
#define TOOLS_MAX 128
#define TOOL_NAME_MAX 256
#define DIMENSIONS_MAX 65536
#define LABELS_MAX 1000
#define TEMPLATE_MAX 1024
#define PROMPT_MAX 4096

struct generate {
    int64_t max_tokens, top_k, seed, n, top_logprobs, context;
    double temperature, top_p, min_p, repeat_penalty, frequency_penalty, presence_penalty;
    int logprobs, deterministic, truncate;
    const char *grammar, *source_language, *target_language;
    json_t *logit_bias, *stop, *tools, *tool_choice, *response_format, *json_schema;
    json_t *chat_template_kwargs;
};

#define ROW(member, kind, min, max, help)                                                          \
    {                                                                                              \
#member, kind, offsetof(struct generate, member), 0, min, max, NULL, help                  \
    }
#define GENERATE                                                                                   \
    ROW(max_tokens, WI_PARAM_INTEGER, 1, TOKENS_MAX, "The most tokens of an answer."),             \
        ROW(temperature, WI_PARAM_NUMBER, 0, 2, "0: the most likely token each time."),            \
        ROW(top_p, WI_PARAM_NUMBER, 0, 1,                                                          \
            "Only the likeliest tokens that have this probability together."),                     \
        ROW(top_k, WI_PARAM_INTEGER, 0, TOP_K_MAX, "Only so many of the likeliest; 0: all."),      \
        ROW(min_p, WI_PARAM_NUMBER, 0, 1, "Only tokens with this share of the likeliest one's."),  \
        ROW(repeat_penalty, WI_PARAM_NUMBER, 0.01, 10, "Against what was said; 1: none."),         \
        ROW(frequency_penalty, WI_PARAM_NUMBER, -2, 2, "By how often a token was said."),          \
        ROW(presence_penalty, WI_PARAM_NUMBER, -2, 2, "By whether a token was said."),             \
        ROW(logit_bias, WI_PARAM_OBJECT, 0, 0, "What is added to tokens, by their numbers."),      \
        ROW(stop, WI_PARAM_ANY, 0, 0, "A string, or up to 16, before which the answer ends."),     \
        ROW(seed, WI_PARAM_INTEGER, -SEED_MAX, SEED_MAX, "Of what is drawn at random."),           \
        ROW(n, WI_PARAM_INTEGER, 0, 0, "How many answers."),                                       \
        ROW(logprobs, WI_PARAM_BOOL, 0, 0, "Whether each token's probability is told."),           \
        ROW(top_logprobs, WI_PARAM_INTEGER, 0, TOP_LOGPROBS_MAX,                                   \
            "Of how many others, too; with logprobs."),                                            \
        ROW(tools, WI_PARAM_ARRAY, 0, TOOLS_MAX, "Functions that the model may call."),            \
        ROW(tool_choice, WI_PARAM_ANY, 0, 0, "none, auto, required, or the one to be called."),    \
        ROW(response_format, WI_PARAM_OBJECT, 0, 0, "text, json_object, or json_schema."),         \
        ROW(grammar, WI_PARAM_STRING, 1, WI_TEXT_SCHEMA, "In GBNF, which the text keeps to."),     \
        ROW(json_schema, WI_PARAM_ANY, 0, 0, "Likewise, a JSON schema."),                          \
        ROW(chat_template_kwargs, WI_PARAM_OBJECT, 0, 0, "For the model's chat template."),        \
        ROW(deterministic, WI_PARAM_BOOL, 0, 0, "It runs alone, so that it comes out the same."),  \
        ROW(context, WI_PARAM_INTEGER, 1, TOKENS_MAX, CONTEXT_HELP)
#define CONTEXT_HELP "Tokens that there has to be room for."
#define TRUNCATE_HELP "Whether a text beyond the context loses its end."
static const struct wi_param generate_table[] = {GENERATE, WI_PARAM_END};
/* What models take that read a text whole before they write another. */
#define TRUNCATED ROW(truncate, WI_PARAM_BOOL, 0, 0, TRUNCATE_HELP)
static const struct wi_param rewrite_table[] = {GENERATE, TRUNCATED, WI_PARAM_END};
static const struct wi_param translate_table[] = {GENERATE, TRUNCATED,
    ROW(source_language, WI_PARAM_STRING, 1, 32, "By the model's own name for it, as the next."),
    ROW(target_language, WI_PARAM_STRING, 1, 32, NULL), WI_PARAM_END};
#undef ROW

/* Of all other tasks. */
struct plain {
    int64_t dimensions, context, top, max_tokens;
    double threshold, speed;
    int normalize, truncate, add_special, multi_label, translate;
    int pooling, activation, aggregation, subtask, timestamps;
    const char *hypothesis_template, *language, *prompt, *speaker;
    json_t *ignore_labels;
};
static const char *const poolings[] = {"mean", "cls", "last", "none", NULL};
static const char *const activations[] = {"softmax", "sigmoid", "none", NULL};
static const char *const aggregations[] = {"none", "simple", NULL};
static const char *const subtasks[] = {"semantic", "instance", "panoptic", NULL};
static const char *const stamps[] = {"none", "segment", "word", NULL};

#define ROW(member, kind, min, max, help)                                                          \
    {                                                                                              \
#member, kind, offsetof(struct plain, member), 0, min, max, NULL, help                     \
    }
#define FLAG(member, help) ROW(member, WI_PARAM_BOOL, 0, 0, help)
#define WORD(member, list, text)                                                                   \
    {                                                                                              \
        .name = #member, .kind = WI_PARAM_ENUM, .offset = offsetof(struct plain, member),          \
        .names = list, .help = text                                                                \
    }
#define CONTEXT ROW(context, WI_PARAM_INTEGER, 1, TOKENS_MAX, CONTEXT_HELP)
#define DIMENSIONS                                                                                 \
    ROW(dimensions, WI_PARAM_INTEGER, 1, DIMENSIONS_MAX, "Only so many of each vector.")
#define NORMALIZE FLAG(normalize, "Whether vectors have the length 1.")
#define TRUNCATE FLAG(truncate, TRUNCATE_HELP)
#define TOP ROW(top, WI_PARAM_INTEGER, 1, LABELS_MAX, "How many of the best.")
#define THRESHOLD ROW(threshold, WI_PARAM_NUMBER, 0, 1, "The least score; 0.5 by default.")
#define TEMPLATE                                                                                   \
    ROW(hypothesis_template, WI_PARAM_STRING, 1, TEMPLATE_MAX,                                     \
        "The sentence around a label, such as: This is a photo of {}.")
#define MAX_ROWS 8

/* Language models have tables of their own. */
static const struct wi_param plain_tables[WI_TASK_COUNT][MAX_ROWS] = {
    [WI_TASK_EMBED] = {WORD(pooling, poolings, "How the tokens' vectors become one."), NORMALIZE,
        DIMENSIONS, TRUNCATE},
    [WI_TASK_RERANK] = {TRUNCATE},
    [WI_TASK_TOKENIZE] = {FLAG(add_special, "Whether tokens that stand around texts are there.")},
    [WI_TASK_TEXT_CLASSIFICATION] = {TOP, TRUNCATE,
        WORD(activation, activations, "What makes probabilities of the numbers.")},
    [WI_TASK_TOKEN_CLASSIFICATION] = {WORD(aggregation, aggregations,
                                          "simple: tokens of one thing are one entity."),
        ROW(ignore_labels, WI_PARAM_ARRAY, 0, LABELS_MAX, "Labels that are not told.")},
    [WI_TASK_FILL_MASK] = {TOP},
    [WI_TASK_QUESTION_ANSWERING] = {TOP},
    [WI_TASK_ZERO_SHOT_CLASSIFICATION] = {FLAG(multi_label, "Whether each label is for itself."),
        TEMPLATE, TRUNCATE},
    [WI_TASK_IMAGE_CLASSIFICATION] = {TOP},
    [WI_TASK_OBJECT_DETECTION] = {THRESHOLD},
    [WI_TASK_IMAGE_SEGMENTATION] = {THRESHOLD,
        WORD(subtask, subtasks, "As far as the model does it.")},
    [WI_TASK_SPEECH_RECOGNITION] = {ROW(language, WI_PARAM_STRING, 1, 32, "That is spoken."),
        FLAG(translate, "Whether it is written down in English."),
        WORD(timestamps, stamps, "When what was said."),
        ROW(max_tokens, WI_PARAM_INTEGER, 1, TOKENS_MAX, "The most tokens of an answer."),
        ROW(prompt, WI_PARAM_STRING, 1, PROMPT_MAX, "What came before it.")},
    [WI_TASK_AUDIO_CLASSIFICATION] = {TOP},
    [WI_TASK_TEXT_TO_SPEECH] = {ROW(speaker, WI_PARAM_STRING, 1, 64, "Who speaks."),
        ROW(speed, WI_PARAM_NUMBER, 0.25, 4, "1 by default.")},
    [WI_TASK_ZERO_SHOT_IMAGE] = {TEMPLATE},
    [WI_TASK_ZERO_SHOT_AUDIO] = {TEMPLATE},
};

/* Of GGUF models, whose files say how to pool. */
static const struct wi_param llama_embed_table[] = {DIMENSIONS, NORMALIZE, CONTEXT, WI_PARAM_END};
static const struct wi_param llama_rerank_table[] = {CONTEXT, WI_PARAM_END};
#undef ROW

const struct wi_param *wi_text_options(enum wi_task_kind task, enum wi_model_format format)
{
    int rewrites =
        wi_task_is_of(task, WI_TYPE_TEXT2TEXT) && !wi_task_is_of(task, WI_TYPE_TEXT_GENERATION);
    if (wi_task_samples(task))
        return task == WI_TASK_TRANSLATION ? translate_table
               : rewrites                  ? rewrite_table
                                           : generate_table;
    if (format == WI_FORMAT_GGUF && task == WI_TASK_EMBED)
        return llama_embed_table;
    if (format == WI_FORMAT_GGUF && task == WI_TASK_RERANK)
        return llama_rerank_table;
    return plain_tables[task];
}

/* --- what the table cannot say --------------------------------------------------------------- */

struct place {
    const char *where;
    struct wi_error *error;
};

/* An error about `name`, and what it must be. */
static enum wi_code must_be(const struct place *at, const char *name, const char *expected)
{
    char field[160];
    snprintf(field, sizeof field, "%.40s%.100s", at->where, name);
    wi_error_set(at->error, WI_INVALID_FIELD, field, "%s must be %s", field, expected);
    wi_error_expect(at->error, "%s", expected);
    return WI_INVALID_FIELD;
}

static int is_deeper(const json_t *value, int depth)
{
    const char *key;
    const json_t *inner;
    size_t i;
    if (!json_is_object(value) && !json_is_array(value))
        return 0;
    if (depth == 0)
        return 1;
    json_array_foreach(value, i, inner)
    {
        if (is_deeper(inner, depth - 1))
            return 1;
    }
    json_object_foreach((json_t *)value, key, inner)
    {
        if (is_deeper(inner, depth - 1))
            return 1;
    }
    return 0;
}

/* JSON that goes on to a node as it is. */
static enum wi_code check_free(
    const struct place *at, const char *name, const json_t *value, size_t most)
{
    char text[80];
    if (!value)
        return WI_OK;
    if (is_deeper(value, WI_TEXT_DEPTH)) {
        snprintf(text, sizeof text, "JSON of at most %d levels", WI_TEXT_DEPTH);
        return must_be(at, name, text);
    }
    if (json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) <= most)
        return WI_OK;
    snprintf(text, sizeof text, "JSON of at most %zu bytes", most);
    return must_be(at, name, text);
}

static enum wi_code check_stop_string(const struct place *at, const char *name, const json_t *value)
{
    size_t length = json_string_length(value);
    if (json_is_string(value) && length > 0 && length <= STOP_BYTES &&
        strlen(json_string_value(value)) == length)
        return WI_OK;
    return must_be(at, name, "a string of 1 to 256 bytes without a NUL character");
}

static enum wi_code check_stop(const struct place *at, const json_t *stop)
{
    size_t i;
    const json_t *one;
    if (!stop || json_is_string(stop))
        return stop ? check_stop_string(at, "stop", stop) : WI_OK;
    if (!json_is_array(stop) || json_array_size(stop) > STOP_MAX)
        return must_be(at, "stop", "a string, or a list of at most 16 strings");
    json_array_foreach(stop, i, one)
    {
        char name[32];
        snprintf(name, sizeof name, "stop[%zu]", i);
        if (check_stop_string(at, name, one) != WI_OK)
            return WI_INVALID_FIELD;
    }
    return WI_OK;
}

static int is_token(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 10 && strspn(text, "0123456789") == length;
}

static enum wi_code check_bias(const struct place *at, const json_t *bias)
{
    const char *key;
    const json_t *value;
    if (json_object_size(bias) > BIAS_MAX)
        return must_be(at, "logit_bias", "an object of at most 1024 tokens");
    json_object_foreach((json_t *)bias, key, value)
    {
        double amount = json_number_value(value);
        if (!is_token(key) || !json_is_number(value) || amount < -100 || amount > 100)
            return must_be(at, "logit_bias",
                "{TOKEN: number}, TOKEN being the number of a token "
                "and each number from -100 to 100");
    }
    return WI_OK;
}

static int names_function(const json_t *object)
{
    const json_t *function = json_object_get(object, "function");
    const json_t *name = json_object_get(function, "name");
    const char *type = json_string_value(json_object_get(object, "type"));
    size_t length = json_string_length(name);
    return type && strcmp(type, "function") == 0 && json_is_object(function) &&
           json_is_string(name) && length > 0 && length <= TOOL_NAME_MAX &&
           strlen(json_string_value(name)) == length;
}

static enum wi_code check_tools(const struct place *at, const json_t *tools)
{
    size_t i;
    const json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        const json_t *function = json_object_get(tool, "function");
        const json_t *parameters = json_object_get(function, "parameters");
        char name[64];
        snprintf(name, sizeof name, "tools[%zu]", i);
        if (!names_function(tool))
            return must_be(at, name,
                "{\"type\": \"function\", \"function\": {\"name\", \"description\"?, "
                "\"parameters\"?}}");
        snprintf(name, sizeof name, "tools[%zu].function.parameters", i);
        if (parameters && !json_is_object(parameters) && !json_is_null(parameters))
            return must_be(at, name, "an object: a JSON schema");
        if (check_free(at, name, parameters, WI_TEXT_SCHEMA) != WI_OK)
            return WI_INVALID_FIELD;
    }
    return check_free(at, "tools", tools, WI_TEXT_TOOLS);
}

static enum wi_code check_choice(const struct place *at, const json_t *choice, const json_t *tools)
{
    static const char *const words[] = {"none", "auto", "required"};
    const char *word = json_string_value(choice);
    if (!choice)
        return WI_OK;
    const char *wanted =
        json_string_value(json_object_get(json_object_get(choice, "function"), "name"));
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0 && (i < 2 || json_array_size(tools) > 0))
            return WI_OK;
    for (size_t i = 0; names_function(choice) && i < json_array_size(tools); i++) {
        const json_t *function = json_object_get(json_array_get(tools, i), "function");
        if (strcmp(wanted, json_string_value(json_object_get(function, "name"))) == 0)
            return WI_OK;
    }
    return must_be(at, "tool_choice",
        "none, auto, required (with tools), or {\"type\": \"function\", \"function\": {\"name\"}} "
        "with the name of one of the tools");
}

static enum wi_code check_format(const struct place *at, const json_t *format)
{
    const char *type = json_string_value(json_object_get(format, "type"));
    const json_t *described = json_object_get(format, "json_schema");
    if (!format)
        return WI_OK;
    if (type && strcmp(type, "json_schema") == 0 &&
        json_is_object(json_object_get(described, "schema")))
        return check_free(at, "response_format.json_schema", described, WI_TEXT_SCHEMA);
    if (type && (strcmp(type, "text") == 0 || strcmp(type, "json_object") == 0))
        return check_free(at, "response_format", format, WI_TEXT_SCHEMA);
    return must_be(at, "response_format",
        "{\"type\": \"text\"}, {\"type\": \"json_object\"} or {\"type\": \"json_schema\", "
        "\"json_schema\": {\"name\", \"schema\"}}");
}

/* A model writes in one form at a time. */
static enum wi_code check_forms(const struct place *at, const struct generate *read)
{
    const char *type = json_string_value(json_object_get(read->response_format, "type"));
    int formatted = type && strcmp(type, "text") != 0;
    if ((read->grammar != NULL) + (read->json_schema != NULL) + formatted > 1)
        return must_be(at, read->grammar ? "grammar" : "json_schema",
            "alone: only one of grammar, json_schema and response_format can be kept to");
    if (read->json_schema && !json_is_object(read->json_schema) &&
        !json_is_boolean(read->json_schema))
        return must_be(at, "json_schema", "an object: a JSON schema");
    return check_free(at, "json_schema", read->json_schema, WI_TEXT_SCHEMA);
}

static enum wi_code check_n(const struct place *at, int64_t n, unsigned slots)
{
    char text[80];
    if (n >= 1 && n <= (int64_t)slots)
        return WI_OK;
    snprintf(text, sizeof text, "1 to %u, as many answers as a node makes at a time", slots);
    return must_be(at, "n", text);
}

static enum wi_code check_generate(const struct wi_param *table, const json_t *options,
    unsigned slots, const char *where, struct wi_error *error)
{
    struct generate read = {.n = 1};
    const struct place at = {where, error};
    enum wi_code code = wi_params_read(table, options, WI_PARAMS_STRICT, where, &read, error);
    if (code != WI_OK)
        return code;
    if (read.top_logprobs > 0 && !read.logprobs)
        return must_be(&at, "top_logprobs", "absent, or beside logprobs: true");
    if (check_n(&at, read.n, slots) != WI_OK || check_stop(&at, read.stop) != WI_OK ||
        check_bias(&at, read.logit_bias) != WI_OK || check_tools(&at, read.tools) != WI_OK ||
        check_choice(&at, read.tool_choice, read.tools) != WI_OK ||
        check_format(&at, read.response_format) != WI_OK || check_forms(&at, &read) != WI_OK ||
        check_free(&at, "chat_template_kwargs", read.chat_template_kwargs, WI_TEXT_SCHEMA) != WI_OK)
        return WI_INVALID_FIELD;
    return WI_OK;
}

/* --- the tasks ------------------------------------------------------------------------------- */

/* Whether `options` has none of `names`, each of which is `why`. */
static enum wi_code check_absent(const json_t *options, const char *const names[], const char *why,
    const char *where, struct wi_error *error)
{
    for (; *names; names++) {
        const json_t *value = json_object_get(options, *names);
        char field[80];
        if (!value || json_is_null(value))
            continue;
        snprintf(field, sizeof field, "%.40s%s", where, *names);
        return wi_error_set(
            error, WI_UNKNOWN_FIELD, field, "%s is %s, or leave it out", field, why);
    }
    return WI_OK;
}

/* What means something only in a conversation. */
static enum wi_code check_complete(const json_t *options, const char *where, struct wi_error *error)
{
    static const char *const chat[] = {"tools", "tool_choice", "chat_template_kwargs", NULL};
    return check_absent(options, chat, "for conversations; send messages", where, error);
}

static const char for_gguf[] = "for GGUF models; use one";

/* What takes an engine with grammars, or one that has its context made to measure. */
static enum wi_code check_free_text(
    const json_t *options, const char *where, struct wi_error *error)
{
    static const char *const grammars[] = {"grammar", "json_schema", "context", NULL};
    static const char *const formats[] = {"response_format", NULL};
    const char *format =
        json_string_value(json_object_get(json_object_get(options, "response_format"), "type"));
    int formatted = !format || strcmp(format, "text") != 0;
    const char *choice = json_string_value(json_object_get(options, "tool_choice"));
    char field[80];
    enum wi_code code = check_absent(options, grammars, for_gguf, where, error);
    if (code == WI_OK && formatted)
        code = check_absent(options, formats, for_gguf, where, error);
    if (code != WI_OK || !choice || strcmp(choice, "required") != 0)
        return code;
    snprintf(field, sizeof field, "%.40stool_choice", where);
    wi_error_set(error, WI_INVALID_FIELD, field,
        "%s cannot be required: only GGUF models can be made to call a tool", field);
    wi_error_expect(error, "auto or none");
    return WI_INVALID_FIELD;
}

static enum wi_code check_writing(enum wi_task_kind task, enum wi_model_format format,
    const json_t *options, unsigned slots, const char *where, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    if (task != WI_TASK_CHAT)
        code = check_complete(options, where, error);
    if (code == WI_OK && format == WI_FORMAT_HUGGINGFACE)
        code = check_free_text(options, where, error);
    return code == WI_OK
               ? check_generate(wi_text_options(task, format), options, slots, where, error)
               : code;
}

static enum wi_code check_plain(
    const struct wi_param *table, const json_t *options, const char *where, struct wi_error *error)
{
    struct plain plain = {0};
    const struct place at = {where, error};
    size_t i;
    const json_t *label;
    enum wi_code code = wi_params_read(table, options, WI_PARAMS_STRICT, where, &plain, error);
    if (code != WI_OK)
        return code;
    if (plain.hypothesis_template && !strstr(plain.hypothesis_template, "{}"))
        return must_be(&at, "hypothesis_template", "a text with {} in the place of a label");
    json_array_foreach(plain.ignore_labels, i, label)
    {
        if (!json_is_string(label))
            return must_be(&at, "ignore_labels", "a list of strings");
    }
    return WI_OK;
}

enum wi_code wi_text_check_options(enum wi_task_kind task, enum wi_model_format format,
    const json_t *options, unsigned slots, const char *where, struct wi_error *error)
{
    if (!options)
        return WI_OK;
    if (wi_task_samples(task))
        return check_writing(
            task, format, options, format == WI_FORMAT_HUGGINGFACE ? 1 : slots, where, error);
    return check_plain(wi_text_options(task, format), options, where, error);
}
