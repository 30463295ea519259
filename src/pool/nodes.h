/*
 * The nodes that there are, and the attempts on each. Facts only: who books an attempt does what
 * follows from it. Times are those of wi_now_ms.
 */
#ifndef WI_POOL_NODES_H
#define WI_POOL_NODES_H

#include "bridge/bridge.h"
#include "pool/estimates.h"
#include "pool/fleet.h"

struct pool_attempt {
    struct pool_attempt *next;
    char id[WI_ID_SIZE + 12];
    int builtin;
    int stream;
    enum wi_task_kind task; /* how long some or a stream take says nothing of the model */
    enum wi_engine engine;
    unsigned queue;    /* of its node: wi_fleet_queue */
    unsigned requests; /* that are joined in it, or 0 */
    int alone;         /* nothing else is to be given to its engine meanwhile */
    int suspect;       /* its engine broke while others ran in it */
    char hash[65];
    enum wi_platform platform; /* the first that it tries */
    double sent_at, expected_ms;
    double not_run_ms; /* of that, what was expected for the queue and for loading */
};

struct pool_node;
/* What others may read of it. */
struct pool_node_info {
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* "" for a joined node */
    int away, draining;
    int choked;   /* more waits to be sent to it than may; until wi_pool_nodes_unchoke */
    size_t count; /* attempts on it */
    const struct wi_fleet_node *place; /* as routing sees it */
};

struct pool_nodes;
/* `estimates` (borrowed) say what is expected of an attempt. */
struct pool_nodes *wi_pool_nodes_new(const struct wi_estimates *estimates);
void wi_pool_nodes_free(struct pool_nodes *nodes);

struct pool_node *wi_pool_nodes_first(const struct pool_nodes *nodes);
struct pool_node *wi_pool_node_next(const struct pool_node *node);
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
void wi_pool_node_choke(struct pool_nodes *nodes, struct pool_node *node);
/* Those that could not be sent more are tried again; 1 if there were any. */
int wi_pool_nodes_unchoke(struct pool_nodes *nodes);
void wi_pool_nodes_remove(struct pool_nodes *nodes, struct pool_node *node);

/* When all that is on it is expected to be done; 0: nothing is, or it takes no time. */
double wi_pool_node_done_at(const struct pool_node *node);
/* The attempt was sent to it. */
void wi_pool_node_book(
    struct pool_nodes *nodes, struct pool_node *node, const struct wi_task *task, double now);
/* Takes the attempt off the node; the copy in `out` tells what it was. 0 if it was not there. */
int wi_pool_node_unbook(
    struct pool_node *node, const char *attempt_id, double now, struct pool_attempt *out);

/* An attempt that was taken off the node ended because the engine or the node broke: whether others
 * of the same worker were on it then. These, if it was the engine, will be told the same. */
int wi_pool_node_broke(struct pool_node *node, const struct pool_attempt *ended);

#endif
