/* The part of the API's description about errors: which codes each route gives, in the form of its
 * dialect. */
#ifndef WI_API_ENDPOINTS_OPENAPI_ERRORS_H
#define WI_API_ENDPOINTS_OPENAPI_ERRORS_H

#include "api/http/routes.h"
#include <jansson.h>

/* {STATUS: [codes as the dialect calls them]}, and all of them in "". */
struct wi_codes {
    const struct wi_dialect *dialect;
    json_t *by_status;
    json_t *retries; /* {STATUS: true} where Retry-After comes */
};

struct wi_codes wi_openapi_codes_of(const struct wi_route *route);
void wi_openapi_clear_codes(struct wi_codes *codes);
/* The schema of an error with one of these codes; owned by the caller. */
json_t *wi_openapi_error(const struct wi_dialect *dialect, json_t *names);
/* Adds a response for each status. */
void wi_openapi_add_errors(json_t *responses, const struct wi_codes *codes);
/* The errors for a request that matches no route, or whose head is at fault: in the form of the
 * routes near its path, or in all forms. Owned by the caller. */
json_t *wi_openapi_elsewhere(const struct wi_route *routes);

/* The next word of a table's text, NULL at its end; owned by the caller. */
char *wi_openapi_next_word(const char **text);

#endif
