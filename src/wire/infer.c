/* The parts of a request that all dialects share. */
#include "wire/infer.h"

#include "models/models.h"
#include "wire/text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define TIMEOUT_DEFAULT_MS 60000.0
/* Bytes of JSON: more does not fit the head of a message to a node. */
#define OPTIONS_MAX (1 << 20)
/* For requests that may take long: streams and generated text. */
#define LONG_TIMEOUT_DEFAULT_MS 600000.0
/* The approximate number in most languages and vocabularies. */
#define BYTES_PER_TOKEN 4.0
/* Few answers come near a higher limit. */
#define ANSWER_TOKENS_MAX 1024

const char *const wi_infer_precision_names[] = {"auto", "fp32", "fp16", "bf16", "int8", "uint8",
    "int4", "uint4", "q8", "q4", "q4f16", "bnb4", NULL};

char *wi_infer_take_precision(int named)
{
    return named <= 0 ? NULL : wi_strdup(wi_infer_precision_names[named]);
}

void wi_infer_clear(struct wi_infer *infer)
{
    wi_inference_release(infer->asked);
    free(infer->model_name);
    free(infer->version);
    free(infer->model_hash);
    if (infer->free_extras)
        infer->free_extras(infer->extras);
    wi_strings_clear(&infer->ignored);
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

double wi_infer_timeout_ms(const struct wi_infer *infer, enum wi_model_type type)
{
    const struct wi_inference *asked = infer->asked;
    int generates = type == WI_TYPE_TEXT_GENERATION || type == WI_TYPE_TEXT2TEXT ||
                    wi_task_generates(asked->task);
    if (infer->has_timeout)
        return asked->timeout_ms;
    return asked->stream || generates ? LONG_TIMEOUT_DEFAULT_MS : TIMEOUT_DEFAULT_MS;
}

enum wi_code wi_infer_check_options(
    struct wi_infer *infer, size_t json_size, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    if (json_size <= OPTIONS_MAX || !asked->options)
        return WI_OK;
    size_t size = json_dumpb(asked->options, NULL, 0, JSON_COMPACT);
    if (size <= OPTIONS_MAX)
        return WI_OK;
    json_decref(asked->options);
    asked->options = NULL;
    wi_error_set(error, WI_BODY_TOO_LARGE, infer->options_where ? NULL : "options",
        "the options have %zu bytes of JSON, and may have %d", size, OPTIONS_MAX);
    return wi_error_expect(error, "at most %d bytes", OPTIONS_MAX);
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
    return wi_error_allow(error, "auto, webgpu, webnn, webgl, wasm, simulated");
}

/* Another node can continue text that is drawn at random only if it draws in the same way. */
static void settle_seed(struct wi_inference *asked)
{
    const json_t *temperature = json_object_get(asked->options, "temperature");
    uint32_t seed = 0;
    if (!wi_task_samples(asked->task) || json_object_get(asked->options, "seed") ||
        (temperature && json_number_value(temperature) == 0))
        return;
    if (!asked->options)
        asked->options = json_object();
    uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
    json_object_set_new(asked->options, "seed", json_integer(seed >> 1));
}

static void foresee_tokens(struct wi_inference *asked)
{
    json_int_t limit = json_integer_value(json_object_get(asked->options, "max_tokens"));
    if (wi_task_runs_evenly(asked->task))
        return;
    asked->prompt_tokens = 1; /* tokenizing takes no time compared with reading */
    if (wi_task_reads_text(asked->task) && asked->task != WI_TASK_TOKENIZE)
        asked->prompt_tokens += (double)asked->text_bytes / BYTES_PER_TOKEN;
    if (wi_task_generates(asked->task))
        asked->answer_tokens = limit < 1                   ? WI_USUAL_ANSWER_TOKENS
                               : limit < ANSWER_TOKENS_MAX ? (double)limit
                                                           : ANSWER_TOKENS_MAX;
}

const struct wi_inference *wi_infer_settle(struct wi_infer *infer, struct wi_model *model)
{
    struct wi_inference *asked = infer->asked;
    wi_text_settle(infer, model);
    asked->model = wi_model_ref(model);
    wi_model_use(model);
    asked->type = asked->has_type ? asked->type : model->type;
    asked->timeout_ms = wi_infer_timeout_ms(infer, asked->type);
    settle_seed(asked);
    asked->is_private = asked->text_bytes > 0 || wi_task_is_private(asked->task);
    foresee_tokens(asked);
    wi_inference_find_set(asked);
    return asked;
}
