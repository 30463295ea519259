/* Which work may run on a node, and on which platform; a part of routing, and likewise pure.
 * wi_route_unfit is here, too. */
#ifndef WI_WORK_POOL_PLATFORMS_H
#define WI_WORK_POOL_PLATFORMS_H

#include "work/pool/route.h"

/* Whether the demand may go there, now or later. */
int wi_route_is_able(const struct wi_route_option *option);
int wi_route_is_ready(const struct wi_route_option *option);
/* The factor by preference: 1 for the best possible place, more for worse ones. */
double wi_route_prior(const struct wi_route_option *option);

/* The reason that this platform may not even be tried on the node for the model; NULL if it may. */
const char *wi_platforms_why_not(const struct wi_candidate *candidate,
    const struct wi_inference *asked, enum wi_platform platform);
/* Whether it may be tried and is available. */
int wi_platforms_can_run(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform);
/* Whether its adapter is a software adapter, which only looks like a GPU. */
int wi_platforms_software(const struct wi_candidate *candidate, enum wi_platform platform);
/* Whether the request is only for simulated nodes. */
int wi_platforms_simulated(const struct wi_demand *demand);
/* Adds a platform to be tried after those already in the choice. */
void wi_platforms_add(struct wi_choice *choice, enum wi_platform platform);
/* Fills `error`, naming the platforms that the candidate has instead; returns
 * WI_PLATFORM_UNSUPPORTED. */
enum wi_code wi_platforms_unsupported(
    const struct wi_candidate *candidate, const struct wi_demand *demand, struct wi_error *error);

/* The platforms to try on this candidate's nodes, in order, for a demand that names one or for a
 * built-in model. WI_OK or WI_PLATFORM_UNSUPPORTED. */
enum wi_code wi_route_platforms(const struct wi_candidate *candidate,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error);

#endif
