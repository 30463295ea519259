/* Capability reports are bounded, printable, and checked. */
#include "../../test.h"

#include "nodes/bridge/report.h"
#include <stdlib.h>
#include <string.h>

TEST(test_bounded)
{
    json_t *wide = json_array(), *deep = json_string("x"), *copy;
    for (int i = 0; i < 100000; i++)
        json_array_append_new(wide, json_integer(i));
    copy = wi_report_bounded(wide);
    assert_int_equal(json_array_size(copy), 128);
    json_decref(copy);
    json_decref(wide);
    for (int i = 0; i < 100; i++)
        deep = json_pack("{s:o}", "k", deep);
    copy = wi_report_bounded(deep);
    char *text = json_dumps(copy, 0);
    assert_true(strlen(text) < 100);
    free(text);
    json_decref(copy);
    json_decref(deep);
    json_decref(wi_report_bounded(NULL));
}

TEST(test_read)
{
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"{}", "data.capabilities.browser"},
        {"{\"browser\":{},\"platforms\":{},\"cross_origin_isolated\":true}",
            "data.capabilities.browser.name"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{},\"cross_origin_isolated\":1}",
            "data.capabilities.cross_origin_isolated"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{\"wasm\":{}},"
         "\"cross_origin_isolated\":true}",
            "data.capabilities.platforms.wasm.available"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{\"webgpu\":{\"available\":true,"
         "\"adapter\":{\"vendor\":1}}},\"cross_origin_isolated\":true}",
            "data.capabilities.platforms.webgpu.adapter.vendor"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{},\"cores\":-1,"
         "\"cross_origin_isolated\":true}",
            "data.capabilities.cores"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{},\"memory_limit\":0,"
         "\"cross_origin_isolated\":true}",
            "data.capabilities.memory_limit"},
        {"{\"browser\":{\"name\":\"c\"},\"platforms\":{},\"memory_limit\":\"1 GB\","
         "\"cross_origin_isolated\":true}",
            "data.capabilities.memory_limit"},
    };
    struct wi_node_info info = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wi_error error = {0};
        json_t *report = json_loads(bad[i].text, 0, NULL);
        assert_int_not_equal(wi_report_read(report, &info, &error), WI_OK);
        assert_string_equal(error.field, bad[i].field);
        assert_null(info.capabilities);
        json_decref(report);
    }
}

/* The rest of a report that is good, with what it says of engines. */
static void read_engines(const char *engines, struct wi_node_info *info)
{
    struct wi_error error = {0};
    json_t *report = json_pack(
        "{s:{s:s}, s:{}, s:b}", "browser", "name", "c", "platforms", "cross_origin_isolated", 1);
    json_t *rest = json_loads(engines, 0, NULL);
    json_object_update(report, rest);
    *info = (struct wi_node_info){0};
    assert_int_equal(wi_report_read(report, info, &error), WI_OK);
    json_decref(info->capabilities);
    json_decref(rest);
    json_decref(report);
}

TEST(test_engines)
{
    struct wi_node_info info;
    read_engines(
        "{\"engines\":{\"ort\":\"1.30.0\",\"llama\":\"b1\"},\"engine_info\":"
        "{\"llama\":{\"slots\":2,\"short_slots\":3,\"queue\":0,\"can\":[\"continue\",7,\"webgpu\"],"
        "\"file_max\":5000000000}}}",
        &info);
    assert_true(info.engines[WI_ENGINE_ORT].available);
    assert_string_equal(info.engines[WI_ENGINE_ORT].version, "1.30.0");
    assert_int_equal(info.engines[WI_ENGINE_ORT].slots, 1);
    assert_int_equal(info.engines[WI_ENGINE_ORT].queue, 1);
    assert_false(info.engines[WI_ENGINE_ORT].can_continue);
    assert_int_equal(info.engines[WI_ENGINE_LLAMA].slots, 2);
    assert_int_equal(info.engines[WI_ENGINE_LLAMA].short_slots, 3);
    assert_int_equal(info.engines[WI_ENGINE_ORT].short_slots, 0);
    assert_int_equal(info.engines[WI_ENGINE_LLAMA].queue, 0);
    assert_true(info.engines[WI_ENGINE_LLAMA].can_continue);
    assert_true(info.engines[WI_ENGINE_LLAMA].on_webgpu);
    assert_false(info.engines[WI_ENGINE_ORT].on_webgpu);
    assert_int_equal(info.engines[WI_ENGINE_LLAMA].file_max, 5000000000);
    assert_int_equal(info.engines[WI_ENGINE_ORT].file_max, 0);
    assert_false(info.engines[WI_ENGINE_PIPELINE].available);
    assert_true(info.engines[WI_ENGINE_BUILTIN].available); /* every node has it */
    read_engines("{\"engines\":{\"llama\":\"b1\"}}", &info);
    assert_false(info.engines[WI_ENGINE_ORT].available);
    assert_int_equal(info.engines[WI_ENGINE_LLAMA].slots, 4);
    read_engines("{\"engine_info\":{\"ort\":{}}}", &info);
    assert_true(info.engines[WI_ENGINE_ORT].available);
    read_engines("{\"engines\":{\"python\":\"1\"}}", &info); /* it has what it names */
    assert_false(info.engines[WI_ENGINE_ORT].available);
    assert_true(info.engines[WI_ENGINE_BUILTIN].available);
}

TEST(a_limit_of_memory_is_one_of_its_user)
{
    struct wi_node_info info;
    read_engines("{\"memory_gib\":8}", &info);
    assert_int_equal(info.memory_limit, 0);
    read_engines("{\"memory_limit\":5000000000}", &info);
    assert_int_equal(info.memory_limit, 5000000000);
}

/* What a list leaves out a node does not take, and without one it takes none of them. */
TEST(test_task_types)
{
    struct wi_node_info info;
    read_engines("{\"engines\":{\"kernels\":\"1\",\"ort\":\"1\"}}", &info);
    assert_false(info.engines[WI_ENGINE_KERNELS].available);
    assert_false(info.benchmarks);
    assert_true(info.engines[WI_ENGINE_ORT].available); /* inference is every node's */
    read_engines(
        "{\"engines\":{\"kernels\":\"1\",\"ort\":\"1\"},\"task_types\":[\"compute\"]}", &info);
    assert_true(info.engines[WI_ENGINE_KERNELS].available);
    assert_false(info.benchmarks);
    assert_true(info.engines[WI_ENGINE_ORT].available);
    read_engines("{\"task_types\":[\"benchmark\",7]}", &info);
    assert_true(info.benchmarks);
    assert_false(info.engines[WI_ENGINE_KERNELS].available);
}

/* Whatever else stands there. */
TEST(test_halves)
{
    static const struct {
        const char *features;
        int f16;
    } rows[] = {{"[\"shader-f16\"]", 1}, {"[7, \"subgroups\", \"shader-f16\"]", 1}, {"[]", 0},
        {"[\"shader-f16-not\"]", 0}, {"\"shader-f16\"", 0}, {"{\"shader-f16\": true}", 0}};
    struct wi_error error = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_node_info info = {0};
        json_t *report = json_pack("{s:{s:s}, s:{s:{s:b, s:o}}, s:b}", "browser", "name", "c",
            "platforms", "webgpu", "available", 1, "features",
            json_loads(rows[i].features, JSON_DECODE_ANY, NULL), "cross_origin_isolated", 1);
        assert_int_equal(wi_report_read(report, &info, &error), WI_OK);
        assert_int_equal(info.platforms[WI_WEBGPU].f16, rows[i].f16);
        assert_false(info.platforms[WI_WASM].f16);
        json_decref(info.capabilities);
        json_decref(report);
    }
}

TEST(only_a_relay_has_another_version_by_now)
{
    static const char *const relays[] = {"", "attic"};
    json_t *report = json_pack("{s:{s:s,s:s}, s:{s:{s:b}}, s:b}", "browser", "name", "chrome",
        "version", "157", "platforms", "wasm", "available", 1, "cross_origin_isolated", 1);
    for (size_t i = 0; i < 2; i++) {
        struct wi_node_info info = {.browser_version = "156"};
        struct wi_error error;
        strcpy(info.relay, relays[i]);
        assert_int_equal(wi_report_read(report, &info, &error), WI_OK);
        assert_string_equal(info.browser_version, i ? "157" : "156");
        json_decref(info.capabilities);
    }
    json_decref(report);
}
