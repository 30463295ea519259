/*
 * Fuzzes the bodies of Ollama's clients, and what nodes say that is told to them. The first byte
 * chooses the endpoint, what is behind it is the body; or it is "r", and what is behind is a node's
 * result, as parts of a stream and as a whole. What is accepted is checked against models of every
 * kind and settled for one.
 */
#include "plant.h"
#include "text.h"
#include "wire/ollama/ollama.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In this order "d" is that of conversations, and "e" that of prompts. */
static const struct wi_dialect *const dialects[] = {&wi_dialect_ollama_chat,
    &wi_dialect_ollama_generate, &wi_dialect_ollama_embed, &wi_dialect_ollama_embeddings};

/* --- requests --------------------------------------------------------------------------------- */

static void check_request(const struct wi_dialect *dialect, struct wi_infer *infer)
{
    const struct wi_ollama_extras *extras = infer->extras;
    if (extras->only_load && (infer->asked->stream || infer->asked->task != WI_TASK_TOKENIZE))
        abort();
    check_models(dialect, infer);
    /* No seed has as many. */
    WI_PLANT(json_integer_value(json_object_get(infer->asked->options, "max_tokens")) > 5);
}

static void read_request(const struct wi_dialect *dialect, const uint8_t *bytes, size_t size)
{
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    struct wi_blob *blob = wi_blob_new(&budget, size + 1);
    if (!blob)
        return;
    wi_blob_append(blob, bytes, size);
    if (read_body(dialect, &infer, blob, size, &budget) == WI_OK)
        check_request(dialect, &infer);
    wi_infer_clear(&infer);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
}

/* --- what nodes say --------------------------------------------------------------------------- */

/* Lines of objects, each of which ends. */
static void check_lines(const struct wi_buffer *text)
{
    const char *at = text->text, *end = text->text + text->size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        json_t *line = line_end ? json_loadb(at, (size_t)(line_end - at), 0, NULL) : NULL;
        if (!json_is_object(line))
            abort();
        json_decref(line);
        at = line_end + 1;
    }
}

static void tell(struct wi_ollama_extras *extras, const json_t *result)
{
    const struct wi_infer infer = {.extras = extras};
    const struct wi_stream_face face = {&infer, "job-1", "m"};
    const struct wi_part part = {.result = result};
    struct wi_buffer text = {0};
    struct wi_error error;
    struct wi_outcome outcome = {
        .id = "job-1", .model_name = "m", .result = result, .account = wi_task_account(result)};
    for (int i = 0; i < 3; i++)
        wi_ollama_stream_part(&text, &face, &part);
    for (outcome.parts = 0; outcome.parts < 2; outcome.parts++) {
        struct wi_printing *printing = wi_ollama_stream_done(&infer, &outcome, &error);
        wi_printing_run(printing);
        check_lines(&printing->text);
        wi_printing_free(printing);
    }
    struct wi_printing *printing = wi_ollama_print_text(&infer, &outcome, &error);
    wi_printing_run(printing);
    check_lines(&printing->text);
    wi_printing_free(printing);
    if (text.size > 0)
        check_lines(&text);
    wi_buffer_clear(&text);
    wi_ollama_calls_clear(&extras->calls);
}

static void read_result(const uint8_t *bytes, size_t size)
{
    struct wi_ollama_extras chats = {0}, generates = {.generates = 1};
    json_t *result = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(result)) {
        tell(&chats, result);
        tell(&generates, result);
    }
    json_decref(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'r')
        read_result(data + 1, size - 1);
    else
        read_request(dialects[data[0] % (sizeof dialects / sizeof *dialects)], data + 1, size - 1);
    return 0;
}
