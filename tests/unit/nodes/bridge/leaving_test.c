/* How nodes go: with a word, with a clean close, or without either. */
#include "fixture.h"

static char join_token[WI_TOKEN_SIZE];

/* A node with a join token that is good for one. */
static struct client join_by_link(struct fixture *fixture)
{
    char who[128];
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", join_token);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    return client;
}

static int one_place(void **state)
{
    char id[WI_ID_SIZE];
    struct wi_error error;
    set_up(state);
    struct fixture *fixture = *state;
    return wi_bridge_invite(fixture->bridge, &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000},
               id, join_token, &error) == WI_OK
               ? 0
               : -1;
}

static void send_close(struct client *client, int code)
{
    unsigned char bytes[2] = {(unsigned char)(code >> 8), (unsigned char)code};
    client_send_frame(client, 8, 1, bytes, code ? 2 : 0);
}

FIXTURE(one_place, tear_down)

/* Its attempts go elsewhere at once, uncounted, and its place is free for the next. */
TEST(a_bye_ends_it_at_once)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    send_task(fixture, "att-1", NULL);
    send_task(fixture, "att-2", NULL);
    say(&client, "bye", "{\"reason\":\"out of\\npower\"}");
    turn_until(&client, &fixture->downs, 1);
    assert_string_equal(fixture->log, "lost att-1;lost att-2;down;");
    assert_int_equal(fixture->aways, 0);
    assert_int_equal(model_references, 0);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "task_request"));
    assert_int_equal(hear_close(&client), 1000);
    client_close(&client);
    client = join_by_link(fixture);
    assert_int_equal(fixture->ups, 2);
    client_close(&client);
}

TEST(a_bye_may_say_nothing_and_must_say_it_well)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    say(&client, "bye", "{\"reason\":7}");
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(fixture->downs, 0);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
}

TEST(a_clean_close_is_a_leave)
{
    static const int codes[] = {1000, 1001};
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        struct client client = join_by_link(fixture); /* the place was free at once */
        fixture->log[0] = '\0';
        send_task(fixture, "att-1", NULL);
        json_decref(hear(&client, "task_request"));
        send_close(&client, codes[i]);
        turn_until(&client, &fixture->downs, i + 1);
        assert_string_equal(fixture->log, "lost-alone att-1;down;");
        client_close(&client);
    }
    assert_int_equal(fixture->aways, 0);
}

/* A node with a join token of its own. */
static struct client join_by_its_own(struct fixture *fixture)
{
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE], who[128];
    struct wi_error error;
    wi_bridge_invite(
        fixture->bridge, &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error);
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    return client;
}

/* Any other end is a broken connection, which may be mended. */
TEST_IN(other_ends_are_none, set_up, tear_down)
{
    static const int codes[] = {0, 1011, 3007};
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        struct client client = join_by_its_own(fixture);
        send_task(fixture, "att-1", NULL);
        json_decref(hear(&client, "task_request"));
        send_close(&client, codes[i]);
        turn_until(&client, &fixture->aways, i + 1);
        client_close(&client);
    }
    assert_int_equal(fixture->downs, 0);
    assert_string_equal(fixture->log, ""); /* it may come back with what it was given */
}

/* What it was sent it could not read, and would not the next time. */
TEST_IN(an_end_for_a_fault_loses_what_it_has, set_up, tear_down)
{
    static const int codes[] = {1002, 1007, 1008, 1009};
    struct fixture *fixture = *state;
    for (int i = 0; i < 4; i++) {
        struct client client = join_by_its_own(fixture);
        fixture->log[0] = '\0';
        send_task(fixture, "att-1", NULL);
        json_decref(hear(&client, "task_request"));
        send_close(&client, codes[i]);
        turn_until(&client, &fixture->aways, i + 1);
        assert_string_equal(fixture->log, "lost att-1;");
        client_close(&client);
    }
    assert_int_equal(fixture->downs, 0);
}

/* Browsers of ours are looked after by others, who know more. */
TEST_IN(our_own_only_goes_away, set_up, tear_down)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_close(&client, 1001);
    turn_until(&client, &fixture->aways, 1);
    assert_int_equal(fixture->downs, 0);
    client_close(&client);
    client = join(fixture, NULL); /* reloaded: the one before is superseded */
    send_task(fixture, "att-1", NULL);
    say(&client, "bye", "{}");
    turn_until(&client, &fixture->downs, 2);
    assert_string_equal(fixture->log, "down;lost-alone att-1;down;");
    client_close(&client);
}
