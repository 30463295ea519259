/* Finds the command for a model by its tasks or its type. */
#include "cli/usage.h"

#include "cli/plain.h"
#include "cli/text_table.h"
#include "terms/task/task_table.h"
#include <string.h>

/* The first of its tasks, but preferably chat, which is the best way to use some models that
 * see. */
static enum wi_task_kind first_task(const json_t *tasks)
{
    for (size_t i = 0; i < json_array_size(tasks); i++)
        if (wi_task_of_name(json_string_value(json_array_get(tasks, i)), 1) == WI_TASK_CHAT)
            return WI_TASK_CHAT;
    return wi_task_of_name(json_string_value(json_array_get(tasks, 0)), 0);
}

/* WI_TASK_NONE: the model takes tensors, or a picture according to its model.json, or is
 * unknown. */
static enum wi_task_kind task_of(const json_t *model)
{
    const json_t *tasks = json_object_get(model, "tasks");

    if (json_array_size(tasks) > 0)
        return first_task(tasks);
    if (!wi_json_is(model, "format", "gguf"))
        return WI_TASK_NONE;
    if (wi_json_is(model, "type", "text_embedding"))
        return WI_TASK_EMBED;
    return json_is_true(json_object_get(model, "chat")) ? WI_TASK_CHAT : WI_TASK_COMPLETE;
}

enum wi_usage wi_usage_of_text(const json_t *model)
{
    enum wi_task_kind task = task_of(model);

    if (task == WI_TASK_NONE)
        return WI_USAGE_NONE;
    switch (wi_tasks[task].takes) {
    case WI_TAKES_MESSAGES:
        return WI_USAGE_CHAT;
    case WI_TAKES_PROMPT:
    case WI_TAKES_PROMPTS:
        return WI_USAGE_WRITE;
    case WI_TAKES_TEXTS:
    case WI_TAKES_PAIRS:
        return task == WI_TASK_EMBED ? WI_USAGE_EMBED : WI_USAGE_READ;
    default:
        return WI_USAGE_NONE;
    }
}

/* The command for a graph, by its model.json or its first input. */
static int print_graph(struct wi_buffer *out, const char *name, const json_t *model)
{
    const char *input = json_string_value(
        json_object_get(json_array_get(json_object_get(model, "inputs"), 0), "name"));

    if (json_is_true(json_object_get(model, "takes_picture")))
        wi_buffer_strings(out, "webinfer infer ", name, " --image FILE", NULL);
    else if (input && !strchr(input, '=') && wi_plain_is_word(input))
        wi_buffer_strings(out, "webinfer infer ", name, " --tensor ", input, "=FILE.npy", NULL);
    else
        return -1;
    return 0;
}

int wi_usage_print(struct wi_buffer *out, const char *name, const json_t *model)
{
    enum wi_task_kind task = task_of(model);

    if (task == WI_TASK_NONE)
        return print_graph(out, name, model);
    const struct wi_task_row *row = &wi_tasks[task];
    const struct wi_task_input_row *input = &wi_task_inputs[row->takes];
    wi_buffer_strings(out, "webinfer ", row->command ? row->command : input->command, " ", name,
        row->command ? row->arguments : input->arguments, NULL);
    return 0;
}

void wi_usage_explain(FILE *out, const char *name, const json_t *model)
{
    struct wi_buffer usage = {0};

    fprintf(out, "%s is here. ", name);
    if (wi_usage_print(&usage, name, model) == 0)
        fprintf(out, "To run it: %s\n", usage.text);
    else
        fprintf(out, "webinfer show %s describes it.\n", name);
    wi_buffer_clear(&usage);
}
