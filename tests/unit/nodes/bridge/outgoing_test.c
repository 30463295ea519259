/* What is sent to a node fits what it reads, and what it has to take. */
#include "fixture.h"

static enum wi_code send_tensors(
    struct fixture *fixture, const struct wi_tensors *tensors, struct wi_error *error)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&test_model));
    struct wi_task task = {.attempt_id = "att-1",
        .job_id = "job-1",
        .asked = asked,
        .platforms = {WI_WASM},
        .platform_count = 1,
        .deadline_ms = 1000,
        .tensors = tensors};
    fixture->inside = 1;
    enum wi_code code = wi_bridge_send_task(fixture->bridge, fixture->node, &task, error);
    fixture->inside = 0;
    wi_inference_release(asked);
    return code;
}

/* A thousand empty tensors with names of `length` characters. */
static struct wi_tensors make_names(size_t length)
{
    struct wi_tensors list = {0};
    struct wi_blob *blob = wi_blob_new(NULL, 8);
    for (int i = 0; i < 1000; i++) {
        struct wi_tensor *tensor = wi_tensors_add(&list);
        tensor->name = calloc(1, length + 1);
        memset(tensor->name, 'x', length);
        tensor->datatype = WI_UINT8;
        tensor->rank = 1;
        tensor->blob = wi_blob_ref(blob);
    }
    wi_blob_unref(blob);
    return list;
}

FIXTURE(set_up, tear_down)

TEST(test_head)
{
    struct fixture *fixture = *state;
    struct wi_error error = {0};
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = make_names(1000);
    assert_int_equal(send_tensors(fixture, &tensors, &error), WI_INPUT_INVALID);
    assert_int_equal(error.code, WI_INPUT_INVALID);
    assert_string_equal(error.field, "inputs");
    assert_string_equal(error.expected, "at most 1048576 bytes");
    assert_non_null(strstr(error.detail, "at most 1048576 are allowed"));
    wi_tensors_clear(&tensors);
    tensors = make_names(900);
    assert_int_equal(send_tensors(fixture, &tensors, &error), WI_OK);
    wi_tensors_clear(&tensors);
    struct ws_message message; /* nothing came before, and the node is there */
    assert_int_equal(client_message(&client, &message), 0);
    assert_int_equal(message.opcode, 2);
    assert_true(message.size < 4 + 1048576);
    message_clear(&message);
    client_close(&client);
}

/* The acknowledgements that ride on a request are not what makes it too large. */
TEST(test_head_with_acknowledgements)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = {0};
    size_t length = 1024;
    do { /* the longest that go out alone */
        wi_tensors_clear(&tensors);
        tensors = make_names(--length);
    } while (send_tensors(fixture, &tensors, NULL) != WI_OK);
    wi_tensors_clear(&tensors);
    struct ws_message message;
    assert_int_equal(client_message(&client, &message), 0);
    size_t spare = 4 + 1048576 - message.size;
    message_clear(&message);
    tensors = make_names(length);
    free(tensors.items[0].name); /* and as many more as there is room for */
    tensors.items[0].name = calloc(1, length + spare + 1);
    memset(tensors.items[0].name, 'x', length + spare - 100);
    fixture->inside = 1;
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "done");
    fixture->inside = 0;
    json_decref(hear(&client, "task_cancel"));
    say(&client, "task_response",
        ANSWER("att-0-with-a-name-of-nearly-sixty-four-characters-or-so-1"));
    say(&client, "task_response",
        ANSWER("att-0-with-a-name-of-nearly-sixty-four-characters-or-so-2"));
    const struct wi_bridge_counters *counters = wi_bridge_counters(fixture->bridge);
    while (counters->late_answers < 2)
        client_turn(&client);
    assert_int_equal(send_tensors(fixture, &tensors, NULL), WI_OK);
    json_decref(hear(&client, "task_ack"));
    wi_tensors_clear(&tensors);
    client_close(&client);
}

TEST(test_full_link)
{
    struct fixture *fixture = *state;
    char id[16];
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = make_tensor("x", 8 * 1024 * 1024 - 4096);
    enum wi_code code = WI_OK;
    for (int i = 0; i < 40 && code == WI_OK; i++) { /* it reads nothing */
        snprintf(id, sizeof id, "att-%d", i);
        code = send_task(fixture, id, &tensors);
    }
    assert_int_equal(code, WI_NODE_BUSY);
    wi_tensors_clear(&tensors);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
}
