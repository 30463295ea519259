/* What becomes of an order, by the lists of models that its node sends. */
#include "../../test.h"

#include "nodes/bridge/orders.h"
#include <stdio.h>
#include <string.h>

static struct wi_model_order load_of(const char *name, const char *hash)
{
    struct wi_model_order order = {.state = WI_MODEL_ORDER_GIVEN};
    snprintf(order.name, sizeof order.name, "%s", name);
    snprintf(order.hash, sizeof order.hash, "%s", hash);
    return order;
}

static struct wi_model_order unload_of(const char *name)
{
    return load_of(name, "");
}

/* "NAME HASH STATE" with a comma between them; "" for none. */
static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    char name[16], hash[16], state[16];
    for (; text && sscanf(text, "%15s %15s %15[a-z]", name, hash, state) == 3;
         text = strchr(text, ',') ? strchr(text, ',') + 1 : NULL)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "hash", hash,
                                        "state", state, "error", "no room"));
    return list;
}

static void add(struct wi_model_order **orders, struct wi_model_order *order, const char *text)
{
    json_t *list = list_of(text);
    wi_model_order_add(orders, order, list);
    json_decref(list);
}

static void hear(struct wi_model_order **orders, const char *text)
{
    json_t *list = list_of(text);
    wi_model_orders_hear(orders, list);
    json_decref(list);
}

TEST(what_was_given_back_once_is_done_whatever_is_loaded_then)
{
    struct wi_model_order *orders = NULL, order = unload_of("a"), second = unload_of("a");
    add(&orders, &order, "a 1 loaded, b 1 loaded");
    hear(&orders, "a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_GIVEN);
    hear(&orders, "b 1 loaded, a 1 evicted");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
    hear(&orders, "a 1 loading");
    hear(&orders, "a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
    assert_null(orders);
    add(&orders, &second, "a 1 loaded"); /* this one has its own end */
    assert_int_equal(second.state, WI_MODEL_ORDER_GIVEN);
    hear(&orders, "");
    assert_int_equal(second.state, WI_MODEL_ORDER_DONE);
}

TEST(every_version_is_given_back_and_one_that_is_loaded_is_there)
{
    struct wi_model_order *orders = NULL, order = unload_of("a"), none = unload_of("c");
    add(&orders, &order, "a 1 loaded, a 2 loading");
    add(&orders, &none, "a 1 loaded, a 2 loading");
    assert_int_equal(none.state, WI_MODEL_ORDER_DONE);
    hear(&orders, "a 2 loading");
    assert_int_equal(order.state, WI_MODEL_ORDER_GIVEN);
    hear(&orders, "a 2 failed");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
}

TEST(what_was_loaded_once_is_done_whatever_is_unloaded_then)
{
    struct wi_model_order *orders = NULL, order = load_of("a", "1"), again = load_of("a", "1");
    add(&orders, &order, "a 2 loaded");
    hear(&orders, "a 2 loaded, a 1 loading");
    assert_int_equal(order.state, WI_MODEL_ORDER_BEGUN);
    hear(&orders, "a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
    hear(&orders, "");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
    add(&orders, &again, "a 1 loaded"); /* it is there already: no list need come */
    assert_int_equal(again.state, WI_MODEL_ORDER_DONE);
}

TEST(a_load_behind_an_unload_waits_for_what_comes_after_that)
{
    struct wi_model_order *orders = NULL, gone = unload_of("a"), order = load_of("a", "1");
    add(&orders, &gone, "a 1 loaded");
    add(&orders, &order, "a 1 loaded");
    hear(&orders, "a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_GIVEN);
    hear(&orders, "");
    assert_int_equal(gone.state, WI_MODEL_ORDER_DONE);
    assert_int_equal(order.state, WI_MODEL_ORDER_GIVEN);
    hear(&orders, "a 1 loading");
    hear(&orders, "a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
}

TEST(a_load_that_others_undo_ends)
{
    struct wi_model_order *orders = NULL, order = load_of("a", "1"), gone = unload_of("a");
    add(&orders, &order, "");
    hear(&orders, "a 1 loading");
    add(&orders, &gone, "a 1 loading");
    hear(&orders, "");
    assert_int_equal(order.state, WI_MODEL_ORDER_UNDONE);
    assert_int_equal(gone.state, WI_MODEL_ORDER_DONE);
    wi_model_order_drop(&order);
    assert_null(orders);
}

/* On another platform, or in a fresh engine; but not for ever. */
TEST(a_load_that_is_tried_again_at_once_goes_on)
{
    struct wi_model_order *orders = NULL, order = load_of("a", "1"), other = load_of("a", "1");
    add(&orders, &order, "");
    add(&orders, &other, "");
    hear(&orders, "a 1 loading");
    hear(&orders, "a 1 failed");
    assert_int_equal(order.state, WI_MODEL_ORDER_FAILED);
    hear(&orders, "a 1 failed, a 1 loading");
    assert_int_equal(order.state, WI_MODEL_ORDER_BEGUN);
    hear(&orders, "a 1 failed, a 1 loaded");
    assert_int_equal(order.state, WI_MODEL_ORDER_DONE);
    assert_null(orders);
    other = load_of("a", "1");
    add(&orders, &other, "");
    for (int i = 0; i < 3; i++) {
        assert_non_null(orders);
        hear(&orders, "a 1 loading");
        hear(&orders, "a 1 failed");
    }
    assert_null(orders);
    hear(&orders, "a 1 loaded");
    assert_int_equal(other.state, WI_MODEL_ORDER_FAILED);
}

TEST(a_failure_counts_once_it_has_begun_and_is_known_before)
{
    struct wi_model_order *orders = NULL, order = load_of("a", "1");
    add(&orders, &order, "a 1 failed");
    assert_int_equal(order.state, WI_MODEL_ORDER_GIVEN); /* that may be an earlier one's */
    assert_string_equal(order.why, "no room");
    hear(&orders, "a 1 loading");
    hear(&orders, "a 1 failed");
    assert_int_equal(order.state, WI_MODEL_ORDER_FAILED);
    assert_string_equal(order.why, "no room");
    wi_model_order_drop(&order);
}

TEST(a_node_that_goes_ends_its_orders_and_who_waits_may_go_before)
{
    struct wi_model_order *orders = NULL, order = load_of("a", "1"), left = unload_of("b");
    add(&orders, &order, "b 1 loaded");
    add(&orders, &left, "b 1 loaded");
    wi_model_order_drop(&left);
    wi_model_order_drop(&left);
    wi_model_orders_end(&orders);
    assert_int_equal(order.state, WI_MODEL_ORDER_GONE);
    assert_int_equal(left.state, WI_MODEL_ORDER_GIVEN);
    assert_null(orders);
}
