/* Nodes whose join token is shared by the members of a cluster: they wait until their place is
 * stored, and go when it is another node's. */
#include "../../cluster/fake_rows.h"
#include "fixture.h"

#include "cluster/join_row.h"

static struct fake_table table;
static struct fake_follower follower;
static char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], key[WI_KV_KEY_SIZE];

static void rows_turn(void)
{
    while (fake_turn(&follower)) {
    }
}

/* A member, with a token that is good for one node. */
static int set_up_member(void **state)
{
    const struct wi_join_terms terms = {.nodes = 1, .ttl_ms = 60000, .label = "Ada"};
    struct wi_error error;
    set_up(state);
    struct fixture *fixture = *state;
    follower = (struct fake_follower){0};
    fake_rows_join(&follower, &table, "member-a");
    wi_bridge_share_invitations(fixture->bridge, follower.rows);
    assert_true(wi_bridge_shares_invitations(fixture->bridge));
    fake_rows_connect(&follower);
    assert_int_equal(wi_bridge_invite(fixture->bridge, &terms, id, token, &error), WI_OK);
    rows_turn();
    wi_join(key, sizeof key, WI_ROW_PREFIX "join.", id, NULL);
    assert_non_null(fake_row_find(&table, key));
    return 0;
}

static int tear_down_member(void **state)
{
    int result = tear_down(state);
    fake_rows_leave(&follower);
    fake_table_clear(&table);
    return result;
}

FIXTURE(set_up_member, tear_down_member)

static struct client announced(struct fixture *fixture, const char *secret)
{
    struct client client = open_socket(fixture);
    char who[128];
    snprintf(who, sizeof who, "\"token\":\"%s\"", secret);
    announce(&client, who);
    return client;
}

/* A node whose place has been asked for. */
static struct client waiting(struct fixture *fixture)
{
    struct client client = announced(fixture, token);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (follower.asked_count == 0 && client_now() < until)
        client_turn(&client);
    assert_int_equal(follower.asked_count, 1);
    return client;
}

static struct client welcomed(struct fixture *fixture)
{
    struct client client = waiting(fixture);
    rows_turn();
    json_decref(hear(&client, "welcome"));
    return client;
}

/* The places that are taken, as the row has them. */
static size_t taken(void)
{
    struct wi_join_row row = {0};
    const struct fake_row *found = fake_row_find(&table, key);
    assert_int_equal(wi_join_row_read(&row, id, found->text, found->size), WI_READ_GOOD);
    size_t count = wi_join_row_taken(&row);
    wi_join_row_clear(&row);
    return count;
}

static void check_bye(struct client *client, const char *reason)
{
    json_t *bye = hear(client, "bye");
    assert_string_equal(text_of(bye, "reason"), reason);
    json_decref(bye);
}

TEST(a_node_is_welcome_once_its_place_is_stored)
{
    struct fixture *fixture = *state;
    struct client client = waiting(fixture);
    assert_int_equal(fixture->ups, 0);
    rows_turn();
    json_decref(hear(&client, "welcome"));
    assert_int_equal(fixture->ups, 1);
    assert_int_equal(taken(), 1);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->label, "Ada");
    struct client late = announced(fixture, token);
    assert_int_equal(hear_close(&late), 1013);
    client_close(&late);
    client_close(&client);
}

TEST(who_leaves_while_it_waits_gives_its_place_back)
{
    struct fixture *fixture = *state;
    struct client client = waiting(fixture);
    client_close(&client);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (wi_bridge_links(fixture->bridge) > 0 && client_now() < until)
        client_turn(&client);
    assert_int_equal(wi_bridge_links(fixture->bridge), 0);
    rows_turn();
    assert_int_equal(fixture->ups, 0);
    assert_int_equal(taken(), 0);
    client = welcomed(fixture);
    assert_int_equal(fixture->ups, 1);
    client_close(&client);
}

TEST(who_speaks_while_it_waits_is_closed)
{
    struct fixture *fixture = *state;
    struct client client = waiting(fixture);
    say(&client, "heartbeat", "{}");
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->protocol_errors, 1);
    client_close(&client);
    rows_turn();
    assert_int_equal(taken(), 0);
    assert_int_equal(fixture->ups, 0);
}

TEST(who_waits_for_a_token_that_is_revoked_is_closed)
{
    struct fixture *fixture = *state;
    struct client client = waiting(fixture);
    fixture->inside = 1;
    assert_int_equal(wi_bridge_uninvite(fixture->bridge, id), 0);
    fixture->inside = 0;
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    rows_turn();
    assert_null(fake_row_find(&table, key));
    assert_int_equal(fixture->ups, 0);
}

TEST(the_end_may_come_while_a_node_waits)
{
    struct client client = waiting(*state);
    client_close(&client);
}

TEST(while_the_servers_are_away_a_node_is_to_come_again)
{
    struct fixture *fixture = *state;
    char other[WI_TOKEN_SIZE];
    wi_token_new(other);
    fake_rows_away(&follower);
    for (int i = 0; i < 2; i++) {
        struct client client = announced(fixture, i ? other : token);
        assert_int_equal(hear_close(&client), 1013);
        client_close(&client);
    }
    assert_int_equal(wi_bridge_counters(fixture->bridge)->refused, 2);
    fake_rows_connect(&follower);
    struct client client = announced(fixture, other);
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    client = welcomed(fixture);
    client_close(&client);
}

TEST(a_node_whose_place_is_anothers_goes)
{
    struct fixture *fixture = *state;
    struct client client = welcomed(fixture);
    struct wi_join_row row = {0};
    struct wi_buffer text = {0};
    const struct fake_row *found = fake_row_find(&table, key);
    assert_int_equal(wi_join_row_read(&row, id, found->text, found->size), WI_READ_GOOD);
    wi_join_row_hold(&row, "member-a", 0);
    wi_join_row_hold(&row, "member-b", 1);
    wi_join_row_print(&row, &text);
    fake_row_set(&table, key, text.text, text.size);
    wi_join_row_clear(&row);
    wi_buffer_clear(&text);
    rows_turn();
    turn_until(&client, &fixture->downs, 1);
    check_bye(&client, "its place of the join token is another node's");
    client_close(&client);
    rows_turn();
    assert_int_equal(taken(), 1);
}

TEST(a_node_whose_token_is_revoked_elsewhere_goes)
{
    struct fixture *fixture = *state;
    struct client client = welcomed(fixture);
    fake_row_set(&table, key, NULL, 0);
    rows_turn();
    turn_until(&client, &fixture->downs, 1);
    check_bye(&client, "its join token was revoked");
    client_close(&client);
}
