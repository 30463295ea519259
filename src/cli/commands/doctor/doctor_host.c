/* Checks what browsers need from this machine, by trying it if that is harmless. */
#include "cli/commands/doctor/doctor.h"
#include "cli/text_table.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/net/certificate.h"
#include "base/net/lws.h"
#include "browser/browser_network.h"
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Docker gives 64 MiB, with which tabs crash (https://github.com/puppeteer/puppeteer/issues/1834);
 * a page with a model of some size in flight wants several times that. */
#define SHM_WANTED (256u << 20)
/* A browser has some 500 descriptors open, our listeners one for each connection. */
#define FILES_WANTED 4096
/* How long the answer of a daemon is awaited. */
#define RETEST_MS 5000

static void check_shared_memory(json_t *checks)
{
    struct statvfs info;
    char size[32];

    if (statvfs("/dev/shm", &info) != 0) {
        wi_doctor_add(checks, "/dev/shm", WI_FINDING_MISSING,
            "cannot be read (%s): mount a tmpfs there", strerror(errno));
        return;
    }
    uint64_t bytes = (uint64_t)info.f_blocks * info.f_frsize;
    wi_format_size(bytes >> 20 << 20, size, sizeof size);
    if (bytes < SHM_WANTED)
        wi_doctor_add(checks, "/dev/shm", WI_FINDING_WARNING,
            "%s: tabs may crash; make it larger (containers: --shm-size=1g)", size);
    else
        wi_doctor_add(checks, "/dev/shm", WI_FINDING_OK, "%s", size);
}

static void check_files(json_t *checks)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < FILES_WANTED)
        wi_doctor_add(checks, "open files", WI_FINDING_WARNING,
            "at most %llu: raise the hard limit (ulimit -Hn, LimitNOFILE=) to %d or more",
            (unsigned long long)limit.rlim_max, FILES_WANTED);
    else
        wi_doctor_add(checks, "open files", WI_FINDING_OK, "%llu, at most %llu",
            (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
}

static void check_sandbox(json_t *checks, const struct wi_network *network)
{
    if (geteuid() == 0)
        wi_doctor_add(checks, "sandbox", WI_FINDING_WARNING,
            "this is root, for which Chromium and WebKitGTK run without their sandbox; use another "
            "user");
    else if (wi_network_confined(network))
        wi_doctor_add(checks, "sandbox", WI_FINDING_WARNING,
            "user namespaces are not allowed here, so Chromium and WebKitGTK run without their "
            "sandbox: allow them (sysctl kernel.unprivileged_userns_clone and "
            "user.max_user_namespaces; in a container, its seccomp profile), or install Chromium's "
            "setuid helper (Debian: chromium-sandbox)");
    else
        wi_doctor_add(checks, "sandbox", WI_FINDING_OK, "browsers start with their own");
}

/* libwebsockets opens its libuv plugin at run time, so only trying tells. */
static void check_libwebsockets(json_t *checks)
{
    struct wi_error error;
    uv_loop_t loop;

    uv_loop_init(&loop);
    struct lws_context *context = wi_lws_new(&loop, &error);
    if (context) {
        wi_lws_begin_free(context);
        uv_run(&loop, UV_RUN_DEFAULT);
        wi_lws_end_free(context);
        /* Debian's is "4.1.6-", with nothing behind the dash. */
        wi_doctor_add(checks, "libwebsockets", WI_FINDING_OK, "%.*s, on libuv",
            (int)strcspn(lws_get_library_version(), "-"), lws_get_library_version());
    } else {
        wi_doctor_add(checks, "libwebsockets", WI_FINDING_MISSING, "%s", error.detail);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

static void check_page(json_t *checks, const struct wi_config *config)
{
    char *index = wi_sprintf("%s/index.html", config->bridge.page);

    if (access(index, R_OK) == 0)
        wi_doctor_add(checks, "page", WI_FINDING_OK, "%s", config->bridge.page);
    else
        wi_doctor_add(checks, "page", WI_FINDING_MISSING,
            "%s cannot be read: build it, or set [bridge] page", index);
    free(index);
}

static void report_certificate(json_t *checks, const char *check,
    const struct wi_certificate *certificate, const char *otherwise)
{
    if (certificate->expired)
        wi_doctor_add(checks, check, WI_FINDING_WARNING, "%s (%s) expired on %s", certificate->path,
            certificate->subject, certificate->until);
    else if (certificate->trusted)
        wi_doctor_add(checks, check, WI_FINDING_OK, "%s, valid until %s", certificate->path,
            certificate->until);
    else
        wi_doctor_add(checks, check, WI_FINDING_INFO,
            "%s, valid until %s, is not accepted for its address by the authorities that this "
            "system trusts: %s",
            certificate->path, certificate->until, otherwise);
}

static void check_certificate(
    json_t *checks, const char *check, const char *path, const char *address, const char *otherwise)
{
    struct wi_error error;

    if (!path)
        return;
    struct wi_certificate *certificate = wi_certificate_read(path, address, &error);
    if (certificate)
        report_certificate(checks, check, certificate, otherwise);
    else /* perhaps only the daemon may read it */
        wi_doctor_add(checks, check, WI_FINDING_WARNING, "%s", error.detail);
    wi_certificate_free(certificate);
}

static void check_certificates(json_t *checks, const struct wi_config *config)
{
    const struct wi_config_bridge *bridge = &config->bridge;

    check_certificate(checks, "API certificate", config->api.tls_certificate, config->api.listen,
        "clients must be told to trust it (webinfer --authority)");
    check_certificate(checks, "bridge certificate", bridge->tls_certificate,
        bridge->public_url ? bridge->public_url : bridge->listen,
        "browsers started here accept it anyway; nodes that join with a link must be set up to "
        "trust it");
    if (config->channels.listen)
        check_certificate(checks, "channels certificate", config->channels.tls_certificate,
            config->channels.listen, "subscribers must be told to trust it");
}

void wi_doctor_network(
    json_t *checks, const struct wi_config *config, const struct wi_network *network)
{
    enum wi_network_mode mode = config->pool.network;
    const char *problem = wi_network_problem(network, NULL);

    if (mode == WI_NETWORK_HOST)
        wi_doctor_add(checks, "network", WI_FINDING_WARNING,
            "by configuration ([pool] network), browsers have no network of their "
            "own: " WI_NETWORK_RISK);
    else if (!problem)
        wi_doctor_add(checks, "network", WI_FINDING_OK, "each browser has a network of its own");
    else if (mode == WI_NETWORK_ISOLATED)
        wi_doctor_add(checks, "network", WI_FINDING_MISSING,
            "browsers cannot have networks of their own, which [pool] network asks for: %s",
            problem);
    else
        wi_doctor_add(checks, "network", WI_FINDING_WARNING,
            "browsers cannot have networks of their own: %s: " WI_NETWORK_RISK, problem);
}

void wi_doctor_models(struct wi_cli *cli, json_t *checks, const struct wi_config *config)
{
    json_t *status =
        wi_argument_given(&cli->arguments, "config") ? NULL : wi_cli_get(cli, "/v1/status", NULL);
    const char *served = wi_json_text(status, "models_directory");
    const char *directory = config->models.directory;

    if (served)
        wi_doctor_add(checks, "models", WI_FINDING_OK, "%s, from which webinferd at %s serves %zu",
            served, cli->rest.url, json_array_size(json_object_get(status, "models")));
    else if (access(directory, R_OK | X_OK) == 0)
        wi_doctor_add(checks, "models", WI_FINDING_OK, "%s, by the configuration", directory);
    else
        wi_doctor_add(checks, "models", WI_FINDING_WARNING,
            "%s, from the configuration, cannot be read (%s), so only the built-in models are "
            "available; set [models] directory",
            directory, strerror(errno));
    json_decref(status);
}

void wi_doctor_retest(struct wi_cli *cli, json_t *checks, const struct wi_config_browser *browser)
{
    if (wi_argument_given(&cli->arguments, "config"))
        return;
    const struct wi_rest_request request = {.path = "/v1/kinds/*/retest",
        .name = browser->kind,
        .method = "POST",
        .timeout_ms = RETEST_MS};
    if (wi_cli_tell(cli, &request) == 202)
        wi_doctor_add(checks, browser->kind, WI_FINDING_OK,
            "webinferd at %s tests its features again", cli->rest.url);
}

void wi_doctor_host(json_t *checks, const struct wi_config *config,
    const struct wi_network *network, const struct wi_gpus *gpus)
{
    check_shared_memory(checks);
    check_files(checks);
    check_sandbox(checks, network);
    wi_doctor_gpus(checks, gpus);
    check_libwebsockets(checks);
    check_page(checks, config);
    check_certificates(checks, config);
}
