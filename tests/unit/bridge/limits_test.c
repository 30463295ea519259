/* What peers may cost: before they have said who they are, and afterwards. */
#include "fixture.h"

/* The close code and the reason that must come next. */
static int hear_reason(struct client *client, char reason[128])
{
    struct ws_message message;
    do {
        assert_int_equal(client_message(client, &message), 0);
        if (message.opcode != 8)
            message_clear(&message);
    } while (message.opcode != 8);
    int code = message.bytes[0] << 8 | message.bytes[1];
    snprintf(reason, 128, "%.*s", (int)message.size - 2, message.bytes + 2);
    message_clear(&message);
    return code;
}

/* A frame's header that promises `size` bytes, and the first `sent` of them. */
static void promise(struct client *client, int opcode, size_t size, size_t sent)
{
    unsigned char head[14] = {(unsigned char)(0x80 | opcode), 0x80 | 127};
    char *bytes = calloc(1, sent);
    for (int i = 0; i < 8; i++)
        head[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
    assert_int_equal(client_send(client, head, sizeof head), 0);
    assert_int_equal(client_send(client, bytes, sent), 0);
    free(bytes);
}

static void an_announcement_is_small(void **state)
{
    struct fixture *fixture = *state;
    char reason[128];
    for (int opcode = 1; opcode <= 2; opcode++) {
        struct client client = open_socket(fixture);
        promise(&client, opcode, 65537, 1);
        assert_int_equal(hear_reason(&client, reason), 1009);
        assert_string_equal(reason, "an announcement may have at most 65536 bytes");
        client_close(&client);
    }
    assert_int_equal(wi_bridge_counters(fixture->bridge)->malformed, 2);
}

static void memory_grows_by_what_came(void **state)
{
    struct fixture *fixture = *state;
    struct client client = open_socket(fixture);
    promise(&client, 1, 65536, 10);
    while (fixture->budget.used == 0)
        client_turn(&client);
    assert_true(fixture->budget.used < 4096);
    client_close(&client);
    while (fixture->budget.used > 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void reasons_name_the_limit(void **state)
{
    struct fixture *fixture = *state;
    char reason[128];
    struct client client = join(fixture, NULL);
    promise(&client, 1, WI_FRAME_HEAD_MAX + 1, 1);
    assert_int_equal(hear_reason(&client, reason), 1009);
    assert_string_equal(reason, "a text message may have at most 1048576 bytes, not 1048577");
    client_close(&client);
    client = join(fixture, NULL);
    promise(&client, 2, 9 * 1024 * 1024 + 1, 1);
    assert_int_equal(hear_reason(&client, reason), 1009);
    assert_string_equal(
        reason, "a message (welcome.max_frame_bytes) may have at most 9437184 bytes, not 9437185");
    client_close(&client);
}

static void a_resume_lists_so_many(void **state)
{
    struct fixture *fixture = *state;
    char reason[128], *data = malloc(65536);
    for (int count = 1024; count <= 1025; count++) {
        struct client client = open_socket(fixture);
        size_t used = (size_t)sprintf(data,
            "{\"protocol\":1,\"capabilities\":" CAPABILITIES
            ",\"resume\":{\"node\":\"node-1\",\"token\":\"wi_x\",\"unacknowledged\":[\"b\"],"
            "\"running\":[");
        for (int i = 1; i < count; i++)
            used += (size_t)sprintf(data + used, "%s\"a%d\"", i > 1 ? "," : "", i);
        strcpy(data + used, "]}}");
        say(&client, "node_announcement", data);
        assert_int_equal(hear_reason(&client, reason), count == 1024 ? 4001 : 1008);
        if (count > 1024)
            assert_non_null(strstr(reason, "lists 1025 attempts; at most 1024"));
        client_close(&client);
    }
    free(data);
}

/* Too much to read in one second is read in the next; nobody is closed for it. */
static void much_json_waits(void **state)
{
    static const int count = 10;
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_node_state node = {0};
    char *text = malloc(WI_FRAME_HEAD_MAX);
    int head =
        sprintf(text, "{\"id\":\"n\",\"type\":\"model_status\",\"from\":\"\",\"timestamp\":1,"
                      "\"data\":{\"models\":[{\"name\":\"");
    memset(text + head, 'x', (size_t)(WI_FRAME_HEAD_MAX - head - 5));
    memcpy(text + WI_FRAME_HEAD_MAX - 5, "\"}]}}", 5);
    double began = client_now();
    for (int i = 0; i < count; i++)
        assert_int_equal(client_send_frame(&client, 1, 1, text, WI_FRAME_HEAD_MAX), 0);
    say(&client, "model_status", "{\"models\":[]}");
    while (wi_bridge_counters(fixture->bridge)->frames_in < (uint64_t)count + 2 &&
           client_now() - began < CLIENT_PATIENCE_MS)
        client_turn(&client);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->frames_in, count + 2);
    assert_true(client_now() - began >= 900); /* at most eight of them in the first second */
    assert_int_equal(wi_bridge_node_state(fixture->bridge, fixture->node, &node), 0);
    assert_int_equal(json_array_size(node.models), 0);
    assert_int_equal(fixture->aways, 0);
    client_close(&client);
    free(text);
}

static int announced(struct fixture *fixture, const char *token)
{
    char who[128];
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    struct ws_message message;
    assert_int_equal(client_message(&client, &message), 0);
    int opcode = message.opcode;
    message_clear(&message);
    client_close(&client);
    return opcode;
}

/* Strangers leave room for a browser of ours, however many they are. */
static void our_browsers_find_a_place(void **state)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], own[WI_TOKEN_SIZE], id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(wi_bridge_invite(fixture->bridge, 99, 60000, id, token, &error), WI_OK);
    for (int i = 0; i < 7; i++)
        assert_int_equal(announced(fixture, token), 1);
    assert_int_equal(announced(fixture, token), 8);
    wi_bridge_expect(fixture->bridge, "session-1", "chrome", "", 60000, own);
    assert_int_equal(announced(fixture, own), 1);
    assert_int_equal(fixture->ups, 8);
}

/* The oldest that has not said who it is gives way to the next. */
static void the_oldest_gives_way(void **state)
{
    static struct client idle[WI_PLACES_CROWD];
    struct fixture *fixture = *state;
    struct client node = join(fixture, NULL);
    for (int i = 0; i < WI_PLACES_CROWD; i++)
        idle[i] = open_socket(fixture);
    struct client last = open_socket(fixture);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (!idle[0].ended && client_now() < until)
        client_turn(&idle[0]);
    assert_true(idle[0].ended);
    client_turn(&idle[1]);
    assert_false(idle[1].ended);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->refused, 1);
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&node, "task_request"));
    for (int i = 0; i < WI_PLACES_CROWD; i++)
        client_close(&idle[i]);
    client_close(&last);
    client_close(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_announcement_is_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_grows_by_what_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reasons_name_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_resume_lists_so_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(much_json_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(our_browsers_find_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_gives_way, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
