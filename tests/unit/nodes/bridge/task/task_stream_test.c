/* Parts of one attempt: what is taken, what has come before, and what is a node's fault. */
#include "../../../test.h"

#include "nodes/bridge/task/task_stream.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The frame of a task_part with that data. */
static void parse(const char *data, struct wi_frame *frame)
{
    static const char head[] =
        "{\"id\":\"1\",\"type\":\"task_part\",\"from\":\"n\",\"timestamp\":1,\"data\":";
    struct wi_error error;
    struct wi_blob *blob = wi_blob_new(NULL, sizeof head + strlen(data) + 1);
    wi_blob_append(blob, head, sizeof head - 1);
    wi_blob_append(blob, data, strlen(data));
    wi_blob_append(blob, "}", 1);
    if (wi_frame_parse(blob, 0, frame, &error) != WI_OK)
        fail_msg("%s: %s", data, error.detail);
    frame->tensors.count = 0;
    frame->id = (const char *)blob; /* for let_go */
}

static void let_go(struct wi_frame *frame)
{
    struct wi_blob *blob = (struct wi_blob *)frame->id;
    wi_frame_clear(frame);
    wi_blob_unref(blob);
}

static enum wi_part_verdict take(struct wi_stream *stream, const char *data, size_t *bytes)
{
    struct wi_frame frame;
    struct wi_part part = {0};
    struct wi_error error = {0};
    parse(data, &frame);
    enum wi_part_verdict verdict = wi_stream_take(stream, &frame, &part, &error);
    assert_true(verdict != WI_PART_WRONG || *error.detail);
    if (bytes)
        *bytes = part.bytes;
    let_go(&frame);
    return verdict;
}

static enum wi_part_verdict take_seq(struct wi_stream *stream, unsigned long long seq)
{
    char data[64];
    snprintf(data, sizeof data, "{\"seq\":%llu,\"text\":\"x\"}", seq);
    return take(stream, data, NULL);
}

TEST(takes_parts_in_order)
{
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    assert_int_equal(take_seq(&stream, 0), WI_PART_DUE);
    assert_int_equal(take_seq(&stream, 1), WI_PART_DUE);
    assert_int_equal(take_seq(&stream, 0), WI_PART_REPEATED);
    assert_int_equal(take_seq(&stream, 1), WI_PART_REPEATED);
    assert_int_equal(stream.next, 2);
    assert_int_equal(take_seq(&stream, 3), WI_PART_WRONG);
    assert_int_equal(take_seq(&stream, 2), WI_PART_DUE);
    assert_int_equal(stream.flow.sent.parts, 3);
    assert_int_equal(stream.flow.sent.bytes, 3);
}

TEST(goes_on_where_another_attempt_came_to)
{
    struct wi_stream stream;
    struct wi_error error;
    const struct wi_continuation from = {.seq = 7};
    wi_stream_open(&stream, &from);
    assert_int_equal(take_seq(&stream, 6), WI_PART_REPEATED);
    assert_int_equal(take_seq(&stream, 8), WI_PART_WRONG);
    assert_int_equal(take_seq(&stream, 7), WI_PART_DUE);
    assert_int_equal(wi_stream_check_end(&stream, 8, &error), WI_OK);
    assert_int_equal(wi_stream_check_end(&stream, 1, &error), WI_INFERENCE_FAILED);
}

TEST(counts_the_parts_at_the_end)
{
    struct wi_stream none = {0}, stream;
    struct wi_error error;
    assert_int_equal(wi_stream_check_end(&none, -1, &error), WI_OK);
    assert_int_equal(wi_stream_check_end(&none, 0, &error), WI_OK);
    assert_int_equal(wi_stream_check_end(&none, 1, &error), WI_INFERENCE_FAILED);
    wi_stream_open(&stream, NULL);
    assert_int_equal(wi_stream_check_end(&stream, -1, &error), WI_OK);
    assert_int_equal(take_seq(&stream, 0), WI_PART_DUE);
    assert_int_equal(wi_stream_check_end(&stream, 1, &error), WI_OK);
    assert_int_equal(wi_stream_check_end(&stream, -1, &error), WI_INFERENCE_FAILED);
    assert_int_equal(wi_stream_check_end(&stream, 2, &error), WI_INFERENCE_FAILED);
    assert_string_equal(error.field, "data.parts");
}

TEST(takes_no_parts_where_no_stream_was_asked_for)
{
    struct wi_stream stream = {0};
    assert_int_equal(take_seq(&stream, 0), WI_PART_WRONG);
}

/* --- bytes ----------------------------------------------------------------------------------- */

TEST(counts_bytes_as_they_were_written)
{
    static const struct {
        const char *data;
        size_t bytes;
    } rows[] = {
        {"{\"seq\":0}", 0}, {"{\"seq\":0,\"text\":\"\"}", 0}, {"{\"seq\":0,\"text\":\"abc\"}", 3},
        {"{\"seq\":0,\"text\":\"\\u00e9\\n\"}", 3}, {"{\"seq\":0,\"tokens\":[1,2,3]}", 0},
        {"{\"seq\":0,\"result\":{}}", 2}, {"{\"seq\":0,\"result\":{\"a\":0.1}}", 9},
        {"{\"seq\":0,\"result\":{ \"a\": 1e-7 }}", 13},
        {"{\"result\":{\"result\":1e21},\"seq\":0,\"text\":\"ab\"}", 17},
        {"{\"seq\":0,\"r\\u0065sult\":{ \"a\" : 1 }}", 7}, /* written anew */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_stream stream;
        size_t bytes;
        wi_stream_open(&stream, NULL);
        assert_int_equal(take(&stream, rows[i].data, &bytes), WI_PART_DUE);
        assert_int_equal(bytes, rows[i].bytes);
        assert_int_equal(stream.flow.sent.bytes, rows[i].bytes);
    }
}

/* A part with so many bytes of text, and of `result` (0: none). */
static char *large(unsigned seq, size_t text, size_t result)
{
    char *data = malloc(text + result + 128);
    int at = sprintf(data, "{\"seq\":%u,\"text\":\"", seq);
    memset(data + at, 'x', text);
    at += (int)text;
    at += sprintf(data + at, "\"");
    if (result) {
        at += sprintf(data + at, ",\"result\":{\"a\":\"");
        memset(data + at, 'y', result - 8);
        at += (int)result - 8;
        at += sprintf(data + at, "\"}");
    }
    strcpy(data + at, "}");
    return data;
}

static enum wi_part_verdict take_large(
    struct wi_stream *stream, unsigned seq, size_t text, size_t result)
{
    char *data = large(seq, text, result);
    enum wi_part_verdict verdict = take(stream, data, NULL);
    free(data);
    return verdict;
}

TEST(bounds_the_size_of_a_part)
{
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    assert_int_equal(take_large(&stream, 0, WI_PART_MAX + 1, 0), WI_PART_WRONG);
    assert_int_equal(take_large(&stream, 0, WI_PART_MAX - 20, 21), WI_PART_WRONG);
    assert_int_equal(stream.next, 0);
    assert_int_equal(take_large(&stream, 0, WI_PART_MAX - 20, 20), WI_PART_DUE);
    assert_int_equal(stream.flow.sent.bytes, WI_PART_MAX);
}

/* --- credit ---------------------------------------------------------------------------------- */

TEST(ends_at_the_credit_of_parts)
{
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    for (unsigned i = 0; i < WI_CREDIT_PARTS; i++)
        assert_int_equal(take_seq(&stream, i), WI_PART_DUE);
    assert_int_equal(take_seq(&stream, WI_CREDIT_PARTS), WI_PART_WRONG);
    assert_true(wi_flow_grant(&stream.flow, &(struct wi_credit){WI_CREDIT_PARTS + 1, 0}));
    assert_int_equal(take_seq(&stream, WI_CREDIT_PARTS), WI_PART_DUE);
    assert_int_equal(take_seq(&stream, WI_CREDIT_PARTS + 1), WI_PART_WRONG);
}

TEST(one_part_of_any_size_may_go_below_the_credit_of_bytes)
{
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    assert_int_equal(take_large(&stream, 0, WI_PART_MAX, 0), WI_PART_DUE);
    assert_int_equal(take_large(&stream, 1, WI_PART_MAX, 0), WI_PART_DUE);
    assert_int_equal(take_large(&stream, 2, 1, 0), WI_PART_WRONG);
    assert_true(wi_flow_grant(&stream.flow, &(struct wi_credit){0, 2 * WI_PART_MAX + 1}));
    assert_int_equal(take_large(&stream, 2, WI_PART_MAX, 0), WI_PART_DUE);
    assert_int_equal(take_large(&stream, 3, 1, 0), WI_PART_WRONG);
}

TEST(credit_never_falls)
{
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    assert_false(wi_flow_grant(&stream.flow, &(struct wi_credit){1, 1}));
    assert_int_equal(stream.flow.granted.parts, WI_CREDIT_PARTS);
    assert_int_equal(stream.flow.granted.bytes, WI_CREDIT_BYTES);
    assert_true(wi_flow_grant(&stream.flow, &(struct wi_credit){100, 5}));
    assert_true(wi_flow_grant(&stream.flow, &(struct wi_credit){5, 100000}));
    assert_false(wi_flow_grant(&stream.flow, &(struct wi_credit){100, 100000}));
    assert_int_equal(stream.flow.granted.parts, 100);
    assert_int_equal(stream.flow.granted.bytes, 100000);
}

/* --- hostile nodes --------------------------------------------------------------------------- */

TEST(refuses_members_of_wrong_kinds)
{
    static const char *const rows[] = {
        "{}",
        "{\"seq\":\"0\"}",
        "{\"seq\":-1}",
        "{\"seq\":0.0}",
        "{\"seq\":9007199254740992}",
        "{\"seq\":0,\"index\":-1}",
        "{\"seq\":0,\"index\":1024}",
        "{\"seq\":0,\"index\":\"a\"}",
        "{\"seq\":0,\"text\":7}",
        "{\"seq\":0,\"text\":[\"a\"]}",
        "{\"seq\":0,\"tokens\":7}",
        "{\"seq\":0,\"tokens\":[1,\"2\"]}",
        "{\"seq\":0,\"tokens\":[-1]}",
        "{\"seq\":0,\"tokens\":[1.5]}",
        "{\"seq\":0,\"tokens\":[9007199254740992]}",
        "{\"seq\":0,\"result\":[]}",
        "{\"seq\":0,\"result\":\"text\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_stream stream;
        wi_stream_open(&stream, NULL);
        assert_int_equal(take(&stream, rows[i], NULL), WI_PART_WRONG);
        assert_int_equal(stream.next, 0);
        assert_int_equal(stream.flow.sent.parts, 0);
    }
}

TEST(bounds_the_number_of_tokens)
{
    char data[3 * WI_PART_TOKENS_MAX + 64];
    struct wi_stream stream;
    wi_stream_open(&stream, NULL);
    for (int more = 0; more < 2; more++) {
        int at = sprintf(data, "{\"seq\":%d,\"tokens\":[0", more);
        for (int i = 1; i < WI_PART_TOKENS_MAX + more; i++)
            at += sprintf(data + at, ",1");
        strcpy(data + at, "]}");
        assert_int_equal(take(&stream, data, NULL), more ? WI_PART_WRONG : WI_PART_DUE);
    }
}

TEST(reads_progress)
{
    static const struct {
        const char *data;
        enum wi_code code;
        int has_bytes, has_count;
    } rows[] = {
        {"{\"phase\":\"loading\"}", WI_OK, 0, 0},
        {"{\"phase\":\"loading\",\"loaded_bytes\":1,\"total_bytes\":2}", WI_OK, 1, 0},
        {"{\"phase\":\"loading\",\"loaded_bytes\":1}", WI_OK, 0, 0},
        {"{\"phase\":\"prompt\",\"done\":0,\"total\":2.5,\"more\":[]}", WI_OK, 0, 1},
        {"{}", WI_MISSING_FIELD, 0, 0},
        {"{\"phase\":\"\"}", WI_INVALID_FIELD, 0, 0},
        {"{\"phase\":\"a phase whose name is much too long\"}", WI_INVALID_FIELD, 0, 0},
        {"{\"phase\":\"p\",\"loaded_bytes\":-1,\"total_bytes\":2}", WI_INVALID_FIELD, 0, 0},
        {"{\"phase\":\"p\",\"done\":1e300,\"total\":2}", WI_INVALID_FIELD, 0, 0},
        {"{\"phase\":\"p\",\"done\":\"1\",\"total\":2}", WI_INVALID_FIELD, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_progress progress = {0};
        struct wi_error error;
        json_t *data = json_loads(rows[i].data, 0, NULL);
        assert_int_equal(wi_progress_read(data, &progress, &error), rows[i].code);
        assert_int_equal(progress.has_bytes, rows[i].has_bytes);
        assert_int_equal(progress.has_count, rows[i].has_count);
        json_decref(data);
    }
}

TEST(finds_members)
{
    static const struct {
        const char *text, *key, *value; /* NULL: there is none */
    } rows[] = {
        {"{\"a\":1}", "a", "1"},
        {" { \"a\" : 1 , \"b\" : [1, {\"a\": \"}\"}] } ", "b", "[1, {\"a\": \"}\"}]"},
        {"{\"x\":{\"a\":2},\"a\":{ \"b\": 1.50 }}", "a", "{ \"b\": 1.50 }"},
        {"{\"x\":\"\\\"a\\\":3\",\"a\":true}", "a", "true"},
        {"{\"x\\\\\":1,\"a\":null}", "a", "null"},
        {"{\"a\":\"b\"}", "b", NULL},
        {"{\"ab\":1}", "a", NULL},
        {"{\"\\u0061\":1}", "a", NULL},
        {"{}", "a", NULL},
        {"[\"a\",1]", "a", NULL},
        {"\"a\"", "a", NULL},
        {"", "a", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = 0;
        const char *text = rows[i].text;
        const char *value = wi_stream_member(text, strlen(text), rows[i].key, &length);
        if (!rows[i].value) {
            assert_null(value);
            continue;
        }
        assert_non_null(value);
        assert_int_equal(length, strlen(rows[i].value));
        assert_memory_equal(value, rows[i].value, length);
    }
}

/* It never looks behind the end, wherever the text is cut. */
TEST(stays_inside)
{
    static const char whole[] = "{\"a\\\"\" : [\"x\\\\\", {\"k\": 1}], \"b\": {\"c\": \"d\"} }";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *text = test_malloc(size + 1);
        memcpy(text, whole, size);
        size_t length = 0;
        const char *value = wi_stream_member(text, size, "b", &length);
        assert_true(!value || (value >= text && length <= size - (size_t)(value - text)));
        test_free(text);
    }
}
