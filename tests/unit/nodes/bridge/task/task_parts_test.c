/* Streams at the bridge: parts up, credit down, and what happens to both when a socket drops. */
#include "../fixture.h"
#include "base/clock.h"

#define PARTS_CAPABILITIES                                                                         \
    "{\"browser\":{\"name\":\"program\"},\"cross_origin_isolated\":false,"                         \
    "\"platforms\":{\"wasm\":{\"available\":true}},\"engine_info\":{\"builtin\":{\"slots\":4,"     \
    "\"queue\":0,\"can\":[\"continue\"]}}}"

/* --- helpers --------------------------------------------------------------------------------- */

static struct client announce_parts(struct fixture *fixture, const char *who, json_t **welcome)
{
    char data[1024];
    struct client client = open_socket(fixture);
    snprintf(data, sizeof data, "{\"protocol\":1,%s,\"capabilities\":" PARTS_CAPABILITIES "}", who);
    say(&client, "node_announcement", data);
    *welcome = hear(&client, "welcome");
    return client;
}

static struct client join_parts(struct fixture *fixture, json_t **welcome)
{
    char token[WI_TOKEN_SIZE], who[128];
    json_t *heard = NULL;
    wi_bridge_expect(fixture->bridge, "session-1", "chrome", "", "", 60000, token);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    struct client client = announce_parts(fixture, who, &heard);
    if (welcome)
        *welcome = heard;
    else
        json_decref(heard);
    return client;
}

/* Comes back with what `welcome` said; `lists` are the members of resume beside the token. */
static struct client come_back(
    struct fixture *fixture, const json_t *welcome, const char *lists, json_t **again)
{
    char who[512];
    snprintf(who, sizeof who, "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",%s}",
        text_of(welcome, "node"), text_of(welcome, "resume_token"), lists);
    return announce_parts(fixture, who, again);
}

static enum wi_code send_stream(
    struct fixture *fixture, const char *attempt_id, const struct wi_continuation *from)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&test_model), .stream = 1);
    struct wi_task task = {.attempt_id = attempt_id,
        .job_id = "job-1",
        .asked = asked,
        .platforms = {WI_WASM},
        .platform_count = 1,
        .deadline_ms = 1000,
        .from = from};
    fixture->inside = 1;
    enum wi_code code = wi_bridge_send_task(fixture->bridge, fixture->node, &task, NULL);
    fixture->inside = 0;
    wi_inference_release(asked);
    return code;
}

static void grant(struct fixture *fixture, const char *attempt_id, uint64_t parts, uint64_t bytes)
{
    fixture->inside = 1;
    wi_bridge_credit(fixture->bridge, fixture->node, attempt_id, &(struct wi_credit){parts, bytes});
    fixture->inside = 0;
}

static void say_part(struct client *client, const char *attempt_id, int seq)
{
    char data[160];
    snprintf(data, sizeof data, "{\"attempt_id\":\"%s\",\"seq\":%d,\"index\":0,\"text\":\"t%d\"}",
        attempt_id, seq, seq);
    say(client, "task_part", data);
}

static void say_end(struct client *client, const char *attempt_id, int parts)
{
    char data[320];
    snprintf(data, sizeof data,
        "{\"attempt_id\":\"%s\",\"ok\":true,\"parts\":%d,\"executed_on\":{\"platform\":\"wasm\"},"
        "\"performance\":{\"inference_ms\":5,\"waited_for_client_ms\":2.5,\"gpu_ms\":0}}",
        attempt_id, parts);
    say(client, "task_response", data);
}

static json_t *data_of(const json_t *root, const char *member)
{
    return json_object_get(json_object_get(root, "data"), member);
}

/* Hears acknowledgements until one says so of the attempt's parts. */
static void hear_part_ack(struct client *client, const char *attempt_id, json_int_t seq)
{
    for (json_int_t heard = -1; heard != seq;) {
        json_t *ack = hear(client, "task_ack");
        const json_t *value = json_object_get(data_of(ack, "parts"), attempt_id);
        heard = value ? json_integer_value(value) : -1;
        assert_true(heard <= seq);
        json_decref(ack);
    }
}

static const struct wi_bridge_counters *counters(const struct fixture *fixture)
{
    return wi_bridge_counters(fixture->bridge);
}

/* --- the way of a stream --------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(parts_go_up_in_order_and_are_acknowledged)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join_parts(fixture, &welcome);
    assert_int_equal(
        json_integer_value(json_object_get(data_of(welcome, "initial_credit"), "parts")),
        WI_CREDIT_PARTS);
    assert_int_equal(
        json_integer_value(json_object_get(data_of(welcome, "initial_credit"), "bytes")),
        WI_CREDIT_BYTES);
    json_decref(welcome);
    assert_int_equal(send_stream(fixture, "att-1", NULL), WI_OK);
    json_t *task = hear(&client, "task_request");
    assert_true(json_is_true(data_of(task, "stream")));
    assert_null(data_of(task, "continue"));
    json_decref(task);
    for (int i = 0; i < 3; i++)
        say_part(&client, "att-1", i);
    hear_part_ack(&client, "att-1", 3);
    say_end(&client, "att-1", 3);
    turn_until(&client, &fixture->answers, 1);
    assert_string_equal(
        fixture->log, "part att-1/0 t0;part att-1/1 t1;part att-1/2 t2;answer att-1;");
    assert_true(fixture->answer.ok);
    assert_int_equal(fixture->answer.parts, 3);
    assert_true(fixture->answer.waited_for_client_ms == 2.5);
    assert_true(fixture->answer.gpu_ms == 0);
    assert_int_equal(counters(fixture)->parts, 3);
    client_close(&client);
}

/* What a stream has made goes as tensors, however short it is. */
TEST(an_attempt_goes_on_where_another_came_to)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    json_t *tokens = json_pack("[i, i]", 7, 9);
    json_t *answers = json_pack(
        "[{s:i,s:i},{s:i,s:i}]", "text_bytes", 1, "tokens", 2, "text_bytes", 2, "tokens", 0);
    const struct wi_continuation from = {
        .seq = 2, .text = "a\"b and more", .text_length = 3, .tokens = tokens, .answers = answers};
    assert_int_equal(send_stream(fixture, "att-1", &from), WI_OK);
    struct ws_message message;
    assert_int_equal(client_message(&client, &message), 0);
    assert_int_equal(message.opcode, 2);
    json_t *task =
        json_loadb((char *)message.bytes + 4, message.size - 4, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *said = json_pack("{s:i, s:{s:i}, s:{s:i}, s:o}", "seq", 2, "text", "tensor", 0,
        "tokens", "tensor", 1, "answers", answers);
    assert_true(json_equal(data_of(task, "continue"), said));
    static const int64_t expected[] = {7, 9};
    const unsigned char *section = message.bytes + message.size - sizeof expected - 8;
    assert_memory_equal(section, "a\"b\0\0\0\0\0", 8);
    assert_memory_equal(section + 8, expected, sizeof expected);
    message_clear(&message);
    json_decref(task);
    json_decref(said);
    json_decref(tokens);
    say_part(&client, "att-1", 2);
    say_end(&client, "att-1", 3);
    turn_until(&client, &fixture->answers, 1);
    assert_string_equal(fixture->log, "part att-1/2 t2;answer att-1;");
    assert_int_equal(fixture->answer.parts, 3);
    client_close(&client);
}

/* --- credit ---------------------------------------------------------------------------------- */

TEST(credit_is_sent_where_it_is_more)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    send_task(fixture, "att-2", NULL);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_request"));
    grant(fixture, "att-1", 1, 1);          /* less than at first */
    grant(fixture, "att-2", 1000, 1000000); /* no stream */
    grant(fixture, "att-9", 1000, 1000000); /* nobody's */
    grant(fixture, "att-1", 40, 70000);
    grant(fixture, "att-1", 41, 5);
    static const struct wi_credit expected[] = {{40, 70000}, {41, 70000}};
    for (size_t i = 0; i < 2; i++) {
        json_t *credit = hear(&client, "task_credit");
        assert_string_equal(text_of(credit, "attempt_id"), "att-1");
        assert_int_equal(json_integer_value(data_of(credit, "parts")), expected[i].parts);
        assert_int_equal(json_integer_value(data_of(credit, "bytes")), expected[i].bytes);
        json_decref(credit);
    }
    client_close(&client);
}

static void grant_ten_more(struct fixture *fixture, const char *attempt_id)
{
    if (fixture->parts == WI_CREDIT_PARTS)
        wi_bridge_credit(fixture->bridge, fixture->node, attempt_id,
            &(struct wi_credit){WI_CREDIT_PARTS + 10, WI_CREDIT_BYTES});
}

TEST(credit_may_be_granted_from_inside_the_event)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    fixture->on_part = grant_ten_more;
    for (int i = 0; i < WI_CREDIT_PARTS + 10; i++) {
        fixture->log[0] = '\0';
        say_part(&client, "att-1", i);
        turn_until(&client, &fixture->parts, i + 1);
    }
    assert_int_equal(fixture->answers, 0);
    client_close(&client);
}

/* --- faults ---------------------------------------------------------------------------------- */

/* The attempt ends as one whose answer cannot be used, the node is told and stays. */
static void expect_end(struct fixture *fixture, struct client *client, const char *why)
{
    turn_until(client, &fixture->answers, 1);
    assert_false(fixture->answer.ok);
    assert_true(fixture->answer.retryable);
    assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
    if (!strstr(fixture->answer.error.detail, why))
        fail_msg("\"%s\" is not in \"%s\"", why, fixture->answer.error.detail);
    assert_int_equal(counters(fixture)->bad_answers, 1);
    for (;;) {
        struct ws_message message;
        assert_int_equal(client_message(client, &message), 0);
        json_t *root = json_loadb((char *)message.bytes, message.size, 0, NULL);
        int cancels = strcmp(json_string_value(json_object_get(root, "type")), "task_cancel") == 0;
        if (cancels)
            assert_string_equal(text_of(root, "attempt_id"), "att-1");
        message_clear(&message);
        json_decref(root);
        if (cancels)
            break;
    }
    assert_int_equal(fixture->aways, 0);
}

TEST(a_gap_ends_the_attempt)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    say_part(&client, "att-1", 0);
    say_part(&client, "att-1", 2);
    say_part(&client, "att-1", 3); /* on its way meanwhile */
    expect_end(fixture, &client, "part 2 came where 1 was due");
    hear_part_ack(&client, "att-1", 4);
    assert_int_equal(fixture->answer.parts, 1);
    assert_int_equal(counters(fixture)->parts, 1);
    assert_int_equal(counters(fixture)->parts_stale, 1);
    client_close(&client);
}

TEST(a_part_beyond_the_credit_ends_the_attempt)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    for (int i = 0; i <= WI_CREDIT_PARTS; i++)
        say_part(&client, "att-1", i);
    expect_end(fixture, &client, "beyond the credit of 32 parts");
    assert_int_equal(fixture->parts, WI_CREDIT_PARTS);
    client_close(&client);
}

TEST(a_part_too_large_ends_the_attempt)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    size_t size = WI_PART_MAX + 1;
    char *data = malloc(size + 128);
    int at = sprintf(data, "{\"attempt_id\":\"att-1\",\"seq\":0,\"text\":\"");
    memset(data + at, 'x', size);
    strcpy(data + at + size, "\"}");
    send_stream(fixture, "att-1", NULL);
    say(&client, "task_part", data);
    expect_end(fixture, &client, "64001");
    free(data);
    client_close(&client);
}

TEST(a_part_of_no_stream_ends_the_attempt)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    say_part(&client, "att-1", 0);
    expect_end(fixture, &client, "no stream was asked for");
    assert_int_equal(fixture->parts, 0);
    client_close(&client);
}

TEST(a_part_of_a_wrong_kind_ends_the_attempt)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    say(&client, "task_part", "{\"attempt_id\":\"att-1\",\"seq\":0,\"tokens\":[\"1\"]}");
    expect_end(fixture, &client, "data.tokens[0] must be an integer");
    client_close(&client);
}

TEST(a_part_that_names_no_attempt_closes_the_connection)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    say(&client, "task_part", "{\"attempt_id\":7,\"seq\":0}");
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(counters(fixture)->protocol_errors, 1);
    client_close(&client);
}

TEST(an_end_that_counts_otherwise_is_not_believed)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    say_part(&client, "att-1", 0);
    say_end(&client, "att-1", 2);
    turn_until(&client, &fixture->answers, 1);
    assert_false(fixture->answer.ok);
    assert_true(fixture->answer.retryable);
    assert_int_equal(fixture->answer.parts, 1);
    assert_int_equal(counters(fixture)->bad_answers, 1);
    client_close(&client);
}

/* --- parts of attempts that have ended ------------------------------------------------------- */

TEST(stale_parts_are_dropped_counted_and_acknowledged)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    say_part(&client, "att-1", 0);
    turn_until(&client, &fixture->parts, 1);
    fixture->inside = 1;
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "client gone");
    fixture->inside = 0;
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_cancel"));
    say_part(&client, "att-1", 1);
    say_part(&client, "att-1", 2);
    say(&client, "task_part", "{\"attempt_id\":\"att-1\",\"seq\":\"x\"}");
    hear_part_ack(&client, "att-1", 3);
    assert_int_equal(fixture->parts, 1);
    assert_int_equal(counters(fixture)->parts_stale, 3);
    client_close(&client);
}

/* Parts belong to attempts: however many come in a second, the node stays. */
TEST(parts_are_no_loose_messages)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    grant(fixture, "att-1", 5000, 1000000);
    for (int i = 0; i < 2500; i++) {
        say_part(&client, "att-1", i);
        fixture->log[0] = '\0';
    }
    turn_until(&client, &fixture->parts, 2500);
    fixture->inside = 1;
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "client gone");
    fixture->inside = 0;
    for (int i = 2500; i < 4999; i++)
        say_part(&client, "att-1", i);
    uint64_t stale = 0;
    for (double until = client_now() + CLIENT_PATIENCE_MS; stale < 2499 && client_now() < until;
         stale = counters(fixture)->parts_stale)
        client_turn(&client);
    assert_int_equal(stale, 2499);
    assert_int_equal(fixture->aways, 0);
    client_close(&client);
}

TEST(parts_of_attempts_that_never_were_are_a_flood)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    for (int i = 0; i < 2100; i++)
        say_part(&client, "att-9", i);
    turn_until(&client, &fixture->aways, 1);
    client_close(&client);
}

/* --- reconnecting ---------------------------------------------------------------------------- */

static json_int_t at(const json_t *welcome, const char *member, const char *attempt_id)
{
    const json_t *value = json_object_get(data_of(welcome, member), attempt_id);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

TEST(a_stream_goes_on_over_a_reconnect)
{
    struct fixture *fixture = *state;
    json_t *welcome, *again;
    struct client client = join_parts(fixture, &welcome);
    send_stream(fixture, "att-1", NULL);
    send_stream(fixture, "att-2", NULL);
    send_task(fixture, "att-3", NULL);
    say_part(&client, "att-1", 0);
    say_part(&client, "att-1", 1);
    turn_until(&client, &fixture->parts, 2);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    grant(fixture, "att-1", 50, 90000); /* while it is away */
    client = come_back(fixture, welcome,
        "\"running\":[\"att-1\",\"att-3\"],\"unacknowledged\":[\"att-2\"],"
        "\"next\":{\"att-1\":4,\"att-2\":0,\"att-9\":4}",
        &again);
    assert_int_equal(at(again, "next", "att-1"), 2);
    assert_int_equal(at(again, "next", "att-2"), 0);
    assert_int_equal(json_object_size(data_of(again, "next")), 2);
    const json_t *credit = json_object_get(data_of(again, "credit"), "att-1");
    assert_int_equal(json_integer_value(json_object_get(credit, "parts")), 50);
    assert_int_equal(json_integer_value(json_object_get(credit, "bytes")), 90000);
    assert_int_equal(json_object_size(data_of(again, "credit")), 2);
    assert_int_equal(json_array_size(data_of(again, "cancel")), 0);
    say_part(&client, "att-1", 1); /* again, although it need not be */
    say_part(&client, "att-1", 2);
    say_end(&client, "att-1", 3);
    turn_until(&client, &fixture->answers, 1);
    assert_true(fixture->answer.ok);
    assert_string_equal(
        fixture->log, "part att-1/0 t0;part att-1/1 t1;part att-1/2 t2;answer att-1;");
    assert_int_equal(counters(fixture)->parts_repeated, 1);
    json_decref(welcome);
    json_decref(again);
    client_close(&client);
}

TEST(a_stream_that_has_begun_again_is_lost)
{
    struct fixture *fixture = *state;
    json_t *welcome, *again;
    struct client client = join_parts(fixture, &welcome);
    send_stream(fixture, "att-1", NULL);
    say_part(&client, "att-1", 0);
    turn_until(&client, &fixture->parts, 1);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    client = come_back(fixture, welcome,
        "\"running\":[\"att-1\"],\"unacknowledged\":[],\"next\":{\"att-1\":0}", &again);
    assert_string_equal(json_string_value(json_array_get(data_of(again, "cancel"), 0)), "att-1");
    assert_int_equal(json_object_size(data_of(again, "next")), 0);
    assert_string_equal(fixture->log, "part att-1/0 t0;lost att-1;");
    json_decref(welcome);
    json_decref(again);
    client_close(&client);
}

TEST(a_resume_says_well_where_it_is)
{
    struct fixture *fixture = *state;
    static const char *const rows[] = {"[]", "{\"a\":\"1\"}", "{\"a\":-1}", "{\"a\":1.5}"};
    json_t *welcome;
    struct client client = join_parts(fixture, &welcome);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char data[1024];
        struct client other = open_socket(fixture);
        snprintf(data, sizeof data,
            "{\"protocol\":1,\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],"
            "\"unacknowledged\":[],\"next\":%s},\"capabilities\":" PARTS_CAPABILITIES "}",
            text_of(welcome, "node"), text_of(welcome, "resume_token"), rows[i]);
        say(&other, "node_announcement", data);
        assert_int_equal(hear_close(&other), 1008);
        client_close(&other);
    }
    json_decref(welcome);
    client_close(&client);
}

/* --- progress -------------------------------------------------------------------------------- */

TEST(progress_goes_up_now_and_then)
{
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    double began = wi_now_ms();
    say(&client, "task_progress",
        "{\"attempt_id\":\"att-1\",\"phase\":\"load\\ning\",\"loaded_bytes\":1,\"total_bytes\":2}");
    say(&client, "task_progress", "{\"attempt_id\":\"att-1\",\"phase\":\"prompt\"}");
    say(&client, "task_progress", "{\"attempt_id\":\"att-9\",\"phase\":\"prompt\"}");
    say_part(&client, "att-1", 0);
    turn_until(&client, &fixture->parts, 1);
    /* Once every 200 ms; between two messages a busy machine may let more than that pass. */
    assert_in_range(fixture->progresses, 1, 1 + (unsigned)((wi_now_ms() - began) / 200));
    assert_null(strchr(fixture->log, '\n'));
    say(&client, "task_progress", "{\"attempt_id\":\"att-1\",\"phase\":7}");
    turn_until(&client, &fixture->aways, 1);
    client_close(&client);
}

TEST(what_has_a_part_is_not_given_back)
{
    static const char paused[] = "{\"attempt_id\":\"att-1\",\"ok\":false,\"error\":{\"code\":"
                                 "\"node_paused\",\"message\":\"the node is paused\"}}";
    struct fixture *fixture = *state;
    struct client client = join_parts(fixture, NULL);
    send_stream(fixture, "att-1", NULL);
    say(&client, "task_part", "{\"attempt_id\":\"att-1\",\"seq\":0,\"text\":\"a\"}");
    say(&client, "task_response", paused);
    turn_until(&client, &fixture->answers, 1);
    assert_int_equal(fixture->parts, 1);
    assert_true(fixture->answer.retryable);
    assert_int_equal(fixture->answer.error.code, WI_INFERENCE_FAILED);
    assert_non_null(strstr(fixture->answer.error.detail, "was not begun"));
    assert_int_equal(fixture->pauses, 0);
    assert_int_equal(counters(fixture)->bad_answers, 1);
    client_close(&client);
}
