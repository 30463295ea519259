/*
 * Choosing a node: brings together what routing looks at, rolls the dice, and carries out what
 * follows from the choice. The choice itself is route.c's.
 */
#include "work/pool/pick.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/pcg32.h"
#include "work/pool/explain.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/judge.h"
#include "work/pool/pending.h"
#include "work/pool/prospect.h"
#include "work/pool/relocate.h"
#include <stdlib.h>
#include <string.h>

struct pool_chooser {
    struct wi_pcg32 random;          /* predicting its choices gains a client nothing */
    struct wi_candidate *candidates; /* room for a choice among `capacity` classes */
    struct wi_route_option *options;
    size_t capacity;
    uint64_t probes;
};

struct pool_chooser *wi_pool_chooser_new(void)
{
    struct pool_chooser *chooser = wi_alloc(sizeof *chooser);
    uint64_t seed;

    if (uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL) != 0)
        seed = (uint64_t)wi_wall_ms();
    wi_pcg32_seed(&chooser->random, seed, 0);
    return chooser;
}

void wi_pool_chooser_free(struct pool_chooser *chooser)
{
    if (!chooser)
        return;
    free(chooser->candidates);
    free(chooser->options);
    free(chooser);
}

uint64_t wi_pool_chooser_probes(const struct pool_chooser *chooser)
{
    return chooser->probes;
}

/* --- what there is ---------------------------------------------------------------------------- */

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

static void fill_prospect(const struct wi_pool *pool, const struct view *view,
    enum wi_platform platform, struct wi_prospect *prospect)
{
    const struct wi_fleet_class *class = view->class;
    const struct wi_demand *demand = view->demand;
    const struct wi_model *model = wi_pool_model_on(demand, platform);

    *prospect = wi_pool_prospect(
        pool, demand, &class->info, platform, wi_fleet_where(class, model->engine, platform));
    if (!prospect->place)
        return;
    prospect->loaded = wi_fleet_loaded(class, model->hash, platform);
    prospect->warm = free_node_of(
        wi_fleet_warm(class, view->queue, model->hash, platform, demand->avoid, view->now), view);
}

static const struct wi_fleet_node *node_find(const struct wi_pool *pool, const char *node_id)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    return node ? wi_pool_node_info_of(node)->place : NULL;
}

static void fill_candidate(
    const struct wi_pool *pool, const struct view *view, struct wi_candidate *candidate)
{
    const struct wi_fleet_class *class = view->class;
    const char *avoid = view->demand->avoid;
    const struct wi_fleet_node *any = wi_fleet_any(class, view->queue, avoid, view->now);
    const struct wi_fleet_node *avoided = avoid ? node_find(pool, avoid) : NULL;
    const struct pool_kind *kind =
        class->ours ? wi_pool_kinds_find(pool->kinds, class->info.kind) : NULL;

    *candidate = (struct wi_candidate){.info = &class->info,
        .browser = kind ? wi_pool_kind_info(kind)->browser : NULL,
        .nodes = class->count,
        .open = class->open,
        .away = class->away,
        .paused = class->paused,
        .held = class->held,
        .worked = class->worked,
        .doubted = class->doubted,
        .slots = wi_fleet_slots(&class->info, view->queue),
        .any = free_node_of(any, view),
        .any_idle = any && wi_fleet_is_idle(any, view->queue),
        .full_ms = wi_fleet_full(class, view->queue, view->now)};
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
        if (!wi_fleet_has(familiar->node, wi_pool_model_on(view->demand, platform)->hash, platform))
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
        int has = wi_fleet_has(node, wi_pool_model_on(view->demand, platform)->hash, platform);
        candidate->prospects[p].loaded = (size_t)has;
        candidate->prospects[p].warm = has ? free_node : (struct wi_free_node){0};
    }
}

static void chooser_make_room(struct pool_chooser *chooser, size_t count)
{
    if (count <= chooser->capacity)
        return;
    chooser->capacity = count + 8;
    chooser->candidates =
        wi_realloc_array(chooser->candidates, chooser->capacity, sizeof *chooser->candidates);
    chooser->options = wi_realloc_array(
        chooser->options, chooser->capacity * WI_PLATFORM_COUNT, sizeof *chooser->options);
}

/* Whether its nodes are of the party of the avoided one, so that they are no second. */
static int is_partial(const struct wi_fleet_class *class, const struct wi_demand *demand,
    const struct wi_fleet_node *avoided)
{
    return demand->second && avoided && !class->ours &&
           strcmp(class->info.party, avoided->class->info.party) == 0;
}

static enum wi_pick demand_judge(struct wi_pool *pool, const struct wi_demand *demand,
    int with_dice, struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_config_pool *config = &pool->config->pool;
    const struct wi_fleet *fleet = wi_pool_nodes_fleet(pool->nodes);
    const struct wi_fleet_node *node = asked->node ? node_find(pool, asked->node) : NULL;
    const struct wi_fleet_node *avoided = demand->avoid ? node_find(pool, demand->avoid) : NULL;
    struct pool_chooser *chooser = pool->chooser;
    const struct familiar familiar = find_familiar(pool, demand);
    double now = wi_now_ms();
    struct wi_terms terms = {.numerics = config->numerics,
        .exploration = config->exploration,
        .recheck = config->recheck,
        .recheck_roll = with_dice ? wi_pcg32_share(&chooser->random) : 1,
        .waiting = pool->backlog.waiting,
        .now = now};
    size_t count = 0;

    *judged = (struct pool_judged){0};
    if (asked->node && !node) {
        wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", asked->node);
        return WI_PICK_NEVER;
    }
    chooser_make_room(chooser, HASH_COUNT(fleet->classes));
    for (const struct wi_fleet_class *class = fleet->classes; class; class = class->hh.next) {
        const struct view view = {class, demand, queue_of(class, demand), now};
        struct wi_candidate *candidate = &chooser->candidates[count];
        if ((node && node->class != class) || is_partial(class, demand, avoided))
            continue;
        fill_candidate(pool, &view, candidate);
        if (familiar.node && familiar.node->class == class && (!node || node == familiar.node))
            fill_familiar(&familiar, &view, candidate);
        if (node)
            candidate_narrow(node, &view, candidate);
        if (wi_judge_matches(candidate, demand))
            judged->count += WI_PLATFORM_COUNT;
        count++;
    }
    judged->options = chooser->options;
    return wi_route(chooser->candidates, count, demand, &terms, chooser->options, choice, error);
}

/* --- what follows ----------------------------------------------------------------------------- */

/* The next place that a probe of the model is about, after `class` (NULL: the first); NULL where
 * there is none. */
static const struct wi_place *next_probed(const struct wi_pool *pool, const struct wi_model *model,
    const struct wi_probe *probe, const struct wi_fleet_class **class)
{
    const struct wi_place *place = NULL;

    do {
        *class = *class ? (*class)->hh.next : wi_pool_nodes_fleet(pool->nodes)->classes;
        if (*class && strcmp((*class)->info.kind, probe->browser) == 0)
            place = wi_fleet_where(*class, model->engine, probe->platform);
    } while (*class && !place);
    return place;
}

static void note_probe(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    const struct wi_fleet_class *class = NULL;
    const struct wi_place *place;
    double now = wi_now_ms();

    pool->chooser->probes++;
    while ((place = next_probed(pool, model, probe, &class)))
        wi_estimates_tried(pool->estimates, model->hash, place, now);
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    const struct wi_fleet_class *class = NULL;
    const struct wi_place *place;

    while ((place = next_probed(pool, model, probe, &class)))
        wi_estimates_untried(pool->estimates, model->hash, place);
}

const struct wi_route_option *wi_pool_judged_choice(const struct pool_judged *judged)
{
    for (size_t i = 0; i < judged->count; i++)
        if (judged->options[i].chosen)
            return &judged->options[i];
    return NULL;
}

/* What exploring may spend grows with what the clients' runs take. */
static void note_served(
    struct wi_pool *pool, const struct wi_demand *demand, const struct pool_judged *judged)
{
    const struct wi_route_option *client = wi_pool_judged_choice(judged);

    if (client)
        wi_estimates_served(
            pool->estimates, wi_pool_model_on(demand, client->platform)->hash, client->run_ms);
}

enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error)
{
    enum wi_pick pick = demand_judge(pool, demand, really, choice, judged, error);

    /* A named node cannot come: ids are never used twice. A smaller variant runs where it is. */
    if (pick != WI_PICK_NEVER || demand->asked->node || !wi_pool_could_bring(pool, demand) ||
        wi_route_lacks_memory(judged->options, judged->count))
        return pick;
    if (wi_pool_is_pending(pool, demand, really))
        return WI_PICK_WAIT;
    if ((!error || (error->code == WI_UNAVAILABLE && judged->count == 0)) &&
        !wi_pool_no_kind_can(pool, demand, error))
        wi_pool_explain(pool, demand->asked->browser, error);
    return WI_PICK_NEVER;
}

static void fill_room(
    const struct wi_pool *pool, const struct wi_demand *demand, struct wi_choice *choice)
{
    const struct wi_fleet_node *node = node_find(pool, choice->node);

    if (!node)
        return;
    unsigned queue = queue_of(node->class, demand);
    const struct wi_fleet *fleet = wi_pool_nodes_fleet(pool->nodes);
    choice->room = (struct wi_room){.queue = queue,
        .of_node = wi_fleet_depth(&node->class->info, queue),
        .of_all = wi_fleet_depth_of_all(fleet, queue),
        .texts = wi_fleet_is_of_texts(queue) ? wi_fleet_slots_of_all(fleet, queue) : 0};
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    struct pool_judged judged;
    enum wi_pick pick = wi_pool_consider(pool, demand, !demand->only_looks, choice, &judged, error);

    if (pick == WI_PICK_NODE)
        fill_room(pool, demand, choice);
    if (demand->only_looks)
        return pick;
    if (asked->benchmark.runs) { /* it says nothing of what others ask for */
        choice->probe = (struct wi_probe){0};
        return pick;
    }
    if (pick == WI_PICK_NODE && choice->probe.wanted)
        note_probe(pool, wi_pool_model_on(demand, choice->probe.platform), &choice->probe);
    if (pick == WI_PICK_NODE && !asked->has_platform &&
        (!asked->stream || asked->prompt_tokens > 0) && !asked->model->builtin)
        note_served(pool, demand, &judged);
    if (pick != WI_PICK_NEVER && !asked->browser && !asked->node && !asked->has_platform &&
        !asked->model->builtin && pool->config->pool.adaptive_scaling)
        wi_pool_request_preferred(pool, demand, judged.options, judged.count);
    if (pick == WI_PICK_NODE)
        wi_pool_relocate(
            pool, demand, judged.options, judged.count, wi_pool_judged_choice(&judged));
    return pick;
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_fleet_node *node = asked->node ? node_find(pool, asked->node) : NULL;
    double now = wi_now_ms();

    if (asked->node)
        return node && node_has_room(node, queue_of(node->class, demand), demand) &&
               !wi_judge_unfit(&node->class->info, demand);
    for (const struct wi_fleet_class *class = wi_pool_nodes_fleet(pool->nodes)->classes; class;
         class = class->hh.next)
        if ((!asked->browser || strcmp(class->info.kind, asked->browser) == 0) &&
            !wi_judge_unfit(&class->info, demand) &&
            wi_fleet_any(class, queue_of(class, demand), NULL, now))
            return 1;
    return 0;
}
