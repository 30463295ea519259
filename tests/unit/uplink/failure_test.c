/* Errors of the own daemon as errors of a node: the code stays, and what is asked again. */
#include "played.h"

static struct wi_worker_task task;

static int set_up(void **state)
{
    task = (struct wi_worker_task){.worker = &played.worker};
    return 0;
}

static int tear_down(void **state)
{
    forget_played();
    return 0;
}

FIXTURE(set_up, tear_down)

static void fail_by(int status, const char *text)
{
    task.answered = 0;
    wi_uplink_fail_by(&task, status, text, strlen(text));
}

TEST(who_is_asked_next_follows_from_code_and_status)
{
    static const struct {
        int status;
        const char *code;
        int retryable;
    } rows[] = {
        {400, "invalid_field", 0},
        {413, "body_too_large", 1}, /* of that daemon; a request is larger than its task */
        {422, "input_invalid", 0},
        {422, "operator_unsupported", 0},
        {401, "unauthorized", 1},
        {403, "rank", 1},
        {404, "model_not_found", 1},
        {408, "request_timeout", 1},
        {409, "model_changed", 1},
        {410, "gone", 1},
        {429, "too_many_requests", 1},
        {500, "internal", 1},
        {503, "unavailable", 1},
        {504, "stall_timeout", 1},
        {507, "storage_full", 1},
        {200, "stream_interrupted", 1}, /* within a stream that had begun */
        {502, "attempts_exhausted", 1}, /* without a word of poison */
        {502, "inference_failed", 0},
        {501, "not_implemented", 0},
        {504, "deadline_exceeded", 0}, /* the borrowing daemon looks at its own deadline */
        {502, "stream_diverged", 0},
        {502, "answer_too_large", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"code\":\"%s\",\"detail\":\"because\"}", rows[i].code);
        fail_by(rows[i].status, text);
        assert_string_equal(played.code, rows[i].code);
        assert_string_equal(played.detail, "because");
        if (played.retryable != rows[i].retryable)
            fail_msg("%d %s: %d", rows[i].status, rows[i].code, played.retryable);
    }
}

TEST(what_is_poisonous_there_is_so_here)
{
    fail_by(
        502, "{\"code\":\"attempts_exhausted\",\"detail\":\"it broke three\",\"poisoned\":true}");
    assert_string_equal(played.code, "attempts_exhausted");
    assert_false(played.retryable);
}

TEST(an_error_says_of_what_it_is_and_what_was_expected)
{
    char text[2000], long_text[1000];
    fail_by(422, "{\"code\":\"input_shape\",\"detail\":\"it is too long\","
                 "\"field\":\"inputs[0].shape\",\"expected\":\"[1, 28, 28] %s\"}");
    assert_string_equal(played.detail, "it is too long");
    assert_string_equal(played.field, "inputs[0].shape");
    assert_string_equal(played.expected, "[1, 28, 28] %s");
    fail_by(422, "{\"code\":\"input_invalid\",\"field\":7,\"expected\":[]}");
    assert_string_equal(played.field, "");
    assert_string_equal(played.expected, "");
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    snprintf(text, sizeof text, "{\"code\":\"input_shape\",\"expected\":\"%s\"}", long_text);
    fail_by(422, text);
    assert_int_equal(strlen(played.expected), sizeof played.expected - 1);
}

/* The status of an event is in its data, the connection's was 200. */
TEST(an_event_has_its_own_status)
{
    fail_by(200, "{\"code\":\"input_invalid\",\"status\":422}");
    assert_false(played.retryable);
    assert_string_equal(played.detail, "the lending daemon gave no reason");
    fail_by(200, "{\"code\":\"unavailable\",\"status\":503}");
    assert_true(played.retryable);
}

TEST(what_is_no_problem_document_is_the_daemons_fault)
{
    static const char long_code[] =
        "{\"code\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
    static const char *const texts[] = {"", "{", "7", "[]", "{}", "{\"code\":7}", "{\"code\":\"\"}",
        "{\"code\":\"a b\"}", "{\"code\":\"a\\\"b\"}", "{\"code\":\"a\\nb\"}", long_code};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fail_by(422, texts[i]);
        assert_string_equal(played.code, "unavailable");
        assert_true(played.retryable);
    }
    assert_int_equal(played.answers, sizeof texts / sizeof *texts);
}

TEST(only_unavailable_says_that_there_is_no_node)
{
    static const struct {
        int status, has_none;
        const char *text;
    } rows[] = {
        {503, 1, "{\"code\":\"unavailable\"}"},
        {502, 0, "{\"code\":\"unavailable\"}"},
        {503, 0, "{\"code\":\"queue_full\"}"},
        {503, 0, "{\"code\":7}"},
        {503, 0, "{"},
        {503, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wi_uplink_has_no_node(rows[i].status, rows[i].text, strlen(rows[i].text)),
            rows[i].has_none);
}
