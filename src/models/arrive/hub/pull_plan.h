/*
 * What a pull brings: what was asked for, which is its order, what is here of that name already,
 * and what is chosen of the hub's files. The latter two are worked out on a thread of the pool.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULL_PLAN_H
#define WI_MODELS_ARRIVE_HUB_PULL_PLAN_H

#include "models/arrive/hub/gateways.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/pulls.h"
#include "models/arrive/hub/reference.h"
#include "models/arrive/hub/tree.h"
#include "models/catalog/library/source.h"
#include <uv.h>

/* What is wanted, checked. Owned; zero-initialise. */
struct wi_pull_order {
    struct wi_config *config;        /* borrowed, until a plan holds it */
    const struct wi_config_hub *hub; /* of it; NULL: content, which comes from all who have it */
    char id[WI_STAGING_ID_MAX + 1];  /* the same for all who want the same, for whosever sake */
    char *name;                      /* that it gets here */
    char *asked;                     /* that it was begun under; mostly the same */
    int unnamed; /* it gets the name of what a path in content leads to, once that is known */
    char *reference, *precision;
    struct wi_strings files;
    struct wi_hub_reference parsed;
    int copy; /* as of wi_pull_want */
};

/* WI_OK, or what is wrong with it; then it is empty. */
enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    struct wi_config *config, struct wi_error *error);
/* As JSON for the time after a restart, and back; the caller frees. */
char *wi_pull_order_print(const struct wi_pull_order *order);
enum wi_code wi_pull_order_read(struct wi_pull_order *order, const char *text,
    struct wi_config *config, struct wi_error *error);
void wi_pull_order_clear(struct wi_pull_order *order);

/* What the place is called that it comes from. */
const char *wi_pull_order_hub(const struct wi_pull_order *order);
/* Whether it comes block by block: it names content, or a neighbour's model, which has a CID. */
int wi_pull_order_by_content(const struct wi_pull_order *order);

struct wi_pull_chosen {
    struct wi_hub_tree files;
    char *variant; /* NULL where there is none */
    int all_here;  /* the version that is here has them all */
};

/* While a thread is at work nothing of it may be used but the order and `chosen`. */
struct wi_pull_plan {
    struct wi_pull_order order;
    /* After the look: */
    struct wi_hub hub;           /* with its token; empty: content, or a neighbour's model */
    struct wi_gateways gateways; /* of content, and where there are neighbours: who is asked */
    struct wi_source current;    /* the version that is here; empty: none is */
    uint64_t bytes_max;          /* that could be had of the store, if all else went */
    int named;                   /* behind the look */
    struct wi_pull_chosen chosen;
    struct wi_pull_thread *thread; /* private; NULL: none is at work */
};

/* Takes the order over, and holds its configuration. */
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
