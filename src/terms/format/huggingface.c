/* From a folder's settings to what its model can do; see huggingface.h. */
#include "terms/format/format.h"

#include "base/json_read.h"
#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Beyond this nothing is a number of tokens: "model_max_length" has 1e30 for none. */
#define LENGTH_MAX 999999999
#define LABELS_MAX 100000
#define LABEL_BYTES 1024

/* --- architectures ---------------------------------------------------------------------------- */

#define TASKS_MAX 4

/* An architecture is told by the end of its name, and where that is not enough by the kind of model
 * that its "model_type" belongs to (UNKNOWN: any). The first row that suits it counts. */
static const struct architecture {
    const char *end;
    enum wi_model_type family, type;
    enum wi_task_kind tasks[TASKS_MAX];
} architectures[] = {
    {"AudioClassification", 0, WI_TYPE_AUDIO, {WI_TASK_AUDIO_CLASSIFICATION}},
    {"ForSequenceClassification", WI_TYPE_AUDIO, WI_TYPE_AUDIO, {WI_TASK_AUDIO_CLASSIFICATION}},
    {"ForSequenceClassification", 0, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_TEXT_CLASSIFICATION}},
    {"ForTokenClassification", 0, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_TOKEN_CLASSIFICATION}},
    {"ForMaskedLM", 0, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_FILL_MASK}},
    {"BlipForQuestionAnswering", 0, WI_TYPE_MULTIMODAL, {0}}, /* these no page computes */
    {"ViltForQuestionAnswering", 0, WI_TYPE_MULTIMODAL, {0}},
    {"ForQuestionAnswering", WI_TYPE_MULTIMODAL, WI_TYPE_MULTIMODAL, {0}},
    {"ForQuestionAnswering", 0, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_QUESTION_ANSWERING}},
    {"ForImageClassification", 0, WI_TYPE_VISION, {WI_TASK_IMAGE_CLASSIFICATION}},
    {"ForObjectDetection", 0, WI_TYPE_VISION, {WI_TASK_OBJECT_DETECTION}},
    {"Segmentation", 0, WI_TYPE_VISION, {WI_TASK_IMAGE_SEGMENTATION}},
    {"ForDepthEstimation", 0, WI_TYPE_VISION, {WI_TASK_DEPTH_ESTIMATION}},
    {"ForCTC", 0, WI_TYPE_AUDIO, {WI_TASK_SPEECH_RECOGNITION}},
    {"ForSpeechSeq2Seq", 0, WI_TYPE_AUDIO, {WI_TASK_SPEECH_RECOGNITION}},
    {"ForTextToSpeech", 0, WI_TYPE_AUDIO, {WI_TASK_TEXT_TO_SPEECH}},
    {"VitsModel", 0, WI_TYPE_AUDIO, {WI_TASK_TEXT_TO_SPEECH}},
    {"ClapModel", 0, WI_TYPE_MULTIMODAL, {WI_TASK_ZERO_SHOT_AUDIO}},
    {"CLIPModel", 0, WI_TYPE_MULTIMODAL, {WI_TASK_ZERO_SHOT_IMAGE}},
    {"SiglipModel", 0, WI_TYPE_MULTIMODAL, {WI_TASK_ZERO_SHOT_IMAGE}},
    {"Siglip2Model", 0, WI_TYPE_MULTIMODAL, {WI_TASK_ZERO_SHOT_IMAGE}},
    {"VisionEncoderDecoderModel", 0, WI_TYPE_MULTIMODAL,
        {WI_TASK_IMAGE_TO_TEXT, WI_TASK_DOCUMENT_QUESTION}},
    {"ForConditionalGeneration", WI_TYPE_AUDIO, WI_TYPE_AUDIO, {WI_TASK_SPEECH_RECOGNITION}},
    {"ForConditionalGeneration", WI_TYPE_MULTIMODAL, WI_TYPE_MULTIMODAL,
        {WI_TASK_IMAGE_TO_TEXT, WI_TASK_VISUAL_QUESTION}},
    {"M2M100ForConditionalGeneration", 0, WI_TYPE_TEXT2TEXT,
        {WI_TASK_TRANSLATION, WI_TASK_TEXT2TEXT}},
    {"MarianMTModel", 0, WI_TYPE_TEXT2TEXT, {WI_TASK_TRANSLATION, WI_TASK_TEXT2TEXT}},
    {"ForConditionalGeneration", 0, WI_TYPE_TEXT2TEXT,
        {WI_TASK_TEXT2TEXT, WI_TASK_SUMMARIZATION, WI_TASK_TRANSLATION}},
    {"ForSeq2SeqLM", 0, WI_TYPE_TEXT2TEXT,
        {WI_TASK_TEXT2TEXT, WI_TASK_SUMMARIZATION, WI_TASK_TRANSLATION}},
    {"LlavaQwen2ForCausalLM", 0, WI_TYPE_MULTIMODAL,
        {WI_TASK_IMAGE_TO_TEXT, WI_TASK_VISUAL_QUESTION}},
    {"ForCausalLM", 0, WI_TYPE_TEXT_GENERATION, {WI_TASK_COMPLETE}},
    {"LMHeadModel", 0, WI_TYPE_TEXT_GENERATION, {WI_TASK_COMPLETE}},
    {"Model", WI_TYPE_VISION, WI_TYPE_VISION, {WI_TASK_IMAGE_FEATURES}},
    {"Model", WI_TYPE_TEXT_EMBEDDING, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_EMBED, WI_TASK_RERANK}},
    {"Model", WI_TYPE_UNKNOWN, WI_TYPE_TEXT_EMBEDDING, {WI_TASK_EMBED, WI_TASK_RERANK}},
};
#define ARCHITECTURES (sizeof architectures / sizeof *architectures)

/* Whether the page goes on with such a model that sees. The list is the page's, from the build; of
 * others it says by a question why not. */
static int has_vision(const char *model_type)
{
    static const char *const types[] = {
#include "terms/format/vision_types.inc"
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(model_type, types[i]) == 0)
            return 1;
    return 0;
}

static void add_architecture(struct wi_facts *facts)
{
    const struct wi_huggingface *info = &facts->huggingface;
    enum wi_model_type family = wi_model_type_of_name(info->model_type);
    for (size_t i = 0; i < ARCHITECTURES; i++) {
        const struct architecture *row = &architectures[i];
        if (!wi_text_ends(info->architecture, row->end) ||
            (row->family != WI_TYPE_UNKNOWN && row->family != family))
            continue;
        facts->type = row->type;
        for (size_t t = 0; t < TASKS_MAX && row->tasks[t] != WI_TASK_NONE; t++)
            wi_task_list_add(&facts->tasks, row->tasks[t]);
        if (wi_task_list_has(&facts->tasks, WI_TASK_VISUAL_QUESTION) &&
            !has_vision(info->model_type))
            facts->tasks = (struct wi_task_list){0};
        return;
    }
    facts->type = family;
}

/* --- settings without which it is answered ---------------------------------------------------- */

#define IGNORED_MAX 64        /* of a folder are listed */
#define IGNORED_NAME_MAX 80   /* bytes of a member's name; what is beyond them is cut */
#define IGNORED_VALUE_MAX 120 /* bytes of a value as JSON; a longer one is left out */

/* Of each file that has ignored members: a row for each member that is known, and at last one
 * without a member, for all others. */
static const struct setting {
    const char *file, *member;
    const char *reason; /* why it is ignored; NULL: it is not */
    double but;         /* the value that asks for nothing, NAN: there is none */
} settings[] = {
#include "terms/format/huggingface_settings.inc"
};
#define SETTINGS (sizeof settings / sizeof *settings)

/* NULL: nothing of the file is ignored. */
static const struct setting *find_setting(const char *file, const char *member)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].file, file) == 0 &&
            (!settings[i].member || strcmp(settings[i].member, member) == 0))
            return &settings[i];
    return NULL;
}

static int asks_nothing(const json_t *value, double but)
{
    if (json_is_number(value))
        return json_number_value(value) == but;
    if (json_is_string(value))
        return json_string_length(value) == 0;
    if (json_is_array(value))
        return json_array_size(value) == 0;
    if (json_is_object(value))
        return json_object_size(value) == 0;
    return !json_is_true(value);
}

static json_t *ignored_item(const struct setting *row, const char *member, json_t *value)
{
    char name[IGNORED_NAME_MAX + 1], text[IGNORED_VALUE_MAX];
    size_t size = json_dumpb(value, text, sizeof text, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *made = json_object();

    wi_text_printable(name, sizeof name, member);
    json_object_set_new(made, "file", json_string(row->file));
    json_object_set_new(made, "member", json_string(name));
    if (size > 0 && size <= sizeof text)
        json_object_set_new(made, "value", json_deep_copy(value));
    json_object_set_new(made, "reason", json_string(row->reason));
    return made;
}

/* Adds to `*ignored`, which is made with its first item. */
static void add_ignored(json_t **ignored, const char *file, const json_t *content)
{
    const char *member;
    json_t *value;

    json_object_foreach((json_t *)content, member, value)
    {
        const struct setting *row = find_setting(file, member);

        if (!row || !row->reason || asks_nothing(value, row->but))
            continue;
        if (!*ignored)
            *ignored = json_array();
        if (json_array_size(*ignored) >= IGNORED_MAX)
            return;
        json_array_append_new(*ignored, ignored_item(row, member, value));
    }
}

/* --- files ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static enum wi_code reading_invalid(
    struct wi_format_reading *reading, const char *file, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return wi_error_set(&reading->error, WI_MODEL_INVALID, file, "%s: %s", file, text);
}

static int reading_has(const struct wi_format_reading *reading, const char *name)
{
    return wi_strings_contain(&reading->variant->files, name);
}

/* What a file asks for and does not get. Of config.json that is how the model writes, which another
 * file says where the folder has that. */
static void reading_note(struct wi_format_reading *reading, const char *name, const json_t *content)
{
    if (strcmp(name, "config.json") == 0 && reading_has(reading, "generation_config.json"))
        return;
    add_ignored(&reading->facts.huggingface.ignored, name, content);
}

/* `*root` becomes an object, or NULL where the folder has no such file. */
static enum wi_code reading_load(struct wi_format_reading *reading, const char *name, json_t **root)
{
    json_error_t place = {0};
    size_t size = 0;
    *root = NULL;
    if (!reading_has(reading, name))
        return WI_OK;
    char *text = wi_view_read(
        reading->view, name, WI_VIEW_MODEL, WI_HUGGINGFACE_MAX, &size, &reading->error);
    if (!text)
        return reading->error.code;
    *root = wi_json_read(text, size, JSON_ALLOW_NUL, &place);
    const char *guess = *text == '{' ? NULL : wi_guess_text((const unsigned char *)text, size);
    free(text);
    reading_note(reading, name, *root);
    if (json_is_object(*root))
        return WI_OK;
    json_decref(*root);
    *root = NULL;
    if (guess)
        return reading_invalid(reading, name, "%s", guess);
    return place.line > 0 ? reading_invalid(reading, name, "line %d, column %d: %.120s", place.line,
                                place.column, place.text)
                          : reading_invalid(reading, name, "it must be a JSON object");
}

/* 0: it says none. */
static uint64_t read_length(const json_t *object, const char *name)
{
    double number = json_number_value(json_object_get(object, name));
    return number >= 1 && number <= LENGTH_MAX ? (uint64_t)number : 0;
}

static void length_limit(uint64_t *length, uint64_t other)
{
    if (other > 0 && (*length == 0 || other < *length))
        *length = other;
}

static enum wi_code copy_name(struct wi_format_reading *reading, const char *field,
    const json_t *value, char *name, size_t size)
{
    const char *text = json_string_value(value);
    if (!value || json_is_null(value))
        return WI_OK;
    if (!text || json_string_length(value) >= size || strlen(text) != json_string_length(value))
        return reading_invalid(
            reading, "config.json", "%s must be a name of at most %zu bytes", field, size - 1);
    memcpy(name, text, strlen(text) + 1);
    return WI_OK;
}

/* How many labels there are; `*entails`: whether one of them is what zero-shot classification asks
 * for. */
static enum wi_code read_labels(
    struct wi_format_reading *reading, const json_t *labels, int *entails)
{
    const char *index;
    const json_t *label;
    *entails = 0;
    if (!labels || json_is_null(labels))
        return WI_OK;
    if (!json_is_object(labels) || json_object_size(labels) > LABELS_MAX)
        return reading_invalid(
            reading, "config.json", "id2label must be an object {number: label}");
    json_object_foreach((json_t *)labels, index, label)
    {
        size_t length = strlen(index);
        if (length == 0 || length > 9 || strspn(index, "0123456789") != length ||
            !json_is_string(label) || json_string_length(label) > LABEL_BYTES)
            return reading_invalid(reading, "config.json",
                "id2label must be an object {number: label}; \"%.40s\" is none", index);
        *entails |= strncasecmp(json_string_value(label), "entail", 6) == 0;
    }
    reading->facts.huggingface.labels = (unsigned)json_object_size(labels);
    return WI_OK;
}

/* --- config.json ------------------------------------------------------------------------------ */

/* One class, or a name that says so, is a cross-encoder: its only number is a relevance. */
static int model_ranks(const struct wi_format_reading *reading)
{
    const char *name = reading->name;
    return reading->facts.huggingface.labels == 1 || strcasestr(name, "cross-encoder") ||
           strcasestr(name, "rerank");
}

static void add_classifier_tasks(struct wi_format_reading *reading, int entails)
{
    struct wi_task_list *tasks = &reading->facts.tasks;
    if (!wi_task_list_has(tasks, WI_TASK_TEXT_CLASSIFICATION))
        return;
    if (model_ranks(reading)) {
        *tasks = (struct wi_task_list){0};
        wi_task_list_add(tasks, WI_TASK_RERANK);
        wi_task_list_add(tasks, WI_TASK_TEXT_CLASSIFICATION);
    }
    if (entails)
        wi_task_list_add(tasks, WI_TASK_ZERO_SHOT_CLASSIFICATION);
}

/* The first positions of these are the padding's: those up to its token. */
static uint64_t positions_taken(const char *model_type, const json_t *config)
{
    static const char *const types[] = {"roberta", "camembert", "mpnet", "xmod", "longformer"};
    const json_t *padding = json_object_get(config, "pad_token_id");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strstr(model_type, types[i]))
            return json_is_integer(padding) && json_integer_value(padding) >= 0
                       ? (uint64_t)json_integer_value(padding) + 1
                       : 2;
    return 0;
}

/* As the page has it: lengthOf of page/src/pipeline/loading.js. */
static void read_positions(struct wi_facts *facts, const json_t *config, const json_t *text)
{
    uint64_t positions = read_length(config, "max_position_embeddings");
    uint64_t taken = positions_taken(facts->huggingface.model_type, config);
    if (positions == 0)
        positions = read_length(config, "n_positions");
    if (positions == 0)
        positions = read_length(text, "max_position_embeddings");
    facts->context = positions > taken ? positions - taken : 0;
}

static enum wi_code read_config(struct wi_format_reading *reading, const json_t *config)
{
    struct wi_facts *facts = &reading->facts;
    struct wi_huggingface *info = &facts->huggingface;
    const json_t *names = json_object_get(config, "architectures");
    const json_t *text = json_object_get(config, "text_config");
    int entails;
    if (names && !json_is_null(names) && !json_is_array(names))
        return reading_invalid(reading, "config.json", "architectures must be a list of names");
    if (copy_name(reading, "model_type", json_object_get(config, "model_type"), info->model_type,
            sizeof info->model_type) != WI_OK ||
        copy_name(reading, "architectures", json_array_get(names, 0), info->architecture,
            sizeof info->architecture) != WI_OK ||
        read_labels(reading, json_object_get(config, "id2label"), &entails) != WI_OK)
        return WI_MODEL_INVALID;
    read_positions(facts, config, text);
    facts->vocabulary = read_length(config, "vocab_size");
    if (facts->vocabulary == 0)
        facts->vocabulary = read_length(text, "vocab_size");
    add_architecture(facts);
    add_classifier_tasks(reading, entails);
    return WI_OK;
}

/* --- the other files -------------------------------------------------------------------------- */

static enum wi_code read_tokenizer(struct wi_format_reading *reading)
{
    json_t *tokenizer;
    enum wi_code code = reading_load(reading, "tokenizer_config.json", &tokenizer);
    const json_t *template = json_object_get(tokenizer, "chat_template");
    reading->facts.huggingface.has_template = json_is_string(template) || json_is_array(template) ||
                                              reading_has(reading, "chat_template.jinja") ||
                                              reading_has(reading, "chat_template.json");
    length_limit(&reading->facts.context, read_length(tokenizer, "model_max_length"));
    json_decref(tokenizer);
    return code;
}

/* What sentence-transformers cuts texts to. */
static enum wi_code read_sentences(struct wi_format_reading *reading)
{
    json_t *sentences;
    enum wi_code code = reading_load(reading, "sentence_bert_config.json", &sentences);
    length_limit(&reading->facts.context, read_length(sentences, "max_seq_length"));
    json_decref(sentences);
    return code;
}

static enum wi_code read_pooling(struct wi_format_reading *reading)
{
    static const struct {
        const char *member, *name;
    } ways[] = {{"pooling_mode_cls_token", "cls"}, {"pooling_mode_lasttoken", "last"},
        {"pooling_mode_max_tokens", "max"}, {"pooling_mode_mean_tokens", "mean"}};
    json_t *pooling;
    enum wi_code code = reading_load(reading, "1_Pooling/config.json", &pooling);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (json_is_true(json_object_get(pooling, ways[i].member)))
            snprintf(reading->facts.huggingface.pooling, sizeof reading->facts.huggingface.pooling,
                "%s", ways[i].name);
    json_decref(pooling);
    return code;
}

/* What the page alone computes by. */
static enum wi_code read_others(struct wi_format_reading *reading)
{
    static const char *const names[] = {"generation_config.json", "preprocessor_config.json",
        "processor_config.json", "special_tokens_map.json", "config_sentence_transformers.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *other;
        enum wi_code code = reading_load(reading, names[i], &other);
        json_decref(other);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

/* A sentence-transformers folder makes vectors, whatever head its architecture is named for. */
static void prefer_vectors(struct wi_facts *facts)
{
    struct wi_task_list others = facts->tasks;
    if (!facts->huggingface.pooling[0] || wi_task_list_has(&others, WI_TASK_TEXT_CLASSIFICATION))
        return;
    facts->tasks = (struct wi_task_list){0};
    facts->type = WI_TYPE_TEXT_EMBEDDING;
    wi_task_list_add(&facts->tasks, WI_TASK_EMBED);
    wi_task_list_add(&facts->tasks, WI_TASK_RERANK);
    for (size_t i = 0; i < others.count; i++)
        wi_task_list_add(&facts->tasks, others.items[i]);
}

/* A conversation takes a template. Models that see are told of pictures first. */
static void add_conversation(struct wi_facts *facts)
{
    if (facts->huggingface.has_template && wi_task_list_has(&facts->tasks, WI_TASK_VISUAL_QUESTION))
        wi_task_list_add(&facts->tasks, WI_TASK_CHAT);
    if (!facts->huggingface.has_template || facts->type != WI_TYPE_TEXT_GENERATION ||
        !wi_task_list_has(&facts->tasks, WI_TASK_COMPLETE))
        return;
    facts->tasks = (struct wi_task_list){0};
    wi_task_list_add(&facts->tasks, WI_TASK_CHAT);
    wi_task_list_add(&facts->tasks, WI_TASK_COMPLETE);
}

/* What the page cannot do without. */
static enum wi_code check_files(struct wi_format_reading *reading)
{
    const struct wi_task_list *tasks = &reading->facts.tasks;
    enum wi_task_kind task = tasks->count > 0 ? tasks->items[0] : WI_TASK_NONE;
    if (wi_task_reads_text(task) && !reading_has(reading, "tokenizer.json"))
        return reading_invalid(reading, "tokenizer.json",
            "it is missing from the folder, and %s takes it; fetch it, or convert the tokenizer",
            wi_task_name(task));
    if (task != WI_TASK_NONE && !wi_task_reads_text(task) &&
        !reading_has(reading, "preprocessor_config.json") &&
        !reading_has(reading, "processor_config.json"))
        return reading_invalid(reading, "preprocessor_config.json",
            "it is missing from the folder, and %s takes it", wi_task_name(task));
    return WI_OK;
}

enum wi_code wi_huggingface_read(struct wi_format_reading *reading)
{
    json_t *config;
    enum wi_code code = reading_load(reading, "config.json", &config);
    if (code == WI_OK && !config)
        code = reading_invalid(reading, "config.json", "it is missing from the folder");
    if (code == WI_OK)
        code = read_config(reading, config);
    json_decref(config);
    if (code != WI_OK || (code = read_tokenizer(reading)) != WI_OK ||
        (code = read_sentences(reading)) != WI_OK || (code = read_pooling(reading)) != WI_OK ||
        (code = read_others(reading)) != WI_OK)
        return code;
    prefer_vectors(&reading->facts);
    add_conversation(&reading->facts);
    return check_files(reading);
}

void wi_huggingface_clear(struct wi_huggingface *info)
{
    json_decref(info->ignored);
    *info = (struct wi_huggingface){0};
}
