/* The node protocol over a real socket: welcome, work, resume, silence, and a clean end. */
#include "fixture.h"

#include "base/loop.h"
#include "nodes/bridge/node.h"

FIXTURE(set_up, tear_down)

/* Only for a browser that is apart there is a port by which it is let out. */
TEST(test_address)
{
    const struct fixture *fixture = *state;
    struct wi_bridge_address usual = wi_bridge_address(fixture->bridge, 0),
                             apart = wi_bridge_address(fixture->bridge, 1);
    assert_string_equal(usual.url, wi_bridge_url(fixture->bridge));
    assert_int_equal(usual.port, 0);
    assert_int_equal(apart.port, fixture->port);
    assert_string_not_equal(apart.url, "");
}

/* A certificate is looked at where there is a pair. */
TEST(test_reload_of_a_certificate)
{
    static const struct {
        const char *certificate, *key;
        int good;
    } cases[] = {{NULL, NULL, 1}, {"", "", 1}, {"", "/nonexistent/key.pem", 1},
        {NULL, "/nonexistent/key.pem", 1}, {"/nonexistent/cert.pem", "/nonexistent/key.pem", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_config config = {.bridge.tls_certificate = (char *)cases[i].certificate,
            .bridge.tls_key = (char *)cases[i].key};
        struct wi_error error = {0};
        assert_int_equal(wi_bridge_check_reload(&config, &error) == WI_OK, cases[i].good);
        assert_int_equal(*error.detail == '\0', cases[i].good);
    }
}

TEST(test_announce_and_task)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_int_equal(fixture->ups, 1);
    assert_string_equal(text_of(welcome, "node"), fixture->node);
    assert_false(json_is_true(json_object_get(json_object_get(welcome, "data"), "resumed")));
    assert_true(json_is_false(json_object_get(json_object_get(welcome, "data"), "joined")));
    assert_non_null(strstr(text_of(welcome, "model_credential"), ".wi_"));
    json_decref(welcome);

    const struct wi_node_info *info = wi_bridge_node(fixture->bridge, fixture->node);
    assert_string_equal(info->kind, "chrome");
    assert_string_equal(info->session, "session-1");
    assert_string_equal(info->browser_version, "156.0.1.2");
    assert_string_equal(info->platforms[WI_WEBGPU].adapter.description, "sw ");
    assert_true(info->platforms[WI_WEBGPU].adapter.is_fallback);
    assert_false(info->platforms[WI_WEBNN].available);
    assert_int_equal(info->isolated, 1);

    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_t *task = hear(&client, "task_request");
    assert_string_equal(text_of(task, "attempt_id"), "att-1");
    assert_string_equal(json_string_value(json_object_get(task, "model_name")), "digits");
    assert_string_equal(json_string_value(json_object_get(task, "platform")), "webgpu");
    json_decref(task);
    assert_int_equal(model_references, 1);
    say(&client, "task_accepted", "{\"attempt_id\":\"att-1\",\"reply_to\":\"s-2\"}");
    say(&client, "something_new", "{\"x\":1}");
    say(&client, "task_response", ANSWER("att-1"));
    json_t *ack = hear(&client, "task_ack");
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(ack, "data"), "attempt_ids"), 0)),
        "att-1");
    json_decref(ack);
    assert_int_equal(fixture->accepted, 1);
    assert_int_equal(fixture->answers, 1);
    assert_true(fixture->answer.ok);
    assert_true(fixture->answer.warm);
    assert_true(fixture->answer.inference_ms == 2.5);
    assert_true(fixture->answer.gpu_ms < 0);
    assert_int_equal(model_references, 0);

    say(&client, "task_response", ANSWER("att-1"));
    json_decref(hear(&client, "task_ack"));
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->late_answers, 1);
    client_close(&client);
}

static int is_acknowledging(const struct fixture *fixture)
{
    return wi_timer_running(wi_node_find(fixture->bridge, fixture->node)->ack_timer);
}

/* What the next task has said is not to wake the loop once more. */
TEST(test_task_carries_acknowledgement)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    say(&client, "task_response", ANSWER("att-1"));
    while (!fixture->answers)
        client_turn(&client);
    assert_true(is_acknowledging(fixture));

    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    assert_false(is_acknowledging(fixture));
    json_t *task = hear(&client, "task_request");
    json_t *said = json_object_get(json_object_get(task, "data"), "acknowledged");
    assert_int_equal(json_array_size(said), 1);
    assert_string_equal(json_string_value(json_array_get(said, 0)), "att-1");
    json_decref(task);
    client_close(&client);
}

/* The output of the test's model: three bytes, or as many as one likes. */
static struct wi_onnx_value fixed_output = {.name = (char *)"y",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_UINT8,
    .has_shape = 1,
    .rank = 1,
    .dims = {3}};
static struct wi_onnx_value free_output = {
    .name = (char *)"y", .tensor = 1, .has_datatype = 1, .datatype = WI_UINT8};

/* The head of an answer with one output `y` of `size` bytes, padded; its size. */
static size_t make_head(char head[512], const char *attempt_id, const char *members, size_t size)
{
    int length = snprintf(head + 4, 508,
        "{\"id\":\"n-2\",\"type\":\"task_response\",\"from\":\"n\",\"timestamp\":1,\"data\":{"
        "\"attempt_id\":\"%s\",\"ok\":true,%s,\"tensors\":[{\"name\":\"y\","
        "\"datatype\":\"UINT8\",\"shape\":[%zu],\"offset\":0,\"byte_length\":%zu}]}}",
        attempt_id, members, size, size);
    uint32_t json_size = (uint32_t)length;
    size_t aligned = ((size_t)length + 4 + 7) & ~(size_t)7;
    memcpy(head, &json_size, 4);
    memset(head + 4 + length, 0, aligned - 4 - (size_t)length);
    return aligned;
}

static void answer_bytes(struct client *client, const char *attempt_id, const char *members,
    const char *bytes, size_t size)
{
    char frame[1024];
    size_t head = make_head(frame, attempt_id, members, size);
    memcpy(frame + head, bytes, size);
    client_send_frame(client, 2, 1, frame, head + size);
}

/* The opcode of the next message. */
static int hear_one(struct client *client)
{
    struct ws_message message;
    assert_int_equal(client_message(client, &message), 0);
    int opcode = message.opcode;
    message_clear(&message);
    return opcode;
}

TEST(test_failure)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    send_task(fixture, "att-2", NULL);
    send_task(fixture, "att-3", NULL);
    send_task(fixture, "att-4", NULL);
    say(&client, "task_response",
        "{\"attempt_id\":\"att-1\",\"ok\":false,\"error\":{\"code\":\"device_lost\",\"message\":"
        "\"gone\\n\"},\"retryable\":true}");
    turn_until(&client, &fixture->answers, 1);
    assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
    assert_string_equal(fixture->answer.error.detail, "device_lost: gone ");
    assert_true(fixture->answer.retryable);
    say(&client, "task_response",
        "{\"attempt_id\":\"att-2\",\"ok\":false,\"error\":{\"code\":\"input_shape\",\"message\":"
        "\"bad\",\"field\":\"inputs[0]\",\"expected\":\"[1]\"},\"retryable\":false}");
    turn_until(&client, &fixture->answers, 2);
    assert_int_equal(fixture->answer.error.code, WI_INPUT_SHAPE);
    assert_string_equal(fixture->answer.error.expected, "[1]");
    say(&client, "task_response",
        "{\"attempt_id\":\"att-3\",\"ok\":false,\"error\":{\"code\":\"deadline_exceeded\","
        "\"message\":\"others ran\"}}");
    turn_until(&client, &fixture->answers, 3); /* it has not passed: a second to run was given */
    assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
    assert_true(fixture->answer.retryable);
    assert_non_null(strstr(fixture->answer.error.detail, "deadline_exceeded"));
    say(&client, "task_response",
        "{\"attempt_id\":\"att-4\",\"ok\":false,\"error\":{\"code\":\"queue_full\","
        "\"message\":\"as if it were ours\"}}");
    turn_until(&client, &fixture->answers, 4);
    assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
    assert_true(fixture->answer.retryable);
    client_close(&client);
}

/* What is well-formed and wrong costs its attempt, and the node stays. */
TEST(test_bad_answers)
{
    static const char *const bad[][2] = {
        {"\"ok\":true,\"executed_on\":{}", "data.executed_on.platform is missing"},
        {"\"ok\":true,\"executed_on\":{\"platform\":\"webnn\"}", "webnn"},
        {"\"ok\":true,\"executed_on\":{\"platform\":\"wasm\",\"threads\":1.5}", "threads"},
        {"\"ok\":true,\"executed_on\":{\"platform\":\"wasm\",\"simulated\":true}", "simulated"},
        {"\"ok\":true", "data.executed_on is missing"},
        {"\"ok\":\"yes\",\"executed_on\":{\"platform\":\"wasm\"}", "data.ok"},
        {"\"executed_on\":{\"platform\":\"wasm\"}", "data.ok is missing"},
        {"\"ok\":false", "data.error is missing"},
        {"\"ok\":false,\"error\":{\"code\":7,\"message\":\"m\"}", "data.error.code"},
        {"\"ok\":true,\"executed_on\":{\"platform\":\"wasm\"},\"performance\":{\"warm\":1}",
            "warm"},
    };
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    int count = (int)(sizeof bad / sizeof *bad);
    for (int i = 0; i < count; i++) {
        char data[512];
        send_task(fixture, "att-1", NULL);
        snprintf(data, sizeof data, "{\"attempt_id\":\"att-1\",%s}", bad[i][0]);
        say(&client, "task_response", data);
        turn_until(&client, &fixture->answers, i + 1);
        assert_false(fixture->answer.ok);
        assert_true(fixture->answer.retryable);
        assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
        if (!strstr(fixture->answer.error.detail, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], fixture->answer.error.detail);
    }
    assert_int_equal(wi_bridge_counters(fixture->bridge)->bad_answers, count);
    assert_int_equal(fixture->aways, 0);
    send_task(fixture, "att-2", NULL);
    say(&client, "task_response", ANSWER("att-2"));
    turn_until(&client, &fixture->answers, count + 1);
    assert_true(fixture->answer.ok);
    assert_int_equal(model_references, 0);
    /* One that names no attempt can fail none. */
    say(&client, "task_response", "{\"ok\":true}");
    while (hear_one(&client) != 8)
        continue;
    client_close(&client);
}

/* A shape that is not the model's is news from a browser of ours, and a wrong answer from others.
 */
TEST(test_odd_shape)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE], who[128];
    struct wi_error error;
    struct client ours = join(fixture, NULL);
    test_model.facts.signature =
        (struct wi_onnx_signature){.outputs = &fixed_output, .output_count = 1};
    send_task(fixture, "att-1", NULL);
    answer_bytes(&ours, "att-1", "\"executed_on\":{\"platform\":\"wasm\"}", "abcd", 4);
    turn_until(&ours, &fixture->answers, 1);
    assert_true(fixture->answer.ok);

    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    struct client joined = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&joined, who);
    json_t *welcome = hear(&joined, "welcome");
    assert_true(json_is_true(json_object_get(json_object_get(welcome, "data"), "joined")));
    json_decref(welcome);
    send_task(fixture, "att-2", NULL);
    answer_bytes(&joined, "att-2", "\"executed_on\":{\"platform\":\"wasm\"}", "abcd", 4);
    turn_until(&joined, &fixture->answers, 2);
    assert_false(fixture->answer.ok);
    assert_true(fixture->answer.retryable);
    send_task(fixture, "att-3", NULL);
    answer_bytes(&joined, "att-3", "\"executed_on\":{\"platform\":\"wasm\"}", "abc", 3);
    turn_until(&joined, &fixture->answers, 3);
    assert_true(fixture->answer.ok);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->bad_answers, 1);
    assert_int_equal(wi_bridge_uninvite(fixture->bridge, "nobody"), -1);
    assert_int_equal(wi_bridge_uninvite(fixture->bridge, id), 0);
    assert_int_equal(wi_bridge_uninvite(fixture->bridge, id), -1);
    memset(&test_model.facts.signature, 0, sizeof test_model.facts.signature);
    client_close(&ours);
    client_close(&joined);
}

/* Big tensors out in place and in fragments, and back in, byte for byte. */
TEST(test_tensors)
{
    static const size_t sizes[] = {0, 1, 100, 65536, 602112, 4194305};
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    test_model.facts.signature =
        (struct wi_onnx_signature){.outputs = &free_output, .output_count = 1};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct wi_tensors sent = make_tensor("x", sizes[s]), small = make_tensor("y", 3);
        struct wi_tensor *second = wi_tensors_add(&sent);
        *second = small.items[0];
        second->blob = wi_blob_ref(sent.items[0].blob); /* the same bytes again */
        second->size = sizes[s] < 3 ? 0 : 3;
        second->dims[0] = (int64_t)second->size;
        second->offset = sizes[s] / 2;
        wi_blob_unref(small.items[0].blob);
        free(small.items);
        assert_int_equal(send_task(fixture, "att-1", &sent), WI_OK);

        struct ws_message message;
        do {
            assert_int_equal(client_message(&client, &message), 0);
            if (message.opcode != 2)
                message_clear(&message);
        } while (message.opcode != 2);
        uint32_t length;
        memcpy(&length, message.bytes, 4);
        size_t start = (4 + length + 7) & ~(size_t)7, next = (sizes[s] + 7) & ~(size_t)7;
        assert_int_equal(message.size,
            start + (second->size || next != sizes[s] ? next : sizes[s]) + second->size);
        assert_memory_equal(message.bytes + start, sent.items[0].blob->bytes, sizes[s]);
        assert_memory_equal(message.bytes + start + next, wi_tensor_bytes(second), second->size);
        for (size_t i = 0; i < sizes[s]; i++)
            if (sent.items[0].blob->bytes[i] != pattern(i))
                fail_msg("sending changed byte %zu", i);
        message_clear(&message);

        char head[512];
        size_t aligned =
            make_head(head, "att-1", "\"executed_on\":{\"platform\":\"webgpu\"}", sizes[s]);
        client_send_frame(&client, 2, 0, head, aligned / 2);
        client_send_frame(&client, 0, 0, head + aligned / 2, aligned - aligned / 2);
        client_send_frame(&client, 9, 1, "ping", 4);
        client_send_frame(&client, 0, 1, sent.items[0].blob->bytes, sizes[s]);
        turn_until(&client, &fixture->answers, (int)s + 1);
        assert_int_equal(fixture->answer.outputs.count, 1);
        assert_int_equal(fixture->answer.outputs.items[0].size, sizes[s]);
        assert_memory_equal(wi_tensor_bytes(&fixture->answer.outputs.items[0]),
            sent.items[0].blob->bytes, sizes[s]);
        wi_tensors_clear(&sent);
        while (client.size) { /* the pong, and an acknowledgement perhaps */
            struct ws_message rest;
            assert_int_equal(client_message(&client, &rest), 0);
            message_clear(&rest);
        }
    }
    memset(&test_model.facts.signature, 0, sizeof test_model.facts.signature);
    client_close(&client);
}

static void send_at_once(struct fixture *fixture)
{
    assert_int_equal(send_task(fixture, "att-5", NULL), WI_OK);
}

TEST(test_resume)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    char who[512], first_node[WI_ID_SIZE];
    struct client client = join(fixture, &welcome);
    strcpy(first_node, fixture->node);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    assert_int_equal(send_task(fixture, "att-3", NULL), WI_OK);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    assert_int_equal(send_task(fixture, "att-4", NULL), WI_NODE_NOT_FOUND);
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-3", "client gone");

    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[\"att-1\",\"att-3\"],"
        "\"unacknowledged\":[\"att-0\"]}",
        fixture->node, text_of(welcome, "resume_token"));
    client = open_socket(fixture);
    announce(&client, who);
    json_t *again = hear(&client, "welcome");
    json_t *cancel = json_object_get(json_object_get(again, "data"), "cancel");
    assert_int_equal(json_array_size(cancel), 2);
    assert_string_equal(json_string_value(json_array_get(cancel, 0)), "att-3");
    assert_string_equal(json_string_value(json_array_get(cancel, 1)), "att-0");
    assert_string_not_equal(text_of(again, "resume_token"), text_of(welcome, "resume_token"));
    assert_int_equal(fixture->resumes, 1);
    assert_string_equal(fixture->node, first_node);
    assert_string_equal(fixture->log, "lost att-2;");
    json_decref(again);

    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &fixture->answers, 1);

    /* The welcome may have been lost with its socket: the token before is good too, and a second
     * socket takes the node from the first. */
    struct client second = open_socket(fixture);
    fixture->on_resume = send_at_once; /* which the page could not list */
    announce(&second, who);
    json_decref(hear(&second, "welcome"));
    assert_int_equal(fixture->resumes, 2);
    assert_null(strstr(fixture->log, "att-5"));
    json_decref(hear(&second, "task_request"));
    struct ws_message message;
    do { /* the acknowledgement, then the end */
        assert_int_equal(client_message(&client, &message), 0);
        int opcode = message.opcode;
        message_clear(&message);
        if (opcode == 8)
            break;
    } while (1);
    assert_int_equal(fixture->aways, 1);
    json_decref(welcome);
    client_close(&client);
    client_close(&second);
}

TEST(test_silence)
{
    struct fixture *fixture = *state;
    struct wi_config config = fixture->config;
    config.bridge.heartbeat_interval = 250; /* a busy machine may let nobody run for a while */
    config.bridge.heartbeat_misses = 2;
    config.bridge.resume_grace = 60;
    wi_bridge_reload(fixture->bridge, &config);
    struct client client = join(fixture, NULL);
    json_t *beat = hear(&client, "heartbeat");
    char data[128];
    snprintf(data, sizeof data, "{\"seq\":1,\"reply_to\":\"%s\",\"busy_since_ms\":12}",
        json_string_value(json_object_get(beat, "id")));
    json_decref(beat);
    say(&client, "heartbeat", data);
    struct wi_node_state node = {0};
    while (node.rtt_ms == 0) {
        client_turn(&client);
        assert_int_equal(wi_bridge_node_state(fixture->bridge, fixture->node, &node), 0);
    }
    assert_true(node.busy_since_ms == 12);
    send_task(fixture, "att-1", NULL);
    send_task(fixture, "att-2", NULL);
    turn_until(&client, &fixture->aways, 1);
    turn_until(&client, &fixture->downs, 1);
    assert_string_equal(fixture->log, "lost-alone att-1;lost att-2;down;");
    assert_int_equal(wi_bridge_counters(fixture->bridge)->heartbeat_timeouts, 1);
    assert_int_equal(wi_bridge_node_state(fixture->bridge, fixture->node, &node), -1);
    client_close(&client);
}

TEST(test_cancel_and_drop)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    send_task(fixture, "att-2", NULL);
    fixture->inside = 1;
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "deadline");
    enum wi_platform wasm = WI_WASM;
    assert_int_equal(
        wi_bridge_load(fixture->bridge, fixture->node, &test_model, &wasm, 1, 0), WI_OK);
    assert_int_equal(wi_bridge_unload(fixture->bridge, fixture->node, "digits"), WI_OK);
    wi_bridge_drop(fixture->bridge, fixture->node, "being tested");
    fixture->inside = 0;
    assert_int_equal(fixture->downs, 0);
    assert_int_equal(send_task(fixture, "att-3", NULL), WI_NODE_NOT_FOUND);
    turn_until(&client, &fixture->downs, 1);
    assert_string_equal(fixture->log, "lost-alone att-2;down;");
    json_t *bye = NULL; /* what was queued and not begun may be dropped by the close */
    while (!bye) {
        struct ws_message message;
        assert_int_equal(client_message(&client, &message), 0);
        json_t *root = json_loadb((char *)message.bytes, message.size, 0, NULL);
        message_clear(&message);
        if (strcmp(json_string_value(json_object_get(root, "type")), "bye") == 0)
            bye = root;
        else
            json_decref(root);
    }
    assert_string_equal(text_of(bye, "code"), "drain");
    assert_string_equal(text_of(bye, "reason"), "being tested");
    json_decref(bye);
    assert_int_equal(hear_close(&client), 1000);
    client_close(&client);
}

TEST(test_supersede_and_flood)
{
    struct fixture *fixture = *state;
    struct client first = join(fixture, NULL), second = join(fixture, NULL);
    json_t *bye = hear(&first, "bye");
    assert_string_equal(text_of(bye, "code"), "superseded");
    json_decref(bye);
    assert_int_equal(fixture->downs, 1);
    assert_int_equal(fixture->ups, 2);
    client_close(&first);
    for (int i = 0; i < 2100; i++)
        say(&second, "something_new", "{}");
    assert_int_equal(hear_close(&second), 1008);
    client_close(&second);
}

TEST(test_reports)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_node_state node;
    say(&client, "model_status", "{\"models\":[{\"name\":\"digits\",\"state\":\"loaded\"}]}");
    say(&client, "log", "{\"level\":\"info\",\"message\":\"hello\"}");
    say(&client, "capability_report",
        "{\"capabilities\":{\"browser\":{\"name\":\"c\"},"
        "\"platforms\":{},\"cross_origin_isolated\":false}}");
    while (wi_bridge_node(fixture->bridge, fixture->node)->isolated)
        client_turn(&client);
    assert_true(fixture->platforms_lost > 0);
    wi_bridge_node_state(fixture->bridge, fixture->node, &node);
    assert_int_equal(json_array_size(node.models), 1);
    assert_false(wi_bridge_node(fixture->bridge, fixture->node)->platforms[WI_WASM].available);
    client_close(&client);
}

TEST(test_shutdown)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    fixture->inside = 1;
    wi_bridge_close(fixture->bridge);
    json_t *bye = NULL;
    fixture->inside = 1; /* and no event later either */
    json_decref(hear(&client, "task_request"));
    bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "code"), "shutdown");
    json_decref(bye);
    assert_int_equal(hear_close(&client), 1001);
    client_close(&client);
}

static json_int_t threads_of(json_t *message)
{
    json_int_t threads =
        json_integer_value(json_object_get(json_object_get(message, "data"), "threads"));
    json_decref(message);
    return threads;
}

TEST(test_threads)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    fixture->threads = 4;
    struct client client = join(fixture, &welcome);
    assert_int_equal(threads_of(welcome), 4);
    assert_int_equal(fixture->threads_said, 0);
    wi_bridge_share_threads(fixture->bridge, fixture->node); /* nothing new: nothing is said */
    assert_int_equal(fixture->threads_said, 4);
    fixture->threads = 2;
    wi_bridge_share_threads(fixture->bridge, fixture->node);
    wi_bridge_share_threads(fixture->bridge, "node-of-yesterday");
    assert_int_equal(threads_of(hear(&client, "settings")), 2);
    fixture->config.models.idle_unload = 5000;
    fixture->config.models.warmup = 1;
    fixture->config.models.flash_attention = 1;
    fixture->config.models.threads = 3;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    wi_bridge_reload(fixture->bridge, &fixture->config); /* nothing new: nothing is said */
    json_t *settings = hear(&client, "settings");
    const json_t *models = json_object_get(json_object_get(settings, "data"), "language_models");
    assert_int_equal(json_integer_value(json_object_get(models, "idle_unload_ms")), 5000);
    assert_true(json_is_true(json_object_get(models, "warmup")));
    assert_true(json_is_true(json_object_get(models, "flash_attention")));
    assert_int_equal(json_integer_value(json_object_get(models, "threads")), 3);
    assert_int_equal(threads_of(settings), 2);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    client_close(&client);
}

#define PAUSED(attempt)                                                                            \
    "{\"attempt_id\":\"" attempt "\",\"ok\":false,\"error\":{\"code\":\"node_paused\","            \
    "\"message\":\"the node is paused\"}}"

/* It says so, says it again, and no more; what it gives back is one way to say it. */
TEST(test_paused)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    say(&client, "heartbeat", "{\"seq\":1,\"running\":[],\"paused\":true}");
    turn_until(&client, &fixture->pauses, 1);
    say(&client, "heartbeat", "{\"seq\":2,\"running\":[],\"paused\":true}");
    say(&client, "heartbeat", "{\"seq\":3,\"running\":[]}");
    turn_until(&client, &fixture->goes_on, 1);
    assert_int_equal(fixture->pauses, 1);

    send_task(fixture, "att-1", NULL);
    json_decref(hear(&client, "task_request"));
    say(&client, "task_response", PAUSED("att-1"));
    turn_until(&client, &fixture->answers, 1);
    assert_int_equal(fixture->pauses, 2);
    assert_int_equal(fixture->answer.error.code, WI_NODE_PAUSED);
    assert_string_equal(fixture->answer.error.detail, "the node is paused");
    assert_true(fixture->answer.retryable);
    assert_false(fixture->answer.broke);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->bad_answers, 0);
    say(&client, "heartbeat", "{\"seq\":4,\"running\":[],\"paused\":false}");
    turn_until(&client, &fixture->goes_on, 2);
    client_close(&client);
}

/* It is sent work again a few times a second, and then no more until it has made up its mind. */
TEST(a_node_that_pauses_again_and_again_stays_paused)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    double began = client_now();
    for (int i = 0; i < 20; i++) {
        say(&client, "heartbeat", "{\"seq\":1,\"paused\":true}");
        say(&client, "heartbeat", "{\"seq\":2}");
    }
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&client, "task_request"));
    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &fixture->answers, 1); /* all before it has been read */
    if (client_now() - began < 500) {
        assert_in_range(fixture->goes_on, 1, 6); /* in two seconds at most */
        assert_int_equal(fixture->pauses, fixture->goes_on + 1);
    }
    int before = fixture->goes_on;
    while (fixture->goes_on == before && client_now() - began < CLIENT_PATIENCE_MS) {
        say(&client, "heartbeat", "{\"seq\":3}");
        client_turn(&client);
    }
    assert_int_equal(fixture->goes_on, before + 1);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->protocol_errors, 0);
    client_close(&client);
}

TEST(a_throttled_node_says_so_in_its_heartbeats)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    say(&client, "heartbeat", "{\"seq\":1,\"throttled\":true}");
    turn_until(&client, &fixture->throttles, 1);
    say(&client, "heartbeat", "{\"seq\":2,\"throttled\":true,\"paused\":true}");
    turn_until(&client, &fixture->pauses, 1);
    say(&client, "heartbeat", "{\"seq\":3,\"paused\":true}");
    turn_until(&client, &fixture->speeds_up, 1);
    assert_int_equal(fixture->throttles, 1);
    assert_int_equal(fixture->goes_on, 0);
    say(&client, "heartbeat", "{\"seq\":4,\"throttled\":\"yes\"}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
}

TEST(test_paused_is_true_or_false)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    say(&client, "heartbeat", "{\"seq\":1,\"paused\":1}");
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(fixture->pauses, 0);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->protocol_errors, 1);
    client_close(&client);
}
