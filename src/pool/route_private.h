/* Between route.c and route_probe.c. */
#ifndef WI_POOL_ROUTE_PRIVATE_H
#define WI_POOL_ROUTE_PRIVATE_H

#include "pool/route.h"

/* Whether the demand may go there, now or later. */
int wi_route_is_able(const struct wi_option *option);
int wi_route_is_ready(const struct wi_option *option);
/* How the preferences see it: 1 for the best place there could be, more for worse ones. */
double wi_route_prior(const struct wi_option *option);
/* Finds out more about a place, if there is one to try: beside the client, or with its request.
 * Gives the option that the client takes. */
struct wi_option *wi_route_try_another(struct wi_option *options, size_t count,
    struct wi_option *client, const struct wi_demand *demand, const struct wi_terms *terms,
    struct wi_choice *choice);

#endif
