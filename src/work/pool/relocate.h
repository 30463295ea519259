/*
 * Moves a model to a place where it is known to run faster. Each single request goes where it will
 * be done soonest, including loading, so no request pays for loading a model elsewhere when only
 * many requests gain by it. Instead, the losses are summed up by model and place: for each measured
 * and trusted place, how much longer requests run where they go now. Once the sum has reached the
 * time to load the model at that place, the model is loaded there, alongside the clients' requests,
 * and the next request finds it there. If no browser of the kind is running, one is requested once
 * the sum has also reached the time to start it. The cost is then deducted from the sum.
 *
 * So the total cost for a model is never more than twice the cost that it would have had if the
 * number of future requests had been known: either as much was lost as the move costs, or the move
 * was worth it (the ski rental rule: rent until the rent paid equals the price). A model without
 * requests is not loaded.
 */
#ifndef WI_WORK_POOL_RELOCATE_H
#define WI_WORK_POOL_RELOCATE_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* Records the loss of a demand that goes to `client` (NULL: it waits), one of the `count` options
 * that were judged, and moves its model if that is due. Also requests a preferred kind if [pool]
 * adaptive_scaling is on and the demand names no browser. */
void wi_pool_relocate(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client);
/* The loss so far for such an option, in ms, and the loss at which the model is moved there; 0 if
 * the model is there, or is not known to be faster there than at `client`, where requests go
 * now. */
struct wi_relocation {
    double lost_ms, cost_ms;
};
struct wi_relocation wi_pool_relocation(
    const struct wi_route_option *option, const struct wi_route_option *client);
/* The same for a kind of browser of which none is running. */
struct wi_relocation wi_pool_relocation_to_kind(const struct wi_pool *pool,
    const struct wi_demand *demand, const char *kind, const struct wi_route_option *client);
/* Requests a session of the kind that is preferred for such models, if none is running and no
 * measurement says that it would be slower; `options` are the `count` that were judged. Public for
 * tests. */
void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count);

#endif
