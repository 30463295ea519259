/* Which models the nodes report to have: to show them, to count them, and to keep them from being
 * removed. */
#ifndef WI_API_ENDPOINTS_MODELS_MODEL_USE_H
#define WI_API_ENDPOINTS_MODELS_MODEL_USE_H

#include "models/models.h"
#include "nodes/bridge/bridge.h"

/* Calls `each` for every model that a node reports with a name. `model` is the node's report
 * (nodes/bridge/model_status.h), borrowed for the call. */
typedef void wi_loaded_fn(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model);
void wi_api_each_loaded(const struct wi_bridge *bridge, wi_loaded_fn *each, void *context);

/* A wi_versions_use_fn, whose context is the wi_bridge: adds the models that nodes have loaded, or
 * are loading. */
void wi_api_list_loaded(void *bridge, struct wi_versions_use *use);
/* Adds the ids of the nodes that have the model (without variant) or are loading it to `ids`, and
 * for each the name by which it knows the model to `names`. */
void wi_api_find_nodes(
    struct wi_bridge *bridge, const char *name, struct wi_strings *ids, struct wi_strings *names);

#endif
