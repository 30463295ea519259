/* Where a node belongs among the others; see private.h. */
#include "work/pool/private.h"

/* Has its page compile, before anybody asks, what has run in others like it. A page that joined is
 * somebody else's. */
static void node_prepare(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info)
{
    const struct wi_place *gpu = wi_pool_gpu_of(node);
    struct wi_strings kernels = {0};

    if (!gpu || !*info->session || !wi_pool_node_prepare(node))
        return;
    wi_kernels_used_list(pool->kernels_used, gpu, &kernels);
    if (kernels.count > 0)
        (void)wi_bridge_load_kernels(pool->bridge, info->id, WI_WEBGPU, &kernels);
    wi_strings_clear(&kernels);
}

void wi_pool_place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info)
{
    struct wi_node_state state = {0};

    (void)wi_bridge_node_state(pool->bridge, info->id, &state); /* else it has no models */
    wi_pool_node_place(pool->nodes, node, info, state.models);
    node_prepare(pool, node, info);
}

void wi_pool_place_anew(struct wi_pool *pool, struct pool_node *node)
{
    const struct wi_node_info *info = wi_bridge_node(pool->bridge, node->id);

    if (info)
        wi_pool_place(pool, node, info);
}
