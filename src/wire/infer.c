/* What a request asks for: the words in it that every dialect shares. */
#include "wire/infer.h"

#include <stdlib.h>
#include <string.h>

const char *const wi_infer_precision_names[] = {
    "fp32", "fp16", "bf16", "int8", "uint8", "int4", "uint4", NULL};

void wi_infer_clear(struct wi_infer *infer)
{
    free(infer->model_name);
    free(infer->client_id);
    free(infer->browser);
    free(infer->node);
    free(infer->precision);
    free(infer->task);
    wi_tensors_clear(&infer->tensors);
    wi_strings_clear(&infer->outputs);
    json_decref(infer->input);
    json_decref(infer->options);
    free(infer->output_binary);
    memset(infer, 0, sizeof *infer);
}

int wi_infer_wants_binary(const struct wi_infer *infer, const char *name)
{
    for (size_t i = 0; i < infer->outputs.count; i++)
        if (strcmp(infer->outputs.items[i], name) == 0 &&
            infer->output_binary[i] != WI_BINARY_DEFAULT)
            return infer->output_binary[i] == WI_BINARY_YES;
    return infer->binary_output;
}

enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error)
{
    *has_platform = 0;
    if (strcmp(name, "auto") == 0)
        return WI_OK;
    for (int i = 0; wi_platform_names[i]; i++) {
        if (strcmp(name, wi_platform_names[i]) == 0) {
            *has_platform = 1;
            *platform = (enum wi_platform)i;
            return WI_OK;
        }
    }
    wi_error_set(error, WI_INVALID_FIELD, "platform", "\"%s\" is not a platform.", name);
    wi_error_allow(error, "auto, webgpu, webnn, webgl, wasm, simulated");
    return error ? error->code : WI_INVALID_FIELD;
}
