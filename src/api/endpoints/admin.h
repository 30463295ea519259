/* Nodes are told to load a model, or to unload one; how that goes they tell by themselves. */
#ifndef WI_API_ENDPOINTS_ADMIN_H
#define WI_API_ENDPOINTS_ADMIN_H

#include "api/http/request.h"

/* Borrowed, but for `nodes`. */
struct wi_order {
    const struct wi_api *api;
    const char *node;       /* the only one; NULL: every node */
    int platform;           /* -1: a real GPU where the node has one, else WASM */
    struct wi_model *model; /* to be loaded; NULL: `name` is to be unloaded */
    const char *name;       /* as it is asked for */
    json_t *nodes;          /* out: the ids of those that were told, a new list */
};

/* WI_OK if one was told; else WI_NODE_NOT_FOUND, WI_UNAVAILABLE, or why it could not be. */
enum wi_code wi_order_give(struct wi_order *order, struct wi_error *error);

#endif
