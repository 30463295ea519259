/* How the server makes and ends the state that endpoints keep between requests:
 * endpoints/endpoints.c. */
#ifndef WI_API_HTTP_ENDPOINTS_H
#define WI_API_HTTP_ENDPOINTS_H

#include "base/error.h"

struct wi_access_rules;
struct wi_api;
struct wi_config;
struct wi_problems;
struct wi_endpoints;
/* Makes `api->endpoints`; all else of wi_api must be set. They stay NULL if it fails. Stored jobs
 * may end before it returns. */
enum wi_code wi_endpoints_new(struct wi_api *api, struct wi_error *error);
/* Whether they can go on with these rules: WI_OK, or why not. */
enum wi_code wi_endpoints_check_reload(const struct wi_endpoints *endpoints,
    const struct wi_config *config, const struct wi_access_rules *rules, struct wi_error *error);
void wi_endpoints_reload(struct wi_endpoints *endpoints, const struct wi_config *config,
    const struct wi_access_rules *rules);
/* Adds what is wrong with the files that they need. Blocks. */
void wi_endpoints_check(const struct wi_config *config, struct wi_problems *problems);
/* The server closes: nothing new begins. */
void wi_endpoints_quiesce(struct wi_endpoints *endpoints);
/* Ends everything that is still under way. */
void wi_endpoints_finish(struct wi_endpoints *endpoints);
/* Whether anything beside requests has not ended yet. */
int wi_endpoints_are_busy(const struct wi_endpoints *endpoints);
/* When no request is left; NULL is fine. */
void wi_endpoints_free(struct wi_endpoints *endpoints);

#endif
