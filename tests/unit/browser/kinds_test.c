/* Launching: switches by setting, feature lists joined, the operator's word last. */
#include "../test.h"
#include "browser/kinds.h"

#include "base/buffer.h"
#include "browser/family_private.h"
#include "browser/session.h"
#include "machine.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const json_t *options(const struct wi_launch *launch, const char *name)
{
    return json_object_get(json_object_get(launch->capabilities, "alwaysMatch"), name);
}

static int has_argument(const struct wi_launch *launch, const char *wanted)
{
    const json_t *list = options(launch, "goog:chromeOptions"), *text;
    size_t i;

    if (!list)
        list = options(launch, "ms:edgeOptions");
    json_array_foreach(json_object_get(list, "args"), i,
        text) if (strcmp(json_string_value(text), wanted) == 0) return 1;
    return 0;
}

/* Programs that every system has stand in for browser and driver. `gpu`: that of its session. */
static struct wi_launch launch_on(struct wi_config_browser *browser, const char *gpu)
{
    struct wi_launch made = {0};
    struct wi_error error = {0};

    const struct wi_launch_request request = {.browser = browser, .directory = "/dir", .gpu = gpu};

    browser->kind = browser->kind ? browser->kind : "chrome";
    browser->driver_command = "sh --extra";
    browser->binary = "/bin/sh";
    assert_int_equal(wi_launch_make(&request, &made, &error), WI_OK);
    return made;
}

static struct wi_launch launch(struct wi_config_browser *browser)
{
    return launch_on(browser, NULL);
}

static void set_gpus(const struct wi_gpu_device *gpus, size_t count)
{
    memcpy(machine.gpus, gpus, count * sizeof *gpus);
    machine.gpu_count = count;
}

TEST(the_gpu_setting_chooses_switches)
{
    const char *const unsafe = "--enable-unsafe-webgpu";
    const char *const software = "--use-webgpu-adapter=swiftshader";
    static const struct wi_gpu_device gpus[] = {GPU_CLOSED, GPU_AMD};
    const struct {
        enum wi_gpu gpu;
        size_t gpus;
        int unsafe, software, off, vulkan;
    } rows[] = {
        {WI_GPU_AUTO, 1, 1, 0, 0, 0},
        {WI_GPU_AUTO, 2, 1, 0, 0, 1},
        {WI_GPU_HARDWARE, 2, 1, 0, 0, 1},
        {WI_GPU_SOFTWARE, 2, 1, 1, 0, 0},
        {WI_GPU_OFF, 2, 0, 0, 1, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_gpus(gpus, rows[i].gpus);
        struct wi_config_browser browser = {.gpu = rows[i].gpu, .headless = 1};
        struct wi_launch made = launch(&browser);
        assert_int_equal(has_argument(&made, unsafe), rows[i].unsafe);
        assert_int_equal(has_argument(&made, software), rows[i].software);
        assert_int_equal(has_argument(&made, "--disable-gpu"), rows[i].off);
        assert_int_equal(has_argument(&made, "--enable-features=Vulkan"), rows[i].vulkan);
        assert_int_equal(made.hardware, rows[i].vulkan);
        assert_int_equal(wi_strings_contain(&made.environment, "VK_LOADER_DRIVERS_DISABLE=lvp*"),
            rows[i].vulkan);
        assert_true(has_argument(&made, "--headless=new"));
        assert_true(has_argument(&made, "--user-data-dir=/dir/profile"));
        wi_launch_clear(&made);
    }
    machine.gpu_count = 0;
}

TEST(a_gpu_is_taken_by_auto_in_browsers_of_this_machine_without_a_window)
{
    static const struct wi_gpu_device gpus[] = {GPU_AMD};
    set_gpus(gpus, 1);
    struct wi_config_browser windowed = {.gpu = WI_GPU_AUTO};
    struct wi_launch made = launch(&windowed);

    assert_false(has_argument(&made, "--use-angle=vulkan"));
    wi_launch_clear(&made);
    machine.gpu_count = 0;
}

/* The devices that it must not open are the others, and of NVIDIA's the render nodes as well. */
TEST(a_browser_for_one_gpu_is_kept_from_the_others)
{
    static const struct wi_gpu_device gpus[] = {GPU_NVIDIA, GPU_AMD, GPU_INTEL};
    static const struct {
        const char *kind;
        int gpu_device;
        const char *of_session, *gpu;
        size_t count;
        const char *hidden[3];
    } rows[] = {
        {"chrome", WI_GPU_DEVICE_AUTO, NULL, "", 0, {NULL}},
        {"chrome", WI_GPU_DEVICE_FIRST + 1, NULL, "/dev/dri/renderD128", 3,
            {"/dev/nvidia0", "/dev/dri/renderD132", "/dev/dri/renderD129"}},
        {"edge", WI_GPU_DEVICE_ALL, "/dev/nvidia0", "/dev/nvidia0", 2,
            {"/dev/dri/renderD128", "/dev/dri/renderD129"}},
        {"chrome", WI_GPU_DEVICE_ALL, NULL, "", 0, {NULL}},
    };

    set_gpus(gpus, 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_config_browser browser = {
            .kind = (char *)rows[i].kind, .gpu_device = rows[i].gpu_device, .headless = 1};
        struct wi_launch made = launch_on(&browser, rows[i].of_session);
        assert_string_equal(made.gpu, rows[i].gpu);
        assert_true(has_argument(&made, "--use-angle=vulkan"));
        assert_int_equal(made.hidden.count, rows[i].count);
        for (size_t j = 0; j < made.hidden.count; j++)
            assert_string_equal(made.hidden.items[j], rows[i].hidden[j]);
        wi_launch_clear(&made);
    }
    machine.gpu_count = 0;
}

TEST(a_browser_whose_gpu_is_not_there_is_not_installed)
{
    static const struct wi_gpu_device gpus[] = {GPU_NVIDIA};
    const struct {
        const char *kind, *why;
    } rows[] = {
        {"chrome", "chrome cannot start: [browser.chrome] gpu_device: GPU 1 is not there; this "
                   "machine has GPU 0 (/dev/nvidia0)"},
        {"safari", "safari takes no gpu_device: WebKitGTK has no WebGPU"},
    };

    set_gpus(gpus, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wi_config_browser browser = {.kind = (char *)rows[i].kind,
            .driver_command = "sh",
            .binary = "/bin/sh",
            .gpu_device = WI_GPU_DEVICE_FIRST + 1};
        struct wi_error error = {0};
        assert_int_equal(wi_session_installed(&browser, NULL, NULL, &error), WI_UNAVAILABLE);
        assert_string_equal(error.field, "gpu_device");
        assert_non_null(strstr(error.detail, rows[i].why));
    }
    machine.gpu_count = 0;
}

#define HALVES "--enable-dawn-features=vulkan_enable_f16_on_nvidia"

TEST(a_gpu_of_nvidia_gets_16_bit_floats)
{
    static const struct {
        struct wi_gpu_device gpu;
        enum wi_gpu setting;
        int headless, halves, vulkan;
        char *driver_url;
    } rows[] = {
        {GPU_NVIDIA, WI_GPU_AUTO, 1, 1, 1, NULL},
        {GPU_NVIDIA, WI_GPU_AUTO, 0, 1, 0, NULL},
        {GPU_NVIDIA, WI_GPU_HARDWARE, 1, 1, 1, NULL},
        {GPU_WITHOUT_DRIVER, WI_GPU_AUTO, 1, 0, 0, NULL},
        {GPU_NVIDIA, WI_GPU_SOFTWARE, 1, 0, 0, NULL},
        {GPU_NVIDIA, WI_GPU_OFF, 1, 0, 0, NULL},
        {GPU_NVIDIA, WI_GPU_HARDWARE, 1, 0, 1, "http://grid.example:4444"},
        {GPU_AMD, WI_GPU_HARDWARE, 1, 0, 1, NULL},
        {GPU_UNKNOWN, WI_GPU_HARDWARE, 1, 0, 1, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_config_browser browser = {
            .gpu = rows[i].setting, .headless = rows[i].headless, .driver_url = rows[i].driver_url};
        set_gpus(&rows[i].gpu, 1);
        struct wi_launch made = launch(&browser);
        assert_int_equal(has_argument(&made, HALVES), rows[i].halves);
        assert_int_equal(has_argument(&made, "--use-angle=vulkan"), rows[i].vulkan);
        wi_launch_clear(&made);
    }
    machine.gpu_count = 0;
}

TEST(a_browser_for_another_gpu_than_nvidias_gets_none_of_its_switches)
{
    static const struct wi_gpu_device gpus[] = {GPU_NVIDIA, GPU_AMD};

    set_gpus(gpus, 2);
    for (int number = 0; number < 2; number++) {
        struct wi_config_browser browser = {
            .gpu_device = WI_GPU_DEVICE_FIRST + number, .headless = 1};
        struct wi_launch made = launch(&browser);
        assert_int_equal(has_argument(&made, HALVES), number == 0);
        wi_launch_clear(&made);
    }
    machine.gpu_count = 0;
}

TEST(the_operator_may_add_features_of_dawn_and_take_them_away)
{
    static const struct wi_gpu_device gpus[] = {GPU_NVIDIA};
    char *arguments[] = {"--enable-dawn-features=dump_shaders",
        "--disable-dawn-features=vulkan_enable_f16_on_nvidia"};
    struct wi_config_browser browser = {.gpu = WI_GPU_HARDWARE, .arguments = {arguments, 2}};

    set_gpus(gpus, 1);
    struct wi_launch made = launch(&browser);
    assert_true(has_argument(&made, HALVES ",dump_shaders"));
    assert_true(has_argument(&made, arguments[1]));
    wi_launch_clear(&made);
    machine.gpu_count = 0;
}

TEST(features_are_joined_and_the_operator_wins)
{
    char *arguments[] = {"--enable-features=One", "--enable-features=Two", "--use-angle=gl"};
    static const struct wi_gpu_device gpus[] = {GPU_AMD};
    struct wi_config_browser browser = {.gpu = WI_GPU_HARDWARE, .arguments = {arguments, 3}};
    set_gpus(gpus, 1);
    struct wi_launch made = launch(&browser);

    assert_true(has_argument(&made, "--enable-features=Vulkan,One,Two"));
    assert_true(has_argument(&made, "--use-angle=gl"));
    assert_false(has_argument(&made, "--use-angle=vulkan"));
    assert_false(has_argument(&made, "--headless=new"));
    wi_launch_clear(&made);
    machine.gpu_count = 0;
}

static void expect_flags(const struct wi_launch *made, const char *wanted)
{
    struct wi_buffer text = {0};

    for (size_t i = 0; i < made->flags.count; i++)
        wi_buffer_strings(&text, made->flags.items[i], "\n", NULL);
    assert_string_equal(text.text ? text.text : "", wanted);
    wi_buffer_clear(&text);
}

TEST(what_a_setting_decides_is_told_and_no_path_or_host)
{
    static const struct {
        const char *kind, *flags;
        enum wi_gpu gpu;
        int headless;
    } rows[] = {
        {"chrome", "--headless=new\n--enable-unsafe-webgpu\n--use-webgpu-adapter=swiftshader\n",
            WI_GPU_SOFTWARE, 1},
        {"chrome", "--disable-gpu\n", WI_GPU_OFF, 0},
        {"edge",
            "--enable-unsafe-webgpu\n--enable-features=WebMachineLearningNeuralNetwork\n"
            "--disable-features=msEdgeFRE,msShoppingExp\n",
            WI_GPU_AUTO, 0},
        {"firefox", "--headless\ndom.webgpu.enabled=true\ngfx.webgpu.ignore-blocklist=true\n",
            WI_GPU_AUTO, 1},
        {"firefox", "dom.webgpu.enabled=false\nwebgl.disabled=true\n", WI_GPU_OFF, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* With a sandbox, and a driver elsewhere, whose shared memory nobody knows. */
        struct wi_config_browser browser = {.kind = (char *)rows[i].kind,
            .gpu = rows[i].gpu,
            .headless = rows[i].headless,
            .sandbox = WI_YES,
            .driver_url = "http://grid.example:4444"};
        struct wi_launch made = launch(&browser);
        expect_flags(&made, rows[i].flags);
        wi_launch_clear(&made);
    }
}

TEST(of_what_the_operator_adds_a_value_is_told_only_where_it_says_how_it_computes)
{
    char long_one[WI_LAUNCH_FLAG_SIZE + 1] = "--enable-features=";
    char *arguments[] = {"--proxy-server=proxy.example:3128", "--log-file=/home/ann/log",
        "--enable-features=One", "--use-angle=gl", "--js-flags=--max-old-space-size=4096",
        "--js-flags=--logfile=/home/ann/v8", "http://intranet/", long_one, "--mute-audio"};
    char *lines[] = {"a.number=3", "a.text=\"/home/ann\"", "dom.webgpu.enabled=false"};
    struct wi_config_browser browser = {.gpu = WI_GPU_OFF,
        .sandbox = WI_YES,
        .driver_url = "http://grid.example:4444",
        .arguments = {arguments, 9}};

    memset(long_one + strlen(long_one), 'x', sizeof long_one - strlen(long_one) - 1);
    struct wi_launch made = launch(&browser);
    expect_flags(&made, "--disable-gpu\n--proxy-server\n--log-file\n--enable-features=One\n"
                        "--use-angle=gl\n--js-flags\n--mute-audio\n");
    wi_launch_clear(&made);
    browser = (struct wi_config_browser){.kind = "firefox",
        .sandbox = WI_YES,
        .driver_url = "http://grid.example:4444",
        .preferences = {lines, 3}};
    made = launch(&browser);
    expect_flags(&made, "a.number=3\na.text\ndom.webgpu.enabled=false\n"
                        "gfx.webgpu.ignore-blocklist=true\n");
    wi_launch_clear(&made);
}

TEST(as_many_flags_are_told_as_a_run_takes)
{
    char *arguments[WI_LAUNCH_FLAGS_MAX + 8];
    struct wi_config_browser browser = {.arguments = {arguments, WI_LAUNCH_FLAGS_MAX + 8}};

    for (size_t i = 0; i < WI_LAUNCH_FLAGS_MAX + 8; i++)
        arguments[i] = wi_sprintf("--switch-%zu", i);
    struct wi_launch made = launch(&browser);
    assert_int_equal(made.flags.count, WI_LAUNCH_FLAGS_MAX);
    wi_launch_clear(&made);
    for (size_t i = 0; i < WI_LAUNCH_FLAGS_MAX + 8; i++)
        free(arguments[i]);
}

TEST(the_sandbox_is_off_only_where_it_cannot_work_or_by_order)
{
    struct wi_config_browser browser = {.kind = "chrome"};

    for (int confined = 0; confined < 2; confined++) {
        browser.kind = "chrome";
        browser.sandbox = WI_NO;
        assert_false(wi_kind_sandbox(&browser, confined));
        browser.sandbox = WI_YES;
        assert_true(wi_kind_sandbox(&browser, confined));
        browser.sandbox = WI_AUTO;
        assert_int_equal(wi_kind_sandbox(&browser, confined), geteuid() != 0 && !confined);
        browser.driver_url = "http://192.0.2.1:4444"; /* of another machine */
        assert_true(wi_kind_sandbox(&browser, confined));
        browser.driver_url = NULL;
        browser.kind = "firefox";
        assert_true(wi_kind_sandbox(&browser, confined));
        browser.sandbox = WI_NO;
        assert_false(wi_kind_sandbox(&browser, confined));
    }
}

TEST(a_confined_browser_is_told_to_do_without_its_sandbox)
{
    struct wi_config_browser browser = {
        .kind = "chrome", .driver_command = "sh", .binary = "/bin/sh"};
    const struct wi_launch_request request = {
        .browser = &browser, .directory = "/dir", .confined = 1};
    struct wi_launch made = {0};

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_true(has_argument(&made, "--no-sandbox"));
    wi_launch_clear(&made);
}

TEST(everything_lands_below_the_directory)
{
    struct wi_config_browser browser = {0};
    struct wi_launch made = launch(&browser);

    assert_true(wi_strings_contain(&made.environment, "HOME=/dir/home"));
    assert_true(wi_strings_contain(&made.environment, "TMPDIR=/dir/tmp"));
    assert_true(wi_strings_contain(&made.environment, "XDG_CACHE_HOME=/dir/home/.cache"));
    assert_true(wi_strings_contain(&made.command, "--port=0"));
    assert_true(wi_strings_contain(&made.command, "--extra"));
    wi_launch_clear(&made);
}

TEST(what_is_missing_is_named_with_its_package)
{
    struct wi_config_browser browser = {
        .kind = "chrome", .driver_command = "no-such-driver", .binary = "/bin/sh"};
    const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
    struct wi_launch made = {0};
    struct wi_error error = {0};

    assert_int_equal(wi_launch_make(&request, &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "no-such-driver"));
    assert_non_null(strstr(error.detail, "chromium-driver"));
    wi_launch_clear(&made);
    browser.driver_command = "sh";
    browser.binary = "/no/such/browser";
    assert_int_equal(wi_launch_make(&request, &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "/no/such/browser"));
    wi_launch_clear(&made);
}

/* Whatever precedes the driver in the command. */
TEST(a_missing_webkit_driver_is_named_with_its_package)
{
    struct wi_config_browser browser = {.kind = "safari", .driver_command = "no-such-driver"};
    const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
    struct wi_launch made = {0};
    struct wi_error error = {0};

    assert_int_equal(wi_launch_make(&request, &made, &error), WI_UNAVAILABLE);
    assert_string_equal(error.field, "driver_command");
    assert_non_null(strstr(error.detail, "no-such-driver"));
    assert_non_null(strstr(error.detail, "webkit2gtk-driver"));
    wi_launch_clear(&made);
}

TEST(the_port_is_read_from_the_one_line_that_says_it)
{
    const struct wi_launch made = {.port_line = "was started successfully on port "};

    assert_int_equal(
        wi_launch_read_port(&made, "ChromeDriver was started successfully on port 39867."), 39867);
    assert_int_equal(wi_launch_read_port(&made, "Starting ChromeDriver 156.0 on port 0"), -1);
    assert_int_equal(wi_launch_read_port(&made, "was started successfully on port 99999."), -1);
    assert_int_equal(wi_launch_read_port(&made, "was started successfully on port 12x."), -1);
    assert_int_equal(wi_launch_read_port(&made, "was started successfully on port "), -1);
}

TEST(a_kind_has_the_family_of_its_name_or_the_configured_one)
{
    const struct {
        char *kind;
        enum wi_family family;
        const char *expected;
    } rows[] = {
        {"chrome", WI_FAMILY_AUTO, "chromium"},
        {"edge", WI_FAMILY_AUTO, "chromium"},
        {"beta", WI_FAMILY_AUTO, "chromium"},
        {"beta", WI_FAMILY_WEBKIT, "webkit"},
        {"safari", WI_FAMILY_AUTO, "webkit"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_config_browser browser = {.kind = rows[i].kind, .family = rows[i].family};
        assert_string_equal(wi_kind_family(&browser), rows[i].expected);
    }
}

TEST(edge_has_webnn_joined_with_the_operators_features)
{
    char *arguments[] = {"--enable-features=One", "--headless=shell"};
    struct wi_config_browser browser = {.kind = "edge", .headless = 1, .arguments = {arguments, 2}};
    struct wi_launch made = launch(&browser);

    assert_true(has_argument(&made, "--enable-features=WebMachineLearningNeuralNetwork,One"));
    assert_true(has_argument(&made, "--headless=shell"));
    assert_false(has_argument(&made, "--headless=new"));
    wi_launch_clear(&made);
    browser = (struct wi_config_browser){.kind = "chrome"};
    made = launch(&browser);
    assert_false(has_argument(&made, "--enable-features=WebMachineLearningNeuralNetwork"));
    wi_launch_clear(&made);
}

/* A driver ignores the other's options, so they follow the driver and not the kind. */
TEST(capabilities_are_named_as_the_driver_wants_them)
{
    struct wi_config_browser browser = {
        .kind = "edge", .driver_url = "http://127.0.0.1:4444", .sandbox = WI_YES};
    const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
    struct wi_launch made = {0};

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_non_null(options(&made, "ms:edgeOptions"));
    assert_string_equal(json_string_value(options(&made, "browserName")), "MicrosoftEdge");
    wi_launch_clear(&made);
    browser.driver_url = NULL;
    made = launch(&browser); /* by "sh" */
    assert_non_null(options(&made, "goog:chromeOptions"));
    assert_string_equal(json_string_value(options(&made, "browserName")), "chrome");
    wi_launch_clear(&made);
}

/* Chromium by its key, whether trusted or not; WebKit by its file; the others must accept any,
 * where nobody trusted has signed it. */
TEST(the_pages_certificate_is_made_known)
{
    static const char pin[] = "--ignore-certificate-errors-spki-list=cGlu";
    struct wi_certificate certificate = {.path = "/c.pem", .pin = "cGlu"};
    struct wi_config_browser browser = {.kind = "chrome",
        .driver_command = "sh",
        .binary = "/bin/sh",
        .driver_url = "http://grid:4444"};
    struct wi_launch_request request = {.browser = &browser,
        .directory = "/dir",
        .page_url = "https://10.1.2.3:8471",
        .certificate = &certificate};
    struct wi_launch made = {0};

    for (certificate.trusted = 0; certificate.trusted < 2; certificate.trusted++) {
        browser.kind = "chrome";
        assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
        assert_true(has_argument(&made, pin));
        assert_null(options(&made, "acceptInsecureCerts"));
        wi_launch_clear(&made);
        browser.kind = "firefox";
        assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
        assert_int_equal(json_is_true(options(&made, "acceptInsecureCerts")), !certificate.trusted);
        wi_launch_clear(&made);
        browser.kind = "safari"; /* of another machine, which has not the file */
        browser.binary = NULL;
        assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
        assert_int_equal(json_is_true(options(&made, "acceptInsecureCerts")), !certificate.trusted);
        assert_null(options(&made, "webkitgtk:browserOptions"));
        wi_launch_clear(&made);
    }
    browser.driver_url = NULL;
    browser.headless = 0;
    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    const json_t *known = json_array_get(
        json_object_get(options(&made, "webkitgtk:browserOptions"), "certificates"), 0);
    assert_string_equal(json_string_value(json_object_get(known, "host")), "10.1.2.3");
    assert_string_equal(json_string_value(json_object_get(known, "certificateFile")), "/c.pem");
    assert_null(options(&made, "acceptInsecureCerts"));
    wi_launch_clear(&made);
    browser.kind = "firefox";
    browser.driver_command = NULL;
    browser.binary = "/bin/sh";
    certificate.trusted = 0;
    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_int_equal(made.protocol, WI_DRIVER_BIDI);
    assert_true(json_is_true(options(&made, "acceptInsecureCerts")));
    wi_launch_clear(&made);
}

TEST(nothing_of_this_machine_goes_to_a_remote_browser)
{
    struct wi_config_browser browser = {.kind = "chrome", .driver_url = "http://grid:4444"};
    const struct wi_launch_request request = {
        .browser = &browser, .directory = "/dir", .page_url = "http://10.1.2.3:8471/x"};
    struct wi_launch made = {0};

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_int_equal(made.command.count, 0);
    assert_string_equal(made.url, "http://grid:4444");
    assert_null(json_object_get(options(&made, "goog:chromeOptions"), "binary"));
    assert_false(has_argument(&made, "--user-data-dir=/dir/profile"));
    assert_false(has_argument(&made, "--no-sandbox"));
    assert_true(
        has_argument(&made, "--unsafely-treat-insecure-origin-as-secure=http://10.1.2.3:8471"));
    wi_launch_clear(&made);
}

TEST(preferences_are_joined_and_the_operator_wins)
{
    char *lines[] = {"safebrowsing.enabled = true", "a.list=[1,\"x\"]"};
    struct wi_config_browser browser = {.preferences = {lines, 2}};
    struct wi_launch made = launch(&browser);
    const json_t *preferences = json_object_get(options(&made, "goog:chromeOptions"), "prefs");

    assert_true(json_is_true(json_object_get(preferences, "safebrowsing.enabled")));
    assert_true(json_is_false(json_object_get(preferences, "translate.enabled")));
    assert_int_equal(json_array_size(json_object_get(preferences, "a.list")), 2);
    wi_launch_clear(&made);
}

TEST(webkit_gets_a_display_unless_it_has_a_window)
{
    struct wi_config_browser browser = {.kind = "safari", .driver_command = "sh", .headless = 0};
    const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
    struct wi_launch made = {0};
    const json_t *list;

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_non_null(strstr(made.command.items[0], "webinfer-desk"));
    assert_false(wi_strings_contain(&made.command, "--display"));
    assert_true(wi_strings_contain(&made.command, "--port=0"));
    assert_int_equal(wi_launch_read_port(&made, "webinfer-desk: listening on port 4711"), 4711);
    list = json_object_get(options(&made, "webkitgtk:browserOptions"), "args");
    assert_string_equal(json_string_value(json_array_get(list, 0)), "--automation");
    assert_null(options(&made, "browserName"));
    wi_launch_clear(&made);
    for (browser.sandbox = WI_YES; browser.sandbox <= WI_NO; browser.sandbox++) {
        assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
        list = json_object_get(options(&made, "webkitgtk:browserOptions"), "args");
        assert_int_equal(strcmp(json_string_value(json_array_get(list, json_array_size(list) - 1)),
                             "--enable-sandbox") == 0,
            browser.sandbox == WI_YES);
        wi_launch_clear(&made);
    }
}

TEST(a_remote_safari_is_safari_unless_it_is_given_arguments)
{
    char *arguments[] = {"--automation"};
    struct wi_config_browser browser = {.kind = "safari", .driver_url = "http://mac:4444"};
    const struct wi_launch_request request = {.browser = &browser, .directory = "/dir"};
    struct wi_launch made = {0};

    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_string_equal(json_string_value(options(&made, "browserName")), "safari");
    assert_null(options(&made, "webkitgtk:browserOptions"));
    wi_launch_clear(&made);
    browser.arguments = (struct wi_strings){arguments, 1};
    assert_int_equal(wi_launch_make(&request, &made, NULL), WI_OK);
    assert_non_null(options(&made, "webkitgtk:browserOptions"));
    wi_launch_clear(&made);
}

TEST(webkit_refuses_what_it_cannot_do)
{
    char *lines[] = {"a=1"};
    struct wi_config_browser browser = {.kind = "safari", .driver_command = "sh"};
    const struct wi_launch_request request = {
        .browser = &browser, .directory = "/dir", .page_url = "http://10.0.0.1:8471"};
    struct wi_launch made = {0};
    struct wi_error error;

    assert_int_equal(wi_launch_make(&request, &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "no secure context"));
    wi_launch_clear(&made);
    browser.preferences = (struct wi_strings){lines, 1};
    assert_int_equal(wi_launch_make(&request, &made, &error), WI_UNAVAILABLE);
    assert_non_null(strstr(error.detail, "takes no preferences"));
    wi_launch_clear(&made);
}

/* --- what is installed ------------------------------------------------------------------------ */

static void write_program(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

TEST(a_headless_shell_is_refused_by_name)
{
    char folder[] = "/tmp/wi-shell-XXXXXX", shell[64];
    struct wi_error error = {0};

    assert_non_null(mkdtemp(folder));
    snprintf(shell, sizeof shell, "%s/chromium-headless-shell", folder);
    write_program(shell, "");
    const struct wi_config_browser browser = {
        .kind = "chrome", .driver_command = "sh", .binary = shell};
    assert_int_equal(wi_session_installed(&browser, NULL, NULL, &error), WI_UNAVAILABLE);
    assert_string_equal(error.field, "binary");
    assert_non_null(strstr(error.detail, "/chromium-headless-shell is a headless shell, which "));
    assert_int_equal(unlink(shell), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void take_stamp(const struct wi_config_browser *browser, char stamp[WI_KIND_STAMP_SIZE])
{
    struct wi_error error;
    assert_int_equal(wi_session_installed(browser, NULL, stamp, &error), WI_OK);
}

TEST(a_stamp_is_of_one_installation)
{
    char folder[] = "/tmp/wi-stamp-XXXXXX", binary[64], other[64];
    char first[WI_KIND_STAMP_SIZE], stamp[WI_KIND_STAMP_SIZE];

    assert_non_null(mkdtemp(folder));
    snprintf(binary, sizeof binary, "%s/browser", folder);
    snprintf(other, sizeof other, "%s/next", folder);
    write_program(binary, "one");
    struct wi_config_browser browser = {
        .kind = "chrome", .driver_command = "sh --extra", .binary = binary, .headless = 1};
    take_stamp(&browser, first);
    assert_int_equal(strlen(first), WI_KIND_STAMP_SIZE - 1);
    take_stamp(&browser, stamp);
    assert_string_equal(stamp, first);
    browser.gpu = WI_GPU_OFF; /* started otherwise, it may be able to do something else */
    take_stamp(&browser, stamp);
    assert_string_not_equal(stamp, first);
    browser.gpu = WI_GPU_AUTO;
    write_program(other, "two"); /* an update */
    assert_int_equal(rename(other, binary), 0);
    take_stamp(&browser, stamp);
    assert_string_not_equal(stamp, first);
    assert_int_equal(unlink(binary), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Only a change of the GPUs changes the stamp, and they are looked for once, or not at all. */
TEST(a_stamp_is_of_the_gpus_that_were_found_once)
{
    struct wi_config_browser browser = {.kind = "chrome", .driver_command = "sh", .binary = "sh"};
    struct wi_gpus one = {{GPU_AMD}, 1}, none = {.count = 0};
    char here[WI_KIND_STAMP_SIZE], stamp[WI_KIND_STAMP_SIZE];
    struct wi_error error;

    machine.gpu_count = 0;
    machine.looks = 0;
    take_stamp(&browser, here);
    assert_int_equal(machine.looks, 1);
    assert_int_equal(wi_session_installed(&browser, &none, stamp, &error), WI_OK);
    assert_string_equal(stamp, here);
    assert_int_equal(wi_session_installed(&browser, &one, stamp, &error), WI_OK);
    assert_string_not_equal(stamp, here);
    assert_int_equal(machine.looks, 1);
}
