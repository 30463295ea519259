/* Inputs and continuations as tensors; see task_layout.h. */
#include "nodes/bridge/task/task_layout.h"

#include "base/memory.h"
#include <string.h>

/* What an input has of JSON beyond what is known of it when it turns out to be long. */
#define SLACK(size) ((size) / 16 + 64)

/* Adds a tensor of one dimension behind those that there are, and takes the blob over. Its
 * index. */
static int layout_add(struct wi_layout *layout, const char *name, enum wi_datatype datatype,
    struct wi_blob *blob, size_t count)
{
    if (layout->tensors != &layout->_own && layout->tensors)
        wi_tensors_share(&layout->_own, layout->tensors);
    layout->tensors = &layout->_own;
    *wi_tensors_add(&layout->_own) = (struct wi_tensor){.name = wi_strdup(name),
        .datatype = datatype,
        .rank = 1,
        .dims = {(int64_t)count},
        .size = blob->size,
        .blob = blob};
    return (int)layout->_own.count - 1;
}

/* --- the input ------------------------------------------------------------------------------- */

struct writing {
    struct wi_layout *layout;
    struct wi_budget *budget;
    struct wi_blob *blob; /* NULL: it has been short so far */
};

static int write_input(const char *bytes, size_t size, void *context)
{
    struct writing *writing = context;
    struct wi_layout *layout = writing->layout;

    if (!writing->blob && size <= sizeof layout->input - layout->input_size) {
        memcpy(layout->input + layout->input_size, bytes, size);
        layout->input_size += size;
        return 0;
    }
    if (!writing->blob) {
        size_t known = layout->input_size + size;
        writing->blob = wi_blob_new(writing->budget, known + SLACK(known));
        if (!writing->blob || wi_blob_append(writing->blob, layout->input, layout->input_size))
            return -1;
        layout->input_size = 0;
    }
    return wi_blob_append(writing->blob, bytes, size);
}

static int lay_out_input(struct wi_layout *layout, const json_t *input, struct wi_budget *budget)
{
    struct writing writing = {.layout = layout, .budget = budget};

    if (json_dump_callback(input, write_input, &writing, JSON_COMPACT)) {
        wi_blob_unref(writing.blob);
        return -1;
    }
    if (writing.blob)
        layout->input_at = layout_add(layout, "input", WI_UINT8, writing.blob, writing.blob->size);
    return 0;
}

/* --- a continuation -------------------------------------------------------------------------- */

static int lay_out_text(
    struct wi_layout *layout, const struct wi_continuation *from, struct wi_budget *budget)
{
    struct wi_blob *blob = wi_blob_new(budget, from->text_length);

    if (!blob)
        return -1;
    wi_blob_append(blob, from->text, from->text_length);
    layout->text_at = layout_add(layout, "text", WI_UINT8, blob, blob->size);
    return 0;
}

static int lay_out_tokens(struct wi_layout *layout, const json_t *tokens, struct wi_budget *budget)
{
    size_t count = json_array_size(tokens);
    struct wi_blob *blob = wi_blob_new(budget, count * sizeof(int64_t));

    if (!blob)
        return -1;
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        int64_t value = (int64_t)htole64((uint64_t)json_integer_value(json_array_get(tokens, i)));
        wi_blob_append(blob, &value, sizeof value);
    }
    layout->tokens_at = layout_add(layout, "tokens", WI_INT64, blob, count);
    return 0;
}

/* --- the whole ------------------------------------------------------------------------------- */

int wi_layout_make(struct wi_layout *layout, const struct wi_task *task, struct wi_budget *budget)
{
    const struct wi_continuation *from = task->from;

    layout->tensors = task->tensors;
    layout->_own = (struct wi_tensors){0};
    layout->input_size = 0;
    layout->input_at = layout->text_at = layout->tokens_at = -1;
    if ((task->asked->input && lay_out_input(layout, task->asked->input, budget)) ||
        (from && from->text && lay_out_text(layout, from, budget)) ||
        (from && from->tokens && lay_out_tokens(layout, from->tokens, budget))) {
        wi_layout_clear(layout);
        return -1;
    }
    return 0;
}

void wi_layout_clear(struct wi_layout *layout)
{
    wi_tensors_clear(&layout->_own);
}

/* --- what the message says of it -------------------------------------------------------------- */

/* Which of the tensors it is; nothing where it is none of them. */
static void add_index(struct wi_buffer *out, const char *member, int at)
{
    if (at < 0)
        return;
    wi_buffer_strings(out, ",\"", member, "\":{\"tensor\":", NULL);
    wi_buffer_integer(out, at);
    wi_buffer_puts(out, "}");
}

static void add_continuation(
    struct wi_buffer *out, const struct wi_layout *layout, const struct wi_continuation *from)
{
    wi_buffer_puts(out, ",\"continue\":{\"seq\":");
    wi_buffer_integer(out, (int64_t)from->seq);
    add_index(out, "text", layout->text_at);
    add_index(out, "tokens", layout->tokens_at);
    if (from->answers) {
        wi_buffer_puts(out, ",\"answers\":");
        wi_buffer_json(out, from->answers);
    }
    wi_buffer_puts(out, "}");
}

void wi_layout_add(
    struct wi_buffer *out, const struct wi_layout *layout, const struct wi_task *task)
{
    add_index(out, "input", layout->input_at);
    if (layout->input_size) {
        wi_buffer_puts(out, ",\"input\":");
        wi_buffer_add(out, layout->input, layout->input_size);
    }
    if (task->from)
        add_continuation(out, layout, task->from);
}
