/*
 * Chromium and the browsers built on it: Chrome, Edge and others, through chromedriver or
 * msedgedriver. Each switch says why it is there.
 */
#include "browser/family_private.h"

#include "base/net/url.h"
#include <stdlib.h>
#include <string.h>

static const char *const driver_arguments[] = {
    "--port=0",           /* the system chooses; the driver prints which */
    "--log-level=SEVERE", /* below that it logs commands, and so the page's URL with its token */
    NULL,
};

static const struct wi_switch switches[] = {
    {"--headless=new", WI_WHEN_HEADLESS}, /* the full browser without a window; the old one has no
                                             WebGPU */
    {"--remote-debugging-port=0", WI_WHEN_LOCAL}, /* the system chooses */
    /* WebGPU and WebGL. On Linux WebGPU is behind this switch for most adapters; with it a machine
     * without a GPU gives SwiftShader, labelled as a fallback adapter, and without it none. */
    {"--enable-unsafe-webgpu", WI_WHEN_GPU},
    {"--use-webgpu-adapter=swiftshader", WI_WHEN_GPU_SOFTWARE},
    /* Dawn and ANGLE on Vulkan without a window system: the set in Chrome's own guide to testing on
     * servers. Without it, headless Chromium takes SwiftShader even on a machine with a GPU. With
     * it, Chromium has no adapter if there is no Vulkan driver, so it is for a usable GPU alone
     * (browser/gpu_choice.h). */
    {"--enable-features=Vulkan", WI_WHEN_GPU_HARDWARE},
    {"--use-angle=vulkan", WI_WHEN_GPU_HARDWARE},
    {"--disable-vulkan-surface", WI_WHEN_GPU_HARDWARE},
    {"--ignore-gpu-blocklist", WI_WHEN_GPU_HARDWARE},
    /* The adapter's own name, without which the guard and the tuned settings cannot tell two GPUs
     * of a vendor apart, and its clock in ns, not rounded to 100 µs. */
    {"--enable-webgpu-developer-features", WI_WHEN_GPU_HARDWARE},
    /* Without it Dawn offers no `shader-f16` on NVIDIA's driver, and llama.cpp needs that. Whether
     * the GPU's answers are right is the guard's to find out. */
    {"--enable-dawn-features=vulkan_enable_f16_on_nvidia", WI_WHEN_GPU_NVIDIA},
    {"--disable-gpu", WI_WHEN_GPU_OFF},
    /* A lost device must not disable WebGL and WebGPU until the browser restarts. */
    {"--disable-domain-blocking-for-3d-apis", WI_WHEN_ALWAYS},
    {"--disable-gpu-process-crash-limit", WI_WHEN_ALWAYS},
    /* The page is never in front, and must run as fast as if it were. */
    {"--disable-background-timer-throttling", WI_WHEN_ALWAYS},
    {"--disable-backgrounding-occluded-windows", WI_WHEN_ALWAYS},
    {"--disable-renderer-backgrounding", WI_WHEN_ALWAYS},
    {"--disable-hang-monitor", WI_WHEN_ALWAYS}, /* a long run is no hang; we have our own watch */
    /* It connects only to us. */
    {"--disable-background-networking", WI_WHEN_ALWAYS},
    {"--disable-component-update", WI_WHEN_ALWAYS},
    {"--disable-domain-reliability", WI_WHEN_ALWAYS},
    {"--disable-client-side-phishing-detection", WI_WHEN_ALWAYS},
    {"--disable-sync", WI_WHEN_ALWAYS},
    {"--disable-default-apps", WI_WHEN_ALWAYS},
    {"--disable-extensions", WI_WHEN_ALWAYS},
    {"--disable-quic", WI_WHEN_ALWAYS},
    {"--no-pings", WI_WHEN_ALWAYS},
    {"--no-proxy-server", WI_WHEN_LOCAL}, /* a proxy for the machine is not for loopback */
    {"--disable-features=Translate,OptimizationHints,MediaRouter,InterestFeedContentSuggestions",
        WI_WHEN_ALWAYS},
    /* A fresh profile asks no questions. */
    {"--no-first-run", WI_WHEN_ALWAYS},
    {"--no-default-browser-check", WI_WHEN_ALWAYS},
    {"--disable-search-engine-choice-screen", WI_WHEN_ALWAYS},
    {"--password-store=basic", WI_WHEN_ALWAYS}, /* no keyring daemon */
    /* No crash handler process that outlives its browser, no dumps with tensors in them. */
    {"--disable-breakpad", WI_WHEN_ALWAYS},
    {"--disable-crash-reporter", WI_WHEN_ALWAYS},
    {"--mute-audio", WI_WHEN_ALWAYS},
    {"--disable-dev-shm-usage", WI_WHEN_SHM_SMALL}, /* tabs crash when /dev/shm is full */
    {"--no-sandbox", WI_WHEN_NO_SANDBOX},
    {NULL, WI_WHEN_ALWAYS},
};

static const struct wi_switch edge_switches[] = {
    /* navigator.ml: on Linux it computes on the CPU, elsewhere also on GPU and NPU. Edge has it for
     * its users' models; Chrome only behind this flag, and not in Debian's build. */
    {"--enable-features=WebMachineLearningNeuralNetwork", WI_WHEN_ALWAYS},
    {"--disable-features=msEdgeFRE,msShoppingExp", WI_WHEN_ALWAYS}, /* no welcome, no shopping */
    {NULL, WI_WHEN_ALWAYS},
};

static const struct wi_preference preferences[] = {
    {"credentials_enable_service", "false", WI_WHEN_ALWAYS},
    {"profile.password_manager_enabled", "false", WI_WHEN_ALWAYS},
    {"safebrowsing.enabled", "false", WI_WHEN_ALWAYS}, /* no lists fetched */
    {"translate.enabled", "false", WI_WHEN_ALWAYS},
    {NULL, NULL, WI_WHEN_ALWAYS},
};

static const struct wi_kind kinds[] = {
    {
        .name = "edge",
        .drivers = "msedgedriver microsoft-edge-driver",
        .binaries = "microsoft-edge-stable microsoft-edge msedge microsoft-edge-beta "
                    "microsoft-edge-dev",
        .package = "Microsoft Edge and the msedgedriver of the same version",
        .switches = edge_switches,
    },
    {
        .drivers = "chromedriver",
        .binaries = "chromium google-chrome-stable google-chrome chrome",
        .package = "the packages chromium and chromium-driver (Debian)",
    },
};

/* The capabilities are named after the driver, because it ignores the other driver's names. */
static int is_edge(const struct wi_plan *plan, const struct wi_launch *launch)
{
    if (launch->command.count > 0)
        return strstr(launch->command.items[0], "edge") != NULL;
    return plan->kind->switches == edge_switches;
}

static void collect_switches(const struct wi_plan *plan, struct wi_strings *list)
{
    const struct wi_config_browser *browser = plan->browser;
    const char *page = plan->request->page_url;
    char *text;

    wi_switches_add_rows(list, switches, plan);
    wi_switches_add_rows(list, plan->kind->switches, plan);
    if (!browser->driver_url) {
        text = wi_sprintf("--user-data-dir=%s/profile", plan->request->directory);
        wi_switches_add(list, text);
        free(text);
    }
    /* WebGPU, WebNN and threads exist only in a secure context; this makes our page one. */
    if (page && !wi_url_is_secure(page)) {
        char *origin = wi_url_origin(page);
        text = wi_sprintf("--unsafely-treat-insecure-origin-as-secure=%s", origin);
        wi_switches_add(list, text);
        free(text);
        free(origin);
    }
    /* Our page's certificate needs no authority that the browser knows: this names one public key,
     * and every other certificate is checked as usual. */
    if (plan->request->certificate) {
        text =
            wi_sprintf("--ignore-certificate-errors-spki-list=%s", plan->request->certificate->pin);
        wi_switches_add(list, text);
        free(text);
    }
    for (size_t i = 0; i < browser->arguments.count; i++)
        wi_switches_add(list, browser->arguments.items[i]);
}

/* https://developer.chrome.com/docs/chromedriver/capabilities and
 * https://learn.microsoft.com/microsoft-edge/webdriver-chromium/capabilities-edge-options */
static json_t *chromium_capabilities(
    const struct wi_plan *plan, const char *binary, const struct wi_launch *launch)
{
    int edge = is_edge(plan, launch);
    struct wi_strings list = {0};

    collect_switches(plan, &list);
    /* enable-logging would write a log of the page's console into the profile. */
    json_t *options = json_pack("{s:o, s:o, s:[s], s:o*}", "args", wi_switches_json(&list), "prefs",
        wi_preferences_json(preferences, plan), "excludeSwitches", "enable-logging", "binary",
        json_string(binary));
    /* Navigation need not wait for the page's resources: only the welcome of its node counts. */
    return json_pack("{s:{s:s, s:s, s:o, s:o*}}", "alwaysMatch", "browserName",
        edge ? "MicrosoftEdge" : "chrome", "pageLoadStrategy", "eager",
        edge ? "ms:edgeOptions" : "goog:chromeOptions", options, "webSocketUrl",
        plan->browser->driver == WI_DRIVER_BIDI ? json_true() : NULL);
}

/* Chromium's headless shell, by the names that Debian and Google give it. If it is told which
 * profile to use, it opens no page by itself, and chromedriver waits for one. */
static enum wi_code check_binary(
    const struct wi_plan *plan, const char *binary, struct wi_error *error)
{
    const char *name = strrchr(binary, '/') ? strrchr(binary, '/') + 1 : binary;

    if (!strstr(name, "headless-shell") && !strstr(name, "headless_shell"))
        return WI_OK;
    return wi_error_set(error, WI_UNAVAILABLE, "binary",
        "%s cannot start: [browser.%s] binary: %s is a headless shell, which opens no page for "
        "chromedriver; name a full Chromium, or a script of another name that runs the shell with "
        "its arguments and data:,",
        plan->browser->kind, plan->browser->kind, binary);
}

static enum wi_code chromium_fill(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_config_browser *browser = plan->browser;

    if (browser->driver_url) {
        launch->capabilities = chromium_capabilities(plan, browser->binary, launch);
        return WI_OK;
    }
    if (wi_plan_driver(plan, driver_arguments, launch, error) != WI_OK)
        return WI_UNAVAILABLE;
    char *binary = wi_plan_find(plan, browser->binary, plan->kind->binaries, "binary", error);
    if (!binary || check_binary(plan, binary, error) != WI_OK) {
        free(binary);
        return WI_UNAVAILABLE;
    }
    launch->port_line = "was started successfully on port ";
    launch->capabilities = chromium_capabilities(plan, binary, launch);
    wi_plan_environment(plan, launch);
    /* With the switches for a GPU it hangs on Mesa's software adapter, which it would take if the
     * GPU's own driver failed. */
    if (plan->hardware)
        wi_plan_software(launch, 0);
    free(binary);
    return WI_OK;
}

const struct wi_browser_family wi_family_chromium = {.name = "chromium",
    .kinds = kinds,
    .switches = switches,
    .preferences = preferences,
    .fill = chromium_fill,
    .takes_gpu = 1};
