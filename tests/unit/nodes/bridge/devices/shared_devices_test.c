/* Devices of a join token that the members of a cluster share: they wait for a place of it, and go
 * with it. */
#include "../../../cluster/fake_rows.h"
#include "device.h"
#include "nodes/bridge/joins/joins_private.h"
#include "nodes/bridge/private.h"

static struct fake_table table;
static struct fake_follower follower;
static char key[WI_KV_KEY_SIZE];

static void rows_turn(void)
{
    while (fake_turn(&follower)) {
    }
}

static int set_up_member(void **state)
{
    const struct wi_join_terms terms = {.nodes = 1, .ttl_ms = 60000, .label = "Ada"};
    struct wi_error error;
    if (set_up_devices(state) != 0)
        return -1;
    struct fixture *fixture = *state;
    follower = (struct fake_follower){0};
    fake_rows_join(&follower, &table, "member-a");
    wi_bridge_share_invitations(fixture->bridge, follower.rows);
    fake_rows_connect(&follower);
    if (wi_bridge_invite(fixture->bridge, &terms, link_token.id, link_token.token, &error) != WI_OK)
        return -1;
    rows_turn();
    wi_join(key, sizeof key, WI_ROW_PREFIX "join.", link_token.id, NULL);
    return fake_row_find(&table, key) ? 0 : -1;
}

static int tear_down_member(void **state)
{
    int result = tear_down(state);
    fake_rows_leave(&follower);
    fake_table_clear(&table);
    return result;
}

FIXTURE(set_up_member, tear_down_member)

static const struct wi_join *find_join(const struct fixture *fixture)
{
    return wi_joins_find(&fixture->bridge->joins, link_token.id);
}

static void wait_for_change(struct client *client)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (follower.asked_count == 0 && client_now() < until)
        client_turn(client);
    assert_int_equal(follower.asked_count, 1);
}

/* Until the row has been asked for a change; then it is made. */
static void change_row(struct client *client)
{
    wait_for_change(client);
    rows_turn();
}

static struct client welcomed(struct fixture *fixture, const struct device *device)
{
    struct client client = announce_with_key(fixture, device->key);
    change_row(&client);
    expect_welcome(&client);
    return client;
}

TEST(a_device_comes_back_once_its_place_is_stored)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char id[WI_ID_SIZE];
    struct client client = welcomed(fixture, &device);
    copy_device_id(fixture, id);
    leave(fixture, &client);
    rows_turn();

    client = come_back(fixture, &device);
    change_row(&client);
    expect_welcome(&client);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->device, id);
    struct client again = come_back(fixture, &device); /* in place of itself */
    change_row(&again);
    expect_welcome(&again);
    assert_int_equal(count_devices(fixture), 1);
    assert_int_equal(fixture->downs, 2);
    client_close(&client);
    client_close(&again);
    EVP_PKEY_free(device.pair);
}

TEST(a_device_that_waits_twice_is_one_node)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    const struct wi_join_terms terms = {.nodes = 2, .ttl_ms = 60000};
    struct wi_error error;
    assert_int_equal(
        wi_bridge_invite(fixture->bridge, &terms, link_token.id, link_token.token, &error), WI_OK);
    rows_turn();
    struct client first = welcomed(fixture, &device);
    leave(fixture, &first);
    rows_turn();
    first = come_back(fixture, &device);
    wait_for_change(&first);
    struct client second = come_back(fixture, &device);
    for (double until = client_now() + CLIENT_PATIENCE_MS;
         find_join(fixture)->waiting < 2 && client_now() < until;)
        client_turn(&second);
    rows_turn();
    expect_welcome(&first);
    json_t *bye = hear(&first, "bye");
    assert_string_equal(text_of(bye, "reason"), "its device joined again");
    json_decref(bye);
    expect_welcome(&second);
    assert_int_equal(find_join(fixture)->joined, 1);
    assert_int_equal(count_devices(fixture), 1);
    client_close(&first);
    client_close(&second);
    EVP_PKEY_free(device.pair);
}

/* Also when it has expired, after which the members remove it. */
TEST(a_token_that_is_no_more_takes_its_devices_with_it)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = welcomed(fixture, &device);
    fake_row_set(&table, key, NULL, 0);
    rows_turn();
    json_t *bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "reason"), "its join token was revoked");
    json_decref(bye);
    client_close(&client);
    assert_int_equal(count_devices(fixture), 0);
    client = open_page(fixture);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");
    EVP_PKEY_free(device.pair);
}

TEST(a_device_is_to_come_again_while_the_servers_are_away)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = welcomed(fixture, &device);
    leave(fixture, &client);
    rows_turn();
    fake_rows_away(&follower);
    client = come_back(fixture, &device);
    expect_close(&client, 1013,
        "the cluster's servers, which count the places of join tokens, cannot be used now");
    assert_int_equal(count_devices(fixture), 1);
    fake_rows_connect(&follower);
    client = come_back(fixture, &device);
    change_row(&client);
    expect_welcome(&client);
    client_close(&client);
    EVP_PKEY_free(device.pair);
}

TEST(a_device_that_is_revoked_while_it_waits_is_refused)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char id[WI_ID_SIZE];
    struct client client = welcomed(fixture, &device);
    copy_device_id(fixture, id);
    leave(fixture, &client);
    rows_turn();
    client = come_back(fixture, &device);
    wait_for_change(&client);
    assert_int_equal(wi_bridge_forget_device(fixture->bridge, id), 0);
    rows_turn();
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");
    rows_turn();
    assert_int_equal(find_join(fixture)->joined, 0);
    EVP_PKEY_free(device.pair);
}
