/*
 * Firefox: started directly and controlled through BiDi, or through geckodriver in classic if the
 * operator names one. Each preference says why it is there. When Firefox is told to listen for
 * BiDi, it adds some preferences of its own; ours must be known before that.
 */
#include "browser/family_private.h"

#include "base/buffer.h"
#include "base/net/url.h"
#include "settings/config/config.h"
#include <stdlib.h>
#include <string.h>

static const char *const geckodriver_arguments[] = {
    "--port=0",           /* the system chooses; the driver prints which */
    "--websocket-port=0", /* else every browser's is 9222, and only one can have it */
    NULL,
};

static const struct wi_switch switches[] = {
    {"--headless", WI_WHEN_HEADLESS},
    {"--no-remote", WI_WHEN_LOCAL}, /* never hands our page to a Firefox that runs already */
    {NULL, WI_WHEN_ALWAYS},
};

static const struct wi_preference preferences[] = {
    /* WebGPU, which is off or on a list of blocked drivers on most Linux machines. */
    {"dom.webgpu.enabled", "true", WI_WHEN_GPU},
    {"gfx.webgpu.ignore-blocklist", "true", WI_WHEN_GPU},
    {"dom.webgpu.enabled", "false", WI_WHEN_GPU_OFF},
    {"webgl.disabled", "true", WI_WHEN_GPU_OFF},
    /* The page is never in front, and must run as fast as if it were: no budget for timers, no
     * slower ticks, no lower priority of its process. */
    {"dom.min_background_timeout_value", "4", WI_WHEN_ALWAYS},
    {"dom.timeout.enable_budget_timer_throttling", "false", WI_WHEN_ALWAYS},
    {"dom.workers.throttling.enabled", "false", WI_WHEN_ALWAYS},
    {"dom.ipc.processPriorityManager.enabled", "false", WI_WHEN_ALWAYS},
    {"threads.lower_mainthread_priority_in_background.enabled", "false", WI_WHEN_ALWAYS},
    /* A long run is no hang (we have our own watch), and a page with big models is not to be
     * unloaded to save memory. */
    {"dom.ipc.reportProcessHangs", "false", WI_WHEN_ALWAYS},
    {"dom.max_script_run_time", "0", WI_WHEN_ALWAYS},
    {"browser.tabs.unloadOnLowMemory", "false", WI_WHEN_ALWAYS},
    /* There will be only one page: no spare processes, none for the new-tab page, none for calls
     * and video. */
    {"dom.ipc.processPrelaunch.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.newtab.preload", "false", WI_WHEN_ALWAYS},
    {"browser.newtabpage.enabled", "false", WI_WHEN_ALWAYS},
    {"network.process.enabled", "false", WI_WHEN_ALWAYS},
    {"media.rdd-process.enabled", "false", WI_WHEN_ALWAYS},
    {"media.peerconnection.enabled", "false", WI_WHEN_ALWAYS},
    /* A fresh profile opens an empty page and asks no questions. */
    {"browser.startup.page", "0", WI_WHEN_ALWAYS},
    {"browser.startup.homepage", "\"about:blank\"", WI_WHEN_ALWAYS},
    {"browser.startup.homepage_override.mstone", "\"ignore\"", WI_WHEN_ALWAYS},
    {"startup.homepage_welcome_url", "\"about:blank\"", WI_WHEN_ALWAYS},
    {"startup.homepage_welcome_url.additional", "\"\"", WI_WHEN_ALWAYS},
    {"browser.aboutwelcome.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.shell.checkDefaultBrowser", "false", WI_WHEN_ALWAYS},
    {"termsofuse.bypassNotification", "true", WI_WHEN_ALWAYS},
    {"datareporting.policy.dataSubmissionPolicyBypassNotification", "true", WI_WHEN_ALWAYS},
    {"browser.sessionstore.resume_from_crash", "false", WI_WHEN_ALWAYS},
    {"toolkit.startup.max_resumed_crashes", "-1", WI_WHEN_ALWAYS},
    /* It connects only to us. */
    {"network.proxy.type", "0", WI_WHEN_LOCAL}, /* a proxy for the machine is not for loopback */
    {"app.update.disabledForTesting", "true", WI_WHEN_ALWAYS},
    {"app.normandy.enabled", "false", WI_WHEN_ALWAYS},
    {"app.shield.optoutstudies.enabled", "false", WI_WHEN_ALWAYS},
    {"nimbus.rollouts.enabled", "false", WI_WHEN_ALWAYS},
    {"services.settings.server", "\"data:,#remote-settings-dummy/v1\"", WI_WHEN_ALWAYS},
    {"datareporting.policy.dataSubmissionEnabled", "false", WI_WHEN_ALWAYS},
    {"datareporting.healthreport.uploadEnabled", "false", WI_WHEN_ALWAYS},
    {"toolkit.telemetry.server", "\"\"", WI_WHEN_ALWAYS},
    {"browser.safebrowsing.malware.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.safebrowsing.phishing.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.safebrowsing.downloads.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.safebrowsing.blockedURIs.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.region.network.url", "\"\"", WI_WHEN_ALWAYS},
    {"browser.region.update.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.search.update", "false", WI_WHEN_ALWAYS},
    {"browser.topsites.contile.enabled", "false", WI_WHEN_ALWAYS},
    {"browser.ml.enable", "false", WI_WHEN_ALWAYS},
    {"dom.push.connection.enabled", "false", WI_WHEN_ALWAYS},
    {"extensions.update.enabled", "false", WI_WHEN_ALWAYS},
    {"extensions.getAddons.cache.enabled", "false", WI_WHEN_ALWAYS},
    {"extensions.systemAddon.update.enabled", "false", WI_WHEN_ALWAYS},
    {"media.gmp-manager.updateEnabled", "false", WI_WHEN_ALWAYS},
    {"network.captive-portal-service.enabled", "false", WI_WHEN_ALWAYS},
    {"network.connectivity-service.enabled", "false", WI_WHEN_ALWAYS},
    {"network.trr.mode", "5", WI_WHEN_ALWAYS}, /* the system decides where names are resolved */
    {"network.dns.disablePrefetch", "true", WI_WHEN_ALWAYS},
    {"network.http.speculative-parallel-limit", "0", WI_WHEN_ALWAYS},
    {"security.remote_settings.intermediates.enabled", "false", WI_WHEN_ALWAYS},
    /* Neither models nor answers are written to the disk. */
    {"browser.cache.disk.enable", "false", WI_WHEN_ALWAYS},
    {"browser.pagethumbnails.capturing_disabled", "true", WI_WHEN_ALWAYS},
    {NULL, NULL, WI_WHEN_ALWAYS},
};

static const struct wi_kind kinds[] = {
    {
        .drivers = "geckodriver",
        .binaries = "firefox-esr firefox",
        .package = "the package firefox-esr (Debian)",
    },
};

/* --- preferences ----------------------------------------------------------------------------- */

/* The preferences of the table, of the page, and of the operator. */
static json_t *collect_preferences(const struct wi_plan *plan)
{
    json_t *all = wi_preferences_json(preferences, plan);
    const char *page = plan->request->page_url;
    const char name[] = "dom.securecontext.allowlist";

    /* WebGPU and threads exist only in a secure context; this makes our page's host one. */
    if (page && !wi_url_is_secure(page) && !json_object_get(all, name)) {
        char *host = wi_url_host(page);
        json_object_set_new(all, name, json_string(host));
        free(host);
    }
    return all;
}

/* Firefox reads few of JSON's escapes, but any character by its code. */
static void add_string(struct wi_buffer *text, const char *string)
{
    wi_buffer_puts(text, "\"");
    for (; *string; string++)
        if ((unsigned char)*string < 0x20 || strchr("\"\\", *string))
            wi_buffer_printf(text, "\\x%02x", (unsigned char)*string);
        else
            wi_buffer_add(text, string, 1);
    wi_buffer_puts(text, "\"");
}

static enum wi_code check_preference(
    const struct wi_plan *plan, const char *name, const json_t *value, struct wi_error *error)
{
    json_int_t number = json_integer_value(value);

    if (json_is_boolean(value) || json_is_string(value) ||
        (json_is_integer(value) && number >= INT32_MIN && number <= INT32_MAX))
        return WI_OK;
    return wi_error_set(error, WI_UNAVAILABLE, "preferences",
        "%s cannot start: [browser.%s] preferences: %.100s: Firefox keeps true, false, strings and "
        "integers of 32 bits",
        plan->browser->kind, plan->browser->kind, name);
}

/* user.js, with which a profile is started; NULL with `error` filled. The caller frees it. */
static char *make_user_js(const struct wi_plan *plan, const json_t *all, struct wi_error *error)
{
    struct wi_buffer text = {0};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)all, name, value)
    {
        if (check_preference(plan, name, value, error) != WI_OK) {
            wi_buffer_clear(&text);
            return NULL;
        }
        wi_buffer_puts(&text, "user_pref(");
        add_string(&text, name);
        wi_buffer_puts(&text, ", ");
        if (json_is_string(value))
            add_string(&text, json_string_value(value));
        else
            wi_buffer_json(&text, value);
        wi_buffer_puts(&text, ");\n");
    }
    return wi_buffer_take(&text);
}

/* --- started directly ------------------------------------------------------------------------ */

static void add_environment(const struct wi_plan *plan, struct wi_launch *launch)
{
    wi_plan_environment(plan, launch);
    /* No dumps with tensors in them, and no reports. */
    wi_strings_add(&launch->environment, "MOZ_CRASHREPORTER_DISABLE=1");
    if (!launch->sandbox)
        wi_strings_add(&launch->environment, "MOZ_DISABLE_CONTENT_SANDBOX=1");
    /* Firefox takes the adapters of the Vulkan loader. */
    if (plan->browser->gpu == WI_GPU_SOFTWARE)
        wi_plan_software(launch, 1);
    if (plan->browser->gpu == WI_GPU_HARDWARE || *launch->gpu)
        wi_plan_software(launch, 0);
}

static void add_switches(const struct wi_plan *plan, struct wi_strings *list)
{
    wi_switches_add_rows(list, switches, plan);
    for (size_t i = 0; i < plan->browser->arguments.count; i++)
        wi_switches_add(list, plan->browser->arguments.items[i]);
}

static enum wi_code fill_direct(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    char *binary = wi_plan_find(plan, plan->browser->binary, plan->kind->binaries, "binary", error);
    json_t *all = collect_preferences(plan);
    char *user_js = binary ? make_user_js(plan, all, error) : NULL;

    if (user_js) {
        launch->protocol = WI_DRIVER_BIDI;
        launch->port_line = "WebDriver BiDi listening on ws://127.0.0.1:";
        wi_strings_add(&launch->command, binary);
        wi_strings_add(&launch->command, "--profile");
        wi_strings_add_owned(&launch->command, wi_sprintf("%s/profile", plan->request->directory));
        wi_strings_add(&launch->command, "--remote-debugging-port=0"); /* the system chooses */
        add_switches(plan, &launch->command);
        wi_launch_add_file(launch, "profile/user.js", user_js);
        if (wi_plan_accepts_any(plan))
            launch->capabilities = json_pack("{s:{s:b}}", "alwaysMatch", "acceptInsecureCerts", 1);
        add_environment(plan, launch);
    }
    free(user_js);
    json_decref(all);
    free(binary);
    return user_js ? WI_OK : WI_UNAVAILABLE;
}

/* --- through geckodriver or a Grid ----------------------------------------------------------- */

/* https://developer.mozilla.org/docs/Web/WebDriver/Reference/Capabilities/firefoxOptions */
static json_t *firefox_capabilities(const struct wi_plan *plan, const char *binary)
{
    struct wi_strings list = {0};

    add_switches(plan, &list);
    json_t *options = json_pack("{s:o, s:o, s:o*}", "args", wi_switches_json(&list), "prefs",
        collect_preferences(plan), "binary", json_string(binary));
    /* Navigation need not wait for the page's resources: only the welcome of its node counts. */
    return json_pack("{s:{s:s, s:s, s:o, s:o*, s:o*}}", "alwaysMatch", "browserName", "firefox",
        "pageLoadStrategy", "eager", "moz:firefoxOptions", options, "acceptInsecureCerts",
        wi_plan_accepts_any(plan) ? json_true() : NULL, "webSocketUrl",
        plan->browser->driver == WI_DRIVER_BIDI ? json_true() : NULL);
}

static enum wi_code fill_driver(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    if (wi_plan_driver(plan, geckodriver_arguments, launch, error) != WI_OK)
        return WI_UNAVAILABLE;
    char *binary = wi_plan_find(plan, plan->browser->binary, plan->kind->binaries, "binary", error);
    if (!binary)
        return WI_UNAVAILABLE;
    launch->port_line = "Listening on 127.0.0.1:";
    launch->capabilities = firefox_capabilities(plan, binary);
    add_environment(plan, launch);
    free(binary);
    return WI_OK;
}

static enum wi_code firefox_fill(
    const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_config_browser *browser = plan->browser;

    if (browser->driver_url) {
        launch->capabilities = firefox_capabilities(plan, browser->binary);
        return WI_OK;
    }
    if (browser->driver == WI_DRIVER_CLASSIC || browser->driver_command)
        return fill_driver(plan, launch, error);
    return fill_direct(plan, launch, error);
}

const struct wi_browser_family wi_family_firefox = {.name = "firefox",
    .kind = "firefox",
    .kinds = kinds,
    .switches = switches,
    .preferences = preferences,
    .fill = firefox_fill,
    .takes_gpu = 1,
    .sandbox_everywhere = 1};
