/*
 * A session: one browser that we start through its driver and own, with its process tree, its
 * profile directory and one page. One state machine with one writer; no policy (the pool decides
 * when to start and stop).
 *
 *   starting → ready ⇄ busy        ready → starting: its page is opened afresh
 *   starting, ready, busy → draining → closed
 *   starting, ready, busy, draining → broken → closed
 *
 * "ready" means that its node is welcome, which comes from the bridge through wi_session_welcomed;
 * "busy" that work was given to it; "draining" that it takes no more and ends.
 */
#ifndef WI_BROWSER_SESSION_H
#define WI_BROWSER_SESSION_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "base/secret.h"
#include "browser/instance.h"
#include "settings/config/config.h"
#include <sys/types.h>
#include <uv.h>

struct lws_context;
struct wi_bridge;

enum wi_session_state {
    WI_SESSION_STARTING,
    WI_SESSION_READY,
    WI_SESSION_BUSY,
    WI_SESSION_DRAINING,
    WI_SESSION_BROKEN,
    WI_SESSION_CLOSED,
    WI_SESSION_STATE_COUNT
};
const char *wi_session_state_name(enum wi_session_state state);

/* The dependencies of a session; all of them must outlive it. */
struct wi_session_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct lws_context *lws; /* for BiDi; NULL if there is none */
    struct wi_instance *instance;
    struct wi_children *children;
    const char *page_url; /* the bridge's, as this browser reaches it; NULL: not known */
    const struct wi_certificate *certificate; /* what it shows there; NULL: without TLS */
    /* Not 0: the session has a network of its own, with only loopback. Connections to this port of
     * it go to the bridge: `listen` takes a socket that listens there, which then belongs to the
     * callee, and returns the object to free later, or NULL. Only for a browser that we start. */
    unsigned apart_port;
    struct wi_listener *(*listen)(struct wi_bridge *bridge, int fd);
    struct wi_bridge *bridge;
    int confined;               /* wi_network_confined */
    const struct wi_gpus *gpus; /* of this machine (NULL: found); for wi_session_new only */
    const char *gpu; /* with gpu_device = all: the path of its GPU; for wi_session_new only */
};

struct wi_session_events {
    void *context;
    /* The page's URL with a fresh one-time token, asked for just before the browser navigates.
     * The callee writes it into `url`. */
    void (*on_page_url)(void *context, const char *session_id, char *url, size_t size);
    /* After every change of state. `error` says why it broke, else NULL. CLOSED is the last event:
     * every process of the tree is gone and the profile is removed. The session may be freed from
     * inside this callback then. */
    void (*on_state)(void *context, const char *session_id, enum wi_session_state from,
        enum wi_session_state to, const struct wi_error *error);
    /* The result of wi_session_check: `error` is NULL if the page is well. May be NULL. Of a
     * browser of a service, `field` says what the error is about: see WI_SESSION_SERVICE. */
    void (*on_checked)(void *context, const char *session_id, const struct wi_error *error);
    /* How many of the free browsers of the service at `url` others of ours are asking for now.
     * NULL: none. */
    size_t (*count_asking)(void *context, const char *session_id, const char *url);
};

struct wi_session_info {
    char id[WI_ID_SIZE];
    const char *kind;
    enum wi_session_state state;
    double age_ms;
    double ready_ms;  /* from spawn to the first welcome; 0 before */
    pid_t driver_pid; /* of the lifeline helper, whose group it is; -1 when none */
    char browser_version[64];
    int apart;       /* it has a network of its own */
    int hardware;    /* it is started for a GPU, and not for a software adapter */
    const char *gpu; /* the path of the only GPU that it may open; "": any */
    int unable;    /* its driver or browser ended, or refused, before its page was welcomed once */
    char step[32]; /* starting: "spawn", "driver", "session", "leave", "navigate", "welcome" */
    int welcomed;
    const char *service; /* the driver_url of a session that is being asked for there; else NULL */
};

struct wi_session;
/* The field in errors of sessions that could not have a network of their own. */
#define WI_SESSION_NETWORK "pool.network"
/* The same in the error of a session that was not asked for, as its Grid had no room. */
#define WI_SESSION_FULL "driver_url (full)"
/* The same in errors of starts and checks: the service does not answer. */
#define WI_SESSION_SERVICE "driver_url"
/* The same in errors of checks: a Grid's hub has forgotten the session, which its node still has.
 * Like the one before, it says nothing about the page. */
#define WI_SESSION_FORGOTTEN "driver_url (forgotten)"
/* Starts at once. `browser` is copied. It becomes broken if its node is not welcomed within
 * `timeout_ms`. */
struct wi_session *wi_session_new(const struct wi_session_deps *deps,
    const struct wi_config_browser *browser, int64_t timeout_ms,
    const struct wi_session_events *events);
/* The node of this session has been welcomed. */
void wi_session_welcomed(struct wi_session *session);
/* Whether it has work: ready or busy. Says nothing about a session in any other state. */
void wi_session_set_busy(struct wi_session *session, int busy);
/* Opens the page afresh in the same browser (with a fresh token). Only when ready. Leaving the old
 * page has a short deadline of its own; then `timeout_ms` begin. */
void wi_session_reload(struct wi_session *session, int64_t timeout_ms);
/* Makes the driver query the document, which must answer within `timeout_ms`: on_checked follows if
 * the session still serves then. Replaces a check under way. */
void wi_session_check(struct wi_session *session, uint64_t timeout_ms);
/* Ends the browser's GPU process, which the browser then starts again. 0, or -1 if it has none. */
int wi_session_end_gpu(struct wi_session *session);
/* It is to take no more work; nothing else happens until it is closed. */
void wi_session_drain(struct wi_session *session);
/* Ends it in good order: delete the session, end the tree, remove the profile. */
void wi_session_close(struct wi_session *session);
/* Ends it at once: SIGKILL to the tree, remove the profile. */
void wi_session_kill(struct wi_session *session, const struct wi_error *why);
/* Only when CLOSED (or inside its last event). */
void wi_session_free(struct wi_session *session);
enum wi_session_state wi_session_state(const struct wi_session *session);
void wi_session_info(const struct wi_session *session, struct wi_session_info *info);
uint64_t wi_session_memory(const struct wi_session *session);  /* see wi_child_memory */
unsigned wi_session_stopped(const struct wi_session *session); /* see wi_child_stopped */
/* The part of its browser's start that may be reported. */
const struct wi_strings *wi_session_flags(const struct wi_session *session);

/* Whether this kind can be started here, with these GPUs (NULL: they are found): WI_OK, and `stamp`
 * (NULL: not wanted) is that of wi_kind_stamp; or WI_UNAVAILABLE naming the missing program and the
 * package that provides it. Used before each start and by `webinfer doctor`. */
enum wi_code wi_session_installed(const struct wi_config_browser *browser,
    const struct wi_gpus *gpus, char *stamp, struct wi_error *error);

#endif
