/*
 * The nodes that there are, and the attempts on each. Facts only: who books an attempt does what
 * follows from it. Times are those of wi_now_ms.
 */
#ifndef WI_WORK_POOL_FACTS_NODES_H
#define WI_WORK_POOL_FACTS_NODES_H

#include "base/change.h"
#include "work/pool/facts/attempt.h"
#include "work/pool/facts/estimates.h"
#include "work/pool/facts/fleet.h"
#include "work/pool/facts/standings.h"

/* Deadlines in a row that a node let pass in silence: from so many on it is taken only where
 * nothing else has room, and after so many of which it did not even say that they had arrived, it
 * is not kept. */
#define WI_POOL_DOUBTED 2
#define WI_POOL_MUTE 4
/* A client that gave less time than this, or than it is known to take, says nothing of the node. */
#define WI_POOL_MISSED_MS 250.0

/* Why a node gets no work: bits. */
#define WI_POOL_HELD_UNPROVEN 1u /* until it has shown that it computes right (proof/) */
#define WI_POOL_HELD_FOUND 2u    /* for what was found of it (work/pool/evidence.h) */

struct pool_node;
/* What others may read of it. */
struct pool_node_info {
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* "" for a joined node */
    char party[WI_PARTY_SIZE];
    int away, draining;
    int paused;    /* by its person, until they say otherwise */
    unsigned held; /* by us: WI_POOL_HELD_… */
    int choked;    /* more waits to be sent to it than may; until it is tried again */
    size_t count;  /* attempts on it */
    const struct pool_attempt *attempts; /* these, the oldest first */
    unsigned missed;                     /* in a row; see WI_POOL_DOUBTED */
    unsigned mute;                       /* likewise, those of which it said nothing at all */
    struct pool_node_standing *standing; /* evidence.c and reports.c write it */
    const struct wi_fleet_node *place;   /* as routing sees it */
};

struct pool_nodes;
/* `estimates` (borrowed) say what is expected of an attempt; `listener` (borrowed; NULL: nobody) is
 * told which node has changed. */
struct pool_nodes *wi_pool_nodes_new(
    const struct wi_estimates *estimates, const struct wi_change_listener *listener);
void wi_pool_nodes_free(struct pool_nodes *nodes);

struct pool_node *wi_pool_nodes_first(const struct pool_nodes *nodes);
struct pool_node *wi_pool_node_next(const struct pool_node *node);
/* The first nodes by their ids behind `after` ("" for all), at most `most`, in that order; how many
 * they are. One walk over all nodes. */
size_t wi_pool_nodes_after(
    const struct pool_nodes *nodes, const char *after, const struct pool_node **found, size_t most);
size_t wi_pool_nodes_count(const struct pool_nodes *nodes);
/* NULL if there is none, as for "". */
struct pool_node *wi_pool_nodes_find(const struct pool_nodes *nodes, const char *id);
/* The same nodes in classes. */
const struct wi_fleet *wi_pool_nodes_fleet(const struct pool_nodes *nodes);
/* See wi_pool_yardstick; NULL if there is none. */
const struct pool_node *wi_pool_nodes_yardstick(const struct pool_nodes *nodes, const char *kind);
const struct pool_node_info *wi_pool_node_info_of(const struct pool_node *node);

/* It is there, is neither away nor choked, and drains if `draining`, else as before. */
struct pool_node *wi_pool_nodes_up(
    struct pool_nodes *nodes, const struct wi_node_info *info, int draining);
/* Puts it where it belongs by what its page says now; `models` as for wi_fleet_models. */
void wi_pool_node_place(struct pool_nodes *nodes, struct pool_node *node,
    const struct wi_node_info *info, const json_t *models);
void wi_pool_node_models(struct pool_node *node, const json_t *models);
void wi_pool_node_away(struct pool_nodes *nodes, struct pool_node *node);
void wi_pool_node_drain(struct pool_nodes *nodes, struct pool_node *node, int draining);
void wi_pool_node_pause(struct pool_nodes *nodes, struct pool_node *node, int paused);
/* `why`: one of WI_POOL_HELD_…, which the others do not end. */
void wi_pool_node_hold(struct pool_nodes *nodes, struct pool_node *node, unsigned why, int held);
void wi_pool_node_choke(struct pool_nodes *nodes, struct pool_node *node);
/* What could not be sent more is tried again; 1 if it could not, or any of them. */
int wi_pool_node_unchoke(struct pool_nodes *nodes, struct pool_node *node);
int wi_pool_nodes_unchoke(struct pool_nodes *nodes);
void wi_pool_nodes_remove(struct pool_nodes *nodes, struct pool_node *node);

/* When all that is on it is expected to be done; 0: nothing is, or it takes no time. */
double wi_pool_node_done_at(const struct pool_node *node);
/* The attempt was sent to it. */
void wi_pool_node_book(
    struct pool_nodes *nodes, struct pool_node *node, const struct wi_task *task, double now);
/* Takes the attempt off the node; the copy in `out` tells what it was. 0 if it was not there. The
 * model that it was to bring is none that the node has, unless the node has said so. */
int wi_pool_node_unbook(
    struct pool_node *node, const char *attempt_id, double now, struct pool_attempt *out);

/* Whether it is the first time that this is asked of the node: then it is to compile what others
 * like it have used. */
int wi_pool_node_prepare(struct pool_node *node);
/* The node has the model, as its answer shows. */
void wi_pool_node_confirm(struct pool_node *node, const char *hash, enum wi_platform platform);
/* The node says that it has the attempt. */
void wi_pool_node_accepted(struct pool_node *node, const char *attempt_id);
/* It is at work on it. 1 if it is to be placed anew, since it was doubted. */
int wi_pool_node_works(struct pool_node *node, const char *attempt_id, double now);
/* The same of one that it has answered, and which was taken off. */
int wi_pool_node_answered(struct pool_node *node, const struct pool_attempt *attempt, double now);
/* The attempt, which was taken off, was stopped: 1 if the node has missed it, so that it is to be
 * placed anew. One that nothing was heard of is missed if `silent`, however long it had. */
int wi_pool_node_missed(
    struct pool_node *node, const struct pool_attempt *attempt, int silent, double now);
/* So many bytes were sent to it in all. Where that is more by this than a second before, or it is
 * `away`, nothing can be expected of it yet. */
#define WI_POOL_SENT_BYTES 16384
void wi_pool_node_was_sent(struct pool_node *node, uint64_t bytes, int away, double now);
/* The oldest attempt that it has said nothing of for `limit_ms`; NULL if there is none. */
const struct pool_attempt *wi_pool_node_silent(
    const struct pool_node *node, double limit_ms, double now);

/* A client's own kernel begins there, and is to be done at `due`. 0 if none of that id is to begin,
 * or nothing was heard of it before (wi_pool_node_works). */
int wi_pool_node_begun(struct pool_node *node, const char *attempt_id, double due);
/* It is done, and its outputs are on their way: nothing is due any more. */
void wi_pool_node_computed(struct pool_node *node, const char *attempt_id);
/* It is wanted no more: to be done at `due`, if not sooner. 0 if none of that id has begun. */
int wi_pool_node_hurry(struct pool_node *node, const char *attempt_id, double due);
/* What computes one is ended: that the others there are lost with it is no fault of theirs. */
void wi_pool_node_excuse(struct pool_node *node);
/* The one that is to be done first; NULL if none has begun. */
const struct pool_attempt *wi_pool_node_next_due(const struct pool_node *node);

/* An attempt that was taken off the node ended because the engine or the node broke: whether others
 * of the same worker were on it then. These, if it was the engine, will be told the same. */
int wi_pool_node_broke(struct pool_node *node, const struct pool_attempt *ended);

/* Text whose engine runs another's grammar beside it may wait for that, and is better off
 * elsewhere, where the engine has brought nobody anything for so many times what a token takes
 * there, and at least and at most so long. */
#define WI_POOL_HELD_TOKENS 5
#define WI_POOL_HELD_MIN_MS 3000.0
#define WI_POOL_HELD_MAX_MS 10000.0
/* The oldest attempt that is held up so and was not asked about at `now`, which notes that it is;
 * NULL if there is none. */
const struct pool_attempt *wi_pool_node_held_up(struct pool_node *node, double now);

/* What a joined node has not answered in half of the time until its client's deadline, and in twice
 * what it is known to take there, is better off elsewhere, where there was so much time at least.
 * It is asked about so often until the deadline, at most. */
#define WI_POOL_LATE_MIN_MS 1000.0
#define WI_POOL_LATE_STEPS 8
/* As wi_pool_node_held_up. */
const struct pool_attempt *wi_pool_node_late(struct pool_node *node, double now);

#endif
