/*
 * A session's life. Steps while starting: spawn → driver → session → navigate → welcome; each ends
 * in a callback that begins the next. Whatever goes wrong goes through wi_session_fail(), whatever
 * ends goes through end_tree() → remove_files() → CLOSED.
 */
#include "browser/session_private.h"

#include "base/certificate.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/url.h"
#include "browser/home.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELETE_TIMEOUT_MS 5000
#define END_GRACE_MS 2000
/* To leave a page needs nothing of it: a browser or driver that takes longer is stuck itself. */
#define LEAVE_TIMEOUT_MS 5000

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
    enum wi_session_state from = session->state;
    double now = wi_now_ms();

    assert(may_become(from, state));
    wi_log(level_of(from, state, error), "browser", session->id, "%s -> %s after %.0f ms%s%s",
        state_names[from], state_names[state], now - session->state_since, error ? ": " : "",
        error ? error->detail : "");
    session->state = state;
    session->state_since = now;
    session->events.on_state(session->events.context, session->id, from, state, error);
}

static int serves(const struct wi_session *session)
{
    return session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY;
}

int wi_session_is_alive(const struct wi_session *session)
{
    return session->state == WI_SESSION_STARTING || serves(session) ||
           (session->state == WI_SESSION_DRAINING && !session->closing);
}

int wi_session_is_remote(const struct wi_session *session)
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
        wi_log(wi_session_is_remote(session) ? WI_LOG_WARN : WI_LOG_DEBUG, "browser", session->id,
            "%s%s", error->detail,
            wi_session_is_remote(session) ? "; its service may have kept it" : "");
    end_tree(session, END_GRACE_MS);
}

/* Deletes the session, if there is one, then ends the rest. */
static void delete_first(struct wi_session *session)
{
    wi_driver_cancel(session->check);
    session->check = NULL;
    wi_timer_stop(session->deadline);
    /* One that is being made by a service would be there for ever: it is deleted when it comes. */
    if (session->creating && wi_session_is_remote(session)) {
        session->step = "late session";
        wi_timer_start(session->late,
            session->state == WI_SESSION_DRAINING ? DELETE_TIMEOUT_MS : WI_SESSION_LATE_MS, 0);
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
void wi_session_take_late(struct wi_session *session, const struct wi_error *error)
{
    wi_timer_stop(session->late);
    if (!error)
        wi_info("browser", session->id, "its session came too late and is deleted");
    delete_first(session);
}

void wi_session_fail(struct wi_session *session, const struct wi_error *why)
{
    int closing = session->closing;
    struct wi_error copy;

    if (!may_become(session->state, WI_SESSION_BROKEN) || session->removing)
        return;
    if (why)
        copy = *why;
    else
        wi_error_set(&copy, WI_UNAVAILABLE, "", "killed");
    if (wi_session_is_remote(session)) {
        char *host = wi_url_host(session->launch.url);
        wi_error_set(&copy, copy.code, copy.field, "driver_url at %s: %s", host, copy.detail);
        free(host);
    }
    set_state(session, WI_SESSION_BROKEN, &copy);
    if (wi_session_is_remote(session) && !closing)
        delete_first(session); /* there is nothing to kill */
    else
        end_tree(session, 0);
}

/* Whether the driver ended by itself before it listened, as one does that finds its port taken. */
static int lost_its_port(const struct wi_session *session, int signal)
{
    return session->state == WI_SESSION_STARTING && !session->driver && !signal &&
           session->spawns < WI_SESSION_SPAWNS;
}

void wi_session_on_tree_end(void *context, int exit_status, int signal)
{
    struct wi_session *session = context;
    struct wi_error error;

    session->child = NULL;
    if (!wi_session_is_alive(session)) {
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
    if (lost_its_port(session, signal)) {
        wi_info("browser", session->id, "%s; starting it once more", error.detail);
        if (wi_session_spawn(session, &error) == WI_OK)
            return;
    }
    wi_session_fail(session, &error);
}

/* Whether it is the page's certificate that the browser does not accept, which the browser says to
 * nobody, or in words of its own. The caller frees it. */
static char *doubt_certificate(const struct wi_session *session)
{
    const char *page = session->deps.page_url;
    const struct wi_certificate *certificate = session->deps.certificate;

    if (!page || strncmp(page, "https://", 8) != 0)
        return wi_strdup("");
    if (certificate)
        return wi_sprintf("; does the browser accept the certificate of %s for %s ([bridge] "
                          "tls_certificate %s, %s %s)?",
            certificate->subject, page, certificate->path,
            certificate->expired ? "expired" : "valid until", certificate->until);
    return wi_sprintf("; does the browser accept the certificate that %s shows ([bridge] "
                      "public_url)?",
        page);
}

static void on_deadline(void *context)
{
    struct wi_session *session = context;
    int opened = strcmp(session->step, "welcome") == 0;
    char *hint = opened ? doubt_certificate(session) : wi_strdup("");
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, "", "not ready within %.1f s: stuck at step \"%s\"%s%s",
        (double)session->timeout_ms / 1000, session->step,
        wi_session_is_remote(session) && session->creating
            ? ": the service gave no browser, perhaps because "
              "all that it has are in use"
            : "",
        hint);
    free(hint);
    wi_session_fail(session, &error);
}

/* --- steps ----------------------------------------------------------------------------------- */

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

static void fail_to_navigate(struct wi_session *session, const struct wi_error *why)
{
    /* "insecure certificate" in WebDriver's words, …_CERT in Firefox's. */
    char *hint = strcasestr(why->detail, "cert") ? doubt_certificate(session) : wi_strdup("");
    struct wi_error error;

    wi_error_set(&error, why->code, why->field, "%.200s%s", why->detail, hint);
    free(hint);
    wi_session_fail(session, &error);
}

static void on_navigated(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error) {
        fail_to_navigate(session, error);
        return;
    }
    session->reloading = 0;
    if (session->state == WI_SESSION_STARTING)
        session->step = "welcome"; /* which may have come before this answer */
}

void wi_session_open_page(struct wi_session *session)
{
    char url[1024] = "";

    session->step = "navigate";
    session->events.on_page_url(session->events.context, session->id, url, sizeof(url));
    session->call = wi_driver_navigate(
        session->driver, url, (uint64_t)session->timeout_ms, on_navigated, session);
    memset(url, 0, sizeof(url)); /* it holds the token */
}

/* --- starting -------------------------------------------------------------------------------- */

static void on_keep_alive(void *context)
{
    wi_session_check(context, WI_SESSION_KEEP_ALIVE_MS);
}

static void on_failed_early(void *context)
{
    struct wi_session *session = context;

    wi_session_fail(session, &session->early_error);
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
    if (wi_session_begin(session, browser, &session->early_error) == WI_OK)
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
    if (error) {
        wi_session_fail(session, error);
        return;
    }
    wi_timer_start(session->deadline, (uint64_t)session->timeout_ms, 0);
    wi_session_open_page(session);
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
    session->step = "leave";
    wi_timer_stop(session->deadline);
    /* URLs that differ only in their fragment are the same document: go elsewhere first. */
    session->call =
        wi_driver_navigate(session->driver, "about:blank", LEAVE_TIMEOUT_MS, on_blank, session);
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
    if (!wi_session_is_alive(session))
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
        wi_session_fail(session, why);
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

enum wi_session_state wi_session_state(const struct wi_session *session)
{
    return session->state;
}

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

unsigned wi_session_stopped(const struct wi_session *session)
{
    return session->child ? wi_child_stopped(session->child) : 0;
}

enum wi_code wi_session_installed(const struct wi_config_browser *browser, struct wi_error *error)
{
    struct wi_launch_request request = {.browser = browser, .directory = "/"};
    struct wi_launch launch = {0};
    enum wi_code code = wi_launch_make(&request, &launch, error);

    wi_launch_clear(&launch);
    return code;
}
