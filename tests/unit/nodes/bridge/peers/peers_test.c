/* The peers that the service names: what it states of them, who may state a peer, and that a peer
 * stands for an address. */
#include "../fixture.h"

#include "base/clock.h"
#include "nodes/bridge/http/serve.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/peers/peers.h"
#include "nodes/bridge/quarantine.h"
#include <openssl/evp.h>

#define GOOD "12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB"
#define LIAR "12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2"
#define OTHER "12D3KooWQ1R6c7cW4iwS8nLXnJgHBZdBLNnQXmqPBuAHjTNSrQ3g"
#define ADDRESS "/dns4/peer.example/tcp/9090/wss/p2p/" GOOD
#define FORWARDED "X-Forwarded-For: peer:"

/* Only connections from there may state a peer. */
static void configure(struct fixture *fixture, const char *proxy)
{
    struct wi_config config = fixture->config;
    memset(&config.bridge.peers, 0, sizeof config.bridge.peers);
    memset(&config.bridge.trusted_proxies, 0, sizeof config.bridge.trusted_proxies);
    wi_strings_add(&config.bridge.peers, ADDRESS);
    wi_strings_add(&config.bridge.trusted_proxies, proxy);
    wi_bridge_reload(fixture->bridge, &config);
    wi_strings_clear(&config.bridge.peers);
    wi_strings_clear(&config.bridge.trusted_proxies);
}

static int set_up_peers(void **state)
{
    int result = set_up(state);
    configure(*state, "127.0.0.0/8");
    return result;
}

FIXTURE(set_up_peers, tear_down)

/* By OpenSSL's own check, as others would do it: base64url of the key and of the signature. */
static int is_signed(const char *key, const char *purpose, const json_t *statement)
{
    unsigned char public_key[32], signature[64], text[256];
    size_t size = strlen(purpose) + 1;
    assert_int_equal(wi_text_from_base64url(key, public_key, sizeof public_key), 0);
    assert_int_equal(
        wi_text_from_base64url(json_string_value(json_object_get(statement, "signature")),
            signature, sizeof signature),
        0);
    memcpy(text, purpose, size);
    const char *file = json_string_value(json_object_get(statement, "file"));
    if (file)
        size += (size_t)snprintf((char *)text + size, sizeof text - size, "%s", file) + 1;
    size += (size_t)snprintf((char *)text + size, sizeof text - size, "%s%c%lld",
        json_string_value(json_object_get(statement, "peer")), 0,
        (long long)json_integer_value(json_object_get(statement, "until")));
    EVP_PKEY *pair =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, sizeof public_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, pair) == 1 &&
               EVP_DigestVerify(context, signature, sizeof signature, text, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    return good;
}

/* The answer to GET /peers; new reference. `head` gets its head. */
static json_t *ask(struct fixture *fixture, char head[4096])
{
    struct http_reply reply;
    struct client client = client_open(&fixture->loop, fixture->port);
    assert_int_equal(client_request(&client, "GET /peers HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    snprintf(head, 4096, "%s", reply.head);
    json_t *said = json_loadb((const char *)reply.body, reply.size, 0, NULL);
    assert_non_null(said);
    reply_clear(&reply);
    client_close(&client);
    return said;
}

static struct client open_as(struct fixture *fixture, const char *peer)
{
    char extra[256];
    struct client client = client_open(&fixture->loop, fixture->port);
    snprintf(extra, sizeof extra, SUBPROTOCOL FORWARDED "%s\r\n", peer);
    assert_int_equal(client_upgrade(&client, "/node", extra), 101);
    return client;
}

static void invite(struct fixture *fixture, char who[128])
{
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 8, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    snprintf(who, 128, "\"token\":\"%s\"", token);
}

TEST(each_has_a_certificate_of_the_service)
{
    struct fixture *fixture = *state;
    char head[4096];
    json_t *said = ask(fixture, head);
    const char *key = json_string_value(json_object_get(said, "key"));
    const json_t *peers = json_object_get(said, "peers"), *one = json_array_get(peers, 0);
    json_int_t now = json_integer_value(json_object_get(said, "now"));
    assert_int_equal(json_array_size(peers), 1);
    assert_string_equal(json_string_value(json_object_get(one, "address")), ADDRESS);
    assert_string_equal(json_string_value(json_object_get(one, "peer")), GOOD);
    assert_int_equal(json_integer_value(json_object_get(one, "until")), now + WI_PEERS_MS);
    assert_true(llabs((long long)(wi_wall_ms() - now)) < 60000);
    assert_true(is_signed(key, "webinfer-peer", one));
    assert_false(is_signed(key, "webinfer-member", one));
    assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
    json_decref(said);
}

/* The page's policy names their WebSockets, and nothing else of them. */
TEST(the_policy_of_pages_names_their_sockets)
{
    struct fixture *fixture = *state;
    char head[4096];
    json_decref(ask(fixture, head));
    assert_non_null(strstr(head, " wss://peer.example:9090; style-src"));
}

TEST(the_text_is_made_again_now_and_then)
{
    static char *items[] = {ADDRESS}, *urls[] = {"stun:a.example:1", "stun:[fd00::1]:2"};
    const struct wi_strings list = {items, 1}, servers = {urls, 2}, none = {0};
    struct wi_peers peers;
    assert_int_equal(wi_peers_begin(&peers), 0);
    wi_peers_take(&peers, &list, &servers);
    char *first = wi_strdup(wi_peers_text(&peers, 1000));
    assert_non_null(strstr(first, "],\"stun\":[\"stun:a.example:1\",\"stun:[fd00::1]:2\"]}"));
    assert_string_equal(first, wi_peers_text(&peers, 1000 + WI_PEERS_MS / 12 - 1));
    assert_string_not_equal(first, wi_peers_text(&peers, 1000 + WI_PEERS_MS / 12));
    assert_string_equal(first, wi_peers_text(&peers, 1000)); /* the clock was set back */
    wi_peers_take(&peers, &none, &none);
    assert_non_null(strstr(wi_peers_text(&peers, 1000), "\"peers\":[],\"stun\":[]}"));
    free(first);
    wi_peers_clear(&peers);
}

TEST(a_node_that_comes_through_one_gets_a_ticket)
{
    struct fixture *fixture = *state;
    char who[128], head[4096], expected[128];
    json_t *said = ask(fixture, head);
    invite(fixture, who);
    struct client client = open_as(fixture, GOOD);
    announce(&client, who);
    json_t *welcome = hear(&client, "welcome");
    const json_t *peers = json_object_get(json_object_get(welcome, "data"), "peers");
    const json_t *ticket = json_object_get(peers, "ticket");
    assert_string_equal(json_string_value(json_object_get(ticket, "peer")), GOOD);
    assert_true(
        is_signed(json_string_value(json_object_get(said, "key")), "webinfer-member", ticket));
    snprintf(expected, sizeof expected, " peer:%s", GOOD);
    const char *party = wi_bridge_node(fixture->bridge, fixture->node)->party;
    assert_non_null(strstr(party, expected)); /* in the place of the address */
    json_decref(welcome);
    json_decref(said);
    client_close(&client);
}

/* The answer to a request for the list of a file's blocks; new reference to the ticket that comes
 * with it, or NULL. */
static struct http_reply blocks_reply(struct fixture *fixture, const json_t *welcome,
    const char *method, const char *peer, const char *extra)
{
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char request[768];
    snprintf(request, sizeof request,
        "%s /models/digits/%s/model.onnx?blocks%s HTTP/1.1\r\nAuthorization: Bearer %s%s", method,
        test_model.hash, peer, text_of(welcome, "model_credential"), extra);
    assert_int_equal(client_request(&client, request, &reply), 0);
    client_close(&client);
    return reply;
}

static json_t *ask_for_blocks(
    struct fixture *fixture, const json_t *welcome, const char *peer, int status)
{
    static const char name[] = "X-Webinfer-Ticket: ";
    struct http_reply reply = blocks_reply(fixture, welcome, "GET", peer, "");
    assert_int_equal(reply.status, status);
    const char *at = strstr(reply.head, name);
    json_t *ticket = at ? json_loads(at + strlen(name), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    reply_clear(&reply);
    return ticket;
}

/* Nothing is signed for an answer without a body. */
static void assert_no_ticket(struct fixture *fixture, const json_t *welcome, const char *method,
    const char *extra, int status)
{
    struct http_reply reply = blocks_reply(fixture, welcome, method, "=" GOOD, extra);
    assert_int_equal(reply.status, status);
    assert_null(strstr(reply.head, "X-Webinfer-Ticket"));
    reply_clear(&reply);
}

/* By which it shows other nodes that it may have that file. */
TEST(a_node_that_is_given_a_file_gets_a_ticket_for_it)
{
    static struct wi_blockstore blocks = {.leaves = "the leaves"};
    struct fixture *fixture = *state;
    struct wi_model_file *file = &test_model.manifest.files[1];
    char who[128], head[4096];
    json_t *said = ask(fixture, head);
    const char *key = json_string_value(json_object_get(said, "key"));
    invite(fixture, who);
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", NULL);
    file->bytes = WI_BLOCKS_MIN;
    struct client client = open_as(fixture, GOOD);
    announce(&client, who);
    json_t *welcome = hear(&client, "welcome");
    send_task(fixture, "att-1", NULL);
    json_t *ticket = ask_for_blocks(fixture, welcome, "=" GOOD, 200);
    assert_non_null(ticket);
    assert_string_equal(json_string_value(json_object_get(ticket, "peer")), GOOD);
    assert_string_equal(json_string_value(json_object_get(ticket, "file")), file->hash);
    assert_true(llabs((long long)(json_integer_value(json_object_get(ticket, "until")) -
                                  wi_wall_ms() - WI_PEERS_MS)) < 60000);
    assert_true(is_signed(key, "webinfer-file", ticket));
    assert_false(is_signed(key, "webinfer-member", ticket));
    json_object_del(ticket, "file");
    assert_false(is_signed(key, "webinfer-file", ticket)); /* nor is it one for any other file */
    assert_null(ask_for_blocks(fixture, welcome, "", 200));
    assert_int_equal(blocks.asks, 2);
    assert_null(ask_for_blocks(fixture, welcome, "=", 400));
    assert_null(ask_for_blocks(fixture, welcome, "=" GOOD "x", 400));
    assert_int_equal(blocks.asks, 2); /* nor is the file hashed for it */
    char known[128];
    snprintf(known, sizeof known, "\r\nIf-None-Match: \"%s.blocks\"", file->hash);
    assert_no_ticket(fixture, welcome, "GET", known, 304);
    assert_no_ticket(fixture, welcome, "HEAD", "", 200);
    assert_no_ticket(fixture, welcome, "GET", "\r\nRange: bytes=99-", 416);
    wi_bridge_serve_content(fixture->bridge, NULL, "daemon-1", NULL);
    json_decref(ticket);
    json_decref(welcome);
    json_decref(said);
    client_close(&client);
}

TEST(a_node_gets_so_many_tickets_for_files_in_a_second)
{
    static struct wi_blockstore blocks = {.leaves = "the leaves"};
    struct fixture *fixture = *state;
    char who[128];
    invite(fixture, who);
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", NULL);
    test_model.manifest.files[1].bytes = WI_BLOCKS_MIN;
    struct client client = open_as(fixture, GOOD);
    announce(&client, who);
    json_t *welcome = hear(&client, "welcome");
    send_task(fixture, "att-1", NULL);
    struct wi_rate_limit *limit = &wi_node_find(fixture->bridge, fixture->node)->file_tickets;
    *limit = (struct wi_rate_limit){._since_ms = wi_awake_ms() + 60000, ._taken = 31};
    json_decref(ask_for_blocks(fixture, welcome, "=" GOOD, 200));
    struct http_reply reply = blocks_reply(fixture, welcome, "GET", "=" GOOD, "");
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.head, "\r\nRetry-After: 1\r\n"));
    assert_null(strstr(reply.head, "X-Webinfer-Ticket"));
    reply_clear(&reply);
    assert_int_equal(blocks.asks, 1);
    assert_null(ask_for_blocks(fixture, welcome, "", 200)); /* nothing is signed for it */
    limit->_since_ms -= 62000;                              /* the second is over */
    json_t *ticket = ask_for_blocks(fixture, welcome, "=" GOOD, 200);
    assert_non_null(ticket);
    json_decref(ticket);
    wi_bridge_serve_content(fixture->bridge, NULL, "daemon-1", NULL);
    json_decref(welcome);
    client_close(&client);
}

/* The page of a node may be a peer as well: it asks for a ticket for that id, whichever it is. */
TEST(a_page_that_is_a_peer_asks_for_a_ticket)
{
    struct fixture *fixture = *state;
    char who[128], head[4096];
    json_t *said = ask(fixture, head);
    invite(fixture, who);
    struct client client = open_as(fixture, GOOD);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    say(&client, "peer", "{\"id\":\"" LIAR "\"}");
    json_t *settings = hear(&client, "settings");
    const json_t *peers = json_object_get(json_object_get(settings, "data"), "peers");
    const json_t *ticket = json_object_get(peers, "ticket");
    assert_string_equal(json_string_value(json_object_get(ticket, "peer")), LIAR);
    assert_true(
        is_signed(json_string_value(json_object_get(said, "key")), "webinfer-member", ticket));
    json_decref(settings);
    json_decref(said);
    /* In the same second there is no other: the next that comes is the end, for what is wrong. */
    say(&client, "peer", "{\"id\":\"" GOOD "\"}");
    say(&client, "peer", "{}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
}

/* A node of a join token of its own, whose page is that peer. */
static struct client join_as(struct fixture *fixture, const char *peer, char node[WI_ID_SIZE])
{
    char who[128];
    invite(fixture, who);
    struct client client = open_as(fixture, peer);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    snprintf(node, WI_ID_SIZE, "%s", fixture->node);
    return client;
}

/* It is the peer of that id, too. It has heard all that it was told before. */
static void name_peer(
    struct fixture *fixture, struct client *client, const char *node, const char *peer)
{
    char data[128];
    wi_node_find(fixture->bridge, node)->tickets = (struct wi_rate_limit){0};
    snprintf(data, sizeof data, "{\"id\":\"%s\"}", peer);
    say(client, "peer", data);
    json_decref(hear(client, "settings"));
}

#define BBBB "bbbbbbbbbbbbbbbb"
#define FILE_HASH BBBB BBBB BBBB BBBB
#define WRONG_BLOCK "{\"peer\":\"" LIAR "\",\"file\":\"" FILE_HASH "\"}"

/* Such a node that has a ticket for the file. */
static struct client load_as(struct fixture *fixture, const char *peer, char node[WI_ID_SIZE])
{
    struct client client = join_as(fixture, peer, node);
    wi_given_add_file(
        &wi_node_find(fixture->bridge, node)->given, FILE_HASH, wi_steady_ms() + WI_PEERS_MS);
    return client;
}

/* Two such nodes say that the peer has lied. Returns whether that node, and no other, is told of.
 */
static int is_judged(struct fixture *fixture, const char *liar)
{
    char one[WI_ID_SIZE], other[WI_ID_SIZE], expected[WI_ID_SIZE + 1];
    struct client first = load_as(fixture, GOOD, one), second = load_as(fixture, GOOD, other);
    say(&first, "wrong_block", WRONG_BLOCK);
    say(&second, "wrong_block", WRONG_BLOCK);
    name_peer(fixture, &first, one, GOOD);
    name_peer(fixture, &second, other, GOOD);
    client_close(&second);
    client_close(&first);
    snprintf(expected, sizeof expected, "%s ", liar);
    return strcmp(fixture->lied, expected) == 0;
}

TEST(what_nodes_of_two_tokens_say_of_a_peer_counts)
{
    struct fixture *fixture = *state;
    char liar[WI_ID_SIZE], one[WI_ID_SIZE], other[WI_ID_SIZE], expected[WI_ID_SIZE + 1];
    struct client lying = join_as(fixture, LIAR, liar), first = load_as(fixture, GOOD, one);
    say(&first, "wrong_block", WRONG_BLOCK);
    say(&first, "wrong_block", WRONG_BLOCK);
    client_close(&first);
    while (fixture->aways == 0)
        client_turn(&lying);
    assert_string_equal(fixture->lied, "");
    struct client second = load_as(fixture, GOOD, other);
    say(&second, "wrong_block", WRONG_BLOCK);
    while (!*fixture->lied)
        client_turn(&second);
    snprintf(expected, sizeof expected, "%s ", liar);
    assert_string_equal(fixture->lied, expected);
    assert_true(is_judged(fixture, liar)); /* two others say it within the hour: that is all */
    client_close(&second);
    client_close(&lying);
}

/* A page that reached the bridge by itself is known by the id for which it has asked for a ticket.
 */
TEST(a_liar_is_the_node_that_has_asked_for_its_ticket)
{
    struct fixture *fixture = *state;
    char liar[WI_ID_SIZE];
    struct client lying = join_as(fixture, GOOD, liar);
    name_peer(fixture, &lying, liar, LIAR);
    assert_true(is_judged(fixture, liar));
    client_close(&lying);
}

TEST(a_node_answers_for_its_former_ids)
{
    struct fixture *fixture = *state;
    char liar[WI_ID_SIZE];
    struct client lying = join_as(fixture, GOOD, liar);
    name_peer(fixture, &lying, liar, LIAR);
    name_peer(fixture, &lying, liar, OTHER);
    name_peer(fixture, &lying, liar, GOOD);
    assert_true(is_judged(fixture, liar));
    client_close(&lying);
}

/* Comes back over that peer; returns its welcome. */
static json_t *resume_as(
    struct fixture *fixture, struct client *client, const char *peer, const json_t *welcome)
{
    char who[256];
    int away = fixture->aways;
    client_close(client);
    *client = open_as(fixture, peer);
    turn_until(client, &fixture->aways, away + 1);
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],\"unacknowledged\":[]}",
        text_of(welcome, "node"), text_of(welcome, "resume_token"));
    announce(client, who);
    return hear(client, "welcome");
}

static const json_t *ticket_of(const json_t *welcome)
{
    const json_t *data = json_object_get(welcome, "data");
    return json_object_get(json_object_get(data, "peers"), "ticket");
}

TEST(a_node_that_came_through_a_peer_before_answers_for_that)
{
    struct fixture *fixture = *state;
    char who[128], liar[WI_ID_SIZE];
    invite(fixture, who);
    struct client lying = open_as(fixture, LIAR);
    announce(&lying, who);
    json_t *welcome = hear(&lying, "welcome");
    json_t *again = resume_as(fixture, &lying, OTHER, welcome);
    assert_string_equal(json_string_value(json_object_get(ticket_of(again), "peer")), OTHER);
    snprintf(liar, sizeof liar, "%s", text_of(welcome, "node"));
    assert_true(is_judged(fixture, liar));
    json_decref(again);
    json_decref(welcome);
    client_close(&lying);
}

/* So that it gets rid of none before its ticket has ended. */
TEST(a_node_of_so_many_ids_gets_no_ticket_for_another)
{
    struct fixture *fixture = *state;
    char who[128], name[32];
    invite(fixture, who);
    struct client client = open_as(fixture, GOOD);
    announce(&client, who);
    json_t *welcome = hear(&client, "welcome");
    struct wi_given *given = &wi_node_find(fixture->bridge, fixture->node)->given;
    for (int i = 1; i < WI_GIVEN_IDS; i++) {
        snprintf(name, sizeof name, "id-%d", i);
        assert_true(wi_given_add_id(given, name, 0, INT64_MAX));
    }
    json_t *again = resume_as(fixture, &client, OTHER, welcome);
    assert_null(ticket_of(again));
    json_t *third = resume_as(fixture, &client, GOOD, again);
    assert_non_null(ticket_of(third));
    name_peer(fixture, &client, fixture->node, GOOD); /* each that it has is renewed */
    wi_node_find(fixture->bridge, fixture->node)->tickets = (struct wi_rate_limit){0};
    say(&client, "peer", "{\"id\":\"" OTHER "\"}");
    say(&client, "peer", "{}"); /* the next that comes is the end, for what is wrong */
    assert_int_equal(hear_close(&client), 1008);
    json_decref(third);
    json_decref(again);
    json_decref(welcome);
    client_close(&client);
}

/* A ticket for the file shows that the service has let it load that. */
TEST(a_node_accuses_only_for_files_that_it_may_load)
{
    static struct wi_blockstore blocks = {.leaves = "the leaves"};
    struct fixture *fixture = *state;
    char who[128], liar[WI_ID_SIZE], one[WI_ID_SIZE], node[WI_ID_SIZE];
    struct client lying = join_as(fixture, LIAR, liar), first = load_as(fixture, GOOD, one);
    say(&first, "wrong_block", WRONG_BLOCK);
    name_peer(fixture, &first, one, GOOD);
    invite(fixture, who);
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", NULL);
    test_model.manifest.files[1].bytes = WI_BLOCKS_MIN;
    struct client second = open_as(fixture, GOOD);
    announce(&second, who);
    json_t *welcome = hear(&second, "welcome");
    snprintf(node, sizeof node, "%s", text_of(welcome, "node"));
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&second, "task_request"));
    assert_null(ask_for_blocks(fixture, welcome, "", 200)); /* without a ticket */
    assert_no_ticket(fixture, welcome, "HEAD", "", 200);
    say(&second, "wrong_block", WRONG_BLOCK);
    name_peer(fixture, &second, node, GOOD);
    assert_string_equal(fixture->lied, "");
    json_t *ticket = ask_for_blocks(fixture, welcome, "=" GOOD, 200);
    assert_string_equal(json_string_value(json_object_get(ticket, "file")), FILE_HASH);
    say(&second, "wrong_block",
        "{\"peer\":\"" LIAR "\",\"file\":\"" BBBB BBBB BBBB "bbbbbbbbbbbbbbba\"}");
    name_peer(fixture, &second, node, GOOD);
    assert_string_equal(fixture->lied, ""); /* that is no file of its own */
    say(&second, "wrong_block", WRONG_BLOCK);
    name_peer(fixture, &second, node, GOOD);
    assert_non_null(strstr(fixture->lied, liar));
    wi_bridge_serve_content(fixture->bridge, NULL, "daemon-1", NULL);
    json_decref(ticket);
    json_decref(welcome);
    client_close(&second);
    client_close(&first);
    client_close(&lying);
}

static void assert_ends(struct fixture *fixture, const char *const bad[], size_t count)
{
    char node[WI_ID_SIZE];
    for (size_t i = 0; i < count; i++) {
        struct client client = load_as(fixture, GOOD, node);
        say(&client, "wrong_block", bad[i]);
        assert_int_equal(hear_close(&client), 1008);
        client_close(&client);
    }
}

TEST(an_accusation_of_no_peer_ends_the_connection)
{
    static const char *const bad[] = {"{}", "{\"file\":\"" FILE_HASH "\"}",
        "{\"peer\":5,\"file\":\"" FILE_HASH "\"}",
        "{\"peer\":\"" LIAR "x\",\"file\":\"" FILE_HASH "\"}",
        "{\"peer\":\"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N\",\"file\":\"" FILE_HASH "\"}"};
    assert_ends(*state, bad, sizeof bad / sizeof *bad);
}

TEST(an_accusation_for_no_file_ends_the_connection)
{
    static const char *const bad[] = {"{\"peer\":\"" LIAR "\"}",
        "{\"peer\":\"" LIAR "\",\"file\":5}", "{\"peer\":\"" LIAR "\",\"file\":\"\"}",
        "{\"peer\":\"" LIAR "\",\"file\":\"ab\"}",
        "{\"peer\":\"" LIAR "\",\"file\":\"" FILE_HASH "b\"}",
        "{\"peer\":\"" LIAR "\",\"file\":\"" BBBB BBBB BBBB "BBBBBBBBBBBBBBBB\"}"};
    assert_ends(*state, bad, sizeof bad / sizeof *bad);
}

TEST(what_is_no_peer_gets_no_ticket)
{
    static const char *const bad[] = {"{}", "{\"id\":5}", "{\"id\":\"\"}", "{\"id\":\"" GOOD "x\"}",
        "{\"id\":\"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N\"}"};
    struct fixture *fixture = *state;
    char who[128];
    invite(fixture, who);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client client = open_as(fixture, GOOD);
        announce(&client, who);
        json_decref(hear(&client, "welcome"));
        say(&client, "peer", bad[i]);
        assert_int_equal(hear_close(&client), 1008);
        client_close(&client);
    }
}

/* A header from elsewhere says nothing, and neither does another header. */
TEST(only_proxies_of_the_operator_state_peers)
{
    struct fixture *fixture = *state;
    char who[128];
    invite(fixture, who);
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            configure(fixture, "10.0.0.0/8");
        struct client client =
            i == 1 ? open_as(fixture, GOOD) : client_open(&fixture->loop, fixture->port);
        if (i == 0)
            assert_int_equal(
                client_upgrade(&client, "/node", SUBPROTOCOL "X-Forwarded-For: 192.0.2.1\r\n"),
                101);
        announce(&client, who);
        json_t *welcome = hear(&client, "welcome");
        assert_null(json_object_get(json_object_get(welcome, "data"), "peers"));
        assert_non_null(
            strstr(wi_bridge_node(fixture->bridge, fixture->node)->party, " 127.0.0.1"));
        json_decref(welcome);
        client_close(&client);
    }
}

TEST(what_is_no_id_is_refused)
{
    static const char *const bad[] = {
        "", "12D3KooW", GOOD "x", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", GOOD ", " GOOD};
    struct fixture *fixture = *state;
    char extra[512];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        snprintf(extra, sizeof extra, SUBPROTOCOL FORWARDED "%s\r\n", bad[i]);
        assert_int_equal(client_upgrade(&client, "/node", extra), 400);
        client_close(&client);
    }
}

/* Loopback is exempt; a peer that comes from there is not. */
TEST(a_peer_has_as_many_connections_as_an_address)
{
    struct fixture *fixture = *state;
    uint64_t most = fixture->config.bridge.max_connections_per_address;
    struct client clients[4], refused = client_open(&fixture->loop, fixture->port);
    fixture->config.bridge.max_connections_per_address = 4;
    configure(fixture, "127.0.0.1");
    for (size_t i = 0; i < 4; i++)
        clients[i] = open_as(fixture, LIAR);
    assert_int_equal(client_upgrade(&refused, "/node", SUBPROTOCOL FORWARDED LIAR "\r\n"), 503);
    client_close(&refused);
    struct client other = open_as(fixture, GOOD);
    client_close(&other);
    for (size_t i = 0; i < 4; i++)
        client_close(&clients[i]);
    fixture->config.bridge.max_connections_per_address = most;
}

/* A liar is kept away by its peer; its neighbour behind the same proxy works on. */
TEST(the_quarantine_is_of_the_peer)
{
    static const struct wi_quarantine_cause wrong = {.evidence = "cross-check", .reason = "wrong"};
    struct fixture *fixture = *state;
    char who[128];
    invite(fixture, who);
    struct client liar = open_as(fixture, LIAR);
    announce(&liar, who);
    json_decref(hear(&liar, "welcome"));
    char id[WI_ID_SIZE];
    memcpy(id, fixture->node, sizeof id);
    struct client neighbour = open_as(fixture, GOOD);
    announce(&neighbour, who);
    json_decref(hear(&neighbour, "welcome"));

    assert_int_equal(wi_bridge_quarantine(fixture->bridge, id, &wrong), 0);
    json_decref(hear(&liar, "bye"));
    client_close(&liar);
    json_t *rows = wi_bridge_quarantined(fixture->bridge, 1, 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(rows, 0), "address")), "peer:" LIAR);
    json_decref(rows);

    liar = open_as(fixture, LIAR);
    announce(&liar, who);
    assert_int_equal(hear_close(&liar), 1008);
    client_close(&liar);
    say(&neighbour, "heartbeat", "{\"seq\":1,\"running\":[],\"busy_since_ms\":0}");
    struct client another = open_as(fixture, GOOD); /* with the same token */
    announce(&another, who);
    json_decref(hear(&another, "welcome"));
    client_close(&another);
    client_close(&neighbour);
}
