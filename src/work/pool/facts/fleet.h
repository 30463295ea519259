/*
 * The nodes in classes: the nodes of a class are alike in everything that routing considers, so
 * that routing chooses among classes instead of nodes. Within a class nodes are listed by load: all
 * of them, and those that have a model loaded. Each change moves one node, so the cost of a choice
 * does not depend on the number of nodes. A relay is a class of its own. Pure: times are passed in.
 */
#ifndef WI_WORK_POOL_FACTS_FLEET_H
#define WI_WORK_POOL_FACTS_FLEET_H

#include "base/table.h"
#include "nodes/bridge/bridge.h"
#include "terms/format/model.h"
#include "work/pool/facts/place.h"

struct wi_fleet_class;

/* A node's attempts are counted by the engine that runs them, so that the work of one engine takes
 * no room from another: the number of an engine is also that of its queue. An engine has a second
 * queue for short tasks, those that make no text, if the node runs them in addition to the others;
 * and a third for tasks that only wait there and compute nothing (`waiting` of its wi_engines
 * row). */
#define WI_FLEET_SHORT(engine) ((unsigned)WI_ENGINE_COUNT + (unsigned)(engine))
#define WI_FLEET_WAITING(engine) (2 * (unsigned)WI_ENGINE_COUNT + (unsigned)(engine))
#define WI_FLEET_QUEUES (3 * (unsigned)WI_ENGINE_COUNT)
/* The queue in which such a task of the model is counted on nodes of that class (NULL: no class
 * yet). */
unsigned wi_fleet_queue(
    const struct wi_fleet_class *class, const struct wi_model *model, enum wi_task_kind task);
int wi_fleet_is_short(unsigned queue);
/* The number of the queue's tasks that such a node runs at a time. */
unsigned wi_fleet_slots(const struct wi_node_info *info, unsigned queue);
/* The number of the queue's tasks that such a node may have: one more, so that it is already there
 * when one ends, if the engine lets tasks wait. */
unsigned wi_fleet_depth(const struct wi_node_info *info, unsigned queue);
/* Whether the tasks in the queue's slots compute in turns. */
int wi_fleet_takes_turns(unsigned queue);
/* Whether each slot is occupied for the time of a whole text. */
int wi_fleet_is_of_texts(unsigned queue);
/* The most loaded models that are recorded for a node. */
#define WI_FLEET_MODELS 64

struct wi_fleet_group;
struct wi_fleet_place;

struct wi_fleet_class {
    struct wi_node_info info; /* of its first node, without the id; the others are alike */
    int ours;                 /* from our sessions, so that [browser.KIND] applies */
    int doubted;              /* see struct wi_fleet_node */
    size_t count, open;       /* its nodes; those that accept work */
    size_t away;              /* those that accept none now, but will again by themselves */
    size_t paused;            /* of them, those that their users have paused */
    size_t held;     /* likewise, those that have not yet proven that they compute correctly */
    uint64_t worked; /* for joined nodes: its last turn; see wi_fleet_worked */
    struct wi_place *places[WI_ENGINE_COUNT];       /* by platform; NULL as in queues */
    struct wi_fleet_group *queues[WI_FLEET_QUEUES]; /* NULL: its nodes have no such queue */
    struct wi_fleet_group *models;
    UT_hash_handle hh;
    char *key;
};

/* The work of one queue on a node. */
struct wi_fleet_work {
    size_t count;   /* attempts */
    double done_at; /* when all of it is expected to be done; 0: none */
    int closed;     /* one of them must run alone: the engine accepts no others */
};

/* `open`: it accepts work; `away`: it does not, but will again by itself. If so, `paused`: its user
 * is the reason; `held`: it would accept work, but must not be given any yet. */
struct wi_fleet_state {
    int open, away, paused, held;
};

/* Embedded in the owner's struct of a node; zero-initialise. */
struct wi_fleet_node {
    const char *id; /* owned by the owner, valid while it is in the fleet */
    struct wi_fleet_class *class;
    int doubted;   /* used only if nothing else has room; set by the owner before wi_fleet_put */
    int reachable; /* accepts examinations even if it gets no other work; set by the owner */
    struct wi_fleet_state is;
    struct wi_fleet_work work[WI_FLEET_QUEUES];
    struct wi_fleet_place *places;
};

struct wi_fleet {
    struct wi_fleet_class *classes; /* by key */
    size_t count, open;             /* nodes */
    uint64_t turns;
};
/* The number of that queue's tasks that all nodes accepting work may have, and that they run at a
 * time. */
struct wi_fleet_capacity {
    size_t depth, slots;
};
struct wi_fleet_capacity wi_fleet_capacity(const struct wi_fleet *fleet, unsigned queue);

/* Puts the node into its class by its page's report; call it again whenever the report changes. The
 * node is closed and has no model until the calls below. */
void wi_fleet_put(struct wi_fleet *fleet, struct wi_fleet_node *node, const char *id,
    const struct wi_node_info *info);
void wi_fleet_remove(struct wi_fleet *fleet, struct wi_fleet_node *node);
void wi_fleet_set(
    struct wi_fleet *fleet, struct wi_fleet_node *node, const struct wi_fleet_state *state);
/* It was given work: among equally good joined classes, the one that worked longest ago is next. */
void wi_fleet_worked(struct wi_fleet *fleet, struct wi_fleet_node *node);
/* Sets the work that is on it. */
void wi_fleet_load(struct wi_fleet_node *node, unsigned queue, const struct wi_fleet_work *work);
/* Sets the models that it reports as loaded: the list of a model_status, NULL for none. */
void wi_fleet_models(struct wi_fleet_node *node, const json_t *models);
/* It has the model loaded, until a later list lacks it. Does nothing for a relay: what the daemon
 * behind it has loaded is not known here. With `promised` it was only sent work for
 * the model, so that this is expected, until it is taken back: a model that a page's list or an
 * answer has confirmed is not. */
void wi_fleet_note_model(
    struct wi_fleet_node *node, const char *hash, enum wi_platform platform, int promised);
void wi_fleet_take_back(struct wi_fleet_node *node, const char *hash, enum wi_platform platform);
int wi_fleet_has(const struct wi_fleet_node *node, const char *hash, enum wi_platform platform);

/* The place where such nodes run that engine on that platform; NULL if they do not have it. */
const struct wi_place *wi_fleet_where(
    const struct wi_fleet_class *class, enum wi_engine engine, enum wi_platform platform);

int wi_fleet_has_room(const struct wi_fleet_node *node, unsigned queue);
/* Whether the queue's engine is idle. */
int wi_fleet_is_idle(const struct wi_fleet_node *node, unsigned queue);
/* How long until a slot of the queue is expected to be free, or, if its tasks compute in turns,
 * until all of them are done. Work that is overdue is expected to take as long again as it is
 * late. */
double wi_fleet_ahead(const struct wi_fleet_node *node, unsigned queue, double now);

/* Finds the open node of the class with room in the queue that is free first, leaving out `avoid`
 * (NULL: none); NULL if there is none. Among idle nodes of ours it is the one that worked last,
 * among joined ones the one that worked longest ago. */
const struct wi_fleet_node *wi_fleet_any(
    const struct wi_fleet_class *class, unsigned queue, const char *avoid, double now);
/* The same among the nodes that have the model, which belongs to that queue, loaded on that
 * platform. */
const struct wi_fleet_node *wi_fleet_warm(const struct wi_fleet_class *class, unsigned queue,
    const char *hash, enum wi_platform platform, const char *avoid, double now);
/* How long until one of its full nodes is expected to be free; negative if none is full. */
double wi_fleet_full(const struct wi_fleet_class *class, unsigned queue, double now);
size_t wi_fleet_loaded(
    const struct wi_fleet_class *class, const char *hash, enum wi_platform platform);

#endif
