/* Faults of a node's own: its connection ends, and all its attempts are lost. */
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

/* A binary answer of `whole` bytes whose JSON is filled up to `json` bytes; what it says of its
 * tensors is wrong. */
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

static void expect_refused(
    struct fixture *fixture, size_t json, size_t whole, int close_code, const char *detail)
{
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    answer_badly(&client, json, whole);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_request"));
    assert_int_equal(hear_close(&client), close_code);
    assert_string_equal(fixture->log, "lost att-1;lost att-2;");
    assert_int_equal(fixture->answers, 0);
    assert_non_null(strstr(fixture->why, detail));
    client_close(&client);
    /* What it kept is not wanted any more, so what comes after it arrives. */
    client = come_back(fixture, &welcome, "\"att-1\",\"att-2\"");
    json_t *cancel = json_object_get(json_object_get(welcome, "data"), "cancel");
    assert_int_equal(json_array_size(cancel), 2);
    assert_int_equal(send_task(fixture, "att-3", NULL), WI_OK);
    say(&client, "task_response", ANSWER("att-3"));
    turn_until(&client, &fixture->answers, 1);
    assert_true(fixture->answer.ok);
    json_decref(welcome);
    client_close(&client);
}

FIXTURE(set_up, tear_down)

TEST(a_message_over_the_limit)
{
    expect_refused(
        *state, 400, 8 * 1024 * 1024 + 8, 1009, "may have at most 8388608 bytes, not 8388616");
}

TEST(a_head_over_the_limit)
{
    expect_refused(*state, 1024 * 1024 + 4, 1024 * 1024 + 8, 1007,
        "the JSON has 1048580 bytes; at most 1048576 are allowed");
}

TEST(a_malformed_answer)
{
    expect_refused(*state, 396, 408, 1007, "the tensor section has 8 bytes");
}

/* As a program sends it that knows nothing of masks. */
TEST(a_frame_without_a_mask)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    assert_int_equal(client_send(&client, "\x81\x02{}", 4), 0);
    assert_int_equal(hear_close(&client), 1002);
    assert_string_equal(fixture->log, "lost att-1;");
    assert_non_null(strstr(fixture->why, "no mask"));
    client_close(&client);
}

TEST(a_fault_that_the_library_finds)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    assert_int_equal(client_send(&client, "\x83\x80mask", 6), 0);
    assert_int_equal(hear_close(&client), 1002);
    assert_string_equal(fixture->log, "lost att-1;");
    assert_non_null(strstr(fixture->why, "opcode"));
    client_close(&client);
}

TEST(a_member_of_a_wrong_kind)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    say(&client, "heartbeat", "{\"busy_since_ms\":\"long\"}");
    assert_int_equal(hear_close(&client), 1008);
    assert_string_equal(fixture->log, "lost att-1;");
    assert_non_null(strstr(fixture->why, "busy_since_ms"));
    client_close(&client);
}

TEST(nobody_ends_the_attempts_of_others)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    struct client stranger = open_socket(fixture);
    answer_badly(&stranger, 396, 408);
    assert_int_equal(hear_close(&stranger), 1007);
    assert_string_equal(fixture->log, "");
    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &fixture->answers, 1);
    client_close(&stranger);
    client_close(&client);
}
