/*
 * Fuzzes the bodies of OpenAI's clients, JSON and forms. The first byte chooses the endpoint, what
 * is behind it is the body. What is accepted is checked against models of every kind and settled
 * for one; what was heard is told in the form that was asked for.
 */
#include "plant.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In this order "a" is the second one, "d" that of conversations. */
static const struct wi_dialect *const dialects[] = {&wi_dialect_openai_speech,
    &wi_dialect_openai_embeddings, &wi_dialect_openai_rerank, &wi_dialect_openai_tokenize,
    &wi_dialect_openai_chat, &wi_dialect_openai_completions, &wi_dialect_openai_transcriptions,
    &wi_dialect_openai_translations};

/* A sound lies within the body. Something is heard in it, which is told. */
static void check_sound(
    const struct wi_dialect *dialect, const struct wi_infer *infer, const struct wi_blob *body)
{
    static const char said[] =
        "{\"text\":\"a\",\"duration\":1.5,\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\"}]}";
    const struct wi_tensor *sound = &infer->asked->tensors.items[0];
    struct wi_error error;
    if (infer->asked->tensors.count != 1 || sound->blob != body || sound->offset > body->size ||
        sound->size > body->size - sound->offset)
        abort();
    json_t *result = json_loads(said, 0, NULL);
    const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = result};
    struct wi_printing *printing = dialect->print(infer, &outcome, &error);
    wi_printing_run(printing);
    if (printing->text.size == 0)
        abort();
    wi_printing_free(printing);
    json_decref(result);
}

/* What the API's description says of an option holds for those that were taken. */
static void check_described(const struct wi_dialect *dialect, const struct wi_infer *infer)
{
    struct wi_param rows[WI_PARAMETERS_MAX];
    size_t count = wi_parameters_rows(dialect->parameters, dialect->task, rows);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(infer->asked->options, rows[i].name);
        int odd = (rows[i].kind == WI_PARAM_INTEGER && !json_is_integer(value)) ||
                  (rows[i].kind == WI_PARAM_NUMBER && !json_is_number(value)) ||
                  (rows[i].kind == WI_PARAM_BOOL && !json_is_boolean(value));
        if (value && odd)
            abort();
    }
}

static void check_request(
    const struct wi_dialect *dialect, struct wi_infer *infer, const struct wi_blob *body)
{
    if (infer->asked->task == WI_TASK_SPEECH_RECOGNITION)
        check_sound(dialect, infer, body);
    check_models(dialect, infer);
    if (infer->asked->model)
        check_described(dialect, infer);
    /* No seed has as many. */
    WI_PLANT(json_integer_value(json_object_get(infer->asked->options, "max_tokens")) > 5);
}

/* What a body means. Behind the last delimiter of a form nothing does. */
static void check_identity(const struct wi_dialect *dialect, const uint8_t *body, size_t size)
{
    unsigned char hash[WI_HASH_SIZE], same[WI_HASH_SIZE];
    unsigned char *longer = malloc(size + 1);
    memcpy(longer, body, size);
    longer[size] = 'x';
    dialect->identify(body, size, hash);
    dialect->identify(longer, size + 1, same);
    if (memcmp(hash, same, sizeof hash) != 0)
        abort();
    free(longer);
}

/* Every error has a form here, also those that no body is refused with. */
static void check_codes(void)
{
    for (int code = WI_OK + 1; code < WI_CODE_COUNT; code++) {
        struct wi_error error;
        wi_error_set(&error, (enum wi_code)code, "options.n", "-");
        if (wi_openai_status(error.code) < 400)
            abort();
        check_error(dialects[0], &error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    struct wi_error error = {0};
    size_t json;
    if (size == 0) { /* the first of each run */
        check_codes();
        return 0;
    }
    const struct wi_dialect *dialect = dialects[data[0] % (sizeof dialects / sizeof *dialects)];
    struct wi_blob *blob = wi_blob_new(&budget, size);
    if (!blob)
        return 0;
    wi_blob_append(blob, data + 1, size - 1);
    if (dialect->frame("multipart/form-data", NULL, size - 1, &json, &error) != WI_OK)
        abort();
    if (dialect->frame("application/json", "1", size - 1, &json, &error) == WI_OK)
        abort();
    json = size - 1;
    unsigned char hash[WI_HASH_SIZE];
    if (dialect->identify)
        dialect->identify(blob->bytes, blob->size, hash); /* before it is read, as for a key */
    if (read_body(dialect, &infer, blob, json, &budget) == WI_OK) {
        check_request(dialect, &infer, blob);
        if (dialect->identify)
            check_identity(dialect, blob->bytes, blob->size);
    }
    wi_infer_clear(&infer);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
    return 0;
}
