/*
 * Models in KServe's terms. A model with tensors has those of its graph; a model with tasks takes
 * BYTES, and gives the tensors of its default task and the result as JSON.
 */
#include "wire/kserve/kserve.h"

#include "wire/text.h"
#include <stdio.h>
#include <string.h>

#define MANY (-1) /* elements */

unsigned wi_kserve_version(unsigned version)
{
    return version ? version : 1;
}

enum wi_code wi_kserve_check_version(
    const struct wi_model *model, const char *version, struct wi_error *error)
{
    char current[16];
    snprintf(current, sizeof current, "%u", wi_kserve_version(model->version));
    if (!version || strcmp(version, current) == 0)
        return WI_OK;
    wi_error_set(error, WI_MODEL_NOT_FOUND, "model_version",
        "there is no version %.40s of %.160s to be served: its current one is %s", version,
        model->name, current);
    return wi_error_expect(error, "%s", current);
}

const char *wi_kserve_platform(const struct wi_model *model)
{
    return wi_model_is_built_in(model) ? "webinfer_builtin" : wi_formats[model->format]->platform;
}

/* A tensor without dimensions in the graph may have any number of them; here it has a free one. */
static json_t *dims_json(const struct wi_onnx_value *value)
{
    json_t *dims = json_array();
    for (unsigned i = 0; value->has_shape && i < value->rank; i++)
        json_array_append_new(dims, json_integer(value->dims[i]));
    if (!value->has_shape)
        json_array_append_new(dims, json_integer(MANY));
    return dims;
}

static json_t *graph_json(const struct wi_onnx_value *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (values[i].tensor && values[i].has_datatype)
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:o}", "name", values[i].name, "datatype",
                          wi_datatype_name(values[i].datatype), "shape", dims_json(&values[i])));
    return list;
}

static void tensor_add(json_t *list, const char *name, enum wi_datatype type, int rank, int count)
{
    json_t *shape = json_array();
    while (rank-- > 0)
        json_array_append_new(shape, json_integer(count));
    json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", name, "datatype",
                                    wi_datatype_name(type), "shape", shape));
}

/* The task of inputs if none is named. */
static enum wi_task_kind usual_task(const struct wi_model *model)
{
    const struct wi_task_list *list = &model->facts.tasks;
    enum wi_model_type type = model->type;
    for (size_t i = 0; i < list->count; i++)
        if (wi_tasks[list->items[i]].takes != WI_TAKES_MESSAGES)
            return list->items[i];
    return type == WI_TYPE_TEXT_EMBEDDING ? WI_TASK_EMBED
           : type == WI_TYPE_VISION       ? WI_TASK_IMAGE_CLASSIFICATION
           : type == WI_TYPE_AUDIO        ? WI_TASK_SPEECH_RECOGNITION
                                          : WI_TASK_COMPLETE;
}

static json_t *task_inputs(enum wi_task_kind task)
{
    static const struct {
        unsigned forms; /* any of these */
        const char *name;
        int count;
    } rows[] = {
        {WI_FORM(LIST) | WI_FORM(LABELS), "text", MANY},
        {WI_FORM(STRING), "text", 1},
        {WI_FORM(QUERY), "query", 1},
        {WI_FORM(QUERY), "documents", MANY},
        {WI_FORM(QUESTION) | WI_FORM(PICTURE_QUESTION), "question", 1},
        {WI_FORM(QUESTION), "context", 1},
        {WI_FORM(PICTURE) | WI_FORM(PICTURE_LABELS) | WI_FORM(PICTURE_QUESTION), "image", 1},
        {WI_FORM(SOUND) | WI_FORM(SOUND_LABELS), "audio", 1},
        {WI_FORM(LABELS) | WI_FORM(PICTURE_LABELS) | WI_FORM(SOUND_LABELS), "labels", MANY},
    };
    unsigned forms = wi_task_inputs[wi_tasks[task].takes].forms;
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *last = json_array_get(list, json_array_size(list) - 1);
        const char *name = json_string_value(json_object_get(last, "name"));
        if (forms & rows[i].forms && (!name || strcmp(name, rows[i].name) != 0))
            tensor_add(list, rows[i].name, WI_BYTES, 1, rows[i].count);
    }
    return list;
}

static json_t *task_outputs(enum wi_task_kind task)
{
    json_t *list = json_array();
    for (size_t i = 0; i < WI_TASK_OUTPUTS && wi_tasks[task].tensors[i].name; i++) {
        const struct wi_task_output *output = &wi_tasks[task].tensors[i];
        int is_file = output->kind == WI_OUTPUT_PNG || output->kind == WI_OUTPUT_WAV;
        tensor_add(list, output->name, is_file ? WI_UINT8 : WI_FP32, is_file ? 1 : 2, MANY);
    }
    tensor_add(list, "result", WI_BYTES, 1, 1);
    return list;
}

json_t *wi_kserve_inputs(const struct wi_model *model)
{
    if (wi_text_is_for(model))
        return task_inputs(usual_task(model));
    return graph_json(model->facts.signature.inputs, model->facts.signature.input_count);
}

json_t *wi_kserve_outputs(const struct wi_model *model)
{
    if (wi_text_is_for(model) || model->builtin == WI_BUILTIN_COUNT)
        return task_outputs(model->builtin ? WI_TASK_NONE : usual_task(model));
    return graph_json(model->facts.signature.outputs, model->facts.signature.output_count);
}
