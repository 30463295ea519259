/* Tasks by name, what each takes and makes, and what answers say of their cost. */
#include "terms/task/private.h"

#include "base/text.h"
#include <string.h>

#define ALIASES (sizeof wi_tasks->aliases / sizeof *wi_tasks->aliases)

const char *wi_task_name(enum wi_task_kind task)
{
    return wi_tasks[task].name;
}

static int is_called(enum wi_task_kind task, const char *name)
{
    for (size_t i = 0; i < ALIASES && wi_tasks[task].aliases[i]; i++)
        if (strcmp(name, wi_tasks[task].aliases[i]) == 0)
            return 1;
    return 0;
}

enum wi_task_kind wi_task_of_name(const char *name, int conversation)
{
    enum wi_task_kind found = WI_TASK_NONE;
    for (int i = WI_TASK_NONE + 1; name && i < WI_TASK_COUNT; i++)
        if (strcmp(name, wi_tasks[i].name) == 0)
            return (enum wi_task_kind)i;
    for (int i = WI_TASK_NONE + 1; name && i < WI_TASK_COUNT; i++)
        if (is_called((enum wi_task_kind)i, name) &&
            (found == WI_TASK_NONE || (wi_tasks[i].takes == WI_TAKES_MESSAGES) == conversation))
            found = (enum wi_task_kind)i;
    return found;
}

void wi_task_all_names(char *text, size_t size)
{
    *text = '\0';
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        wi_text_list_add(text, size, wi_tasks[i].name);
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        for (size_t k = 0; k < ALIASES && wi_tasks[i].aliases[k]; k++)
            if (wi_task_of_name(wi_tasks[i].aliases[k], 0) == (enum wi_task_kind)i)
                wi_text_list_add(text, size, wi_tasks[i].aliases[k]);
}

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
    *text = '\0';
    for (size_t i = 0; i < list->count; i++)
        wi_text_list_add(text, size, wi_tasks[list->items[i]].name);
}

const char *wi_task_takes_words(enum wi_task_kind task)
{
    return wi_task_inputs[wi_tasks[task].takes].words;
}

int wi_task_is_of(enum wi_task_kind task, enum wi_model_type type)
{
    return type == WI_TYPE_UNKNOWN || (wi_tasks[task].types & 1u << type) != 0;
}

int wi_task_generates(enum wi_task_kind task)
{
    return wi_tasks[task].generates;
}

int wi_task_is_short(enum wi_task_kind task)
{
    return task != WI_TASK_NONE && !wi_tasks[task].generates;
}

int wi_task_samples(enum wi_task_kind task)
{
    return wi_tasks[task].samples;
}

int wi_task_reads_text(enum wi_task_kind task)
{
    return task != WI_TASK_NONE && wi_tasks[task].takes < WI_TAKES_PICTURE;
}

int wi_task_runs_evenly(enum wi_task_kind task)
{
    return task == WI_TASK_NONE ||
           (wi_tasks[task].takes >= WI_TAKES_PICTURE && wi_tasks[task].takes < WI_TAKES_SOUND &&
               !wi_tasks[task].generates);
}

int wi_task_is_private(enum wi_task_kind task)
{
    enum wi_task_input takes = wi_tasks[task].takes;
    return task != WI_TASK_NONE && takes != WI_TAKES_PICTURE && takes != WI_TAKES_PICTURE_PROMPT;
}

const char *wi_task_outputs(enum wi_task_kind task)
{
    return wi_tasks[task].outputs ? wi_tasks[task].outputs : "none";
}

const struct wi_task_output *wi_task_output(enum wi_task_kind task, const char *name)
{
    for (size_t i = 0; i < WI_TASK_OUTPUTS && wi_tasks[task].tensors[i].name; i++) {
        const struct wi_task_output *output = &wi_tasks[task].tensors[i];
        size_t length = strlen(output->name);
        if (output->name[length - 1] == '_' ? strncmp(name, output->name, length) == 0
                                            : strcmp(name, output->name) == 0)
            return output;
    }
    return NULL;
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
    switch (wi_tasks[task].takes) {
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
    case WI_TAKES_PROMPTS:
        return count_answers(input, options);
    default:
        return 1;
    }
}

static double member_number(const json_t *object, const char *name, double most)
{
    double value = json_number_value(json_object_get(object, name));
    return value > 0 && value <= most ? value : 0;
}

struct wi_text_account wi_task_account(const json_t *result)
{
    const double most_ms = 1e12; /* as of all times that a node tells */
    const json_t *usage = json_object_get(result, "usage");
    const json_t *timings = json_object_get(result, "timings");
    double predicted = member_number(timings, "predicted_n", WI_TOKENS_MAX);
    struct wi_text_account account = {.counted = json_is_object(usage),
        .timed = json_is_object(timings),
        .prompt = member_number(usage, "prompt_tokens", WI_TOKENS_MAX),
        .generated = member_number(usage, "completion_tokens", WI_TOKENS_MAX),
        .read = member_number(timings, "prompt_n", WI_TOKENS_MAX),
        .read_ms = member_number(timings, "prompt_ms", most_ms),
        .made = predicted > 1 ? predicted - 1 : 0, /* the first comes with the prompt */
        .made_ms = member_number(timings, "predicted_ms", most_ms)};
    account.cached = member_number(usage, "cached_tokens", account.prompt);
    return account;
}
