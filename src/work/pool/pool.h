/*
 * The pool: it starts and repairs sessions, knows the nodes that come from them (or join by
 * themselves), and chooses a node for a piece of work. It knows attempts only as load on nodes.
 */
#ifndef WI_WORK_POOL_POOL_H
#define WI_WORK_POOL_POOL_H

#include "base/change.h"
#include "base/error.h"
#include "base/net/http_client.h"
#include "browser/children.h"
#include "browser/session.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "settings/store/db.h"
#include "wire/inference.h"
#include "work/pool/facts/prefixes.h"
#include "work/pool/facts/remedies.h"

/* The requirements of a piece of work on a node. Strings are borrowed; NULL means "any". */
struct wi_demand {
    const struct wi_inference *asked; /* settled */
    const char *avoid;                /* a node that has just failed this job */
    const char *client;               /* the client; NULL: no particular one */
    double waited_ms;                 /* since it was accepted */
    int continues;                    /* only engines that can continue another's work */
    int several;                      /* it continues several answers */
    int ours_only;                    /* only browsers that we have started, see wi_demand_keep */
    int lent;                         /* with ours_only: or that another daemon lends */
    int no_relays;                    /* no node that is a relay: it came through one */
    int proves;                       /* it examines the node, which may be draining or held */
    /* A second opinion on the answer of `avoid`: no node of the same party, and one of ours if any
     * has room. */
    int second;
    int only_looks;                         /* the choice has no effects */
    const struct wi_prefix_key *beginnings; /* of its prompt, in the order of their length */
    size_t beginning_count;
};
/* Whether work (`text`: it contains text written by people) may only go to browsers that we have
 * started ([pool] strangers), or that a relay lends: its token is no stranger's. Simulated nodes
 * are exempt: a client that names them knows them. */
static inline int wi_demand_keep(enum wi_strangers strangers, int text)
{
    return strangers == WI_STRANGERS_NONE || (strangers == WI_STRANGERS_TENSORS && text);
}
enum wi_pick { WI_PICK_NODE, WI_PICK_WAIT, WI_PICK_NEVER };

/* A requested platform that was passed over before anything was sent, so that the answer can give
 * the reason. */
struct wi_refusal {
    int given;
    enum wi_platform platform;
    char reason[128];
};

/* A run that measures or checks this kind and platform. */
struct wi_probe {
    int wanted;  /* after the job's answer: with its inputs, or with ours for its task */
    int compare; /* compare the answer, for the first time or again */
    char browser[32];
    enum wi_platform platform;
    double deadline_ms; /* its time limit; a run that exceeds it is recorded as slow */
};

/* How much work of the chosen type a node, and all nodes that accept work, may have at a time. */
struct wi_room {
    unsigned queue; /* of the node: see work/pool/facts/fleet.h */
    size_t of_node, of_all;
    size_t texts; /* slots of all nodes if each is occupied for a whole text; else 0 */
};

struct wi_choice {
    char node[WI_ID_SIZE];
    struct wi_room room;
    enum wi_platform platforms[WI_PLATFORM_COUNT]; /* to try, in this order */
    size_t platform_count;
    struct wi_refusal refusal;
    struct wi_probe probe;
};

struct wi_pool_events {
    void *context;
    /* An answer came: its node has room for one more attempt, and nothing else has changed. */
    void (*on_slot_free)(void *context);
    /* Anything else that may change which jobs can be sent: a node or a browser came or went. */
    void (*on_capacity)(void *context);
    void (*on_accepted)(void *context, const char *attempt_id);
    /* As in struct wi_bridge_events. Both may be NULL. */
    void (*on_part)(void *context, const char *attempt_id, const struct wi_part *part);
    void (*on_progress)(void *context, const char *attempt_id, const struct wi_progress *progress);
    void (*on_answer)(
        void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer);
    void (*on_lost)(void *context, const char *node_id, const char *attempt_id, enum wi_blame blame,
        const char *why);
    /* Another request holds up its engine: it should move to another node, if one has room. It may
     * be cancelled inside this call. */
    void (*on_held_up)(void *context, const char *attempt_id, const char *why);
    /* Likewise if a joined node has not answered after half of the time until the deadline, and
     * after more time than such an attempt is known to take there. May be NULL. */
    void (*on_late)(void *context, const char *attempt_id, const char *why);
    /* A client's own kernel has exceeded [api] kernel_time: it is no longer waited for. */
    void (*on_overrun)(void *context, const char *attempt_id);
};

/* Events for the module that decides whether nodes may have work. None may end a node. */
struct wi_pool_watch {
    void *context;
    /* A node has arrived, is back, or has sent a new report; called before it gets work because of
     * that. */
    void (*on_node)(void *context, const struct wi_node_info *node);
    void (*on_gone)(void *context, const char *node_id);
};

struct wi_network; /* browser/browser_network.h */

struct wi_pool_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct lws_context *lws; /* for the sessions; NULL: none */
    struct wi_instance *instance;
    struct wi_children *children;
    struct wi_network *network; /* NULL: browsers have no network of their own */
    struct wi_db *db;           /* facts kept from one start to the next; may be NULL */
    /* Is told of changes, including those of the bridge's nodes; NULL: none. */
    const struct wi_change_listener *listener;
};

struct wi_pool;
struct wi_verdicts;
/* The bridge's events must be pointed at the pool: see wi_pool_bridge_events. */
struct wi_pool *wi_pool_new(const struct wi_pool_deps *deps, const struct wi_config *config,
    const struct wi_pool_events *events);
/* The events with which to create the bridge; they stay valid as long as the pool. */
const struct wi_bridge_events *wi_pool_bridge_events(struct wi_pool *pool);
void wi_pool_watch(struct wi_pool *pool, const struct wi_pool_watch *watch); /* copied */
/* Starts min_connections sessions. */
void wi_pool_start(struct wi_pool *pool, struct wi_bridge *bridge);
void wi_pool_reload(struct wi_pool *pool, const struct wi_config *config);
/* Closes every session; `on_closed` follows when no process of ours is left. With `at_once`, kills
 * them (a second call may add this to the first). */
void wi_pool_close(struct wi_pool *pool, int at_once, void (*on_closed)(void *), void *context);
void wi_pool_free(struct wi_pool *pool);

/* WI_PICK_NODE fills `choice`; WI_PICK_WAIT: a node or browser that could run it is busy, starting
 * or recovering; WI_PICK_NEVER fills `error` (WI_UNAVAILABLE, WI_NODE_NOT_FOUND,
 * WI_PLATFORM_UNSUPPORTED). */
enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error);
/* Whether any node that fits the demand's engine, `stream`, `continues`, `browser` and `node`
 * accepts work and has room for more; the rest of the demand is ignored. If none has, wi_pool_pick
 * gives no node; this is cheaper than calling it. */
int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand);
/* The probe that a choice requested was not run, because there was too much work. That does not
 * delay the next one. */
void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe);
/* The node has computed this beginning of a prompt, of `tokens` tokens, and may still have it. */
void wi_pool_computed(
    struct wi_pool *pool, const char *node_id, const struct wi_prefix_key *key, unsigned tokens);
/* As wi_bridge_load, for at least one platform; or WI_NODE_PAUSED, or WI_UNAVAILABLE for a held
 * node: it accepts nothing now; or WI_MODEL_TOO_LARGE: its user allows no model of that size there,
 * or its engine cannot read such files. */
enum wi_code wi_pool_load(struct wi_pool *pool, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count);
/* As wi_bridge_send_task. A node that returned WI_NODE_BUSY is not picked again for a while. */
enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error);
/* As wi_bridge_credit. */
void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit);
void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason);
/* Sets how much work waits, so that the pool can open sessions for it. */
void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting);
/* The verdicts on which platforms compute which models correctly: work/pool/facts/verdicts.h. */
struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool);
/* Whether it has no connection and may come back for its attempts. */
int wi_pool_is_away(const struct wi_pool *pool, const char *node_id);
/* A node's report about itself; NULL if it is gone. Borrowed until the next turn of the loop. */
const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id);
/* The same of a node of that kind (NULL: of any) whose WASM answers are the reference for others':
 * one of our sessions, else a joined one, but no relay. NULL if there is none now. */
const struct wi_node_info *wi_pool_yardstick(const struct wi_pool *pool, const char *kind);

/* Sets whether the node is held: it gets no work except examinations until that is undone. It
 * finishes the work that it has begun. */
void wi_pool_hold(struct wi_pool *pool, const char *node_id, int held);

/* Admin commands. WI_OK, or the not-found code for the named object. */
/* The recorded abilities of the kind are not trusted until a new session of it has come, which the
 * next demand that needs it may start. */
enum wi_code wi_pool_doubt_kind(struct wi_pool *pool, const char *kind, struct wi_error *error);
enum wi_code wi_pool_recycle(struct wi_pool *pool, const char *session_id, struct wi_error *error);
enum wi_code wi_pool_drain(
    struct wi_pool *pool, const char *node_id, int draining, struct wi_error *error);

/* WI_OK if a node can accept work; else WI_UNAVAILABLE with the reason. */
enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error);
/* [{"id","kind","state",…}] and [{"id","browser",…}] for the status API, the latter for the first
 * `most` nodes; `*more` is the number of others. New references. */
json_t *wi_pool_sessions_json(const struct wi_pool *pool);
json_t *wi_pool_nodes_json(const struct wi_pool *pool, size_t most, size_t *more);
/* The fastest ways found to compute kernels, by place or node; limited as in wi_pool_nodes_json. */
json_t *wi_pool_tunings_json(const struct wi_pool *pool, size_t most, size_t *more);
/* The rows of at most `limit` nodes, ordered by id, after `after` ("" for all); `more` receives
 * whether others follow. */
json_t *wi_pool_nodes_page_json(
    const struct wi_pool *pool, const char *after, size_t limit, int *more);
/* One of them; NULL if there is none. */
json_t *wi_pool_session_json(const struct wi_pool *pool, const char *session_id);
json_t *wi_pool_node_json(const struct wi_pool *pool, const char *node_id);
/* Add the ids of at most `most` of them, in the same order. */
void wi_pool_list_sessions(const struct wi_pool *pool, struct wi_strings *ids, size_t most);
void wi_pool_list_nodes(const struct wi_pool *pool, struct wi_strings *ids, size_t most);
/* {"chrome":{"installed","problem","breaker","failures","next_start_ms","min","max","wished",
 * "sessions":{STATE: count},"transitions":{FROM:{TO: count}}}}; new reference. "problem" is null if
 * the kind was not asked for: it is switched off, or is a default kind that is not installed. */
json_t *wi_pool_kinds_json(const struct wi_pool *pool);
/* The page that says what installed browsers of the kind can do, as one of its last two sessions
 * reported; NULL if that is not known. Borrowed until the next turn of the loop. */
const struct wi_node_info *wi_pool_kind_page(const struct wi_pool *pool, const char *kind);
/* Appends a sentence for each problem of the enabled kinds that an operator should fix. */
void wi_pool_add_warnings(const struct wi_pool *pool, json_t *warnings);
/* Explains where this demand would run now and why, by the same steps as wi_pool_pick; see GET
 * /v1/hardware. It changes nothing. New reference. */
json_t *wi_pool_hardware_json(struct wi_pool *pool, const struct wi_demand *demand);
/* Whether there is a node of this kind. */
int wi_pool_has_kind(const struct wi_pool *pool, const char *kind);

struct wi_pool_counters {
    uint64_t sessions_started, sessions_broken, sessions_closed;
    uint64_t sessions_worn; /* those that were to be replaced by new ones */
    uint64_t faults[WI_FAULT_COUNT], remedies[WI_REMEDY_COUNT];
    uint64_t start_ms_count;
    double start_ms_sum;
    /* Now. Live sessions are those that are starting, ready (idle) or busy (leased). */
    size_t states[WI_SESSION_STATE_COUNT];
    size_t live, nodes, open_nodes; /* open: they accept work */
    uint64_t probes;                /* shadow runs that were requested */
    size_t classes, estimates;      /* now: classes of nodes; measurements */
};
void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters);

#endif
