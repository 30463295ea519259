/* Choosing a node: the functions that are not in pool.h. */
#ifndef WI_WORK_POOL_PICK_H
#define WI_WORK_POOL_PICK_H

#include "work/pool/private.h"
#include "work/pool/route.h"

struct pool_chooser; /* the random numbers, and memory for the options */
struct pool_chooser *wi_pool_chooser_new(void);
void wi_pool_chooser_free(struct pool_chooser *chooser);             /* NULL is fine */
uint64_t wi_pool_chooser_probes(const struct pool_chooser *chooser); /* requested so far */

/* The options that were judged; valid until the next choice. */
struct pool_judged {
    const struct wi_route_option *options;
    size_t count;
    const struct wi_route_option *chosen; /* NULL: none was chosen */
};

/* The result of wi_pool_pick. Unless `really`, it has no effects: no random numbers are drawn, and
 * no kind is requested. */
enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error);

/* --- collect.c -------------------------------------------------------------------------------- */

/* What is known of the places that a demand may go to, before anything is judged. */

/* Fills `candidates`, which has room for each class of nodes, and sets the `count` of those that
 * the pins allow. Returns WI_OK, or WI_NODE_NOT_FOUND for the node that the demand names. */
enum wi_code wi_pool_collect(const struct wi_pool *pool, const struct wi_demand *demand, double now,
    struct wi_candidate *candidates, size_t *count, struct wi_error *error);
/* A page as it was, as if it were there and had nothing to do; `places` has room for each
 * platform. */
void wi_pool_imagine(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *page, const struct wi_config_browser *browser,
    struct wi_place *places, struct wi_candidate *candidate);

#endif
