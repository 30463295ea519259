/* Which row of a table of routes a request is for, and what is said where there is none: nothing
 * here knows the table. */
#ifndef WI_API_HTTP_ROUTE_H
#define WI_API_HTTP_ROUTE_H

#include "api/http/routes.h"

size_t wi_route_count(const struct wi_route *routes);
/* The row for a request: of those whose method it is and whose pattern fits, the one with the most
 * text outside of {NAME}. What each {NAME} stood for goes to `arguments`, in their order, each of
 * which has room for WI_ROUTE_ARGUMENT_MAX bytes ("" for none). HEAD is GET. NULL with `error`:
 * WI_NOT_FOUND, or WI_METHOD_NOT_ALLOWED with the methods in `error->allowed` ("GET, HEAD"). */
const struct wi_route *wi_route_find(const struct wi_route *routes, const char *method,
    const char *path, char *const arguments[WI_ROUTE_ARGUMENTS], struct wi_error *error);

/* Whether the path is one that the pattern means; what each {NAME} stands for goes to `arguments`,
 * as above. */
int wi_route_fits(const char *pattern, const char *path, char *const *arguments);
/* What a route may give beside what it produces, by `index` from 0: a media type, or NULL. */
const char *wi_route_gives(const struct wi_route *route, size_t index);

/* Says more of a WI_NOT_FOUND: the row that may have been meant, or what is here in the place of
 * what only other servers have. Leaves `error` as it is where it knows nothing. */
void wi_route_lost(
    const struct wi_route *routes, const char *method, const char *path, struct wi_error *error);
/* The dialect in which a path without a row is refused: that of the rows below the same first
 * segment, where their errors have one form; else NULL. */
const struct wi_dialect *wi_route_dialect_near(const struct wi_route *routes, const char *path);

#endif
