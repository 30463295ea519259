/* Checks of a client's own WGSL; see kernel_program.h. */
#include "terms/kernel/kernel_program.h"

#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A binding has a whole number of words. */
#define WORD 4

struct wi_program *wi_program_new(void)
{
    struct wi_program *program = wi_alloc(sizeof *program);
    program->_references = 1;
    return program;
}

struct wi_program *wi_program_retain(struct wi_program *program)
{
    if (program)
        program->_references++;
    return program;
}

void wi_program_release(struct wi_program *program)
{
    if (!program || --program->_references > 0)
        return;
    free(program->source);
    free(program->entry);
    json_decref(program->constants);
    wi_tensors_clear(&program->outputs);
    free(program);
}

enum wi_code wi_program_read_workgroups(
    struct wi_program *program, const json_t *list, struct wi_error *error)
{
    size_t count = json_array_size(list), i = 0;
    for (; i < count && i < 3; i++) {
        const json_t *size = json_array_get(list, i);
        program->workgroups[i] = json_integer_value(size); /* 0 unless it is an integer */
        if (program->workgroups[i] < 1 || program->workgroups[i] > WI_PROGRAM_WORKGROUPS_MAX)
            break;
    }
    if (i == 3 && count == 3)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "workgroups",
        "workgroups says how many there are in x, y and z: three whole numbers from 1");
    return wi_error_expect(error, "[x, y, z]");
}

enum wi_code wi_program_read_constants(
    struct wi_program *program, json_t *constants, struct wi_error *error)
{
    const char *name;
    json_t *value;
    char field[160];
    if (json_object_size(constants) > WI_PROGRAM_CONSTANTS) {
        wi_error_set(error, WI_INVALID_FIELD, "constants", "there are %zu constants",
            json_object_size(constants));
        return wi_error_expect(error, "at most %d", WI_PROGRAM_CONSTANTS);
    }
    json_object_foreach(constants, name, value)
    {
        size_t length = strlen(name);
        if (json_is_number(value) && length > 0 && length <= WI_PROGRAM_NAME_MAX)
            continue;
        snprintf(field, sizeof field, "constants.%.128s", name);
        wi_error_set(error, WI_INVALID_FIELD, field, "a constant has a name and a number");
        return wi_error_expect(error, "a number, by a name of 1 to %d bytes", WI_PROGRAM_NAME_MAX);
    }
    program->constants = json_incref(constants);
    return WI_OK;
}

/* Which list of the request a tensor is in, and what its errors are called there. */
struct list {
    const char *name;
    const struct wi_tensors *tensors;
    enum wi_code wrong_datatype, wrong_shape;
};

static int is_bindable(enum wi_datatype datatype)
{
    return datatype == WI_FP32 || datatype == WI_INT32 || datatype == WI_UINT32 ||
           datatype == WI_FP16;
}

static enum wi_code check_tensor(const struct list *list, size_t index, struct wi_error *error)
{
    const struct wi_tensor *tensor = &list->tensors->items[index];
    char field[48], shape[240];
    if (!is_bindable(tensor->datatype)) {
        snprintf(field, sizeof field, "%s[%zu].datatype", list->name, index);
        wi_error_set(error, list->wrong_datatype, field, "%.128s is %s, which WGSL cannot bind",
            tensor->name, wi_datatype_name(tensor->datatype));
        wi_error_expect(error, "FP32, INT32, UINT32 or FP16");
        return list->wrong_datatype;
    }
    if (tensor->size > 0 && tensor->size % WORD == 0)
        return WI_OK;
    snprintf(field, sizeof field, "%s[%zu].shape", list->name, index);
    wi_shape_format(tensor->dims, tensor->rank, shape, sizeof shape);
    wi_error_set(error, list->wrong_shape, field,
        "%.128s with shape %.200s has %zu bytes, and is bound to exactly these", tensor->name,
        shape, tensor->size);
    wi_error_expect(error, "a whole number of %d bytes, and not 0", WORD);
    return list->wrong_shape;
}

/* Each has a name of its own, so that errors and files can tell them apart. */
static enum wi_code check_names(const struct list *list, size_t index,
    const struct wi_tensors *inputs, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *tensor = &list->tensors->items[index];
    const struct wi_tensor *first = wi_tensors_find(inputs, tensor->name);
    char field[48];
    if (!first)
        first = wi_tensors_find(outputs, tensor->name);
    if (first == tensor)
        return WI_OK;
    snprintf(field, sizeof field, "%s[%zu].name", list->name, index);
    wi_error_set(error, WI_INVALID_FIELD, field, "two tensors are called %.128s", tensor->name);
    return wi_error_expect(error, "another name for each input and output");
}

static enum wi_code check_counts(size_t inputs, size_t outputs, struct wi_error *error)
{
    if (outputs > 0 && inputs + outputs <= WI_PROGRAM_TENSORS)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "outputs", "there are %zu inputs and %zu outputs", inputs,
        outputs);
    return wi_error_expect(error, "at least one output, and at most %d inputs and outputs together",
        WI_PROGRAM_TENSORS);
}

static enum wi_code check_bytes(
    const struct wi_tensors *inputs, const struct wi_tensors *outputs, struct wi_error *error)
{
    uint64_t left = WI_KERNEL_BYTES_MAX;
    const struct wi_tensors *lists[] = {inputs, outputs};
    for (int i = 0; i < 2; i++)
        for (size_t at = 0; at < lists[i]->count; at++) {
            uint64_t size = lists[i]->items[at].size;
            if (size > left) {
                wi_error_set(error, WI_ANSWER_TOO_LARGE, i ? "outputs" : "inputs",
                    "inputs and outputs may have %" PRIu64 " bytes together, and %.128s alone has "
                    "%" PRIu64,
                    WI_KERNEL_BYTES_MAX, lists[i]->items[at].name, size);
                return wi_error_expect(error, "smaller tensors");
            }
            left -= size;
        }
    return WI_OK;
}

enum wi_code wi_program_check(
    const struct wi_program *program, const struct wi_tensors *inputs, struct wi_error *error)
{
    const struct wi_tensors *outputs = &program->outputs;
    const struct list lists[] = {{"inputs", inputs, WI_INPUT_DATATYPE, WI_INPUT_SHAPE},
        {"outputs", outputs, WI_INVALID_FIELD, WI_INVALID_FIELD}};
    enum wi_code code = check_counts(inputs->count, outputs->count, error);
    for (int i = 0; i < 2; i++)
        for (size_t at = 0; code == WI_OK && at < lists[i].tensors->count; at++) {
            code = check_names(&lists[i], at, inputs, outputs, error);
            if (code == WI_OK)
                code = check_tensor(&lists[i], at, error);
        }
    return code == WI_OK ? check_bytes(inputs, outputs, error) : code;
}

enum wi_code wi_program_check_answer(
    const struct wi_program *program, const struct wi_tensors *outputs, struct wi_error *error)
{
    size_t i = 0;
    for (; i < program->outputs.count && i < outputs->count; i++) {
        const struct wi_tensor *wanted = &program->outputs.items[i], *tensor = &outputs->items[i];
        if (strcmp(wanted->name, tensor->name) != 0 || wanted->datatype != tensor->datatype ||
            wanted->rank != tensor->rank ||
            memcmp(wanted->dims, tensor->dims, wanted->rank * sizeof *wanted->dims) != 0)
            break;
    }
    if (i == program->outputs.count && i == outputs->count)
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
        "output %zu is not the one that was asked for, of %zu", i, program->outputs.count);
}

void wi_program_add(struct wi_buffer *out, const struct wi_program *program)
{
    wi_buffer_puts(out, "{\"source\":");
    wi_buffer_json_string(out, program->source);
    wi_buffer_puts(out, ",\"entry\":");
    wi_buffer_json_string(out, program->entry);
    if (program->constants) {
        wi_buffer_puts(out, ",\"constants\":");
        wi_buffer_json(out, program->constants);
    }
    wi_buffer_printf(out, ",\"workgroups\":[%" PRId64 ",%" PRId64 ",%" PRId64 "],\"outputs\":[",
        program->workgroups[0], program->workgroups[1], program->workgroups[2]);
    for (size_t i = 0; i < program->outputs.count; i++) {
        wi_buffer_puts(out, i ? "," : "");
        wi_tensor_begin_json(out, &program->outputs.items[i]);
        wi_buffer_puts(out, "}");
    }
    wi_buffer_puts(out, "]}");
}
