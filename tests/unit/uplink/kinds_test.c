/* The kinds of browsers that a daemon can lend, from its answers, and what a node of each says. */
#include "../test.h"

#include "terms/model/engine.h"
#include "uplink/kinds.h"
#include <stdlib.h>
#include <string.h>

static struct {
    json_t *nodes, *kinds;
    struct wi_uplink_kind *list;
    size_t count;
} read_;

static void kinds_read(const char *nodes, const char *kinds)
{
    free(read_.list);
    json_decref(read_.nodes);
    json_decref(read_.kinds);
    read_.nodes = json_loads(nodes, 0, NULL);
    read_.kinds = json_loads(kinds, 0, NULL);
    read_.list = wi_uplink_kinds_read(read_.nodes, read_.kinds, &read_.count);
}

static const struct wi_uplink_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < read_.count; i++)
        if (strcmp(read_.list[i].name, name) == 0)
            return &read_.list[i];
    return NULL;
}

static int tear_down(void **state)
{
    kinds_read("null", "null");
    free(read_.list);
    json_decref(read_.nodes);
    json_decref(read_.kinds);
    memset(&read_, 0, sizeof read_);
    return 0;
}

FIXTURE(NULL, tear_down)

TEST(nodes_that_take_work_are_counted)
{
    kinds_read("[{\"browser\":\"chrome\",\"id\":\"a\"},{\"browser\":\"chrome\",\"id\":\"b\"},"
               "{\"browser\":\"chrome\",\"away\":true},{\"browser\":\"chrome\",\"draining\":true},"
               "{\"browser\":\"chrome\",\"paused\":true},{\"browser\":\"chrome\",\"held\":true},"
               "{\"browser\":\"firefox\",\"paused\":true}]",
        "{}");
    assert_int_equal(read_.count, 1);
    const struct wi_uplink_kind *kind = kind_named("chrome");
    assert_int_equal(kind->able, 2);
    assert_int_equal(kind->may, 0);
    assert_string_equal(json_string_value(json_object_get(kind->sample, "id")), "a");
}

TEST(relays_are_lent_to_nobody)
{
    kinds_read("[{\"browser\":\"chrome\",\"via\":\"attic\"},"
               "{\"browser\":\"chrome\",\"relay\":\"attic\"}]",
        "{}");
    assert_int_equal(read_.count, 0);
}

TEST(browsers_that_may_be_started_count_as_well)
{
    kinds_read("[{\"browser\":\"chrome\"}]",
        "{\"chrome\":{\"max\":4,\"installed\":true,\"breaker\":\"closed\"},"
        "\"firefox\":{\"max\":2,\"installed\":true,\"breaker\":\"open\"},"
        "\"edge\":{\"max\":2,\"installed\":false,\"breaker\":\"closed\"},"
        "\"webkit\":{\"max\":-1,\"installed\":true}}");
    assert_int_equal(wi_uplink_kind_slots(kind_named("chrome"), 64), 4);
    assert_int_equal(wi_uplink_kind_slots(kind_named("chrome"), 3), 3);
    assert_int_equal(wi_uplink_kind_slots(kind_named("firefox"), 64), 0);
    assert_int_equal(wi_uplink_kind_slots(kind_named("edge"), 64), 0);
    assert_int_equal(wi_uplink_kind_slots(kind_named("webkit"), 64), 0);
    assert_null(kind_named("firefox")->sample);
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
    said = capabilities_of("{\"browser\":\"chrome\",\"engines\":{\"ort\":{\"slots\":2}}}", 0);
    assert_int_equal(engine_number(said, "ort", "slots"), 2); /* there is a node, so one at least */
    json_decref(said);
}
