/*
 * A session's life. Steps while starting: spawn → driver → session → navigate → welcome; each ends
 * in a callback that begins the next. Whatever goes wrong goes through fail(), whatever ends goes
 * through end_tree() → remove_files() → CLOSED.
 */
#include "browser/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/url.h"
#include "browser/children.h"
#include "browser/home.h"
#include "browser/kinds.h"
#include "webdriver/bidi.h"
#include "webdriver/classic.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define DELETE_TIMEOUT_MS 5000
#define END_GRACE_MS 2000
/* A service that does not run is reported, and tried again later, rather than waited for. */
#define REMOTE_READY_MS 5000
/* How long a session is waited for that was asked of a service and is not wanted any more. */
#define LATE_MS 60000
/* A Grid ends sessions of which it hears nothing for its --session-timeout, 300 s by default. */
#define KEEP_ALIVE_MS 20000

struct wi_session {
    struct wi_session_deps deps;
    struct wi_session_events events;
    char id[WI_ID_SIZE];
    char *kind_name;
    struct wi_launch launch;
    char *directory;
    struct wi_child *child; /* NULL when no process is left */
    struct wi_driver *driver;
    struct wi_driver_call *call;  /* the step under way */
    struct wi_driver_call *check; /* whether the page lives */
    struct wi_timer *deadline;
    struct wi_timer *failed_early; /* reports a failure of wi_session_new from the loop */
    struct wi_timer *late;         /* runs while a session is awaited only to be deleted */
    struct wi_timer *keep_alive;
    struct wi_watch *browser_watch;
    int browser_fd; /* pidfd of the browser's main process */
    enum wi_session_state state;
    double state_since, started, ready_ms;
    int64_t timeout_ms;
    const char *step;
    int welcomed, reloading, creating, closing, removing;
    struct wi_error early_error;
    char browser_version[64];
    char last_line[160]; /* of the driver's output, for when it dies early */
};

static const char *const state_names[WI_SESSION_STATE_COUNT] = {
    "starting", "ready", "busy", "draining", "broken", "closed"};

/* [from][to] */
static const unsigned char transitions[WI_SESSION_STATE_COUNT][WI_SESSION_STATE_COUNT] = {
    [WI_SESSION_STARTING] =
        {[WI_SESSION_READY] = 1, [WI_SESSION_DRAINING] = 1, [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_READY] = {[WI_SESSION_STARTING] = 1,
        [WI_SESSION_BUSY] = 1,
        [WI_SESSION_DRAINING] = 1,
        [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_BUSY] =
        {[WI_SESSION_READY] = 1, [WI_SESSION_DRAINING] = 1, [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_DRAINING] = {[WI_SESSION_BROKEN] = 1, [WI_SESSION_CLOSED] = 1},
    [WI_SESSION_BROKEN] = {[WI_SESSION_CLOSED] = 1},
};

const char *wi_session_state_name(enum wi_session_state state)
{
    return state < WI_SESSION_STATE_COUNT ? state_names[state] : "unknown";
}

static int may_become(enum wi_session_state from, enum wi_session_state to)
{
    return transitions[from][to];
}

static enum wi_level level_of(
    enum wi_session_state from, enum wi_session_state to, const struct wi_error *error)
{
    if (error)
        return WI_LOG_WARN;
    /* These two come with every piece of work. */
    return from == WI_SESSION_BUSY || to == WI_SESSION_BUSY ? WI_LOG_DEBUG : WI_LOG_INFO;
}

/* The only writer of `state`. The session may be freed when this returns from CLOSED. */
static void set_state(
    struct wi_session *session, enum wi_session_state state, const struct wi_error *error)
{
    double now = wi_now_ms();

    assert(may_become(session->state, state));
    wi_log(level_of(session->state, state, error), "browser", session->id,
        "%s -> %s after %.0f ms%s%s", state_names[session->state], state_names[state],
        now - session->state_since, error ? ": " : "", error ? error->detail : "");
    session->state = state;
    session->state_since = now;
    session->events.on_state(session->events.context, session->id, state, error);
}

static int serves(const struct wi_session *session)
{
    return session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY;
}

/* Its end has not begun: what happens to its processes is news. */
static int is_alive(const struct wi_session *session)
{
    return session->state == WI_SESSION_STARTING || serves(session) ||
           (session->state == WI_SESSION_DRAINING && !session->closing);
}

/* Its browser belongs to a service that runs already, so that no process is ours. */
static int is_remote(const struct wi_session *session)
{
    return session->launch.url != NULL;
}

/* --- the end --------------------------------------------------------------------------------- */

static void on_removed(void *context)
{
    struct wi_session *session = context;

    set_state(session, WI_SESSION_CLOSED, NULL);
}

static void remove_files(struct wi_session *session)
{
    if (session->removing)
        return;
    session->removing = 1;
    session->step = "";
    if (session->directory)
        wi_home_remove(session->deps.loop, session->directory, on_removed, session);
    else
        on_removed(session);
}

/* Stops everything that could still call back, but the processes' end. */
static void let_go(struct wi_session *session)
{
    wi_timer_stop(session->deadline);
    wi_timer_stop(session->failed_early);
    wi_timer_stop(session->late);
    wi_timer_stop(session->keep_alive);
    wi_driver_free(session->driver);
    session->driver = NULL;
    session->call = session->check = NULL;
    wi_watch_free(session->browser_watch);
    session->browser_watch = NULL;
    if (session->browser_fd >= 0)
        close(session->browser_fd);
    session->browser_fd = -1;
}

static void end_tree(struct wi_session *session, uint64_t grace_ms)
{
    let_go(session);
    if (session->child)
        wi_child_end(session->child, grace_ms);
    else
        remove_files(session);
}

static void on_deleted(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error)
        wi_log(is_remote(session) ? WI_LOG_WARN : WI_LOG_DEBUG, "browser", session->id, "%s%s",
            error->detail, is_remote(session) ? "; its service may have kept it" : "");
    end_tree(session, END_GRACE_MS);
}

/* Deletes the session, if there is one, then ends the rest. */
static void delete_first(struct wi_session *session)
{
    wi_driver_cancel(session->check);
    session->check = NULL;
    wi_timer_stop(session->deadline);
    /* One that is being made by a service would be there for ever: it is deleted when it comes. */
    if (session->creating && is_remote(session)) {
        session->step = "late session";
        wi_timer_start(
            session->late, session->state == WI_SESSION_DRAINING ? DELETE_TIMEOUT_MS : LATE_MS, 0);
        return;
    }
    /* Else its answer would come first, and a page that never loads would hold the end up. */
    wi_driver_cancel(session->call);
    session->call = NULL;
    if (session->driver && wi_driver_session_id(session->driver))
        session->call =
            wi_driver_delete_session(session->driver, DELETE_TIMEOUT_MS, on_deleted, session);
    else
        end_tree(session, END_GRACE_MS);
}

static void on_late(void *context)
{
    struct wi_session *session = context;

    wi_warn("browser", session->id,
        "its service has not answered; if it makes a session all the same, its own timeout has to "
        "end it");
    end_tree(session, 0);
}

/* A session that came after it was given up. */
static void take_late(struct wi_session *session, const struct wi_error *error)
{
    wi_timer_stop(session->late);
    if (!error)
        wi_info("browser", session->id, "its session came too late and is deleted");
    delete_first(session);
}

static void fail(struct wi_session *session, const struct wi_error *why)
{
    int closing = session->closing;
    struct wi_error copy;

    if (!may_become(session->state, WI_SESSION_BROKEN) || session->removing)
        return;
    if (why)
        copy = *why;
    else
        wi_error_set(&copy, WI_UNAVAILABLE, "", "killed");
    if (is_remote(session)) {
        char *host = wi_url_host(session->launch.url);
        wi_error_set(&copy, copy.code, copy.field, "driver_url at %s: %s", host, copy.detail);
        free(host);
    }
    set_state(session, WI_SESSION_BROKEN, &copy);
    if (is_remote(session) && !closing)
        delete_first(session); /* there is nothing to kill */
    else
        end_tree(session, 0);
}

static void on_tree_end(void *context, int exit_status, int signal)
{
    struct wi_session *session = context;
    struct wi_error error;

    session->child = NULL;
    if (!is_alive(session)) {
        end_tree(session, 0);
        return;
    }
    if (signal)
        wi_error_set(&error, WI_UNAVAILABLE, "",
            "the driver's lifeline was ended by signal %d at step \"%s\"", signal, session->step);
    else
        wi_error_set(&error, WI_UNAVAILABLE, "",
            "the driver ended with status %d at step \"%s\"; its last line: %s", exit_status,
            session->step, session->last_line[0] ? session->last_line : "(none)");
    fail(session, &error);
}

static void on_deadline(void *context)
{
    struct wi_session *session = context;
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, "", "not ready within %.1f s: stuck at step \"%s\"%s",
        (double)session->timeout_ms / 1000, session->step,
        is_remote(session) && session->creating ? ": the service gave no browser, perhaps because "
                                                  "all that it has are in use"
                                                : "");
    fail(session, &error);
}

/* --- steps ----------------------------------------------------------------------------------- */

static uint64_t time_left(const struct wi_session *session, double since)
{
    double left = (double)session->timeout_ms - (wi_now_ms() - since);

    return left < 1 ? 1 : (uint64_t)left;
}

/* Its node is welcome. */
static void settle(struct wi_session *session)
{
    wi_timer_stop(session->deadline);
    session->step = "";
    if (session->ready_ms == 0) {
        session->ready_ms = wi_now_ms() - session->started;
        wi_info("browser", session->id, "%s %s serves after %.0f ms", session->kind_name,
            session->browser_version, session->ready_ms);
    }
    set_state(session, WI_SESSION_READY, NULL);
}

static void on_navigated(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error) {
        fail(session, error);
        return;
    }
    session->reloading = 0;
    if (session->state == WI_SESSION_STARTING)
        session->step = "welcome"; /* which may have come before this answer */
}

static void open_page(struct wi_session *session)
{
    char url[1024] = "";

    session->step = "navigate";
    session->events.on_page_url(session->events.context, session->id, url, sizeof(url));
    session->call = wi_driver_navigate(
        session->driver, url, (uint64_t)session->timeout_ms, on_navigated, session);
    memset(url, 0, sizeof(url)); /* it holds the token */
}

static void on_browser_exit(void *context, int status, int events)
{
    struct wi_session *session = context;
    struct wi_error error;

    if (!is_alive(session)) {
        wi_watch_set(session->browser_watch, 0);
        return;
    }
    wi_error_set(&error, WI_UNAVAILABLE, "", "the browser's process ended");
    fail(session, &error);
}

/* The driver outlives its browser, so the browser's own process is watched too. */
static void watch_browser(struct wi_session *session, const json_t *capabilities)
{
    const json_t *chromium = json_object_get(capabilities, "goog:processID");
    const json_t *firefox = json_object_get(capabilities, "moz:processID");
    json_int_t pid = json_integer_value(chromium ? chromium : firefox);

    /* A browser that we did not start is on another machine, or somebody else's. */
    if (is_remote(session) || pid <= 1 || pid > INT32_MAX)
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
    const json_t *capabilities;
    const char *version;

    session->call = NULL;
    session->creating = 0;
    if (wi_timer_running(session->late)) {
        take_late(session, error);
        return;
    }
    if (error) {
        fail(session, error);
        return;
    }
    capabilities = wi_driver_capabilities(session->driver);
    version = json_string_value(json_object_get(capabilities, "browserVersion"));
    snprintf(
        session->browser_version, sizeof(session->browser_version), "%s", version ? version : "");
    watch_browser(session, capabilities);
    open_page(session);
}

static void on_driver_ready(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;
    json_t *capabilities = session->launch.capabilities;
    struct wi_error hint;

    session->call = NULL;
    if (error && is_remote(session) && error->code == WI_UNAVAILABLE) {
        wi_error_set(&hint, WI_UNAVAILABLE, "", "%s; is it running, and has it a browser to give?",
            error->detail);
        error = &hint;
    }
    if (error) {
        fail(session, error);
        return;
    }
    session->step = "session";
    session->creating = 1;
    session->launch.capabilities = NULL;
    /* Beyond the deadline, which fails us first, for a service's late answer. */
    session->call = wi_driver_new_session(session->driver, capabilities,
        time_left(session, session->started) + LATE_MS, on_session_made, session);
}

/* What the browser tells of its page: for the operator, as nothing of it is needed. */
static void on_note(void *context, enum wi_level level, const char *text)
{
    const struct wi_session *session = context;

    wi_log(level, "browser", session->id, "page: %s", text);
}

static void on_gone(void *context, const struct wi_error *why)
{
    struct wi_session *session = context;

    if (is_alive(session))
        fail(session, why);
}

/* From here on there is somebody to speak to: at `url`, in the launch's dialect. */
static void meet_driver(struct wi_session *session, const char *url)
{
    const struct wi_driver_events events = {session, on_note, on_gone};
    uint64_t timeout_ms = time_left(session, session->started);

    session->step = "driver";
    if (session->launch.dialect == WI_DIALECT_BIDI)
        session->driver = wi_bidi_new(session->deps.loop, session->deps.lws, url, &events);
    else
        session->driver =
            wi_classic_new(session->deps.loop, session->deps.http, session->deps.lws, url, &events);
    if (is_remote(session) && timeout_ms > REMOTE_READY_MS)
        timeout_ms = REMOTE_READY_MS;
    session->call = wi_driver_wait_ready(session->driver, timeout_ms, on_driver_ready, session);
}

static void on_line(void *context, const char *line)
{
    struct wi_session *session = context;
    char url[64];
    int port;

    wi_debug("browser", session->id, "driver: %s", line);
    snprintf(session->last_line, sizeof(session->last_line), "%s", line);
    wi_scrub(session->last_line);
    if (session->driver || session->state != WI_SESSION_STARTING)
        return;
    port = wi_launch_read_port(&session->launch, line);
    if (port < 0)
        return;
    snprintf(url, sizeof(url), "%s://127.0.0.1:%d",
        session->launch.dialect == WI_DIALECT_BIDI ? "ws" : "http", port);
    meet_driver(session, url);
}

/* --- starting -------------------------------------------------------------------------------- */

/* The strings (borrowed) as a list ended by NULL; the caller frees it. */
static const char **as_list(const struct wi_strings *strings)
{
    const char **list = wi_alloc((strings->count + 1) * sizeof(*list));

    for (size_t i = 0; i < strings->count; i++)
        list[i] = strings->items[i];
    return list;
}

static enum wi_code spawn(struct wi_session *session, struct wi_error *error)
{
    const struct wi_child_events events = {session, on_line, on_tree_end};
    struct wi_child_options options = {.subject = session->id, .directory = session->directory};
    const char **arguments = as_list(&session->launch.command);
    const char **environment = as_list(&session->launch.environment);

    options.arguments = arguments;
    options.environment = environment;
    session->child = wi_child_start(session->deps.children, &options, &events, error);
    free(arguments);
    free(environment);
    return session->child ? WI_OK : WI_UNAVAILABLE;
}

static enum wi_code begin(
    struct wi_session *session, const struct wi_config_browser *browser, struct wi_error *error)
{
    struct wi_launch_request request = {.browser = browser, .page_url = session->deps.page_url};
    enum wi_code code;

    request.directory = session->directory =
        wi_home_make(session->deps.instance, session->id, error);
    if (!session->directory)
        return WI_UNAVAILABLE;
    code = wi_launch_make(&request, &session->launch, error);
    if (code == WI_OK)
        code = wi_home_write(session->directory, &session->launch, error);
    if (code != WI_OK)
        return code;
    if (!session->launch.sandbox && !is_remote(session))
        wi_warn("browser", session->id,
            "the browser runs without its own sandbox (user id %u); run the daemon as another "
            "user to have it",
            (unsigned)geteuid());
    if (!is_remote(session))
        return spawn(session, error);
    wi_timer_start(session->keep_alive, KEEP_ALIVE_MS, KEEP_ALIVE_MS);
    meet_driver(session, session->launch.url);
    return WI_OK;
}

static void on_keep_alive(void *context)
{
    wi_session_check(context, KEEP_ALIVE_MS);
}

static void on_failed_early(void *context)
{
    struct wi_session *session = context;

    fail(session, &session->early_error);
}

struct wi_session *wi_session_new(const struct wi_session_deps *deps,
    const struct wi_config_browser *browser, int64_t timeout_ms,
    const struct wi_session_events *events)
{
    struct wi_session *session = wi_alloc(sizeof(*session));

    session->deps = *deps;
    session->events = *events;
    session->timeout_ms = timeout_ms;
    session->browser_fd = -1;
    session->state = WI_SESSION_STARTING;
    session->started = session->state_since = wi_now_ms();
    session->step = "spawn";
    session->kind_name = wi_strdup(browser->kind);
    wi_id_new(session->id, "session");
    session->deadline = wi_timer_new(deps->loop, on_deadline, session);
    session->failed_early = wi_timer_new(deps->loop, on_failed_early, session);
    session->late = wi_timer_new(deps->loop, on_late, session);
    session->keep_alive = wi_timer_new(deps->loop, on_keep_alive, session);
    wi_info("browser", session->id, "starting %s", browser->kind);
    if (begin(session, browser, &session->early_error) == WI_OK)
        wi_timer_start(session->deadline, (uint64_t)timeout_ms, 0);
    else
        wi_timer_start(session->failed_early, 0, 0);
    return session;
}

/* --- orders ---------------------------------------------------------------------------------- */

void wi_session_welcomed(struct wi_session *session)
{
    if (session->state != WI_SESSION_STARTING)
        return;
    session->welcomed = 1;
    settle(session);
}

void wi_session_set_busy(struct wi_session *session, int busy)
{
    if (session->state == (busy ? WI_SESSION_READY : WI_SESSION_BUSY))
        set_state(session, busy ? WI_SESSION_BUSY : WI_SESSION_READY, NULL);
}

static void on_blank(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error)
        fail(session, error);
    else
        open_page(session);
}

void wi_session_reload(struct wi_session *session, int64_t timeout_ms)
{
    if (session->state != WI_SESSION_READY)
        return;
    wi_info("browser", session->id, "opening the page afresh");
    wi_driver_cancel(session->call);
    wi_driver_cancel(session->check);
    session->check = NULL;
    session->welcomed = 0;
    session->reloading = 1;
    session->timeout_ms = timeout_ms;
    session->step = "navigate";
    wi_timer_start(session->deadline, (uint64_t)timeout_ms, 0);
    /* URLs that differ only in their fragment are the same document: go elsewhere first. */
    session->call =
        wi_driver_navigate(session->driver, "about:blank", (uint64_t)timeout_ms, on_blank, session);
    set_state(session, WI_SESSION_STARTING, NULL);
}

static void on_checked(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->check = NULL;
    if (serves(session) && session->events.on_checked)
        session->events.on_checked(session->events.context, session->id, error);
}

void wi_session_check(struct wi_session *session, uint64_t timeout_ms)
{
    if (!serves(session) || session->reloading)
        return;
    wi_driver_cancel(session->check);
    session->check = wi_driver_check_page(session->driver, timeout_ms, on_checked, session);
}

void wi_session_drain(struct wi_session *session)
{
    if (session->state == WI_SESSION_STARTING || serves(session))
        set_state(session, WI_SESSION_DRAINING, NULL);
}

void wi_session_close(struct wi_session *session)
{
    if (session->state == WI_SESSION_BROKEN && wi_timer_running(session->late))
        wi_timer_start(session->late, DELETE_TIMEOUT_MS, 0);
    if (!is_alive(session))
        return;
    wi_session_drain(session);
    session->closing = 1;
    delete_first(session);
}

void wi_session_kill(struct wi_session *session, const struct wi_error *why)
{
    if (session->state == WI_SESSION_BROKEN && wi_timer_running(session->late))
        end_tree(session, 0);
    else
        fail(session, why);
}

void wi_session_free(struct wi_session *session)
{
    if (!session)
        return;
    assert(session->state == WI_SESSION_CLOSED);
    wi_timer_free(session->deadline);
    wi_timer_free(session->failed_early);
    wi_timer_free(session->late);
    wi_timer_free(session->keep_alive);
    wi_launch_clear(&session->launch);
    free(session->directory);
    free(session->kind_name);
    free(session);
}

/* --- looking --------------------------------------------------------------------------------- */

void wi_session_info(const struct wi_session *session, struct wi_session_info *info)
{
    memset(info, 0, sizeof(*info));
    snprintf(info->id, sizeof(info->id), "%s", session->id);
    info->kind = session->kind_name;
    info->state = session->state;
    info->age_ms = wi_now_ms() - session->started;
    info->ready_ms = session->ready_ms;
    info->driver_pid = session->child ? wi_child_pid(session->child) : -1;
    snprintf(info->browser_version, sizeof(info->browser_version), "%s", session->browser_version);
    snprintf(info->step, sizeof(info->step), "%s", session->step);
    info->welcomed = session->welcomed;
}

uint64_t wi_session_rss(const struct wi_session *session)
{
    return session->child ? wi_child_rss(session->child) : 0;
}

enum wi_code wi_session_installed(const struct wi_config_browser *browser, struct wi_error *error)
{
    struct wi_launch_request request = {.browser = browser, .directory = "/"};
    struct wi_launch launch = {0};
    enum wi_code code = wi_launch_make(&request, &launch, error);

    wi_launch_clear(&launch);
    return code;
}
