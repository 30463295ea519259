/*
 * What a pull brings: the request (its order), what is already here under that name, and the chosen
 * files of the hub. The latter two are worked out on a thread of the pool.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULL_PLAN_H
#define WI_MODELS_ARRIVE_HUB_PULL_PLAN_H

#include "models/arrive/hub/gateways.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_tree.h"
#include "models/arrive/hub/pulls.h"
#include "models/catalog/library/source.h"
#include "terms/model/reference.h"
#include <uv.h>

/* A checked request. All members are owned; zero-initialise. */
struct wi_pull_order {
    struct wi_config *config; /* borrowed until a plan holds it */
    /* a row of `config`; NULL: content, which comes from all sources that have it */
    const struct wi_config_hub *hub;
    char id[WI_STAGING_ID_MAX + 1]; /* the same for all requests of the same, copies or not */
    char *name;                     /* the model's name here */
    char *asked;                    /* the name it was begun under; usually the same */
    int unnamed; /* its name is the CID that a path in content leads to, once that is known */
    char *reference, *precision;
    struct wi_strings files;
    struct wi_hub_reference parsed;
    int copy; /* as in wi_pull_want */
};

/* WI_OK, or what is wrong with the request; `order` is then empty. */
enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    struct wi_config *config, struct wi_error *error);
/* Prints an order as JSON, which the caller frees, to be read after a restart. */
char *wi_pull_order_print(const struct wi_pull_order *order);
enum wi_code wi_pull_order_read(struct wi_pull_order *order, const char *text,
    struct wi_config *config, struct wi_error *error);
void wi_pull_order_clear(struct wi_pull_order *order);

/* The name of the hub that it comes from. */
const char *wi_pull_order_hub(const struct wi_pull_order *order);
/* Whether it is fetched block by block: it names content, or a neighbour's model, which has a
 * CID. */
int wi_pull_order_by_content(const struct wi_pull_order *order);

struct wi_pull_chosen {
    struct wi_hub_tree files;
    char *variant; /* NULL where there is none */
    int all_here;  /* the version here has all of them */
};

/* While a thread is working, only the order and `chosen` may be used. */
struct wi_pull_plan {
    struct wi_pull_order order;
    /* Set by wi_pull_plan_look: */
    struct wi_hub hub; /* with its token; empty: content, or a neighbour's model */
    /* for content, and where there are neighbours: the hubs that are asked */
    struct wi_gateways gateways;
    struct wi_source current; /* the version here; empty: there is none */
    uint64_t bytes_max;       /* available in the store if everything else were removed */
    int named;                /* it was named after the look */
    struct wi_pull_chosen chosen;
    struct wi_pull_thread *thread; /* private; NULL: none is working */
};

/* Takes ownership of the order, and holds its configuration. */
struct wi_pull_plan *wi_pull_plan_new(struct wi_pull_order *order);
/* No callback is called; a thread in progress ends by itself. */
void wi_pull_plan_free(struct wi_pull_plan *plan);

/* wi_pull_plan_look and _choose use one thread at a time, and never call back from inside. */
typedef void wi_pull_plan_fn(void *context, const struct wi_error *error);
/* Reads the tokens of the hub, the gateways and the neighbours, and the version that is here.
 * WI_HUB_UNAUTHORIZED, WI_STORAGE_FAILED, WI_UNAVAILABLE. */
void wi_pull_plan_look(
    struct wi_pull_plan *plan, uv_loop_t *loop, wi_pull_plan_fn *on_done, void *context);
/* Sets the name once it is known; the version that is here is read again before files are
 * chosen. */
void wi_pull_plan_name(struct wi_pull_plan *plan, const char *name);
/* Chooses among the hub's files (a finished tree, copied); errors as for wi_hub_choose. If the
 * version that is here came from the same repository, those of its files that the hub still has are
 * chosen too: variants that were pulled before stay. */
void wi_pull_plan_choose(struct wi_pull_plan *plan, uv_loop_t *loop, const struct wi_hub_tree *tree,
    wi_pull_plan_fn *on_done, void *context);
void wi_pull_plan_cancel(struct wi_pull_plan *plan); /* no callback is called */

#endif
