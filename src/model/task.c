/* Tasks by name, what each takes, and what answers say of their cost. */
#include "model/task.h"

#include <stdio.h>
#include <string.h>

#define OF(type) (1u << WI_TYPE_##type)
#define GENERATORS (OF(TEXT_GENERATION) | OF(TEXT2TEXT) | OF(MULTIMODAL))
#define READERS OF(TEXT_EMBEDDING)
/* Of these anything may be expected. */
#define ANY (~0u)

static const struct {
    const char *name;
    enum wi_task_input takes;
    unsigned types;
    int generates;
    const char *outputs; /* names, separated by ", "; NULL: none */
} tasks[WI_TASK_COUNT] = {
    [WI_TASK_CHAT] = {"chat", WI_TAKES_MESSAGES, GENERATORS, 1, NULL},
    [WI_TASK_COMPLETE] = {"complete", WI_TAKES_PROMPT, GENERATORS, 1, NULL},
    [WI_TASK_EMBED] = {"embed", WI_TAKES_TEXTS, READERS | OF(MULTIMODAL), 0, "embeddings"},
    [WI_TASK_RERANK] = {"rerank", WI_TAKES_QUERY, READERS | OF(MULTIMODAL), 0, NULL},
    [WI_TASK_TOKENIZE] = {"tokenize", WI_TAKES_TEXT, ANY, 0, NULL},
    [WI_TASK_TEXT_CLASSIFICATION] = {"text-classification", WI_TAKES_PAIRS, READERS, 0, NULL},
    [WI_TASK_TOKEN_CLASSIFICATION] = {"token-classification", WI_TAKES_TEXTS, READERS, 0, NULL},
    [WI_TASK_FILL_MASK] = {"fill-mask", WI_TAKES_TEXTS, READERS, 0, NULL},
    [WI_TASK_QUESTION_ANSWERING] = {"question-answering", WI_TAKES_QUESTION, READERS, 0, NULL},
    [WI_TASK_ZERO_SHOT_CLASSIFICATION] = {"zero-shot-classification", WI_TAKES_LABELS, READERS, 0,
        NULL},
    [WI_TASK_TEXT2TEXT] = {"text2text-generation", WI_TAKES_PROMPT, OF(TEXT2TEXT), 1, NULL},
    [WI_TASK_TRANSLATION] = {"translation", WI_TAKES_PROMPT, OF(TEXT2TEXT), 1, NULL},
    [WI_TASK_SUMMARIZATION] = {"summarization", WI_TAKES_PROMPT, OF(TEXT2TEXT), 1, NULL},
    [WI_TASK_IMAGE_CLASSIFICATION] = {"image-classification", WI_TAKES_PICTURE, OF(VISION), 0,
        NULL},
    [WI_TASK_OBJECT_DETECTION] = {"object-detection", WI_TAKES_PICTURE, OF(VISION), 0, NULL},
    [WI_TASK_IMAGE_SEGMENTATION] = {"image-segmentation", WI_TAKES_PICTURE, OF(VISION), 0,
        "mask_0, mask_1, …"},
    [WI_TASK_DEPTH_ESTIMATION] = {"depth-estimation", WI_TAKES_PICTURE, OF(VISION), 0,
        "depth, predicted_depth"},
    [WI_TASK_IMAGE_FEATURES] = {"image-feature-extraction", WI_TAKES_PICTURE,
        OF(VISION) | OF(MULTIMODAL), 0, "embeddings"},
    [WI_TASK_SPEECH_RECOGNITION] = {"automatic-speech-recognition", WI_TAKES_SOUND, OF(AUDIO), 1,
        NULL},
    [WI_TASK_AUDIO_CLASSIFICATION] = {"audio-classification", WI_TAKES_SOUND, OF(AUDIO), 0, NULL},
    [WI_TASK_TEXT_TO_SPEECH] = {"text-to-speech", WI_TAKES_TEXT, OF(AUDIO), 0, "audio"},
    [WI_TASK_ZERO_SHOT_IMAGE] = {"zero-shot-image-classification", WI_TAKES_PICTURE_LABELS,
        OF(MULTIMODAL), 0, NULL},
    [WI_TASK_ZERO_SHOT_AUDIO] = {"zero-shot-audio-classification", WI_TAKES_SOUND_LABELS,
        OF(MULTIMODAL) | OF(AUDIO), 0, NULL}, /* CLAP is known as a model of sounds */
    [WI_TASK_IMAGE_TO_TEXT] = {"image-to-text", WI_TAKES_PICTURE_PROMPT, OF(MULTIMODAL), 1, NULL},
    [WI_TASK_DOCUMENT_QUESTION] = {"document-question-answering", WI_TAKES_PICTURE_QUESTION,
        OF(MULTIMODAL), 0, NULL},
    [WI_TASK_VISUAL_QUESTION] = {"visual-question-answering", WI_TAKES_PICTURE_QUESTION,
        OF(MULTIMODAL), 1, NULL},
};

/* Other names that clients use, most of them the Hugging Face hub's. */
static const struct {
    const char *name;
    enum wi_task_kind task, conversation; /* the latter: where messages are sent */
} aliases[] = {
    {"text-generation", WI_TASK_COMPLETE, WI_TASK_CHAT},
    {"feature-extraction", WI_TASK_EMBED, WI_TASK_EMBED},
    {"sentence-similarity", WI_TASK_RERANK, WI_TASK_RERANK},
    {"text-ranking", WI_TASK_RERANK, WI_TASK_RERANK},
};
#define ALIASES (sizeof aliases / sizeof *aliases)

/* --- names ----------------------------------------------------------------------------------- */

const char *wi_task_name(enum wi_task_kind task)
{
    return tasks[task].name;
}

enum wi_task_kind wi_task_of_name(const char *name, int conversation)
{
    for (int i = WI_TASK_NONE + 1; name && i < WI_TASK_COUNT; i++)
        if (strcmp(name, tasks[i].name) == 0)
            return (enum wi_task_kind)i;
    for (size_t i = 0; name && i < ALIASES; i++)
        if (strcmp(name, aliases[i].name) == 0)
            return conversation ? aliases[i].conversation : aliases[i].task;
    return WI_TASK_NONE;
}

static size_t append(char *text, size_t size, size_t used, const char *name)
{
    const char *comma = used ? ", " : "";
    if (used + strlen(comma) + strlen(name) >= size)
        return used;
    return used + (size_t)sprintf(text + used, "%s%s", comma, name);
}

void wi_task_all_names(char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        used = append(text, size, used, tasks[i].name);
    for (size_t i = 0; i < ALIASES; i++)
        used = append(text, size, used, aliases[i].name);
}

/* --- lists ------------------------------------------------------------------------------------ */

int wi_task_list_has(const struct wi_task_list *list, enum wi_task_kind task)
{
    size_t i = 0;
    while (i < list->count && list->items[i] != task)
        i++;
    return i < list->count;
}

void wi_task_list_add(struct wi_task_list *list, enum wi_task_kind task)
{
    if (!wi_task_list_has(list, task))
        list->items[list->count++] = task;
}

void wi_task_list_print(const struct wi_task_list *list, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < list->count; i++)
        used = append(text, size, used, tasks[list->items[i]].name);
}

/* --- what they take and give ------------------------------------------------------------------ */

enum wi_task_input wi_task_takes(enum wi_task_kind task)
{
    return tasks[task].takes;
}

const char *wi_task_takes_words(enum wi_task_kind task)
{
    static const char *const words[] = {
        [WI_TAKES_TENSORS] = "a list of {\"name\", \"datatype\", \"shape\", \"data\"}",
        [WI_TAKES_MESSAGES] = "{\"messages\": [{\"role\", \"content\"}]}",
        [WI_TAKES_PROMPT] = "a string",
        [WI_TAKES_TEXT] = "a string",
        [WI_TAKES_TEXTS] = "a string or a list of strings",
        [WI_TAKES_PAIRS] = ("a string, a list of strings, {\"text\", \"text_pair\"} or "
                            "{\"pairs\": [[string, string]]}"),
        [WI_TAKES_QUERY] = "{\"query\": string, \"documents\": [string]}",
        [WI_TAKES_QUESTION] = "{\"question\": string, \"context\": string}",
        [WI_TAKES_LABELS] = "{\"text\": string, \"labels\": [string]}, or \"texts\": [string]",
        [WI_TAKES_PICTURE] = "{\"image\": \"<base64>\"}",
        [WI_TAKES_PICTURE_LABELS] = "{\"image\": \"<base64>\", \"labels\": [string]}",
        [WI_TAKES_PICTURE_QUESTION] = "{\"image\": \"<base64>\", \"question\": string}",
        [WI_TAKES_PICTURE_PROMPT] = "{\"image\": \"<base64>\"}, perhaps with \"prompt\"",
        [WI_TAKES_SOUND] = "{\"audio\": \"<base64>\"}",
        [WI_TAKES_SOUND_LABELS] = "{\"audio\": \"<base64>\", \"labels\": [string]}",
    };
    return words[tasks[task].takes];
}

int wi_task_is_of(enum wi_task_kind task, enum wi_model_type type)
{
    return type == WI_TYPE_UNKNOWN || (tasks[task].types & 1u << type) != 0;
}

int wi_task_generates(enum wi_task_kind task)
{
    return tasks[task].generates;
}

int wi_task_is_short(enum wi_task_kind task)
{
    return task != WI_TASK_NONE && !tasks[task].generates;
}

int wi_task_samples(enum wi_task_kind task)
{
    return tasks[task].generates && task != WI_TASK_SPEECH_RECOGNITION;
}

int wi_task_reads_text(enum wi_task_kind task)
{
    return task != WI_TASK_NONE && tasks[task].takes < WI_TAKES_PICTURE;
}

int wi_task_runs_evenly(enum wi_task_kind task)
{
    return task == WI_TASK_NONE ||
           (tasks[task].takes >= WI_TAKES_PICTURE && tasks[task].takes < WI_TAKES_SOUND &&
               !tasks[task].generates);
}

int wi_task_is_private(enum wi_task_kind task)
{
    enum wi_task_input takes = tasks[task].takes;
    return task != WI_TASK_NONE && takes != WI_TAKES_PICTURE && takes != WI_TAKES_PICTURE_PROMPT;
}

const char *wi_task_outputs(enum wi_task_kind task)
{
    return tasks[task].outputs ? tasks[task].outputs : "none";
}

int wi_task_has_output(enum wi_task_kind task, const char *name)
{
    const char *names = tasks[task].outputs;
    size_t length = strlen(name);
    if (task == WI_TASK_IMAGE_SEGMENTATION)
        return strncmp(name, "mask_", 5) == 0;
    for (; names && length > 0; names = strstr(names, ", ") ? strstr(names, ", ") + 2 : NULL)
        if (strncmp(names, name, length) == 0 && (!names[length] || names[length] == ','))
            return 1;
    return 0;
}

/* So many to each of the prompts. */
static size_t count_answers(const json_t *input, const json_t *options)
{
    const json_t *n = json_object_get(options, "n");
    size_t prompts = json_array_size(json_object_get(input, "prompts"));
    return (json_is_integer(n) ? (size_t)json_integer_value(n) : 1) * (prompts ? prompts : 1);
}

static int is_set(const json_t *options, const char *name)
{
    const json_t *value = json_object_get(options, name);
    return value && !json_is_null(value) && !json_is_false(value);
}

int wi_task_is_constrained(const json_t *options)
{
    const char *format =
        json_string_value(json_object_get(json_object_get(options, "response_format"), "type"));
    const json_t *choice = json_object_get(options, "tool_choice");
    const char *word = json_string_value(choice);
    return is_set(options, "grammar") || is_set(options, "json_schema") ||
           (format && strcmp(format, "text") != 0) || json_is_object(choice) ||
           (word && strcmp(word, "required") == 0);
}

int wi_task_is_special(const json_t *input, const json_t *options)
{
    return wi_task_is_constrained(options) || count_answers(input, options) > 1 ||
           json_object_size(json_object_get(options, "logit_bias")) > 0 ||
           is_set(options, "logprobs");
}

/* Rows of tokens are as many as a tokenizer makes of the text. */
static int is_pooled(const json_t *options)
{
    const char *pooling = json_string_value(json_object_get(options, "pooling"));
    return !pooling || strcmp(pooling, "none") != 0;
}

size_t wi_task_count(enum wi_task_kind task, const json_t *input, const json_t *options)
{
    const json_t *pairs = json_object_get(input, "pairs");
    switch (tasks[task].takes) {
    case WI_TAKES_TENSORS:
        return 0;
    case WI_TAKES_TEXTS:
    case WI_TAKES_PAIRS:
    case WI_TAKES_LABELS:
        return is_pooled(options) ? json_array_size(pairs ? pairs : json_object_get(input, "texts"))
                                  : 0;
    case WI_TAKES_QUERY:
        return json_array_size(json_object_get(input, "documents"));
    case WI_TAKES_MESSAGES:
    case WI_TAKES_PROMPT:
        return count_answers(input, options);
    default:
        return 1;
    }
}

/* --- what it took ---------------------------------------------------------------------------- */

static double number(const json_t *object, const char *name, double most)
{
    double value = json_number_value(json_object_get(object, name));
    return value > 0 && value <= most ? value : 0;
}

struct wi_text_account wi_task_account(const json_t *result)
{
    const double most_ms = 1e12; /* as of all times that a node tells */
    const json_t *usage = json_object_get(result, "usage");
    const json_t *timings = json_object_get(result, "timings");
    double predicted = number(timings, "predicted_n", WI_TOKENS_MAX);
    struct wi_text_account account = {.counted = json_is_object(usage),
        .timed = json_is_object(timings),
        .prompt = number(usage, "prompt_tokens", WI_TOKENS_MAX),
        .generated = number(usage, "completion_tokens", WI_TOKENS_MAX),
        .read = number(timings, "prompt_n", WI_TOKENS_MAX),
        .read_ms = number(timings, "prompt_ms", most_ms),
        .made = predicted > 1 ? predicted - 1 : 0, /* the first comes with the prompt */
        .made_ms = number(timings, "predicted_ms", most_ms)};
    account.cached = number(usage, "cached_tokens", account.prompt);
    return account;
}
