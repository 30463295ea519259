/* How doctor judges what a page reported, and what makes it fail. */
#include "../../../test.h"

#include "cli/commands/doctor/doctor.c"

static struct wi_config_browser browser = {.kind = "chrome"};

static json_t *judge(const char *report_text)
{
    const struct doctor doctor = {.checks = json_array()};
    json_t *report = json_loads(report_text, 0, NULL);
    assert_non_null(report);
    wi_strings_add(&browser.platforms, "webgpu");
    judge_platforms(&doctor, report, &browser);
    wi_strings_clear(&browser.platforms);
    json_decref(report);
    return doctor.checks;
}

static void assert_check(
    const json_t *checks, size_t index, const char *check, const char *state, const char *detail)
{
    const json_t *finding = json_array_get(checks, index);
    assert_string_equal(json_string_value(json_object_get(finding, "check")), check);
    assert_string_equal(json_string_value(json_object_get(finding, "state")), state);
    assert_non_null(strstr(json_string_value(json_object_get(finding, "detail")), detail));
}

TEST(a_software_adapter_is_named_as_one)
{
    json_t *checks = judge("{\"capabilities\":{\"cross_origin_isolated\":true,\"platforms\":"
                           "{\"webgpu\":{\"available\":true,\"adapter\":{\"vendor\":\"google\","
                           "\"architecture\":\"swiftshader\",\"is_fallback\":true}}}}}");
    assert_int_equal(json_array_size(checks), 1);
    assert_check(checks, 0, "chrome webgpu", "warning", "google swiftshader: a software adapter");
    json_decref(checks);
}

TEST(a_real_adapter_is_fine)
{
    json_t *checks = judge("{\"capabilities\":{\"cross_origin_isolated\":true,\"platforms\":"
                           "{\"webgpu\":{\"available\":true,\"adapter\":{\"vendor\":\"amd\","
                           "\"is_fallback\":false}}}}}");
    assert_check(checks, 0, "chrome webgpu", "ok", "amd");
    json_decref(checks);
}

TEST(what_is_not_configured_is_no_warning)
{
    json_t *checks = judge("{\"capabilities\":{\"cross_origin_isolated\":false,\"platforms\":"
                           "{\"webgpu\":{\"available\":false,\"reason\":\"no adapter\"},"
                           "\"webnn\":{\"available\":false}}}}");
    assert_check(checks, 0, "chrome webgpu", "warning", "no: no adapter");
    assert_check(checks, 1, "chrome webnn", "info", "no reason given");
    assert_check(checks, 2, "chrome wasm threads", "warning", "not cross-origin isolated");
    json_decref(checks);
}

TEST(only_what_an_adapter_tells_is_told)
{
    json_t *checks =
        judge("{\"capabilities\":{\"cross_origin_isolated\":true,\"platforms\":"
              "{\"webgpu\":{\"available\":true,\"adapter\":{\"vendor\":\"\","
              "\"architecture\":\"\",\"is_fallback\":true}},"
              "\"webgl\":{\"available\":true,\"adapter\":"
              "{\"vendor\":\"Apple Inc.\",\"description\":\"Apple GPU\",\"is_fallback\":true}}}}}");
    assert_check(checks, 0, "chrome webgpu", "warning", "one that is not named: a software");
    assert_check(checks, 1, "chrome webgl", "ok", "Apple Inc., Apple GPU: runs kernels, and no");
    json_decref(checks);
}

TEST(a_kind_that_nobody_asked_for_is_no_fault)
{
    struct wi_problems problems = {0};
    const struct doctor doctor = {
        .config = wi_config_load(NULL, &problems), .checks = json_array()};

    setenv("PATH", "/nonexistent", 1);
    for (size_t i = 0; i < doctor.config->browser_count; i++)
        assert_int_equal(browser_examine(&doctor, i), 0);
    assert_int_equal(json_array_size(doctor.checks), 4);
    assert_check(doctor.checks, 0, "chrome", "info",
        "not installed; install the packages chromium and chromium-driver (Debian)");
    json_decref(doctor.checks);
    wi_config_unref(doctor.config);
}

TEST(what_would_bring_a_platform_is_said_for_each_family)
{
    const struct {
        char *kind;
        enum wi_gpu gpu;
        const char *platform, *hint;
    } rows[] = {
        {"chrome", WI_GPU_AUTO, "webnn", "WebMachineLearningNeuralNetwork"},
        {"firefox", WI_GPU_AUTO, "webnn", "only browsers of the family chromium"},
        {"firefox", WI_GPU_AUTO, "webgpu", "mesa-vulkan-drivers"},
        {"firefox", WI_GPU_OFF, "webgpu", "gpu is off"},
        {"safari", WI_GPU_AUTO, "webgpu", "WebKitGTK has none"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_config_browser one = {.kind = rows[i].kind, .gpu = rows[i].gpu};
        const struct doctor doctor = {.checks = json_array()};
        json_t *report = json_pack("{s:{s:b, s:{s:{s:b}}}}", "capabilities",
            "cross_origin_isolated", 1, "platforms", rows[i].platform, "available", 0);
        judge_platforms(&doctor, report, &one);
        assert_non_null(
            strstr(json_string_value(json_object_get(json_array_get(doctor.checks, 0), "detail")),
                rows[i].hint));
        json_decref(report);
        json_decref(doctor.checks);
    }
}

TEST(only_what_is_missing_fails)
{
    json_t *checks = json_array();
    wi_doctor_add(checks, "a", WI_FINDING_OK, "x");
    wi_doctor_add(checks, "b", WI_FINDING_INFO, "x");
    wi_doctor_add(checks, "c", WI_FINDING_WARNING, "x");
    assert_int_equal(wi_doctor_verdict(checks), WI_EXIT_OK);
    wi_doctor_add(checks, "d", WI_FINDING_MISSING, "%s", "x");
    assert_int_equal(wi_doctor_verdict(checks), WI_EXIT_FAILED);
    wi_doctor_add(checks, "e", WI_FINDING_OK, "a path that is not UTF-8: \xff");
    assert_int_equal(json_array_size(checks), 4);
    json_decref(checks);
}
