/* Launching Firefox: preferences in a file, the sandbox and adapters by environment, geckodriver.
 */
#include "../test.h"

#include "browser/kinds.h"
#include "machine.h"
#include <string.h>

static const json_t *options(const struct wi_launch *launch, const char *name)
{
    return json_object_get(json_object_get(launch->capabilities, "alwaysMatch"), name);
}

static struct wi_launch launch_firefox(struct wi_config_browser *browser)
{
    const struct wi_launch_request request = {.browser = browser, .directory = "/dir"};
    struct wi_launch made = {0};
    struct wi_error error = {0};

    browser->kind = "firefox";
    browser->binary = "/bin/sh";
    assert_int_equal(wi_launch_make(&request, &made, &error), WI_OK);
    return made;
}

TEST(firefox_is_started_directly_with_its_preferences_in_a_file)
{
    char *arguments[] = {"--jsconsole", "file.html", "--no-remote=x"};
    char *preferences[] = {"dom.webgpu.enabled=false", "a.b=\"q\\\"\\u0007\\\\e\u00e9\"", "n.m=-7"};
    struct wi_config_browser browser = {
        .headless = 1, .arguments = {arguments, 3}, .preferences = {preferences, 3}};
    struct wi_launch made = launch_firefox(&browser);
    const char *text;

    assert_int_equal(made.protocol, WI_DRIVER_BIDI);
    assert_null(made.capabilities);
    assert_string_equal(made.command.items[0], "/bin/sh");
    assert_string_equal(made.command.items[2], "/dir/profile");
    assert_true(wi_strings_contain(&made.command, "--headless"));
    assert_true(wi_strings_contain(&made.command, "--remote-debugging-port=0"));
    assert_true(wi_strings_contain(&made.command, "--jsconsole"));
    assert_true(wi_strings_contain(&made.command, "file.html"));
    assert_true(wi_strings_contain(&made.command, "--no-remote=x"));
    assert_false(wi_strings_contain(&made.command, "--no-remote"));
    assert_true(wi_strings_contain(&made.environment, "HOME=/dir/home"));
    assert_true(wi_strings_contain(&made.environment, "MOZ_CRASHREPORTER_DISABLE=1"));
    assert_false(wi_strings_contain(&made.environment, "MOZ_DISABLE_CONTENT_SANDBOX=1"));
    assert_int_equal(made.file_count, 1);
    assert_string_equal(made.files[0].path, "profile/user.js");
    text = made.files[0].text;
    assert_non_null(strstr(text, "user_pref(\"dom.webgpu.enabled\", false);\n"));
    assert_null(strstr(text, "user_pref(\"dom.webgpu.enabled\", true);\n"));
    assert_non_null(strstr(text, "user_pref(\"a.b\", \"q\\x22\\x07\\x5ce\u00e9\");\n"));
    assert_non_null(strstr(text, "user_pref(\"n.m\", -7);\n"));
    assert_int_equal(
        wi_launch_read_port(&made, "WebDriver BiDi listening on ws://127.0.0.1:35909"), 35909);
    wi_launch_clear(&made);
}

TEST(firefox_follows_the_gpu_setting)
{
    static const struct wi_gpu_device gpu = GPU_AMD;
    const struct {
        enum wi_gpu gpu;
        const char *line, *variable;
    } rows[] = {
        {WI_GPU_AUTO, "user_pref(\"dom.webgpu.enabled\", true);", NULL},
        {WI_GPU_HARDWARE, "user_pref(\"gfx.webgpu.ignore-blocklist\", true);",
            "VK_LOADER_DRIVERS_DISABLE=lvp*"},
        {WI_GPU_SOFTWARE, "user_pref(\"dom.webgpu.enabled\", true);",
            "VK_LOADER_DRIVERS_SELECT=lvp*"},
        {WI_GPU_OFF, "user_pref(\"dom.webgpu.enabled\", false);", NULL},
    };

    machine.gpus[0] = gpu;
    machine.gpu_count = 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_config_browser browser = {.gpu = rows[i].gpu, .sandbox = WI_NO};
        struct wi_launch made = launch_firefox(&browser);
        size_t told = 0;
        assert_non_null(strstr(made.files[0].text, rows[i].line));
        for (size_t k = 0; k < made.environment.count; k++)
            told += strncmp(made.environment.items[k], "VK_LOADER", 9) == 0;
        assert_int_equal(told, rows[i].variable != NULL);
        if (rows[i].variable)
            assert_true(wi_strings_contain(&made.environment, rows[i].variable));
        assert_false(wi_strings_contain(&made.command, "--headless"));
        assert_true(wi_strings_contain(&made.environment, "MOZ_DISABLE_CONTENT_SANDBOX=1"));
        wi_launch_clear(&made);
    }
}

TEST(firefox_goes_through_geckodriver_where_one_is_named)
{
    char *preferences[] = {"dom.webgpu.enabled=false"};
    struct wi_config_browser browser = {
        .driver_command = "sh --log=warn", .headless = 1, .preferences = {preferences, 1}};
    struct wi_launch made = launch_firefox(&browser);
    const json_t *firefox = options(&made, "moz:firefoxOptions");

    assert_int_equal(made.protocol, WI_DRIVER_CLASSIC);
    assert_true(wi_strings_contain(&made.command, "--port=0"));
    assert_true(wi_strings_contain(&made.command, "--websocket-port=0"));
    assert_true(wi_strings_contain(&made.command, "--log=warn"));
    assert_int_equal(made.file_count, 0);
    assert_string_equal(json_string_value(options(&made, "browserName")), "firefox");
    assert_null(options(&made, "webSocketUrl"));
    assert_string_equal(json_string_value(json_object_get(firefox, "binary")), "/bin/sh");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(firefox, "args"), 0)), "--headless");
    assert_true(
        json_is_false(json_object_get(json_object_get(firefox, "prefs"), "dom.webgpu.enabled")));
    assert_int_equal(
        wi_launch_read_port(&made, "1795175397199\tgeckodriver\tINFO\tListening on 127.0.0.1:4444"),
        4444);
    wi_launch_clear(&made);
    browser.driver = WI_DRIVER_BIDI;
    made = launch_firefox(&browser);
    assert_int_equal(made.protocol, WI_DRIVER_CLASSIC);
    assert_true(json_is_true(options(&made, "webSocketUrl")));
    wi_launch_clear(&made);
    browser.driver_url = "http://grid:4444";
    browser.binary = NULL;
    made = launch_firefox(&browser);
    assert_int_equal(made.command.count, 0);
    assert_non_null(options(&made, "moz:firefoxOptions"));
    wi_launch_clear(&made);
}

TEST(what_firefox_cannot_keep_is_refused)
{
    char *bad[] = {"a.b=1.5", "a.b=[1]", "a.b={}", "a.b=2147483648", "a.b=null"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wi_config_browser browser = {
            .kind = "firefox", .binary = "/bin/sh", .preferences = {&bad[i], 1}};
        const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
        struct wi_launch made = {0};
        struct wi_error error = {0};
        if (wi_launch_make(&request, &made, &error) == WI_OK) {
            assert_null(strstr(made.files[0].text, "a.b")); /* no preference at all */
        } else {
            assert_int_equal(error.code, WI_UNAVAILABLE);
            assert_non_null(strstr(error.detail, "a.b"));
        }
        wi_launch_clear(&made);
    }
}

TEST(a_page_from_elsewhere_is_made_a_secure_context)
{
    struct wi_config_browser browser = {.kind = "firefox", .binary = "/bin/sh"};
    struct wi_launch_request request = {
        .browser = &browser, .directory = "/dir", .page_url = "http://10.0.0.1:8471"};
    struct wi_launch made = {0};

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_non_null(
        strstr(made.files[0].text, "user_pref(\"dom.securecontext.allowlist\", \"10.0.0.1\");"));
    wi_launch_clear(&made);
    request.page_url = "http://127.0.0.1:8471";
    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_null(strstr(made.files[0].text, "allowlist"));
    wi_launch_clear(&made);
}
