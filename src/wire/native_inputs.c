/*
 * What `inputs` may be in the native dialect: a list of tensors, a picture, or text in its forms.
 */
#include "wire/native.h"

#include "base/params.h"
#include "wire/text.h"
#include <string.h>

static enum wi_code read_picture(struct wi_infer *infer, const json_t *text, const char *field,
    struct wi_budget *budget, struct wi_error *error)
{
    struct wi_blob *blob;
    enum wi_code code = wi_picture_decode(
        json_string_value(text), json_string_length(text), field, budget, &blob, error);
    if (code != WI_OK)
        return code;
    struct wi_tensor *tensor = wi_tensors_add(&infer->tensors);
    tensor->name = wi_strdup("image");
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)blob->size;
    tensor->blob = blob;
    tensor->size = blob->size;
    infer->has_picture = 1;
    code = wi_picture_sniff(blob->bytes, blob->size, &infer->picture, error);
    if (code == WI_OK)
        infer->input = json_pack(
            "{s:{s:i, s:s}}", "image", "tensor", 0, "media_type", infer->picture.media_type);
    return code;
}

static int is_picture(const json_t *text)
{
    static const char start[] = "data:image/";
    return strncasecmp(json_string_value(text), start, sizeof start - 1) == 0;
}

static enum wi_code read_string(
    struct wi_infer *infer, json_t *text, struct wi_budget *budget, struct wi_error *error)
{
    return is_picture(text) ? read_picture(infer, text, "inputs", budget, error)
                            : wi_text_read_string(infer, text, "inputs", error);
}

struct object {
    json_t *image, *messages, *query, *documents;
};
#define ROW(member) WI_PARAM_ROW(object, member, WI_PARAM_ANY, 0, 0, 0)
static const struct wi_param object_table[] = {
    ROW(image),
    ROW(messages),
    ROW(query),
    ROW(documents),
    WI_PARAM_END,
};

static enum wi_code read_object(
    struct wi_infer *infer, const json_t *inputs, struct wi_budget *budget, struct wi_error *error)
{
    struct object object = {0};
    enum wi_code code =
        wi_params_read(object_table, inputs, WI_PARAMS_STRICT, "inputs.", &object, error);
    int pair = object.query || object.documents;
    if (code != WI_OK)
        return code;
    if ((object.image != NULL) + (object.messages != NULL) + pair != 1) {
        wi_error_set(error, WI_INVALID_FIELD, "inputs", "inputs must be one thing.");
        wi_error_expect(error, "{\"image\"}, {\"messages\"} or {\"query\", \"documents\"}");
        return WI_INVALID_FIELD;
    }
    if (object.messages)
        return wi_text_read_messages(infer, object.messages, "inputs.messages", error);
    if (pair)
        return wi_text_read_query(
            infer, object.query, object.documents, "inputs.query", "inputs.documents", error);
    if (json_is_string(object.image))
        return read_picture(infer, object.image, "inputs.image", budget, error);
    wi_error_set(error, WI_INVALID_FIELD, "inputs.image", "inputs.image must be a string.");
    wi_error_expect(error, "a picture in base64, or a data URI");
    return WI_INVALID_FIELD;
}

enum wi_code wi_native_read_inputs(struct wi_infer *infer, json_t *inputs, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error)
{
    enum wi_code code;
    int binary = body->size > json_size;
    if (json_is_array(inputs) && !json_is_string(json_array_get(inputs, 0)))
        return wi_tensors_from_json(
            &infer->tensors, inputs, binary ? body : NULL, json_size, budget, "inputs", error);
    if (json_is_array(inputs)) {
        code = wi_text_read_list(infer, inputs, "inputs", error);
    } else if (json_is_string(inputs)) {
        code = read_string(infer, inputs, budget, error);
    } else if (json_is_object(inputs)) {
        code = read_object(infer, inputs, budget, error);
    } else {
        code = wi_error_set(error, WI_INVALID_FIELD, "inputs", "inputs has the wrong type.");
        wi_error_expect(error, "a list of tensors, a picture: {\"image\":\"<base64>\"}, or text: a "
                               "string, a list of strings, {\"messages\": [...]}");
    }
    if (code == WI_OK && binary)
        return wi_error_set(error, WI_BAD_FRAMING, "inputs",
            "%zu bytes follow the JSON, but no tensor claims them.", body->size - json_size);
    return code;
}
