/* webinfer doctor in five parts: this machine, its GPUs, one browser, its platforms, and the
 * report. */
#ifndef WI_CLI_COMMANDS_DOCTOR_DOCTOR_H
#define WI_CLI_COMMANDS_DOCTOR_DOCTOR_H

#include "base/buffer.h"
#include "browser/gpus.h"
#include "cli/cli.h"
#include "settings/config/config.h"
#include <jansson.h>

struct wi_network;

/* The result of a check: all well, something to know, something that costs speed or safety, or
 * something missing without which there is no answer. */
enum wi_finding { WI_FINDING_OK, WI_FINDING_INFO, WI_FINDING_WARNING, WI_FINDING_MISSING };

/* Appends {"check", "state", "detail"} to `checks`. */
__attribute__((format(printf, 4, 5))) void wi_doctor_add(
    json_t *checks, const char *check, enum wi_finding state, const char *format, ...);
/* Prints the checks as a table on standard output. */
void wi_doctor_print(const json_t *checks);
/* WI_EXIT_FAILED if anything is missing. */
enum wi_exit wi_doctor_verdict(const json_t *checks);

/* Checks limits, sandbox, shared memory, GPU devices and drivers, libraries, page, certificates. */
void wi_doctor_host(json_t *checks, const struct wi_config *config,
    const struct wi_network *network, const struct wi_gpus *gpus);

/* Checks GPUs, their Vulkan drivers, and the rights of this user and of the service's to them. */
void wi_doctor_gpus(json_t *checks, const struct wi_gpus *gpus);
/* Adds which of these GPUs a browser that can be started gets, and why not another one. */
void wi_doctor_browser_gpu(
    json_t *checks, const struct wi_config_browser *browser, const struct wi_gpus *gpus);
/* Completes the text about a browser with a software adapter: what would give it a GPU, or why it
 * has none, as far as that is known. */
void wi_doctor_advise_gpu(
    struct wi_buffer *text, const struct wi_config_browser *browser, const struct wi_gpus *gpus);

/* What would enable a platform in that browser, as far as it is known from its kind; NULL: it is
 * not. Static. */
const char *wi_doctor_hint(const struct wi_config_browser *browser, const char *platform);

/* The network of their own that browsers get where that is possible. Also makes the log quiet. */
struct wi_network *wi_doctor_begin(void);
/* Checks whether browsers have a network of their own, and what follows if they have none. */
void wi_doctor_network(
    json_t *checks, const struct wi_config *config, const struct wi_network *network);

/* Checks where models are looked for: by the daemon that answers, or according to `config` if the
 * command line names a configuration or no daemon answers. */
void wi_doctor_models(struct wi_cli *cli, json_t *checks, const struct wi_config *config);

/* Has the daemon that answers, chosen in the same way, test again what the kind can do. Until then
 * it does not rely on its earlier results. */
void wi_doctor_retest(struct wi_cli *cli, json_t *checks, const struct wi_config_browser *browser);

/* The configuration, found as the daemon finds it; `path` is the file that the command line names,
 * or NULL. NULL with the problems in `checks`. The caller frees it. */
struct wi_config *wi_doctor_config(const char *path, json_t *checks);

/* Starts the browser, lets it load the page, and ends it. Returns a new object: {"kind",
 * "ready_ms", "capabilities": the page's own report}, {"kind", "remote": true} for a service on
 * another machine, which is only asked whether it is ready, or {"kind", "problem"}. With `look` the
 * page then finds out what the browser can do (nodes/bridge/features.h), and the object also has
 * "browser_version", "features" and "reason", where "features" or "reason" is null. `gpu`: with
 * gpu_device = all, the path of its GPU, which the object then contains. Handles the
 * process's signals while it runs. `config` is borrowed, and its [bridge] is changed for a private
 * listener. Without `network` (NULL) the browser has no network of its own. If the browser does not
 * start in a network of its own, it is started without one, as the daemon would do in the end, and
 * `checks` says so. */
json_t *wi_doctor_try(struct wi_config *config, const struct wi_config_browser *browser,
    const struct wi_network *network, const char *gpu, int look, json_t *checks);

#endif
