/* Why a demand goes nowhere, and what to do about it, for who asked. */
#ifndef WI_POOL_ROUTE_REFUSE_H
#define WI_POOL_ROUTE_REFUSE_H

#include "pool/route.h"

/* Nothing could ever take it. `options` are the `count` that were judged: of the candidates that
 * the pins allow. WI_PICK_NEVER, with `error` filled as wi_route says. */
enum wi_pick wi_route_refuse(const struct wi_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error);
/* What could take it is draining, all of it. */
enum wi_pick wi_route_refuse_draining(const struct wi_demand *demand, struct wi_error *error);

#endif
