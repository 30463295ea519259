/* What the API says of models beside their files: all their names, what the numerics guard found.
 */
#ifndef WI_API_ENDPOINTS_MODELS_MODELS_H
#define WI_API_ENDPOINTS_MODELS_MODELS_H

#include "api/http/request.h"

/* Calls `each` for every model of the store and every built-in one that can be read, as far as that
 * is known: by its own name, unless that is another's alias, and by each of its aliases. `row` and
 * `model` are as of wi_repository_each. */
typedef void wi_api_name_fn(
    void *context, const char *name, const struct wi_list_row *row, const struct wi_model *model);
void wi_api_each_name(const struct wi_api *api, wi_api_name_fn *each, void *context);

/* All of them as last read: a new list. */
json_t *wi_api_models_json(const struct wi_api *api);
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
