/*
 * BYTES as the inputs of tasks. It is known only once the model has been found whether it takes
 * tensors or does a task, and reading may take long. Possible inputs of a task are therefore also
 * read as such, together with the body, and the model decides between the two.
 */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include "wire/text.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The number of first characters that distinguish base64, or a data URI, from the bytes of a
 * file. */
#define LOOK 64

/* The names of inputs, and of the members that they become for tasks. */
static const struct name {
    const char *name;
    const char *list; /* of several; NULL: there is one */
    int is_list;      /* also of one */
    int is_file;
} names[] = {
    {.name = "text", .list = "texts"},
    {.name = "text_pair"},
    {.name = "query"},
    {.name = "documents", .list = "documents", .is_list = 1},
    {.name = "question"},
    {.name = "context"},
    {.name = "labels", .list = "labels", .is_list = 1},
    {.name = "prompt"},
    {.name = "image", .is_file = 1},
    {.name = "audio", .is_file = 1},
};

static const struct name *name_find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

/* --- elements --------------------------------------------------------------------------------- */

/* The size of the next element of BYTES that were checked, and `*at` moves behind it. */
static size_t next_element(const struct wi_tensor *tensor, size_t *at)
{
    uint32_t length;
    memcpy(&length, tensor->blob->bytes + *at, sizeof length);
    *at += sizeof length + length;
    return length;
}

static int is_written(const unsigned char *bytes, size_t size)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "+/-_= \t\r\n\f";
    if (size >= 5 && strncasecmp((const char *)bytes, "data:", 5) == 0)
        return 1;
    for (size_t i = 0; i < size && i < LOOK; i++)
        if (!memchr(allowed, bytes[i], sizeof allowed - 1))
            return 0;
    return size > 0;
}

/* The only element, or WI_INPUT_SHAPE. */
static enum wi_code find_only(
    const struct wi_tensor *tensor, struct wi_native_file *found, struct wi_error *error)
{
    size_t at = tensor->offset, end = tensor->offset + tensor->size;
    size_t size = tensor->size > 0 ? next_element(tensor, &at) : 0;
    if (tensor->size > 0 && at == end) {
        *found = (struct wi_native_file){tensor->blob, at - size, size};
        return WI_OK;
    }
    wi_error_set(error, WI_INPUT_SHAPE, "inputs", "the input \"%.100s\" does not have one element",
        tensor->name);
    return wi_error_expect(error, "[1]");
}

static json_t *string_of(
    const struct wi_tensor *tensor, size_t at, size_t size, struct wi_error *error)
{
    json_t *string = json_stringn((const char *)tensor->blob->bytes + at, size);
    if (!string)
        wi_error_set(error, WI_INPUT_INVALID, "inputs",
            "the input \"%.100s\" has an element that is not UTF-8", tensor->name);
    return string;
}

/* --- members ---------------------------------------------------------------------------------- */

static enum wi_code add_list(
    json_t *object, const char *member, const struct wi_tensor *tensor, struct wi_error *error)
{
    json_t *list = json_array();
    json_object_set_new(object, member, list);
    for (size_t at = tensor->offset; at < tensor->offset + tensor->size;) {
        size_t size = next_element(tensor, &at);
        json_t *string = string_of(tensor, at - size, size, error);
        if (!string)
            return WI_INPUT_INVALID;
        json_array_append_new(list, string);
    }
    return WI_OK;
}

/* A file is not copied: `file` points to it. In JSON it is base64. */
static enum wi_code add_only(json_t *object, const struct name *name,
    const struct wi_tensor *tensor, struct wi_native_file *file, struct wi_error *error)
{
    struct wi_native_file found;
    enum wi_code code = find_only(tensor, &found, error);
    json_t *value;
    if (code != WI_OK)
        return code;
    if (name->is_file && !is_written(found.blob->bytes + found.at, found.size)) {
        *file = found;
        value = json_pack("{s:I}", "binary_data_size", (json_int_t)found.size);
    } else if (!(value = string_of(tensor, found.at, found.size, error))) {
        return WI_INPUT_INVALID;
    }
    json_object_set_new(object, name->name, value);
    return WI_OK;
}

static enum wi_code task_add_member(json_t *object, const struct wi_tensor *tensor,
    struct wi_native_file *file, struct wi_error *error)
{
    const struct name *name = name_find(tensor->name);
    int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
    if (json_object_get(object, name->name))
        return wi_error_set(error, WI_INPUT_UNKNOWN, "inputs",
            "the input \"%.100s\" is given more than once", tensor->name);
    if (name->list && (name->is_list || elements != 1))
        return add_list(object, name->list, tensor, error);
    return add_only(object, name, tensor, file, error);
}

/* --- a task ----------------------------------------------------------------------------------- */

static int is_task(const struct wi_tensors *tensors)
{
    for (size_t i = 0; i < tensors->count; i++)
        if (tensors->items[i].datatype != WI_BYTES || !name_find(tensors->items[i].name))
            return 0;
    return tensors->count > 0;
}

struct wi_kserve_task *wi_kserve_task_read(
    const struct wi_tensors *tensors, struct wi_budget *budget)
{
    struct wi_native_file file = {0};
    enum wi_code code = WI_OK;
    if (!is_task(tensors))
        return NULL;
    struct wi_kserve_task *task = wi_alloc(sizeof *task);
    json_t *object = json_object();
    task->infer.asked = wi_inference_new();
    task->infer.budget = budget;
    for (size_t i = 0; i < tensors->count && code == WI_OK; i++)
        code = task_add_member(object, &tensors->items[i], &file, &task->why);
    if (code == WI_OK)
        (void)wi_native_read_object(&task->infer, object, &file, &task->why);
    json_decref(object);
    return task;
}

void wi_kserve_task_free(struct wi_kserve_task *task)
{
    if (!task)
        return;
    wi_infer_clear(&task->infer);
    free(task);
}

/* --- the model -------------------------------------------------------------------------------- */

/* "result" is not a tensor of a node. */
static void task_take_result(struct wi_infer *infer, const struct wi_model *model)
{
    struct wi_kserve_extras *extras = infer->extras;
    struct wi_strings *wanted = &infer->asked->outputs;
    size_t kept = 0, count = wanted->count;
    extras->has_result = infer->form != WI_FORM_NONE || model->builtin == WI_BUILTIN_COUNT;
    extras->wants_result = count == 0;
    for (size_t i = 0; i < count; i++) {
        if (extras->has_result && strcmp(wanted->items[i], "result") == 0) {
            extras->wants_result = 1;
            extras->result = extras->tensors.outputs[i];
            free(wanted->items[i]);
        } else {
            extras->tensors.outputs[kept] = extras->tensors.outputs[i];
            wanted->items[kept++] = wanted->items[i];
        }
    }
    wanted->count = kept;
    extras->wants_tensors = count == 0 || kept > 0;
}

/* "text BYTES [-1], labels BYTES [-1]" */
static void expect_inputs(const struct wi_model *model, struct wi_error *error)
{
    struct wi_buffer text = {0};
    json_t *inputs = wi_kserve_inputs(model);
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        json_t *input = json_array_get(inputs, i);
        wi_buffer_strings(&text, i ? ", " : "", json_string_value(json_object_get(input, "name")),
            " BYTES ", NULL);
        wi_buffer_json(&text, json_object_get(input, "shape"));
    }
    wi_error_expect(error, "%s", text.text ? text.text : "");
    wi_buffer_clear(&text);
    json_decref(inputs);
}

/* For a model of tasks, if the inputs fit no task. */
static enum wi_code task_refuse(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_tensors *tensors = &infer->asked->tensors;
    const struct wi_tensor *odd = tensors->items;
    enum wi_code code = WI_INPUT_MISSING;
    for (size_t i = 0; i < tensors->count && odd->datatype == WI_BYTES && name_find(odd->name); i++)
        odd++;
    if (tensors->count == 0)
        wi_error_set(error, code, "inputs", "%s takes inputs, and there are none", model->name);
    else if (!name_find(odd->name))
        code = wi_error_set(error, WI_INPUT_UNKNOWN, "inputs", "there is no input \"%.100s\" of %s",
            odd->name, model->name);
    else
        code = wi_error_set(error, WI_INPUT_DATATYPE, "inputs",
            "the input \"%.100s\" is %s, and %s takes BYTES", odd->name,
            wi_datatype_name(odd->datatype), model->name);
    expect_inputs(model, error);
    return code;
}

static void take_task(struct wi_infer *infer, struct wi_infer *task)
{
    struct wi_inference *asked = infer->asked;
    wi_tensors_clear(&asked->tensors);
    wi_tensors_move(&asked->tensors, &task->asked->tensors);
    asked->input = json_incref(task->asked->input);
    asked->text_bytes = task->asked->text_bytes;
    infer->picture = task->picture;
    infer->largest = task->largest;
    infer->form = task->form;
    infer->longest_text = task->longest_text;
    infer->texts = task->texts;
}

/* A graph that takes a picture may also get it as a tensor. */
static int means_task(const struct wi_kserve_task *task, const struct wi_model *model)
{
    return wi_text_is_for(model) ||
           (model->facts.spec.takes_picture && task && task->infer.form == WI_FORM_PICTURE);
}

enum wi_code wi_kserve_fit(
    struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    struct wi_kserve_extras *extras = infer->extras;
    struct wi_kserve_task *task = extras->task;
    enum wi_code code = wi_kserve_check_version(model, infer->version, error);
    if (code != WI_OK)
        return code;
    if (means_task(task, model)) {
        if (!task)
            return task_refuse(infer, model, error);
        if (task->why.code != WI_OK) {
            *error = task->why;
            return error->code;
        }
        take_task(infer, &task->infer);
    }
    wi_kserve_task_free(task);
    extras->task = NULL;
    infer->beside = 0;
    task_take_result(infer, model);
    return WI_OK;
}
