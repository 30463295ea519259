/* Devices over real sockets: how one is remembered, proves itself and is forgotten, and what is
 * refused with which words. Signatures are OpenSSL's; device_key_test.c has those of another
 * program. */
#include "device.h"

#include "nodes/bridge/private.h"

FIXTURE(set_up_devices, tear_down)

/* --- the tests -------------------------------------------------------------------------------- */

TEST(a_device_comes_back_without_a_token)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char id[WI_ID_SIZE];
    struct client client = join_with_key(fixture, device.key, NULL);
    copy_device_id(fixture, id);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->device, id);
    assert_int_equal(count_joined(fixture), 1);
    leave(fixture, &client);
    assert_int_equal(count_joined(fixture), 0);

    client = come_back(fixture, &device);
    expect_welcome(&client);
    const struct wi_node_info *node = wi_bridge_node(fixture->bridge, fixture->node);
    assert_string_equal(node->device, id);
    assert_string_equal(node->label, "Ada");
    assert_memory_equal(node->party, link_token.id, strlen(link_token.id));
    assert_int_equal(count_joined(fixture), 1);
    client_close(&client);
    EVP_PKEY_free(device.pair);
}

/* A page that lost its connection is the same device when it is back. */
TEST(a_node_that_is_resumed_is_the_same_device)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char who[256];
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    client = come_back(fixture, &device);
    json_t *welcome = hear(&client, "welcome");
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],\"unacknowledged\":[]}",
        fixture->node, text_of(welcome, "resume_token"));
    json_decref(welcome);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    client = open_page(fixture);
    announce(&client, who);
    expect_welcome(&client);
    assert_true(*wi_bridge_node(fixture->bridge, fixture->node)->device);
    client_close(&client);
    EVP_PKEY_free(device.pair);
}

TEST(bad_keys_are_refused)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *key, *what;
    } bad[] = {
        {"", " must be 32 bytes as 43 characters of base64url without padding"},
        {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ",
            " must be 32 bytes as 43 characters of base64url without padding"},
        {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            " must be 32 bytes as 43 characters of base64url without padding"},
        {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF",
            " must be 32 bytes as 43 characters of base64url without padding"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            " proves nothing: its point has a small order or is not canonical"},
    };
    char who[256], words[160];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client client = open_page(fixture);
        snprintf(who, sizeof who, "\"token\":\"%s\",\"device_key\":\"%s\"", link_token.token,
            bad[i].key);
        announce(&client, who);
        snprintf(words, sizeof words, "data.device_key%s", bad[i].what);
        expect_close(&client, 1008, words);
        client = open_page(fixture);
        announce_device(&client, bad[i].key);
        snprintf(words, sizeof words, "data.device.key%s", bad[i].what);
        expect_close(&client, 1008, words);
    }
    assert_int_equal(count_joined(fixture), 0);
    assert_int_equal(count_devices(fixture), 0);
}

TEST(an_announcement_names_one_of_token_resume_and_device)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char who[256];
    struct client client = open_page(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\",\"device\":{\"key\":\"%s\"}", link_token.token,
        device.key);
    announce(&client, who);
    expect_close(
        &client, 1008, "one of data.token, data.resume and data.device is needed, and not more");
    client = open_page(fixture);
    snprintf(who, sizeof who, "\"device\":{\"key\":\"%s\"},\"device_key\":\"%s\"", device.key,
        device.key);
    announce(&client, who);
    expect_close(&client, 1008, "data.device_key is remembered with data.token only");
    client = open_page(fixture);
    announce(&client, "\"device\":{}");
    expect_close(&client, 1008, "data.device.key is missing");
    EVP_PKEY_free(device.pair);
}

TEST(who_is_not_remembered_is_refused_at_once)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = open_page(fixture);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");
    assert_int_equal(wi_bridge_counters(fixture->bridge)->unauthorized, 1);

    client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    client = open_socket(fixture); /* no page */
    announce_device(&client, device.key);
    expect_close(
        &client, 1008, "a device is a browser: its connection names the origin of its page");
    EVP_PKEY_free(device.pair);
}

TEST(a_service_may_remember_none)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    fixture->config.bridge.devices = 0;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    client = open_page(fixture);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "this service remembers no devices: join with a link");
    client = join_with_key(fixture, device.key, "this service remembers no devices");
    client_close(&client);
    EVP_PKEY_free(device.pair);
}

/* Nothing of it is said to a page that cannot be remembered, and has not asked. */
TEST(a_session_hears_nothing_of_devices)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client client = join(fixture, &welcome);
    assert_null(json_object_get(json_object_get(welcome, "data"), "device"));
    json_decref(welcome);
    client_close(&client);
}

TEST(a_node_token_remembers_no_device)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct wi_api_token item = {.name = "laptop", .rank = WI_RANK_NODE};
    wi_token_new(link_token.token);
    wi_hash(link_token.token, strlen(link_token.token), item.hash);
    wi_bridge_take_tokens(fixture->bridge, &(const struct wi_api_tokens){&item, 1});
    struct client client = join_with_key(
        fixture, device.key, "devices are remembered with the tokens of join links only");
    client_close(&client);
    EVP_PKEY_free(device.pair);
}

TEST(only_the_devices_own_signature_for_this_challenge_is_a_proof)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1), other = make_device(2);
    static const char wrong[] =
        "data.signature is not one of this device for this challenge and the origin of its page";
    char nonce[64], earlier[128], signature[128];
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);

    client = open_page(fixture); /* a nonce that is never answered */
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    sign(&device, origin_of(fixture), nonce, earlier);
    client_close(&client);

    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    prove(&client, earlier);
    expect_close(&client, 1008, wrong);

    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    sign(&device, "http://evil.example", nonce, signature);
    prove(&client, signature);
    expect_close(&client, 1008, wrong);

    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    sign(&other, origin_of(fixture), nonce, signature);
    prove(&client, signature);
    expect_close(&client, 1008, wrong);

    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    prove(&client, "AAAA");
    expect_close(&client, 1008,
        "data.signature must be 64 bytes as 86 characters of base64url without padding");
    assert_int_equal(wi_bridge_counters(fixture->bridge)->unauthorized, 4);
    assert_int_equal(fixture->ups, 1);
    EVP_PKEY_free(device.pair);
    EVP_PKEY_free(other.pair);
}

TEST(a_challenge_is_answered_by_a_proof_and_only_once_asked)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char nonce[64];
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);

    client = open_page(fixture);
    prove(&client, "x");
    expect_close(&client, 1008, "the first message must be a node_announcement");

    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "a device_challenge must be answered by a device_proof");

    client = come_back(fixture, &device);
    expect_welcome(&client);
    prove(&client, "x"); /* is nothing to a node */
    leave(fixture, &client);
    EVP_PKEY_free(device.pair);
}

TEST(a_proof_that_does_not_come_ends_it)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char nonce[64];
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    client = open_page(fixture);
    fixture->bridge->links.hello_ms = 100; /* for the proof alone */
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    expect_close(&client, 1008, "no device_proof within 5 s");
    EVP_PKEY_free(device.pair);
}

/* … and takes one place, even where there is no other. */
TEST(the_same_device_joins_again_in_place_of_itself)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1), other = make_device(2);
    struct client first = join_with_key(fixture, device.key, NULL);
    struct client third = join_with_key(fixture, other.key, NULL);
    struct client second = come_back(fixture, &device);
    expect_welcome(&second);
    json_t *bye = hear(&first, "bye");
    assert_string_equal(text_of(bye, "code"), "superseded");
    assert_string_equal(text_of(bye, "reason"), "its device joined again");
    json_decref(bye);
    assert_int_equal(hear_close(&first), 1000);
    assert_int_equal(fixture->downs, 1);
    assert_int_equal(count_joined(fixture), 2);
    assert_int_equal(count_devices(fixture), 2);
    client_close(&first);
    client_close(&second);
    client_close(&third);
    EVP_PKEY_free(device.pair);
    EVP_PKEY_free(other.pair);
}

TEST(a_device_takes_a_place_of_its_link)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1), others[] = {make_device(2), make_device(3)};
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    struct client one = join_with_key(fixture, others[0].key, NULL);
    struct client two = join_with_key(fixture, others[1].key, NULL);
    client = come_back(fixture, &device);
    expect_close(&client, 1013, "the join token is already used by as many nodes as it allows");
    leave(fixture, &one);
    client = come_back(fixture, &device);
    expect_welcome(&client);
    client_close(&client);
    client_close(&two);
    EVP_PKEY_free(device.pair);
    EVP_PKEY_free(others[0].pair);
    EVP_PKEY_free(others[1].pair);
}

TEST(a_revoked_link_takes_its_devices_with_it)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = join_with_key(fixture, device.key, NULL);
    assert_int_equal(wi_bridge_uninvite(fixture->bridge, link_token.id), 0);
    assert_int_equal(count_devices(fixture), 0);
    json_t *bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "reason"), "its join token was revoked");
    json_decref(bye);
    client_close(&client);
    client = open_page(fixture);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");
    EVP_PKEY_free(device.pair);
}

TEST(one_device_is_revoked_alone)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char id[WI_ID_SIZE], nonce[64], signature[128];
    struct client client = join_with_key(fixture, device.key, NULL);
    copy_device_id(fixture, id);
    assert_int_equal(wi_bridge_forget_device(fixture->bridge, "device-none"), -1);
    leave(fixture, &client);

    client = open_page(fixture); /* between its challenge and its proof */
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    assert_int_equal(wi_bridge_forget_device(fixture->bridge, id), 0);
    sign(&device, origin_of(fixture), nonce, signature);
    prove(&client, signature);
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");

    client = join_with_key(fixture, device.key, NULL); /* its link still holds */
    copy_device_id(fixture, id);
    assert_int_equal(wi_bridge_forget_device(fixture->bridge, id), 0);
    json_t *bye = hear(&client, "bye");
    assert_string_equal(text_of(bye, "code"), "drain");
    assert_string_equal(text_of(bye, "reason"), "its device was revoked");
    json_decref(bye);
    client_close(&client);
    assert_int_equal(count_devices(fixture), 0);
    EVP_PKEY_free(device.pair);
}

/* A browser with two tabs, both with the link. */
TEST(all_nodes_of_a_device_go_when_it_is_revoked)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char id[WI_ID_SIZE];
    struct client clients[] = {
        join_with_key(fixture, device.key, NULL), join_with_key(fixture, device.key, NULL)};
    copy_device_id(fixture, id);
    fixture->inside = 1;
    assert_int_equal(wi_bridge_forget_device(fixture->bridge, id), 0);
    fixture->inside = 0;
    for (int i = 0; i < 2; i++) {
        json_t *bye = hear(&clients[i], "bye");
        assert_string_equal(text_of(bye, "reason"), "its device was revoked");
        json_decref(bye);
        client_close(&clients[i]);
    }
    EVP_PKEY_free(device.pair);
}

TEST(a_person_has_the_device_forgotten_and_stays)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    struct client client = join_with_key(fixture, device.key, NULL);
    say(&client, "forget_device", "{}");
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (count_devices(fixture) > 0 && client_now() < until)
        client_turn(&client);
    assert_int_equal(count_devices(fixture), 0);
    assert_string_equal(wi_bridge_node(fixture->bridge, fixture->node)->device, "");
    say(&client, "forget_device", "{}"); /* there is none any more */
    leave(fixture, &client);
    client = open_page(fixture);
    announce_device(&client, device.key);
    expect_close(&client, 1008, "this device is not remembered, or no longer: join with a link");
    EVP_PKEY_free(device.pair);
}

/* Whatever waits for its proof goes with the bridge. */
TEST(a_bridge_ends_with_challenges_open)
{
    struct fixture *fixture = *state;
    struct device device = make_device(1);
    char nonce[64];
    struct client client = join_with_key(fixture, device.key, NULL);
    leave(fixture, &client);
    client = open_page(fixture);
    announce_device(&client, device.key);
    hear_nonce(&client, nonce);
    client_close(&client);
    EVP_PKEY_free(device.pair);
}
