/*
 * Fuzzes the bodies of KServe's clients. The first byte chooses the endpoint. Behind it, everything
 * before the first 0 byte is the JSON, everything behind that the binary section. What is accepted
 * is fitted to a model of every kind in turn, checked against it and, where it fits, settled and
 * answered.
 */
#include "plant.h"
#include "text.h"
#include "wire/kserve/kserve.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wi_dialect *const dialects[] = {
    &wi_dialect_kserve, &wi_dialect_kserve_generate, &wi_dialect_kserve_stream};

static void check_refusal(const struct wi_dialect *dialect, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    if (error->code == WI_OK || !*error->detail)
        abort();
    dialect->print_error(dialect, &text, error, "req-1");
    json_t *told = json_loadb(text.text, text.size, 0, NULL);
    if (!json_is_string(json_object_get(told, "error")) ||
        !json_is_string(json_object_get(told, "code")))
        abort();
    json_decref(told);
    wi_buffer_clear(&text);
}

static void check_tensors(const struct wi_tensors *tensors)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        if (!tensor->name || !tensor->blob || tensor->offset > tensor->blob->size ||
            tensor->size > tensor->blob->size - tensor->offset)
            abort();
    }
}

/* Something was made, which is told: JSON, and as many bytes as it says. */
static void check_answer(const struct wi_dialect *dialect, struct wi_infer *infer)
{
    static const char said[] = "{\"text\":\"a\",\"labels\":[]}";
    struct wi_tensors outputs = {0};
    struct wi_error error;
    json_t *result = json_loads(said, 0, NULL);
    const struct wi_outcome outcome = {
        .id = "job-1", .model_name = "m", .numerics = "ok", .result = result, .outputs = &outputs};
    wi_tensors_share(&outputs, &infer->asked->tensors);
    struct wi_printing *printing = infer->asked->stream
                                       ? dialect->stream_done(infer, &outcome, &error)
                                       : dialect->print(infer, &outcome, &error);
    if (!printing) {
        check_refusal(dialect, &error);
    } else {
        wi_printing_run(printing);
        const struct wi_slice *slices = printing->slices;
        const char *json = slices[0].bytes;
        size_t skipped = infer->asked->stream ? strlen("data: ") : 0;
        json_t *told = json_loadb(json + skipped, slices[0].size - skipped, JSON_ALLOW_NUL, NULL);
        if (!told)
            abort();
        json_decref(told);
        wi_printing_free(printing);
    }
    wi_tensors_clear(&outputs);
    json_decref(result);
}

/* Read anew for each model, since it is fitted to one only. */
static void check_model(
    const struct wi_dialect *dialect, struct wi_infer *infer, struct wi_model *model)
{
    static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};
    struct wi_error error = {0};
    model->_references = 1;
    if (dialect->fit(infer, model, &error) != WI_OK ||
        dialect->check(infer, model, &limits, &error) != WI_OK) {
        check_refusal(dialect, &error);
        return;
    }
    check_tensors(&infer->asked->tensors);
    check_settled(infer, model);
    check_answer(dialect, infer);
    /* All seeds' names begin with small letters. */
    WI_PLANT(infer->asked->tensors.count > 0 && *infer->asked->tensors.items[0].name < 'a');
}

/* Whether it was read. */
static int read_again(const struct wi_dialect *dialect, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, int lenient)
{
    struct wi_error error = {0};
    wi_infer_clear(infer);
    infer->lenient = lenient;
    if (wi_dialect_parse(dialect, infer, body, json_size, budget, &error) == WI_OK)
        return 1;
    check_refusal(dialect, &error);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    if (size == 0)
        return 0;
    const struct wi_dialect *dialect = dialects[*data++ % (sizeof dialects / sizeof *dialects)];
    size--;
    size_t json;
    struct wi_blob *blob = body_of(data, size, &budget, &json);
    if (!blob)
        return 0;
    for (size_t i = 0; i < FUZZ_MODELS; i++)
        if (read_again(dialect, &infer, blob, json, &budget, i == 0))
            check_model(dialect, &infer, &fuzz_models[i]);
        else if (i > 0)
            break;
    wi_infer_clear(&infer);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
    return 0;
}
