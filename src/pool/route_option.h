/* What one option of a choice is worth, by its own; see route.h. */
#ifndef WI_POOL_ROUTE_OPTION_H
#define WI_POOL_ROUTE_OPTION_H

#include "pool/route.h"

/* Whether the demand may go there, now or later. */
int wi_route_is_able(const struct wi_option *option);
int wi_route_is_ready(const struct wi_option *option);
/* How the preferences see it: 1 for the best place there could be, more for worse ones. */
double wi_route_prior(const struct wi_option *option);

#endif
