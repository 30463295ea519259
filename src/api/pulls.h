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

/* --- on_demand.c ------------------------------------------------------------------------------ */

/* Whether `failure` says that there is no model `name`, and a request for it may pull it. */
int wi_api_may_pull(const struct wi_api *api, const char *name, const struct wi_error *failure);
/* Begins to pull `name`, or joins those who wait for it. WI_OK, or why not: also the failure of a
 * pull of the same that has just failed. */
enum wi_code wi_api_pull_now(const struct wi_api *api, const char *name, struct wi_error *error);
/* Pulls `name`, and calls `pulled` when it is there, or with why it is not; also when `timeout_ms`
 * has passed since the request was read, where the pull goes on. */
void wi_request_pull(struct wi_request *request, const char *name, double timeout_ms,
    wi_step_end_fn *pulled, void *work, wi_step_free_fn *free_work);
/* What is said then. */
enum wi_code wi_api_pull_late(const char *name, struct wi_error *error);

#endif
