/* Launching: switches by setting, feature lists joined, the operator's word last. */
#include "../test.h"

#include "browser/kinds.h"
#include <string.h>
#include <unistd.h>

static int has_argument(const struct wi_launch *launch, const char *wanted)
{
    const json_t *options =
        json_object_get(json_object_get(launch->capabilities, "alwaysMatch"), "goog:chromeOptions");
    const json_t *text;
    size_t i;

    json_array_foreach(json_object_get(options, "args"), i,
        text) if (strcmp(json_string_value(text), wanted) == 0) return 1;
    return 0;
}

/* Programs that every system has stand in for browser and driver. */
static struct wi_launch launch(struct wi_config_browser *browser)
{
    struct wi_launch made = {0};
    struct wi_error error = {0};

    browser->kind = "chrome";
    browser->driver_command = "sh --extra";
    browser->binary = "/bin/sh";
    assert_int_equal(wi_kind_launch(browser, "/dir", &made, &error), WI_OK);
    return made;
}

static void the_gpu_setting_chooses_switches(void **state)
{
    const char *const unsafe = "--enable-unsafe-webgpu";
    const char *const software = "--use-webgpu-adapter=swiftshader";
    const struct {
        enum wi_gpu gpu;
        int unsafe, software, off, vulkan;
    } rows[] = {
        {WI_GPU_AUTO, 1, 0, 0, 0},
        {WI_GPU_HARDWARE, 1, 0, 0, 1},
        {WI_GPU_SOFTWARE, 1, 1, 0, 0},
        {WI_GPU_OFF, 0, 0, 1, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct wi_config_browser browser = {.gpu = rows[i].gpu, .headless = 1};
        struct wi_launch made = launch(&browser);
        assert_int_equal(has_argument(&made, unsafe), rows[i].unsafe);
        assert_int_equal(has_argument(&made, software), rows[i].software);
        assert_int_equal(has_argument(&made, "--disable-gpu"), rows[i].off);
        assert_int_equal(has_argument(&made, "--enable-features=Vulkan"), rows[i].vulkan);
        assert_true(has_argument(&made, "--headless=new"));
        assert_true(has_argument(&made, "--user-data-dir=/dir/profile"));
        wi_launch_clear(&made);
    }
}

static void features_are_joined_and_the_operator_wins(void **state)
{
    char *arguments[] = {"--enable-features=One", "--enable-features=Two", "--use-angle=gl"};
    struct wi_config_browser browser = {.gpu = WI_GPU_HARDWARE, .arguments = {arguments, 3}};
    struct wi_launch made = launch(&browser);

    assert_true(has_argument(&made, "--enable-features=Vulkan,One,Two"));
    assert_true(has_argument(&made, "--use-angle=gl"));
    assert_false(has_argument(&made, "--use-angle=vulkan"));
    assert_false(has_argument(&made, "--headless=new"));
    wi_launch_clear(&made);
}

static void the_sandbox_is_off_only_for_root_or_by_order(void **state)
{
    struct wi_config_browser browser = {.sandbox = WI_NO};

    assert_false(wi_kind_sandbox(&browser));
    browser.sandbox = WI_YES;
    assert_true(wi_kind_sandbox(&browser));
    browser.sandbox = WI_AUTO;
    assert_int_equal(wi_kind_sandbox(&browser), geteuid() != 0);
}

static void everything_lands_below_the_directory(void **state)
{
    struct wi_config_browser browser = {0};
    struct wi_launch made = launch(&browser);

    assert_true(wi_strings_contain(&made.environment, "HOME=/dir/home"));
    assert_true(wi_strings_contain(&made.environment, "TMPDIR=/dir/tmp"));
    assert_true(wi_strings_contain(&made.environment, "XDG_CACHE_HOME=/dir/home/.cache"));
    assert_true(wi_strings_contain(&made.driver, "--port=0"));
    assert_true(wi_strings_contain(&made.driver, "--extra"));
    wi_launch_clear(&made);
}

static void what_is_missing_is_named_with_its_package(void **state)
{
    struct wi_config_browser browser = {
        .kind = "chrome", .driver_command = "no-such-driver", .binary = "/bin/sh"};
    struct wi_launch made = {0};
    struct wi_error error = {0};

    assert_int_equal(wi_kind_launch(&browser, "/dir", &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "no-such-driver"));
    assert_non_null(strstr(error.detail, "chromium-driver"));
    wi_launch_clear(&made);
    browser.driver_command = "sh";
    browser.binary = "/no/such/browser";
    assert_int_equal(wi_kind_launch(&browser, "/dir", &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "/no/such/browser"));
    wi_launch_clear(&made);
    browser.kind = "lynx";
    assert_int_equal(wi_kind_launch(&browser, "/dir", &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "lynx"));
}

static void the_port_is_read_from_the_one_line_that_says_it(void **state)
{
    const struct wi_kind *kind = wi_kind_find("chrome");

    assert_int_equal(
        wi_kind_read_port(kind, "ChromeDriver was started successfully on port 39867."), 39867);
    assert_int_equal(wi_kind_read_port(kind, "Starting ChromeDriver 156.0 on port 0"), -1);
    assert_int_equal(wi_kind_read_port(kind, "was started successfully on port 99999."), -1);
    assert_int_equal(wi_kind_read_port(kind, "was started successfully on port 12x."), -1);
    assert_int_equal(wi_kind_read_port(kind, "was started successfully on port "), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gpu_setting_chooses_switches),
        cmocka_unit_test(features_are_joined_and_the_operator_wins),
        cmocka_unit_test(the_sandbox_is_off_only_for_root_or_by_order),
        cmocka_unit_test(everything_lands_below_the_directory),
        cmocka_unit_test(what_is_missing_is_named_with_its_package),
        cmocka_unit_test(the_port_is_read_from_the_one_line_that_says_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
