/* What the API says of where a model came from, which versions of it there are, and when it was
 * used. */
#ifndef WI_API_MODEL_SOURCE_H
#define WI_API_MODEL_SOURCE_H

#include "api/request.h"
#include "model/versions.h"

/* Adds `last_used_at`, and of a model that was pulled `source` and `versions`. */
void wi_api_add_versions(
    const struct wi_api *api, const char *name, const struct wi_versions *versions, json_t *out);
/* Answers with `found` (taken over), completed so from the store's folder, which takes a thread's
 * moment for a model that was pulled. */
void wi_api_answer_model(struct wi_request *request, const struct wi_model *model, json_t *found);

#endif
