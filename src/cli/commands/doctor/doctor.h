/* webinfer doctor in four parts: this machine, one browser, its platforms, and the report. */
#ifndef WI_CLI_COMMANDS_DOCTOR_DOCTOR_H
#define WI_CLI_COMMANDS_DOCTOR_DOCTOR_H

#include "cli/cli.h"
#include "settings/config/config.h"
#include <jansson.h>

/* What a check found: all well, something to know, something that costs speed or safety, or
 * something without which there is no answer. */
enum wi_finding { WI_FINDING_OK, WI_FINDING_INFO, WI_FINDING_WARNING, WI_FINDING_MISSING };

/* Appends {"check", "state", "detail"} to `checks`. */
__attribute__((format(printf, 4, 5))) void wi_doctor_add(
    json_t *checks, const char *check, enum wi_finding state, const char *format, ...);
/* As a table on standard output. */
void wi_doctor_print(const json_t *checks);
/* WI_EXIT_FAILED if anything is missing. */
enum wi_exit wi_doctor_verdict(const json_t *checks);

/* Limits, sandbox, shared memory, GPU devices and drivers, libraries, page, certificates. */
void wi_doctor_host(json_t *checks, const struct wi_config *config);

/* Whether browsers have a network of their own, and what follows where they have not. */
struct wi_network;
void wi_doctor_network(
    json_t *checks, const struct wi_config *config, const struct wi_network *network);

/* Where models are looked for: by the daemon that answers, unless the command line names a
 * configuration or none answers, in which case `config` tells. */
void wi_doctor_models(struct wi_cli *cli, json_t *checks, const struct wi_config *config);

/* Has the daemon that answers, likewise, test again what the kind can do: what it has learned of it
 * is not believed until then. */
void wi_doctor_retest(struct wi_cli *cli, json_t *checks, const struct wi_config_browser *browser);

/* The configuration, as the daemon finds it, `path` being what the command line names, or NULL.
 * NULL with the problems in `checks`. The caller frees it. */
struct wi_config *wi_doctor_config(const char *path, json_t *checks);

/* Starts the browser, lets it load the page, and ends it. A new object: {"kind", "ready_ms",
 * "capabilities": the page's own report}, {"kind", "remote": true} for a service on another
 * machine, which is only asked whether it is ready, or {"kind", "problem"}. With `look` the page
 * then finds what the browser can do (nodes/bridge/features.h), and there are "browser_version",
 * "features" and "reason" too, one of these being null. Takes the process's signals for as long as
 * it runs. `config` is borrowed and its [bridge] is changed for a private listener. Without
 * `network` (NULL) the browser has none of its own.
 * As the daemon would in the end, it is started without a network of its own where it does not
 * start in one, which `checks` then has. */
json_t *wi_doctor_try(struct wi_config *config, const struct wi_config_browser *browser,
    const struct wi_network *network, int look, json_t *checks);

#endif
