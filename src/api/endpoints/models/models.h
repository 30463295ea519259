/* Models in the API, and the findings of the numerics guard. */
#ifndef WI_API_ENDPOINTS_MODELS_MODELS_ENDPOINT_H
#define WI_API_ENDPOINTS_MODELS_MODELS_ENDPOINT_H

#include "api/http/request.h"

/* The first `most` of all models, as last read: a new list. `*more` gets how many others there are.
 */
json_t *wi_api_models_json(const struct wi_api *api, size_t most, size_t *more);
/* The row of one model in /v1/models, a new reference; NULL if there is none. `where`: with the
 * member `loaded`. */
json_t *wi_api_model_json(const struct wi_api *api, const char *name, int where);
/* Answers as GET /v1/models/NAME does. */
void wi_api_answer_with_model(struct wi_request *request, const char *name);

/* The time when the model's files were last changed, in Unix seconds; for a model that has not been
 * read (NULL), or is built in, the start of the daemon. */
int64_t wi_api_changed_at(const struct wi_api *api, const struct wi_model *model);

/* The findings of the numerics guard for all models, {"mode", "verdicts", "probes"}: a new
 * reference. */
json_t *wi_api_numerics_json(const struct wi_api *api);
void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
