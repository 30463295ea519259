/* The kinds of browsers that a daemon can lend, from its answers, and what a node of each says. */
#include "../test.h"

#include "terms/model/engine.h"
#include "uplink/kinds.h"
#include <stdlib.h>
#include <string.h>

static struct {
    json_t *nodes, *status, *samples;
    struct wi_uplink_kind *list;
    size_t count;
} read_;

/* Of a daemon that may have `limit` browsers at a time. */
static void kinds_read_of(const char *nodes, const char *kinds, int limit)
{
    free(read_.list);
    json_decref(read_.nodes);
    json_decref(read_.status);
    read_.nodes = json_loads(nodes, JSON_DECODE_ANY, NULL);
    read_.status = json_pack(
        "{s:o*,s:i}", "kinds", json_loads(kinds, JSON_DECODE_ANY, NULL), "session_limit", limit);
    read_.list = wi_uplink_kinds_read(read_.nodes, read_.status, read_.samples, &read_.count);
}

static void kinds_read(const char *nodes, const char *kinds)
{
    kinds_read_of(nodes, kinds, 1000);
}

static const struct wi_uplink_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < read_.count; i++)
        if (strcmp(read_.list[i].name, name) == 0)
            return &read_.list[i];
    return NULL;
}

static int set_up(void **state)
{
    read_.samples = json_object();
    return 0;
}

static int tear_down(void **state)
{
    free(read_.list);
    json_decref(read_.nodes);
    json_decref(read_.status);
    json_decref(read_.samples);
    memset(&read_, 0, sizeof read_);
    return 0;
}

FIXTURE(set_up, tear_down)

TEST(nodes_that_take_work_are_counted)
{
    kinds_read("[{\"browser\":\"chrome\",\"id\":\"a\",\"session\":null},"
               "{\"browser\":\"chrome\",\"id\":\"b\",\"session\":\"s\"},"
               "{\"browser\":\"chrome\",\"away\":true},{\"browser\":\"chrome\",\"draining\":true},"
               "{\"browser\":\"chrome\",\"paused\":true},{\"browser\":\"chrome\",\"held\":true},"
               "{\"browser\":\"firefox\",\"paused\":true}]",
        "{}");
    assert_int_equal(read_.count, 1);
    const struct wi_uplink_kind *kind = kind_named("chrome");
    assert_int_equal(kind->joined, 1);
    assert_int_equal(kind->own, 1);
    assert_int_equal(kind->may, 0);
    assert_int_equal(wi_uplink_kind_slots(kind, 64), 2);
}

TEST(relays_are_lent_to_nobody)
{
    kinds_read("[{\"browser\":\"chrome\",\"via\":\"attic\"},"
               "{\"browser\":\"chrome\",\"relay\":\"attic\"}]",
        "{}");
    assert_int_equal(read_.count, 0);
}

#define ABLE "\"installed\":true,\"breaker\":\"closed\""
#define OWN(id) "{\"browser\":\"chrome\",\"id\":\"" id "\",\"session\":\"s\"}"
#define JOINED(id) "{\"browser\":\"chrome\",\"id\":\"" id "\",\"session\":null}"

static uint64_t slots_of(const char *kind)
{
    return wi_uplink_kind_slots(kind_named(kind), 64);
}

TEST(browsers_that_may_be_started_count_as_well)
{
    kinds_read("[" OWN("a") "]", "{\"chrome\":{\"max\":4," ABLE "},"
                                 "\"firefox\":{\"max\":2,\"installed\":true,\"breaker\":\"open\"},"
                                 "\"edge\":{\"max\":2,\"installed\":false,\"breaker\":\"closed\"},"
                                 "\"webkit\":{\"max\":-1,\"installed\":true}}");
    assert_int_equal(slots_of("chrome"), 4);
    assert_int_equal(wi_uplink_kind_slots(kind_named("chrome"), 3), 3);
    assert_int_equal(slots_of("firefox"), 0);
    assert_int_equal(slots_of("edge"), 0);
    assert_int_equal(slots_of("webkit"), 0);
    assert_null(kind_named("firefox")->sample);
}

TEST(joined_nodes_are_beside_what_the_daemon_may_start)
{
    kinds_read("[" OWN("a") "," JOINED("b") "," JOINED("c") "," JOINED("d") "]",
        "{\"chrome\":{\"max\":4," ABLE "}}");
    assert_int_equal(slots_of("chrome"), 7);
    kinds_read("[" OWN("a") "," JOINED("b") "]", "{\"chrome\":{\"max\":4}}");
    assert_int_equal(slots_of("chrome"), 2); /* no other can be started */
}

TEST(the_daemon_has_no_more_browsers_than_it_may_have_in_all)
{
    static const char kinds[] = "{\"chrome\":{\"max\":4," ABLE "},"
                                "\"firefox\":{\"max\":8,\"min\":2," ABLE "}}";
    static const char two[] = "[{\"browser\":\"firefox\",\"session\":\"s\"},"
                              "{\"browser\":\"firefox\",\"session\":\"s\"},"
                              "{\"browser\":\"firefox\",\"session\":\"s\"}]";
    kinds_read_of("[]", kinds, 3);
    assert_int_equal(slots_of("chrome"), 3);
    assert_int_equal(slots_of("firefox"), 3);
    kinds_read_of(two, kinds, 3); /* two of them are kept */
    assert_int_equal(slots_of("chrome"), 1);
    assert_int_equal(slots_of("firefox"), 3);
    kinds_read_of(two, kinds, 2);
    assert_int_equal(slots_of("chrome"), 0);
    kinds_read_of("[" JOINED("a") "]", kinds, 0);
    assert_int_equal(slots_of("chrome"), 1);
}

static const char *sample_of(const char *nodes, const char *kinds)
{
    kinds_read(nodes, kinds);
    return json_string_value(json_object_get(kind_named("chrome")->sample, "id"));
}

TEST(a_browser_of_the_daemon_is_the_sample_before_a_joined_one)
{
    assert_string_equal(sample_of("[" JOINED("a") "," OWN("b") "]", "{}"), "b");
    assert_string_equal(sample_of("[" OWN("b") "," JOINED("a") "]", "{}"), "b");
    json_object_clear(read_.samples);
    assert_string_equal(sample_of("[" JOINED("a") "]", "{}"), "a");
    assert_string_equal(
        sample_of("[" JOINED("a") "," OWN("b") "]", "{}"), "b"); /* it comes later */
}

TEST(a_sample_stays_one_while_it_lives)
{
    assert_string_equal(sample_of("[" JOINED("b") "]", "{}"), "b");
    assert_string_equal(sample_of("[" JOINED("a") "," JOINED("b") "]", "{}"), "b");
    assert_string_equal(
        sample_of("[" JOINED("a") ",{\"browser\":\"chrome\",\"id\":\"b\",\"paused\":true}]", "{}"),
        "b");
    assert_int_equal(slots_of("chrome"), 1);
    assert_string_equal(
        sample_of("[" JOINED("a") ",{\"browser\":\"chrome\",\"id\":\"b\",\"held\":true}]", "{}"),
        "a");
    assert_string_equal(sample_of("[" JOINED("a") "," JOINED("b") "]", "{}"), "a");
    assert_string_equal(sample_of("[" JOINED("b") "," JOINED("c") "]", "{}"), "b");
    assert_string_equal(sample_of("[" OWN("e") "," JOINED("b") "]", "{}"), "e");
    assert_string_equal(sample_of("[" OWN("d") "," OWN("e") "," JOINED("b") "]", "{}"), "e");
}

TEST(a_kind_that_does_not_run_is_known_by_its_abilities)
{
    static const char known[] =
        "{\"chrome\":{\"max\":2," ABLE ",\"abilities\":{\"id\":\"kind\"}},"
        "\"firefox\":{\"max\":2," ABLE "},"
        "\"edge\":{\"max\":2,\"installed\":true,\"breaker\":\"open\",\"abilities\":{}},"
        "\"webkit\":{\"max\":2," ABLE ",\"abilities\":7}}";
    assert_string_equal(sample_of("[]", known), "kind");
    assert_int_equal(slots_of("chrome"), 2);
    assert_null(kind_named("firefox")->sample);
    assert_null(kind_named("edge")->sample);
    assert_null(kind_named("webkit")->sample);
    assert_string_equal(sample_of("[" JOINED("a") "]", known), "kind");
    assert_string_equal(sample_of("[" OWN("a") "]", known), "a");
}

TEST(what_is_no_row_is_left_out)
{
    kinds_read("[7,null,{},{\"browser\":7},{\"browser\":\"\"},"
               "{\"browser\":\"a-name-of-thirty-two-characters-\"},"
               "{\"browser\":\"a-name-of-31-characters-is-fine\"}]",
        "{\"\":{\"max\":1,\"installed\":true},\"a-name-of-thirty-two-characters-\":{},"
        "\"odd\":7}");
    assert_int_equal(read_.count, 2);
    assert_non_null(kind_named("a-name-of-31-characters-is-fine"));
    assert_int_equal(kind_named("odd")->may, 0);
    kinds_read("7", "\"no\"");
    assert_int_equal(read_.count, 0);
    kinds_read("null", "null");
    assert_int_equal(read_.count, 0);
}

static json_t *capabilities_of(const char *node, uint64_t slots)
{
    char nodes[2048];
    snprintf(nodes, sizeof nodes, "[%s]", node);
    kinds_read(nodes, "{}");
    char *text = wi_uplink_kind_capabilities(kind_named("chrome"), "attic", slots);
    json_t *root = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(root);
    return root;
}

static json_int_t engine_number(const json_t *capabilities, const char *engine, const char *name)
{
    const json_t *info = json_object_get(json_object_get(capabilities, "engine_info"), engine);
    return json_integer_value(json_object_get(info, name));
}

TEST(a_relay_says_what_its_nodes_say_with_the_slots_of_all)
{
    json_t *said = capabilities_of(
        "{\"browser\":\"chrome\",\"browser_version\":\"130.0\",\"cores\":8,"
        "\"memory_gib\":\"much\",\"platforms\":{\"wasm\":{\"available\":true}},"
        "\"cross_origin_isolated\":true,\"engines\":{"
        "\"ort\":{\"version\":\"1.2\",\"slots\":2,\"short_slots\":3,\"can\":[\"continue\"]},"
        "\"builtin\":{\"version\":null,\"slots\":0},"
        "\"kernels\":{\"version\":\"1\",\"slots\":1}}}",
        4);
    json_t *wanted =
        json_pack("{s:{s:s,s:s,s:s},s:b,s:{s:{s:b}},s:[s],s:{s:s},s:i,s:{s:s},s:{s:{s:i,s:i,s:i,s:"
                  "[s]},s:{s:i,s:i,s:i}}}",
            "browser", "name", "chrome", "version", "130.0", "user_agent", "webinfer-uplink",
            "cross_origin_isolated", 1, "platforms", "wasm", "available", 1, "task_types",
            "inference", "relay", "name", "attic", "cores", 8, "engines", "ort", "1.2",
            "engine_info", "ort", "slots", 8, "short_slots", 12, "queue", 1, "can", "continue",
            "builtin", "slots", 0, "short_slots", 0, "queue", 1);
    assert_non_null(wanted);
    assert_true(json_equal(said, wanted));
    json_decref(wanted);
    json_decref(said);
}

TEST(slots_are_at_most_what_an_engine_may_have)
{
    json_t *said = capabilities_of(
        "{\"browser\":\"chrome\",\"engines\":{\"ort\":{\"slots\":1000,\"short_slots\":-3}}}", 4096);
    assert_int_equal(engine_number(said, "ort", "slots"), WI_ENGINE_SLOTS_MAX);
    assert_int_equal(engine_number(said, "ort", "short_slots"), 0);
    json_decref(said);
}
