/* Orders to nodes; see order.h. */
#include "api/order.h"

#include <string.h>

struct telling {
    struct wi_order *order;
    enum wi_code code;
};

/* The platforms to try: the one asked for, else WebGPU where it is a real GPU, then WASM, or what a
 * program has in its place. */
static size_t choose_platforms(
    const struct wi_order *order, const struct wi_node_info *node, enum wi_platform *platforms)
{
    size_t count = 0;
    if (order->platform >= 0) {
        platforms[0] = (enum wi_platform)order->platform;
        return 1;
    }
    if (node->platforms[WI_WEBGPU].available && node->platforms[WI_WEBGPU].has_adapter &&
        !node->platforms[WI_WEBGPU].adapter.is_fallback)
        platforms[count++] = WI_WEBGPU;
    platforms[count++] = node->platforms[WI_NATIVE].available && !node->platforms[WI_WASM].available
                             ? WI_NATIVE
                             : WI_WASM;
    return count;
}

static enum wi_code unload(const struct wi_order *order, const char *node_id)
{
    const struct wi_api *api = order->api;
    char meant[WI_MODEL_NAME_MAX + 1];
    return wi_bridge_unload(api->deps.bridge, node_id,
        wi_aliases_resolve(wi_repository_aliases(api->deps.repository), order->name, meant));
}

static void tell_node(void *context, const struct wi_node_info *node)
{
    struct telling *telling = context;
    struct wi_order *order = telling->order;
    struct wi_pool *pool = order->api->deps.pool;
    enum wi_platform platforms[WI_PLATFORM_COUNT];
    if (order->node && strcmp(order->node, node->id) != 0)
        return;
    /* As with work: nothing goes to simulated nodes that does not ask for them. */
    if (!order->node && node->platforms[WI_SIMULATED].available && order->platform != WI_SIMULATED)
        return;
    enum wi_code code = order->model ? wi_pool_load(pool, node->id, order->model, platforms,
                                           choose_platforms(order, node, platforms))
                                     : unload(order, node->id);
    if (code == WI_OK)
        json_array_append_new(order->nodes, json_string(node->id));
    else
        telling->code = code;
}

enum wi_code wi_order_give(struct wi_order *order, struct wi_error *error)
{
    struct telling telling = {order, WI_OK};
    order->nodes = json_array();
    wi_bridge_each(order->api->deps.bridge, tell_node, &telling);
    if (json_array_size(order->nodes) > 0)
        return WI_OK;
    if (order->node)
        return wi_error_set(
            error, WI_NODE_NOT_FOUND, "node", "there is no node %.64s", order->node);
    return wi_error_set(error, telling.code != WI_OK ? telling.code : WI_UNAVAILABLE, NULL,
        "there is no node to tell; GET /v1/status says why");
}
