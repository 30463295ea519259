/*
 * webinfer doctor: checks what this machine and its browsers offer, without a daemon. Collects one
 * JSON report, which is printed as JSON with --json and as lines otherwise.
 */
#include "config.h"

#include "cli/commands/doctor/doctor.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "browser/browser_network.h"
#include "browser/gpu_choice.h"
#include "browser/kinds.h"
#include "browser/program.h"
#include "browser/session.h"
#include "cli/commands/commands.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include "terms/model/engine.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the checks of all browsers have in common. */
struct doctor {
    struct wi_config *config; /* NULL: it is not valid */
    struct wi_network *network;
    struct wi_gpus gpus;
    int starts; /* browsers are tried */
    json_t *checks, *browsers;
};

static void add_problem(void *context, const char *line)
{
    wi_doctor_add(context, "configuration", WI_FINDING_MISSING, "%s", line);
}

struct wi_network *wi_doctor_begin(void)
{
    char lifeline[WI_HELPER_PATH_SIZE];

    wi_lifeline_find(lifeline);
    struct wi_network *network = wi_network_new(lifeline);
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    return network;
}

struct wi_config *wi_doctor_config(const char *path, json_t *checks)
{
    static const char system_path[] = WI_SYSCONFDIR "/webinfer/webinferd.conf";
    struct wi_problems problems = {0};

    if (!path && access(system_path, F_OK) == 0)
        path = system_path;
    struct wi_config *config = wi_config_load(path, &problems);
    if (config)
        wi_doctor_add(checks, "configuration", WI_FINDING_OK, "%s", path ? path : "the defaults");
    wi_problems_say(&problems, add_problem, checks);
    wi_problems_clear(&problems);
    return config;
}

/* A kind that the configuration file names is wanted; the others are configured by default. */
static void report_absence(
    json_t *checks, const struct wi_config *config, size_t index, const struct wi_error *error)
{
    const struct wi_config_browser *browser = &config->browsers[index];

    if (wi_config_browser_given(config, index))
        wi_doctor_add(checks, browser->kind, WI_FINDING_MISSING, "%s", error->detail);
    else
        wi_doctor_add(checks, browser->kind, WI_FINDING_INFO, "not installed; install %s",
            wi_kind_package(browser));
}

/* Known reasons why a platform is missing, and what would enable it. The first row that matches
 * counts; NULL matches all. */
static const struct {
    const char *family;
    const char *platform;
    const char *hint;
} hints[] = {
    {"webkit", "webgpu", "WebKitGTK has none"},
    {"firefox", "webgpu",
        "on Linux it needs a Vulkan driver; Debian: mesa-vulkan-drivers, or the GPU vendor's"},
    {"chromium", "webgpu",
        "a GPU needs a Vulkan driver (Debian: mesa-vulkan-drivers, or the vendor's), and a "
        "software adapter needs gpu = auto or software"},
    {"chromium", "webnn",
        "it needs a build that has it, such as Edge, and "
        "--enable-features=WebMachineLearningNeuralNetwork, which is set for the kind edge"},
    {NULL, "webnn", "only browsers of the family chromium have it"},
};

const char *wi_doctor_hint(const struct wi_config_browser *browser, const char *platform)
{
    const char *family = wi_kind_family(browser);

    if (strcmp(platform, "webgpu") == 0 && browser->gpu == WI_GPU_OFF)
        return "gpu is off in its section";
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if ((!hints[i].family || strcmp(hints[i].family, family) == 0) &&
            strcmp(hints[i].platform, platform) == 0)
            return hints[i].hint;
    return NULL;
}

static void judge_absence(json_t *checks, const char *check, const char *name,
    const json_t *platform, const struct wi_config_browser *browser)
{
    const char *reason = wi_json_text(platform, "reason");
    const char *hint = wi_doctor_hint(browser, name);
    struct wi_buffer text = {0};

    wi_buffer_printf(&text, "no: %s", reason ? reason : "no reason given");
    if (hint)
        wi_buffer_printf(&text, " (%s)", hint);
    wi_doctor_add(checks, check,
        wi_strings_contain(&browser->platforms, name) ? WI_FINDING_WARNING : WI_FINDING_INFO, "%s",
        text.text);
    wi_buffer_clear(&text);
}

static void judge_presence(const struct doctor *doctor, const char *check, const char *name,
    const json_t *platform, const struct wi_config_browser *browser)
{
    const json_t *adapter = json_object_get(platform, "adapter");
    int runs_models = strcmp(name, wi_platform_names[WI_WEBGL]) != 0;
    int software = runs_models && json_is_true(json_object_get(adapter, "is_fallback"));
    struct wi_buffer text = {0};

    if (json_is_object(adapter)) {
        wi_table_adapter_names(&text, adapter, ", ", "one that is not named");
        if (software) {
            wi_buffer_puts(
                &text, ": a software adapter, which auto takes only where it measured faster");
            wi_doctor_advise_gpu(&text, browser, &doctor->gpus);
        } else if (!runs_models) {
            wi_buffer_puts(&text, ": runs kernels, and no models");
        }
    } else {
        wi_buffer_puts(&text, "yes");
    }
    wi_doctor_add(
        doctor->checks, check, software ? WI_FINDING_WARNING : WI_FINDING_OK, "%s", text.text);
    wi_buffer_clear(&text);
}

/* Adds a page's report (the object of wi_doctor_try) as findings. */
static void judge_platforms(
    const struct doctor *doctor, const json_t *report, const struct wi_config_browser *browser)
{
    const json_t *capabilities = json_object_get(report, "capabilities");
    const char *name;
    json_t *platform;
    char check[96];

    json_object_foreach(json_object_get(capabilities, "platforms"), name, platform)
    {
        snprintf(check, sizeof check, "%.60s %.32s", browser->kind, name);
        if (json_is_true(json_object_get(platform, "available")))
            judge_presence(doctor, check, name, platform, browser);
        else
            judge_absence(doctor->checks, check, name, platform, browser);
    }
    if (json_is_true(json_object_get(capabilities, "cross_origin_isolated")))
        return;
    snprintf(check, sizeof check, "%.60s wasm threads", browser->kind);
    wi_doctor_add(doctor->checks, check, WI_FINDING_WARNING,
        "its page is not cross-origin isolated, so wasm has one thread");
}

static void report_start(
    const struct doctor *doctor, const struct wi_config_browser *browser, const json_t *report)
{
    json_t *checks = doctor->checks;
    const json_t *name = json_object_get(json_object_get(report, "capabilities"), "browser");
    const char *problem = wi_json_text(report, "problem"), *gpu = wi_json_text(report, "gpu");

    if (problem) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_MISSING, "%s%s%s%s", gpu ? "on " : "",
            gpu ? gpu : "", gpu ? ": " : "", problem);
    } else if (json_is_true(json_object_get(report, "remote"))) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_OK,
            "the service at %s is ready; the features of its browsers are known once the daemon "
            "runs",
            browser->driver_url);
    } else {
        wi_doctor_add(checks, browser->kind, WI_FINDING_OK,
            "%s %s, its page was connected after %.0f ms%s%s",
            wi_json_text(name, "name") ?: "a browser", wi_json_text(name, "version") ?: "",
            wi_json_number(report, "ready_ms"), gpu ? ", on " : "", gpu ? gpu : "");
        judge_platforms(doctor, report, browser);
    }
}

static int try_on(
    const struct doctor *doctor, const struct wi_config_browser *browser, const char *gpu)
{
    json_t *report =
        wi_doctor_try(doctor->config, browser, doctor->network, gpu, 0, doctor->checks);

    json_array_append_new(doctor->browsers, report);
    report_start(doctor, browser, report);
    return json_object_get(report, "problem") == NULL;
}

/* Once, or on each GPU that serves it. Whether it works on any. */
static int browser_try(const struct doctor *doctor, const struct wi_config_browser *browser)
{
    const struct wi_gpus *gpus = &doctor->gpus;
    int works = 0;

    if (browser->gpu_device != WI_GPU_DEVICE_ALL)
        return try_on(doctor, browser, NULL);
    for (size_t i = 0; i < gpus->count; i++)
        if (wi_gpu_serves(&gpus->devices[i], browser->gpu))
            works |= try_on(doctor, browser, gpus->devices[i].path);
    return works;
}

/* Whether the browser works, as far as it was tried. */
static int browser_examine(const struct doctor *doctor, size_t index)
{
    const struct wi_config_browser *browser = &doctor->config->browsers[index];
    json_t *checks = doctor->checks;
    struct wi_error error;

    if (browser->max_connections == 0) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_INFO,
            "switched off: [browser.%s] max_connections is 0", browser->kind);
        return 0;
    }
    if (wi_session_installed(browser, &doctor->gpus, NULL, &error) != WI_OK) {
        report_absence(checks, doctor->config, index, &error);
        return 0;
    }
    wi_doctor_browser_gpu(checks, browser, &doctor->gpus);
    if (!doctor->starts) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_OK,
            browser->driver_url ? "a service, which was not asked"
                                : "everything needed to start it is installed");
        return 1;
    }
    return browser_try(doctor, browser);
}

/* Checks this machine, then each kind of browser. */
static void doctor_check(struct wi_cli *cli, struct doctor *doctor)
{
    const struct wi_config *config = doctor->config;
    int good = 0;

    wi_gpus_find("", &doctor->gpus);
    wi_doctor_host(doctor->checks, config, doctor->network, &doctor->gpus);
    wi_doctor_network(doctor->checks, config, doctor->network);
    wi_doctor_models(cli, doctor->checks, config);
    for (size_t i = 0; i < config->browser_count; i++) {
        int works = browser_examine(doctor, i);
        if (works && doctor->starts)
            wi_doctor_retest(cli, doctor->checks, &config->browsers[i]);
        good += works;
    }
    if (good == 0)
        wi_doctor_add(doctor->checks, "browsers", WI_FINDING_MISSING,
            "no kind of browser works, so only pages that join with a link can compute");
}

enum wi_exit wi_cli_doctor(struct wi_cli *cli)
{
    struct doctor doctor = {.starts = !wi_argument_given(&cli->arguments, "no-start"),
        .checks = json_array(),
        .browsers = json_array()};

    doctor.config = wi_doctor_config(wi_argument(&cli->arguments, "config"), doctor.checks);
    doctor.network = wi_doctor_begin();
    if (doctor.config)
        doctor_check(cli, &doctor);
    enum wi_exit result = wi_doctor_verdict(doctor.checks);
    if (cli->json) {
        wi_plain_put_json(json_pack("{s:b, s:O, s:O}", "ok", result == WI_EXIT_OK, "checks",
            doctor.checks, "browsers", doctor.browsers));
    } else {
        wi_doctor_print(doctor.checks);
    }
    wi_network_free(doctor.network);
    wi_config_unref(doctor.config);
    json_decref(doctor.checks);
    json_decref(doctor.browsers);
    return result;
}
