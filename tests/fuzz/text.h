/* What more than one fuzzer does with a request that was read, or refused. */
#ifndef WI_TESTS_FUZZ_TEXT_H
#define WI_TESTS_FUZZ_TEXT_H

#include "wire/dialect.h"
#include "wire/openai/openai.h"
#include "wire/text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An error has its form whatever the client has sent, and in both forms has both. */
static void check_error(const struct wi_dialect *dialect, const struct wi_error *error)
{
    const struct wi_dialect *const dialects[] = {dialect, &wi_dialect_openai_both};
    if (error->code == WI_OK || !*error->detail)
        abort();
    for (size_t i = 0; i < 2; i++) {
        struct wi_buffer text = {0};
        dialects[i]->print_error(dialects[i], &text, error, "req-1");
        json_t *told = json_loadb(text.text, text.size, 0, NULL);
        int native = json_is_string(json_object_get(told, "code")),
            nested = json_is_string(json_object_get(json_object_get(told, "error"), "message")),
            plain = json_is_string(json_object_get(told, "error"));
        int as_told = strcmp(dialect->error_form, "Problem") == 0       ? native
                      : strcmp(dialect->error_form, "OllamaError") == 0 ? plain
                      : strcmp(dialect->error_form, "KserveError") == 0 ? native
                                                                        : nested;
        if (i > 0 ? !native || !nested : !as_told)
            abort();
        json_decref(told);
        wi_buffer_clear(&text);
    }
}

/* The bytes as a body: JSON up to the first NUL, and tensors behind it. NULL: too large. */
static inline struct wi_blob *body_of(
    const uint8_t *data, size_t size, struct wi_budget *budget, size_t *json_size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    struct wi_blob *blob = wi_blob_new(budget, size);
    *json_size = zero ? (size_t)(zero - data) : size;
    if (!blob)
        return NULL;
    wi_blob_append(blob, data, *json_size);
    if (zero)
        wi_blob_append(blob, zero + 1, size - *json_size - 1);
    return blob;
}

/* Reads a body as a client's, and if it is refused so, as one of a reader that passes over what it
 * does not know. */
static inline enum wi_code read_body(const struct wi_dialect *dialect, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget)
{
    struct wi_error error = {0};
    for (int lenient = 0; lenient < 2; lenient++) {
        wi_infer_clear(infer);
        infer->lenient = lenient;
        if (wi_dialect_parse(dialect, infer, body, json_size, budget, &error) == WI_OK)
            return WI_OK;
        check_error(dialect, &error);
    }
    return error.code;
}

static struct wi_onnx_value fuzz_values[] = {{.name = (char *)"x",
                                                 .tensor = 1,
                                                 .has_datatype = 1,
                                                 .datatype = WI_FP32,
                                                 .has_shape = 1,
                                                 .rank = 1,
                                                 .dims = {2}},
    {.name = (char *)"half", .tensor = 1, .has_datatype = 1, .datatype = WI_FP16}};
static struct wi_variant fuzz_variants[] = {{.name = (char *)"Q8_0"}, {.name = (char *)"Q4_K_M"}};

/* One that makes vectors, one that writes, one that may do any task, one that sees, and those that
 * take tensors. */
static struct wi_model fuzz_models[] = {
    {.name = (char *)"e",
        .type = WI_TYPE_TEXT_EMBEDDING,
        .engine = WI_ENGINE_LLAMA,
        .format = WI_FORMAT_GGUF,
        .facts = {.context = 128, .vocabulary = 1000, .memory = {.fits = 1, .context = 64}}},
    {.name = (char *)"s",
        .variant = (char *)"Q8_0",
        .variants = {fuzz_variants, 2},
        .type = WI_TYPE_TEXT_GENERATION,
        .engine = WI_ENGINE_LLAMA,
        .format = WI_FORMAT_GGUF,
        .facts.memory = {.fits = 1},
        .facts.vocabulary = 1000},
    {.name = (char *)"f", .engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE},
    {.name = (char *)"v",
        .type = WI_TYPE_MULTIMODAL,
        .engine = WI_ENGINE_PIPELINE,
        .format = WI_FORMAT_HUGGINGFACE,
        .facts = {.vocabulary = 1000, .tasks = {2, {WI_TASK_VISUAL_QUESTION, WI_TASK_CHAT}}}},
    {.name = (char *)"builtin/echo", .builtin = WI_BUILTIN_ECHO},
    {.name = (char *)"builtin/count", .builtin = WI_BUILTIN_COUNT},
    {.name = (char *)"m",
        .facts.spec.takes_picture = 1,
        .facts.signature =
            {.inputs = fuzz_values, .input_count = 1, .outputs = fuzz_values, .output_count = 2}},
};
#define FUZZ_MODELS (sizeof fuzz_models / sizeof *fuzz_models)

/* What goes to a node is an object, and so are the options; where no text is, there is no task. */
static void check_settled(struct wi_infer *infer, struct wi_model *model)
{
    const struct wi_inference *asked = wi_infer_settle(infer, model);
    int text = infer->form != WI_FORM_NONE && wi_text_is_for(model);
    if (asked->model != model || asked->timeout_ms < 1 || text != (asked->task != WI_TASK_NONE) ||
        (text && !json_is_object(asked->input)) ||
        (asked->options && !json_is_object(asked->options)))
        abort();
}

/* Checks a request that was read against each model, and settles it for the first that takes it. */
static inline void check_models(const struct wi_dialect *dialect, struct wi_infer *infer)
{
    static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};
    struct wi_model *taker = NULL;
    struct wi_error error = {0};
    if (wi_infer_check_options(infer, SIZE_MAX, &error) != WI_OK)
        check_error(dialect, &error);
    if (dialect->check_stream && dialect->check_stream(infer, &error) != WI_OK)
        check_error(dialect, &error);
    for (size_t i = 0; i < FUZZ_MODELS; i++) {
        struct wi_model *model = &fuzz_models[i];
        model->_references = 1;
        wi_text_choose_variant(infer, model);
        if (dialect->check(infer, model, &limits, &error) != WI_OK)
            check_error(dialect, &error);
        else if (!taker)
            taker = model;
    }
    if (taker)
        check_settled(infer, taker);
}

#endif
