/*
 * libmicrohttpd on the loop: its epoll descriptor on a watch, its timeout on a timer, connections
 * handed to it by our own listener. MHD_run is never called from inside one of its callbacks: what
 * happens there asks for a run in the next turn. Deadlines are ours (its own is inactivity only):
 * every connection carries one, and a sweep cuts what is over it.
 */
#include "api/http/server.h"

#include "api/http/endpoints.h"
#include "api/http/head.h"
#include "api/http/request.h"
#include "api/http/second_look.h"
#include "api/http/waiting.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/net/certificate.h"
#include "base/net/listener.h"
#include "nodes/bridge/invitations.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Headers of one request and one read of a body live in it. libmicrohttpd clears all of it for
 * every request, so much more is not faster. */
#define CONNECTION_MEMORY ((size_t)64 * 1024)
#define RUNS_PER_TURN 3
/* Runs in a row without a call of our functions although there was more to do. Each resumed
 * connection causes one. */
#define IDLE_RUNS_MAX 4
/* How long libmicrohttpd rests behind more of them, in turns that it took. */
#define IDLE_PAUSE_FACTOR 10
#define SWEEP_MS 250.0
/* CPU time that clients have before the loop turns to the nodes, which may be delayed by it. */
#define TURN_MS 20.0
/* Of the pool's four threads, those that may read and print big JSON: with one more that hashes a
 * model, one is left for the files of pages. */
#define HEAVY_MOST 2
#define PEM_MAX (1 << 20)
/* The server does not start if, after the reserve for the rest, there is room for fewer clients. */
#define CLIENTS_LEAST 32

/* Both texts in PEM; NULL without TLS. */
struct tls {
    char *certificate, *key;
};

struct wi_server {
    struct wi_api api;
    struct MHD_Daemon *daemon;
    struct wi_listener *listener;
    union wi_address address; /* where it listens, with the real port */
    struct wi_watch *epoll;
    struct wi_timer *timer; /* libmicrohttpd's timeout */
    struct wi_timer *sweep; /* runs while there are connections */
    double sweep_ms;
    int spare; /* the connection that is being added has a spare place */
    int running;
    int idle_runs;
    struct tls tls;
    char complaint[256]; /* the last line of libmicrohttpd's own log */
};

/* --- running libmicrohttpd -------------------------------------------------------------------- */

/* The head of a chunk can fill all the memory of its connection. libmicrohttpd then reports forever
 * that it has more to do, but does nothing, until that connection is cut. */
static int hurry_clogging(struct wi_server *server)
{
    int count = 0;
    for (struct wi_request *request = server->api.requests; request; request = request->next) {
        if (!wi_request_may_clog(request))
            continue;
        wi_request_shorten_deadline(request);
        count++;
    }
    return count;
}

static void run_again(struct wi_server *server, double began)
{
    if (server->idle_runs > IDLE_RUNS_MAX && hurry_clogging(server))
        wi_timer_start(server->timer, 1 + (uint64_t)((wi_now_ms() - began) * IDLE_PAUSE_FACTOR), 0);
    else
        wi_turn_schedule(server->api.turn);
}

/* libmicrohttpd has called one of our functions: this run was not idle. */
static void note_call(struct wi_server *server)
{
    server->idle_runs = 0;
}

static void server_pump(struct wi_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    enum MHD_Result limited = MHD_YES;
    /* Needed only where this turn may bring one idle run too many. */
    double began = server->idle_runs + RUNS_PER_TURN > IDLE_RUNS_MAX ? wi_now_ms() : 0;
    assert(!server->running);
    server->running = 1;
    wi_spending_next_turn(&server->api);
    /* A timeout of 0 is its way to say that there is more to do: taking a connection up again, say,
     * and answering on it are two runs. */
    for (int i = 0; i < RUNS_PER_TURN && limited == MHD_YES && timeout == 0; i++) {
        server->idle_runs++;
        MHD_run(server->daemon);
        limited = MHD_get_timeout(server->daemon, &timeout);
    }
    server->running = 0;
    wi_spending_settle(&server->api.spending);
    if (wi_turns_wait(&server->api.spending.turns))
        wi_turn_schedule(server->api.turn);
    if (limited == MHD_YES && timeout == 0) {
        run_again(server, began);
        return;
    }
    server->idle_runs = 0;
    if (limited != MHD_YES)
        wi_timer_stop(server->timer);
    else
        wi_timer_start(server->timer, timeout, 0);
}

static void on_timer(void *context)
{
    server_pump(context);
}

static void on_epoll(void *context, int status, int events)
{
    server_pump(context);
}

static void on_turn(void *context)
{
    server_pump(context);
}

static void on_flush(void *context)
{
    wi_log_flush();
}

/* --- connections ------------------------------------------------------------------------------ */

static void on_sweep(void *context)
{
    struct wi_server *server = context;
    double now = wi_awake_ms();
    if (wi_second_look(&server->api.connections) > 0)
        wi_turn_schedule(server->api.turn);
    for (struct wi_connection *c = server->api.connections.all; c; c = c->next) {
        if (c->deadline == 0 || now < c->deadline)
            continue;
        c->deadline = 0;
        if (c->request)
            wi_request_expired(c->request);
        else
            shutdown(c->fd, SHUT_RDWR);
    }
}

static void connection_started(struct wi_server *server, struct MHD_Connection *mhd, void **slot)
{
    struct wi_connection *connection = wi_alloc(sizeof *connection);
    struct wi_connections *connections = &server->api.connections;
    connection->api = &server->api;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    wi_address_host((const union wi_address *)(const void *)peer->client_addr, connection->peer,
        sizeof connection->peer);
    connection->admitted = wi_peer_of(peer->client_addr);
    wi_admission_enter(server->api.admission, &connection->admitted);
    connection->deadline = wi_awake_ms() + server->api.deps.times.headers;
    connection->is_spare = server->spare;
    wi_turns_join(&server->api.spending.turns, &connection->place, connection->peer);
    *slot = connection;
    if (!connections->all && server->sweep)
        wi_timer_start(server->sweep, (uint64_t)server->sweep_ms, (uint64_t)server->sweep_ms);
    wi_connections_add(connections, connection, wi_awake_ms());
}

static void request_over(struct wi_request *request, enum MHD_RequestTerminationCode why)
{
    struct wi_connection *connection = request->connection;
    struct wi_spending *spending = &connection->api->spending;
    wi_spending_begin(spending, connection);
    wi_spending_settle(spending); /* what it took in all is counted there */
    wi_request_completed(request, why);
    wi_spending_end(spending);
}

/* libmicrohttpd 1.0 does not report the end of a request in which it meets two errors. */
static void connection_closed(struct wi_server *server, struct wi_connection *connection)
{
    if (connection->request)
        request_over(connection->request, MHD_REQUEST_TERMINATED_WITH_ERROR);
    wi_connections_remove(&server->api.connections, connection);
    if (!connection->is_leaving) /* it was counted out with that */
        wi_admission_leave(server->api.admission, &connection->admitted);
    wi_spending_settle(&server->api.spending);
    wi_turns_leave(&server->api.spending.turns, &connection->place);
    free(connection);
    if (!server->api.connections.all && server->sweep)
        wi_timer_stop(server->sweep);
}

static void on_connection_notice(void *context, struct MHD_Connection *mhd, void **slot,
    enum MHD_ConnectionNotificationCode what)
{
    struct wi_server *server = context;
    note_call(server);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        connection_started(server, mhd, slot);
    else if (*slot)
        connection_closed(server, *slot);
}

static struct wi_connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_accept(void *context, int fd, const struct sockaddr *peer, socklen_t peer_length)
{
    struct wi_server *server = context;
    struct wi_api *api = &server->api;
    struct wi_peer from = wi_peer_of(peer);
    enum wi_admitted admitted =
        wi_admission_ask(api->admission, &api->deps.config->api, &api->connections, fd, &from);
    if (admitted == WI_ADMITTED_NOT)
        return;
    server->spare = admitted == WI_ADMITTED_SPARE;
    /* On failure libmicrohttpd has closed the descriptor. */
    if (MHD_add_connection(server->daemon, fd, peer, peer_length) != MHD_YES)
        wi_warn("api", NULL, "a connection could not be taken over");
    wi_turn_schedule(api->turn);
}

/* --- libmicrohttpd's callbacks ---------------------------------------------------------------- */

/* How many there are. Those beyond what is taken become one, since libmicrohttpd closes connections
 * without an answer where it finds no memory for them; the request is refused later. */
static size_t join_parameters(char *query)
{
    size_t count = 1;
    for (char *at = query; (at = strchr(at, '&')); at++)
        if (++count > WI_REQUEST_PARAMETERS_MAX)
            *at = ';';
    return count;
}

/* The request line is there: from now on the headers have little time. */
static void *on_request_line(void *context, const char *uri, struct MHD_Connection *mhd)
{
    struct wi_connection *connection = connection_of(mhd);
    double limit = wi_awake_ms() + connection->api->deps.times.headers;
    if (connection->deadline == 0 || connection->deadline > limit)
        connection->deadline = limit;
    const char *nul = strstr(uri, "%00");
    char *query = strchr((char *)uri, '?'); /* in libmicrohttpd's own buffer, which it writes to */
    connection->target_length = strlen(uri);
    connection->nul_in_path = nul && (!query || nul < query);
    connection->parameters = query ? join_parameters(query) : 0;
    return NULL;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, const char *upload, size_t *upload_size,
    void **request)
{
    struct wi_connection *connection = connection_of(mhd);
    struct wi_spending *spending = &connection->api->spending;
    enum MHD_Result result = MHD_YES;
    note_call(context);
    wi_spending_begin(spending, connection);
    if (wi_connection_may_go_on(connection))
        result =
            wi_request_access(connection, mhd, path, method, version, upload, upload_size, request);
    wi_spending_pause(spending);
    return result;
}

static void on_completed(
    void *context, struct MHD_Connection *mhd, void **request, enum MHD_RequestTerminationCode why)
{
    note_call(context);
    if (!*request)
        return;
    request_over(*request, why);
    *request = NULL;
}

static void on_log(void *context, const char *format, va_list arguments)
{
    struct wi_server *server = context;
    vsnprintf(server->complaint, sizeof server->complaint, format, arguments);
    server->complaint[strcspn(server->complaint, "\n")] = '\0';
    wi_debug("api", NULL, "libmicrohttpd: %s", server->complaint);
}

/* --- starting --------------------------------------------------------------------------------- */

static char *read_pem(const char *path, const char *key, struct wi_error *error)
{
    struct stat info;
    char *text = NULL;
    size_t size = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > PEM_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, key, "cannot read %s: %s", path,
            fd < 0 ? strerror(errno) : "not a regular file of at most 1 MiB");
        wi_error_expect(error, "a PEM file");
        goto out;
    }
    text = wi_alloc((size_t)info.st_size + 1);
    while (size < (size_t)info.st_size &&
           (got = read(fd, text + size, (size_t)info.st_size - size)) > 0)
        size += (size_t)got;
out:
    wi_close(fd);
    return text;
}

/* The caller clears it, also after an error. */
static enum wi_code read_tls(
    const struct wi_config_api *config, struct tls *tls, struct wi_error *error)
{
    int certificate = config->tls_certificate && *config->tls_certificate;
    int key = config->tls_key && *config->tls_key;
    *tls = (struct tls){0};
    if (certificate != key)
        return wi_error_set(error, WI_INVALID_FIELD,
            certificate ? "api.tls_key" : "api.tls_certificate",
            "TLS needs both a certificate and its key; set [api] tls_certificate and tls_key");
    if (!certificate)
        return WI_OK;
    tls->certificate = read_pem(config->tls_certificate, "api.tls_certificate", error);
    if (tls->certificate)
        tls->key = read_pem(config->tls_key, "api.tls_key", error);
    return tls->key ? WI_OK : error->code;
}

static void clear_tls(struct tls *tls)
{
    if (tls->key)
        OPENSSL_cleanse(tls->key, strlen(tls->key));
    free(tls->certificate);
    free(tls->key);
    *tls = (struct tls){0};
}

static enum wi_code check_tls(const struct wi_config_api *config, struct wi_error *error)
{
    struct tls tls;
    enum wi_code code = read_tls(config, &tls, error);
    if (code == WI_OK && tls.key)
        code = wi_certificate_check_files("api", config->tls_certificate, config->tls_key, error);
    clear_tls(&tls);
    return code;
}

void wi_server_check(const struct wi_config *config, struct wi_problems *problems)
{
    union wi_address address;
    struct wi_error error;
    int good = wi_address_parse(config->api.listen, &address) == 0;
    assert(good); /* the option table has checked it */
    (void)good;
    struct wi_access_rules *rules = wi_access_new(&config->api, &address, &error);
    if (!rules)
        wi_problems_add_error(problems, &error);
    wi_access_free(rules);
    if (check_tls(&config->api, &error) != WI_OK)
        wi_problems_add_error(problems, &error);
    wi_endpoints_check(config, problems);
}

/* Unless libmicrohttpd 1.0 is told that there is one thread, it reports a new connection only when
 * it runs next: others would be admitted meanwhile as if it were not there. */
#if MHD_VERSION >= 0x00097707
#define ONE_THREAD MHD_USE_NO_THREAD_SAFETY
#else
#define ONE_THREAD 0
#endif

static struct MHD_Daemon *start_daemon(struct wi_server *server)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
                     MHD_USE_ERROR_LOG | ONE_THREAD | (server->api.tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls.certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls.key},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection_notice, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_LIMIT, 1u << 20, MHD_OPTION_ARRAY, server->api.tls ? tls : &tls[2],
        MHD_OPTION_END);
}

static void set_times(struct wi_server *server)
{
    struct wi_server_times *times = &server->api.deps.times;
    const struct {
        double *value, standard;
    } rows[] = {{&times->headers, 10e3}, {&times->stall, 30e3}, {&times->grace, 60e3},
        {&times->linger, 2e3}, {&times->beat, 10e3}};
    server->sweep_ms = SWEEP_MS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*rows[i].value == 0)
            *rows[i].value = rows[i].standard;
        if (*rows[i].value / 4 < server->sweep_ms)
            server->sweep_ms = *rows[i].value / 4 < 5 ? 5 : *rows[i].value / 4;
    }
    server->api.spending.turns.whole = (uint64_t)((times->turn > 0 ? times->turn : TURN_MS) * 1e6);
}

/* The build puts the console and the documentation next to the page. NULL: it was not built. */
static struct wi_site *open_site(const struct wi_config *config, const char *name)
{
    const char *page = config->bridge.page ? config->bridge.page : "";
    const char *last = strrchr(page, '/');
    struct wi_error error;
    char *folder = wi_sprintf("%.*s%s", last ? (int)(last - page) + 1 : 0, page, name);
    struct wi_site *site = wi_site_new(folder, name, &error);
    if (!site)
        wi_debug("api", NULL, "there is no site %s: %s", name, error.detail);
    free(folder);
    return site;
}

/* What more clients may not take: room for nodes, and what the bridge leaves to all others. */
static enum wi_code admission_begin(struct wi_server *server, struct wi_error *error)
{
    struct wi_api *api = &server->api;
    const struct wi_config *config = api->deps.config;
    unsigned reserve = (unsigned)config->bridge.max_nodes + WI_BRIDGE_RESERVED_DESCRIPTORS +
                       WI_ADMISSION_LINGERING;
    const struct wi_admission_terms terms = {.linger_ms = api->deps.times.linger,
        .tls = api->tls,
        .dialect = api->dialect,
        .highest_fd = wi_descriptors_highest(reserve)};
    int next = wi_descriptors_next(), room = terms.highest_fd - next;
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (room < CLIENTS_LEAST)
        return wi_error_set(error, WI_UNAVAILABLE, "api.max_connections",
            "there are too few open files to serve anybody: at least %d are needed, and %s",
            wi_descriptors_needed(next, reserve, CLIENTS_LEAST), wi_descriptors_advice(advice));
    if (config->api.max_connections > (uint64_t)room)
        wi_warn("api", NULL,
            "about %d clients can be connected, not [api] max_connections, %llu: %s", room,
            (unsigned long long)config->api.max_connections, wi_descriptors_advice(advice));
    api->admission = wi_admission_new(api->deps.loop, &terms);
    return WI_OK;
}

static void warn_of_layout(void)
{
    if (!wi_head_layout_is_known(MHD_get_version()))
        wi_warn("api", NULL,
            "libmicrohttpd is version %s, of which only its own checks see NUL characters and "
            "folded lines in the heads of requests: do not put a proxy before this one that takes "
            "such heads, or use version 0.9.75 or 0.9.76",
            MHD_get_version());
}

static int server_start(struct wi_server *server, struct wi_error *error)
{
    struct wi_api *api = &server->api;
    const struct wi_config_api *config = &api->deps.config->api;
    const struct wi_listener_options where = {config->listen, "api.listen", "api"};
    if (read_tls(config, &server->tls, error) != WI_OK)
        return -1;
    api->tls = server->tls.key != NULL;
    server->listener = wi_listener_new(api->deps.loop, &where, on_accept, server, error);
    if (!server->listener)
        return -1;
    server->address = *wi_listener_address(server->listener);
    api->access = wi_access_new(config, &server->address, error);
    if (!api->access)
        return -1;
    wi_bridge_take_tokens(api->deps.bridge, wi_access_tokens(api->access));
    api->console = open_site(api->deps.config, "console");
    api->docs = open_site(api->deps.config, "docs");
    if (admission_begin(server, error) != WI_OK)
        return -1;
    warn_of_layout();
    server->daemon = start_daemon(server);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        wi_error_set(error, api->tls ? WI_INVALID_FIELD : WI_UNAVAILABLE,
            api->tls ? "api.tls_certificate" : "api.listen", "the HTTP server does not start%s: %s",
            api->tls ? " with this certificate and key" : "",
            *server->complaint ? server->complaint : "no reason was given");
        return -1;
    }
    server->timer = wi_timer_new(api->deps.loop, on_timer, server);
    api->turn = wi_turn_new(api->deps.loop, on_turn, server);
    api->watcher = wi_timer_new(api->deps.loop, wi_request_watch_waiting, api);
    api->flush = wi_timer_new(api->deps.loop, on_flush, server);
    server->sweep = wi_timer_new(api->deps.loop, on_sweep, server);
    server->epoll = wi_watch_new(api->deps.loop, info->epoll_fd, UV_READABLE, on_epoll, server);
    return 0;
}

struct wi_server *wi_server_new(const struct wi_server_deps *deps, struct wi_error *error)
{
    struct wi_server *server = wi_alloc(sizeof *server);
    struct wi_api *api = &server->api;
    char host[WI_ADDRESS_HOST_SIZE];
    api->deps = *deps;
    api->started_at = wi_wall_ms();
    api->started_ms = wi_now_ms();
    api->routes = wi_routes;
    api->dialect = wi_route_dialect(NULL);
    api->metrics = wi_metrics_new(api->routes);
    api->history = wi_history_new(api->started_ms);
    api->clients.budget = deps->budget;
    api->strangers = (struct wi_log_limit){
        .about = "requests without a good token", .lines = 1, .window_ms = 1000};
    api->heavy = wi_work_queue_new(deps->loop, HEAVY_MOST);
    if (getrandom(api->connections.dice, sizeof api->connections.dice, GRND_NONBLOCK) < 0)
        wi_debug("api", NULL, "which connections go for others can be foreseen");
    set_times(server);
    if (server_start(server, error) != 0 || wi_endpoints_new(api, error) != WI_OK) {
        wi_server_free(server);
        return NULL;
    }
    wi_address_host(&server->address, host, sizeof host);
    snprintf(api->url, sizeof api->url, "%s://%s:%u", api->tls ? "https" : "http", host,
        wi_address_port(&server->address));
    wi_info(
        "api", NULL, "listening on %s, %zu tokens", api->url, wi_access_tokens(api->access)->count);
    if (api->console && api->deps.config->api.console)
        wi_info("api", NULL, "open %s/ in a browser for the console", api->url);
    return server;
}

static int pem_differs(const char *path, const char *key, const char *known)
{
    struct wi_error error;
    char *now = read_pem(path, key, &error);
    int other = !now || strcmp(now, known) != 0;
    if (now)
        OPENSSL_cleanse(now, strlen(now));
    free(now);
    return other;
}

/* libmicrohttpd takes them once, when it starts. */
static void warn_of_new_certificate(struct wi_server *server)
{
    const struct wi_config_api *config = &server->api.deps.config->api;
    if (server->api.tls &&
        (pem_differs(config->tls_certificate, "api.tls_certificate", server->tls.certificate) ||
            pem_differs(config->tls_key, "api.tls_key", server->tls.key)))
        wi_warn("api", NULL,
            "the files of [api] tls_certificate and tls_key have changed; the "
            "API shows the old certificate until the service is restarted");
}

enum wi_code wi_server_reload(
    struct wi_server *server, const struct wi_config *config, struct wi_error *error)
{
    struct wi_access_rules *rules = wi_access_new(&config->api, &server->address, error);
    if (!rules)
        return WI_INVALID_FIELD;
    if (wi_endpoints_check_reload(server->api.endpoints, config, rules, error) != WI_OK) {
        wi_access_free(rules);
        return WI_INVALID_FIELD;
    }
    wi_access_free(server->api.access);
    server->api.access = rules;
    wi_bridge_take_tokens(server->api.deps.bridge, wi_access_tokens(rules));
    server->api.deps.config = config;
    wi_endpoints_reload(server->api.endpoints, config, rules);
    warn_of_new_certificate(server);
    return WI_OK;
}

/* --- stopping --------------------------------------------------------------------------------- */

void wi_server_quiesce(struct wi_server *server)
{
    wi_listener_free(server->listener);
    server->listener = NULL;
    if (server->api.closing)
        return;
    server->api.closing = 1;
    if (server->api.endpoints) /* all was made */
        wi_endpoints_quiesce(server->api.endpoints);
    for (struct wi_request *request = server->api.requests; request; request = request->next)
        wi_request_hurry(request);
}

void wi_server_finish(struct wi_server *server)
{
    struct wi_error error;
    wi_server_quiesce(server);
    wi_spending_end_turns(&server->api);
    wi_request_shutting_down(&error);
    for (struct wi_request *request = server->api.requests; request; request = request->next)
        wi_request_abort(request, &error);
    if (server->api.endpoints)
        wi_endpoints_finish(server->api.endpoints);
    /* One run takes the connections up again, the next calls their handlers and writes. */
    for (int i = 0; i < 4 && server->daemon; i++)
        server_pump(server);
}

size_t wi_server_busy(const struct wi_server *server)
{
    const struct wi_endpoints *endpoints = server->api.endpoints;
    return server->api.request_count + (endpoints && wi_endpoints_are_busy(endpoints));
}

/* libmicrohttpd ends the program if a connection is suspended when it stops. */
static int has_suspended(const struct wi_server *server)
{
    for (const struct wi_request *request = server->api.requests; request; request = request->next)
        if (request->suspended)
            return 1;
    return 0;
}

void wi_server_stop(struct wi_server *server)
{
    wi_server_quiesce(server);
    if (server->timer) /* it started, and has not been stopped yet */
        wi_server_finish(server);
    assert(!has_suspended(server));
    /* Our handles leave the epoll descriptor before libmicrohttpd closes it. */
    wi_watch_free(server->epoll);
    wi_timer_free(server->timer);
    wi_turn_free(server->api.turn);
    wi_timer_free(server->api.watcher);
    wi_timer_free(server->api.flush);
    wi_timer_free(server->sweep);
    server->epoll = NULL;
    server->timer = NULL;
    server->api.turn = NULL;
    server->api.watcher = NULL;
    server->api.flush = NULL;
    server->sweep = NULL;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    wi_log_flush(); /* of the requests that ended now */
}

void wi_server_free(struct wi_server *server)
{
    if (!server)
        return;
    wi_server_stop(server);
    wi_endpoints_free(server->api.endpoints);
    wi_work_queue_free(server->api.heavy);
    wi_turns_clear(&server->api.spending.turns);
    wi_access_free(server->api.access);
    wi_admission_free(server->api.admission);
    wi_metrics_free(server->api.metrics);
    wi_site_free(server->api.console);
    wi_site_free(server->api.docs);
    wi_history_free(server->api.history);
    clear_tls(&server->tls);
    free(server);
}

unsigned wi_server_port(const struct wi_server *server)
{
    return wi_address_port(&server->address);
}

const char *wi_server_url(const struct wi_server *server)
{
    return server->api.url;
}
