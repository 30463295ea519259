/*
 * Fuzzes the bodies of Responses and of Anthropic's clients: items and blocks. The first byte
 * chooses the endpoint, what is behind it is the body. What is accepted is checked against models
 * of every kind and settled for one. Then a node, which may say anything, says the body itself, as
 * a whole and as a part: all that goes out is JSON.
 */
#include "plant.h"
#include "text.h"
#include "wire/anthropic/anthropic.h"
#include "wire/responses/responses.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In this order "a" is the second one. */
static const struct wi_dialect *const dialects[] = {
    &wi_dialect_anthropic_messages, &wi_dialect_openai_responses, &wi_dialect_anthropic_count};

/* Each event is a name and an object whose type that is. */
static void check_events(const struct wi_buffer *text)
{
    const char *at = text->text;
    while (at && *at) {
        const char *data = strstr(at, "\ndata: "), *end = data ? strstr(data, "\n\n") : NULL;
        if (strncmp(at, "event: ", 7) != 0 || !end)
            abort();
        json_t *event = json_loadb(data + 7, (size_t)(end - data) - 7, 0, NULL);
        const char *type = json_string_value(json_object_get(event, "type"));
        if (!type || strlen(type) != (size_t)(data - at) - 7 ||
            strncmp(at + 7, type, strlen(type)) != 0)
            abort();
        json_decref(event);
        at = end + 2;
    }
}

/* The events of a stream whose part and end have that result. */
static void check_stream(
    const struct wi_dialect *dialect, const struct wi_infer *infer, const json_t *result)
{
    const struct wi_stream_face face = {infer, "job-1", "m"};
    const struct wi_part plain = {.text = "a", .text_length = 1}, odd = {.result = result};
    struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = result, .parts = 2};
    struct wi_buffer text = {0};
    struct wi_error error;
    dialect->stream_begin(&text, &face);
    dialect->stream_part(&text, &face, &odd);
    dialect->stream_part(&text, &face, &plain);
    dialect->stream_part(&text, &face, &odd);
    wi_error_set(&error, WI_STREAM_INTERRUPTED, NULL, "it broke off");
    struct wi_printing *end = dialect->stream_done(infer, &outcome, &error);
    wi_buffer_add(&text, end->text.text, end->text.size);
    wi_printing_free(end);
    wi_error_set(&error, WI_STREAM_INTERRUPTED, NULL, "it broke off");
    dialect->stream_error(&text, &face, &error, "req-1");
    check_events(&text);
    wi_buffer_clear(&text);
}

static void check_whole(
    const struct wi_dialect *dialect, const struct wi_infer *infer, const json_t *result)
{
    const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = result};
    struct wi_error error;
    struct wi_printing *printing = dialect->print(infer, &outcome, &error);
    wi_printing_run(printing);
    json_t *told = json_loadb(printing->text.text, printing->text.size, 0, NULL);
    if (!json_is_object(told))
        abort();
    json_decref(told);
    wi_printing_free(printing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char plain[] = "{\"model\":\"s\",\"max_tokens\":1,\"input\":\"a\",\"messages\":[{"
                                "\"role\":\"user\",\"content\":\"a\"}]}";
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    if (size == 0)
        return 0;
    const struct wi_dialect *dialect = dialects[data[0] % (sizeof dialects / sizeof *dialects)];
    struct wi_blob *blob = wi_blob_new(&budget, size);
    if (!blob)
        return 0;
    wi_blob_append(blob, data + 1, size - 1);
    if (read_body(dialect, &infer, blob, size - 1, &budget) == WI_OK) {
        check_models(dialect, &infer);
        /* No seed has as many. */
        WI_PLANT(json_integer_value(json_object_get(infer.asked->options, "max_tokens")) > 5);
    }
    wi_infer_clear(&infer);
    json_t *result = json_loadb((const char *)data + 1, size - 1, 0, NULL);
    struct wi_blob *asked = wi_blob_new(NULL, sizeof plain);
    wi_blob_append(asked, plain, sizeof plain - 1);
    infer.lenient = 1;
    struct wi_error error;
    if (wi_dialect_parse(dialect, &infer, asked, sizeof plain - 1, NULL, &error) != WI_OK)
        abort();
    check_whole(dialect, &infer, result);
    if (dialect->task == WI_TASK_CHAT)
        check_stream(dialect, &infer, result);
    json_decref(result);
    wi_infer_clear(&infer);
    wi_blob_unref(asked);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
    return 0;
}
