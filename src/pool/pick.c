/*
 * Choosing a node: brings together what routing looks at, rolls the dice, and carries out what
 * follows from the choice. The choice itself is route.c's.
 */
#include "pool/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "pool/preferences.h"
#include "pool/verdicts.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- what there is --------------------------------------------------------------------------- */

static struct wi_seat seat_of(const struct wi_fleet_node *node, int builtin, double now)
{
    if (!node)
        return (struct wi_seat){0};
    /* Built-in models take no time: fewer at a time is all that counts. */
    return (struct wi_seat){
        node->id, builtin ? (double)node->builtin_count : wi_fleet_ahead(node, now)};
}

static int has_room(const struct wi_fleet_node *node, int builtin)
{
    return node->open &&
           (builtin ? node->builtin_count < WI_DEPTH_BUILTIN : node->model_count < WI_DEPTH_MODEL);
}

static void fill_prospect(const struct wi_pool *pool, const struct wi_fleet_class *class,
    const struct wi_demand *demand, enum wi_platform platform, double now,
    struct wi_prospect *prospect)
{
    const struct wi_model *model = demand->model;
    const char *place = class->places[platform];

    prospect->rank =
        wi_preferences_rank(wi_preferences_of(&pool->config->browser_preferences, demand->type),
            class->info.kind, platform);
    if (model->builtin || !class->info.platforms[platform].available)
        return;
    prospect->estimate = wi_estimates_get(pool->estimates, model->hash, place);
    prospect->verdict =
        wi_verdicts_get(pool->verdicts, model, &class->info, platform, demand->precision);
    if (prospect->verdict == WI_UNKNOWN || prospect->estimate.runs == 0 ||
        wi_estimate_hope(&prospect->estimate) < prospect->estimate.run_ms)
        prospect->probe_due = wi_estimates_probe_due(pool->estimates, model->hash, place, now);
    prospect->loaded = wi_fleet_loaded(class, model->hash, platform);
    prospect->warm =
        seat_of(wi_fleet_warm(class, model->hash, platform, demand->avoid, now), 0, now);
}

static void fill_candidate(const struct wi_pool *pool, const struct wi_fleet_class *class,
    const struct wi_demand *demand, double now, struct wi_candidate *candidate)
{
    int builtin = demand->model->builtin;
    const struct wi_fleet_node *any = wi_fleet_any(class, builtin, demand->avoid, now);
    const struct pool_node *avoided = demand->avoid ? wi_pool_find_node(pool, demand->avoid) : NULL;
    const struct pool_kind *kind = class->ours ? wi_pool_find_kind(pool, class->info.kind) : NULL;

    *candidate = (struct wi_candidate){.info = &class->info,
        .browser = kind ? kind->browser : NULL,
        .nodes = class->count,
        .open = class->open,
        .away = class->away,
        .any = seat_of(any, builtin, now),
        .any_idle = any && any->model_count == 0,
        .full_ms = wi_fleet_full(class, now)};
    if (avoided && avoided->place.class == class && has_room(&avoided->place, builtin))
        candidate->avoided = seat_of(&avoided->place, builtin, now);
    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        fill_prospect(pool, class, demand, (enum wi_platform)p, now, &candidate->prospects[p]);
}

/* The class of the named node, with this node alone in it. */
static void narrow(const struct wi_fleet_node *node, const struct wi_demand *demand, double now,
    struct wi_candidate *candidate)
{
    int builtin = demand->model->builtin, room = has_room(node, builtin);
    struct wi_seat seat = seat_of(room ? node : NULL, builtin, now);

    candidate->nodes = 1;
    candidate->open = (size_t)node->open;
    candidate->away = (size_t)node->away;
    candidate->any = seat;
    candidate->any_idle = room && node->model_count == 0;
    candidate->avoided = (struct wi_seat){0};
    candidate->full_ms = room ? -1 : wi_fleet_ahead(node, now);
    for (int p = 0; p < WI_PLATFORM_COUNT && !builtin; p++) {
        int has = wi_fleet_has(node, demand->model->hash, (enum wi_platform)p);
        candidate->prospects[p].loaded = (size_t)has;
        candidate->prospects[p].warm = has ? seat : (struct wi_seat){0};
    }
}

static void make_room(struct wi_pool *pool)
{
    size_t count = HASH_COUNT(pool->fleet.classes);

    if (count <= pool->capacity)
        return;
    pool->capacity = count + 8;
    pool->candidates =
        wi_realloc_array(pool->candidates, pool->capacity, sizeof(*pool->candidates));
    pool->options =
        wi_realloc_array(pool->options, pool->capacity * WI_PLATFORM_COUNT, sizeof(*pool->options));
}

/* xorshift64*: these dice decide what is tried, and nobody gains by foreseeing it. */
static double roll(struct wi_pool *pool)
{
    pool->random ^= pool->random >> 12;
    pool->random ^= pool->random << 25;
    pool->random ^= pool->random >> 27;
    return (double)((pool->random * 0x2545f4914f6cdd1dULL) >> 11) / 9007199254740992.0;
}

static enum wi_pick judge(struct wi_pool *pool, const struct wi_demand *demand, int with_dice,
    struct wi_choice *choice, size_t *option_count, struct wi_error *error)
{
    const struct wi_config_pool *config = &pool->config->pool;
    const struct pool_node *node = demand->node ? wi_pool_find_node(pool, demand->node) : NULL;
    struct wi_terms terms = {config->numerics, config->exploration, config->recheck,
        with_dice ? roll(pool) : 1, with_dice ? roll(pool) : 1, pool->backlog, wi_wall_ms()};
    double now = wi_now_ms();
    size_t count = 0;

    *option_count = 0;
    if (demand->node && !node) {
        wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", demand->node);
        return WI_PICK_NEVER;
    }
    make_room(pool);
    for (const struct wi_fleet_class *class = pool->fleet.classes; class; class = class->hh.next) {
        if (node && node->place.class != class)
            continue;
        fill_candidate(pool, class, demand, now, &pool->candidates[count]);
        if (node)
            narrow(&node->place, demand, now, &pool->candidates[count]);
        count++;
    }
    for (size_t i = 0; i < count; i++)
        if (wi_route_matches(&pool->candidates[i], demand))
            *option_count += WI_PLATFORM_COUNT;
    return wi_route(pool->candidates, count, demand, &terms, pool->options, choice, error);
}

/* --- what follows ---------------------------------------------------------------------------- */

/* Whether a page of the kind is there that is to stay: routing has judged it. */
static int has_node(const struct wi_pool *pool, const char *kind)
{
    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session->id);
        if (strcmp(session->kind, kind) == 0 && !wi_pool_session_ends(session) && node &&
            !node->draining)
            return 1;
    }
    return 0;
}

/* Whether a page of the kind may come, although sessions of it are there whose pages drain: one is
 * on its way, or there is room for another. */
static int may_come(const struct wi_pool *pool, const struct pool_kind *kind)
{
    size_t all = 0, its = 0;

    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        if (wi_pool_session_ends(session))
            continue;
        all++;
        if (strcmp(session->kind, kind->name) != 0)
            continue;
        its++;
        if (session->state == WI_SESSION_STARTING || !wi_pool_node_of(pool, session->id))
            return 1;
    }
    return its == 0 || (its < (size_t)kind->browser->max_connections &&
                           all < (size_t)pool->config->pool.max_connections);
}

/* Whether a kind that the demand allows is coming and has no node yet (but such as are about to
 * go), so that it could bring what the present nodes lack. With `wish` each such kind is wished
 * for. */
static int something_is_coming(struct wi_pool *pool, const struct wi_demand *demand, int wish)
{
    int coming = 0;

    if (demand->has_platform && demand->platform == WI_WEBGL && !demand->fallback &&
        !demand->model->builtin && pool->nodes)
        return 0; /* no browser brings that */
    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        if ((demand->browser && strcmp(demand->browser, kind->name) != 0) ||
            !wi_pool_kind_is_hopeful(pool, kind) || has_node(pool, kind->name) ||
            !may_come(pool, kind) || wi_pool_shuts_out(pool, kind))
            continue;
        coming = 1;
        if (wish && (demand->browser || pool->nodes))
            wi_pool_wish(pool, kind->name);
    }
    return coming;
}

/* The option of an entry of the preferences; NULL if none of that kind is there. */
static const struct wi_option *find_option(
    const struct wi_pool *pool, size_t count, const char *kind, int platform)
{
    const struct wi_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct wi_option *option = &pool->options[i];
        if (strcmp(option->candidate->info->kind, kind) != 0)
            continue;
        if (!found || (int)option->platform == platform)
            found = option;
    }
    return found;
}

/* Asks for a session of the kind that is preferred for such models, where none is running and
 * nothing says that it would be slower. */
static void wish_preferred(struct wi_pool *pool, const struct wi_demand *demand, size_t count)
{
    const struct wi_strings *list =
        wi_preferences_of(&pool->config->browser_preferences, demand->type);

    for (size_t i = 0; i < list->count; i++) {
        char name[32];
        int has_platform;
        enum wi_platform platform = WI_WASM;
        wi_preferences_parse(list->items[i], name, &has_platform, &platform);
        const struct wi_option *option = find_option(pool, count, name, (int)platform);
        const struct pool_kind *kind = wi_pool_find_kind(pool, name);
        if (option && (!has_platform || option->standing <= WI_STANDING_DRAINING ||
                          option->standing == WI_STANDING_UNCHECKED))
            return; /* it is there, and as good as it gets */
        if (option || !kind || !wi_pool_kind_is_hopeful(pool, kind))
            continue;
        double best = wi_estimates_best_run(pool->estimates, demand->model->hash, name);
        for (size_t o = 0; o < count && best >= 0; o++)
            if (pool->options[o].chosen && pool->options[o].measured &&
                pool->options[o].run_ms <= best)
                return;
        /* Nobody makes room for what is only preferred. */
        if (wi_pool_count_sessions(pool, NULL, WI_SESSION_STATE_COUNT) <
            (size_t)pool->config->pool.max_connections)
            wi_pool_wish(pool, name);
        return;
    }
}

static void note_probe(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    double now = wi_now_ms();

    pool->counters.probes += (unsigned)probe->wanted;
    for (const struct wi_fleet_class *class = pool->fleet.classes; class; class = class->hh.next)
        if (strcmp(class->info.kind, probe->browser) == 0)
            wi_estimates_probe_asked(
                pool->estimates, model->hash, class->places[probe->platform], now);
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    for (const struct wi_fleet_class *class = pool->fleet.classes; class; class = class->hh.next)
        if (strcmp(class->info.kind, probe->browser) == 0)
            wi_estimates_probe_dropped(
                pool->estimates, model->hash, class->places[probe->platform]);
}

enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, size_t *option_count, struct wi_error *error)
{
    enum wi_pick pick = judge(pool, demand, really, choice, option_count, error);

    /* A named node cannot come: ids are never used twice. */
    if (pick != WI_PICK_NEVER || demand->node)
        return pick;
    if (demand->has_platform &&
        (demand->platform == WI_SIMULATED || (demand->platform == WI_NATIVE && !demand->fallback)))
        return pick; /* no browser that we could start does that */
    if (something_is_coming(pool, demand, really))
        return WI_PICK_WAIT;
    if (!error || (error->code == WI_UNAVAILABLE && *option_count == 0))
        wi_pool_explain(pool, demand->browser, error);
    return WI_PICK_NEVER;
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    size_t count;
    enum wi_pick pick = wi_pool_consider(pool, demand, 1, choice, &count, error);

    if (pick == WI_PICK_NODE && (choice->probe.wanted || choice->probe.served))
        note_probe(pool, demand->model, &choice->probe);
    if (pick != WI_PICK_NEVER && !demand->browser && !demand->node && !demand->has_platform &&
        !demand->model->builtin && pool->config->pool.adaptive_scaling)
        wish_preferred(pool, demand, count);
    return pick;
}

int wi_pool_has_room(
    const struct wi_pool *pool, int builtin, const char *browser, const char *node_id)
{
    const struct pool_node *node = node_id ? wi_pool_find_node(pool, node_id) : NULL;
    double now = wi_now_ms();

    if (node_id)
        return node && has_room(&node->place, builtin);
    for (const struct wi_fleet_class *class = pool->fleet.classes; class; class = class->hh.next)
        if ((!browser || strcmp(class->info.kind, browser) == 0) &&
            wi_fleet_any(class, builtin, NULL, now))
            return 1;
    return 0;
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    const struct wi_fleet_class *class = pool->fleet.classes;

    while (class && strcmp(class->info.kind, kind) != 0)
        class = class->hh.next;
    return class != NULL;
}
