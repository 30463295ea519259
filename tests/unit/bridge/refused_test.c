/* Answers that end their connection: the attempt ends with them, and the others go on. */
#include "fixture.h"

/* Comes back as the node of `welcome`, which is renewed, with these unacknowledged answers. */
static struct client come_back(
    struct fixture *fixture, json_t **welcome, const char *unacknowledged)
{
    char who[512];
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],\"unacknowledged\":[%s]}",
        fixture->node, text_of(*welcome, "resume_token"), unacknowledged);
    announce(&client, who);
    json_decref(*welcome);
    *welcome = hear(&client, "welcome");
    return client;
}

static int is_cancelled(const json_t *welcome, const char *attempt)
{
    const json_t *list = json_object_get(json_object_get(welcome, "data"), "cancel");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), attempt) == 0)
            return 1;
    return 0;
}

/* A binary answer to att-1 of `whole` bytes whose JSON is filled up to `json` bytes; what it says
 * of its tensors is wrong. */
static void answer_badly(struct client *client, size_t json, size_t whole)
{
    static const char head[] = "{\"id\":\"n-2\",\"type\":\"task_response\",\"from\":\"n\","
                               "\"timestamp\":1,\"data\":{\"attempt_id\":\"att-1\",\"ok\":true,"
                               "\"executed_on\":{\"platform\":\"wasm\"},\"tensors\":[]}";
    char *frame = calloc(1, whole);
    uint32_t length = (uint32_t)json;
    memcpy(frame, &length, 4);
    memset(frame + 4, ' ', json);
    memcpy(frame + 4, head, sizeof head - 1);
    frame[4 + json - 1] = '}';
    client_send_frame(client, 2, 1, frame, whole);
    free(frame);
}

static void expect_refused(struct fixture *fixture, size_t json, size_t whole, int close_code,
    enum wi_code code, const char *detail)
{
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    answer_badly(&client, json, whole);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_request"));
    assert_int_equal(hear_close(&client), close_code);
    assert_int_equal(fixture->answers, 1);
    assert_string_equal(fixture->log, "answer att-1;");
    assert_int_equal(fixture->answer.error.code, code);
    assert_int_equal(fixture->answer.retryable, code != WI_ANSWER_TOO_LARGE);
    assert_non_null(strstr(fixture->answer.error.detail, detail));
    client_close(&client);
    /* The answer that it kept is not wanted any more, so what is behind it arrives. */
    client = come_back(fixture, &welcome, "\"att-1\",\"att-2\"");
    assert_true(is_cancelled(welcome, "att-1"));
    assert_false(is_cancelled(welcome, "att-2"));
    say(&client, "task_response", ANSWER("att-2"));
    turn_until(&client, &fixture->answers, 2);
    assert_true(fixture->answer.ok);
    json_decref(welcome);
    client_close(&client);
}

FIXTURE(set_up, tear_down)

TEST(a_message_over_the_limit)
{
    expect_refused(*state, 400, 9 * 1024 * 1024 + 8, 1009, WI_ANSWER_TOO_LARGE,
        "may have at most 9437184 bytes, not 9437192");
}

TEST(a_head_over_the_limit)
{
    expect_refused(*state, 1024 * 1024 + 4, 1024 * 1024 + 8, 1007, WI_ANSWER_TOO_LARGE,
        "the JSON has 1048580 bytes; at most 1048576 are allowed");
}

TEST(a_malformed_answer)
{
    expect_refused(*state, 396, 408, 1007, WI_INFERENCE_FAILED, "the tensor section has 8 bytes");
}

TEST(what_cannot_be_told_is_the_oldest_when_it_comes_again)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_request"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture->answers, 0);
        client_send_frame(&client, 2, 1, "\xff\xff\xff\xff garbage", 12);
        assert_int_equal(hear_close(&client), 1007);
        client_close(&client);
        client = come_back(fixture, &welcome, "\"unknown\",\"att-1\",\"att-2\"");
    }
    assert_string_equal(fixture->log, "answer att-1;");
    assert_true(fixture->answer.retryable);
    assert_non_null(strstr(fixture->answer.error.detail, "beyond the frame's"));
    assert_true(is_cancelled(welcome, "att-1"));
    assert_false(is_cancelled(welcome, "att-2"));
    say(&client, "task_response", ANSWER("att-2"));
    turn_until(&client, &fixture->answers, 2);
    json_decref(welcome);
    client_close(&client);
}

TEST(nobody_ends_the_attempts_of_others)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-9", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    answer_badly(&client, 396, 408); /* of att-1, which is not its own */
    assert_int_equal(hear_close(&client), 1007);
    client_close(&client);
    struct client stranger = open_socket(fixture);
    answer_badly(&stranger, 396, 408);
    assert_int_equal(hear_close(&stranger), 1007);
    assert_int_equal(fixture->answers, 0);
    client_close(&stranger);
}
