/* A model as GET /v1/models shows it, shared by the files of models. */
#ifndef WI_API_ENDPOINTS_MODELS_MODEL_ROW_H
#define WI_API_ENDPOINTS_MODELS_MODEL_ROW_H

#include "api/http/request.h"

/* Which nodes have which of the wanted models. If there are many, a list of models names
 * WI_API_LOADED_SHOWN nodes for each; a single model names all nodes that have it. */
#define WI_API_LOADED_SHOWN 10
#define WI_API_LOADED_MANY 1000
struct wi_api_loaded {
    json_t *lists; /* {NAME: [what its nodes report of it]} */
    json_t *more;  /* {NAME: how many nodes are not listed}; none: 0 */
    size_t most;   /* of a list, once all together have WI_API_LOADED_MANY; SIZE_MAX: all are
                      named, and rows do not say how many more there are */
    size_t count;  /* nodes that are listed */
};
struct wi_api_loaded wi_api_loaded_new(size_t most);
void wi_api_loaded_want(struct wi_api_loaded *loaded, const char *name);
/* Asks all nodes, once. */
void wi_api_loaded_find(struct wi_api_loaded *loaded, const struct wi_api *api);
void wi_api_loaded_clear(struct wi_api_loaded *loaded);

/* A model of that name as lists and the single model show it. `model` is NULL if it has not been
 * read; `problem` says why it cannot be read, or is NULL. A new reference; NULL for a name that is
 * not UTF-8. */
json_t *wi_api_show_model(const struct wi_api *api, const struct wi_api_loaded *loaded,
    const char *name, const struct wi_model *model, const char *problem);
/* Adds `last_used_at`, and for a model that was pulled or uploaded also `source` and `versions`. */
void wi_api_add_versions(
    const struct wi_api *api, const char *name, const struct wi_versions *versions, json_t *out);
/* The row of a model without its published CIDs; the arguments about the model are those of
 * wi_repository_each_after. A new reference; NULL for a name that is not UTF-8. */
json_t *wi_api_model_row(const struct wi_api *api, const struct wi_api_loaded *loaded,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem);
/* The members that OpenAI's clients look for in a model; likewise. */
json_t *wi_api_openai_json(
    const struct wi_api *api, const char *name, const struct wi_model *model);

#endif
