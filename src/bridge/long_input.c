/* Text as a tensor; see long_input.h. */
#include "bridge/long_input.h"

#include "base/memory.h"
#include <string.h>

/* Beside a continuation, which may have most of the head (continuation.c). */
#define SHORT_BESIDE_MAX ((size_t)WI_FRAME_HEAD_MAX / 8)

/* A byte of text takes so many of JSON at most, as \u0001. */
#define ESCAPED_MAX 6
/* A number, or a word. */
#define SCALAR_MIN 1
#define SCALAR_MAX 32
/* What an allocation has beyond the least that is to be written, for what is escaped. */
#define SLACK(size) ((size) / 16 + 64)

/* Between which a value's JSON is. */
struct bounds {
    size_t least, most;
};

static void add_text(struct bounds *sum, size_t bytes)
{
    sum->least += bytes + strlen("\"\"");
    sum->most += ESCAPED_MAX * bytes + strlen("\"\"");
}

static void add_either(struct bounds *sum, size_t bytes)
{
    sum->least += bytes;
    sum->most += bytes;
}

static size_t commas(size_t members)
{
    return members > 0 ? members - 1 : 0;
}

/* Looks at no text, which may be long. As deep as what has read the value has let it be. */
static void add_value(struct bounds *sum, const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i, length;

    if (json_is_string(value)) {
        add_text(sum, json_string_length(value));
    } else if (json_is_object(value)) {
        add_either(sum, strlen("{}") + json_object_size(value) + commas(json_object_size(value)));
        json_object_keylen_foreach((json_t *)value, name, length, inner)
        {
            add_text(sum, length);
            add_value(sum, inner);
        }
    } else if (json_is_array(value)) {
        add_either(sum, strlen("[]") + commas(json_array_size(value)));
        json_array_foreach(value, i, inner) add_value(sum, inner);
    } else {
        sum->least += SCALAR_MIN;
        sum->most += SCALAR_MAX;
    }
}

static struct bounds bounds_of(const json_t *value)
{
    struct bounds sum = {0};

    add_value(&sum, value);
    return sum;
}

int wi_input_is_long(const struct wi_task *task)
{
    size_t most = task->from ? SHORT_BESIDE_MAX : WI_INPUT_SHORT_MAX;

    if (task->task == WI_TASK_NONE || !task->input)
        return 0;
    struct bounds bounds = bounds_of(task->input);
    if (bounds.most <= most)
        return 0;
    return bounds.least > most || json_dumpb(task->input, NULL, 0, JSON_COMPACT) > most;
}

static int append(const char *bytes, size_t size, void *blob)
{
    return wi_blob_append(blob, bytes, size);
}

int wi_input_lay_out(struct wi_tensors *list, const struct wi_task *task, struct wi_budget *budget)
{
    size_t least = bounds_of(task->input).least;
    struct wi_blob *blob = wi_blob_new(budget, least + SLACK(least));

    if (!blob)
        return -1;
    if (json_dump_callback(task->input, append, blob, JSON_COMPACT) != 0) {
        wi_blob_unref(blob);
        return -1;
    }
    size_t size = blob->size;
    *wi_tensors_add(list) = (struct wi_tensor){.name = wi_strdup("input"),
        .datatype = WI_UINT8,
        .rank = 1,
        .dims = {(int64_t)size},
        .size = size,
        .blob = blob};
    return 0;
}
