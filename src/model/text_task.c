/* Text tasks by name, and what is held against the answers to them. */
#include "model/text_task.h"

#include <string.h>

static const char *const names[WI_TEXT_TASK_COUNT] = {
    NULL, "chat", "complete", "embed", "rerank", "tokenize"};

const char *wi_text_task_name(enum wi_text_task task)
{
    return names[task];
}

enum wi_text_task wi_text_task_of_name(const char *name)
{
    for (int i = WI_TEXT_NONE + 1; name && i < WI_TEXT_TASK_COUNT; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum wi_text_task)i;
    return WI_TEXT_NONE;
}

int wi_text_task_generates(enum wi_text_task task)
{
    return task == WI_TEXT_CHAT || task == WI_TEXT_COMPLETE;
}

size_t wi_text_task_count(enum wi_text_task task, const json_t *input, const json_t *options)
{
    const json_t *n = json_object_get(options, "n");
    switch (task) {
    case WI_TEXT_CHAT:
    case WI_TEXT_COMPLETE:
        return json_is_integer(n) ? (size_t)json_integer_value(n) : 1;
    case WI_TEXT_EMBED:
        return json_array_size(json_object_get(input, "texts"));
    case WI_TEXT_RERANK:
        return json_array_size(json_object_get(input, "documents"));
    default:
        return 0;
    }
}

/* --- what it took ---------------------------------------------------------------------------- */

static double number(const json_t *object, const char *name, double most)
{
    double value = json_number_value(json_object_get(object, name));
    return value > 0 && value <= most ? value : 0;
}

struct wi_text_account wi_text_task_account(const json_t *result)
{
    const double most_ms = 1e12; /* as of all times that a node tells */
    const json_t *usage = json_object_get(result, "usage");
    const json_t *timings = json_object_get(result, "timings");
    struct wi_text_account account = {.counted = json_is_object(usage),
        .timed = json_is_object(timings),
        .prompt = number(usage, "prompt_tokens", WI_TOKENS_MAX),
        .generated = number(usage, "completion_tokens", WI_TOKENS_MAX),
        .read = number(timings, "prompt_n", WI_TOKENS_MAX),
        .read_ms = number(timings, "prompt_ms", most_ms),
        .made = number(timings, "predicted_n", WI_TOKENS_MAX),
        .made_ms = number(timings, "predicted_ms", most_ms)};
    account.cached = number(usage, "cached_tokens", account.prompt);
    return account;
}

/* --- answers --------------------------------------------------------------------------------- */

static enum wi_code wrong(struct wi_error *error, const char *field, const char *must)
{
    return wi_error_set(error, WI_INFERENCE_FAILED, field, "%s must be %s", field, must);
}

static enum wi_code check_choice(const json_t *choice, int in_parts, struct wi_error *error)
{
    const json_t *why = json_object_get(choice, "finish_reason");
    if (!in_parts && !json_is_string(json_object_get(choice, "text")))
        return wrong(error, "data.result", "an object with text, or with choices that have it");
    if (why && !json_is_string(why))
        return wrong(error, "data.result.finish_reason", "a string");
    return WI_OK;
}

static enum wi_code check_choices(
    size_t count, int in_parts, const json_t *result, struct wi_error *error)
{
    const json_t *choices = json_object_get(result, "choices");
    if (!json_is_object(result))
        return wrong(error, "data.result", "an object");
    if (count <= 1)
        return check_choice(result, in_parts, error);
    if (in_parts && !choices)
        return WI_OK;
    if (json_array_size(choices) != count)
        return wrong(error, "data.result.choices", "a list with an answer for each of n");
    for (size_t i = 0; i < count; i++) {
        const json_t *choice = json_array_get(choices, i);
        if (json_integer_value(json_object_get(choice, "index")) != (json_int_t)i)
            return wrong(error, "data.result.choices", "in the order of their index");
        if (check_choice(choice, in_parts, error) != WI_OK)
            return WI_INFERENCE_FAILED;
    }
    return WI_OK;
}

static enum wi_code check_rows(
    size_t count, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *tensor = outputs->items;
    if (outputs->count == 1 && strcmp(tensor->name, "embeddings") == 0 &&
        tensor->datatype == WI_FP32 && tensor->rank == 2 && tensor->dims[0] == (int64_t)count &&
        tensor->dims[1] > 0)
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
        "data.tensors must be one tensor, embeddings, FP32, with a row for each of the %zu texts",
        count);
}

static enum wi_code check_numbers(const json_t *list, size_t count, struct wi_error *error)
{
    size_t i;
    const json_t *number;
    if (!json_is_array(list) || json_array_size(list) != count)
        return wrong(error, "data.result.scores", "a list with a number for each document");
    json_array_foreach(list, i, number)
    {
        if (!json_is_number(number))
            return wrong(error, "data.result.scores", "a list of numbers");
    }
    return WI_OK;
}

static enum wi_code check_tokens(const json_t *list, struct wi_error *error)
{
    size_t i;
    const json_t *token;
    if (!json_is_array(list))
        return wrong(error, "data.result.tokens", "a list of integers");
    json_array_foreach(list, i, token)
    {
        if (!json_is_integer(token))
            return wrong(error, "data.result.tokens", "a list of integers");
    }
    return WI_OK;
}

enum wi_code wi_text_task_check_answer(enum wi_text_task task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error)
{
    if (task == WI_TEXT_EMBED)
        return check_rows(count, outputs, error);
    if (outputs->count > 0)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
            "it has %zu outputs; the task %s has none", outputs->count, names[task]);
    if (task == WI_TEXT_RERANK)
        return check_numbers(json_object_get(result, "scores"), count, error);
    if (task == WI_TEXT_TOKENIZE)
        return check_tokens(json_object_get(result, "tokens"), error);
    return check_choices(count, in_parts, result, error);
}
