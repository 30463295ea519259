/* What a node's browser is found to do: the question, and answers of which only the form is sure.
 */
#include "fixture.h"
#include "nodes/bridge/features.h"

FIXTURE(set_up, tear_down)

/* --- reading ---------------------------------------------------------------------------------- */

static json_t *read_text(const char *text, struct wi_error *error)
{
    json_t *features = json_loads(text, 0, NULL), *found;
    assert_non_null(features);
    found = wi_features_read(features, error);
    json_decref(features);
    return found;
}

static const char *part_of(const json_t *found, const char *name, const char *part)
{
    return json_string_value(json_object_get(json_object_get(found, name), part));
}

TEST(test_read)
{
    struct wi_error error = {0};
    size_t rows = 0;
    json_t *found =
        read_text("{\"webgpu\":{\"state\":\"software\",\"detail\":\"a\\u0007b\",\"more\":1},"
                  "\"wasm_simd\":{\"state\":\"yes\"},\"from_the_future\":{\"state\":\"perhaps\"}}",
            &error);
    while (wi_features[rows].name)
        rows++;
    assert_int_equal(json_object_size(found), rows);
    assert_string_equal(part_of(found, "webgpu", "state"), "software");
    assert_null(strchr(part_of(found, "webgpu", "detail"), 7));
    assert_string_equal(part_of(found, "wasm_simd", "detail"), "");
    assert_string_equal(part_of(found, "webnn", "state"), "no");
    assert_string_equal(part_of(found, "webnn", "detail"), "its page did not try it");
    json_decref(found);
}

TEST(test_long_detail)
{
    struct wi_error error = {0};
    char text[4096], detail[3000];
    memset(detail, 'x', sizeof detail);
    detail[sizeof detail - 1] = '\0';
    snprintf(text, sizeof text, "{\"webnn\":{\"state\":\"no\",\"detail\":\"%s\"}}", detail);
    json_t *found = read_text(text, &error);
    assert_true(strlen(part_of(found, "webnn", "detail")) <= WI_FEATURE_DETAIL_MAX);
    json_decref(found);
}

TEST(test_wrong)
{
    static const char *const cases[][2] = {
        {"{\"webgpu\":{\"state\":\"perhaps\"}}", "data.features.webgpu.state"},
        {"{\"webgpu\":{\"state\":7}}", "data.features.webgpu.state"},
        {"{\"webgpu\":{}}", "data.features.webgpu.state"},
        {"{\"webgpu\":{\"state\":\"yes\",\"detail\":[]}}", "data.features.webgpu.detail"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_error error = {0};
        assert_null(read_text(cases[i][0], &error));
        assert_string_equal(error.field, cases[i][1]);
    }
    struct wi_error error = {0};
    assert_null(read_text("{\"webgpu\":\"yes\"}", &error));
    assert_null(read_text("{\"webgpu\":null}", &error));
}

TEST(test_names)
{
    json_t *rows = wi_features_json();
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(wi_features[i].name, wi_features[k].name);
    json_decref(rows);
}

/* --- asking ----------------------------------------------------------------------------------- */

static const struct wi_look *looked(const struct fixture *fixture)
{
    return wi_bridge_looked(fixture->bridge, fixture->node);
}

/* The id of the question that has come. */
static char *hear_query(struct client *client)
{
    json_t *query = hear(client, "capability_query");
    const json_t *names = json_object_get(json_object_get(query, "data"), "features");
    assert_string_equal(json_string_value(json_array_get(names, 0)), wi_features[0].name);
    char *id = strdup(json_string_value(json_object_get(query, "id")));
    json_decref(query);
    return id;
}

static void report(struct client *client, const char *reply_to, const char *features)
{
    char text[2048];
    snprintf(text, sizeof text, "{\"capabilities\":" CAPABILITIES ",\"reply_to\":\"%s\"%s%s}",
        reply_to, features ? ",\"features\":" : "", features ? features : "");
    say(client, "capability_report", text);
}

TEST(test_asked_once)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(looked(fixture)->state, WI_LOOK_NEVER);
    for (int i = 0; i < 3; i++) /* one question */
        assert_int_equal(wi_bridge_look(fixture->bridge, fixture->node), WI_OK);
    assert_int_equal(wi_bridge_look(fixture->bridge, "node-none"), WI_NODE_NOT_FOUND);
    char *id = hear_query(&client);
    report(&client, "s-99999", "{}");
    report(&client, id, "{\"webgpu\":{\"state\":\"yes\"}}");
    turn_until(&client, &fixture->looks, 1);
    assert_int_equal(looked(fixture)->state, WI_LOOK_DONE);
    assert_string_equal(part_of(looked(fixture)->found, "webgpu", "state"), "yes");
    /* Again, and what was found before stays until then; it tries none, now. */
    assert_int_equal(wi_bridge_look(fixture->bridge, fixture->node), WI_OK);
    assert_non_null(looked(fixture)->found);
    free(id);
    id = hear_query(&client);
    report(&client, id, NULL);
    turn_until(&client, &fixture->looks, 2);
    assert_int_equal(looked(fixture)->state, WI_LOOK_FAILED);
    assert_string_equal(looked(fixture)->reason, "it tries no features");
    free(id);
    client_close(&client);
}

TEST(test_revived)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    wi_bridge_revive(fixture->bridge, "node-none");
    wi_bridge_revive(fixture->bridge, fixture->node);
    json_t *query = hear(&client, "capability_query");
    assert_int_equal(json_object_size(json_object_get(query, "data")), 0);
    assert_int_equal(looked(fixture)->state, WI_LOOK_NEVER);
    json_decref(query);
    client_close(&client);
}

TEST(test_hostile)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    assert_int_equal(wi_bridge_look(fixture->bridge, fixture->node), WI_OK);
    char *id = hear_query(&client);
    report(&client, id, "{\"webgpu\":{\"state\":\"perhaps\"}}");
    assert_int_equal(hear_close(&client), 1008);
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    assert_int_equal(looked(fixture)->state, WI_LOOK_ASKED);
    free(id);
}

TEST(test_back)
{
    char who[256];
    json_t *welcome;
    struct fixture *fixture = *state;
    struct client client = join(fixture, &welcome);
    assert_int_equal(wi_bridge_look(fixture->bridge, fixture->node), WI_OK);
    free(hear_query(&client));
    client_close(&client);
    turn_until(&client, &fixture->aways, 1);
    assert_int_equal(wi_bridge_look(fixture->bridge, fixture->node), WI_NODE_NOT_FOUND);
    client = open_socket(fixture);
    snprintf(who, sizeof who,
        "\"resume\":{\"node\":\"%s\",\"token\":\"%s\",\"running\":[],\"unacknowledged\":[]}",
        text_of(welcome, "node"), text_of(welcome, "resume_token"));
    json_decref(welcome);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    char *id = hear_query(&client); /* it is asked anew */
    report(&client, id, "{}");
    turn_until(&client, &fixture->looks, 1);
    assert_int_equal(looked(fixture)->state, WI_LOOK_DONE);
    free(id);
    client_close(&client);
}
