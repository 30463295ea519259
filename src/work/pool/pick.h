/* Choosing a node, beside what pool.h has of it. */
#ifndef WI_WORK_POOL_PICK_H
#define WI_WORK_POOL_PICK_H

#include "work/pool/private.h"
#include "work/pool/route.h"

struct pool_chooser; /* the dice, and room for what is compared */
struct pool_chooser *wi_pool_chooser_new(void);
void wi_pool_chooser_free(struct pool_chooser *chooser);             /* NULL is fine */
uint64_t wi_pool_chooser_probes(const struct pool_chooser *chooser); /* asked for so far */

/* The options that were judged; valid until the next choice. */
struct pool_judged {
    const struct wi_route_option *options;
    size_t count;
};

/* The one that was chosen; NULL: none was. */
const struct wi_route_option *wi_pool_judged_choice(const struct pool_judged *judged);

/* What wi_pool_pick says, without its consequences unless `really`: no dice, no requests. */
enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error);

#endif
