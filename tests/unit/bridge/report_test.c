/* Capability reports are bounded, printable, and checked. */
#include "bridge/report.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_bounded(void **state)
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

static void test_read(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
