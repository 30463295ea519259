/* Text and tokens of a stream as tensors; see continuation.h. */
#include "bridge/continuation.h"

#include "base/memory.h"
#include "node/frame.h"

/* Of a message's JSON, what else the head of a task may take. */
#define REST_MAX (256 * 1024)
/* Bytes of JSON, at most: of a byte of text, "\u001f"; of a token, 2^53 - 1 and a comma. */
#define TEXT_BYTE_MAX 6
#define TOKEN_MAX 17

int wi_continuation_is_long(const struct wi_continuation *from)
{
    size_t text = from->text ? from->text_length : 0;
    return text * TEXT_BYTE_MAX + json_array_size(from->tokens) * TOKEN_MAX >
           WI_FRAME_HEAD_MAX - REST_MAX;
}

static struct wi_tensor *add(struct wi_tensors *list, const char *name, enum wi_datatype datatype,
    size_t count, size_t size, struct wi_budget *budget)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = datatype;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)count;
    tensor->size = size;
    tensor->blob = wi_blob_new(budget, size);
    return tensor;
}

static int add_text(
    struct wi_tensors *list, const struct wi_continuation *from, struct wi_budget *budget)
{
    struct wi_tensor *tensor =
        add(list, "text", WI_UINT8, from->text_length, from->text_length, budget);
    return tensor->blob ? wi_blob_append(tensor->blob, from->text, from->text_length) : -1;
}

static int add_tokens(
    struct wi_tensors *list, const struct wi_continuation *from, struct wi_budget *budget)
{
    size_t i, count = json_array_size(from->tokens);
    const json_t *token;
    struct wi_tensor *tensor =
        add(list, "tokens", WI_INT64, count, count * sizeof(int64_t), budget);
    if (!tensor->blob)
        return -1;
    json_array_foreach((json_t *)from->tokens, i, token)
    {
        int64_t value = json_integer_value(token);
        if (wi_blob_append(tensor->blob, &value, sizeof value))
            return -1;
    }
    return 0;
}

int wi_continuation_lay_out(
    struct wi_tensors *list, const struct wi_task *task, struct wi_budget *budget)
{
    const struct wi_continuation *from = task->from;
    if (task->tensors)
        wi_tensors_share(list, task->tensors);
    if ((!from->text || !add_text(list, from, budget)) &&
        (!from->tokens || !add_tokens(list, from, budget)))
        return 0;
    wi_tensors_clear(list);
    return -1;
}
