/* Finds the row of a table of routes for a request, or the error if there is none. Nothing here
 * knows the table itself. */
#ifndef WI_API_HTTP_ROUTE_H
#define WI_API_HTTP_ROUTE_H

#include "api/http/routes.h"

size_t wi_route_count(const struct wi_route *routes);
/* The row for a request: of the rows with its method whose pattern fits, the one with the most text
 * outside of {NAME}. The value of each {NAME} goes to `arguments`, in order, each with room for
 * WI_ROUTE_ARGUMENT_MAX bytes ("" for none). HEAD counts as GET. NULL with `error`: WI_NOT_FOUND,
 * or WI_METHOD_NOT_ALLOWED with the methods in `error->allowed` ("GET, HEAD"). */
const struct wi_route *wi_route_find(const struct wi_route *routes, const char *method,
    const char *path, char *const arguments[WI_ROUTE_ARGUMENTS], struct wi_error *error);

/* Whether the path fits the pattern; the value of each {NAME} goes to `arguments`, as above. */
int wi_route_fits(const char *pattern, const char *path, char *const *arguments);
/* The media types that a route may give besides `produces`, by `index` from 0; NULL at the end. */
const char *wi_route_gives(const struct wi_route *route, size_t index);

/* Adds advice to a WI_NOT_FOUND: the row that may have been meant, or the equivalent here of an
 * endpoint that only other servers have. Leaves `error` as it is if it has no advice. */
void wi_route_lost(
    const struct wi_route *routes, const char *method, const char *path, struct wi_error *error);
/* The dialect in which a path without a row is refused: that of the rows with the same first
 * segment, if all their errors have one form; else NULL. */
const struct wi_dialect *wi_route_dialect_near(const struct wi_route *routes, const char *path);

#endif
