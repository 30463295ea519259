/*
 * Fuzzes the bodies of OpenAI's clients, JSON and forms. The first byte chooses the endpoint, what
 * is behind it is the body. What is accepted is checked against a model that writes, one that makes
 * vectors, and one that does any task; what was heard is told in the form that was asked for.
 */
#include "plant.h"
#include "text.h"
#include "wire/openai.h"
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

static void check_models(
    const struct wi_dialect *dialect, struct wi_infer *infer, const struct wi_blob *body)
{
    struct wi_error error;
    if (wi_infer_timeout_ms(infer, WI_TYPE_TEXT_GENERATION) < 1)
        abort();
    (void)dialect->check_stream(infer, &error);
    if (infer->asked->task == WI_TASK_SPEECH_RECOGNITION)
        check_sound(dialect, infer, body);
    check_text(dialect, infer);
    /* No seed has these. */
    WI_PLANT(json_integer_value(json_object_get(infer->asked->options, "max_tokens")) / 2 == 3);
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

/* An error has its form whatever the client has sent. */
static void check_error(const struct wi_dialect *dialect, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    if (error->code == WI_OK || !*error->detail)
        abort();
    dialect->print_error(&text, error, "req-1");
    json_t *told = json_loadb(text.text, text.size, 0, NULL);
    if (!json_is_string(json_object_get(json_object_get(told, "error"), "message")))
        abort();
    json_decref(told);
    wi_buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    struct wi_error error = {0};
    size_t json;
    if (size == 0)
        return 0;
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
    if (dialect->parse(&infer, blob, json, &budget, &error) != WI_OK) {
        check_error(dialect, &error);
    } else {
        check_models(dialect, &infer, blob);
        if (dialect->identify)
            check_identity(dialect, blob->bytes, blob->size);
    }
    wi_infer_clear(&infer);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
    return 0;
}
