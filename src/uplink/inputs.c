/*
 * The input of a task as `inputs` of POST /v1/infer. A node gets one canonical form
 * (webinfer-inputs(7)), which the API accepts but for files: pictures and sounds are tensors there,
 * and here either the bytes behind the JSON or, in a message of a chat, a data URI.
 */
#include "uplink/uplink.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char PCM[] = "audio/pcm;format=";

const struct wi_tensor *wi_uplink_tensor_at(
    const struct wi_worker_request *request, const json_t *place)
{
    const json_t *index = json_object_get(place, "tensor");
    size_t at = (size_t)json_integer_value(index);
    return json_is_integer(index) && at < request->inputs->count ? &request->inputs->items[at]
                                                                 : NULL;
}

static void share_tensor(struct wi_tensors *tensors, const struct wi_tensor *tensor)
{
    const struct wi_tensors one = {(struct wi_tensor *)tensor, 1};
    wi_tensors_share(tensors, &one);
}

static enum wi_code refuse_place(struct wi_error *error)
{
    return wi_error_set(
        error, WI_INPUT_INVALID, NULL, "the task's input names a tensor that did not come");
}

/* --- a file ---------------------------------------------------------------------------------- */

static void set_raw_form(json_t *inputs, const json_t *file)
{
    const char *type = json_string_value(json_object_get(file, "media_type"));
    static const char *const words[] = {"sampling_rate", "channels"};
    if (!type || strncmp(type, PCM, sizeof PCM - 1) != 0)
        return;
    json_object_set_new(inputs, "format", json_string(type + sizeof PCM - 1));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (json_object_get(file, words[i]))
            json_object_set(inputs, words[i], json_object_get(file, words[i]));
}

/* {"image"} or {"audio"}, with what is beside it. */
static enum wi_code add_file(struct wi_buffer *out, struct wi_tensors *tensors, const char *name,
    const struct wi_worker_request *request, struct wi_error *error)
{
    const json_t *input = json_object_get(request->data, "input");
    const json_t *file = json_object_get(input, name);
    const struct wi_tensor *tensor = wi_uplink_tensor_at(request, file);
    if (!tensor)
        return refuse_place(error);
    json_t *inputs = json_copy((json_t *)input);
    json_object_set_new(
        inputs, name, json_pack("{s:I}", "binary_data_size", (json_int_t)tensor->size));
    set_raw_form(inputs, file);
    wi_buffer_json(out, inputs);
    json_decref(inputs);
    share_tensor(tensors, tensor);
    return WI_OK;
}

/* --- a conversation -------------------------------------------------------------------------- */

static json_t *picture_part(const struct wi_tensor *tensor, const json_t *image)
{
    const char *type = json_string_value(json_object_get(image, "media_type"));
    struct wi_buffer url = {0};
    wi_buffer_strings(&url, "data:", type ? type : "image/png", ";base64,", NULL);
    char *text = wi_alloc(4 * ((tensor->size + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, wi_tensor_bytes(tensor), (int)tensor->size);
    wi_buffer_puts(&url, text);
    free(text);
    json_t *part = json_pack("{s:s, s:{s:s}}", "type", "image_url", "image_url", "url", url.text);
    wi_buffer_clear(&url);
    return part;
}

static enum wi_code message_settle(
    json_t *message, const struct wi_worker_request *request, struct wi_error *error)
{
    json_t *content = json_object_get(message, "content");
    for (size_t i = 0; i < json_array_size(content); i++) {
        const json_t *image = json_object_get(json_array_get(content, i), "image");
        const struct wi_tensor *tensor = image ? wi_uplink_tensor_at(request, image) : NULL;
        if (!image)
            continue;
        if (!tensor)
            return refuse_place(error);
        json_array_set_new(content, i, picture_part(tensor, image));
    }
    return WI_OK;
}

static enum wi_code add_messages(
    struct wi_buffer *out, const struct wi_worker_request *request, struct wi_error *error)
{
    const json_t *input = json_object_get(request->data, "input");
    json_t *messages = json_deep_copy(json_object_get(input, "messages"));
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < json_array_size(messages) && code == WI_OK; i++)
        code = message_settle(json_array_get(messages, i), request, error);
    if (code == WI_OK) {
        wi_buffer_puts(out, "{\"messages\":");
        wi_buffer_json(out, messages);
        wi_buffer_puts(out, "}");
    }
    json_decref(messages);
    return code;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Behind the inputs of a graph come the text and the tokens of a stream's beginning. */
static size_t count_inputs(const struct wi_worker_request *request)
{
    static const char *const members[] = {"text", "tokens"};
    const json_t *from = json_object_get(request->data, "continue");
    size_t count = request->inputs->count;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *index = json_object_get(json_object_get(from, members[i]), "tensor");
        if (json_is_integer(index) && (size_t)json_integer_value(index) < count)
            count = (size_t)json_integer_value(index);
    }
    return count;
}

static void add_tensors(
    struct wi_buffer *out, struct wi_tensors *tensors, const struct wi_worker_request *request)
{
    size_t count = count_inputs(request);
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        wi_buffer_puts(out, i ? "," : "");
        wi_tensor_to_json(out, &request->inputs->items[i], 1);
        share_tensor(tensors, &request->inputs->items[i]);
    }
    wi_buffer_puts(out, "]");
}

/* The task gives a text its meaning. Without its name it could be taken for a file, as a data URI.
 */
static void add_text(struct wi_buffer *out, const char *name, const json_t *text)
{
    wi_buffer_strings(out, "{\"", name, "\":", NULL);
    wi_buffer_json(out, text);
    wi_buffer_puts(out, "}");
}

enum wi_code wi_uplink_inputs_add(struct wi_buffer *out, struct wi_tensors *tensors,
    const struct wi_worker_request *request, struct wi_error *error)
{
    const json_t *input = json_object_get(request->data, "input");
    const json_t *prompt = json_object_get(input, "prompt");
    const json_t *prompts = json_object_get(input, "prompts");
    const json_t *text = json_object_get(input, "text");
    wi_buffer_puts(out, ",\"inputs\":");
    if (!input) {
        add_tensors(out, tensors, request);
        return WI_OK;
    }
    if (json_object_get(input, "image"))
        return add_file(out, tensors, "image", request, error);
    if (json_object_get(input, "audio"))
        return add_file(out, tensors, "audio", request, error);
    if (json_object_get(input, "messages"))
        return add_messages(out, request, error);
    if (prompt)
        add_text(out, "text", prompt);
    else if (prompts)
        add_text(out, "texts", prompts);
    else if (text && json_object_get(input, "add_special")) /* which is an option */
        add_text(out, "text", text);
    else
        wi_buffer_json(out, input);
    return WI_OK;
}
