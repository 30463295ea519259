/*
 * A session as its files share it, each above the next:
 *
 *   session.c         its life from outside
 *   session_start.c   a process or a service, the driver, the browser
 *   session_page.c    the page in it
 *   session_end.c     failure, and what has to go
 *   session_state.c   the states
 */
#ifndef WI_BROWSER_SESSION_PRIVATE_H
#define WI_BROWSER_SESSION_PRIVATE_H

#include "base/loop.h"
#include "base/net/listener.h"
#include "base/net/outlet.h"
#include "browser/children.h"
#include "browser/kinds.h"
#include "browser/session.h"
#include "browser/webdriver/webdriver.h"

/* How long we wait for a session that was requested from a service and is no longer needed. */
#define WI_SESSION_LATE_MS 60000
/* A Grid ends sessions that are idle for its --session-timeout, 300 s by default. */
#define WI_SESSION_KEEP_ALIVE_MS 20000
/* For a driver to delete a session. */
#define WI_SESSION_DELETE_MS 5000
/* For a service to say what it has, before a session is asked for; and after a check that failed,
 * which has to end before the next one begins. */
#define WI_SESSION_ASK_MS 5000
#define WI_SESSION_ASK_AGAIN_MS 1500
/* A driver chooses its port first and opens it later: another process may take it in between,
 * once. */
#define WI_SESSION_SPAWNS 2

struct wi_session {
    struct wi_session_deps deps;
    struct wi_session_events events;
    char id[WI_ID_SIZE];
    char *kind_name;
    struct wi_launch launch;
    char *directory;
    struct wi_child *child;       /* NULL when no process is left */
    struct wi_listener *listener; /* of the bridge, in its own network; NULL: not there */
    struct wi_outlet outlet;      /* to its driver there */
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
    int welcomed, reloading, creating, closing, removing, unable;
    int spawns; /* of the driver, at most WI_SESSION_SPAWNS */
    struct wi_error early_error;
    struct wi_error check_error; /* of a check, until the service has said whether it is well */
    char browser_version[64];
    char last_line[160]; /* of the driver's output, for when it dies early */
};

/* --- session_state.c ------------------------------------------------------------------------- */

int wi_session_may_become(enum wi_session_state from, enum wi_session_state to);
/* The only writer of `state`. The session may be freed when this returns from CLOSED. */
void wi_session_set_state(
    struct wi_session *session, enum wi_session_state state, const struct wi_error *error);
/* It has a welcomed page. */
int wi_session_serves(const struct wi_session *session);
/* Its end has not begun: what happens to its processes is news. */
int wi_session_is_alive(const struct wi_session *session);
/* Its browser belongs to a service that is already running, so no process is ours. */
int wi_session_is_remote(const struct wi_session *session);

/* --- session_end.c --------------------------------------------------------------------------- */

/* For every failure; nothing may touch the session afterwards. */
void wi_session_fail(struct wi_session *session, const struct wi_error *why);
/* Deletes the browser's session, if there is one, then ends the rest. */
void wi_session_delete(struct wi_session *session);
/* Ends the processes, then removes the files. */
void wi_session_end_tree(struct wi_session *session, uint64_t grace_ms);
/* The answer to a request for a session that is no longer needed, or the news that none came. */
void wi_session_take_late(struct wi_session *session, const struct wi_error *error);
void wi_session_on_late(void *session);

/* --- session_page.c -------------------------------------------------------------------------- */

/* The browser exists: it is sent to our page. */
void wi_session_open_page(struct wi_session *session);
/* It has taken too long to serve. */
void wi_session_on_deadline(void *session);

/* --- session_start.c ------------------------------------------------------------------------- */

/* Starts the process, or connects to the running service; further steps lead to
 * wi_session_open_page or wi_session_fail. The caller reports an error. */
enum wi_code wi_session_begin(
    struct wi_session *session, const struct wi_config_browser *browser, struct wi_error *error);
/* The session's outlet, see base/net/outlet.h. */
int wi_session_take_socket(void *session);

#endif
