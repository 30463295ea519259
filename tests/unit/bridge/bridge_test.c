/* The whole bridge on a loop, talked to by a raw client: the protocol, files, and a clean end. */
#include "bridge/bridge.h"
#include "bridge/http.h"
#include "client.h"
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define SUBPROTOCOL "Sec-WebSocket-Protocol: webinfer.v1\r\n"
#define CAPABILITIES                                                                               \
    "{\"browser\":{\"name\":\"chromium\",\"version\":\"156.0.1.2\",\"user_agent\":\"UA\"},"        \
    "\"os\":\"Linux\",\"cores\":4,\"memory_gib\":8,\"cross_origin_isolated\":true,\"platforms\":{" \
    "\"webgpu\":{\"available\":true,\"adapter\":{\"vendor\":\"google\",\"architecture\":"          \
    "\"swiftshader\",\"description\":\"sw\\u0007\",\"is_fallback\":true}},"                        \
    "\"webnn\":{\"available\":false,\"reason\":\"no navigator.ml\"},"                              \
    "\"wasm\":{\"available\":true,\"threads\":4}},\"engines\":{\"ort\":\"1.30.0\"}}"

/* --- A store of one model, in place of the real one ------------------------------------------ */

static struct wi_model test_model = {.name = (char *)"digits", .type = WI_TYPE_VISION, .fd = -1};
static int model_references;

struct wi_model *wi_model_ref(struct wi_model *model)
{
    model_references++;
    return model;
}

void wi_model_unref(struct wi_model *model)
{
    if (model)
        model_references--;
}

struct wi_model *wi_store_by_hash(struct wi_store *store, const char *name, const char *hash)
{
    return strcmp(name, test_model.name) == 0 && strcmp(hash, test_model.hash) == 0 ? &test_model
                                                                                    : NULL;
}

/* --- The bridge under test ------------------------------------------------------------------- */

struct house {
    uv_loop_t loop;
    struct lws_context *lws;
    struct wi_config config;
    struct wi_budget budget;
    struct wi_bridge *bridge;
    int port;
    char folder[64];
    /* What was told upward. */
    int ups, resumes, aways, downs, accepted, answers;
    char node[WI_ID_SIZE], log[1024];
    struct wi_answer answer; /* the last; JSON referenced */
    int inside;              /* a call of ours is running: no event may come */
};

static void on_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct house *house = context;
    assert_false(house->inside);
    resumed ? house->resumes++ : house->ups++;
    snprintf(house->node, sizeof house->node, "%s", info->id);
}

static void on_away(void *context, const char *node_id)
{
    struct house *house = context;
    assert_false(house->inside);
    house->aways++;
}

static void on_down(void *context, const char *node_id, const char *why)
{
    struct house *house = context;
    assert_false(house->inside);
    house->downs++;
    strcat(house->log, "down;");
}

static void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    ((struct house *)context)->accepted++;
}

static void answer_clear(struct house *house)
{
    json_decref(house->answer.executed_on);
    json_decref(house->answer.result);
    wi_tensors_clear(&house->answer.outputs);
    memset(&house->answer, 0, sizeof house->answer);
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct house *house = context;
    assert_false(house->inside);
    answer_clear(house);
    house->answers++;
    house->answer = *answer;
    json_incref(house->answer.executed_on);
    json_incref(house->answer.result);
    memset(&house->answer.outputs, 0, sizeof house->answer.outputs);
    wi_tensors_move(&house->answer.outputs, &answer->outputs);
    strcat(strcat(strcat(house->log, "answer "), attempt_id), ";");
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct house *house = context;
    assert_false(house->inside);
    strcat(strcat(strcat(house->log, alone ? "lost-alone " : "lost "), attempt_id), ";");
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

static void make_page(struct house *house)
{
    static unsigned char big[300000];
    char folder[96];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = pattern(i);
    strcpy(house->folder, "/tmp/wi-bridge-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    write_file(house->folder, "index.html", "<!doctype html>", 15);
    write_file(house->folder, ".secret", "no", 2);
    snprintf(folder, sizeof folder, "%s/assets", house->folder);
    mkdir(folder, 0700);
    write_file(folder, "engine-5XK2Q7NB.wasm", big, sizeof big);
    snprintf(folder, sizeof folder, "%s/passwd", house->folder);
    assert_int_equal(symlink("/etc/passwd", folder), 0);
    write_file(house->folder, "model.onnx.test", big, sizeof big);
}

static void remove_page(struct house *house)
{
    static const char *const names[] = {"index.html", ".secret", "assets/engine-5XK2Q7NB.wasm",
        "passwd", "model.onnx.test", "assets", ""};
    char path[160];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", house->folder, names[i]);
        remove(path);
    }
}

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    struct wi_error error = {0};
    char path[160];
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    uv_loop_init(&house->loop);
    house->lws = wi_lws_new(&house->loop, &error);
    assert_non_null(house->lws);
    make_page(house);
    house->budget.limit = 64 * 1024 * 1024;
    house->config.bridge.listen = (char *)"127.0.0.1:0";
    house->config.bridge.page = house->folder;
    house->config.bridge.heartbeat_interval = 5000;
    house->config.bridge.heartbeat_misses = 3;
    house->config.bridge.resume_grace = 15000;
    house->config.bridge.max_nodes = 8;
    house->config.api.max_body = 8 * 1024 * 1024;
    house->config.pool.max_connections = 1;
    house->config.pool.model_budget = 1 << 30;
    struct wi_bridge_events events = {
        house, on_up, on_away, on_down, on_accepted, on_answer, on_lost};
    house->bridge = wi_bridge_new(
        house->lws, &house->loop, NULL, &house->config, &house->budget, &events, &error);
    if (!house->bridge)
        fail_msg("%s", error.detail);
    house->port = atoi(strrchr(wi_bridge_url(house->bridge), ':') + 1);
    snprintf(path, sizeof path, "%s/model.onnx.test", house->folder);
    test_model.fd = open(path, O_RDONLY);
    test_model.size = 300000;
    memset(test_model.hash, 'a', 64);
    test_model.spec_text = (char *)"{\"type\":\"vision\"}";
    model_references = 0;
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    house->inside = 1;
    wi_bridge_close(house->bridge);
    house->inside = 0;
    wi_lws_begin_free(house->lws);
    uv_run(&house->loop, UV_RUN_DEFAULT);
    wi_lws_end_free(house->lws);
    wi_bridge_free(house->bridge);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    answer_clear(house);
    assert_int_equal(house->budget.used, 0);
    assert_int_equal(model_references, 0);
    close(test_model.fd);
    remove_page(house);
    free(house);
    return 0;
}

/* --- Helpers of the tests -------------------------------------------------------------------- */

static struct client open_socket(struct house *house)
{
    struct client client = client_open(&house->loop, house->port);
    assert_int_equal(client_upgrade(&client, "/node", SUBPROTOCOL), 101);
    return client;
}

static void say(struct client *client, const char *type, const char *data)
{
    char *text = NULL;
    int size = asprintf(&text,
        "{\"id\":\"n-1\",\"type\":\"%s\",\"from\":\"\",\"timestamp\":1,\"data\":%s}", type, data);
    assert_int_equal(client_send_frame(client, 1, 1, text, (size_t)size), 0);
    free(text);
}

/* The next text message, which must be of `type`; heartbeats are passed over. */
static json_t *hear(struct client *client, const char *type)
{
    for (;;) {
        struct ws_message message;
        assert_int_equal(client_message(client, &message), 0);
        assert_int_equal(message.opcode, 1);
        json_t *root = json_loadb((char *)message.bytes, message.size, 0, NULL);
        assert_non_null(root);
        message_clear(&message);
        const char *got = json_string_value(json_object_get(root, "type"));
        assert_string_equal(json_string_value(json_object_get(root, "from")), "service");
        if (strcmp(got, type) == 0)
            return root;
        assert_string_equal(got, "heartbeat");
        json_decref(root);
    }
}

static const char *text_of(const json_t *root, const char *field)
{
    return json_string_value(json_object_get(json_object_get(root, "data"), field));
}

/* The code of the close frame that must come next; then the socket must end. */
static int hear_close(struct client *client)
{
    struct ws_message message;
    assert_int_equal(client_message(client, &message), 0);
    assert_int_equal(message.opcode, 8);
    assert_true(message.size >= 2);
    int code = message.bytes[0] << 8 | message.bytes[1];
    client_send_frame(client, 8, 1, message.bytes, 2);
    message_clear(&message);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (!client->ended && client_now() < until)
        client_turn(client);
    assert_true(client->ended);
    return code;
}

static void announce(struct client *client, const char *who)
{
    char data[1024];
    snprintf(data, sizeof data,
        "{\"protocol\":1,\"page_version\":\"t\",%s,\"capabilities\":" CAPABILITIES "}", who);
    say(client, "node_announcement", data);
}

/* A welcomed node; `welcome` (may be NULL) takes the message. */
static struct client join(struct house *house, json_t **welcome)
{
    char token[WI_TOKEN_SIZE], who[128];
    wi_bridge_expect(house->bridge, "session-1", "chrome", 60000, token);
    struct client client = open_socket(house);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_t *root = hear(&client, "welcome");
    if (welcome)
        *welcome = root;
    else
        json_decref(root);
    return client;
}

static enum wi_code send_task(
    struct house *house, const char *attempt_id, const struct wi_tensors *tensors)
{
    struct wi_task task = {.attempt_id = attempt_id,
        .job_id = "job-1",
        .model = &test_model,
        .platforms = {WI_WEBGPU, WI_WASM},
        .platform_count = 2,
        .fallback = 1,
        .deadline_ms = 1000,
        .tensors = tensors};
    house->inside = 1;
    enum wi_code code = wi_bridge_send_task(house->bridge, house->node, &task);
    house->inside = 0;
    return code;
}

static struct wi_tensors make_tensor(const char *name, size_t size)
{
    struct wi_tensors list = {0};
    struct wi_tensor *tensor = wi_tensors_add(&list);
    tensor->name = strdup(name);
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)size;
    tensor->blob = wi_blob_new(NULL, size);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = pattern(i);
        wi_blob_append(tensor->blob, &byte, 1);
    }
    tensor->size = size;
    return list;
}

static void turn_until(struct client *client, const int *counter, int value)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (*counter < value && client_now() < until)
        client_turn(client);
    assert_int_equal(*counter, value);
}

#define ANSWER(id)                                                                                 \
    "{\"attempt_id\":\"" id "\",\"reply_to\":\"s-2\",\"ok\":true,\"executed_on\":{\"platform\":"   \
    "\"wasm\",\"engine\":\"ort\"},\"performance\":{\"load_ms\":1,\"inference_ms\":2.5,"            \
    "\"warm\":true},\"tensors\":[],\"result\":{\"a\":1}}"

/* --- The protocol ---------------------------------------------------------------------------- */

static void test_announce_and_task(void **state)
{
    struct house *house = *state;
    json_t *welcome;
    struct client client = join(house, &welcome);
    assert_int_equal(house->ups, 1);
    assert_string_equal(text_of(welcome, "node"), house->node);
    assert_false(json_is_true(json_object_get(json_object_get(welcome, "data"), "resumed")));
    assert_int_equal(strncmp(text_of(welcome, "model_credential"), "wi_", 3), 0);
    json_decref(welcome);

    const struct wi_node_info *info = wi_bridge_node(house->bridge, house->node);
    assert_string_equal(info->kind, "chrome");
    assert_string_equal(info->session, "session-1");
    assert_string_equal(info->browser_version, "156.0.1.2");
    assert_string_equal(info->platforms[WI_WEBGPU].adapter.description, "sw ");
    assert_true(info->platforms[WI_WEBGPU].adapter.is_fallback);
    assert_false(info->platforms[WI_WEBNN].available);
    assert_int_equal(info->isolated, 1);

    assert_int_equal(send_task(house, "att-1", NULL), WI_OK);
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
    assert_int_equal(house->accepted, 1);
    assert_int_equal(house->answers, 1);
    assert_true(house->answer.ok);
    assert_true(house->answer.warm);
    assert_true(house->answer.inference_ms == 2.5);
    assert_int_equal(model_references, 0);

    say(&client, "task_response", ANSWER("att-1"));
    json_decref(hear(&client, "task_ack"));
    assert_int_equal(house->answers, 1);
    assert_int_equal(wi_bridge_counters(house->bridge)->late_answers, 1);
    client_close(&client);
}

static void test_failure(void **state)
{
    struct house *house = *state;
    struct client client = join(house, NULL);
    send_task(house, "att-1", NULL);
    send_task(house, "att-2", NULL);
    say(&client, "task_response",
        "{\"attempt_id\":\"att-1\",\"ok\":false,\"error\":{\"code\":\"device_lost\",\"message\":"
        "\"gone\\n\"},\"retryable\":true}");
    turn_until(&client, &house->answers, 1);
    assert_int_equal(house->answer.error.code, WI_INFERENCE_FAILED);
    assert_string_equal(house->answer.error.detail, "device_lost: gone ");
    assert_true(house->answer.retryable);
    say(&client, "task_response",
        "{\"attempt_id\":\"att-2\",\"ok\":false,\"error\":{\"code\":\"input_shape\",\"message\":"
        "\"bad\",\"field\":\"inputs[0]\",\"expected\":\"[1]\"},\"retryable\":false}");
    turn_until(&client, &house->answers, 2);
    assert_int_equal(house->answer.error.code, WI_INPUT_SHAPE);
    assert_string_equal(house->answer.error.expected, "[1]");
    client_close(&client);
}

/* Big tensors out in place and in fragments, and back in, byte for byte. */
static void test_tensors(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65536, 602112, 4194305};
    struct house *house = *state;
    struct client client = join(house, NULL);
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
        assert_int_equal(send_task(house, "att-1", &sent), WI_OK);

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
        int size = snprintf(head + 4, sizeof head - 4,
            "{\"id\":\"n-2\",\"type\":\"task_response\",\"from\":\"n\",\"timestamp\":1,\"data\":{"
            "\"attempt_id\":\"att-1\",\"ok\":true,\"executed_on\":{},\"tensors\":[{\"name\":\"y\","
            "\"datatype\":\"UINT8\",\"shape\":[%zu],\"offset\":0,\"byte_length\":%zu}]}}",
            sizes[s], sizes[s]);
        uint32_t json_size = (uint32_t)size;
        memcpy(head, &json_size, 4);
        size_t aligned = ((size_t)size + 4 + 7) & ~(size_t)7;
        memset(head + 4 + size, 0, aligned - 4 - (size_t)size);
        client_send_frame(&client, 2, 0, head, aligned / 2);
        client_send_frame(&client, 0, 0, head + aligned / 2, aligned - aligned / 2);
        client_send_frame(&client, 9, 1, "ping", 4);
        client_send_frame(&client, 0, 1, sent.items[0].blob->bytes, sizes[s]);
        turn_until(&client, &house->answers, (int)s + 1);
        assert_int_equal(house->answer.outputs.count, 1);
        assert_int_equal(house->answer.outputs.items[0].size, sizes[s]);
        assert_memory_equal(
            wi_tensor_bytes(&house->answer.outputs.items[0]), sent.items[0].blob->bytes, sizes[s]);
        wi_tensors_clear(&sent);
        while (client.size) { /* the pong, and an acknowledgement perhaps */
            struct ws_message rest;
            assert_int_equal(client_message(&client, &rest), 0);
            message_clear(&rest);
        }
    }
    client_close(&client);
}

static void test_resume(void **state)
{
    struct house *house = *state;
    json_t *welcome;
    char who[512], first_node[WI_ID_SIZE];
    struct client client = join(house, &welcome);
    strcpy(first_node, house->node);
    assert_int_equal(send_task(house, "att-1", NULL), WI_OK);
    assert_int_equal(send_task(house, "att-2", NULL), WI_OK);
    assert_int_equal(send_task(house, "att-3", NULL), WI_OK);
    client_close(&client);
    turn_until(&client, &house->aways, 1);
    assert_int_equal(send_task(house, "att-4", NULL), WI_NODE_NOT_FOUND);
    wi_bridge_cancel(house->bridge, house->node, "att-3", "client gone");

    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[\"att-1\",\"att-3\"],"
        "\"unacknowledged\":[\"att-0\"]}",
        house->node, text_of(welcome, "resume_token"));
    client = open_socket(house);
    announce(&client, who);
    json_t *again = hear(&client, "welcome");
    json_t *cancel = json_object_get(json_object_get(again, "data"), "cancel");
    assert_int_equal(json_array_size(cancel), 2);
    assert_string_equal(json_string_value(json_array_get(cancel, 0)), "att-3");
    assert_string_equal(json_string_value(json_array_get(cancel, 1)), "att-0");
    assert_string_not_equal(text_of(again, "resume_token"), text_of(welcome, "resume_token"));
    assert_int_equal(house->resumes, 1);
    assert_string_equal(house->node, first_node);
    assert_string_equal(house->log, "lost att-2;");
    json_decref(again);

    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &house->answers, 1);

    /* The welcome may have been lost with its socket: the token before is good too, and a second
     * socket takes the node from the first. */
    struct client second = open_socket(house);
    announce(&second, who);
    json_decref(hear(&second, "welcome"));
    assert_int_equal(house->resumes, 2);
    struct ws_message message;
    do { /* the acknowledgement, then the end */
        assert_int_equal(client_message(&client, &message), 0);
        int opcode = message.opcode;
        message_clear(&message);
        if (opcode == 8)
            break;
    } while (1);
    assert_int_equal(house->aways, 1);
    json_decref(welcome);
    client_close(&client);
    client_close(&second);
}

static void test_unwelcome(void **state)
{
    struct house *house = *state;
    char token[WI_TOKEN_SIZE], who[160];
    const struct wi_bridge_counters *counters = wi_bridge_counters(house->bridge);
    struct client client = open_socket(house);
    announce(&client, "\"token\":\"wi_wrong\"");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->unauthorized, 1);

    client = join(house, NULL);
    client_close(&client);
    client = open_socket(house);
    announce(&client, "\"resume\":{\"node\":\"node-x\",\"token\":\"wi_x\",\"running\":[],"
                      "\"unacknowledged\":[]}");
    json_t *bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "code"), "resume_unknown");
    json_decref(bye);
    assert_int_equal(hear_close(&client), 4001);
    client_close(&client);

    wi_bridge_expect(house->bridge, "session-2", "chrome", 60000, token);
    wi_bridge_revoke(house->bridge, "session-2");
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    client = open_socket(house);
    announce(&client, who);
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->unauthorized, 2);
}

static void test_upgrades(void **state)
{
    static const struct {
        const char *path, *extra;
        int status;
    } cases[] = {
        {"/node", "", 400},
        {"/node", "Sec-WebSocket-Protocol: webinfer.v2, chat\r\n", 400},
        {"/node", "Sec-WebSocket-Protocol: webinfer.v10\r\n", 400},
        {"/other", SUBPROTOCOL, 404},
        {"/node", SUBPROTOCOL "Origin: http://evil.example\r\n", 403},
        {"/node", SUBPROTOCOL "Origin: null\r\n", 403},
        {"/node", "Sec-WebSocket-Protocol: chat, webinfer.v1\r\n", 101},
    };
    struct house *house = *state;
    char origin[160];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client = client_open(&house->loop, house->port);
        assert_int_equal(client_upgrade(&client, cases[i].path, cases[i].extra), cases[i].status);
        client_close(&client);
    }
    snprintf(origin, sizeof origin, SUBPROTOCOL "Origin: %s\r\n", wi_bridge_url(house->bridge));
    struct client client = client_open(&house->loop, house->port);
    assert_int_equal(client_upgrade(&client, "/node", origin), 101);
    client_close(&client);
    snprintf(origin, sizeof origin, SUBPROTOCOL "Origin: http://localhost:%d\r\n", house->port);
    client = client_open(&house->loop, house->port);
    assert_int_equal(client_upgrade(&client, "/node", origin), 101);
    client_close(&client);
    assert_int_equal(wi_bridge_counters(house->bridge)->refused, 6);
}

static void test_garbage(void **state)
{
    struct house *house = *state;
    const struct wi_bridge_counters *counters = wi_bridge_counters(house->bridge);
    struct client client = open_socket(house);
    client_send_frame(&client, 1, 1, "{nonsense", 9);
    assert_int_equal(hear_close(&client), 1007);
    client_close(&client);

    client = open_socket(house);
    client_send_frame(&client, 2, 1, "\xff\xff\xff\xff....", 8);
    assert_int_equal(hear_close(&client), 1007);
    client_close(&client);
    assert_int_equal(counters->malformed, 2);

    client = open_socket(house);
    say(&client, "heartbeat", "{\"seq\":1}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);

    client = open_socket(house);
    say(&client, "node_announcement", "{\"protocol\":2,\"token\":\"x\",\"capabilities\":{}}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->protocol_errors, 2);

    client = join(house, NULL);
    say(&client, "task_response", "{\"attempt_id\":5}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(house->aways, 1);

    client = open_socket(house); /* raw rubbish instead of frames */
    client_send(&client, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    while (!client.ended)
        client_turn(&client);
    client_close(&client);
}

static void test_too_big(void **state)
{
    struct house *house = *state;
    static const unsigned char claims[] = {0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4, 5};
    struct client client = open_socket(house);
    unsigned char *large = calloc(1, 2 << 20);
    client_send_frame(&client, 1, 1, large, 2 << 20); /* nobody yet: 1 MiB is the limit */
    assert_int_equal(hear_close(&client), 1009);
    client_close(&client);

    client = join(house, NULL);
    client_send(&client, claims, sizeof claims);
    struct ws_message message;
    assert_int_equal(client_message(&client, &message), 0);
    assert_int_equal(message.opcode, 8);
    assert_int_equal(message.bytes[0] << 8 | message.bytes[1], 1009);
    message_clear(&message);
    client_close(&client);

    client = join(house, NULL); /* many fragments that add up */
    client_send_frame(&client, 2, 0, large, 2 << 20);
    for (int i = 0; i < 4; i++)
        client_send_frame(&client, 0, 0, large, 2 << 20);
    assert_int_equal(hear_close(&client), 1009);
    client_close(&client);
    free(large);
}

static void test_silence(void **state)
{
    struct house *house = *state;
    struct wi_config config = house->config;
    config.bridge.heartbeat_interval = 40;
    config.bridge.heartbeat_misses = 2;
    config.bridge.resume_grace = 60;
    wi_bridge_reload(house->bridge, &config);
    struct client client = join(house, NULL);
    json_t *beat = hear(&client, "heartbeat");
    char data[128];
    snprintf(data, sizeof data, "{\"seq\":1,\"reply_to\":\"%s\",\"busy_since_ms\":12}",
        json_string_value(json_object_get(beat, "id")));
    json_decref(beat);
    say(&client, "heartbeat", data);
    struct wi_node_state node = {0};
    while (node.rtt_ms == 0) {
        client_turn(&client);
        assert_int_equal(wi_bridge_node_state(house->bridge, house->node, &node), 0);
    }
    assert_true(node.busy_since_ms == 12);
    send_task(house, "att-1", NULL);
    send_task(house, "att-2", NULL);
    turn_until(&client, &house->aways, 1);
    turn_until(&client, &house->downs, 1);
    assert_string_equal(house->log, "lost-alone att-1;lost att-2;down;");
    assert_int_equal(wi_bridge_counters(house->bridge)->heartbeat_timeouts, 1);
    assert_int_equal(wi_bridge_node_state(house->bridge, house->node, &node), -1);
    client_close(&client);
}

static void test_cancel_and_drop(void **state)
{
    struct house *house = *state;
    struct client client = join(house, NULL);
    send_task(house, "att-1", NULL);
    send_task(house, "att-2", NULL);
    house->inside = 1;
    wi_bridge_cancel(house->bridge, house->node, "att-1", "deadline");
    enum wi_platform wasm = WI_WASM;
    assert_int_equal(wi_bridge_load(house->bridge, house->node, &test_model, &wasm, 1), WI_OK);
    assert_int_equal(wi_bridge_unload(house->bridge, house->node, "digits"), WI_OK);
    wi_bridge_drop(house->bridge, house->node, "being tested");
    house->inside = 0;
    assert_int_equal(house->downs, 0);
    assert_int_equal(send_task(house, "att-3", NULL), WI_NODE_NOT_FOUND);
    turn_until(&client, &house->downs, 1);
    assert_string_equal(house->log, "lost-alone att-2;down;");
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

static void test_supersede_and_flood(void **state)
{
    struct house *house = *state;
    struct client first = join(house, NULL), second = join(house, NULL);
    json_t *bye = hear(&first, "bye");
    assert_string_equal(text_of(bye, "code"), "superseded");
    json_decref(bye);
    assert_int_equal(house->downs, 1);
    assert_int_equal(house->ups, 2);
    client_close(&first);
    for (int i = 0; i < 2100; i++)
        say(&second, "something_new", "{}");
    assert_int_equal(hear_close(&second), 1008);
    client_close(&second);
}

static void test_reports(void **state)
{
    struct house *house = *state;
    struct client client = join(house, NULL);
    struct wi_node_state node;
    say(&client, "model_status", "{\"models\":[{\"name\":\"digits\",\"state\":\"loaded\"}]}");
    say(&client, "log", "{\"level\":\"info\",\"message\":\"hello\"}");
    say(&client, "capability_report",
        "{\"capabilities\":{\"browser\":{\"name\":\"c\"},"
        "\"platforms\":{},\"cross_origin_isolated\":false}}");
    while (wi_bridge_node(house->bridge, house->node)->isolated)
        client_turn(&client);
    wi_bridge_node_state(house->bridge, house->node, &node);
    assert_int_equal(json_array_size(node.models), 1);
    assert_false(wi_bridge_node(house->bridge, house->node)->platforms[WI_WASM].available);
    client_close(&client);
}

static void test_shutdown(void **state)
{
    struct house *house = *state;
    struct client client = join(house, NULL);
    send_task(house, "att-1", NULL);
    house->inside = 1;
    wi_bridge_close(house->bridge);
    json_t *bye = NULL;
    house->inside = 1; /* and no event later either */
    bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "code"), "shutdown");
    json_decref(bye);
    assert_int_equal(hear_close(&client), 1001);
    client_close(&client);
}

/* --- Files ----------------------------------------------------------------------------------- */

static void test_files(void **state)
{
    struct house *house = *state;
    struct client client = client_open(&house->loop, house->port);
    struct http_reply reply;
    char request[512], etag[80];

    assert_int_equal(client_request(&client, "GET / HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_string_equal((char *)reply.body, "<!doctype html>");
    assert_non_null(strstr(reply.head, "Cross-Origin-Opener-Policy: same-origin\r\n"));
    assert_non_null(strstr(reply.head, "Cross-Origin-Embedder-Policy: require-corp\r\n"));
    assert_non_null(strstr(reply.head, "'wasm-unsafe-eval'"));
    assert_non_null(strstr(reply.head, "Cache-Control: no-cache\r\n"));
    assert_non_null(strstr(reply.head, "Content-Type: text/html; charset=utf-8\r\n"));
    reply_clear(&reply);

    assert_int_equal(
        client_request(&client, "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 300000);
    for (size_t i = 0; i < reply.size; i++)
        if (reply.body[i] != pattern(i))
            fail_msg("byte %zu is wrong", i);
    assert_non_null(strstr(reply.head, "Content-Type: application/wasm\r\n"));
    assert_non_null(strstr(reply.head, "immutable"));
    assert_int_equal(sscanf(strstr(reply.head, "ETag: "), "ETag: %79s", etag), 1);
    assert_int_equal(etag[0], '"');
    reply_clear(&reply);

    snprintf(request, sizeof request,
        "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nIf-None-Match: \"x\", %s", etag);
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 304);
    reply_clear(&reply);

    assert_int_equal(
        client_request(&client,
            "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nRange: bytes=200000-200009", &reply),
        0);
    assert_int_equal(reply.status, 206);
    assert_int_equal(reply.size, 10);
    assert_int_equal(reply.body[9], pattern(200009));
    assert_non_null(strstr(reply.head, "Content-Range: bytes 200000-200009/300000\r\n"));
    reply_clear(&reply);
    assert_int_equal(
        client_request(
            &client, "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nRange: bytes=300000-", &reply),
        0);
    assert_int_equal(reply.status, 416);
    assert_non_null(strstr(reply.head, "Content-Range: bytes */300000\r\n"));
    reply_clear(&reply);
    assert_int_equal(client_request(&client, "HEAD /index.html HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Length: 15\r\n"));
    reply_clear(&reply);

    static const char *const missing[] = {"GET /passwd HTTP/1.1", "GET /.secret HTTP/1.1",
        "GET /../../etc/passwd HTTP/1.1", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
        "GET /assets HTTP/1.1", "GET /assets/ HTTP/1.1", "GET /nothing?x=1 HTTP/1.1"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_int_equal(client_request(&client, missing[i], &reply), 0);
        assert_int_equal(reply.status, 404);
        reply_clear(&reply);
    }
    client_close(&client);
    client = client_open(&house->loop, house->port);
    client_send(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", 52);
    assert_int_equal(client_reply(&client, 0, &reply), 0);
    assert_int_equal(reply.status, 405);
    assert_non_null(strstr(reply.head, "Allow: GET, HEAD\r\n"));
    reply_clear(&reply);
    client_close(&client);
}

static void test_model_files(void **state)
{
    struct house *house = *state;
    json_t *welcome;
    struct client node = join(house, &welcome), client = client_open(&house->loop, house->port);
    struct http_reply reply;
    char request[512];
    snprintf(request, sizeof request, "GET /models/digits/%s/model.onnx HTTP/1.1", test_model.hash);
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);
    strcat(request, "\r\nAuthorization: Bearer wi_wrong");
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);

    static const char *const files[] = {"model.onnx", "model.json", "other"};
    static const int statuses[] = {200, 200, 404}, lengths[] = {300000, 17, 0};
    for (int i = 0; i < 3; i++) {
        snprintf(request, sizeof request,
            "GET /models/digits/%s/%s HTTP/1.1\r\nAuthorization: Bearer %s", test_model.hash,
            files[i], text_of(welcome, "model_credential"));
        assert_int_equal(client_request(&client, request, &reply), 0);
        assert_int_equal(reply.status, statuses[i]);
        if (lengths[i])
            assert_int_equal(reply.size, lengths[i]);
        reply_clear(&reply);
    }
    assert_int_equal(model_references, 0);
    wi_bridge_drop(house->bridge, house->node, "test");
    turn_until(&node, &house->downs, 1);
    snprintf(request, sizeof request,
        "GET /models/digits/%s/model.onnx HTTP/1.1\r\nAuthorization: Bearer %s", test_model.hash,
        text_of(welcome, "model_credential"));
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);
    json_decref(welcome);
    client_close(&client);
    client_close(&node);
}

/* A client that leaves while its file is on the way, or never reads it, harms nothing. */
static void test_abandoned_file(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 8; i++) {
        struct client client = client_open(&house->loop, house->port);
        const char *text = "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nHost: h\r\n\r\n";
        client_send(&client, text, strlen(text));
        for (int turn = 0; turn < i; turn++)
            uv_run(&house->loop, UV_RUN_NOWAIT);
        client_close(&client);
    }
    struct client client = client_open(&house->loop, house->port);
    struct http_reply reply;
    assert_int_equal(client_request(&client, "GET / HTTP/1.1", &reply), 0);
    reply_clear(&reply);
    client_close(&client);
}

static void test_bad_start(void **state)
{
    struct house *house = *state;
    struct wi_bridge_events events = {0};
    struct wi_config config = house->config;
    struct wi_error error = {0};
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", house->port);
    config.bridge.listen = address;
    assert_null(
        wi_bridge_new(house->lws, &house->loop, NULL, &config, &house->budget, &events, &error));
    assert_string_equal(error.field, "bridge.listen");
    assert_non_null(strstr(error.detail, "in use"));
    config.bridge.listen = (char *)"127.0.0.1";
    assert_null(
        wi_bridge_new(house->lws, &house->loop, NULL, &config, &house->budget, &events, &error));
    config = house->config;
    config.bridge.page = (char *)"/nonexistent";
    assert_null(
        wi_bridge_new(house->lws, &house->loop, NULL, &config, &house->budget, &events, &error));
    assert_string_equal(error.field, "bridge.page");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_announce_and_task, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tensors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resume, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unwelcome, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_upgrades, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_big, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_and_drop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_supersede_and_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shutdown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_model_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_abandoned_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_start, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
