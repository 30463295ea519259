/* What became of orders, by the lists of their node; see orders.h. */
#include "nodes/bridge/orders.h"

#include "base/text.h"
#include <stdio.h>
#include <string.h>
#include <utlist.h>

/* A page tries two platforms at most, and one of them again in a fresh engine. */
#define TRIES 3

static int row_has_text(const json_t *row, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(row, member));
    return value && strcmp(value, text) == 0;
}

/* The row of the model in that state, with that hash unless it is ""; NULL: there is none. */
static const json_t *find_row(
    const json_t *models, const struct wi_model_order *order, const char *hash, const char *state)
{
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *row = json_array_get(models, i);
        if (row_has_text(row, "name", order->name) && row_has_text(row, "state", state) &&
            (!*hash || row_has_text(row, "hash", hash)))
            return row;
    }
    return NULL;
}

/* Whether the node has any version of it, or is about to. */
static int order_is_there(const json_t *models, const struct wi_model_order *order)
{
    return find_row(models, order, "", "loaded") || find_row(models, order, "", "loading");
}

/* The end of it. */
static void come_to(struct wi_model_order *order, enum wi_model_order_state state)
{
    order->state = state;
    wi_model_order_drop(order);
}

static void try_has_ended(struct wi_model_order *order, enum wi_model_order_state state)
{
    order->state = state;
    if (++order->_tries == TRIES)
        wi_model_order_drop(order);
}

static void hear_load(struct wi_model_order *order, const json_t *models)
{
    const json_t *failed = find_row(models, order, order->hash, "failed");
    int begun = order->state == WI_MODEL_ORDER_BEGUN;
    order->_behind &= order_is_there(models, order);
    if (order->_behind)
        return;
    const char *why = json_string_value(json_object_get(failed, "error"));
    if (failed)
        wi_text_copy(order->why, sizeof order->why, why ? why : "no reason was given");
    if (find_row(models, order, order->hash, "loaded"))
        come_to(order, WI_MODEL_ORDER_DONE);
    else if (find_row(models, order, order->hash, "loading"))
        order->state = WI_MODEL_ORDER_BEGUN;
    else if (begun)
        try_has_ended(order, failed ? WI_MODEL_ORDER_FAILED : WI_MODEL_ORDER_UNDONE);
}

static void order_hear(struct wi_model_order *order, const json_t *models)
{
    if (*order->hash)
        hear_load(order, models);
    else if (!order_is_there(models, order))
        come_to(order, WI_MODEL_ORDER_DONE);
}

/* Whether the model that it is about was told to go before, and has not. */
static int is_behind(const struct wi_model_order *orders, const struct wi_model_order *order)
{
    for (; orders; orders = orders->next)
        if (!*orders->hash && strcmp(orders->name, order->name) == 0)
            return 1;
    return 0;
}

void wi_model_order_add(
    struct wi_model_order **orders, struct wi_model_order *order, const json_t *models)
{
    order->_behind = is_behind(*orders, order);
    order->_orders = orders;
    DL_APPEND(*orders, order);
    order_hear(order, models);
}

void wi_model_order_drop(struct wi_model_order *order)
{
    if (!order->_orders)
        return;
    DL_DELETE(*order->_orders, order);
    order->_orders = NULL;
}

void wi_model_orders_hear(struct wi_model_order **orders, const json_t *models)
{
    struct wi_model_order *order, *next;
    DL_FOREACH_SAFE(*orders, order, next)
    {
        order_hear(order, models);
    }
}

void wi_model_orders_end(struct wi_model_order **orders)
{
    while (*orders)
        come_to(*orders, WI_MODEL_ORDER_GONE);
}
