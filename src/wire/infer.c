/* What a request asks for: the words in it that every dialect shares. */
#include "wire/infer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT_MS 60000.0
/* Bytes of JSON: more does not fit the head of a message to a node. */
#define OPTIONS_MAX (1 << 20)
/* Of what may go on for long: streams and generated text. */
#define LONG_TIMEOUT_DEFAULT_MS 600000.0

const char *const wi_infer_precision_names[] = {
    "fp32", "fp16", "bf16", "int8", "uint8", "int4", "uint4", "q8", "q4", "q4f16", "bnb4", NULL};

void wi_infer_clear(struct wi_infer *infer)
{
    free(infer->model_name);
    free(infer->client_id);
    free(infer->browser);
    free(infer->node);
    free(infer->precision);
    wi_tensors_clear(&infer->tensors);
    wi_strings_clear(&infer->outputs);
    wi_strings_clear(&infer->ignored);
    json_decref(infer->input);
    json_decref(infer->options);
    json_decref(infer->wishes.documents);
    free(infer->output_binary);
    memset(infer, 0, sizeof *infer);
}

void wi_infer_pass_over(struct wi_infer *infer, const char *path)
{
    char name[64];
    if (infer->ignored.count >= WI_INFER_IGNORED)
        return;
    snprintf(name, sizeof name, "%s", path);
    for (char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_-.[]", *at))
            *at = '?';
    wi_strings_add(&infer->ignored, name);
}

int wi_infer_wants_binary(const struct wi_infer *infer, const char *name)
{
    for (size_t i = 0; i < infer->outputs.count; i++)
        if (strcmp(infer->outputs.items[i], name) == 0 &&
            infer->output_binary[i] != WI_BINARY_DEFAULT)
            return infer->output_binary[i] == WI_BINARY_YES;
    return infer->binary_output;
}

double wi_infer_timeout_ms(const struct wi_infer *infer, enum wi_model_type type)
{
    int generates = type == WI_TYPE_TEXT_GENERATION || type == WI_TYPE_TEXT2TEXT ||
                    wi_task_generates(infer->task);
    if (infer->has_timeout)
        return infer->timeout_ms;
    return infer->stream || generates ? LONG_TIMEOUT_DEFAULT_MS : TIMEOUT_DEFAULT_MS;
}

enum wi_code wi_infer_check_options(
    struct wi_infer *infer, size_t json_size, struct wi_error *error)
{
    if (json_size <= OPTIONS_MAX || !infer->options)
        return WI_OK;
    size_t size = json_dumpb(infer->options, NULL, 0, JSON_COMPACT);
    if (size <= OPTIONS_MAX)
        return WI_OK;
    json_decref(infer->options);
    infer->options = NULL;
    wi_error_set(error, WI_BODY_TOO_LARGE, infer->options_where ? NULL : "options",
        "the options have %zu bytes of JSON, and may have %d", size, OPTIONS_MAX);
    wi_error_expect(error, "at most %d bytes", OPTIONS_MAX);
    return WI_BODY_TOO_LARGE;
}

enum wi_code wi_infer_check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    static const char advice[] = "false, or no stream: its events are text";
    if (infer->wishes.form > WI_OPENAI_TEXT)
        return wi_error_set(error, WI_INVALID_FIELD, "stream",
            "a stream is of text; ask for response_format json, or for no stream");
    if (infer->binary_output) {
        wi_error_set(error, WI_INVALID_FIELD, "parameters.binary_data_output",
            "a stream cannot carry binary tensors");
        wi_error_expect(error, "%s", advice);
        return WI_INVALID_FIELD;
    }
    for (size_t i = 0; i < infer->outputs.count; i++) {
        if (infer->output_binary[i] != WI_BINARY_YES)
            continue;
        char field[64];
        snprintf(field, sizeof field, "outputs[%zu].parameters.binary_data", i);
        wi_error_set(error, WI_INVALID_FIELD, field, "a stream cannot carry binary tensors");
        wi_error_expect(error, "%s", advice);
        return WI_INVALID_FIELD;
    }
    return WI_OK;
}

enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error)
{
    *has_platform = 0;
    if (strcmp(name, "auto") == 0)
        return WI_OK;
    int found = wi_platform_of_name(name);
    if (found >= 0) {
        *has_platform = 1;
        *platform = (enum wi_platform)found;
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "platform", "\"%s\" is not a platform", name);
    wi_error_allow(error, "auto, webgpu, webnn, webgl, wasm, simulated");
    return error ? error->code : WI_INVALID_FIELD;
}
