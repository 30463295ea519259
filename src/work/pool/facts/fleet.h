/*
 * The nodes in classes: nodes of a class are alike in everything that routing looks at, so that a
 * choice is one among classes and not among nodes. Within a class nodes are listed by load, all of
 * them and those that have a model loaded, and each change moves one node: what a choice costs does
 * not depend on how many nodes there are. Pure: times are given.
 */
#ifndef WI_WORK_POOL_FACTS_FLEET_H
#define WI_WORK_POOL_FACTS_FLEET_H

#include "base/table.h"
#include "models/catalog/library/model.h"
#include "nodes/bridge/bridge.h"
#include "work/pool/facts/place.h"

struct wi_fleet_class;

/* A node's attempts are counted by the engine that runs them, so that what one engine has to do
 * takes no room from another: the number of an engine is that of its queue. Its short tasks have
 * another, those that make no text, where the node runs them beside those that do; and so has what
 * only waits there and computes nothing (`waiting` of its wi_engines row). */
#define WI_FLEET_SHORT(engine) ((unsigned)WI_ENGINE_COUNT + (unsigned)(engine))
#define WI_FLEET_WAITING(engine) (2 * (unsigned)WI_ENGINE_COUNT + (unsigned)(engine))
#define WI_FLEET_QUEUES (3 * (unsigned)WI_ENGINE_COUNT)
/* Where such a task of the model is counted on nodes of that class (NULL: on none yet). */
unsigned wi_fleet_queue(
    const struct wi_fleet_class *class, const struct wi_model *model, enum wi_task_kind task);
int wi_fleet_is_short(unsigned queue);
/* How many of them such a node runs at a time. */
unsigned wi_fleet_slots(const struct wi_node_info *info, unsigned queue);
/* How many of them it may have: with one that is there already when one ends, if the engine keeps
 * any waiting. */
unsigned wi_fleet_depth(const struct wi_node_info *info, unsigned queue);
/* Whether what runs in the queue's slots computes by turns. */
int wi_fleet_takes_turns(unsigned queue);
/* Whether each of them is taken for as long as a text takes to be written. */
int wi_fleet_is_of_texts(unsigned queue);
/* Of models that a node says it has, so many are known. */
#define WI_FLEET_MODELS 64

struct wi_fleet_group;
struct wi_fleet_place;

struct wi_fleet_class {
    struct wi_node_info info; /* of its first node, without the id: the others are like it */
    int ours;                 /* from our sessions, so that [browser.KIND] binds them */
    int doubted;              /* see struct wi_fleet_node */
    size_t count, open;       /* its nodes; those that take work */
    size_t away;              /* those that take none now, and will again by themselves */
    size_t paused;            /* of them, those whose people want it so */
    size_t held;              /* likewise, those that have not shown yet that they compute right */
    uint64_t worked;          /* its last turn, of joined nodes; see wi_fleet_worked */
    struct wi_place *places[WI_ENGINE_COUNT];       /* by platform; NULL as in queues */
    struct wi_fleet_group *queues[WI_FLEET_QUEUES]; /* NULL: its nodes have no such queue */
    struct wi_fleet_group *models;
    UT_hash_handle hh;
    char *key;
};

/* What is on a node of one queue. */
struct wi_fleet_work {
    size_t count;   /* attempts */
    double done_at; /* when all of it is expected to be done; 0: nothing is there */
    int closed;     /* one of them is to be alone: the engine takes no others */
};

/* Whether it takes work; if not, whether it will again by itself; if so, whether its person is why
 * it takes none, and whether it would take some, but is not to be given any yet. */
struct wi_fleet_state {
    int open, away, paused, held;
};

/* Embedded in what a node is to the owner; zero-initialise. */
struct wi_fleet_node {
    const char *id; /* the owner's, as long as it is in the fleet */
    struct wi_fleet_class *class;
    int doubted;   /* taken only where nothing else has room: the owner's, before wi_fleet_put */
    int reachable; /* open to what proves something of it, whatever else it gets: the owner's */
    struct wi_fleet_state is;
    struct wi_fleet_work work[WI_FLEET_QUEUES];
    struct wi_fleet_place *places;
};

struct wi_fleet {
    struct wi_fleet_class *classes; /* by key */
    size_t count, open;             /* nodes */
    uint64_t turns;
};
/* How many in that queue all nodes that take work may have, and run at a time. */
size_t wi_fleet_depth_of_all(const struct wi_fleet *fleet, unsigned queue);
size_t wi_fleet_slots_of_all(const struct wi_fleet *fleet, unsigned queue);

/* Puts the node into the class that it belongs to by what its page says; again whenever that
 * changes. It is closed and has no model until the calls below. */
void wi_fleet_put(struct wi_fleet *fleet, struct wi_fleet_node *node, const char *id,
    const struct wi_node_info *info);
void wi_fleet_remove(struct wi_fleet *fleet, struct wi_fleet_node *node);
void wi_fleet_set(
    struct wi_fleet *fleet, struct wi_fleet_node *node, const struct wi_fleet_state *state);
/* It was given work: of joined classes that are as good, the one that worked longest ago is next.
 */
void wi_fleet_worked(struct wi_fleet *fleet, struct wi_fleet_node *node);
/* What is on it. */
void wi_fleet_load(struct wi_fleet_node *node, unsigned queue, const struct wi_fleet_work *work);
/* What it says is loaded: the list of a model_status, NULL for nothing. */
void wi_fleet_models(struct wi_fleet_node *node, const json_t *models);
/* It was sent work for that model, so it will have it loaded: until that is taken back, or a later
 * list lacks it. Nothing is taken back that the list of a page or an answer has confirmed. */
void wi_fleet_promise(struct wi_fleet_node *node, const char *hash, enum wi_platform platform);
void wi_fleet_confirm(struct wi_fleet_node *node, const char *hash, enum wi_platform platform);
void wi_fleet_take_back(struct wi_fleet_node *node, const char *hash, enum wi_platform platform);
int wi_fleet_has(const struct wi_fleet_node *node, const char *hash, enum wi_platform platform);

/* Where such nodes run that engine on that platform; NULL where they have it not. */
const struct wi_place *wi_fleet_where(
    const struct wi_fleet_class *class, enum wi_engine engine, enum wi_platform platform);

int wi_fleet_has_room(const struct wi_fleet_node *node, unsigned queue);
/* Whether the queue's engine has nothing to do. */
int wi_fleet_is_idle(const struct wi_fleet_node *node, unsigned queue);
/* How long until a slot of the queue is expected to be free, or, where they compute by turns, until
 * all that runs there is done; where that is overdue it is given as long again as it is late. */
double wi_fleet_ahead(const struct wi_fleet_node *node, unsigned queue, double now);

/* Of the class's open nodes with room in the queue, leaving out `avoid` (NULL: none), the one that
 * is free first; NULL if there is none. Of idle ones of ours it is the one that worked last, of
 * joined ones the one that worked longest ago. */
const struct wi_fleet_node *wi_fleet_any(
    const struct wi_fleet_class *class, unsigned queue, const char *avoid, double now);
/* The same among those that have the model, one of that queue, loaded on that platform. */
const struct wi_fleet_node *wi_fleet_warm(const struct wi_fleet_class *class, unsigned queue,
    const char *hash, enum wi_platform platform, const char *avoid, double now);
/* How long until one of its full nodes is expected to be free; negative if there is no full one. */
double wi_fleet_full(const struct wi_fleet_class *class, unsigned queue, double now);
size_t wi_fleet_loaded(
    const struct wi_fleet_class *class, const char *hash, enum wi_platform platform);

#endif
