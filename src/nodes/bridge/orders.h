/*
 * What nodes were told to do with a model, for whoever waits for that: to load it, or to give it
 * back. What became of an order is read off the lists of models that its node sends afterwards, and
 * stays so, whatever others ask of the node then. Pure.
 */
#ifndef WI_NODES_BRIDGE_ORDERS_H
#define WI_NODES_BRIDGE_ORDERS_H

#include "base/hash.h"
#include "models/catalog/library/model.h"
#include <jansson.h>

enum wi_model_order_state {
    WI_MODEL_ORDER_GIVEN, /* the node has not begun it, as far as it has told */
    WI_MODEL_ORDER_BEGUN, /* it loads the model */
    WI_MODEL_ORDER_DONE,  /* it has loaded it, or given it back */
    /* It could not load it: `why`; or has let go of it before it was loaded. At first it may try
     * again at once, on another platform or in a fresh engine, and has begun again then. */
    WI_MODEL_ORDER_FAILED,
    WI_MODEL_ORDER_UNDONE,
    WI_MODEL_ORDER_GONE, /* the node is gone, and the model with it */
    WI_MODEL_ORDER_STATES
};

/* Embedded in what waits. Zero-initialise but for the name and the hash; the rest is written here
 * alone. */
struct wi_model_order {
    char name[WI_MODEL_NAME_MAX + 1];
    char hash[WI_HASH_HEX_SIZE]; /* of the version that is to be loaded; "": it is given back */
    enum wi_model_order_state state;
    char why[320]; /* also while it is not begun: of a failure that may be an earlier one's */
    int _behind;   /* what is loaded now was told to go before */
    int _tries;    /* that were without success */
    struct wi_model_order **_orders; /* that it is among; NULL: none any more */
    struct wi_model_order *prev, *next;
};

/* It was given to the node of these orders, whose last list (NULL: none) is `models`. */
void wi_model_order_add(
    struct wi_model_order **orders, struct wi_model_order *order, const json_t *models);
/* Nobody waits for it any more. Nothing happens to one that has come to its end. */
void wi_model_order_drop(struct wi_model_order *order);
/* The node has sent this list. */
void wi_model_orders_hear(struct wi_model_order **orders, const json_t *models);
/* The node is gone. */
void wi_model_orders_end(struct wi_model_order **orders);

#endif
