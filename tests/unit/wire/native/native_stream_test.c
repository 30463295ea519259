/* The native dialect's events: each has its lines and no other, and JSON that says it. */
#include "../../test.h"

#include "wire/native/native.h"
#include "wire/problem.h"
#include <stdlib.h>
#include <string.h>

static const struct wi_dialect *const dialect = &wi_dialect_native;
static struct wi_inference asked;
static struct wi_native_extras extras;
static const struct wi_infer infer = {.asked = &asked, .extras = &extras};
static const struct wi_stream_face face = {&infer, "job_1", "a/b"};

/* The JSON of an event that is `head`, its data, and an empty line. Takes the text. */
static json_t *data_of(struct wi_buffer *text, const char *head)
{
    json_error_t place;
    size_t length = strlen(head);
    assert_memory_equal(text->text, head, length);
    assert_memory_equal(text->text + length, "data: {", 7);
    assert_string_equal(text->text + text->size - 3, "}\n\n");
    assert_null(memchr(text->text + length, '\n', text->size - length - 2));
    json_t *data =
        json_loads(text->text + length + 6, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &place);
    assert_non_null(data);
    wi_buffer_clear(text);
    return data;
}

TEST(test_parts)
{
    struct wi_buffer text = {0};
    json_t *tokens = json_pack("[i,i]", 7, 9), *result = json_pack("{s:s}", "a", "line\r\nend");
    const struct wi_part full = {.seq = 12,
        .index = 3,
        .text = "\n\ndata: x\0y",
        .text_length = 11,
        .tokens = tokens,
        .result = result};
    const struct wi_part empty = {.seq = 0};
    assert_null(dialect->stream_begin);
    dialect->stream_part(&text, &face, &full);
    json_t *data = data_of(&text, "id: 12\nevent: part\n");
    assert_int_equal(json_integer_value(json_object_get(data, "seq")), 12);
    assert_int_equal(json_integer_value(json_object_get(data, "index")), 3);
    assert_int_equal(json_string_length(json_object_get(data, "text")), 11);
    assert_memory_equal(json_string_value(json_object_get(data, "text")), full.text, 11);
    assert_true(json_equal(json_object_get(data, "tokens"), tokens));
    assert_true(json_equal(json_object_get(data, "result"), result));
    json_decref(data);
    dialect->stream_part(&text, &face, &empty);
    data = data_of(&text, "id: 0\nevent: part\n");
    assert_int_equal(json_object_size(data), 2);
    json_decref(data);
    json_decref(tokens);
    json_decref(result);
}

static void check_progress(
    const struct wi_progress *progress, unsigned position, const char *expected)
{
    struct wi_buffer text = {0};
    dialect->stream_progress(&text, &face, progress, position);
    json_t *data = data_of(&text, "event: progress\n");
    char *dumped = json_dumps(data, JSON_COMPACT);
    assert_string_equal(dumped, expected);
    free(dumped);
    json_decref(data);
}

TEST(test_progress)
{
    const struct wi_progress loading = {
        .phase = "loading", .has_bytes = 1, .loaded_bytes = 5, .total_bytes = 1ull << 40};
    const struct wi_progress prompt = {.phase = "a\nb", .has_count = 1, .done = 0.5, .total = 2};
    const struct wi_progress odd = {
        .phase = "x", .has_count = 1, .done = 1.0 / 0.0, .total = 0.0 / 0.0};
    const struct wi_progress queued = {.phase = "queued"};
    check_progress(
        &loading, 0, "{\"phase\":\"loading\",\"loaded_bytes\":5,\"total_bytes\":1099511627776}");
    check_progress(&prompt, 0, "{\"phase\":\"a\\nb\",\"done\":0.5,\"total\":2}");
    check_progress(&odd, 0, "{\"phase\":\"x\"}");
    check_progress(&queued, 3, "{\"phase\":\"queued\",\"queue_position\":3}");
}

TEST(test_error)
{
    struct wi_buffer text = {0};
    struct wi_error error;
    wi_error_set(&error, WI_STALL_TIMEOUT, NULL, "first\nsecond");
    dialect->stream_error(&text, &face, &error, "req_1");
    json_t *data = data_of(&text, "event: error\n");
    assert_string_equal(json_string_value(json_object_get(data, "code")), "stall_timeout");
    assert_string_equal(json_string_value(json_object_get(data, "detail")), "first\nsecond");
    assert_string_equal(json_string_value(json_object_get(data, "request_id")), "req_1");
    assert_int_equal(json_integer_value(json_object_get(data, "status")), 504);
    json_decref(data);
}

TEST(test_done)
{
    struct wi_tensors outputs = {0};
    json_t *result = json_pack("{s:i}", "count", 5);
    const struct wi_outcome outcome = {.id = "mine",
        .model_name = "builtin/count",
        .node = "n",
        .numerics = "unchecked",
        .result = result,
        .outputs = &outputs,
        .parts = 5,
        .first_part_ms = 1.5,
        .waited_for_client_ms = 2.25};
    struct wi_error error;
    struct wi_printing *done = dialect->stream_done(&infer, &outcome, &error);
    wi_printing_run(done);
    json_t *data = data_of(&done->text, "event: done\n");
    json_t *times = json_object_get(data, "performance");
    assert_int_equal(json_integer_value(json_object_get(data, "parts")), 5);
    assert_true(json_equal(json_object_get(data, "result"), result));
    assert_true(json_number_value(json_object_get(times, "first_part_ms")) == 1.5);
    assert_true(json_number_value(json_object_get(times, "waited_for_client_ms")) == 2.25);
    json_decref(data);
    wi_printing_free(done);
    /* A whole answer says nothing of parts. */
    struct wi_printing *whole = dialect->print(&infer, &outcome, &error);
    wi_printing_run(whole);
    assert_null(strstr(whole->text.text, "parts"));
    assert_null(strstr(whole->text.text, "first_part_ms"));
    wi_printing_free(whole);
    json_decref(result);
}
