/*
 * What a pull brings: what was asked for, what is here of that name already, and what is chosen of
 * the hub's files. The latter two are worked out on a thread of the pool.
 */
#ifndef WI_HUB_PULL_PLAN_H
#define WI_HUB_PULL_PLAN_H

#include "hub/pull.h"
#include "hub/tree.h"
#include "library/source.h"
#include <uv.h>

struct wi_pull_chosen {
    struct wi_hub_tree files;
    char *variant; /* NULL where there is none */
    int all_here;  /* the version that is here has them all */
};

/* While a thread is at work nothing of it may be used but the order without its hub's token, and
 * `chosen`. */
struct wi_pull_plan {
    struct wi_pull_order order; /* its hub has the token once that was read */
    struct wi_source current;   /* the version that is here; empty: none is */
    uint64_t bytes_max;         /* that could be had of the store, if all else went */
    int named;                  /* after the look */
    struct wi_pull_chosen chosen;
    struct wi_pull_thread *thread; /* private; NULL: none is at work */
};

/* Takes the order over. */
struct wi_pull_plan *wi_pull_plan_new(struct wi_pull_order *order);
/* No callback comes; what a thread is at ends by itself. */
void wi_pull_plan_free(struct wi_pull_plan *plan);

/* The two below have one thread at a time, and never call back from inside. */
typedef void wi_pull_plan_fn(void *context, const struct wi_error *error);
/* Reads the hub's token, and those of gateways and neighbours, and which version is here.
 * WI_HUB_UNAUTHORIZED, WI_STORAGE_FAILED, WI_UNAVAILABLE. */
void wi_pull_plan_look(
    struct wi_pull_plan *plan, uv_loop_t *loop, wi_pull_plan_fn *on_done, void *context);
/* Gives it its name, once that is known: which version is here is read again before it chooses. */
void wi_pull_plan_name(struct wi_pull_plan *plan, const char *name);
/* Chooses of what the hub has (a finished tree, copied); errors as wi_hub_choose. Where the version
 * that is here came from the same repository, those of its files that the hub still has are chosen
 * too: the variants that were pulled before stay. */
void wi_pull_plan_choose(struct wi_pull_plan *plan, uv_loop_t *loop, const struct wi_hub_tree *tree,
    wi_pull_plan_fn *on_done, void *context);
void wi_pull_plan_cancel(struct wi_pull_plan *plan); /* no callback comes */

#endif
