/* Moving a model to where it is known to run faster; see pick_private.h. */
#include "work/pool/pick_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "work/pool/preferences.h"
#include <string.h>

/* What a request gains by running there instead, loading and waiting left out. */
static double gain_ms(const struct wi_route_option *option, const struct wi_route_option *client)
{
    double there = option->run_ms + option->failure_ms;
    double here = client->run_ms + client->failure_ms;

    return here > there ? here - there : 0;
}

/* Whether `auto` would go there if the model were loaded. */
static int option_is_trusted(const struct wi_route_option *option)
{
    return option->standing <= WI_STANDING_FULL && option->measured && !option->warm &&
           !option->candidate->doubted;
}

struct wi_relocation wi_pool_relocation(
    const struct wi_route_option *option, const struct wi_route_option *client)
{
    const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];

    if (option == client || !client->measured || !option_is_trusted(option) ||
        gain_ms(option, client) <= 0)
        return (struct wi_relocation){0};
    return (struct wi_relocation){prospect->estimate.lost_ms, option->load_ms};
}

static void lose_at_option(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *option, const struct wi_route_option *client)
{
    const struct wi_inference *asked = wi_inference_on(demand->asked, option->platform);
    const struct wi_candidate *candidate = option->candidate;
    const struct wi_place *place = candidate->prospects[option->platform].place;
    struct wi_relocation relocation = wi_pool_relocation(option, client);

    if (relocation.cost_ms <= 0)
        return;
    double lost =
        wi_estimates_lose(pool->estimates, asked->model->hash, place, gain_ms(option, client));
    if (lost < relocation.cost_ms || !candidate->any.node ||
        wi_pool_load(pool, candidate->any.node, asked->model, &option->platform, 1) != WI_OK)
        return;
    wi_estimates_lose(pool->estimates, asked->model->hash, place, -lost);
    wi_info("pool", candidate->any.node,
        "%s is loaded on %s: each run takes %.3g ms less there than on %s/%s, which has cost %.3g "
        "ms so far; loading takes %.3g ms",
        asked->model->name, wi_platform_names[option->platform], gain_ms(option, client),
        client->candidate->info->kind, wi_platform_names[client->platform], lost,
        relocation.cost_ms);
}

/* --- kinds of which no browser is there ------------------------------------------------------- */

/* Where the model runs fastest on browsers of a kind, as far as is known. */
struct memory {
    struct wi_place place;
    double lost_ms, load_ms;
    double gain_ms; /* of a run, against `client`; 0: there is none that can be trusted */
};

static int is_believed(
    const struct wi_pool *pool, const struct wi_demand *demand, const struct wi_place *place)
{
    const struct wi_inference *asked = wi_inference_on(demand->asked, place->platform);
    const struct wi_known known = wi_verdicts_get(
        pool->verdicts, asked->model, place, wi_inference_variant(asked), asked->set);

    if (known.verdict == WI_UNKNOWN || known.verdict == WI_WRONG)
        return pool->config->pool.numerics != WI_NUMERICS_CHECK;
    return known.verdict != WI_UNABLE;
}

/* What the demand's run takes on browsers of the kind, at best; negative: that is not known. `best`
 * receives the estimate, and `place` (may be NULL) what it is of. */
static double best_run(const struct wi_pool *pool, const struct wi_demand *demand, const char *kind,
    const struct wi_estimate **best, struct wi_place *place)
{
    const struct wi_inference *asked = demand->asked;

    *best = wi_estimates_best(pool->estimates, asked->model->hash, kind, place);
    return *best ? wi_estimate_run_ms(*best, asked->prompt_tokens, asked->answer_tokens) : -1;
}

static struct memory memory_recall(const struct wi_pool *pool, const struct wi_demand *demand,
    const char *kind, const struct wi_route_option *client)
{
    struct memory memory = {0};
    const struct wi_estimate *best;
    double run_ms = best_run(pool, demand, kind, &best, &memory.place);

    if (run_ms < 0 || !client->measured || run_ms >= client->run_ms ||
        !is_believed(pool, demand, &memory.place))
        return memory;
    memory.lost_ms = best->lost_ms;
    memory.load_ms = best->loads > 0 ? best->load_ms : WI_ESTIMATE_UNKNOWN_LOAD_MS;
    memory.gain_ms = client->run_ms - run_ms;
    return memory;
}

struct wi_relocation wi_pool_relocation_to_kind(const struct wi_pool *pool,
    const struct wi_demand *demand, const char *kind, const struct wi_route_option *client)
{
    struct memory memory = memory_recall(pool, demand, kind, client);

    if (memory.gain_ms <= 0)
        return (struct wi_relocation){0};
    return (struct wi_relocation){memory.lost_ms, memory.load_ms + wi_pool_start_ms(pool)};
}

/* Whether there is free room: no session is closed only to run a model faster. */
static int pool_has_room(const struct wi_pool *pool)
{
    return wi_pool_sessions_count(pool->sessions, NULL, WI_SESSION_STATE_COUNT) <
           (size_t)pool->config->pool.max_connections;
}

static void lose_at_kind(struct wi_pool *pool, const struct wi_demand *demand, const char *kind,
    const struct wi_route_option *client)
{
    struct memory memory = memory_recall(pool, demand, kind, client);
    double cost = memory.load_ms + wi_pool_start_ms(pool);
    const char *hash = demand->asked->model->hash;

    if (memory.gain_ms <= 0)
        return;
    double lost = wi_estimates_lose(pool->estimates, hash, &memory.place, memory.gain_ms);
    if (lost < cost || !pool_has_room(pool))
        return;
    wi_estimates_lose(pool->estimates, hash, &memory.place, -wi_pool_start_ms(pool));
    wi_pool_request_kind(pool, kind, NULL);
    wi_info("pool", NULL,
        "a %s is requested: each run of %s takes %.3g ms less there than on %s/%s, which has cost "
        "%.3g ms so far; starting and loading take %.3g ms",
        kind, demand->asked->model->name, memory.gain_ms, client->candidate->info->kind,
        wi_platform_names[client->platform], lost, cost);
}

/* --- kinds that are preferred ----------------------------------------------------------------- */

/* The option of an entry of the preferences; NULL if none of that kind is there. */
static const struct wi_route_option *find_option(
    const struct wi_route_option *options, size_t count, const char *kind, int platform)
{
    const struct wi_route_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct wi_route_option *option = &options[i];
        if (strcmp(option->candidate->info->kind, kind) != 0)
            continue;
        if (!found || (int)option->platform == platform)
            found = option;
    }
    return found;
}

void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client)
{
    int is_measured = client && client->measured; /* else it waits, or what it takes is unknown */
    const struct wi_strings *list =
        wi_preferences_of(&pool->config->browser_preferences, demand->asked->type);

    for (size_t i = 0; i < list->count; i++) {
        char name[32];
        int platform = wi_preferences_parse(list->items[i], name);
        const struct wi_route_option *option = find_option(options, count, name, platform);
        struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, name);
        if (option &&
            (platform < 0 || wi_route_is_able(option) || option->standing == WI_STANDING_UNCHECKED))
            return; /* it is there, and as good as it gets */
        if (option || !kind || !wi_pool_kind_is_hopeful(pool, kind) ||
            wi_pool_kind_cannot(pool, kind, demand, NULL, NULL))
            continue;
        const struct wi_estimate *known;
        double best = best_run(pool, demand, name, &known, NULL);
        if (best >= 0 && is_measured && client->run_ms <= best)
            return;
        /* No session is closed for a place that is only preferred, and none is started for little
         * work. */
        if (wi_pool_kind_prefer(kind, is_measured ? client->expected_ms : 0, wi_pool_start_ms(pool),
                WI_KIND_REQUEST_MS, wi_awake_ms()) &&
            pool_has_room(pool))
            wi_pool_request_kind(pool, name, NULL);
        return;
    }
}

/* --- all together ----------------------------------------------------------------------------- */

static void lose_elsewhere(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client)
{
    for (size_t i = 0; i < count; i++)
        lose_at_option(pool, demand, &options[i], client);
    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        if ((!demand->asked->browser || strcmp(demand->asked->browser, kind->name) == 0) &&
            !wi_pool_has_kind(pool, kind->name) && wi_pool_kind_is_hopeful(pool, kind))
            lose_at_kind(pool, demand, kind->name, client);
    }
}

void wi_pool_relocate(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client)
{
    const struct wi_inference *asked = demand->asked;

    if (asked->has_platform || asked->node || asked->model->builtin)
        return;
    if (!asked->browser && pool->config->pool.adaptive_scaling)
        wi_pool_request_preferred(pool, demand, options, count, client);
    if (client)
        lose_elsewhere(pool, demand, options, count, client);
}
