/* What peers may cost: before they have said who they are, and afterwards. */
#include "fixture.h"

#include "base/json_read.h"
#include "nodes/bridge/node.h"
#include <math.h>

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

FIXTURE(set_up, tear_down)

TEST(an_announcement_is_small)
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

TEST(memory_grows_by_what_came)
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

/* The same of a node: what it promises is no memory yet. */
TEST(a_promise_costs_nothing)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    promise(&client, 2, 8 * 1024 * 1024, 4);
    while (fixture->budget.used == 0)
        client_turn(&client);
    assert_true(fixture->budget.used < 4096);
    client_close(&client);
    while (fixture->budget.used > 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static struct client join_with(struct fixture *fixture, const char *token)
{
    char who[128];
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_t *welcome = hear(&client, "welcome");
    json_t *most = json_object_get(json_object_get(welcome, "data"), "max_frame_bytes");
    assert_int_equal(json_integer_value(most), WI_FRAME_MAX_JOINED);
    json_decref(welcome);
    return client;
}

/* The same with a token of its own. */
static struct client join_invited(struct fixture *fixture)
{
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    return join_with(fixture, token);
}

/* A model status with a name of so many letters; its bytes. */
static size_t make_status(char *text, size_t letters)
{
    size_t size = (size_t)sprintf(text,
        "{\"id\":\"n\",\"type\":\"model_status\",\"from\":\"\",\"timestamp\":1,"
        "\"data\":{\"models\":[{\"name\":\"");
    memset(text + size, 'x', letters);
    memcpy(text + size + letters, "\"}]}}", 5);
    return size + letters + 5;
}

static void turn_for(struct client *client, double ms)
{
    for (double until = client_now() + ms; client_now() < until;)
        client_turn(client);
}

/* Half of the budget is used: a node whose message is more than its share rests until there is
 * room, others go on, and nobody is closed. */
TEST(who_finds_no_memory_rests)
{
    struct fixture *fixture = *state;
    const uint64_t mib = 1024 * 1024, used = 3 * mib / 2;
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE], *text = malloc(600 * 1024);
    struct wi_error error;
    const struct wi_bridge_counters *counters = wi_bridge_counters(fixture->bridge);
    fixture->budget.limit = 2 * mib;
    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 9, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    struct client first = join_with(fixture, token), second = join_with(fixture, token);
    struct client third = join_with(fixture, token), ours = join(fixture, NULL);
    assert_int_equal(wi_budget_take(&fixture->budget, used), 0);
    uint64_t before = counters->frames_in;

    size_t size = make_status(text, 500 * 1024);
    struct client *hogs[] = {&first, &second, &third};
    for (int i = 0; i < 3; i++) {
        promise(hogs[i], 1, size, 0);
        assert_int_equal(client_send(hogs[i], text, 250 * 1024), 0);
    }
    turn_for(&ours, 100);
    assert_true(fixture->budget.used < used + mib);
    size_t small = make_status(text, 100 * 1024);
    assert_int_equal(client_send_frame(&ours, 1, 1, text, small), 0);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (counters->frames_in == before && client_now() < until)
        client_turn(&ours);
    assert_int_equal(counters->frames_in, before + 1);
    assert_int_equal(fixture->aways, 0);
    wi_budget_give(&fixture->budget, used);
    client_close(&first);
    client_close(&second);
    client_close(&third);
    client_close(&ours);
    free(text);
}

/* One that is begun is whole within the time in which a node has to be heard, however it drips. */
TEST(a_message_ends_in_time)
{
    struct fixture *fixture = *state;
    char reason[128];
    fixture->config.bridge.heartbeat_interval = 100;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    struct client client = join(fixture, NULL);
    promise(&client, 1, WI_FRAME_HEAD_MAX, 1);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (!fixture->aways && client_now() < until) {
        send(client.fd, "\0", 1, MSG_NOSIGNAL);
        turn_for(&client, 20);
    }
    assert_int_equal(fixture->aways, 1);
    assert_int_equal(hear_reason(&client, reason), 4002);
    assert_string_equal(reason, "a message that had begun did not arrive in time");
    client_close(&client);
}

TEST(reasons_name_the_limit)
{
    struct fixture *fixture = *state;
    char reason[128];
    struct client client = join(fixture, NULL);
    promise(&client, 1, WI_FRAME_HEAD_MAX + 1, 1);
    assert_int_equal(hear_reason(&client, reason), 1009);
    assert_string_equal(reason, "a text message may have at most 1048576 bytes, not 1048577");
    client_close(&client);
    client = join(fixture, NULL);
    promise(&client, 2, 8 * 1024 * 1024 + 1, 1);
    assert_int_equal(hear_reason(&client, reason), 1009);
    assert_string_equal(
        reason, "a message (welcome.max_frame_bytes) may have at most 8388608 bytes, not 8388609");
    client_close(&client);
}

TEST(a_resume_lists_so_many)
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

/* The object whose last member ends with so many letters; the caller frees it. */
static char *with_letters(const char *head, size_t letters)
{
    size_t size = strlen(head);
    char *text = malloc(size + letters + 3);
    memcpy(text, head, size);
    memset(text + size, 'x', letters);
    memcpy(text + size + letters, "\"}", 3);
    return text;
}

/* Messages of others that are for nothing are small. */
TEST(what_is_for_nothing_is_small)
{
    struct fixture *fixture = *state;
    struct client client = join_invited(fixture);
    char reason[128], *data = with_letters("{\"models\":[],\"more\":\"", 65536);
    say(&client, "model_status", data);
    assert_int_equal(hear_reason(&client, reason), 1008);
    assert_string_equal(
        reason, "a message that belongs to no attempt may have at most 65536 bytes");
    client_close(&client);
    free(data);
}

/* But not what was on its way when its attempt was cancelled: that is for nothing by our doing. */
TEST(what_was_on_its_way_is_no_fault)
{
    struct fixture *fixture = *state;
    struct client client = join_invited(fixture);
    char reason[128];
    char *data = with_letters("{\"attempt_id\":\"att-1\",\"ok\":true,\"result\":\"", 100000);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    json_decref(hear(&client, "task_request"));
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-1", "deadline");
    json_decref(hear(&client, "task_cancel"));
    say(&client, "task_response", data);
    json_t *ack = hear(&client, "task_ack"); /* so that it may be forgotten */
    json_decref(ack);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->late_answers, 1);
    /* Of one attempt so much, and not without end. */
    for (int i = 0; i < 100 && !fixture->aways; i++) {
        say(&client, "task_response", data);
        client_turn(&client);
    }
    assert_int_equal(hear_reason(&client, reason), 1008);
    client_close(&client);
    free(data);
}

/* This thread's own time, ms: what else runs on the core does not count. */
static double cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* How long one such text takes to be read at the least, ms. */
static double cost_of(const char *text)
{
    double least = INFINITY;
    for (int i = 0; i < 5; i++) {
        double began = cpu_ms();
        json_decref(wi_json_read(text, WI_LOOSE_MAX, 0, NULL));
        least = fmin(least, cpu_ms() - began);
    }
    return least;
}

/* A node that joined has an eighth of each second for its messages: what takes more has to wait.
 * Nobody is closed for it. */
TEST(much_json_waits)
{
    struct fixture *fixture = *state;
    struct client client = join_invited(fixture);
    struct wi_node_state node = {0};
    char *text = malloc(WI_LOOSE_MAX + 1);
    int at = sprintf(text, "{\"id\":\"n\",\"type\":\"model_status\",\"from\":\"\",\"timestamp\":1,"
                           "\"data\":{\"models\":[{}],\"more\":[[]");
    for (; (size_t)at + 7 <= WI_LOOSE_MAX; at += 3)
        memcpy(text + at, ",[]", 3);
    memset(text + at, ' ', WI_LOOSE_MAX - (size_t)at);
    memcpy(text + WI_LOOSE_MAX - 3, "]}}", 3);
    double cost = cost_of(text);
    int count = (int)(300 / cost) + 1;
    double began = client_now();
    for (int i = 0; i < count; i++)
        assert_int_equal(client_send_frame(&client, 1, 1, text, WI_LOOSE_MAX), 0);
    say(&client, "model_status", "{\"models\":[]}");
    while (wi_bridge_counters(fixture->bridge)->frames_in < (uint64_t)count + 2 &&
           client_now() - began < 6 * CLIENT_PATIENCE_MS)
        client_turn(&client);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->frames_in, count + 2);
    /* They took about 300 by themselves, or less, if something else ran while that was measured. */
    double waited = client_now() - began;
    assert_true(waited >= 3 * count * fmin(cost, cost_of(text)));
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
TEST(our_browsers_find_a_place)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], own[WI_TOKEN_SIZE], id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 99, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    for (int i = 0; i < 7; i++)
        assert_int_equal(announced(fixture, token), 1);
    assert_int_equal(announced(fixture, token), 8);
    wi_bridge_expect(fixture->bridge, "session-1", "chrome", "", "", 60000, own);
    assert_int_equal(announced(fixture, own), 1);
    assert_int_equal(fixture->ups, 8);
}

/* The oldest that has not said who it is gives way to the next. */
TEST(one_that_is_drawn_gives_way)
{
    static struct client idle[WI_CROWD_SOCKETS_MAX];
    struct fixture *fixture = *state;
    struct client node = join(fixture, NULL);
    for (int i = 0; i < WI_CROWD_SOCKETS_MAX; i++)
        idle[i] = open_socket(fixture);
    struct client last = open_socket(fixture);
    double until = client_now() + CLIENT_PATIENCE_MS;
    int ended = 0;
    while (!ended && client_now() < until)
        for (int i = 0; i < WI_CROWD_SOCKETS_MAX; i++) {
            client_turn(&idle[i]);
            ended += idle[i].ended;
        }
    assert_int_equal(ended, 1);
    assert_false(last.ended);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->refused, 1);
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&node, "task_request"));
    for (int i = 0; i < WI_CROWD_SOCKETS_MAX; i++)
        client_close(&idle[i]);
    client_close(&last);
    client_close(&node);
}
