/* What is known of batches, for the jobs; see batches.h. */
#include "work/pool/batches.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/pool/facts/batching.h"
#include "work/pool/private.h"

/* Where the node runs the model on that platform; NULL: nowhere, or it is gone. */
static const struct wi_place *node_where(
    const struct pool_node *node, const struct wi_model *model, enum wi_platform platform)
{
    const struct wi_fleet_class *class = node ? node->place.class : NULL;

    return class ? wi_fleet_where(class, model->engine, platform) : NULL;
}

/* What is known of the model where the choice would run it; all 0 if nothing is. */
static struct wi_estimate choice_estimate(
    const struct wi_pool *pool, const struct wi_choice *choice, const struct wi_model *model)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, choice->node);
    const struct wi_place *where = node_where(node, model, choice->platforms[0]);

    return where ? wi_estimates_get(pool->estimates, model->hash, where) : (struct wi_estimate){0};
}

uint64_t wi_pool_batch_most(
    const struct wi_pool *pool, const struct wi_choice *choice, const struct wi_model *model)
{
    const struct wi_node_info *info = wi_bridge_node(pool->bridge, choice->node);
    struct wi_estimate e = choice_estimate(pool, choice, model);

    return wi_batching_most(&e, info ? info->memory_gib : 0, wi_wall_ms());
}

int wi_pool_batch_pays(const struct wi_pool *pool, const struct wi_choice *choice,
    const struct wi_model *model, size_t bytes, double *gain)
{
    struct wi_estimate e = choice_estimate(pool, choice, model);

    *gain = wi_batching_gain(&e);
    return wi_batching_pays(&e, pool->config->pool.exploration, bytes);
}

struct wi_place *wi_pool_batch_place(const struct wi_pool *pool, const char *node_id,
    enum wi_platform platform, const struct wi_model *model)
{
    const struct wi_place *where =
        node_where(wi_pool_nodes_find(pool->nodes, node_id), model, platform);
    struct wi_place *place = where ? wi_alloc(sizeof *place) : NULL;

    if (place)
        *place = *where;
    return place;
}

void wi_pool_batch_crowded(
    struct wi_pool *pool, const struct wi_place *place, const char *hash, size_t bytes)
{
    uint64_t most =
        wi_estimates_crowded(pool->estimates, hash, place, bytes, wi_wall_ms(), wi_awake_ms());

    wi_info("pool", place->kind,
        "a batch with %zu bytes of inputs was too large for %s: batches of this model have at most "
        "%llu there for now",
        bytes, wi_platform_names[place->platform], (unsigned long long)most);
}
