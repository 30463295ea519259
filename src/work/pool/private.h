/*
 * The pool as its own policy files see it; no other file includes this header. The parts are
 * changed only by their own functions. Only pool.c sets the pointers to the parts, and the other
 * members.
 */
#ifndef WI_WORK_POOL_PRIVATE_H
#define WI_WORK_POOL_PRIVATE_H

#include "work/pool/evidence.h"
#include "work/pool/facts/abilities.h"
#include "work/pool/facts/browser_kinds.h"
#include "work/pool/facts/kernels_used.h"
#include "work/pool/facts/nodes.h"
#include "work/pool/facts/place_holds.h"
#include "work/pool/facts/sessions.h"
#include "work/pool/facts/shortages.h"
#include "work/pool/facts/tunings.h"
#include "work/pool/facts/use.h"
#include "work/pool/pool.h"
#include "work/pool/scale.h"
#include "work/pool/wake.h"

struct wi_pool {
    struct wi_pool_deps deps;
    struct wi_pool_events events;
    struct wi_pool_watch watch;
    const struct wi_config *config; /* borrowed */
    struct wi_bridge *bridge;       /* from wi_pool_start on */
    struct wi_bridge_events bridge_events;
    struct pool_kinds *kinds;
    struct pool_sessions *sessions;
    struct pool_nodes *nodes;
    struct pool_wake *wake;
    struct pool_grid *grids;  /* that have no room; written by grids.c */
    struct wi_timer *look;    /* checks sessions and attempts in turn; NULL once all is closed */
    struct wi_timer *overdue; /* fires when a client's own kernel is overdue; likewise */
    uint64_t faults[WI_FAULT_COUNT], remedies[WI_REMEDY_COUNT]; /* health.c counts them */
    uint64_t found[WI_EVIDENCE_COUNT];                          /* evidence.c counts it */
    struct pool_chooser *chooser;
    struct wi_backlog backlog;
    struct wi_estimates *estimates;
    struct wi_verdicts *verdicts;
    struct wi_standings *standings;     /* of joined nodes that have left; written by evidence.c */
    struct wi_place_holds *place_holds; /* likewise written by evidence.c */
    struct wi_prefixes *prefixes;
    struct wi_shortages *shortages;
    struct wi_kernels_used *kernels_used;
    struct wi_tunings *tunings;
    struct wi_abilities *abilities;
    struct wi_evictions evictions; /* recorded by plan.c */
    double quiet_since; /* since when no work waits and all browsers rest; 0: not now; tune.c */
    int crowded;        /* memory has no room for one more browser; set by plan.c */
    int closing;
    void (*on_closed)(void *);
    void *closed_context;
};

/* The kind of a session; NULL if it is no longer configured. */
static inline struct pool_kind *wi_pool_kind_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_kinds_find(pool->kinds, session->kind);
}

/* The node of a session's page; NULL if there is none. */
static inline struct pool_node *wi_pool_node_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_nodes_find(pool->nodes, session->node);
}

/* --- plan.c: the number of sessions, as scale.h decides it ------------------------------------ */

/* Starts, closes and schedules sessions as the numbers require; every event leads to it. */
void wi_pool_plan(struct wi_pool *pool);
/* A session of this kind is wanted: a request is pinned to it, or its models are to run there.
 * Cheap and safe to repeat, also for kinds that are unknown, missing or running already. It opens
 * one as soon as there is room under the maxima. The request is forgotten if it is not repeated
 * within WI_KIND_REQUEST_MS. A session of another kind above its own minimum may have to make room:
 * for a client within the bounds of work/pool/facts/use.h; for no particular client (NULL) only an
 * unused one. */
#define WI_KIND_REQUEST_MS 30000
void wi_pool_request_kind(struct wi_pool *pool, const char *kind, const char *client);
/* The expected time of a start, in ms, from earlier ones. */
double wi_pool_start_ms(const struct wi_pool *pool);
/* The reason that no further browser is opened, if it is a lack of memory, to be freed; else
 * NULL. */
char *wi_pool_crowded(const struct wi_pool *pool);
/* Whether the minima of other kinds never leave room for a session of this kind. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);

/* --- retire.c: ends sessions in good order, together with their nodes ------------------------- */

/* Marks it to be replaced by a new one. */
void wi_pool_end_worn(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Gives it no new work, and closes it as soon as nothing runs on it. */
void wi_pool_end_retire(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Ends it in good order, but at once: its running work is lost. */
void wi_pool_end_close(struct wi_pool *pool, struct pool_session *session);
/* Ends its page: its running work is lost. */
void wi_pool_end_page(struct wi_pool *pool, const struct pool_session *session, const char *why);
/* The session that it replaces may end now. */
void wi_pool_end_replaced(struct wi_pool *pool, const struct pool_session *successor);

/* --- placing.c: puts a node into its class, by its page's report and the facts about it ------- */

/* Its page has sent this report. */
void wi_pool_place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info);
/* The facts about it have changed. */
void wi_pool_place_anew(struct wi_pool *pool, struct pool_node *node);

/* --- evidence.c ------------------------------------------------------------------------------- */

/* Events of the pool itself: answers, and the passing of time; see evidence.h. */

/* An answer that speaks for a joined node was recorded: it may get its share of work again. */
void wi_pool_reconsider(struct wi_pool *pool, struct pool_node *node);
/* A joined node has come, and is in its class: the evidence kept for its party now applies to
 * it. */
void wi_pool_recall(struct wi_pool *pool, struct pool_node *node);
/* The node leaves. */
void wi_pool_remember(struct wi_pool *pool, const struct pool_node *node);
/* Releases the holds that end by `now`, of wi_steady_ms. */
void wi_pool_found_look(struct wi_pool *pool, int64_t now);

/* --- health.c --------------------------------------------------------------------------------- */

/* Checks the health of the sessions, and acts when one is unhealthy. A dead process, a silent
 * link and a lost GPU are reported by other modules; all other faults are found here. */

/* Checks each session in turn; `now` is wi_awake_ms(). */
void wi_pool_look(struct wi_pool *pool, double now);

/* The result of wi_session_check, for the pool as `context`; NULL: the session is healthy. */
void wi_pool_checked(void *context, struct pool_session *session, const struct wi_error *error);
/* How long a page may be silent, about itself or about an attempt: heartbeat_interval times
 * heartbeat_misses, and at least 2 s. */
double wi_pool_patience_ms(const struct wi_pool *pool);
/* A kernel on WebGPU, named in `why`, has exceeded its time: ends at once the process in which its
 * browser accesses the GPU, or the session if the browser has no separate process for that. */
void wi_pool_end_kernel(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Applies the remedy that wi_ladder_climb chooses; for any fault but WI_FAULT_PLATFORM_LOST. */
void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why);
/* The same for that one: its page has lost the platform. */
void wi_pool_platform_lost(
    struct wi_pool *pool, struct pool_session *session, enum wi_platform platform, const char *why);

/* --- reports.c -------------------------------------------------------------------------------- */

/* Handles the bridge's events: records them, passes them to the modules concerned, and passes
 * them up. */

/* The events for the bridge; `pool` must outlive it. */
struct wi_bridge_events wi_pool_reports(struct wi_pool *pool);
/* Stops the attempt, about which its node has been silent: it is lost without blame, and may go
 * elsewhere. */
void wi_pool_lose(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, const char *why);
/* Stops a client's own kernel that has exceeded its time, by ending the process that computes it.
 * The node may be gone afterwards. */
void wi_pool_overrun(struct wi_pool *pool, struct pool_node *node, const char *attempt_id);

/* --- measure.c -------------------------------------------------------------------------------- */

/* Turns attempts into estimates: to which place (place.h) an answer, a failure or a silence
 * applies, and how long it took there. Simulated nodes and built-in models are not measured. */

/* Measures by the page's report, which also covers the platforms that failed before. */
void wi_pool_measure_answer(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer);
/* That platform (-1: none) failed with the attempt's model. */
void wi_pool_measure_failure(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, int platform);
/* Notes where the model was not loaded because of a lack of memory, by `models`, the node's latest
 * list (may be NULL). Returns whether that is why the attempt failed; for a batch, of which nothing
 * is noted, whether it lacked memory for any reason. */
int wi_pool_measure_shortage(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer, const json_t *models);
/* The attempt was stopped at its deadline. */
void wi_pool_measure_exceeded(
    struct wi_pool *pool, const struct pool_node *node, const struct pool_attempt *attempt);
/* The time of a model's warm-up when it was loaded: `model` is the node's report of it
 * (nodes/bridge/model_status.h), `now` is wi_awake_ms(). */
void wi_pool_measure_warm_up(
    struct wi_pool *pool, const struct pool_node *node, const json_t *model, double now);

/* The timings of a successful answer to a text task, which took `took_ms` by our clock. If the task
 * makes no text and reports only its usage, all of the time was spent reading the prompt. Public
 * for tests. */
struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms);
/* The time to load and run the task on nodes like this one, in ms; 0 if unknown, as for streams and
 * for tasks of varying length. */
double wi_pool_usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task);
/* The time per token of a prompt there, in ms; 0 if unknown. */
double wi_pool_prompt_ms(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_model *model, enum wi_platform platform);

/* --- tune.c ----------------------------------------------------------------------------------- */

/* Decides when a node looks for the fastest way to compute its kernels: a node that computes on
 * a GPU does so when it is idle, no work waits anywhere, and all browsers of ours are at rest.
 * The order is a message, not a task: it takes no slot, no client waits for it, and any task
 * ends it. */

/* The place where kernels run on the node's GPU; NULL: it has none, or it is a relay. */
const struct wi_place *wi_pool_gpu_of(const struct pool_node *node);
/* Lets nodes begin, if the time is right. Called each second. */
void wi_pool_tune(struct wi_pool *pool, double now);
/* A kernel has run on the node's GPU, with sizes of that class ("": of none): it may be tuned for
 * these. */
void wi_pool_tune_note(struct wi_pool *pool, const struct pool_node *node,
    const struct wi_kernel *kernel, const char *size_class);
/* The node has ended tuning. */
void wi_pool_tuned(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_tuning *tuning);
/* The tuning that a node needs before it computes anything: as wi_bridge_events.tuning. */
json_t *wi_pool_tuning(void *context, const struct wi_node_info *info);
/* Sends it to a node that has already been welcomed. */
void wi_pool_tell_tuning(struct wi_pool *pool, const struct wi_node_info *info);

#endif
