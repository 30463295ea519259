/* Which models nodes have, by what they tell: shown, counted, and kept from being removed. */
#ifndef WI_API_ENDPOINTS_MODELS_MODEL_USE_H
#define WI_API_ENDPOINTS_MODELS_MODEL_USE_H

#include "models/catalog/library/versions.h"
#include "nodes/bridge/bridge.h"

/* Calls `each` for every model that a node tells of and that has a name there: `model` is as the
 * node told it (nodes/bridge/model_status.h). Borrowed for the call. */
typedef void wi_loaded_fn(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model);
void wi_api_each_loaded(const struct wi_bridge *bridge, wi_loaded_fn *each, void *context);

/* A wi_versions_use_fn, whose context is the wi_bridge: adds the models that nodes have loaded, or
 * are loading. */
void wi_api_list_loaded(void *bridge, struct wi_versions_use *use);
/* The ids of the nodes that have the model (without variant) or are loading it, and the names by
 * which they know it: both are added to, one for one. */
void wi_api_find_nodes(
    struct wi_bridge *bridge, const char *name, struct wi_strings *ids, struct wi_strings *names);

#endif
