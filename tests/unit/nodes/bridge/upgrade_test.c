/* Who is refused: wrong upgrades, wrong tokens, garbage, and what is too large. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

TEST(test_unwelcome)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], who[160];
    const struct wi_bridge_counters *counters = wi_bridge_counters(fixture->bridge);
    struct client client = open_socket(fixture);
    announce(&client, "\"token\":\"wi_wrong\"");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->unauthorized, 1);

    client = join(fixture, NULL);
    client_close(&client);
    client = open_socket(fixture);
    announce(&client, "\"resume\":{\"node\":\"node-x\",\"token\":\"wi_x\",\"running\":[],"
                      "\"unacknowledged\":[]}");
    json_t *bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "code"), "resume_unknown");
    json_decref(bye);
    assert_int_equal(hear_close(&client), 4001);
    client_close(&client);

    wi_bridge_expect(fixture->bridge, "session-2", "chrome", "", "", 60000, token);
    wi_bridge_revoke(fixture->bridge, "session-2");
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    client = open_socket(fixture);
    announce(&client, who);
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->unauthorized, 2);
}

TEST(test_upgrades)
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
    struct fixture *fixture = *state;
    char origin[160];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        assert_int_equal(client_upgrade(&client, cases[i].path, cases[i].extra), cases[i].status);
        client_close(&client);
    }
    struct http_reply reply;
    struct client client = client_open(&fixture->loop, fixture->port);
    assert_int_equal(
        client_request(&client,
            "GET /other HTTP/1.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n" SUBPROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13",
            &reply),
        0);
    assert_int_equal(reply.status, 404);
    assert_non_null(strcasestr(reply.head, "\r\nConnection: close\r\n"));
    reply_clear(&reply);
    client_close(&client);
    snprintf(origin, sizeof origin, SUBPROTOCOL "Origin: %s\r\n", wi_bridge_url(fixture->bridge));
    client = client_open(&fixture->loop, fixture->port);
    assert_int_equal(client_upgrade(&client, "/node", origin), 101);
    client_close(&client);
    snprintf(origin, sizeof origin, SUBPROTOCOL "Origin: http://localhost:%d\r\n", fixture->port);
    client = client_open(&fixture->loop, fixture->port);
    assert_int_equal(client_upgrade(&client, "/node", origin), 101);
    client_close(&client);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->refused, 7);
}

TEST(test_garbage)
{
    struct fixture *fixture = *state;
    const struct wi_bridge_counters *counters = wi_bridge_counters(fixture->bridge);
    struct client client = open_socket(fixture);
    client_send_frame(&client, 1, 1, "{nonsense", 9);
    assert_int_equal(hear_close(&client), 1007);
    client_close(&client);

    client = open_socket(fixture);
    client_send_frame(&client, 2, 1, "\xff\xff\xff\xff....", 8);
    assert_int_equal(hear_close(&client), 1007);
    client_close(&client);
    assert_int_equal(counters->malformed, 2);

    client = open_socket(fixture);
    say(&client, "heartbeat", "{\"seq\":1}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);

    client = open_socket(fixture);
    say(&client, "node_announcement", "{\"protocol\":2,\"token\":\"x\",\"capabilities\":{}}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(counters->protocol_errors, 2);

    client = join(fixture, NULL);
    say(&client, "task_response", "{\"attempt_id\":5}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    assert_int_equal(fixture->aways, 1);

    client = open_socket(fixture); /* raw rubbish instead of frames */
    client_send(&client, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    while (!client.ended)
        client_turn(&client);
    client_close(&client);
}

TEST(test_too_big)
{
    struct fixture *fixture = *state;
    static const unsigned char claims[] = {0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4, 5};
    struct client client = open_socket(fixture);
    unsigned char *large = calloc(1, 2 << 20);
    client_send_frame(&client, 1, 1, large, 2 << 20); /* nobody yet: 1 MiB is the limit */
    assert_int_equal(hear_close(&client), 1009);
    client_close(&client);

    client = join(fixture, NULL);
    client_send(&client, claims, sizeof claims);
    struct ws_message message;
    assert_int_equal(client_message(&client, &message), 0);
    assert_int_equal(message.opcode, 8);
    assert_int_equal(message.bytes[0] << 8 | message.bytes[1], 1009);
    message_clear(&message);
    client_close(&client);

    client = join(fixture, NULL); /* many fragments that add up */
    client_send_frame(&client, 2, 0, large, 2 << 20);
    for (int i = 0; i < 4; i++)
        client_send_frame(&client, 0, 0, large, 2 << 20);
    assert_int_equal(hear_close(&client), 1009);
    client_close(&client);
    free(large);
}
