/*
 * WebKit: WebKitGTK's MiniBrowser through WebKitWebDriver, on a display of its own if it is to be
 * headless, since it has no such mode. Safari itself only remotely, through the safaridriver of a
 * Mac.
 */
#include "browser/family_private.h"

#include "base/net/url.h"
#include "browser/program.h"
#include <stdlib.h>

static const char *const driver_arguments[] = {
    "--port=0", /* the system chooses; webinfer-desk finds out which */
    NULL,
};

static const struct wi_switch switches[] = {
    {"--automation", WI_WHEN_ALWAYS}, /* else the driver may not steer it */
    {"--private", WI_WHEN_ALWAYS},    /* no history, no cache on disk */
    /* The page is never in front, and must run as fast as if it were. */
    {"--features=!DOMTimersThrottling,!HiddenPageDOMTimerThrottling,"
     "!HiddenPageCSSAnimationSuspension,!ShouldTakeNearSuspendedAssertions",
        WI_WHEN_ALWAYS},
    {"--enable-webgl=false", WI_WHEN_GPU_OFF},
    {"--enable-sandbox", WI_WHEN_SANDBOX}, /* it is off by default; it takes bubblewrap */
    {NULL, WI_WHEN_ALWAYS},
};

static const char *const environment[] = {
    "GSETTINGS_BACKEND=memory",      /* no settings daemon, and no file of its own */
    "GIO_USE_VFS=local",             /* no file system daemon */
    "GTK_USE_PORTAL=0",              /* no desktop that could answer */
    "NO_AT_BRIDGE=1",                /* no accessibility bus */
    "JSC_useSharedArrayBuffer=true", /* isolated, and yet off: WASM would have one thread */
    "GDK_BACKEND=x11",               /* the display that it is given, not the operator's Wayland */
    NULL,
};

static const struct wi_kind kinds[] = {
    {
        .drivers = "WebKitWebDriver",
        .package = "the packages webkit2gtk-driver and xvfb (Debian)",
    },
};

/* Our page's certificate, which then needs no authority; every other one is checked as usual. */
static json_t *known_certificates(const struct wi_launch_request *request)
{
    char *host = wi_url_host(request->page_url);
    json_t *list =
        json_pack("[{s:s, s:s}]", "host", host, "certificateFile", request->certificate->path);

    free(host);
    return list;
}

/* https://webkitgtk.org: WebKitWebDriver takes "webkitgtk:browserOptions". Without "binary" it
 * starts the MiniBrowser that it was built with. */
static json_t *browser_options(const struct wi_plan *plan, const char *binary)
{
    const struct wi_config_browser *browser = plan->browser;
    struct wi_strings list = {0};

    wi_switches_add_rows(&list, switches, plan);
    for (size_t i = 0; i < browser->arguments.count; i++)
        wi_switches_add(&list, browser->arguments.items[i]);
    json_t *options =
        json_pack("{s:o, s:o*}", "args", wi_switches_json(&list), "binary", json_string(binary));
    if (!browser->driver_url && plan->request->certificate && plan->request->page_url)
        json_object_set_new(options, "certificates", known_certificates(plan->request));
    return options;
}

static json_t *webkit_capabilities(const struct wi_plan *plan, const char *binary)
{
    const struct wi_config_browser *browser = plan->browser;
    json_t *always = json_pack("{s:s}", "pageLoadStrategy", "eager");

    /* Another machine does not have the certificate's file. */
    if (browser->driver_url && wi_plan_accepts_any(plan))
        json_object_set_new(always, "acceptInsecureCerts", json_true());
    /* A remote browser is Safari, which takes no options unless it is given some. */
    if (browser->driver_url && !browser->binary && browser->arguments.count == 0)
        json_object_set_new(always, "browserName", json_string("safari"));
    else
        json_object_set_new(always, "webkitgtk:browserOptions", browser_options(plan, binary));
    return json_pack("{s:o}", "alwaysMatch", always);
}

/* webinfer-desk before the driver, and a display if there is to be no window. */
static enum wi_code add_desk(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    char path[WI_HELPER_PATH_SIZE];

    wi_helper_find("webinfer-desk", path);
    wi_strings_add(&launch->command, path);
    if (plan->browser->headless) {
        char *xvfb = wi_program_find("Xvfb");
        if (!xvfb)
            return wi_error_set(error, WI_UNAVAILABLE, "headless",
                "%s cannot start without a window: there is no program Xvfb in PATH; install the "
                "package xvfb (Debian), or set [browser.%s] headless = no",
                plan->browser->kind, plan->browser->kind);
        wi_strings_add(&launch->command, "--display");
        wi_strings_add_owned(&launch->command, xvfb);
    }
    wi_strings_add(&launch->command, "--");
    return WI_OK;
}

static enum wi_code webkit_fill(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_config_browser *browser = plan->browser;
    const char *page = plan->request->page_url;
    char *binary = NULL;

    if (browser->preferences.count > 0)
        return wi_error_set(error, WI_UNAVAILABLE, "preferences",
            "%s takes no preferences: WebKit has arguments instead, such as --features=NAME",
            browser->kind);
    if (browser->gpu_device != WI_GPU_DEVICE_AUTO)
        return wi_error_set(error, WI_UNAVAILABLE, "gpu_device",
            "%s takes no gpu_device: WebKitGTK has no WebGPU, for which a GPU could be chosen",
            browser->kind);
    if (page && !wi_url_is_secure(page))
        return wi_error_set(error, WI_UNAVAILABLE, "public_url",
            "%s cannot compute in the page at %s, which is no secure context for it: give [bridge] "
            "a TLS certificate that it trusts, or an address on loopback",
            browser->kind, page);
    if (browser->driver_url) {
        launch->capabilities = webkit_capabilities(plan, browser->binary);
        return WI_OK;
    }
    if (add_desk(plan, launch, error) != WI_OK ||
        wi_plan_driver(plan, driver_arguments, launch, error) != WI_OK)
        return WI_UNAVAILABLE;
    if (browser->binary && !(binary = wi_plan_find(plan, browser->binary, "", "binary", error)))
        return WI_UNAVAILABLE;
    launch->port_line = "webinfer-desk: listening on port ";
    launch->capabilities = webkit_capabilities(plan, binary);
    wi_plan_environment(plan, launch);
    for (size_t i = 0; environment[i]; i++)
        wi_strings_add(&launch->environment, environment[i]);
    free(binary);
    return WI_OK;
}

const struct wi_browser_family wi_family_webkit = {
    .name = "webkit", .kind = "safari", .kinds = kinds, .switches = switches, .fill = webkit_fill};
