/*
 * How a session begins: a process and its first lines, or a service; the driver, and the session
 * that it makes. Each step ends in a callback that begins the next.
 */
#include "browser/session_private.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "browser/apart.h"
#include "browser/home.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

/* A service that is not running is reported, and tried again later, without waiting for it. */
#define REMOTE_READY_MS 5000
/* The lifeline's exit status for a program that was killed from outside. */
#define KILLED (128 + SIGKILL)

static uint64_t time_left(const struct wi_session *session, double since)
{
    double left = (double)session->timeout_ms - (wi_awake_ms() - since);

    return left < 1 ? 1 : (uint64_t)left;
}

static void on_browser_exit(void *context, int status, int events)
{
    struct wi_session *session = context;
    struct wi_error error;

    if (!wi_session_is_alive(session)) {
        wi_watch_set(session->browser_watch, 0);
        return;
    }
    wi_error_set(&error, WI_UNAVAILABLE, "", "the browser's process ended");
    wi_session_fail(session, &error);
}

/* The driver outlives its browser, so the browser's own process is watched too. */
static void watch_browser(struct wi_session *session, const json_t *capabilities)
{
    const json_t *chromium = json_object_get(capabilities, "goog:processID");
    const json_t *firefox = json_object_get(capabilities, "moz:processID");
    json_int_t pid = json_integer_value(chromium ? chromium : firefox);

    /* A browser that we did not start is on another machine, or belongs to someone else. */
    if (wi_session_is_remote(session) || pid <= 1 || pid > INT32_MAX)
        return;
    session->browser_fd = pidfd_open((pid_t)pid, 0);
    if (session->browser_fd < 0)
        return;
    session->browser_watch = wi_watch_new(
        session->deps.loop, session->browser_fd, UV_READABLE, on_browser_exit, session);
}

static void on_session_made(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    session->creating = 0;
    if (wi_timer_running(session->late)) {
        wi_session_take_late(session, error);
        return;
    }
    if (error) {
        session->unable = error->code == WI_INTERNAL;
        wi_session_fail(session, error);
        return;
    }
    const json_t *capabilities = wi_driver_capabilities(session->driver);
    const char *version = json_string_value(json_object_get(capabilities, "browserVersion"));
    snprintf(
        session->browser_version, sizeof session->browser_version, "%s", version ? version : "");
    watch_browser(session, capabilities);
    wi_session_open_page(session);
}

/* Asks for the browser. */
static void session_create(struct wi_session *session)
{
    json_t *capabilities = session->launch.capabilities;

    session->step = "session";
    session->creating = 1;
    session->launch.capabilities = NULL;
    /* Beyond the deadline, which fails first, for a service's late answer. */
    session->call = wi_driver_new_session(session->driver, capabilities,
        time_left(session, session->started) + WI_SESSION_LATE_MS, on_session_made, session);
}

static void on_driver_ready(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;
    struct wi_error hint;

    session->call = NULL;
    if (error && wi_session_is_remote(session) && error->code == WI_UNAVAILABLE) {
        wi_error_set(&hint, WI_UNAVAILABLE, WI_SESSION_SERVICE,
            "%s; is it running, and does it have a free browser?", error->detail);
        error = &hint;
    }
    if (error) {
        wi_session_fail(session, error);
        return;
    }
    session_create(session);
}

/* A driver is waited for; a service that does not run is reported. */
static void session_await_driver(struct wi_session *session)
{
    uint64_t timeout_ms = time_left(session, session->started);

    if (wi_session_is_remote(session) && timeout_ms > REMOTE_READY_MS)
        timeout_ms = REMOTE_READY_MS;
    session->call = wi_driver_wait_ready(session->driver, timeout_ms, on_driver_ready, session);
}

/* The service has told what it has. In a Grid without room a request would wait, perhaps longer
 * than its answer is of use. */
static void on_asked(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;
    const struct wi_session_events *events = &session->events;
    const struct wi_grid *grid = wi_driver_grid(session->driver);
    const char *browser = wi_launch_browser(&session->launch), *url = session->launch.url;
    struct wi_error full;

    session->call = NULL;
    if (!grid) {
        if (error && strcmp(error->field, WI_GRID_FIELD) == 0)
            wi_session_fail(session, error);
        else
            session_await_driver(session);
        return;
    }
    size_t asking =
        events->count_asking ? events->count_asking(events->context, session->id, url) : 0;
    if (wi_grid_room(grid, asking) > 0) {
        session_create(session);
        return;
    }
    char *excuse = wi_grid_excuse(grid, browser);
    wi_error_set(&full, WI_UNAVAILABLE, WI_SESSION_FULL, "%s", excuse);
    free(excuse);
    wi_session_fail(session, &full);
}

/* The browser's messages about its page: for the operator, since we need none of them. */
static void on_note(void *context, enum wi_level level, const char *text)
{
    const struct wi_session *session = context;

    wi_log(level, "browser", session->id, "page: %s", text);
}

static void on_gone(void *context, const struct wi_error *why)
{
    struct wi_session *session = context;

    if (wi_session_is_alive(session))
        wi_session_fail(session, why);
}

/* From here on the other side can be reached: at `url`, in the launch's protocol. */
static void meet_driver(struct wi_session *session, const char *url)
{
    const struct wi_driver_events events = {session, on_note, on_gone};
    const struct wi_outlet *outlet = session->deps.apart_port ? &session->outlet : NULL;

    session->step = "driver";
    if (session->launch.protocol == WI_DRIVER_BIDI)
        session->driver = wi_bidi_new(session->deps.loop, session->deps.lws, outlet, url, &events);
    else
        session->driver = wi_classic_new(
            session->deps.loop, session->deps.http, session->deps.lws, outlet, url, &events);
    if (wi_session_is_remote(session))
        session->call = wi_driver_ask_grid(session->driver, wi_launch_browser(&session->launch),
            WI_SESSION_ASK_MS, on_asked, session);
    else
        session_await_driver(session);
}

static void on_line(void *context, const char *line)
{
    struct wi_session *session = context;
    char url[64];

    wi_debug("browser", session->id, "driver: %s", line);
    wi_scrub(session->last_line, sizeof session->last_line, line);
    if (session->driver || session->state != WI_SESSION_STARTING)
        return;
    int port = wi_launch_read_port(&session->launch, line);
    if (port < 0)
        return;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d",
        session->launch.protocol == WI_DRIVER_BIDI ? "ws" : "http", port);
    meet_driver(session, url);
}

int wi_session_take_socket(void *context)
{
    const struct wi_session *session = context;

    return session->child ? wi_child_take_socket(session->child) : -1;
}

/* It has its own network: from now on the bridge listens in it. */
static void on_apart(void *context, int fd)
{
    struct wi_session *session = context;

    if (!wi_session_is_alive(session)) {
        wi_close(fd);
        return;
    }
    if (fd >= 0)
        session->listener = session->deps.listen(session->deps.bridge, fd);
    if (!session->listener)
        wi_warn("browser", session->id, "the bridge cannot listen in its network");
}

static enum wi_code session_spawn(struct wi_session *session, struct wi_error *error);

/* Whether the driver ended by itself before it listened, as a driver does whose port is taken. */
static int lost_its_port(const struct wi_session *session, int signal)
{
    return session->state == WI_SESSION_STARTING && !session->driver && !signal &&
           session->spawns < WI_SESSION_SPAWNS;
}

/* Whether the helper ended before it began anything, with its reason in the last line. */
static int was_refused(const struct wi_session *session, int exit_status, int signal)
{
    return session->deps.apart_port && !session->listener && !signal &&
           exit_status == WI_APART_EXIT && strstr(session->last_line, WI_APART_REFUSED);
}

/* The processes that the session started are gone. */
static void on_tree_end(void *context, int exit_status, int signal)
{
    struct wi_session *session = context;
    struct wi_error error;

    session->child = NULL;
    if (!wi_session_is_alive(session)) {
        wi_session_end_tree(session, 0);
        return;
    }
    session->unable = !signal && exit_status != KILLED && session->ready_ms == 0;
    if (signal)
        wi_error_set(&error, WI_UNAVAILABLE, "",
            "the driver's lifeline was ended by signal %d at step \"%s\"", signal, session->step);
    else if (was_refused(session, exit_status, signal))
        wi_error_set(&error, WI_UNAVAILABLE, WI_SESSION_NETWORK, "%s",
            strstr(session->last_line, WI_APART_REFUSED));
    else
        wi_error_set(&error, WI_UNAVAILABLE, "",
            "the driver ended with status %d at step \"%s\"; its last line: %s", exit_status,
            session->step, session->last_line[0] ? session->last_line : "(none)");
    if (!*error.field && lost_its_port(session, signal)) {
        wi_listener_free(session->listener);
        session->listener = NULL;
        wi_info("browser", session->id, "%s; starting it once more", error.detail);
        if (session_spawn(session, &error) == WI_OK)
            return;
    }
    wi_session_fail(session, &error);
}

/* Starts the driver's process, for the first time or again; it reports the port on which it
 * listens. */
static enum wi_code session_spawn(struct wi_session *session, struct wi_error *error)
{
    const struct wi_child_events events = {session, on_line, on_tree_end, on_apart};
    const struct wi_child_options options = {
        .arguments = (const char *const *)session->launch.command.items,
        .environment = (const char *const *)session->launch.environment.items,
        .subject = session->id,
        .directory = session->directory,
        .instance = session->deps.instance,
        .apart_port = session->deps.apart_port,
        .hidden = (const char *const *)session->launch.hidden.items};

    session->spawns++;
    session->child = wi_child_start(session->deps.children, &options, &events, error);
    return session->child ? WI_OK : WI_UNAVAILABLE;
}

enum wi_code wi_session_begin(
    struct wi_session *session, const struct wi_config_browser *browser, struct wi_error *error)
{
    struct wi_launch_request request = {.browser = browser,
        .page_url = session->deps.page_url,
        .certificate = session->deps.certificate,
        .confined = session->deps.confined,
        .gpus = session->deps.gpus,
        .gpu = session->deps.gpu};

    request.directory = session->directory =
        wi_home_make(session->deps.instance, session->id, error);
    if (!session->directory)
        return WI_UNAVAILABLE;
    if (wi_launch_make(&request, &session->launch, error) != WI_OK ||
        wi_home_write(session->directory, &session->launch, error) != WI_OK)
        return error->code;
    if (wi_kind_lacks_shm(browser))
        wi_warn("browser", session->id,
            "/dev/shm has less than 512 MiB free: a Chromium is told to do without it");
    if (!wi_session_is_remote(session))
        return session_spawn(session, error);
    wi_timer_start(session->keep_alive, WI_SESSION_KEEP_ALIVE_MS, WI_SESSION_KEEP_ALIVE_MS);
    meet_driver(session, session->launch.url);
    return WI_OK;
}
