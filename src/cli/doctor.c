/*
 * webinfer doctor: what this machine and its browsers would give, without a daemon. Collects one
 * JSON report, which --json prints and people get as lines.
 */
#include "config.h"

#include "cli/doctor.h"

#include "base/log.h"
#include "base/memory.h"
#include "browser/session.h"
#include "cli/cli.h"
#include "cli/table.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const finding_names[] = {"ok", "info", "warning", "missing"};

void wi_doctor_add(
    json_t *checks, const char *check, enum wi_finding state, const char *format, ...)
{
    char detail[1024];
    va_list arguments;
    json_t *finding;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    finding = json_pack(
        "{s:s, s:s, s:s}", "check", check, "state", finding_names[state], "detail", detail);
    if (finding) /* a path that is not UTF-8 makes none */
        json_array_append_new(checks, finding);
}

/* As the daemon finds it. */
static struct wi_config *load_config(const char *path, json_t *checks, struct wi_error *error)
{
    static const char system_path[] = WI_SYSCONFDIR "/webinfer/webinferd.conf";
    struct wi_config *config;

    if (!path && access(system_path, F_OK) == 0)
        path = system_path;
    config = wi_config_load(path, error);
    if (config)
        wi_doctor_add(checks, "configuration", WI_FINDING_OK, "%s", path ? path : "the defaults");
    else
        wi_doctor_add(checks, "configuration", WI_FINDING_MISSING, "%s", error->detail);
    return config;
}

/* What the page reported becomes one check for each platform, and one for threads. */
static void judge_platforms(
    json_t *checks, const json_t *report, const struct wi_config_browser *browser)
{
    const char *kind = browser->kind;
    const json_t *capabilities = json_object_get(report, "capabilities"), *adapter;
    const char *name;
    json_t *platform;

    json_object_foreach(json_object_get(capabilities, "platforms"), name, platform)
    {
        const char *reason = json_string_value(json_object_get(platform, "reason"));
        char check[96];
        struct wi_buffer text = {0};
        snprintf(check, sizeof check, "%s %.32s", kind, name);
        adapter = json_object_get(platform, "adapter");
        if (!json_is_true(json_object_get(platform, "available"))) {
            wi_doctor_add(checks, check,
                wi_strings_contain(&browser->platforms, name) ? WI_FINDING_WARNING
                                                              : WI_FINDING_INFO,
                "no: %s", reason ? reason : "no reason given");
            continue;
        }
        if (json_is_object(adapter)) {
            int software = json_is_true(json_object_get(adapter, "is_fallback"));
            wi_table_cell(&text, json_object_get(adapter, "vendor"), NULL);
            wi_buffer_puts(&text, " ");
            wi_table_cell(&text, json_object_get(adapter, "architecture"), NULL);
            wi_buffer_puts(&text, ", ");
            wi_table_cell(&text, json_object_get(adapter, "description"), NULL);
            wi_doctor_add(checks, check, software ? WI_FINDING_WARNING : WI_FINDING_OK, "%s%s",
                text.text, software ? ": a software adapter, used only when webgpu is named" : "");
        } else {
            wi_doctor_add(checks, check, WI_FINDING_OK, "yes");
        }
        wi_buffer_clear(&text);
    }
    if (json_is_true(json_object_get(capabilities, "cross_origin_isolated")))
        return;
    wi_doctor_add(checks, "wasm threads", WI_FINDING_WARNING,
        "the page in %s is not cross-origin isolated, so wasm has one thread", kind);
}

static void examine(struct wi_config *config, const struct wi_config_browser *browser, int start,
    json_t *checks, json_t *browsers)
{
    struct wi_error error;
    json_t *report, *name;
    char text[96];

    if (wi_session_installed(browser, &error) != WI_OK) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_MISSING, "%s", error.detail);
        return;
    }
    if (!start) {
        wi_doctor_add(
            checks, browser->kind, WI_FINDING_OK, "its driver and its browser are installed");
        return;
    }
    report = wi_doctor_browser(config, browser);
    json_array_append_new(browsers, report);
    if (json_object_get(report, "problem")) {
        wi_doctor_add(checks, browser->kind, WI_FINDING_MISSING, "%s",
            json_string_value(json_object_get(report, "problem")));
        return;
    }
    name = json_object_get(json_object_get(report, "capabilities"), "browser");
    snprintf(text, sizeof text, "%s %s",
        json_string_value(json_object_get(name, "name")) ?: "a browser",
        json_string_value(json_object_get(name, "version")) ?: "");
    wi_doctor_add(checks, browser->kind, WI_FINDING_OK, "%s, its page was connected after %.0f ms",
        text, json_number_value(json_object_get(report, "ready_ms")));
    judge_platforms(checks, report, browser);
}

static void print(const json_t *checks)
{
    static const struct wi_column columns[] = {
        {"STATE", "state", NULL}, {"CHECK", "check", NULL}, {"FOUND", "detail", NULL}, {0}};
    struct wi_buffer text = {0};

    wi_table(&text, columns, checks);
    fputs(text.text, stdout);
    wi_buffer_clear(&text);
}

static enum wi_exit verdict(const json_t *checks)
{
    const json_t *check;
    size_t i;

    json_array_foreach(checks, i, check)
    {
        const char *state = json_string_value(json_object_get(check, "state"));
        if (strcmp(state, finding_names[WI_FINDING_MISSING]) == 0)
            return WI_EXIT_FAILED;
    }
    return WI_EXIT_OK;
}

enum wi_exit wi_cli_doctor(struct wi_cli *cli)
{
    json_t *checks = json_array(), *browsers = json_array(), *all;
    struct wi_error error;
    struct wi_config *config = load_config(wi_argument(&cli->arguments, "config"), checks, &error);
    int start = !wi_argument_given(&cli->arguments, "no-start");
    enum wi_exit result;

    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    if (config) {
        wi_doctor_host(checks, config);
        for (size_t i = 0; i < config->browser_count; i++)
            examine(config, &config->browsers[i], start, checks, browsers);
    }
    result = verdict(checks);
    if (cli->json) {
        all = json_pack(
            "{s:b, s:O, s:O}", "ok", result == WI_EXIT_OK, "checks", checks, "browsers", browsers);
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(all);
    } else {
        print(checks);
    }
    wi_config_free(config);
    json_decref(checks);
    json_decref(browsers);
    return result;
}
