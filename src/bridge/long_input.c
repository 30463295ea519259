/* Text as a tensor; see long_input.h. */
#include "bridge/long_input.h"

#include "base/memory.h"
#include "bridge/frame.h"

/* Bytes of JSON that an input may have in the head of a message; beside a continuation, which may
 * have most of that (continuation.c). The rest is for options, names and acknowledgements. */
#define SHORT_MAX ((size_t)WI_FRAME_HEAD_MAX / 2)
#define SHORT_BESIDE_MAX ((size_t)WI_FRAME_HEAD_MAX / 8)

int wi_input_is_long(const struct wi_task *task)
{
    return task->task != WI_TASK_NONE && task->input &&
           json_dumpb(task->input, NULL, 0, JSON_COMPACT) >
               (task->from ? SHORT_BESIDE_MAX : SHORT_MAX);
}

int wi_input_lay_out(struct wi_tensors *list, const struct wi_task *task, struct wi_budget *budget)
{
    size_t size = json_dumpb(task->input, NULL, 0, JSON_COMPACT);
    struct wi_blob *blob = wi_blob_new(budget, size);

    if (!blob)
        return -1;
    blob->size = json_dumpb(task->input, (char *)blob->bytes, size, JSON_COMPACT);
    *wi_tensors_add(list) = (struct wi_tensor){.name = wi_strdup("input"),
        .datatype = WI_UINT8,
        .rank = 1,
        .dims = {(int64_t)size},
        .size = size,
        .blob = blob};
    return 0;
}
