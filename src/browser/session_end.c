/*
 * How a session ends: every failure goes through wi_session_fail(), every end through
 * wi_session_end_tree() → remove_files() → CLOSED.
 */
#include "browser/session_private.h"

#include "base/descriptors.h"
#include "base/log.h"
#include "base/net/url.h"
#include "browser/home.h"
#include <stdlib.h>

#define END_GRACE_MS 2000

static void on_removed(void *context)
{
    struct wi_session *session = context;

    wi_session_set_state(session, WI_SESSION_CLOSED, NULL);
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

/* Stops everything that could still call back, except the processes' end. */
static void session_let_go(struct wi_session *session)
{
    wi_timer_stop(session->deadline);
    wi_timer_stop(session->failed_early);
    wi_timer_stop(session->late);
    wi_timer_stop(session->keep_alive);
    wi_driver_free(session->driver);
    session->driver = NULL;
    session->call = session->check = NULL;
    wi_listener_free(session->listener);
    session->listener = NULL;
    wi_watch_free(session->browser_watch);
    session->browser_watch = NULL;
    wi_close(session->browser_fd);
    session->browser_fd = -1;
}

void wi_session_end_tree(struct wi_session *session, uint64_t grace_ms)
{
    session_let_go(session);
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
    wi_session_end_tree(session, END_GRACE_MS);
}

void wi_session_delete(struct wi_session *session)
{
    wi_driver_cancel(session->check);
    session->check = NULL;
    wi_timer_stop(session->deadline);
    /* A session that a service is still creating would exist for ever: it is deleted when it
     * arrives. */
    if (session->creating && wi_session_is_remote(session)) {
        session->step = "late session";
        wi_timer_wait(session->late,
            session->state == WI_SESSION_DRAINING ? WI_SESSION_DELETE_MS : WI_SESSION_LATE_MS);
        return;
    }
    /* Otherwise its answer would come first, and a page that never loads would delay the end. */
    wi_driver_cancel(session->call);
    session->call = NULL;
    if (session->driver && wi_driver_session_id(session->driver))
        session->call =
            wi_driver_delete_session(session->driver, WI_SESSION_DELETE_MS, on_deleted, session);
    else
        wi_session_end_tree(session, END_GRACE_MS);
}

void wi_session_on_late(void *context)
{
    struct wi_session *session = context;

    wi_warn("browser", session->id,
        "its service has not answered; if it makes a session all the same, its own timeout has to "
        "end it");
    wi_session_end_tree(session, 0);
}

void wi_session_take_late(struct wi_session *session, const struct wi_error *error)
{
    wi_timer_stop(session->late);
    if (!error)
        wi_info("browser", session->id, "its session came too late and is deleted");
    wi_session_delete(session);
}

void wi_session_fail(struct wi_session *session, const struct wi_error *why)
{
    int closing = session->closing;
    struct wi_error copy;

    if (!wi_session_may_become(session->state, WI_SESSION_BROKEN) || session->removing)
        return;
    if (why)
        copy = *why;
    else
        wi_error_set(&copy, WI_UNAVAILABLE, "", "killed");
    if (session->child && wi_children_ran_out(session->deps.children))
        wi_error_set(&copy, copy.code, copy.field, WI_RAN_OUT "; %s", copy.detail);
    if (wi_session_is_remote(session)) {
        char *host = wi_url_host(session->launch.url);
        wi_error_set(&copy, copy.code, copy.field, "driver_url at %s: %s", host, copy.detail);
        free(host);
    }
    wi_session_set_state(session, WI_SESSION_BROKEN, &copy);
    if (wi_session_is_remote(session) && !closing)
        wi_session_delete(session); /* there is nothing to kill */
    else
        wi_session_end_tree(session, 0);
}
