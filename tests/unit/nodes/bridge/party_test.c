/* Whose a node is: by what it came with, whatever it says. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

static struct client come_with(struct fixture *fixture, const char *token, json_t **welcome)
{
    struct client client = open_socket(fixture);
    char who[256];
    /* A node that names itself is not heard. */
    snprintf(who, sizeof who, "\"token\":\"%s\",\"party\":\"somebody\",\"session\":\"s\"", token);
    announce(&client, who);
    *welcome = hear(&client, "welcome");
    return client;
}

static const char *party_of(struct fixture *fixture)
{
    return wi_bridge_node(fixture->bridge, fixture->node)->party;
}

TEST(a_session_of_ours_has_no_party)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);

    assert_string_equal(party_of(fixture), "");
    client_close(&client);
}

TEST(a_join_token_is_told_apart_by_address)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE], expected[128], who[256];
    struct wi_error error;
    json_t *welcome;

    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    struct client client = come_with(fixture, token, &welcome);
    snprintf(expected, sizeof expected, "%s 127.0.0.1", id);
    assert_string_equal(party_of(fixture), expected);

    client_close(&client); /* … and is the same when it comes back */
    turn_until(&client, &fixture->aways, 1);
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],\"unacknowledged\":[]}",
        fixture->node, text_of(welcome, "resume_token"));
    json_decref(welcome);
    client = open_socket(fixture);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    assert_int_equal(fixture->resumes, 1);
    assert_string_equal(party_of(fixture), expected);
    client_close(&client);
}

/* The page of a person who may pass its link on is told so. */
TEST(a_label_comes_with_the_node)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE];
    struct wi_error error;
    json_t *welcome;
    const struct wi_join_terms terms = {
        .nodes = 1, .ttl_ms = 60000, .shareable = 1, .label = "Ada"};

    assert_int_equal(wi_bridge_invite(fixture->bridge, &terms, id, token, &error), WI_OK);
    struct client client = come_with(fixture, token, &welcome);
    assert_true(json_is_true(json_object_get(json_object_get(welcome, "data"), "shareable")));
    json_decref(welcome);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->label, "Ada");
    client_close(&client);

    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    client = come_with(fixture, token, &welcome);
    assert_null(json_object_get(json_object_get(welcome, "data"), "shareable"));
    json_decref(welcome);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->label, "");
    client_close(&client);
}

TEST(a_node_token_is_one_party_by_its_name)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE];
    struct wi_api_token item = {.name = "laptop", .rank = WI_RANK_NODE};
    const struct wi_api_tokens tokens = {&item, 1};
    json_t *welcome;

    wi_token_new(token);
    wi_hash(token, strlen(token), item.hash);
    wi_bridge_take_tokens(fixture->bridge, &tokens);
    struct client client = come_with(fixture, token, &welcome);
    json_decref(welcome);
    assert_string_equal(party_of(fixture), "laptop");
    client_close(&client);
}
