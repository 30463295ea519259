/* Pages of sibling daemons: exactly theirs may open a WebSocket and read files of models here. */
#include "../fixture.h"

#include "nodes/bridge/http/siblings.h"

#define SIBLING "https://b.example:8471"
#define OTHER "http://10.0.0.2:8571"
#define ALLOWED "\r\nAccess-Control-Allow-Origin: "

static struct wi_config with_siblings(struct fixture *fixture)
{
    struct wi_config config = fixture->config;
    memset(&config.bridge.endpoints, 0, sizeof config.bridge.endpoints);
    wi_strings_add(&config.bridge.endpoints, SIBLING);
    wi_strings_add(&config.bridge.endpoints, OTHER);
    return config;
}

static int set_up_siblings(void **state)
{
    int result = set_up(state);
    struct fixture *fixture = *state;
    struct wi_config config = with_siblings(fixture);
    wi_bridge_reload(fixture->bridge, &config);
    wi_strings_clear(&config.bridge.endpoints);
    return result;
}

FIXTURE(set_up_siblings, tear_down)

/* Sends a request with that Origin. */
static struct http_reply ask(struct fixture *fixture, const char *line, const char *origin)
{
    struct http_reply reply;
    char request[512];
    struct client client = client_open(&fixture->loop, fixture->port);
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nOrigin: %s", line, origin);
    assert_int_equal(client_request(&client, request, &reply), 0);
    client_close(&client);
    return reply;
}

static int upgrade_from(struct fixture *fixture, const char *origin)
{
    char extra[256];
    struct client client = client_open(&fixture->loop, fixture->port);
    snprintf(extra, sizeof extra, SUBPROTOCOL "Origin: %s\r\n", origin);
    int status = client_upgrade(&client, "/node", extra);
    client_close(&client);
    return status;
}

static const char *const foreign[] = {"https://b.example", "http://b.example:8471",
    "https://b.example:8471.evil.example", "https://evil.example", "null", "http://10.0.0.2:857"};

TEST(exactly_these_origins_are_siblings)
{
    struct wi_config config = with_siblings(*state);
    const struct wi_strings *siblings = &config.bridge.endpoints;
    assert_true(wi_is_sibling(siblings, SIBLING));
    assert_true(wi_is_sibling(siblings, "https://B.example:8471")); /* as somebody has written it */
    assert_true(wi_is_sibling(siblings, OTHER));
    assert_false(wi_is_sibling(siblings, ""));
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_false(wi_is_sibling(siblings, foreign[i]));
    wi_strings_clear(&config.bridge.endpoints);
}

TEST(a_page_may_connect_to_them_and_theirs_here)
{
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, "GET /", SIBLING);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(
        reply.head, " " SIBLING " wss://b.example:8471 " OTHER " ws://10.0.0.2:8571; style-src"));
    assert_null(strcasestr(reply.head, ALLOWED)); /* it need not read our page */
    reply_clear(&reply);
    assert_int_equal(upgrade_from(fixture, SIBLING), 101);
    assert_int_equal(upgrade_from(fixture, OTHER), 101);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_int_equal(upgrade_from(fixture, foreign[i]), 403);
}

/* The refusal of a request without a credential can be read as well. */
TEST(files_of_models_are_readable_for_their_pages)
{
    static const char path[] = "GET /models/digits/x/model.onnx";
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, path, SIBLING);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(reply.head, "\r\nVary: Origin\r\n"));
    assert_non_null(strstr(reply.head, ALLOWED SIBLING "\r\n"));
    assert_non_null(strstr(reply.head, "\r\nAccess-Control-Expose-Headers: content-range, etag, "
                                       "content-length, x-webinfer-ticket\r\n"));
    assert_null(strcasestr(reply.head, "Allow-Credentials"));
    reply_clear(&reply);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        reply = ask(fixture, path, foreign[i]);
        assert_int_equal(reply.status, 401);
        assert_null(strcasestr(reply.head, ALLOWED));
        assert_non_null(strstr(reply.head, "\r\nVary: Origin\r\n"));
        reply_clear(&reply);
    }
}

/* So that they find peers while their own service is gone. */
TEST(the_list_of_peers_is_readable_for_their_pages)
{
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, "GET /peers", SIBLING);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, ALLOWED SIBLING "\r\n"));
    reply_clear(&reply);
    reply = ask(fixture, "GET /peers", foreign[0]);
    assert_int_equal(reply.status, 200);
    assert_null(strcasestr(reply.head, ALLOWED));
    reply_clear(&reply);
}

TEST(a_preflight_names_what_is_allowed)
{
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, "OPTIONS /models/digits/x/model.onnx", OTHER);
    assert_int_equal(reply.status, 204);
    assert_non_null(strstr(reply.head, ALLOWED OTHER "\r\n"));
    assert_non_null(strstr(reply.head, "\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n"));
    assert_non_null(
        strstr(reply.head, "\r\nAccess-Control-Allow-Headers: authorization, range, if-range\r\n"));
    reply_clear(&reply);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        reply = ask(fixture, "OPTIONS /models/digits/x/model.onnx", foreign[i]);
        assert_int_equal(reply.status, 403);
        assert_null(strcasestr(reply.head, ALLOWED));
        reply_clear(&reply);
    }
    reply = ask(fixture, "OPTIONS /", SIBLING);
    assert_int_equal(reply.status, 405);
    assert_null(strcasestr(reply.head, ALLOWED));
    reply_clear(&reply);
}

TEST(they_are_listed_for_links_that_name_endpoints)
{
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, "GET /endpoints", "null");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, strlen(SIBLING "\n" OTHER "\n"));
    assert_memory_equal(reply.body, SIBLING "\n" OTHER "\n", reply.size);
    reply_clear(&reply);
}

/* A session of ours goes nowhere. */
TEST(a_joined_node_is_told_of_them)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], id[WI_ID_SIZE], who[128];
    struct wi_error error;
    struct client ours = open_socket(fixture), joined = open_socket(fixture);
    wi_bridge_expect(fixture->bridge, "session-9", "chrome", "", "", 60000, token);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&ours, who);
    json_t *welcome = hear(&ours, "welcome");
    assert_null(json_object_get(json_object_get(welcome, "data"), "endpoints"));
    json_decref(welcome);

    assert_int_equal(wi_bridge_invite(fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&joined, who);
    welcome = hear(&joined, "welcome");
    const json_t *list = json_object_get(json_object_get(welcome, "data"), "endpoints");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 1)), OTHER);
    json_decref(welcome);
    client_close(&ours);
    client_close(&joined);
}

/* Without siblings all is as it was. */
TEST_IN(there_need_not_be_any, set_up, tear_down)
{
    struct fixture *fixture = *state;
    struct http_reply reply = ask(fixture, "GET /models/digits/x/model.onnx", SIBLING);
    assert_int_equal(reply.status, 401);
    assert_null(strcasestr(reply.head, "\r\nVary:"));
    assert_null(strcasestr(reply.head, ALLOWED));
    reply_clear(&reply);
    reply = ask(fixture, "OPTIONS /models/digits/x/model.onnx", SIBLING);
    assert_int_equal(reply.status, 405);
    reply_clear(&reply);
    reply = ask(fixture, "GET /endpoints", "null");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 0);
    reply_clear(&reply);
    assert_int_equal(upgrade_from(fixture, SIBLING), 403);
}
