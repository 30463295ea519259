/* When kernels are tuned, and who is told; see private.h. */
#include "work/pool/private.h"

#include "base/log.h"
#include "wire/describe/schemas.h"
#include <string.h>

/* All rest for so long before one begins: a client that asks one thing after the other is no time
 * for it. */
#define QUIET_MS 1000.0

const struct wi_place *wi_pool_gpu_of(const struct pool_node *node)
{
    const struct wi_fleet_class *class = node->place.class;

    return class && !*class->info.relay && class->info.platforms[WI_WEBGPU].available
               ? wi_fleet_where(class, WI_ENGINE_KERNELS, WI_WEBGPU)
               : NULL;
}

static int is_idle(const struct pool_node *node)
{
    return node->count == 0 && !node->away && !node->draining && !node->paused && !node->held &&
           !node->choked;
}

/* Nothing waits, and nothing runs on this machine, whose cores a software adapter computes on. */
static int is_quiet(const struct wi_pool *pool)
{
    if (pool->closing || pool->backlog.waiting > 0)
        return 0;
    for (const struct pool_node *node = pool->nodes->all; node; node = node->hh.next)
        if (*node->session && node->count > 0)
            return 0;
    return 1;
}

/* 1 if it has begun. */
static int tuning_begin(struct wi_pool *pool, const struct pool_node *node, double now)
{
    const struct wi_place *gpu = is_idle(node) ? wi_pool_gpu_of(node) : NULL;

    if (!gpu)
        return 0;
    struct wi_tuning_owner owner = wi_tuning_owner(gpu, node->id);
    const struct wi_tuning *next = wi_tunings_begin(pool->tunings, &owner, node->id, now);
    if (!next)
        return 0;
    wi_debug("pool", node->id, "is to tune %s %s", next->kernel->name, next->size_class);
    return wi_bridge_tune(pool->bridge, node->id, next->kernel, next->size_class) == WI_OK;
}

void wi_pool_tune(struct wi_pool *pool, double now)
{
    if (!is_quiet(pool)) {
        pool->quiet_since = 0;
        return;
    }
    if (pool->quiet_since == 0)
        pool->quiet_since = now;
    if (now - pool->quiet_since < QUIET_MS || !wi_tunings_are_open(pool->tunings))
        return;
    for (const struct pool_node *node = pool->nodes->all; node; node = node->hh.next)
        if (tuning_begin(pool, node, now) && *node->session)
            break; /* another browser would compute at the same time */
}

void wi_pool_tune_note(struct wi_pool *pool, const struct pool_node *node,
    const struct wi_kernel *kernel, const char *size_class)
{
    const struct wi_place *gpu = *size_class ? wi_pool_gpu_of(node) : NULL;

    if (!gpu)
        return;
    struct wi_tuning_owner owner = wi_tuning_owner(gpu, node->id);
    wi_tunings_note(pool->tunings, &owner, kernel, size_class);
}

json_t *wi_pool_tuning(void *context, const struct wi_node_info *info)
{
    const struct wi_pool *pool = context;
    if (!info->platforms[WI_WEBGPU].available)
        return NULL;
    struct wi_place place = wi_place_of(info, WI_ENGINE_KERNELS, WI_WEBGPU);
    struct wi_tuning_owner owner = wi_tuning_owner(&place, info->id);
    return wi_tunings_json(pool->tunings, &owner);
}

void wi_pool_tell_tuning(struct wi_pool *pool, const struct wi_node_info *info)
{
    json_t *list = wi_pool_tuning(pool, info);

    if (list)
        wi_bridge_tell_tuning(pool->bridge, info->id, list);
    json_decref(list);
}

/* All at that place, the node itself too. */
static void tell_all(struct wi_pool *pool, const struct wi_tuning_owner *owner)
{
    for (const struct pool_node *node = pool->nodes->all; node; node = node->hh.next) {
        const struct wi_node_info *info = wi_bridge_node(pool->bridge, node->id);
        const struct wi_place *gpu = wi_pool_gpu_of(node);
        if (!info || !gpu)
            continue;
        struct wi_tuning_owner its = wi_tuning_owner(gpu, node->id);
        if (strcmp(its.key, owner->key) == 0)
            wi_pool_tell_tuning(pool, info);
    }
}

/* It computes on: what came behind it runs again elsewhere, or here once it is ended. */
static void end_hung(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_tuning *tuning)
{
    const struct wi_kernel_choice *hung = tuning->hung;
    struct pool_session *session = wi_pool_sessions_find(pool->sessions, node->session);

    wi_warn("pool", node->id,
        "%s %s by %s in workgroups of %dx%d does not end: the kernel is not tuned here any more",
        tuning->kernel->name, tuning->size_class, hung->variant, (int)hung->workgroup[0],
        (int)hung->workgroup[1]);
    if (!session)
        return;
    wi_pool_node_excuse(node);
    wi_pool_end_kernel(pool, session, "a kernel that it tunes has not ended");
}

void wi_pool_tuned(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_tuning *tuning)
{
    const struct wi_place *gpu = wi_pool_gpu_of(node);
    const struct wi_kernel_choice *choice = tuning->choice;
    const char *id = node->id;

    if (!gpu)
        return;
    struct wi_tuning_owner owner = wi_tuning_owner(gpu, id);
    if (!wi_tunings_end(pool->tunings, &owner, id, tuning))
        return;
    if (tuning->hung) {
        end_hung(pool, node, tuning);
        return;
    }
    if (!choice) {
        wi_debug("pool", id, "has not tuned %s %s", tuning->kernel->name, tuning->size_class);
        return;
    }
    wi_info("pool", id, "computes %s %s by %s in workgroups of %dx%d: %.3g ms, by default %.3g ms",
        tuning->kernel->name, tuning->size_class, choice->variant, (int)choice->workgroup[0],
        (int)choice->workgroup[1], choice->ms, choice->default_ms);
    tell_all(pool, &owner);
}

/* Whose it is: a place, or one node. */
static json_t *tuning_json(const struct wi_tuning_item *item)
{
    const struct wi_kernel_choice *choice = &item->tuning.choice;
    struct wi_place place = {0};
    int is_place = !item->owner.joined && wi_place_parse(&place, item->owner.key) == 0;
    return wi_form_json("Tuning", item->tuning.kernel->name, item->tuning.size_class,
        choice->variant,
        json_pack("[I, I]", (json_int_t)choice->workgroup[0], (json_int_t)choice->workgroup[1]),
        choice->ms, choice->default_ms, is_place ? place.kind : NULL,
        is_place ? place.browser_version : NULL,
        is_place ? wi_platform_names[place.platform] : NULL, is_place ? place.adapter : NULL,
        item->owner.joined ? item->owner.key : NULL);
}

json_t *wi_pool_tunings_json(const struct wi_pool *pool, size_t most, size_t *more)
{
    json_t *list = json_array();

    *more = 0;
    for (const struct wi_tuning_item *item = pool->tunings->items; item; item = item->hh.next)
        if (item->tuning.is_known && json_array_size(list) < most)
            json_array_append_new(list, tuning_json(item));
        else
            *more += (size_t)item->tuning.is_known;
    return list;
}
