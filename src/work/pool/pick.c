/*
 * Choosing a node: what is known of the places is collected (collect.c), they are judged and the
 * best is chosen (route.c), and what follows from the choice is recorded and carried out.
 */
#include "work/pool/pick_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

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

/* The next place that a probe of the model is about, after `class` (NULL: the first); NULL where
 * there is none. */
static const struct wi_place *next_probed(const struct wi_pool *pool, const struct wi_model *model,
    const struct wi_probe *probe, const struct wi_fleet_class **class)
{
    const struct wi_place *place = NULL;

    do {
        *class = *class ? (*class)->hh.next : pool->nodes->fleet.classes;
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
    double now = wi_awake_ms();

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

static struct wi_room room_at(const struct wi_pool *pool, const struct wi_candidate *candidate)
{
    unsigned queue = candidate->queue;
    const struct wi_fleet_capacity all = wi_fleet_capacity(&pool->nodes->fleet, queue);

    return (struct wi_room){.queue = queue,
        .of_node = wi_fleet_depth(candidate->info, queue),
        .of_all = all.depth,
        .texts = wi_fleet_is_of_texts(queue) ? all.slots : 0};
}

static const struct wi_route_option *find_chosen(
    const struct wi_route_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].chosen)
            return &options[i];
    return NULL;
}

enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error)
{
    const struct wi_config_pool *config = &pool->config->pool;
    struct pool_chooser *chooser = pool->chooser;
    const struct wi_terms terms = {.numerics = config->numerics,
        .exploration = config->exploration,
        .recheck = config->recheck,
        .recheck_roll = really ? wi_pcg32_share(&chooser->random) : 1,
        .waiting = pool->backlog.waiting,
        .now = wi_awake_ms()};
    size_t count;

    *judged = (struct pool_judged){0};
    chooser_make_room(chooser, HASH_COUNT(pool->nodes->fleet.classes));
    if (wi_pool_collect(pool, demand, terms.now, chooser->candidates, &count, error) != WI_OK)
        return WI_PICK_NEVER;
    enum wi_pick pick =
        wi_route(chooser->candidates, count, demand, &terms, chooser->options, choice, error);
    judged->options = chooser->options;
    judged->count = count * WI_PLATFORM_COUNT;
    judged->chosen = find_chosen(judged->options, judged->count);
    /* A named node cannot come: ids are never used twice. A smaller variant runs where it is. */
    if (pick != WI_PICK_NEVER || demand->asked->node ||
        wi_route_lacks_memory(judged->options, judged->count))
        return pick;
    return wi_pool_await(pool, demand, really, judged->count > 0, error);
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    struct pool_judged judged;
    enum wi_pick pick = wi_pool_consider(pool, demand, !demand->only_looks, choice, &judged, error);

    if (pick == WI_PICK_NODE)
        choice->room = room_at(pool, judged.chosen->candidate);
    if (demand->only_looks)
        return pick;
    if (asked->benchmark.runs) { /* it says nothing of what others ask for */
        choice->probe = (struct wi_probe){0};
        return pick;
    }
    if (pick == WI_PICK_NODE && choice->probe.wanted)
        note_probe(pool, wi_inference_on(asked, choice->probe.platform)->model, &choice->probe);
    if (pick == WI_PICK_NODE && !asked->has_platform &&
        (!asked->stream || asked->prompt_tokens > 0) && !asked->model->builtin)
        wi_estimates_served(pool->estimates,
            wi_inference_on(asked, judged.chosen->platform)->model->hash, judged.chosen->run_ms);
    if (pick != WI_PICK_NEVER)
        wi_pool_relocate(pool, demand, judged.options, judged.count, judged.chosen);
    return pick;
}
