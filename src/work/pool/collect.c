/*
 * What is known of the places that a demand may go to, before anything is judged: a candidate for
 * each class of nodes, with the facts about the demanded model on each of its platforms.
 */
#include "work/pool/pick_private.h"

#include "base/clock.h"
#include "nodes/node/relay.h"
#include "work/pool/preferences.h"
#include <string.h>

/* A class as one demand sees it. */
struct view {
    const struct wi_fleet_class *class;
    const struct wi_demand *demand;
    unsigned queue; /* of the demand's work on its nodes */
    double now;
};

static unsigned queue_of(const struct wi_fleet_class *class, const struct wi_demand *demand)
{
    return wi_fleet_queue(class, demand->asked->model, demand->asked->task);
}

/* `node` is one of the class; NULL is fine. */
static struct wi_free_node free_node_of(const struct wi_fleet_node *node, const struct view *view)
{
    if (!node)
        return (struct wi_free_node){0};
    if (view->demand->asked->model->builtin) /* takes no time: fewer at a time is all that counts */
        return (struct wi_free_node){node->id, (double)node->work[view->queue].count};
    return (struct wi_free_node){node->id, wi_fleet_ahead(node, view->queue, view->now)};
}

/* Whether the node takes such work, if it has room. */
static int node_is_open(const struct wi_fleet_node *node, const struct wi_demand *demand)
{
    return demand->proves ? node->reachable : node->is.open;
}

static int node_has_room(
    const struct wi_fleet_node *node, unsigned queue, const struct wi_demand *demand)
{
    return node_is_open(node, demand) && wi_fleet_has_room(node, queue);
}

/* NULL is fine. */
static const struct wi_fleet_node *node_find(const struct wi_pool *pool, const char *node_id)
{
    const struct pool_node *node = node_id ? wi_pool_nodes_find(pool->nodes, node_id) : NULL;

    return node ? &node->place : NULL;
}

/* --- a platform ------------------------------------------------------------------------------- */

static const struct wi_model *model_on(const struct wi_demand *demand, enum wi_platform platform)
{
    return wi_inference_on(demand->asked, platform)->model;
}

/* What is known of nodes of that kind (`info`): their preference, and the measurements, verdicts
 * and shortages at `place` (borrowed; NULL: they have none), but not which of them are free. */
static struct wi_prospect prospect_of(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *info, enum wi_platform platform, const struct wi_place *place)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_model *model = model_on(demand, platform);
    struct wi_prospect prospect = {
        .rank =
            wi_preferences_rank(wi_preferences_of(&pool->config->browser_preferences, asked->type),
                info->kind, platform)};

    if (model->builtin || !place || !info->platforms[platform].available)
        return prospect;
    const struct wi_known known =
        wi_verdicts_get(pool->verdicts, model, place, wi_inference_variant(asked), asked->set);
    prospect.place = place;
    prospect.estimate = wi_estimates_get(pool->estimates, model->hash, place);
    prospect.verdict = known.verdict;
    prospect.is_short =
        asked->lessens && wi_shortages_has(pool->shortages, model->hash, place, wi_wall_ms());
    prospect.is_due = known.verdict == WI_WRONG && known.due;
    prospect.rests = known.verdict == WI_UNKNOWN && !known.due;
    return prospect;
}

static void fill_prospect(const struct wi_pool *pool, const struct view *view,
    enum wi_platform platform, struct wi_prospect *prospect)
{
    const struct wi_fleet_class *class = view->class;
    const struct wi_demand *demand = view->demand;
    const struct wi_model *model = model_on(demand, platform);

    *prospect = prospect_of(
        pool, demand, &class->info, platform, wi_fleet_where(class, model->engine, platform));
    if (!prospect->place)
        return;
    prospect->loaded = wi_fleet_loaded(class, model->hash, platform);
    prospect->warm = free_node_of(
        wi_fleet_warm(class, view->queue, model->hash, platform, demand->avoid, view->now), view);
}

/* --- a class ---------------------------------------------------------------------------------- */

static void fill_candidate(const struct wi_pool *pool, const struct view *view,
    const struct wi_fleet_node *avoided, struct wi_candidate *candidate)
{
    const struct wi_fleet_class *class = view->class;
    const struct wi_fleet_node *any =
        wi_fleet_any(class, view->queue, view->demand->avoid, view->now);
    const struct pool_kind *kind =
        class->ours ? wi_pool_kinds_find(pool->kinds, class->info.kind) : NULL;

    *candidate = (struct wi_candidate){.info = &class->info,
        .browser = kind ? kind->browser : NULL,
        .nodes = class->count,
        .open = class->open,
        .away = class->away,
        .paused = class->paused,
        .held = class->held,
        .worked = class->worked,
        .doubted = class->doubted,
        .queue = view->queue,
        .slots = wi_fleet_slots(&class->info, view->queue),
        .full_ms = wi_fleet_full(class, view->queue, view->now),
        .any = free_node_of(any, view),
        .any_idle = any && wi_fleet_is_idle(any, view->queue)};
    if (avoided && avoided->class == class && node_has_room(avoided, view->queue, view->demand))
        candidate->avoided = free_node_of(avoided, view);
    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        fill_prospect(pool, view, (enum wi_platform)p, &candidate->prospects[p]);
}

/* The node that knows most of the demand's prompt. */
struct familiar {
    const struct wi_fleet_node *node; /* NULL: none */
    unsigned tokens;
};

static struct familiar find_familiar(const struct wi_pool *pool, const struct wi_demand *demand)
{
    char id[WI_ID_SIZE];
    unsigned tokens =
        wi_prefixes_find(pool->prefixes, demand->beginnings, demand->beginning_count, id);
    const struct wi_fleet_node *node = tokens > 0 ? node_find(pool, id) : NULL;

    if (!node || !node_has_room(node, queue_of(node->class, demand), demand) ||
        (demand->avoid && strcmp(demand->avoid, id) == 0))
        return (struct familiar){0};
    return (struct familiar){node, tokens};
}

static void fill_familiar(
    const struct familiar *familiar, const struct view *view, struct wi_candidate *candidate)
{
    for (int p = 0; p < WI_PLATFORM_COUNT; p++) {
        struct wi_prospect *prospect = &candidate->prospects[p];
        enum wi_platform platform = (enum wi_platform)p;
        if (!wi_fleet_has(familiar->node, model_on(view->demand, platform)->hash, platform))
            continue;
        prospect->known = free_node_of(familiar->node, view);
        prospect->known_tokens = familiar->tokens;
    }
}

/* The class of the named node, with this node alone in it. */
static void candidate_narrow(
    const struct wi_fleet_node *node, const struct view *view, struct wi_candidate *candidate)
{
    const struct wi_model *model = view->demand->asked->model;
    int room = node_has_room(node, view->queue, view->demand);
    struct wi_free_node free_node = free_node_of(room ? node : NULL, view);

    candidate->nodes = 1;
    candidate->open = (size_t)node_is_open(node, view->demand);
    candidate->away = (size_t)node->is.away;
    candidate->paused = (size_t)node->is.paused;
    candidate->held = (size_t)node->is.held;
    candidate->any = free_node;
    candidate->any_idle = room && wi_fleet_is_idle(node, view->queue);
    candidate->avoided = (struct wi_free_node){0};
    candidate->full_ms = room ? -1 : wi_fleet_ahead(node, view->queue, view->now);
    for (int p = 0; p < WI_PLATFORM_COUNT && !model->builtin; p++) {
        enum wi_platform platform = (enum wi_platform)p;
        int has = wi_fleet_has(node, model_on(view->demand, platform)->hash, platform);
        candidate->prospects[p].loaded = (size_t)has;
        candidate->prospects[p].warm = has ? free_node : (struct wi_free_node){0};
    }
}

/* A relay has the models that it has named, all of them at once: what the daemon behind it loads
 * for that is measured there. */
static void fill_relay(const struct wi_pool *pool, const struct view *view, int64_t now_ms,
    struct wi_candidate *candidate)
{
    const struct wi_node_info *info = &view->class->info;

    for (int p = 0; p < WI_PLATFORM_COUNT; p++) {
        struct wi_prospect *prospect = &candidate->prospects[p];
        const struct wi_model *model = model_on(view->demand, (enum wi_platform)p);
        prospect->absent =
            !wi_model_is_built_in(model) && !wi_relay_models_have(info->relay_models, model->hash);
        prospect->held = prospect->place && wi_place_holds_find(pool->place_holds,
                                                prospect->place->key, now_ms) != NULL;
        prospect->loaded = 1;
        prospect->warm = candidate->any;
    }
}

/* Whether its nodes are of the party of the avoided one, so that they are no second. */
static int is_partial(const struct wi_fleet_class *class, const struct wi_demand *demand,
    const struct wi_fleet_node *avoided)
{
    return demand->second && avoided && !class->ours &&
           strcmp(class->info.party, avoided->class->info.party) == 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

enum wi_code wi_pool_collect(const struct wi_pool *pool, const struct wi_demand *demand, double now,
    struct wi_candidate *candidates, size_t *count, struct wi_error *error)
{
    const char *named = demand->asked->node;
    const struct wi_fleet_node *node = node_find(pool, named);
    const struct wi_fleet_node *avoided = node_find(pool, demand->avoid);
    const struct familiar familiar = find_familiar(pool, demand);

    *count = 0;
    if (named && !node)
        return wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", named);
    for (const struct wi_fleet_class *class = pool->nodes->fleet.classes; class;
         class = class->hh.next) {
        const struct view view = {class, demand, queue_of(class, demand), now};
        struct wi_candidate *candidate = &candidates[*count];
        if ((node && node->class != class) || is_partial(class, demand, avoided))
            continue;
        fill_candidate(pool, &view, avoided, candidate);
        if (familiar.node && familiar.node->class == class && (!node || node == familiar.node))
            fill_familiar(&familiar, &view, candidate);
        if (node)
            candidate_narrow(node, &view, candidate);
        if (*class->info.relay)
            fill_relay(pool, &view, wi_steady_ms(), candidate);
        *count += (size_t)wi_judge_matches(candidate, demand);
    }
    return WI_OK;
}

void wi_pool_imagine(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *page, const struct wi_config_browser *browser,
    struct wi_place *places, struct wi_candidate *candidate)
{
    *candidate = (struct wi_candidate){.info = page,
        .browser = browser,
        .nodes = 1,
        .open = 1,
        .slots = 1,
        .any = {.node = page->session},
        .any_idle = 1,
        .full_ms = -1};
    for (int p = 0; p < WI_PLATFORM_COUNT; p++) {
        enum wi_platform platform = (enum wi_platform)p;
        places[p] = wi_place_of(page, model_on(demand, platform)->engine, platform);
        candidate->prospects[p] = prospect_of(pool, demand, page, platform, &places[p]);
    }
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_fleet_node *node = node_find(pool, asked->node);
    double now = wi_awake_ms();

    if (asked->node)
        return node && node_has_room(node, queue_of(node->class, demand), demand) &&
               !wi_judge_unfit(&node->class->info, demand);
    for (const struct wi_fleet_class *class = pool->nodes->fleet.classes; class;
         class = class->hh.next)
        if ((!asked->browser || strcmp(class->info.kind, asked->browser) == 0) &&
            !wi_judge_unfit(&class->info, demand) &&
            wi_fleet_any(class, queue_of(class, demand), NULL, now))
            return 1;
    return 0;
}
