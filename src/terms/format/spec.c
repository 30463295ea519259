/* model.json against its parameter tables and against the graph; see spec.h. */
#include "terms/format/spec.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/params.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fields {
    int type;
    json_t *labels;
    const char *labels_file;
    json_t *picture;
    json_t *result;
    int batch; /* -1: not said */
};

static const struct wi_param spec_table[] = {
    WI_PARAM(fields, type, ENUM, .names = wi_model_type_names),
    WI_PARAM(fields, labels, ARRAY, .min = 1, .max = WI_SPEC_LABELS_MAX),
    WI_PARAM(fields, labels_file, STRING, .min = 1, .max = 128), WI_PARAM(fields, picture, OBJECT),
    WI_PARAM(fields, result, OBJECT), WI_PARAM(fields, batch, BOOL), {0}};

enum { NCHW, NHWC };
enum { FP32, UINT8 };
static const char *const layouts[] = {"NCHW", "NHWC", NULL};
static const char *const datatypes[] = {"FP32", "UINT8", NULL};
static const char *const orders[] = {"RGB", "BGR", NULL};
static const char *const fits[] = {"stretch", "cover", "contain", NULL};
static const char *const activations[] = {"none", "softmax", NULL};

struct picture {
    const char *input;
    int64_t width, height, channels;
    int layout, datatype, order, invert, fit;
    double scale;
    json_t *mean, *std, *background;
};

#define SIDE .required = 1, .min = 1, .max = WI_SPEC_PICTURE_SIDE_MAX
static const struct wi_param picture_table[] = {
    WI_PARAM(picture, input, STRING, .min = 1, .max = WI_TENSOR_NAME_MAX),
    WI_PARAM(picture, width, INTEGER, SIDE), WI_PARAM(picture, height, INTEGER, SIDE),
    WI_PARAM(picture, channels, INTEGER, .min = 1, .max = 3),
    WI_PARAM(picture, layout, ENUM, .names = layouts),
    WI_PARAM(picture, datatype, ENUM, .names = datatypes),
    WI_PARAM(picture, order, ENUM, .names = orders), WI_PARAM(picture, scale, NUMBER),
    WI_PARAM(picture, mean, ARRAY), WI_PARAM(picture, std, ARRAY), WI_PARAM(picture, invert, BOOL),
    WI_PARAM(picture, fit, ENUM, .names = fits), WI_PARAM(picture, background, ARRAY), {0}};

struct result {
    const char *output;
    int activation;
    int64_t top;
};

static const struct wi_param result_table[] = {
    WI_PARAM(result, output, STRING, .min = 1, .max = WI_TENSOR_NAME_MAX),
    WI_PARAM(result, activation, ENUM, .names = activations),
    WI_PARAM(result, top, INTEGER, .min = 1, .max = 1000), {0}};

#define invalid(error, field, format, ...)                                                         \
    wi_error_set(error, WI_MODEL_INVALID, field, "model.json: %s " format, field, ##__VA_ARGS__)

/* The table reader's errors are about requests; here the model is at fault. */
static enum wi_code read_table(const struct wi_param *table, const json_t *object,
    const char *where, void *target, struct wi_error *error)
{
    struct wi_error problem = {0};
    enum wi_code code = wi_params_read(table, object, WI_PARAMS_STRICT, where, target, &problem);

    if (code == WI_OK)
        return WI_OK;
    wi_error_set(error, WI_MODEL_INVALID, problem.field, "model.json: %s", problem.detail);
    wi_error_expect(error, "%s", problem.expected);
    return wi_error_allow(error, "%s", problem.allowed);
}

/* --- labels ----------------------------------------------------------------------------------- */

static int is_file_name(const char *name)
{
    if (!isalnum((unsigned char)*name))
        return 0;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
            return 0;
    return 1;
}

/* One label per line; a last line may lack its newline. */
static enum wi_code split_labels(const char *text, json_t **labels, struct wi_error *error)
{
    json_t *list = json_array();
    const char *end;

    for (; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        size_t length = (size_t)(end - text);
        if (length > 0 && text[length - 1] == '\r')
            length--;
        if (json_array_append_new(list, json_stringn(text, length)) < 0) {
            json_decref(list);
            return invalid(error, "labels_file", "has a line that is not UTF-8");
        }
    }
    if (json_array_size(list) == 0 || json_array_size(list) > WI_SPEC_LABELS_MAX) {
        json_decref(list);
        return invalid(error, "labels_file", "must have 1 to %d lines", WI_SPEC_LABELS_MAX);
    }
    *labels = list;
    return WI_OK;
}

/* `labels` becomes a new reference, or NULL where there are none. */
static enum wi_code read_labels(const struct fields *fields, wi_spec_file_fn *read_file,
    void *context, json_t **labels, struct wi_error *error)
{
    *labels = NULL;
    if (fields->labels && fields->labels_file)
        return invalid(error, "labels_file", "and labels are both given; one is enough");
    for (size_t i = 0; i < json_array_size(fields->labels); i++)
        if (!json_is_string(json_array_get(fields->labels, i)))
            return invalid(error, "labels", "must be a list of strings; entry %zu is none", i);
    if (fields->labels)
        *labels = json_incref(fields->labels);
    if (!fields->labels_file)
        return WI_OK;
    if (!is_file_name(fields->labels_file))
        return invalid(error, "labels_file",
            "must be the name of a file in the model's folder, "
            "of letters, digits, \".\", \"_\" and \"-\"");
    char *text = read_file(context, fields->labels_file, error);
    if (!text)
        return WI_MODEL_INVALID;
    enum wi_code code = split_labels(text, labels, error);
    free(text);
    return code;
}

/* --- picture ---------------------------------------------------------------------------------- */

/* A list of exactly `count` finite numbers, none of them `forbidden`; or `fallback` repeated where
 * none is given. A new reference, or NULL with `error` filled. */
static json_t *read_numbers(json_t *given, int64_t count, double fallback, int zero_is_wrong,
    const char *field, struct wi_error *error)
{
    json_t *list = json_array();

    for (int64_t i = 0; !given && i < count; i++)
        json_array_append_new(list, json_real(fallback));
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *value = json_array_get(given, i);
        double number = json_number_value(value);

        if (!json_is_number(value) || !isfinite(number) || (zero_is_wrong && number == 0))
            break;
        json_array_append_new(list, json_real(number));
    }
    if (given &&
        (json_array_size(given) != (size_t)count || json_array_size(list) != (size_t)count)) {
        json_decref(list);
        wi_error_set(error, WI_MODEL_INVALID, field,
            "model.json: %s must be a list of %" PRId64 " numbers%s, one for each channel", field,
            count, zero_is_wrong ? " other than 0" : "");
        return NULL;
    }
    return list;
}

/* The tensor made from a picture must be what the graph takes. */
static enum wi_code check_picture(const struct picture *picture,
    const struct wi_onnx_signature *signature, struct wi_error *error)
{
    struct wi_tensor tensor = {.name = (char *)picture->input,
        .rank = 4,
        .datatype = picture->datatype == FP32 ? WI_FP32 : WI_UINT8};
    struct wi_tensors tensors = {&tensor, 1};
    struct wi_error problem = {0};

    if (picture->layout == NCHW)
        memcpy(tensor.dims, (int64_t[]){1, picture->channels, picture->height, picture->width},
            4 * sizeof(int64_t));
    else
        memcpy(tensor.dims, (int64_t[]){1, picture->height, picture->width, picture->channels},
            4 * sizeof(int64_t));
    enum wi_code code = wi_onnx_check_inputs(signature, &tensors, &problem);
    if (code == WI_OK)
        return WI_OK;
    wi_error_set(error, WI_MODEL_INVALID,
        code == WI_INPUT_DATATYPE ? "picture.datatype"
        : code == WI_INPUT_SHAPE  ? "picture.width"
                                  : "picture.input",
        "model.json: picture does not suit the model: %s", problem.detail);
    return wi_error_expect(error, "%s", problem.expected);
}

static enum wi_code normalise_picture(
    const struct picture *picture, json_t **out, struct wi_error *error)
{
    json_t *mean = read_numbers(picture->mean, picture->channels, 0, 0, "picture.mean", error);
    json_t *std =
        mean ? read_numbers(picture->std, picture->channels, 1, 1, "picture.std", error) : NULL;
    json_t *background =
        std ? read_numbers(picture->background, 3, 0, 0, "picture.background", error) : NULL;

    if (!background) {
        json_decref(mean);
        json_decref(std);
        return WI_MODEL_INVALID;
    }
    *out = json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:f, s:o, s:o, s:b, s:s, s:o}", "input",
        picture->input, "width", (json_int_t)picture->width, "height", (json_int_t)picture->height,
        "channels", (json_int_t)picture->channels, "layout", layouts[picture->layout], "datatype",
        datatypes[picture->datatype], "order", orders[picture->order], "scale", picture->scale,
        "mean", mean, "std", std, "invert", picture->invert, "fit", fits[picture->fit],
        "background", background);
    return WI_OK;
}

static enum wi_code read_picture(const json_t *object, const struct wi_onnx_signature *signature,
    json_t **out, struct wi_error *error)
{
    struct picture picture = {.channels = 3, .scale = 1};
    enum wi_code code = read_table(picture_table, object, "picture.", &picture, error);

    if (code != WI_OK)
        return code;
    if (!picture.input && signature->input_count != 1)
        return invalid(error, "picture.input", "is missing, and the model has %zu inputs",
            signature->input_count);
    if (!picture.input)
        picture.input = signature->inputs[0].name;
    if (picture.channels == 2)
        return invalid(error, "picture.channels", "must be 1 or 3");
    if (!isfinite(picture.scale) || picture.scale == 0)
        return invalid(error, "picture.scale", "must be a number other than 0");
    if (picture.datatype == UINT8 && (picture.scale != 1 || picture.mean || picture.std))
        return invalid(error, "picture.datatype",
            "UINT8 takes pixels as they are, without scale, mean and std");
    code = check_picture(&picture, signature, error);
    return code == WI_OK ? normalise_picture(&picture, out, error) : code;
}

/* --- result ----------------------------------------------------------------------------------- */

/* As many labels as the output has elements, where the graph says how many (a free first
 * dimension is the batch). */
static enum wi_code check_labels(
    const struct wi_onnx_value *output, const json_t *labels, struct wi_error *error)
{
    int64_t count = 1;

    if (!labels || !output->has_shape)
        return WI_OK;
    for (unsigned i = 0; i < output->rank; i++) {
        if (output->dims[i] < 0 && i > 0)
            return WI_OK;
        if (output->dims[i] >= 0 && __builtin_mul_overflow(count, output->dims[i], &count))
            return WI_OK;
    }
    if ((uint64_t)count == json_array_size(labels))
        return WI_OK;
    invalid(error, "labels", "has %zu entries, but output %.128s has %" PRId64 " values",
        json_array_size(labels), output->name, count);
    return wi_error_expect(error, "%" PRId64 " labels", count);
}

static enum wi_code spec_read_result(const json_t *object,
    const struct wi_onnx_signature *signature, const json_t *labels, json_t **out,
    struct wi_error *error)
{
    struct result result = {.top = 5};
    struct wi_error problem = {0};
    enum wi_code code = read_table(result_table, object, "result.", &result, error);

    if (code != WI_OK)
        return code;
    if (!result.output && signature->output_count != 1)
        return invalid(error, "result.output", "is missing, and the model has %zu outputs",
            signature->output_count);
    if (!result.output)
        result.output = signature->outputs[0].name;
    if (wi_onnx_check_output(signature, result.output, &problem) != WI_OK) {
        invalid(error, "result.output", "does not suit the model: %s", problem.detail);
        return wi_error_allow(error, "%s", problem.allowed);
    }
    const struct wi_onnx_value *output =
        wi_onnx_value_find(signature->outputs, signature->output_count, result.output, 0);
    if (output->has_datatype && output->datatype != WI_FP32 && output->datatype != WI_FP64 &&
        output->datatype != WI_FP16 && output->datatype != WI_UINT8)
        return invalid(error, "result.output", "is %s, which gives no probabilities",
            wi_datatype_name(output->datatype));
    code = check_labels(output, labels, error);
    if (code == WI_OK)
        *out = json_pack("{s:s, s:s, s:I}", "output", result.output, "activation",
            activations[result.activation], "top", (json_int_t)result.top);
    return code;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum wi_code spec_read_fields(const struct fields *fields,
    const struct wi_onnx_signature *signature, wi_spec_file_fn *read_file, void *context,
    struct wi_spec *spec, struct wi_error *error)
{
    struct wi_buffer text = {0};
    json_t *labels, *picture = NULL, *result = NULL;
    enum wi_code code = read_labels(fields, read_file, context, &labels, error);

    if (code == WI_OK && fields->picture)
        code = read_picture(fields->picture, signature, &picture, error);
    if (code == WI_OK && fields->result)
        code = spec_read_result(fields->result, signature, labels, &result, error);
    if (code == WI_OK) {
        spec->type = (enum wi_model_type)(fields->type + 1);
        spec->takes_picture = picture != NULL;
        spec->json = json_pack("{s:s*, s:O*, s:O*, s:O*}", "type", wi_model_type_name(spec->type),
            "labels", labels, "picture", picture, "result", result);
        if (fields->batch >= 0)
            json_object_set_new(spec->json, "batch", json_boolean(fields->batch));
        wi_buffer_json(&text, spec->json);
        spec->text = wi_buffer_take(&text);
    }
    json_decref(labels);
    json_decref(picture);
    json_decref(result);
    return code;
}

enum wi_code wi_spec_read(const char *text, size_t size, const struct wi_onnx_signature *signature,
    wi_spec_file_fn *read_file, void *context, struct wi_spec *spec, struct wi_error *error)
{
    struct fields fields = {.type = -1, .batch = -1};
    json_error_t where;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);

    *spec = (struct wi_spec){0};
    if (!json)
        return wi_error_set(error, WI_MODEL_INVALID, "model.json",
            "model.json: no JSON: line %d, column %d: %s", where.line, where.column, where.text);
    if (!json_is_object(json)) {
        json_decref(json);
        return wi_error_set(error, WI_MODEL_INVALID, "model.json", "model.json: must be an object");
    }
    enum wi_code code = read_table(spec_table, json, "", &fields, error);
    if (code == WI_OK)
        code = spec_read_fields(&fields, signature, read_file, context, spec, error);
    json_decref(json);
    return code;
}

void wi_spec_clear(struct wi_spec *spec)
{
    json_decref(spec->json);
    free(spec->text);
    *spec = (struct wi_spec){0};
}
