/* The models that are published (models/models.h), as the API shows them. */
#ifndef WI_API_ENDPOINTS_MODELS_PUBLISHED_H
#define WI_API_ENDPOINTS_MODELS_PUBLISHED_H

#include "api/http/request.h"
#include "models/models.h"

/* The published models whose names, without variants, come after `after` ("" for all) and, unless
 * `last` is NULL, not after `last`: {NAME: [{"name", "cid", …}]}, a new reference. Starts a check
 * of files that may have changed, whose result the next call has. */
json_t *wi_api_published_index(const struct wi_api *api, const char *after, const char *last);
/* The same as one list, in the order of their names. */
json_t *wi_api_published_json(const struct wi_api *api, const char *after, const char *last);
/* Adds `published` to the row of a model of that name, with or without a variant, if the index has
 * it. */
void wi_api_add_published(const json_t *index, const char *name, json_t *row);
/* The same, but looks up that model alone. */
void wi_api_add_pins(const struct wi_api *api, const char *name, json_t *row);

/* Whether published models are served to others. */
int wi_api_is_served(const struct wi_api *api);
/* Stops publishing the model and all its variants. `cids`, an array, gets the CIDs under which they
 * were published. WI_OK, also if there are none, or WI_STORAGE_FAILED. */
enum wi_code wi_api_unpublish_all(
    const struct wi_api *api, const char *name, json_t *cids, struct wi_error *error);

/* Adds warnings for the operator. */
void wi_api_published_warnings(const struct wi_api *api, json_t *warnings);
void wi_api_published_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
