/* Tensors in pieces over a link, both ways: outlines, credit, memory, reconnecting, faults. */
#include "../../test.h"

#include "base/memory.h"
#include "fixture.h"
#include "nodes/bridge/link.h"
#include "nodes/node/pieces_in.h"
#include "nodes/node/pieces_out.h"

#define MIB (1024 * 1024)
#define AHEAD WI_PIECES_AHEAD

/* --- Nodes ----------------------------------------------------------------------------------- */

static struct client come_back(
    struct fixture *fixture, json_t **welcome, const char *running, const char *data)
{
    char who[512];
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[%s],\"unacknowledged\":[],"
        "\"data\":%s}",
        text_of(*welcome, "node"), text_of(*welcome, "resume_token"), running, data);
    json_decref(*welcome);
    announce(&client, who);
    *welcome = hear(&client, "welcome");
    return client;
}

static json_int_t integer_of(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(json_object_get(root, "data"), name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* A piece that comes: of which attempt, and from where. Its bytes are those of make_tensor. */
struct piece {
    char attempt[32];
    size_t tensor, position, size;
};

static struct piece hear_piece(struct client *client)
{
    struct ws_message message;
    struct piece piece = {0};
    assert_int_equal(client_message(client, &message), 0);
    assert_int_equal(message.opcode, 2);
    assert_true(message.size <= WI_FRAME_MAX_JOINED);
    struct wi_blob *blob = wi_blob_new(NULL, message.size);
    struct wi_frame frame;
    struct wi_error error;
    wi_blob_append(blob, message.bytes, message.size);
    message_clear(&message);
    assert_int_equal(wi_frame_parse(blob, 1, &frame, &error), WI_OK);
    assert_string_equal(frame.type, "task_data");
    snprintf(piece.attempt, sizeof piece.attempt, "%s", text_of(frame.root, "attempt_id"));
    piece.tensor = (size_t)integer_of(frame.root, "tensor");
    piece.position = (size_t)integer_of(frame.root, "position");
    assert_int_equal(frame.tensors.count, 1);
    assert_string_equal(frame.tensors.items[0].name, "piece");
    assert_int_equal(frame.tensors.items[0].datatype, WI_UINT8);
    piece.size = frame.tensors.items[0].size;
    const unsigned char *bytes = wi_tensor_bytes(&frame.tensors.items[0]);
    for (size_t i = 0; i < piece.size; i++)
        if (bytes[i] != pattern(piece.position + i))
            fail_msg("byte %zu is not what was sent", piece.position + i);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    return piece;
}

static void say_piece(
    struct client *client, const char *attempt, size_t tensor, size_t position, size_t size)
{
    struct wi_buffer out = {0};
    struct wi_tensors piece = make_tensor("piece", size);
    char *bytes = wi_alloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)pattern(position + i);
    wi_frame_begin(&out, 1, "task_data", 1);
    wi_buffer_printf(&out, ",\"data\":{\"attempt_id\":\"%s\",\"tensor\":%zu,\"position\":%zu,",
        attempt, tensor, position);
    wi_frame_tensors(&out, &piece);
    wi_buffer_puts(&out, "}");
    wi_frame_end(&out, 1);
    wi_buffer_add(&out, bytes, size);
    assert_int_equal(client_send_frame(client, 2, 1, out.text, out.size), 0);
    wi_buffer_clear(&out);
    wi_tensors_clear(&piece);
    free(bytes);
}

static void say_outline(struct client *client, const char *attempt, size_t bytes)
{
    char data[256];
    snprintf(data, sizeof data,
        "{\"attempt_id\":\"%s\",\"outline\":[{\"name\":\"y\",\"datatype\":\"UINT8\",\"shape\":"
        "[%zu],\"byte_length\":%zu}]}",
        attempt, bytes, bytes);
    say(client, "task_outline", data);
}

#define IN_PIECES(id)                                                                              \
    "{\"attempt_id\":\"" id "\",\"reply_to\":\"s-2\",\"ok\":true,\"executed_on\":{\"platform\":"   \
    "\"wasm\",\"engine\":\"ort\"},\"in_pieces\":true}"

static void expect_credit(struct client *client, const char *attempt, size_t bytes)
{
    json_t *credit = hear(client, "task_credit");
    assert_string_equal(text_of(credit, "attempt_id"), attempt);
    assert_int_equal(integer_of(credit, "data_bytes"), bytes);
    json_decref(credit);
}

static void send_and_hear(struct fixture *fixture, struct client *client, const char *attempt)
{
    assert_int_equal(send_task(fixture, attempt, NULL), WI_OK);
    json_decref(hear(client, "task_request"));
}

/* The attempt ended as a failure of the node's, which is told so. */
static void expect_fault(struct fixture *fixture, struct client *client, const char *detail)
{
    json_t *cancel = hear(client, "task_cancel");
    assert_string_equal(text_of(cancel, "reason"), "answer_invalid");
    json_decref(cancel);
    assert_int_equal(fixture->answers, 1);
    assert_false(fixture->answer.ok);
    assert_true(fixture->answer.retryable);
    if (!strstr(fixture->answer.error.detail, detail))
        fail_msg("it says: %s", fixture->answer.error.detail);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->bad_answers, 1);
}

/* --- To the node ----------------------------------------------------------------------------- */

FIXTURE(set_up_with_output, tear_down)

TEST(a_task_goes_in_pieces)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_int_equal(integer_of(welcome, "max_frame_bytes"), 8 * MIB);
    struct wi_tensors tensors = make_tensor("x", 9 * MIB);
    assert_int_equal(send_task(fixture, "att-1", &tensors), WI_OK);
    json_t *task = hear(&client, "task_request");
    const json_t *data = json_object_get(task, "data");
    assert_null(json_object_get(data, "tensors"));
    char *outline = json_dumps(json_object_get(data, "outline"), JSON_COMPACT);
    assert_string_equal(outline,
        "[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[9437184],\"byte_length\":9437184}]");
    free(outline);
    json_decref(task);
    size_t position = 0;
    while (position < 9 * MIB) {
        struct piece piece = hear_piece(&client);
        assert_string_equal(piece.attempt, "att-1");
        assert_int_equal(piece.tensor, 0);
        assert_int_equal(piece.position, position);
        position += piece.size;
    }
    assert_int_equal(position, 9 * MIB);
    assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    wi_tensors_clear(&tensors);
    json_decref(welcome);
    client_close(&client);
}

TEST(what_fits_goes_whole)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = make_tensor("x", 7 * MIB);
    struct ws_message message;
    assert_int_equal(send_task(fixture, "att-1", &tensors), WI_OK);
    assert_int_equal(client_message(&client, &message), 0);
    assert_int_equal(message.opcode, 2);
    assert_true(message.size > 7 * MIB);
    message_clear(&message);
    wi_tensors_clear(&tensors);
    client_close(&client);
}

TEST(small_tasks_pass_and_large_ones_take_turns)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = make_tensor("x", 20 * MIB);
    char last[32] = "";
    for (int i = 0; i < 30; i++) { /* 600 MB: the link is not full of them */
        char id[16];
        snprintf(id, sizeof id, "att-%d", i);
        assert_int_equal(send_task(fixture, id, &tensors), WI_OK);
    }
    for (int i = 0; i < 30; i++)
        json_decref(hear(&client, "task_request"));
    for (int i = 0; i < 30; i++) {
        struct piece piece = hear_piece(&client);
        assert_string_not_equal(piece.attempt, last);
        snprintf(last, sizeof last, "%s", piece.attempt);
    }
    assert_int_equal(send_task(fixture, "small", NULL), WI_OK);
    struct ws_message message;
    size_t before = 0;
    for (;;) {
        assert_int_equal(client_message(&client, &message), 0);
        int opcode = message.opcode;
        before += message.size;
        message_clear(&message);
        if (opcode == 1)
            break;
    }
    assert_true(before < 16 * MIB); /* what the sockets held already */
    wi_tensors_clear(&tensors);
    client_close(&client);
}

TEST(what_is_cancelled_is_not_sent)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_tensors tensors = make_tensor("x", 30 * MIB);
    assert_int_equal(send_task(fixture, "att-1", &tensors), WI_OK);
    wi_tensors_clear(&tensors);
    json_decref(hear(&client, "task_request"));
    hear_piece(&client);
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "cancelled");
    struct ws_message message;
    size_t sent = 0;
    for (;;) {
        assert_int_equal(client_message(&client, &message), 0);
        int opcode = message.opcode;
        sent += message.size;
        message_clear(&message);
        if (opcode == 1)
            break;
    }
    assert_true(sent < 16 * MIB);
    send_and_hear(fixture, &client, "att-2"); /* and no piece before it */
    client_close(&client);
}

TEST(a_task_goes_on_after_reconnecting)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    struct wi_tensors tensors = make_tensor("x", 20 * MIB);
    assert_int_equal(send_task(fixture, "att-1", &tensors), WI_OK);
    assert_int_equal(send_task(fixture, "att-2", &tensors), WI_OK);
    wi_tensors_clear(&tensors);
    client_close(&client);
    client = come_back(fixture, &welcome, "\"att-1\",\"att-2\"",
        "{\"att-1\":{\"tensor\":0,\"position\":20000000},\"gone\":{\"tensor\":0,\"position\":0}}");
    size_t position = 20000000;
    while (position < 20 * MIB) {
        struct piece piece = hear_piece(&client);
        assert_string_equal(piece.attempt, "att-1");
        assert_int_equal(piece.position, position);
        position += piece.size;
    }
    send_and_hear(fixture, &client, "att-3"); /* of att-2 nothing was wanted */
    json_decref(welcome);
    client_close(&client);
}

TEST(what_there_is_not_cannot_be_wanted)
{
    static const char *const wants[] = {"{\"att-1\":{\"tensor\":0,\"position\":10485760}}",
        "{\"att-1\":{\"tensor\":1,\"position\":0}}", "{\"att-1\":{\"tensor\":-1,\"position\":0}}",
        "{\"att-1\":7}", "{\"att-2\":{\"tensor\":0,\"position\":0}}"};
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        struct wi_tensors tensors = make_tensor("x", 10 * MIB);
        assert_int_equal(send_task(fixture, "att-1", &tensors), WI_OK);
        assert_int_equal(send_task(fixture, "att-2", NULL), WI_OK);
        wi_tensors_clear(&tensors);
        client_close(&client);
        fixture->log[0] = '\0';
        client = come_back(fixture, &welcome, "\"att-1\",\"att-2\"", wants[i]);
        assert_int_equal(hear_close(&client), WI_CLOSE_POLICY);
        /* The node would ask the same again: its attempts are not waited for. */
        assert_non_null(strstr(fixture->log, "lost att-1;"));
        assert_non_null(strstr(fixture->log, "lost att-2;"));
        client_close(&client);
        client = come_back(fixture, &welcome, "", "{}");
    }
    json_decref(welcome);
    client_close(&client);
}

/* --- From the node --------------------------------------------------------------------------- */

TEST(an_answer_comes_in_pieces)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    say_outline(&client, "att-1", 20 * MIB);
    expect_credit(&client, "att-1", AHEAD);
    assert_int_equal(fixture->accepted, 1);      /* the outline is a sign that it arrived */
    assert_true(fixture->budget.used < 4 * MIB); /* what may come now, not what was announced */
    for (size_t position = 0; position < 20 * MIB; position += MIB) {
        say_piece(&client, "att-1", 0, position, MIB);
        if (position + MIB + AHEAD <= 20 * MIB) /* so much more as has come */
            expect_credit(&client, "att-1", position + MIB + AHEAD);
    }
    say(&client, "task_response", IN_PIECES("att-1"));
    turn_until(&client, &fixture->answers, 1);
    assert_true(fixture->answer.ok);
    assert_int_equal(fixture->answer.outputs.count, 1);
    const struct wi_tensor *y = fixture->answer.outputs.items;
    assert_string_equal(y->name, "y");
    assert_int_equal(y->size, 20 * MIB);
    for (size_t i = 0; i < y->size; i++)
        if (wi_tensor_bytes(y)[i] != pattern(i))
            fail_msg("byte %zu is not what was sent", i);
    json_t *ack = hear(&client, "task_ack"); /* at once, so that the node need not keep it */
    json_decref(ack);
    client_close(&client);
}

/* An answer to the task in pieces of one byte less than there are. */
static void expect_answer_in_pieces(struct fixture *fixture, struct client *client,
    enum wi_task_kind kind, const char *outline, size_t bytes, const char *result)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&test_model), .task = kind,
        .input = json_pack("{s:[s]}", "texts", "a"), .options = json_object());
    struct wi_task task = {.attempt_id = wi_task_name(kind),
        .job_id = "job-1",
        .asked = asked,
        .platforms = {WI_WASM},
        .platform_count = 1,
        .deadline_ms = 1000};
    char data[512];
    int answers = fixture->answers;
    assert_int_equal(wi_bridge_send_task(fixture->bridge, fixture->node, &task, NULL), WI_OK);
    json_decref(hear(client, "task_request"));
    snprintf(data, sizeof data, "{\"attempt_id\":\"%s\",\"outline\":[%s,\"byte_length\":%zu}]}",
        task.attempt_id, outline, bytes);
    say(client, "task_outline", data);
    expect_credit(client, task.attempt_id, bytes);
    say_piece(client, task.attempt_id, 0, 0, bytes - 1);
    say_piece(client, task.attempt_id, 0, bytes - 1, 1);
    snprintf(data, sizeof data,
        "{\"attempt_id\":\"%s\",\"ok\":true,\"executed_on\":{\"platform\":\"wasm\"},"
        "\"in_pieces\":true,\"result\":%s}",
        task.attempt_id, result);
    say(client, "task_response", data);
    turn_until(client, &fixture->answers, answers + 1);
    if (!fixture->answer.ok)
        fail_msg("%s: %s", task.attempt_id, fixture->answer.error.detail);
    assert_int_equal(wi_tensors_bytes(&fixture->answer.outputs), bytes);
    wi_inference_release(asked);
}

TEST(answers_of_all_tasks_come_in_pieces)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    const char *vectors = "{\"name\":\"embeddings\",\"datatype\":\"FP32\",\"shape\":[1,40000]";
    expect_answer_in_pieces(fixture, &client, WI_TASK_EMBED, vectors, 160000, "null");
    expect_answer_in_pieces(fixture, &client, WI_TASK_IMAGE_FEATURES, vectors, 160000, "null");
    expect_answer_in_pieces(fixture, &client, WI_TASK_IMAGE_SEGMENTATION,
        "{\"name\":\"mask_0\",\"datatype\":\"UINT8\",\"shape\":[300000]", 300000,
        "{\"segments\":[{\"label\":\"sky\",\"score\":0.5,\"mask\":\"mask_0\"}]}");
    expect_answer_in_pieces(fixture, &client, WI_TASK_DEPTH_ESTIMATION,
        "{\"name\":\"depth\",\"datatype\":\"UINT8\",\"shape\":[300000]", 300000, "null");
    expect_answer_in_pieces(fixture, &client, WI_TASK_TEXT_TO_SPEECH,
        "{\"name\":\"audio\",\"datatype\":\"UINT8\",\"shape\":[400000]", 400000,
        "{\"sampling_rate\":16000,\"duration\":12.5}");
    client_close(&client);
}

TEST(an_answer_too_large_is_refused_by_its_outline)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    say_outline(&client, "att-1", 32 * MIB + 1);
    json_t *cancel = hear(&client, "task_cancel");
    assert_string_equal(text_of(cancel, "attempt_id"), "att-1");
    assert_string_equal(text_of(cancel, "reason"), "answer_too_large");
    json_decref(cancel);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->answer.error.code, WI_ANSWER_TOO_LARGE);
    assert_false(fixture->answer.retryable);
    assert_non_null(strstr(fixture->answer.error.detail, "33554433 bytes"));
    assert_string_equal(fixture->answer.error.expected, "at most 33554432 bytes");
    client_close(&client);
}

/* Memory is charged as it comes: announcing costs nobody else anything. */
TEST(outlines_hold_no_memory)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    send_and_hear(fixture, &client, "att-2");
    send_and_hear(fixture, &client, "att-3");
    say_outline(&client, "att-1", 32 * MIB); /* of 64 in all */
    expect_credit(&client, "att-1", AHEAD);
    say_piece(&client, "att-1", 0, 0, 1);
    say_outline(&client, "att-2", 32 * MIB);
    expect_credit(&client, "att-2", AHEAD);
    say_piece(&client, "att-2", 0, 0, 1);
    say_outline(&client, "att-3", 32 * MIB); /* it is heard after those bytes */
    expect_credit(&client, "att-3", AHEAD);
    assert_true(fixture->budget.used < 8 * MIB);
    client_close(&client);
}

/* None waits for another; where several could go on, those that lack the least do. */
TEST(the_smallest_that_waits_goes_first)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    send_and_hear(fixture, &client, "att-2");
    send_and_hear(fixture, &client, "att-3");
    fixture->budget.limit = 8 * MIB;
    wi_budget_force(&fixture->budget, 15 * MIB / 2); /* others hold nearly all */
    say_outline(&client, "att-1", 6 * MIB);
    say_outline(&client, "att-2", 2 * MIB);
    say_outline(&client, "att-3", MIB / 4); /* in the node's share */
    expect_credit(&client, "att-3", MIB / 4);
    wi_budget_give(&fixture->budget, 3 * MIB); /* for the second, not for both */
    expect_credit(&client, "att-2", 2 * MIB);
    send_and_hear(fixture, &client, "att-4"); /* and no credit before it */
    wi_budget_give(&fixture->budget, 9 * MIB / 2);
    expect_credit(&client, "att-1", AHEAD);
    client_close(&client);
}

/* Two that do not fit together come one after the other, though both have begun. */
TEST(answers_do_not_wait_for_each_other)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    size_t sent[2] = {0}, granted[2] = {AHEAD, AHEAD}, whole = 10 * MIB;
    const char *const ids[] = {"att-1", "att-2"};
    fixture->budget.limit = 16 * MIB;
    for (int i = 0; i < 2; i++) {
        send_and_hear(fixture, &client, ids[i]);
        say_outline(&client, ids[i], whole);
        expect_credit(&client, ids[i], AHEAD);
    }
    while (fixture->answers < 2) {
        for (int i = 0; i < 2; i++)
            for (; sent[i] < granted[i] && sent[i] < whole; sent[i] += MIB / 4)
                say_piece(&client, ids[i], 0, sent[i], MIB / 4);
        for (int i = 0; i < 2; i++) {
            if (sent[i] != whole || granted[i] > whole)
                continue;
            granted[i]++; /* said once */
            say(&client, "task_response", i ? IN_PIECES("att-2") : IN_PIECES("att-1"));
            turn_until(&client, &fixture->answers, fixture->answers + 1);
            assert_true(fixture->answer.ok);
            answer_clear(fixture); /* its memory is free again */
            json_decref(hear(&client, "task_ack"));
        }
        if (fixture->answers == 2)
            break;
        json_t *credit = hear(&client, "task_credit");
        int which = strcmp(text_of(credit, "attempt_id"), ids[1]) == 0;
        granted[which] = (size_t)integer_of(credit, "data_bytes");
        json_decref(credit);
    }
    client_close(&client);
}

TEST(an_answer_goes_on_after_reconnecting)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    send_and_hear(fixture, &client, "att-1");
    send_and_hear(fixture, &client, "att-2");
    say_outline(&client, "att-1", 3 * MIB);
    expect_credit(&client, "att-1", AHEAD);
    say_piece(&client, "att-1", 0, 0, MIB);
    expect_credit(&client, "att-1", 3 * MIB);
    say_outline(&client, "att-2", 62 * MIB); /* refused: it ends, and is not named below */
    json_decref(hear(&client, "task_cancel"));
    client_close(&client);
    client = come_back(fixture, &welcome, "\"att-1\"", "{}");
    char *data = json_dumps(
        json_object_get(json_object_get(welcome, "data"), "data"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(data, "{\"att-1\":{\"position\":1048576,\"tensor\":0}}");
    free(data);
    expect_credit(&client, "att-1", 3 * MIB);
    say_piece(&client, "att-1", 0, MIB, 2 * MIB);
    send_and_hear(fixture, &client, "att-3");
    say_outline(&client, "att-3", 62 * MIB); /* behind it, so that it has come */
    json_decref(hear(&client, "task_cancel"));
    client_close(&client); /* and the end is lost */
    client = come_back(fixture, &welcome, "\"att-1\"", "{}");
    data = json_dumps(
        json_object_get(json_object_get(welcome, "data"), "data"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(data, "{\"att-1\":{\"position\":0,\"tensor\":1}}");
    free(data);
    expect_credit(&client, "att-1", 3 * MIB);
    say(&client, "task_response", IN_PIECES("att-1"));
    turn_until(&client, &fixture->answers, 3);
    assert_true(fixture->answer.ok);
    assert_int_equal(wi_tensors_bytes(&fixture->answer.outputs), 3 * MIB);
    json_decref(welcome);
    client_close(&client);
}

/* An outline without credit is forgotten with its link: the node sends it again. */
TEST(an_outline_without_memory_comes_again)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    send_and_hear(fixture, &client, "att-1");
    fixture->budget.limit = MIB;
    say_outline(&client, "att-1", 2 * MIB);
    send_and_hear(fixture, &client, "att-2");
    client_close(&client);
    client = come_back(fixture, &welcome, "\"att-1\",\"att-2\"", "{}");
    assert_int_equal(
        json_object_size(json_object_get(json_object_get(welcome, "data"), "data")), 0);
    say_outline(&client, "att-1", 2 * MIB);
    fixture->budget.limit = 64 * MIB;
    expect_credit(&client, "att-1", 2 * MIB);
    json_decref(welcome);
    client_close(&client);
}

/* --- Faults ---------------------------------------------------------------------------------- */

static void expect_fault_after(
    struct fixture *fixture, void (*sin)(struct client *), const char *detail)
{
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    sin(&client);
    expect_fault(fixture, &client, detail);
    say_piece(&client, "att-1", 0, 0, 10); /* what is on its way still is dropped */
    send_and_hear(fixture, &client, "att-2");
    client_close(&client);
}

static void skip_bytes(struct client *client)
{
    say_outline(client, "att-1", MIB);
    expect_credit(client, "att-1", MIB);
    say_piece(client, "att-1", 0, 10, 10);
}

static void send_too_much(struct client *client)
{
    say_outline(client, "att-1", 100);
    expect_credit(client, "att-1", 100);
    say_piece(client, "att-1", 0, 0, 101);
}

static void send_without_credit(struct client *client)
{
    say_outline(client, "att-1", 4 * MIB);
    expect_credit(client, "att-1", AHEAD);
    say_piece(client, "att-1", 0, 0, AHEAD + 1);
}

static void send_without_outline(struct client *client)
{
    say_piece(client, "att-1", 0, 0, 10);
}

static void outline_twice(struct client *client)
{
    say_outline(client, "att-1", 100);
    expect_credit(client, "att-1", 100);
    say_outline(client, "att-1", 100);
}

static void contradict_itself(struct client *client)
{
    say(client, "task_outline",
        "{\"attempt_id\":\"att-1\",\"outline\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[3]"
        ","
        "\"byte_length\":13}]}");
}

TEST(bytes_are_not_left_out)
{
    expect_fault_after(*state, skip_bytes, "tensor 0 from byte 0 was next");
}

TEST(there_are_not_too_many_bytes)
{
    expect_fault_after(
        *state, send_too_much, "task_data has 101 bytes, and there is credit for 100");
}

TEST(pieces_need_credit)
{
    expect_fault_after(*state, send_without_credit, "there is credit for 2097152");
}

TEST(pieces_need_an_outline)
{
    expect_fault_after(*state, send_without_outline, "without a task_outline");
}

TEST(there_is_one_outline)
{
    expect_fault_after(*state, outline_twice, "a second outline");
}

TEST(an_outline_says_one_thing)
{
    expect_fault_after(*state, contradict_itself, "data.outline[0].byte_length is 13");
}

TEST(an_answer_ends_when_all_is_there)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_and_hear(fixture, &client, "att-1");
    say_outline(&client, "att-1", 100);
    expect_credit(&client, "att-1", 100);
    say_piece(&client, "att-1", 0, 0, 99);
    say(&client, "task_response", IN_PIECES("att-1"));
    turn_until(&client, &fixture->answers, 1);
    assert_false(fixture->answer.ok);
    assert_true(fixture->answer.retryable);
    assert_non_null(strstr(fixture->answer.error.detail, "ended at tensor 0, byte 99"));
    client_close(&client);
}

/* Memory is not held for one who sends a byte now and then. */
TEST(an_answer_keeps_a_pace)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    fixture->config.bridge.heartbeat_interval = 100; /* its own heartbeats stay what they were */
    fixture->config.bridge.heartbeat_misses = 1;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    send_and_hear(fixture, &client, "att-1");
    send_and_hear(fixture, &client, "att-2");
    say_outline(&client, "att-2", AHEAD); /* this one keeps it */
    expect_credit(&client, "att-2", AHEAD);
    say_outline(&client, "att-1", MIB);
    double began = client_now(), sent = 0;
    expect_credit(&client, "att-1", MIB);
    size_t position = 0;
    while (!fixture->answers && client_now() - began < CLIENT_PATIENCE_MS) {
        if (client_now() - sent >= 20) {
            sent = client_now();
            say_piece(&client, "att-1", 0, position, 1);
            say_piece(&client, "att-2", 0, position++ * 4096, 4096);
        }
        client_turn(&client);
    }
    assert_true(client_now() - began >= 200);
    expect_fault(fixture, &client, "it arrived too slowly after tensor 0, byte ");
    assert_string_equal(fixture->log, "answer att-1;");
    client_close(&client);
}

/* What has come meanwhile is read first. */
TEST(a_service_that_stood_still_blames_nobody)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    fixture->config.bridge.heartbeat_interval = 100;
    fixture->config.bridge.heartbeat_misses = 1;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    send_and_hear(fixture, &client, "att-1");
    say_outline(&client, "att-1", 30);
    expect_credit(&client, "att-1", 30);
    say_piece(&client, "att-1", 0, 0, 30);
    say(&client, "task_response", IN_PIECES("att-1"));
    nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
    turn_until(&client, &fixture->answers, 1);
    assert_true(fixture->answer.ok);
    client_close(&client);
}

TEST(who_names_no_attempt_is_cut)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    say(&client, "task_outline", "{\"outline\":[]}");
    assert_int_equal(hear_close(&client), WI_CLOSE_POLICY);
    client_close(&client);
}
