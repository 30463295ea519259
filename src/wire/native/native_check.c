/*
 * Checks that need the model, made before any browser is asked: inputs and outputs against the
 * graph's signature, a picture against the model's spec and the pixel limit, and the precision
 * against the model's.
 */
#include "wire/native/native.h"

#include "wire/text.h"
#include <stdio.h>
#include <string.h>

static enum wi_code check_picture(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    if (!model->facts.spec.takes_picture) {
        wi_error_set(error, WI_INPUT_INVALID, "inputs",
            "%s takes tensors: its model.json does not say how to turn a picture into its input",
            model->name);
        return wi_error_expect(error, "a list of {\"name\",\"datatype\",\"shape\",\"data\"}");
    }
    return wi_picture_check_size(&infer->picture, limits->max_picture_pixels, error);
}

static enum wi_code check_precision(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (!asked->precision)
        return WI_OK;
    const char *own = wi_model_precision(model);
    if (own && wi_variant_is_of(own, asked->precision))
        return WI_OK;
    wi_error_set(error, WI_PRECISION_UNSUPPORTED, "precision",
        "%s is served as it is; it has no variant in %s", model->name, asked->precision);
    return wi_error_expect(error, "%s%s", own ? own : "no precision", own ? ", or none" : "");
}

enum wi_code wi_native_needs_binary(const char *name, enum wi_datatype type, struct wi_error *error)
{
    return wi_error_set(error, WI_NOT_ACCEPTABLE, "parameters.binary_data_output",
        "the output \"%.100s\" is %s, which JSON cannot carry; ask for binary", name,
        wi_datatype_name(type));
}

int wi_native_wants_binary(const struct wi_infer *infer, const char *name)
{
    const struct wi_native_extras *extras = infer->extras;
    const struct wi_strings *outputs = &infer->asked->outputs;
    for (size_t i = 0; i < outputs->count; i++)
        if (strcmp(outputs->items[i], name) == 0 && extras->outputs[i] != WI_BINARY_DEFAULT)
            return extras->outputs[i] == WI_BINARY_YES;
    return extras->binary_output;
}

/* Whether an output, if it is wanted, can be given in the form that was asked for. */
static enum wi_code check_form(
    const struct wi_infer *infer, const char *name, enum wi_datatype type, struct wi_error *error)
{
    const struct wi_strings *wanted = &infer->asked->outputs;
    if ((wanted->count > 0 && !wi_strings_contain(wanted, name)) ||
        !wi_datatype_needs_binary(type) || wi_native_wants_binary(infer, name))
        return WI_OK;
    wi_native_needs_binary(name, type, error);
    return wi_error_expect(error, "true, or outputs[].parameters.binary_data for this output");
}

/* builtin/echo returns its inputs. */
static enum wi_code check_echo(const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    const struct wi_tensors *tensors = &asked->tensors;
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < asked->outputs.count; i++)
        if (!wi_tensors_find(tensors, asked->outputs.items[i]))
            return wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs",
                "there is no output \"%.100s\": the outputs are the inputs",
                asked->outputs.items[i]);
    for (size_t i = 0; i < tensors->count && code == WI_OK; i++)
        code = check_form(infer, tensors->items[i].name, tensors->items[i].datatype, error);
    return code;
}

/* builtin/count has no tensors at all. */
static enum wi_code infer_check_count(const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (asked->tensors.count) {
        wi_error_set(error, WI_INPUT_UNKNOWN, "inputs",
            "there is no input \"%.100s\": builtin/count takes none", asked->tensors.items[0].name);
        return wi_error_expect(error, "[]");
    }
    if (asked->outputs.count)
        return wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs",
            "there is no output \"%.100s\": builtin/count has none", asked->outputs.items[0]);
    return WI_OK;
}

static enum wi_code check_outputs(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_onnx_signature *signature = &model->facts.signature;
    const struct wi_strings *wanted = &infer->asked->outputs;
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < wanted->count && code == WI_OK; i++)
        code = wi_onnx_check_output(signature, wanted->items[i], error);
    if (code == WI_OK)
        code = wi_onnx_check_wanted(signature, wanted, error);
    for (size_t i = 0; i < signature->output_count && code == WI_OK; i++)
        if (signature->outputs[i].has_datatype)
            code = check_form(
                infer, signature->outputs[i].name, signature->outputs[i].datatype, error);
    return code;
}

enum wi_code wi_native_check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_native_extras *extras = infer->extras;
    size_t count = infer->asked->outputs.count, i = 0;
    char field[64] = "parameters.binary_data_output";
    while (i < count && extras->outputs[i] != WI_BINARY_YES)
        i++;
    if (!extras->binary_output && i == count)
        return WI_OK;
    if (!extras->binary_output)
        snprintf(field, sizeof field, "outputs[%zu].parameters.binary_data", i);
    wi_error_set(error, WI_INVALID_FIELD, field, "a stream cannot carry binary tensors");
    return wi_error_expect(error, "false, or no stream: its events are text");
}

/* On other platforms a tensor without elements may end the engine, which other clients use. */
static enum wi_code check_empty(
    const struct wi_inference *asked, const struct wi_model *model, struct wi_error *error)
{
    int is_accelerated =
        asked->platform == WI_WEBGPU || asked->platform == WI_WEBGL || asked->platform == WI_WEBNN;
    if (!asked->has_platform || asked->fallback || !is_accelerated ||
        model->engine != WI_ENGINE_ORT ||
        wi_onnx_empty_among(&model->facts.signature, &asked->tensors) != WI_EMPTY_USED)
        return WI_OK;
    wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "platform",
        "the graph computes with a tensor without elements, which only wasm does");
    return wi_error_expect(error, "wasm, auto, or the fallback");
}

static enum wi_code check_tensors(
    const struct wi_inference *asked, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_onnx_signature *signature = &model->facts.signature;
    enum wi_code code = wi_onnx_check_inputs(signature, &asked->tensors, error);
    if (code == WI_OK)
        code = check_empty(asked, model, error);
    return code == WI_OK ? wi_onnx_check_indices(signature, &asked->tensors, error) : code;
}

enum wi_code wi_native_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (wi_text_is_for(model) || (infer->form != WI_FORM_NONE && infer->form != WI_FORM_PICTURE))
        return wi_text_check(infer, model, limits, error);
    enum wi_code code = wi_model_check_engine(model, error);
    if (code != WI_OK)
        return code;
    if (asked->task != WI_TASK_NONE &&
        (!model->facts.spec.takes_picture || asked->task != WI_TASK_IMAGE_CLASSIFICATION)) {
        return wi_error_set(error, WI_INPUT_INVALID, "task",
            "%s does not do the task %s; leave task out and send tensors", model->name,
            wi_task_name(asked->task));
    }
    if ((code = check_precision(infer, model, error)) != WI_OK ||
        (code = wi_model_check_options(
             model, asked->options, wi_infer_options_where(infer), error)) != WI_OK)
        return code;
    if (infer->form == WI_FORM_PICTURE)
        code = check_picture(infer, model, limits, error);
    else if (!model->builtin)
        code = check_tensors(asked, model, error);
    if (code == WI_OK && model->kernels)
        code = wi_kernel_model_check_input(model->kernels, asked->tensors.items, error);
    if (code != WI_OK)
        return code;
    switch (model->builtin) {
    case WI_BUILTIN_ECHO:
        return check_echo(infer, error);
    case WI_BUILTIN_COUNT:
        return infer_check_count(infer, error);
    default:
        return check_outputs(infer, model, error);
    }
}
