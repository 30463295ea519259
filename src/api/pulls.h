/* Pulls (hub/pulls.h) as the API shows them, between its files. */
#ifndef WI_API_PULLS_H
#define WI_API_PULLS_H

#include "api/step.h"
#include "hub/pulls.h"

/* A pull as a JSON object: a new reference. */
json_t *wi_api_pull_json(const struct wi_pull_info *info);
/* All that are known: a new list. `pulls` may be NULL. */
json_t *wi_api_pulls_json(const struct wi_pulls *pulls);

/* The clients that take the events of pulls. */
struct wi_api_pulls;
struct wi_api_pulls *wi_api_pulls_new(struct wi_api *api);
/* The server closes: they are told so. */
void wi_api_pulls_finish(struct wi_api_pulls *takers);
/* When no request is left; NULL is fine. */
void wi_api_pulls_free(struct wi_api_pulls *takers);

#endif
