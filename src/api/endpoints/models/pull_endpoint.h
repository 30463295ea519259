/* Pulls (models/models.h) as the API shows them, shared by its files. */
#ifndef WI_API_ENDPOINTS_MODELS_PULL_ENDPOINT_H
#define WI_API_ENDPOINTS_MODELS_PULL_ENDPOINT_H

#include "api/http/step.h"
#include "models/models.h"

/* A pull as a JSON object: a new reference. */
json_t *wi_api_pull_json(const struct wi_pull_info *info);
/* Parts that pulls and similar objects share: the reason why one has failed (NULL: it has not); an
 * event with one, which is taken; an answer 202 with one, taken as well, that has begun to make
 * a model of that name. */
json_t *wi_api_pull_problem(const struct wi_error *error);
void wi_api_pull_write(struct wi_buffer *out, json_t *pull, int done);
void wi_api_pull_accept(struct wi_request *request, const char *name, json_t *pull);
/* All known pulls: a new list. `pulls` may be NULL. */
json_t *wi_api_pulls_json(const struct wi_pulls *pulls);

/* Whether this daemon pulls at all; if not, the request is answered. */
int wi_api_has_pulls(struct wi_request *request);
/* Answers with the progress of the pull of that name, which has begun: a stream of the events that
 * `write` appends for each step and for the end, in the form of the request's dialect; with `whole`
 * only the end, as JSON. A client that leaves does not end the pull. */
typedef void wi_pull_event_fn(struct wi_buffer *out, const struct wi_pull_info *info);
void wi_api_pull_tell(
    struct wi_request *request, const char *name, wi_pull_event_fn *write, int whole);

#endif
