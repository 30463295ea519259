/*
 * Orders to nodes to load or unload a model, for callers that wait for the result. The result of an
 * order is read from the lists of models that its node sends afterwards. It remains the same,
 * whatever the node is ordered to do later. Pure.
 */
#ifndef WI_NODES_BRIDGE_ORDERS_H
#define WI_NODES_BRIDGE_ORDERS_H

#include "base/hash.h"
#include "terms/format/model.h"
#include <jansson.h>

enum wi_model_order_state {
    WI_MODEL_ORDER_GIVEN, /* the node has not reported that it has begun */
    WI_MODEL_ORDER_BEGUN, /* it loads the model */
    WI_MODEL_ORDER_DONE,  /* it has loaded the model, or unloaded it */
    /* FAILED: it could not load the model, see `why`. UNDONE: it unloaded the model before the load
     * had ended. After a first failure it may try again at once, on another platform or in a fresh
     * engine; then the order has begun again. */
    WI_MODEL_ORDER_FAILED,
    WI_MODEL_ORDER_UNDONE,
    WI_MODEL_ORDER_GONE, /* the node is gone, and with it the model */
    WI_MODEL_ORDER_STATES
};

/* Embedded in the struct that waits. Zero-initialise all but the name and the hash; the other
 * members are written only by this module. */
struct wi_model_order {
    char name[WI_MODEL_NAME_MAX + 1];
    char hash[WI_HASH_HEX_SIZE]; /* of the version to load; "": the order is to unload */
    enum wi_model_order_state state;
    char why[320]; /* also before it has begun: then the failure may be an earlier one's */
    int _behind;   /* the model loaded now was ordered to be unloaded before */
    int _tries;    /* failed attempts to load */
    struct wi_model_order **_orders; /* the list that it is in; NULL: none any more */
    struct wi_model_order *prev, *next;
};

/* Adds an order that was given to the node of `orders`, whose latest list (NULL: none) is
 * `models`. */
void wi_model_order_add(
    struct wi_model_order **orders, struct wi_model_order *order, const json_t *models);
/* The caller no longer waits for the order. Does nothing if the order has ended. */
void wi_model_order_drop(struct wi_model_order *order);
/* The node has sent a new list. */
void wi_model_orders_hear(struct wi_model_order **orders, const json_t *models);
/* The node is gone. */
void wi_model_orders_end(struct wi_model_order **orders);

#endif
