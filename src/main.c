/*
 * webinferd: the options, the order in which the parts are made, and the order in which they end.
 * Each part does its own work; this file only joins them.
 */
#include "config.h"

#include "api/endpoints/manual.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/openapi.h"
#include "api/http/server.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/json_memory.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/net/http_client.h"
#include "base/net/lws.h"
#include "base/secret.h"
#include "base/streams.h"
#include "base/text.h"
#include "browser/browser_network.h"
#include "browser/children.h"
#include "browser/headroom.h"
#include "browser/instance.h"
#include "browser/program.h"
#include "cluster/cluster.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "nodes/bridge/invitations.h"
#include "owners/check/check.h"
#include "owners/proof/proof.h"
#include "owners/quantizer/quantizer.h"
#include "private.h"
#include "reload.h"
#include "settings/config/config.h"
#include "settings/store/db.h"
#include "work/job/job.h"
#include "work/pool/facts/shared_verdicts.h"
#include "work/pool/pool.h"
#include <assert.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
/* Without libsystemd there is no service manager to notify. */
static int sd_notify(int unset, const char *state)
{
    return 0;
}

static int sd_watchdog_enabled(int unset, uint64_t *usec)
{
    return 0;
}
#endif

/* How long answers may take to be sent once every job has its answer. */
#define FLUSH_MS 1000
#define FLUSH_STEP_MS 10

struct daemon {
    const char *config_path;    /* NULL: defaults only */
    struct wi_strings settings; /* over the file */
    int is_private;             /* it ends with its standard input */
    struct wi_config *config;
    uv_loop_t loop;
    struct wi_budget budget;
    struct wi_change_listener listener; /* to the parts: the server says who it is */
    struct wi_instance *instance;
    struct wi_children *children;
    struct wi_network *network;
    struct wi_http *http;
    struct lws_context *lws, *channels_lws; /* the latter of [channels]; NULL: not wanted */
    char id[WI_ID_SIZE];                    /* of this daemon, as others know it */
    struct wi_models *models;
    struct wi_cluster *cluster; /* NULL: it is in none */
    struct wi_db *db;
    struct wi_jobs *jobs;
    struct wi_checks *checks;
    struct wi_proof *proof;
    struct wi_quantizer *quantizer;
    struct wi_pool *pool;
    struct wi_shared_verdicts *shared_verdicts; /* NULL: it is in no cluster */
    struct wi_bridge *bridge;
    struct wi_server *server;
    uv_signal_t signals[3];
    struct wi_watch *input; /* of a private one */
    struct wi_reload *reload;
    struct wi_timer *watchdog, *awake;
    struct wi_timer *limit; /* of the whole shutdown */
    struct wi_timer *step;  /* the next step of the shutdown, always from the loop itself */
    int signalled;          /* how often we were asked to stop */
    int of_terminal;        /* it was started from one, and ends with it */
    double flush_until;
};

/* ---------------------------------------------------------------- the end, in order */

static void close_signals(struct daemon *d)
{
    for (size_t i = 0; i < sizeof d->signals / sizeof d->signals[0]; i++)
        uv_close((uv_handle_t *)&d->signals[i], NULL);
    wi_reload_free(d->reload);
    d->reload = NULL;
}

static void next_step(struct daemon *d, wi_timer_fn *step, uint64_t delay_ms)
{
    wi_timer_free(d->step);
    d->step = wi_timer_new(&d->loop, step, d);
    wi_timer_start(d->step, delay_ms, 0);
}

/* The last step, after which nothing of ours may keep the loop alive. Also works on a half-made
 * daemon. */
static void close_rest(void *context)
{
    struct daemon *d = context;
    wi_lws_begin_free(d->lws);
    wi_lws_begin_free(d->channels_lws);
    wi_quantizer_free(d->quantizer);
    wi_cluster_close(d->cluster);
    wi_models_close(d->models);
    wi_db_close(d->db);
    wi_http_free(d->http);
    wi_children_free(d->children);
    wi_watch_free(d->input);
    wi_timer_free(d->watchdog);
    wi_timer_free(d->awake);
    wi_timer_free(d->limit);
    wi_timer_free(d->step);
}

/* Pages that joined by themselves get their close frames before the context goes. */
static void close_links(void *context)
{
    struct daemon *d = context;
    wi_bridge_close(d->bridge);
    if ((wi_bridge_links(d->bridge) > 0 && wi_now_ms() < d->flush_until) ||
        wi_quantizer_is_busy(d->quantizer))
        next_step(d, close_links, FLUSH_STEP_MS);
    else
        close_rest(d);
}

static void on_pool_closed(void *context)
{
    struct daemon *d = context;
    d->flush_until = wi_now_ms() + FLUSH_MS;
    close_signals(d);
    next_step(d, close_links, 0);
}

static void close_pool(struct daemon *d)
{
    wi_pool_close(d->pool, d->signalled > 1, on_pool_closed, d);
}

static void flush_answers(void *context)
{
    struct daemon *d = context;
    if (wi_server_busy(d->server) > 0 && wi_now_ms() < d->flush_until && d->signalled < 2) {
        next_step(d, flush_answers, FLUSH_STEP_MS);
        return;
    }
    wi_server_stop(d->server);
    wi_server_free(d->server);
    d->server = NULL;
    close_pool(d);
}

static void finish_server(void *context)
{
    struct daemon *d = context;
    wi_server_finish(d->server);
    d->flush_until = wi_now_ms() + FLUSH_MS;
    flush_answers(d);
}

static void on_jobs_idle(void *context)
{
    next_step(context, finish_server, 0);
}

static void on_limit(void *context)
{
    struct daemon *d = context;
    wi_warn("main", NULL, "the shutdown timeout has passed: ending the work that is still running");
    d->signalled = 2;
    wi_jobs_abort(d->jobs);
    if (d->server == NULL)
        close_pool(d);
}

static void daemon_stop(struct daemon *d)
{
    if (++d->signalled > 2)
        return;
    if (d->signalled == 2) {
        on_limit(d);
        return;
    }
    wi_info("main", NULL, "stopping: finishing the running work; a second signal stops at once");
    sd_notify(0, "STOPPING=1");
    wi_timer_start(d->limit, (uint64_t)d->config->pool.shutdown_timeout, 0);
    wi_server_quiesce(d->server);
    wi_checks_stop(d->checks);
    wi_proof_stop(d->proof);
    wi_quantizer_stop(d->quantizer);
    wi_jobs_drain(d->jobs, on_jobs_idle, d);
}

/* ---------------------------------------------------------------- while it runs */

/* `context`: a buffer for the one who asked. */
static void tell_problem(void *context, const char *line)
{
    wi_error_log("main", NULL, "not reloaded, nothing changes: %s", line);
    wi_buffer_printf(context, "%s\n", line);
}

/* The parts that can refuse settings that the configuration allows. */
static void reload_server(
    struct daemon *d, const struct wi_config *next, struct wi_problems *problems)
{
    struct wi_error error;
    if (wi_bridge_check_reload(next, &error) != WI_OK ||
        wi_server_reload(d->server, next, &error) != WI_OK)
        wi_problems_add_error(problems, &error);
}

/* The memory for requests of clients and answers of nodes: as configured, as far as there is
 * memory. */
static void set_budget(struct daemon *d, const struct wi_config *config)
{
    struct wi_headroom headroom;
    wi_headroom_read("/", &headroom);
    uint64_t wanted = config->pool.memory_budget, most = wi_headroom_budget(&headroom, wanted);
    d->budget.limit = most;
    if (wanted == most)
        return;
    wi_warn("main", NULL,
        "[pool] memory_budget is limited to %llu instead of %llu: this service has %llu bytes of "
        "memory (the machine's, or its control group's limit), and may use at most a quarter of "
        "them%s",
        (unsigned long long)most, (unsigned long long)wanted, (unsigned long long)headroom.limit,
        most < 2 * config->api.max_body
            ? "; this is less than twice [api] max_body, so the largest requests are refused"
            : "");
}

static void take_config(struct daemon *d, struct wi_config *next)
{
    wi_log_configure(next->log.level, next->log.format);
    set_budget(d, next);
    wi_bridge_reload(d->bridge, next);
    wi_pool_reload(d->pool, next);
    wi_jobs_reload(d->jobs, next);
    wi_checks_reload(d->checks, next);
    wi_proof_reload(d->proof, next);
    wi_quantizer_reload(d->quantizer, next);
    wi_models_reload(d->models, next);
    wi_config_unref(d->config);
    d->config = next;
    wi_info("main", NULL, "reloaded %s", d->config_path ? d->config_path : "the defaults");
}

/* All or nothing: every part that can refuse is asked before anything changes. 0, or -1 with the
 * problems in `told`. */
static int daemon_reload(struct daemon *d, struct wi_buffer *told)
{
    struct wi_problems problems = {0};
    struct wi_config *next = wi_config_load_with(d->config_path, &d->settings, &problems);
    if (next != NULL && wi_config_check_reload(d->config, next, &problems) == 0)
        reload_server(d, next, &problems);
    if (problems.count == 0) {
        take_config(d, next);
        return 0;
    }
    wi_problems_say(&problems, tell_problem, told);
    wi_problems_clear(&problems);
    wi_config_unref(next);
    return -1;
}

static int on_reload(void *context, struct wi_buffer *problems)
{
    struct daemon *d = context;
    if (d->signalled > 0) {
        wi_buffer_puts(problems, "the daemon is ending\n");
        return -1;
    }
    sd_notify(0, "RELOADING=1");
    wi_log_reopen();
    int status = daemon_reload(d, problems);
    sd_notify(0, "READY=1");
    return status;
}

static int has_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    wi_close(terminal);
    return terminal >= 0;
}

/* nohup(1) ignores SIGHUP for a program that is to outlive its terminal. */
static int ends_with_terminal(void)
{
    struct sigaction hangup;
    return sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN && has_terminal();
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    if (number != SIGHUP) {
        daemon_stop(d);
    } else if (d->of_terminal && !has_terminal()) {
        wi_info("main", NULL, "the terminal from which the daemon was started has been closed");
        daemon_stop(d);
    } else {
        struct wi_buffer told = {0};
        (void)on_reload(d, &told);
        wi_buffer_clear(&told);
    }
}

static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP};

/* Blocks signals until they are handled: a signal during the start, when the listeners may already
 * exist, would end the process without a message. */
static void hold_signals(int how)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signal_numbers / sizeof signal_numbers[0]; i++)
        sigaddset(&set, signal_numbers[i]);
    pthread_sigmask(how, &set, NULL);
}

static void start_signals(struct daemon *d)
{
    for (size_t i = 0; i < sizeof d->signals / sizeof d->signals[0]; i++) {
        uv_signal_init(&d->loop, &d->signals[i]);
        d->signals[i].data = d;
        uv_signal_start(&d->signals[i], on_signal, signal_numbers[i]);
    }
    hold_signals(SIG_UNBLOCK);
}

/* No client is left to wait for an answer, so running jobs are ended at once. */
static void on_input(void *context, int status, int events)
{
    struct daemon *d = context;
    if (!wi_private_has_ended())
        return;
    wi_watch_set(d->input, 0);
    wi_info("main", NULL, "standard input has ended, so this private daemon stops");
    if (d->signalled == 0)
        daemon_stop(d);
    daemon_stop(d);
}

static void pet_watchdog(void *context)
{
    sd_notify(0, "WATCHDOG=1");
}

static void start_watchdog(struct daemon *d)
{
    uint64_t usec = 0;
    d->watchdog = wi_timer_new(&d->loop, pet_watchdog, d);
    if (sd_watchdog_enabled(0, &usec) > 0)
        wi_timer_start(d->watchdog, 0, usec / 2000);
}

/* ---------------------------------------------------------------- the beginning, in order */

/* An id that does not have the form of wi_id_new counts as missing. */
static void restore_id(void *context, const char *key, const char *value)
{
    struct daemon *d = context;
    char id[WI_ID_SIZE];
    if (strcmp(key, "id") == 0 && sscanf(value, "\"%39[a-z0-9-]\"", id) == 1)
        wi_text_copy(d->id, sizeof d->id, id);
}

/* Made once and kept: other daemons recognise by it who published something. */
static void find_id(struct daemon *d)
{
    char value[WI_ID_SIZE + 2];
    wi_db_each(d->db, WI_DB_SELF, 0, restore_id, d);
    if (d->id[0])
        return;
    wi_id_new(d->id, "webinfer");
    snprintf(value, sizeof value, "\"%s\"", d->id);
    wi_db_put(d->db, WI_DB_SELF, 0, "id", value);
}

static void make_models(struct daemon *d)
{
    const struct wi_models_deps deps = {
        .loop = &d->loop, .http = d->http, .db = d->db, .id = d->id, .listener = &d->listener};
    find_id(d);
    d->models = wi_models_new(&deps, d->config);
}

static enum wi_code make_bridge(struct daemon *d, struct wi_error *error)
{
    d->bridge = wi_bridge_new(d->lws, &d->loop, d->models->repository, d->config, &d->budget,
        wi_pool_bridge_events(d->pool), error);
    if (d->bridge == NULL)
        return error->code;
    wi_bridge_serve_content(d->bridge, d->models->blocks, d->id,
        d->models->shared ? wi_shared_content_key(d->models->shared) : NULL);
    wi_bridge_share_invitations(d->bridge, wi_cluster_rows(d->cluster));
    wi_bridge_remember(d->bridge, d->db);
    wi_versions_work_add_user(d->models->versions, wi_api_list_loaded, d->bridge);
    return WI_OK;
}

/* Makes the parts, from the bottom up. After a failure, close_rest and free_parts end the parts
 * that were made, as they do at the normal end. */
static enum wi_code make_parts(struct daemon *d, struct wi_error *error)
{
    char lifeline[WI_HELPER_PATH_SIZE];
    wi_lifeline_find(lifeline);
    set_budget(d, d->config);
    if ((d->db = wi_db_open(&d->loop, d->config->store.path, error)) == NULL)
        return error->code;
    if ((d->lws = wi_lws_new(&d->loop, error)) == NULL)
        return error->code;
    if (d->config->channels.listen && (d->channels_lws = wi_lws_new(&d->loop, error)) == NULL)
        return error->code;
    if (d->instance == NULL && (d->instance = wi_instance_new(error)) == NULL)
        return error->code;
    if (d->is_private && (d->input = wi_private_watch(&d->loop, on_input, d, error)) == NULL)
        return error->code;
    d->network = wi_network_new(lifeline);
    d->children = wi_children_new(&d->loop, lifeline);
    d->http = wi_http_new(&d->loop);
    make_models(d);
    d->jobs = wi_jobs_new(&d->loop, d->config, &d->budget);
    wi_jobs_tell(d->jobs, &d->listener);
    struct wi_pool_deps pool_deps = {.loop = &d->loop,
        .http = d->http,
        .lws = d->lws,
        .instance = d->instance,
        .children = d->children,
        .network = d->network,
        .db = d->db,
        .listener = &d->listener};
    d->pool = wi_pool_new(&pool_deps, d->config, wi_jobs_pool_events(d->jobs));
    wi_jobs_start(d->jobs, d->pool);
    const struct wi_run_deps runs = {.loop = &d->loop,
        .config = d->config,
        .jobs = d->jobs,
        .pool = d->pool,
        .repository = d->models->repository};
    d->checks = wi_checks_new(&runs, d->pool);
    d->proof = wi_proof_new(&runs, d->pool);
    *error = (struct wi_error){0};
    d->cluster = wi_cluster_new(&d->loop, d->config, PACKAGE_VERSION, error);
    if (error->code != WI_OK)
        return error->code;
    d->shared_verdicts =
        wi_shared_verdicts_new(wi_pool_verdicts(d->pool), wi_cluster_rows(d->cluster));
    wi_models_join(d->models, wi_cluster_rows(d->cluster), wi_cluster_find, d->cluster);
    if (make_bridge(d, error) != WI_OK)
        return error->code;
    wi_models_share(d->models, wi_bridge_take_copies, d->bridge);
    const struct wi_quantizer_deps quantizer_deps = {.runs = runs,
        .children = d->children,
        .versions = d->models->versions,
        .bridge = d->bridge,
        .listener = &d->listener};
    d->quantizer = wi_quantizer_new(&quantizer_deps);
    struct wi_server_deps server_deps = {.loop = &d->loop,
        .config = d->config,
        .jobs = d->jobs,
        .checks = d->checks,
        .proof = d->proof,
        .pool = d->pool,
        .bridge = d->bridge,
        .repository = d->models->repository,
        .versions = d->models->versions,
        .uploads = d->models->uploads,
        .pulls = d->models->pulls,
        .quantizer = d->quantizer,
        .blocks = d->models->blocks,
        .sources = d->models->sources,
        .neighbours = d->models->neighbours,
        .cluster = d->cluster,
        .lws = d->channels_lws,
        .db = d->db,
        .budget = &d->budget,
        .children = d->children,
        .version = PACKAGE_VERSION,
        .listener = &d->listener};
    if ((d->server = wi_server_new(&server_deps, error)) == NULL)
        return error->code;
    return WI_OK;
}

static void free_parts(struct daemon *d)
{
    wi_lws_end_free(d->channels_lws);
    wi_lws_end_free(d->lws);
    wi_bridge_free(d->bridge);
    wi_proof_free(d->proof);
    wi_shared_verdicts_free(d->shared_verdicts);
    wi_pool_free(d->pool);
    wi_jobs_free(d->jobs);
    wi_checks_free(d->checks);
    wi_network_free(d->network);
    uv_run(&d->loop, UV_RUN_DEFAULT); /* the last handles close */
    wi_cluster_free(d->cluster);
    wi_models_free(d->models);
    wi_db_free(d->db);
    wi_instance_free(d->instance); /* where the database of a private one was */
    d->instance = NULL;
    int left = uv_loop_close(&d->loop);
    if (left != 0)
        wi_error_log("main", NULL, "the loop did not end empty: %s", uv_strerror(left));
    if (d->budget.used != 0)
        wi_error_log("main", NULL, "%llu bytes of requests were never freed",
            (unsigned long long)d->budget.used);
    assert(left == 0 && d->budget.used == 0);
}

/* Every part is there. */
static void daemon_begin(struct daemon *d)
{
    d->limit = wi_timer_new(&d->loop, on_limit, d);
    d->of_terminal = ends_with_terminal();
    start_signals(d);
    d->reload = wi_reload_new(&d->loop, wi_db_path(d->db), on_reload, d);
    start_watchdog(d);
    wi_pool_start(d->pool, d->bridge);
    wi_models_resume(d->models);
    wi_info("main", NULL, "webinferd %s is running", PACKAGE_VERSION);
    if (d->is_private)
        wi_private_say(wi_server_url(d->server), wi_bridge_url(d->bridge));
    sd_notify(0, "READY=1");
}

static int daemon_serve(struct daemon *d)
{
    struct wi_error error;
    wi_log_configure(d->config->log.level, d->config->log.format);
    hold_signals(SIG_BLOCK);
    wi_descriptors_raise();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is then an error like a full disk */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    wi_json_memory_begin();
    uv_loop_init(&d->loop);
    d->awake = wi_loop_keep_awake(&d->loop);
    int status = EXIT_SUCCESS;
    if (make_parts(d, &error) == WI_OK) {
        daemon_begin(d);
    } else {
        /* A problem that a person has to fix, or one that may be gone at the next start. */
        status = error.code == WI_INVALID_FIELD ? EX_CONFIG : EXIT_FAILURE;
        wi_error_log("main", NULL, "%s", error.detail);
        if (d->bridge)
            wi_bridge_close(d->bridge);
        wi_proof_stop(d->proof);
        close_rest(d);
    }
    uv_run(&d->loop, UV_RUN_DEFAULT);
    free_parts(d);
    wi_json_memory_end();
    curl_global_cleanup();
    if (status == EXIT_SUCCESS)
        wi_info("main", NULL, "stopped");
    return status;
}

/* ---------------------------------------------------------------- options */

enum action { SERVE, SERVE_PRIVATE, RELOAD, CHECK_CONFIG, PRINT_CONFIG, PRINT };

static void print_openapi(FILE *out)
{
    json_t *description = wi_openapi(wi_routes, PACKAGE_VERSION);
    json_dumpf(description, out, JSON_INDENT(2));
    fputs("\n", out);
    json_decref(description);
}

static void print_api_manual(FILE *out)
{
    for (size_t i = 0; wi_api_manual_print(i, out); i++)
        ;
}

static void print_version(FILE *out)
{
    fputs("webinferd " PACKAGE_VERSION "\n", out);
}

static void print_help(FILE *out);

static const struct {
    struct option option;
    const char *argument, *help;
    void (*print)(FILE *out); /* of PRINT, which needs no configuration */
} options[] = {
    {{"config", required_argument, NULL, 'c'}, "FILE",
        "read the configuration from FILE (default: " WI_SYSCONFDIR
        "/webinfer/webinferd.conf if it exists)",
        NULL},
    {{"set", required_argument, NULL, 's'}, "SETTING",
        "SECTION.KEY=VALUE, which overrides the value in the file; may be repeated", NULL},
    {{"private", no_argument, NULL, SERVE_PRIVATE}, NULL,
        "serve on free ports, print the ports, and exit when standard input ends", NULL},
    {{"reload", no_argument, NULL, RELOAD}, NULL,
        "have the daemon with this configuration read it again, and print the result", NULL},
    {{"check-config", no_argument, NULL, CHECK_CONFIG}, NULL, "check the configuration and exit",
        NULL},
    {{"print-config", no_argument, NULL, PRINT_CONFIG}, NULL,
        "print every effective value and its origin", NULL},
    {{"print-sample", no_argument, NULL, PRINT}, NULL, "print a commented sample file",
        wi_config_print_sample},
    {{"print-mdoc", no_argument, NULL, PRINT}, NULL, "print the option list of webinferd.conf(5)",
        wi_config_print_mdoc},
    {{"print-openapi", no_argument, NULL, PRINT}, NULL,
        "print the OpenAPI 3.1 description of the API", print_openapi},
    {{"print-api-mdoc", no_argument, NULL, PRINT}, NULL,
        "print the tables of webinfer-api(7) and other manuals", print_api_manual},
    {{"version", no_argument, NULL, PRINT}, NULL, "print the version", print_version},
    {{"help", no_argument, NULL, PRINT}, NULL, "print this help", print_help},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

static void print_help(FILE *out)
{
    fputs("usage: webinferd [--config FILE] [OPTION]\n\n"
          "Serves machine-learning models through pooled headless browsers.\n\n",
        out);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[32];
        snprintf(left, sizeof left, "--%s%s%s", options[i].option.name,
            options[i].argument ? " " : "", options[i].argument ? options[i].argument : "");
        fprintf(out, "  %-16s %s\n", left, options[i].help);
    }
    fputs("\nSIGHUP reloads the configuration and reopens the log file; SIGTERM shuts "
          "the daemon down gracefully.\nSee webinferd(8), webinferd.conf(5) and "
          "webinfer(1).\n",
        out);
}

/* Returns the requested action, and for PRINT the function that prints. A usage error ends the
 * program with status 2. */
static enum action parse_options(int argc, char **argv, struct daemon *d, void (**print)(FILE *out))
{
    struct option table[OPTION_COUNT + 1] = {0};
    enum action action = SERVE;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        table[i] = options[i].option;
    int got, index = 0;
    while ((got = getopt_long(argc, argv, "c:", table, &index)) != -1) {
        if (got == 'c') {
            d->config_path = optarg;
        } else if (got == 's') {
            wi_strings_add(&d->settings, optarg);
        } else if (got == '?') {
            fputs("webinferd: see webinferd --help\n", stderr);
            exit(2);
        } else {
            action = (enum action)got;
            *print = options[index].print;
        }
    }
    if (optind < argc) {
        fprintf(
            stderr, "webinferd: unexpected argument '%s'; see webinferd --help\n", argv[optind]);
        exit(2);
    }
    return action;
}

/* The exit status tells a caller that redirects the output to a file that the disk was full. */
static int end_printing(void)
{
    return wi_streams_end("webinferd") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_problem(void *context, const char *line)
{
    fprintf(stderr, "webinferd: %s\n", line);
}

/* Reads the configuration, or prints what is wrong; returns the exit status. */
static int daemon_configure(struct daemon *d)
{
    static const char default_path[] = WI_SYSCONFDIR "/webinfer/webinferd.conf";
    struct wi_problems problems = {0};
    struct wi_error error;
    if (d->config_path == NULL && access(default_path, F_OK) == 0)
        d->config_path = default_path;
    if (d->is_private && ((d->instance = wi_instance_new(&error)) == NULL ||
                             wi_private_settle(d->instance, &d->settings, &error) != WI_OK)) {
        print_problem(NULL, error.detail);
        return EXIT_FAILURE;
    }
    d->config = wi_config_load_with(d->config_path, &d->settings, &problems);
    if (d->config != NULL)
        return EXIT_SUCCESS;
    wi_problems_say(&problems, print_problem, NULL);
    wi_problems_clear(&problems);
    return EX_CONFIG;
}

static int ask_reload(const struct daemon *d)
{
    char *usual = wi_db_default_folder();
    int status = wi_reload_ask(d->config->store.path ? d->config->store.path : usual);
    free(usual);
    return status;
}

static void free_configuration(struct daemon *d)
{
    wi_config_unref(d->config);
    wi_strings_clear(&d->settings);
    wi_instance_free(d->instance);
}

static void print_note(void *context, const char *line)
{
    fprintf(stderr, "webinferd: warning: %s\n", line);
}

/* Looks at the files that the configuration names, as a start does; returns the exit status. */
static int check_files(const struct daemon *d)
{
    struct wi_problems problems = {0}, notes = {0};
    wi_server_check(d->config, &problems);
    wi_bridge_check(d->config, &problems);
    wi_models_check(d->config, &notes);
    wi_log_flush();
    wi_problems_say(&problems, print_problem, NULL);
    wi_problems_say(&notes, print_note, NULL);
    int status = problems.count > 0 ? EX_CONFIG : EXIT_SUCCESS;
    wi_problems_clear(&problems);
    wi_problems_clear(&notes);
    return status;
}

static int carry_out(enum action action, struct daemon *d)
{
    if (action == SERVE || action == SERVE_PRIVATE)
        return daemon_serve(d);
    if (action == RELOAD)
        return ask_reload(d);
    int status = action == CHECK_CONFIG ? check_files(d) : EXIT_SUCCESS;
    if (status != EXIT_SUCCESS)
        return status;
    if (action == PRINT_CONFIG)
        wi_config_print(d->config, stdout);
    else
        printf("webinferd: %s is valid\n",
            d->config_path ? d->config_path : "the default configuration");
    return end_printing();
}

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    void (*print)(FILE * out) = NULL;
    wi_streams_keep();
    enum action action = parse_options(argc, argv, &daemon, &print);
    if (print) {
        print(stdout);
        free_configuration(&daemon);
        return end_printing();
    }
    daemon.is_private = action == SERVE_PRIVATE;
    int status = daemon_configure(&daemon);
    if (status == EXIT_SUCCESS)
        status = carry_out(action, &daemon);
    free_configuration(&daemon);
    return status;
}
