/*
 * The parts of a pull, from the request to a published model, each in a file of its own:
 *
 *   pulls.c      all of them: which is under way, who is told, what came of it
 *   pull.c       the steps of one: lists, chooses, makes room, fetches, publishes, has it read
 *   upstream.c   where its files come from
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULL_PRIVATE_H
#define WI_MODELS_ARRIVE_HUB_PULL_PRIVATE_H

#include "cluster/shared_content.h"
#include "models/arrive/hub/brought.h"
#include "models/arrive/hub/content_pull.h"
#include "models/arrive/hub/near.h"
#include "models/arrive/hub/pull_plan.h"

struct wi_pull;
typedef void wi_pull_step_fn(struct wi_pull *pull);
/* Called after each change. With `ended` it was the last one, and the pull may be settled or freed,
 * also from inside. */
typedef void wi_pull_changed_fn(void *context, int ended);
/* Gives an unnamed pull its name. WI_OK, or why it cannot have it. */
typedef enum wi_code wi_pull_named_fn(void *context, const char *name, struct wi_error *error);

/* Called by upstream.c, with the pull. */
struct wi_upstream_events {
    wi_fetch_progress_fn *on_waiting; /* during list and measure: what is waited for */
    wi_hub_list_fn *on_tree;
    void (*on_measured)(void *context, const struct wi_error *error);
    void (*on_around)(void *context);
    wi_fetch_progress_fn *on_progress; /* during a fetch */
    wi_fetch_fn *on_fetched;
};

struct wi_upstream {
    /* What is under way. */
    struct wi_hub_list *list;
    struct wi_fetch *fetch;
    struct wi_neighbours_wait *wait;
    /* For as long as it lasts. */
    struct wi_content_pull *content; /* of a CID */
    struct wi_hub_reference named;   /* to what a neighbour has under the name */
    struct wi_router *router;        /* NULL: there is none, or it was not asked yet */
    /* Other members of the cluster that serve the CID; held. */
    struct wi_block_source *members[WI_CONTENT_HOLDERS_MAX];
    size_t member_count;
    struct wi_near *near;      /* of a hub's files; NULL: no neighbours */
    struct wi_brought brought; /* by neighbours, and then by the hub; empty: by it alone */
    uint64_t near_fetched;     /* in the fetch that is under way */
};

struct wi_pull {
    const struct wi_models_deps *deps;
    const struct wi_models *models;
    struct wi_limit *limit; /* of all pulls */
    struct wi_pull_plan *plan;
    const struct wi_pull_order *order; /* the plan's */
    struct wi_hub_tree *files;         /* that it has chosen */
    wi_pull_changed_fn *on_change;
    wi_pull_named_fn *on_name;
    void *context;
    const struct wi_upstream_events *events;
    enum wi_pull_state state;
    int cancelled, unwritten; /* what was asked for is to be written down */
    int kept;                 /* it was */
    struct wi_upstream upstream;
    /* The step under way, where that is not the plan's or upstream's. */
    struct wi_versions_task *task;
    struct wi_repository_lookup *lookup;
    wi_pull_step_fn *step;  /* where it is tried again; NULL: none has begun */
    wi_pull_step_fn *then;  /* the step after a task without a result */
    struct wi_timer *pause; /* NULL: nothing was short yet */
    unsigned failed;        /* attempts in a row that brought nothing */
    /* What is known so far. */
    char *folder; /* where the files go */
    struct wi_fetch_progress progress;
    char *retrying;            /* NULL: nothing is */
    struct wi_brought brought; /* lately, and who how much, where several do */
    uint64_t fetched_before;   /* when something was short last */
    uint64_t reused;
    uint64_t evicted; /* bytes of other models removed to make room for it */
    uint64_t needed;  /* bytes that room was asked for */
    struct wi_error error;
    double began_ms, ended_ms;
};

/* pull.c */

/* Takes ownership of the order. */
struct wi_pull *wi_pull_new(const struct wi_models_deps *deps, const struct wi_models *models,
    struct wi_limit *limit, struct wi_pull_order *order, wi_pull_changed_fn *on_change,
    wi_pull_named_fn *on_name, void *context);
/* A client of this daemon wants the model that so far is pulled only as a copy for others. */
void wi_pull_want_here(struct wi_pull *pull);
/* Begins the pull, or writes down what has changed in its request since. To be called after both of
 * the above, in a separate turn of the loop. Never calls back from inside. */
void wi_pull_turn(struct wi_pull *pull);
/* Drops what was fetched, and later ends the pull as failed with WI_CANCELLED. */
void wi_pull_cancel(struct wi_pull *pull);
/* Of one that has ended: only its order and its info are kept. */
void wi_pull_settle(struct wi_pull *pull);
/* Stops the pull and keeps what was fetched. No callback is called. */
void wi_pull_free(struct wi_pull *pull);

void wi_pull_look(const struct wi_pull *pull, struct wi_pull_info *info);
/* Bytes still to be written, from the moment it has asked for room for them. */
uint64_t wi_pull_pending(const struct wi_pull *pull);

/* upstream.c. One operation runs at a time; no function calls back from inside. Those from
 * wi_upstream_list on require that wi_pull_plan_look is done, and may be repeated as often as
 * needed. Errors as for wi_hub_list_start, wi_fetch_start and wi_content_pull_list. */
void wi_upstream_stop(struct wi_pull *pull); /* no callback is called any more */
void wi_upstream_list(struct wi_pull *pull);
/* Whether members of the cluster that serve the CID may be seen soon: the list is then worth
 * another try. */
int wi_upstream_awaits_members(const struct wi_pull *pull);
/* Asks for the lengths of chosen files that are unknown, and writes them into the plan: 0, and
 * on_measured is called; or -1 if all are known. */
int wi_upstream_measure(struct wi_pull *pull);
/* Asks neighbours what they have, if other models might be removed to make room: 0, and
 * on_around is called; or -1 if no neighbour is to be asked. */
int wi_upstream_ask_around(struct wi_pull *pull);
void wi_upstream_fetch(struct wi_pull *pull); /* the chosen files, into the pull's folder */

#endif
