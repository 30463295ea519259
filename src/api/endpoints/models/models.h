/* What the API says of models, and what the numerics guard found. */
#ifndef WI_API_ENDPOINTS_MODELS_MODELS_H
#define WI_API_ENDPOINTS_MODELS_MODELS_H

#include "api/http/request.h"

/* The first of all models as last read, at most so many: a new list. `*more` is how many others
 * there are. */
json_t *wi_api_models_json(const struct wi_api *api, size_t most, size_t *more);
/* The row of /v1/models of one of them, with where it is `loaded` only if `where`: a new reference;
 * NULL if there is none. */
json_t *wi_api_model_json(const struct wi_api *api, const char *name, int where);
/* Answers as GET /v1/models/NAME does. */
void wi_api_answer_with_model(struct wi_request *request, const char *name);

/* When its files were last changed, in Unix seconds; of one that has not been read (NULL), or is
 * built in, when the daemon started. */
int64_t wi_api_changed_at(const struct wi_api *api, const struct wi_model *model);

/* What the numerics guard found of all models, {"mode", "verdicts", "probes"}: a new reference. */
json_t *wi_api_numerics_json(const struct wi_api *api);
void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
