/*
 * Moving a model to where it is known to run faster. Each request alone goes where it is done
 * soonest, loading included, so that none of them ever pays for loading elsewhere what only many of
 * them gain. So what they lose is booked, by model and place: against each place that is measured
 * and trusted, how much longer they run where they go. Once that sum has reached what loading the
 * model there takes, it is loaded there, beside the clients' way, and the next request finds it
 * there. Where no browser of the kind is there, one is requested once the sum has reached what
 * starting it takes besides. What was paid for is taken off the sum.
 *
 * So a model has at no time paid more than twice what one would have who had known how many
 * requests were to come: either so much was lost as the move costs, or the move was worth it
 * (the rule by which one rents skis until the rent has reached their price). What nobody asks for
 * is not loaded.
 */
#ifndef WI_WORK_POOL_RELOCATE_H
#define WI_WORK_POOL_RELOCATE_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* Books what a demand loses by going to `client`, one of the `count` options that were judged, and
 * moves its model. */
void wi_pool_relocate(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client);
/* What of such options was lost so far, in ms, and at how much the model is moved there; 0 where it
 * is there, or is not known to be faster there than at `client`, where requests go now. */
struct wi_relocation {
    double lost_ms, cost_ms;
};
struct wi_relocation wi_pool_relocation(
    const struct wi_route_option *option, const struct wi_route_option *client);
/* The same for a kind of browser of which none is there. */
struct wi_relocation wi_pool_relocation_to_kind(const struct wi_pool *pool,
    const struct wi_demand *demand, const char *kind, const struct wi_route_option *client);

#endif
