/* Join links and joined nodes: which labels are taken, and who can be sent away. */
#include "../fixture.h"

#include "api/endpoints/nodes_endpoint.h"

#include <string.h>

FIXTURE(set_up, tear_down)

static struct client *order(const char *body)
{
    struct client *client = connect_client();
    post(client, "/v1/admin/join", body, strlen(body));
    until(answered(client));
    return client;
}

TEST(a_link_has_its_label_and_whether_it_may_be_passed_on)
{
    struct client *client = order("{\"label\":\"Ada\",\"shareable\":true,\"start\":true}");
    assert_int_equal(status_of(client), 201);
    check_member(client, "label", "Ada");
    json_t *json = body_of(client);
    assert_true(json_is_true(json_object_get(json, "shareable")));
    const char *url = json_string_value(json_object_get(json, "url"));
    assert_non_null(strstr(url, "/#token=wi_x&start"));
    json_decref(json);
    assert_string_equal(fixture->label, "Ada");
    assert_true(fixture->shareable);
    free_client(client);

    client = order("{}");
    assert_int_equal(status_of(client), 201);
    json = body_of(client);
    assert_true(json_is_null(json_object_get(json, "label")));
    assert_true(json_is_false(json_object_get(json, "shareable")));
    json_decref(json);
    assert_string_equal(fixture->label, "");
    assert_false(fixture->shareable);
    free_client(client);
}

TEST(a_link_names_the_peers_before_the_service)
{
    struct client *client = order("{\"peers\":true}");
    check_problem(client, 400, "invalid_field");
    check_member(client, "field", "peers");
    free_client(client);

    wi_strings_add(&fixture->peers, "/dns4/a.example/tcp/1/wss/p2p/12D3KooWA");
    wi_strings_add(&fixture->peers, "/ip4/10.0.0.1/tcp/2/ws/p2p/12D3KooWB");
    client = order("{\"peers\":true,\"start\":true}");
    assert_int_equal(status_of(client), 201);
    json_t *json = body_of(client);
    assert_string_equal(json_string_value(json_object_get(json, "url")),
        "http://127.0.0.1:1/?node_endpoints=/dns4/a.example/tcp/1/wss/p2p/12D3KooWA,"
        "/ip4/10.0.0.1/tcp/2/ws/p2p/12D3KooWB,http://127.0.0.1:1#token=wi_x&start");
    json_decref(json);
    free_client(client);

    client = order("{}"); /* others are as they were */
    json = body_of(client);
    assert_string_equal(
        json_string_value(json_object_get(json, "url")), "http://127.0.0.1:1/#token=wi_x");
    json_decref(json);
    free_client(client);
}

TEST(a_bad_label_is_refused)
{
    static const char start[] = "{\"label\":\"";
    static const char *const bad[] = {"{\"label\":\"\"}", "{\"label\":5}", "{\"label\":\"a\\nb\"}",
        "{\"label\":\"a\\u202eb\"}", "{\"shareable\":\"yes\"}"};
    char body[sizeof start + WI_JOIN_LABEL_SIZE + 2];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client *client = order(bad[i]);
        check_problem(client, 400, "invalid_field");
        check_member(client, "field", strstr(bad[i], "label") ? "label" : "shareable");
        free_client(client);
    }
    for (size_t size = WI_JOIN_LABEL_SIZE - 1; size <= WI_JOIN_LABEL_SIZE; size++) {
        memcpy(body, start, sizeof start);
        memset(body + strlen(start), 'x', size);
        strcpy(body + strlen(start) + size, "\"}");
        struct client *client = order(body);
        assert_int_equal(status_of(client), size < WI_JOIN_LABEL_SIZE ? 201 : 400);
        free_client(client);
    }
}

/* --- in a cluster ----------------------------------------------------------------------------- */

/* The cluster's servers have the token, or `failure` says why not. */
static void stored(const struct wi_error *failure)
{
    wi_job_store_done_fn *done = fixture->stored;
    fixture->stored = NULL;
    done(fixture->stored_data, failure);
}

static void unstored(void)
{
    struct wi_error error;
    wi_error_set(&error, WI_CLUSTER_UNAVAILABLE, NULL, "no server answers");
    wi_error_retry_after(&error, 7);
    stored(&error);
}

static struct client *asked(const char *method, const char *path, const char *body)
{
    struct client *client = connect_client();
    fixture->shares = 1;
    if (body)
        post(client, path, body, strlen(body));
    else
        send_head(client, method, path, "");
    until(fixture->stored);
    assert_false(answered(client));
    return client;
}

TEST(a_link_of_a_cluster_is_told_once_the_servers_have_its_token)
{
    struct client *client = asked("POST", "/v1/admin/join", "{\"label\":\"Ada\",\"nodes\":3}");
    stored(NULL);
    until(answered(client));
    assert_int_equal(status_of(client), 201);
    check_member(client, "label", "Ada");
    check_member(client, "token", "wi_x");
    free_client(client);
}

TEST(a_token_that_the_servers_do_not_take_is_told_to_nobody)
{
    struct client *client = asked("POST", "/v1/admin/join", "{}");
    unstored();
    until(answered(client));
    check_problem(client, 503, "cluster_unavailable");
    check_member(client, "detail", "no server answers");
    assert_non_null(strcasestr(client->text, "Retry-After: 7"));
    assert_null(strstr(client->text, "wi_x"));
    free_client(client);
}

TEST(a_client_that_leaves_while_the_servers_are_asked_is_forgotten)
{
    struct client *client = asked("POST", "/v1/admin/join", "{\"label\":\"Ada\"}");
    free_client(client);
    stored(NULL);
    assert_int_equal(ask("GET", "/v1/admin/join", "", NULL), 200);
}

TEST(a_token_that_is_revoked_here_alone_is_told_so)
{
    struct client *client = asked("DELETE", "/v1/admin/join/join-1", NULL);
    stored(NULL);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    check_member(client, "state", "revoked");
    free_client(client);

    client = asked("DELETE", "/v1/admin/join/join-1", NULL);
    unstored();
    until(answered(client));
    check_problem(client, 503, "cluster_unavailable");
    check_member(client, "detail",
        "the token is revoked at this member only, and at the others once this daemon can tell "
        "them: no server answers");
    assert_non_null(strcasestr(client->text, "Retry-After: 7"));
    free_client(client);

    json_t *json;
    assert_int_equal(ask("DELETE", "/v1/admin/join/join-2", "", &json), 404);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "not_found");
    json_decref(json);
}

/* --- nodes ------------------------------------------------------------------------------------ */

TEST(a_joined_node_is_sent_away_and_one_of_ours_is_not)
{
    json_t *json;
    assert_int_equal(ask("DELETE", "/v1/nodes/node-1", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "removed");
    json_decref(json);
    assert_string_equal(fixture->dropped, "an admin removed this page");
    fixture->dropped = NULL;

    assert_int_equal(ask("DELETE", "/v1/nodes/node-2", "", &json), 404);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "node_not_found");
    json_decref(json);
    assert_int_equal(ask("DELETE", "/v1/nodes/node-ours", "", &json), 409);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "conflict");
    assert_non_null(strstr(json_string_value(json_object_get(json, "detail")), "session-1"));
    json_decref(json);
    assert_null(fixture->dropped);
}

/* What is not there is not shown, apart from browsers' platforms. */
TEST(a_report_is_shown_as_what_its_browser_can_do)
{
    struct wi_node_info info = {.cores = 8, .memory_gib = 4, .isolated = 1, .browser_version = "9"};
    info.platforms[WI_WASM].available = 1;
    strcpy(info.platforms[WI_WEBGPU].reason, "it has none");
    info.engines[WI_ENGINE_ORT] = (struct wi_node_engine){
        .available = 1, .version = "1.2", .slots = 2, .queue = 1, .can_continue = 1};
    json_t *shown = wi_api_abilities_json(&info), *platforms = json_object_get(shown, "platforms");
    json_t *engines = json_pack("{s:{s:s,s:i,s:i,s:i,s:[s]}}", "ort", "version", "1.2", "slots", 2,
        "short_slots", 0, "queue", 1, "can", "continue");
    assert_true(json_equal(json_object_get(shown, "engines"), engines));
    assert_true(json_is_true(json_object_get(json_object_get(platforms, "wasm"), "available")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(platforms, "webgpu"), "reason")),
        "it has none");
    assert_null(json_object_get(platforms, "simulated"));
    assert_int_equal(json_integer_value(json_object_get(shown, "cores")), 8);
    assert_true(json_is_true(json_object_get(shown, "cross_origin_isolated")));
    assert_string_equal(json_string_value(json_object_get(shown, "browser_version")), "9");
    assert_int_equal(json_object_size(shown), 6);
    json_decref(engines);
    json_decref(shown);
}

static const struct wi_node_info kind_page = {.browser_version = "156"};

/* In the status alone: watchers and metrics have no use for it. */
TEST(the_status_says_what_a_kind_can_do)
{
    json_t *json;
    fixture->kinds = json_pack("{s:{}, s:{}}", "chrome", "firefox");
    fixture->kind_page = &kind_page;
    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    const json_t *kinds = json_object_get(json, "kinds");
    const json_t *abilities = json_object_get(json_object_get(kinds, "chrome"), "abilities");
    assert_string_equal(json_string_value(json_object_get(abilities, "browser_version")), "156");
    assert_null(json_object_get(json_object_get(kinds, "firefox"), "abilities")); /* not known */
    json_decref(json);
    json_decref(fixture->kinds);
    fixture->kinds = NULL;
    fixture->kind_page = NULL;
}

TEST(devices_are_listed_and_forgotten_one_by_one)
{
    json_t *json;
    assert_int_equal(ask("GET", "/v1/devices", "", &json), 200);
    const json_t *row = json_array_get(json_object_get(json, "devices"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "join")), "join-1");
    assert_true(json_is_null(json_object_get(row, "label")));
    assert_true(json_is_null(json_object_get(row, "node")));
    assert_int_equal(json_integer_value(json_object_get(row, "seen_at")), 2);
    json_decref(json);

    assert_int_equal(ask("DELETE", "/v1/devices/device-1", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "forgotten");
    json_decref(json);
    assert_int_equal(ask("DELETE", "/v1/devices/device-2", "", &json), 404);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "not_found");
    assert_string_equal(json_string_value(json_object_get(json, "detail")),
        "there is no device device-2; GET /v1/devices lists all devices");
    json_decref(json);
}
