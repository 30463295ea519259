/* Orders to nodes to load a model, or to unload one. The nodes report on their own how that goes.
 */
#ifndef WI_API_ENDPOINTS_ADMIN_H
#define WI_API_ENDPOINTS_ADMIN_H

#include "api/http/request.h"

/* Borrowed, but for `nodes`. */
struct wi_order {
    const struct wi_api *api;
    const char *node;       /* the only one; NULL: every node */
    int platform;           /* -1: a real GPU where the node has one, else WASM */
    struct wi_model *model; /* the model to load; NULL: `name` is to be unloaded */
    const char *name;       /* as the client wrote it */
    json_t *nodes;          /* out: the ids of those that were told, a new list */
};

/* WI_OK if at least one node was told; else WI_NODE_NOT_FOUND, WI_UNAVAILABLE, or the code with
 * which a node refused. */
enum wi_code wi_order_give(struct wi_order *order, struct wi_error *error);

#endif
