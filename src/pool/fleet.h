/*
 * The nodes in classes: nodes of a class are alike in everything that routing looks at, so that a
 * choice is one among classes and not among nodes. Within a class nodes are listed by load, all of
 * them and those that have a model loaded, and each change moves one node: what a choice costs does
 * not depend on how many nodes there are. Pure: times are given.
 */
#ifndef WI_POOL_FLEET_H
#define WI_POOL_FLEET_H

#include "bridge/bridge.h"
#include "pool/estimates.h"
#include <uthash.h>

/* Attempts that a node may have at a time: the next is in the page already when one ends. More
 * would only wait there instead of where it can still go to another node. */
#define WI_DEPTH_BUILTIN 16
#define WI_DEPTH_MODEL 2
/* Of models that a node says it has, so many are known. */
#define WI_FLEET_MODELS 64

struct wi_fleet_group;
struct wi_fleet_place;

struct wi_fleet_class {
    struct wi_node_info info; /* of its first node, without the id: the others are like it */
    int ours;                 /* from our sessions, so that [browser.KIND] binds them */
    size_t count, open;       /* its nodes; those that take work */
    size_t away;              /* those that take none now, and will again by themselves */
    /* Which estimates are theirs; see estimates.h. */
    char places[WI_PLATFORM_COUNT][WI_PLACE_SIZE];
    struct wi_fleet_group *all, *builtins, *models;
    UT_hash_handle hh;
    char *key;
};

/* Embedded in what a node is to the owner; zero-initialise. */
struct wi_fleet_node {
    const char *id; /* the owner's, as long as it is in the fleet */
    struct wi_fleet_class *class;
    int open, away;
    size_t builtin_count, model_count; /* attempts on it */
    double busy_until; /* when what is on it is expected to be done; 0: nothing is */
    struct wi_fleet_place *places;
};

struct wi_fleet {
    struct wi_fleet_class *classes; /* by key */
    size_t count, open;             /* nodes */
};

/* Puts the node into the class that it belongs to by what its page says; again whenever that
 * changes. It is closed and has no model until the calls below. */
void wi_fleet_put(struct wi_fleet *fleet, struct wi_fleet_node *node, const char *id,
    const struct wi_node_info *info);
void wi_fleet_remove(struct wi_fleet *fleet, struct wi_fleet_node *node);
/* Whether it takes work; if not, whether it will again by itself (`away`). */
void wi_fleet_open(struct wi_fleet *fleet, struct wi_fleet_node *node, int open, int away);
/* What is on it. */
void wi_fleet_load(
    struct wi_fleet_node *node, size_t builtin_count, size_t model_count, double busy_until);
/* What it says is loaded: the list of a model_status, NULL for nothing. */
void wi_fleet_models(struct wi_fleet_node *node, const json_t *models);
/* It was sent work for that model, so it will have it loaded; a later list that lacks it says
 * otherwise. */
void wi_fleet_promise(struct wi_fleet_node *node, const char *hash, enum wi_platform platform);
int wi_fleet_has(const struct wi_fleet_node *node, const char *hash, enum wi_platform platform);

/* How long until the node is expected to be free; one that is overdue is given as long again as it
 * is late. */
double wi_fleet_ahead(const struct wi_fleet_node *node, double now);

/* Of the class's open nodes with room, leaving out `avoid` (NULL: none), the one that is free
 * first; NULL if there is none. */
const struct wi_fleet_node *wi_fleet_any(
    const struct wi_fleet_class *class, int builtin, const char *avoid, double now);
/* The same among those that have the model loaded on that platform. */
const struct wi_fleet_node *wi_fleet_warm(const struct wi_fleet_class *class, const char *hash,
    enum wi_platform platform, const char *avoid, double now);
/* How long until one of its full nodes is expected to be free; negative if there is no full one. */
double wi_fleet_full(const struct wi_fleet_class *class, double now);
size_t wi_fleet_loaded(
    const struct wi_fleet_class *class, const char *hash, enum wi_platform platform);

#endif
