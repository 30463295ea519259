/* Trying a place that is not the best as far as is known, so that more is known. */
#ifndef WI_POOL_ROUTE_PROBE_H
#define WI_POOL_ROUTE_PROBE_H

#include "pool/route.h"

/* Finds out more about a place, if there is one to try: beside the client, or with its request.
 * Gives the option that the client takes. */
struct wi_option *wi_route_try_another(struct wi_option *options, size_t count,
    struct wi_option *client, const struct wi_demand *demand, const struct wi_terms *terms,
    struct wi_choice *choice);

#endif
