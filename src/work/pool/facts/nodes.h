/*
 * All nodes, and the attempts on each. Facts only: the caller that records an attempt acts on the
 * consequences. Others read the members; only the functions here change them, except `standing`,
 * and fleet.h `place`.
 * Times are those of wi_awake_ms.
 */
#ifndef WI_WORK_POOL_FACTS_NODES_H
#define WI_WORK_POOL_FACTS_NODES_H

#include "base/change.h"
#include "work/pool/facts/attempt.h"
#include "work/pool/facts/estimates.h"
#include "work/pool/facts/fleet.h"
#include "work/pool/facts/standings.h"

/* Numbers of consecutive deadlines that a node let pass in silence. After WI_POOL_DOUBTED it is
 * used only if nothing else has room. After WI_POOL_MUTE attempts that it did not even acknowledge,
 * it is dropped. */
#define WI_POOL_DOUBTED 2
#define WI_POOL_MUTE 4
/* A shorter deadline than this, or than the known time of the work, is not counted against the
 * node. */
#define WI_POOL_MISSED_MS 250.0

/* The reasons that a node gets no work: bits. */
#define WI_POOL_HELD_UNPROVEN 1u /* until it has proven that it computes correctly (proof/) */
#define WI_POOL_HELD_FOUND 2u    /* because of evidence against it (work/pool/evidence.h) */

struct pool_node {
    UT_hash_handle hh; /* by id; hh.next is the next of all */
    const struct pool_nodes *nodes;
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* "" for a joined node */
    char party[WI_PARTY_SIZE];
    int away, draining;
    int paused;                    /* by its user, until the user resumes it */
    int throttled;                 /* it runs slowly at present, as its page says */
    unsigned held;                 /* by us: WI_POOL_HELD_… */
    int choked;                    /* too much data waits to be sent to it; until the next try */
    size_t count;                  /* attempts on it */
    struct pool_attempt *attempts; /* its attempts, the oldest first */
    unsigned missed;               /* in a row; see WI_POOL_DOUBTED */
    unsigned mute;                 /* likewise, those about which it was completely silent */
    struct pool_node_standing standing; /* written by evidence.c and reports.c */
    struct wi_fleet_node place;         /* its state for routing */
    double works_at;                    /* when it last was at work, as far as it says */
    double sent_at;                     /* when much was last on its way to it */
    uint64_t sent_bytes;                /* by then, in all */
    size_t unheard;                     /* attempts that it has said nothing of */
    size_t constrained;                 /* attempts whose text is kept to a grammar */
    /* When anybody had something of the queue's engine, while something constrained ran there. */
    double brought_at[WI_FLEET_QUEUES];
    int answered; /* anything, ever */
    int prepared; /* it was told what to compile */
};

struct pool_nodes {
    struct pool_node *all;
    struct wi_fleet fleet; /* the same nodes grouped in classes */
    const struct wi_estimates *estimates;
    const struct wi_change_listener *listener;
};
/* `estimates` (borrowed) gives the expected times of attempts; `listener` (borrowed; NULL: none) is
 * told which node has changed. */
struct pool_nodes *wi_pool_nodes_new(
    const struct wi_estimates *estimates, const struct wi_change_listener *listener);
void wi_pool_nodes_free(struct pool_nodes *nodes);

/* The first nodes, ordered by id, after `after` ("" for all), at most `most`. Returns their number.
 * One walk over all nodes. */
size_t wi_pool_nodes_after(
    const struct pool_nodes *nodes, const char *after, const struct pool_node **found, size_t most);
/* NULL if there is none, as for "". */
struct pool_node *wi_pool_nodes_find(const struct pool_nodes *nodes, const char *id);
/* See wi_pool_yardstick; NULL if there is none. */
const struct pool_node *wi_pool_nodes_yardstick(const struct pool_nodes *nodes, const char *kind);

/* Adds the node, or marks it as back: it is neither away nor choked, and is draining if `draining`
 * is set, else as before. */
struct pool_node *wi_pool_nodes_up(
    struct pool_nodes *nodes, const struct wi_node_info *info, int draining);
/* Puts it into its class by its page's present report; `models` as for wi_fleet_models. */
void wi_pool_node_place(struct pool_nodes *nodes, struct pool_node *node,
    const struct wi_node_info *info, const json_t *models);
void wi_pool_node_models(struct pool_node *node, const json_t *models);
void wi_pool_node_away(struct pool_nodes *nodes, struct pool_node *node);
void wi_pool_node_drain(struct pool_nodes *nodes, struct pool_node *node, int draining);
void wi_pool_node_pause(struct pool_nodes *nodes, struct pool_node *node, int paused);
/* `why`: one of WI_POOL_HELD_…; each is set and cleared separately. */
void wi_pool_node_hold(struct pool_nodes *nodes, struct pool_node *node, unsigned why, int held);
void wi_pool_node_choke(struct pool_nodes *nodes, struct pool_node *node);
/* A choked node is tried again. Returns 1 if it was choked, or any of them was. */
int wi_pool_node_unchoke(struct pool_nodes *nodes, struct pool_node *node);
int wi_pool_nodes_unchoke(struct pool_nodes *nodes);
void wi_pool_nodes_remove(struct pool_nodes *nodes, struct pool_node *node);

/* When all of its work is expected to be done; 0: it has none, or the work takes no time. */
double wi_pool_node_done_at(const struct pool_node *node);
/* Records an attempt that was sent to it. */
void wi_pool_node_book(
    struct pool_nodes *nodes, struct pool_node *node, const struct wi_task *task, double now);
/* Takes the attempt off the node; `out` receives a copy of it. Returns 0 if it was not there. The
 * attempt's model no longer counts as loaded there, unless the node has said that it is. */
int wi_pool_node_unbook(
    struct pool_node *node, const char *attempt_id, double now, struct pool_attempt *out);

/* Returns 1 on the first call for the node: it is then to compile the kernels that others like it
 * have used. */
int wi_pool_node_prepare(struct pool_node *node);
/* The node says that it has received the attempt. */
void wi_pool_node_accepted(struct pool_node *node, const char *attempt_id);
/* It is working on the attempt. Returns 1 if it must be placed again, because it was doubted. */
int wi_pool_node_works(struct pool_node *node, const char *attempt_id, double now);
/* The same for an attempt that it has answered, and that was taken off. */
int wi_pool_node_answered(struct pool_node *node, const struct pool_attempt *attempt, double now);
/* The attempt, which was taken off, was stopped. Returns 1 if the node has missed it, so that the
 * node must be placed again. With `silent`, an attempt about which it was silent counts as missed
 * regardless of its deadline. */
int wi_pool_node_missed(
    struct pool_node *node, const struct pool_attempt *attempt, int silent, double now);
/* Sets how many bytes were sent to it in total. If that has grown by at least this much within a
 * second, or it is `away`, no sign of life can be expected from it yet. */
#define WI_POOL_SENT_BYTES 16384
void wi_pool_node_was_sent(struct pool_node *node, uint64_t bytes, int away, double now);
/* The oldest attempt about which it has been silent for `limit_ms`; NULL if there is none. */
const struct pool_attempt *wi_pool_node_silent(
    const struct pool_node *node, double limit_ms, double now);

/* A client's own kernel begins there, and must be done at `due`. Returns 0 if there is none with
 * that id that is to begin, or nothing was heard of it before (wi_pool_node_works). */
int wi_pool_node_begun(struct pool_node *node, const char *attempt_id, double due);
/* It is done, and its outputs are being sent: it is no longer due. */
void wi_pool_node_computed(struct pool_node *node, const char *attempt_id);
/* It is no longer wanted: it must be done at `due`, if not sooner. Returns 0 if none with that id
 * has begun. */
int wi_pool_node_hurry(struct pool_node *node, const char *attempt_id, double due);
/* The process that computes one is being ended: the other attempts that are lost with it are not to
 * blame. */
void wi_pool_node_excuse(struct pool_node *node);
/* The one with the earliest due time; NULL if none has begun. */
const struct pool_attempt *wi_pool_node_next_due(const struct pool_node *node);

/* An attempt that was taken off the node ended because the engine or the node broke. Returns
 * whether other attempts of the same worker were on it then. If the engine broke, they will get the
 * same message. */
int wi_pool_node_broke(struct pool_node *node, const struct pool_attempt *ended);

/* A text may have to wait if its engine runs another text's grammar at the same time. It should go
 * elsewhere once the engine has produced nothing for WI_POOL_HELD_TOKENS times the time of a token
 * there, but at least WI_POOL_HELD_MIN_MS and at most WI_POOL_HELD_MAX_MS. */
#define WI_POOL_HELD_TOKENS 5
#define WI_POOL_HELD_MIN_MS 3000.0
#define WI_POOL_HELD_MAX_MS 10000.0
/* The oldest attempt that is held up in this way and was not yet returned for `now`, which is
 * noted; NULL if there is none. */
const struct pool_attempt *wi_pool_node_held_up(struct pool_node *node, double now);

/* An attempt should go elsewhere if a joined node has not answered it within half of the time until
 * its client's deadline and within twice its known time there, and if that time was at least
 * WI_POOL_LATE_MIN_MS. It is reported at most WI_POOL_LATE_STEPS times until the deadline. */
#define WI_POOL_LATE_MIN_MS 1000.0
#define WI_POOL_LATE_STEPS 8
/* As wi_pool_node_held_up. */
const struct pool_attempt *wi_pool_node_late(struct pool_node *node, double now);

#endif
