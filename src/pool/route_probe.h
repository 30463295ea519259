/*
 * Runs beside the client's path that are there to find out more: the guard's second look at a
 * platform that it trusts, by chance (`recheck`), and where that is not wanted the place that
 * explore.h says is due.
 */
#ifndef WI_POOL_ROUTE_PROBE_H
#define WI_POOL_ROUTE_PROBE_H

#include "pool/route.h"

/* Fills choice->probe; `client` is where the request goes, which leaves that choice. */
void wi_route_probe(const struct wi_option *options, size_t count, const struct wi_option *client,
    const struct wi_terms *terms, struct wi_choice *choice);

#endif
