/*
 * POST /v1/models/NAME/sample: a request that stands for clients' of that model, the same each
 * time: what POST /v1/benchmark runs where nobody gives inputs, for who wants to ask it himself.
 */
#include "api/endpoints/openapi.h"

#include "api/http/step.h"
#include "base/memory.h"
#include "wire/probe.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1 /* as wire/benchmark */

/* `prefix` and the tensor's bytes in base64. */
static json_t *encode(const char *prefix, const struct wi_tensor *tensor)
{
    size_t before = strlen(prefix);
    char *text = wi_alloc(before + (tensor->size + 2) / 3 * 4 + 1);
    memcpy(text, prefix, before);
    EVP_EncodeBlock((unsigned char *)text + before, wi_tensor_bytes(tensor), (int)tensor->size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

/* An input as a client writes it: bytes that lie beside it come into it. */
static json_t *input_json(const struct wi_inference *asked)
{
    json_t *input = json_copy(asked->input);
    const json_t *sound = json_object_get(asked->input, "audio");
    if (json_object_get(input, "image"))
        json_object_set_new(
            input, "image", encode("data:image/png;base64,", &asked->tensors.items[0]));
    if (!sound)
        return input;
    json_object_set(input, "sampling_rate", json_object_get(sound, "sampling_rate"));
    json_object_set(input, "channels", json_object_get(sound, "channels"));
    json_object_set_new(input, "format", json_string("s16le"));
    json_object_set_new(input, "audio", encode("", &asked->tensors.items[0]));
    return input;
}

/* 0, or -1: a tensor's numbers cannot be JSON. */
static int put_inputs(struct wi_buffer *out, const struct wi_inference *asked)
{
    const struct wi_tensors *tensors = &asked->tensors;
    if (asked->input) {
        json_t *input = input_json(asked);
        wi_buffer_json(out, input);
        json_decref(input);
        return 0;
    }
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < tensors->count; i++) {
        if (wi_datatype_needs_binary(tensors->items[i].datatype))
            return -1;
        wi_buffer_puts(out, i > 0 ? "," : "");
        wi_tensor_to_json(out, &tensors->items[i], 0);
    }
    wi_buffer_puts(out, "]");
    return 0;
}

static int put_sample(struct wi_buffer *out, const struct wi_inference *asked)
{
    wi_buffer_puts(out, "{\"model_name\":");
    wi_buffer_json_string(out, asked->model->name);
    if (asked->task != WI_TASK_NONE)
        wi_buffer_strings(out, ",\"task\":\"", wi_task_name(asked->task), "\"", NULL);
    wi_buffer_puts(out, ",\"inputs\":");
    int failed = put_inputs(out, asked);
    if (asked->options) {
        wi_buffer_puts(out, ",\"options\":");
        wi_buffer_json(out, asked->options);
    }
    wi_buffer_puts(out, "}\n");
    return failed;
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_inference *asked = wi_probe_usual(model, WI_TASK_NONE, SEED);
    struct wi_buffer text = {0};
    struct wi_error error;
    (void)work;
    if (asked && put_sample(&text, asked) == 0) {
        wi_request_answer_text(request, 200, "application/json", &text);
    } else {
        wi_error_set(&error, WI_INPUT_INVALID, "model",
            "no inputs can be made up for %s that could be JSON", model->name);
        wi_request_answer_error(request, &error);
    }
    if (asked)
        wi_inference_release(asked);
    wi_buffer_clear(&text);
}

void wi_handle_model_sample(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_model, NULL, NULL);
}
