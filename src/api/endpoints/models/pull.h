/* Pulls (models/arrive/hub/pulls.h) as the API shows them, between its files. */
#ifndef WI_API_ENDPOINTS_MODELS_PULL_H
#define WI_API_ENDPOINTS_MODELS_PULL_H

#include "api/http/step.h"
#include "models/arrive/hub/pulls.h"

/* A pull as a JSON object: a new reference. */
json_t *wi_api_pull_json(const struct wi_pull_info *info);
/* What objects like it have in common: why one has failed (`error` may be NULL); an event of one,
 * which is taken; 202 with one, taken as well, that has begun to bring a model of that name. */
void wi_api_pull_add_problem(json_t *out, const struct wi_error *error);
void wi_api_pull_write(struct wi_buffer *out, json_t *pull, int done);
void wi_api_pull_accept(struct wi_request *request, const char *name, json_t *pull);
/* All that are known: a new list. `pulls` may be NULL. */
json_t *wi_api_pulls_json(const struct wi_pulls *pulls);

/* Whether this daemon pulls at all; if not, the request is answered. */
int wi_api_has_pulls(struct wi_request *request);
/* Answers with how the pull of that name goes, which has begun: a stream of what `write` appends
 * for each step and for the end, in the form of the request's dialect; with `whole` the end alone,
 * as JSON. A client that leaves does not end the pull. */
typedef void wi_pull_event_fn(struct wi_buffer *out, const struct wi_pull_info *info);
void wi_api_pull_tell(
    struct wi_request *request, const char *name, wi_pull_event_fn *write, int whole);

#endif
