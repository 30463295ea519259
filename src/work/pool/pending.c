/* Browsers that are not there yet; see pending.h. */
#include "work/pool/pending.h"

#include "base/clock.h"
#include "work/pool/collect.h"
#include "work/pool/explain.h"
#include "work/pool/judge.h"
#include "work/pool/plan.h"
#include "work/pool/preferences.h"
#include <string.h>

/* --- what there is ---------------------------------------------------------------------------- */

int wi_pool_could_bring(const struct wi_pool *pool, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    int only_native = asked->has_platform && asked->platform == WI_NATIVE && !asked->fallback;
    int only_simulated = asked->has_platform && asked->platform == WI_SIMULATED;
    if (only_native || only_simulated || !wi_engines[asked->model->engine].platforms)
        return 0;
    /* All of them open the same page, so one that lacks it speaks for the others. */
    for (const struct wi_fleet_class *class = wi_pool_nodes_fleet(pool->nodes)->classes; class;
         class = class->hh.next)
        if (class->ours && wi_judge_unfit(&class->info, demand))
            return 0;
    return 1;
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    const struct wi_fleet_class *class = wi_pool_nodes_fleet(pool->nodes)->classes;

    while (class && strcmp(class->info.kind, kind) != 0)
        class = class->hh.next;
    return class != NULL;
}

/* Whether a page of the kind is there that is to stay: routing has judged it. */
static int has_node(const struct wi_pool *pool, const char *kind)
{
    for (const struct pool_session *session = wi_pool_sessions_first(pool->sessions); session;
         session = wi_pool_session_next(session)) {
        const struct pool_node *node = wi_pool_node_of(pool, session);
        if (strcmp(wi_pool_session_info(session)->kind, kind) == 0 &&
            !wi_pool_session_ends(session) && node && !wi_pool_node_info_of(node)->draining)
            return 1;
    }
    return 0;
}

/* Whether a page of the kind may come, although sessions of it are there whose pages drain: one is
 * on its way, or there is room for another. */
static int may_come(const struct wi_pool *pool, const struct pool_kind_info *kind)
{
    size_t all = 0, its = 0;

    for (const struct pool_session *session = wi_pool_sessions_first(pool->sessions); session;
         session = wi_pool_session_next(session)) {
        if (wi_pool_session_ends(session))
            continue;
        all++;
        if (strcmp(wi_pool_session_info(session)->kind, kind->name) != 0)
            continue;
        its++;
        if (wi_pool_session_state(session) == WI_SESSION_STARTING ||
            !wi_pool_node_of(pool, session))
            return 1;
    }
    return its == 0 || (its < (size_t)kind->browser->max_connections &&
                           all < (size_t)pool->config->pool.max_connections);
}

/* Whether a page of the kind is to have its GPU back. */
static int regains_gpu(const struct wi_pool *pool, const char *kind)
{
    for (const struct pool_session *session = wi_pool_sessions_first(pool->sessions); session;
         session = wi_pool_session_next(session))
        if (strcmp(wi_pool_session_info(session)->kind, kind) == 0 &&
            !wi_pool_session_ends(session) && wi_pool_session_info(session)->gpu_by > 0)
            return 1;
    return 0;
}

/* --- what a kind can do ----------------------------------------------------------------------- */

/* Whether routing would give the demand to none of the pages that the kind has shown, so that no
 * other of it need be waited for. `due`: that is to be tested again. `error` says why. */
static int kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, int *due, struct wi_error *error)
{
    const struct pool_kind_info *info = wi_pool_kind_info(kind);
    const struct wi_ability known =
        wi_abilities_of(pool->abilities, info->name, info->stamp, wi_wall_ms());
    const struct wi_terms terms = {
        .numerics = pool->config->pool.numerics, .recheck_roll = 1, .now = wi_now_ms()};
    struct wi_place places[WI_ABILITIES_REPORTS][WI_PLATFORM_COUNT];
    struct wi_candidate candidates[WI_ABILITIES_REPORTS];
    struct wi_route_option options[WI_ABILITIES_REPORTS * WI_PLATFORM_COUNT];
    struct wi_choice choice;
    struct wi_error why;

    *due = known.due;
    for (size_t i = 0; i < known.count; i++)
        wi_pool_imagine(pool, demand, known.pages[i], info->browser, places[i], &candidates[i]);
    return known.count > 0 && wi_route(candidates, known.count, demand, &terms, options, &choice,
                                  error ? error : &why) == WI_PICK_NEVER;
}

/* Whether the demand allows the kind, and one of it may come at all. */
static int kind_is_allowed(
    const struct wi_pool *pool, const struct pool_kind *kind, const struct wi_demand *demand)
{
    const char *browser = demand->asked->browser;

    return (!browser || strcmp(browser, wi_pool_kind_info(kind)->name) == 0) &&
           wi_pool_kind_is_hopeful(pool, kind);
}

int wi_pool_no_kind_can(
    const struct wi_pool *pool, const struct wi_demand *demand, struct wi_error *error)
{
    size_t unable = 0;
    int due;

    for (size_t i = 0; i < wi_pool_kinds_count(pool->kinds); i++) {
        const struct pool_kind *kind = wi_pool_kinds_at(pool->kinds, i);
        if (!kind_is_allowed(pool, kind, demand))
            continue;
        if (!kind_cannot(pool, kind, demand, &due, error))
            return 0;
        unable++;
    }
    return unable > 0;
}

int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, struct wi_error *error)
{
    int due;

    return kind_cannot(pool, kind, demand, &due, error);
}

/* --- whether one is pending ------------------------------------------------------------------- */

/* Whether a page of the kind may come that serves the demand. One that is to be tested again, and
 * would serve it only if it could do more by now, is started for that where there is room. */
static int kind_is_pending(
    struct wi_pool *pool, struct pool_kind *kind, const struct wi_demand *demand, int request)
{
    const struct pool_kind_info *info = wi_pool_kind_info(kind);
    int due;

    wi_pool_kind_check_again(kind, wi_now_ms());
    if (has_node(pool, info->name) || !may_come(pool, info) || wi_pool_shuts_out(pool, kind))
        return 0;
    if (!kind_cannot(pool, kind, demand, &due, NULL))
        return 1;
    if (due && request)
        wi_pool_request_kind(pool, info->name, NULL);
    return 0;
}

int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request)
{
    const struct wi_inference *asked = demand->asked;
    int has_nodes = wi_pool_nodes_count(pool->nodes) > 0, pending = 0;

    if (asked->has_platform && !asked->fallback && has_nodes &&
        !(wi_engines[asked->model->engine].platforms & 1u << asked->platform))
        return 0; /* no browser brings that */
    for (size_t i = 0; i < wi_pool_kinds_count(pool->kinds); i++) {
        struct pool_kind *kind = wi_pool_kinds_at(pool->kinds, i);
        const char *name = wi_pool_kind_info(kind)->name;
        if (!kind_is_allowed(pool, kind, demand))
            continue;
        if (regains_gpu(pool, name)) {
            pending = 1;
            continue;
        }
        if (!kind_is_pending(pool, kind, demand, request))
            continue;
        pending = 1;
        if (request && (asked->browser || has_nodes))
            wi_pool_request_kind(pool, name, demand->client);
    }
    return pending;
}

/* --- which is preferred ----------------------------------------------------------------------- */

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

/* What the demand's run takes on browsers of the kind, at best; negative: that is not known. */
static double best_run(const struct wi_pool *pool, const struct wi_demand *demand, const char *kind)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_estimate *best =
        wi_estimates_best(pool->estimates, asked->model->hash, kind, NULL);

    return best ? wi_estimate_run_ms(best, asked->prompt_tokens, asked->answer_tokens) : -1;
}

/* What the demand takes where it goes; 0: it waits, or what it takes was not measured. */
static double chosen_ms(const struct wi_route_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].chosen)
            return options[i].measured ? options[i].expected_ms : 0;
    return 0;
}

void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count)
{
    const struct wi_strings *list =
        wi_preferences_of(&pool->config->browser_preferences, demand->asked->type);

    for (size_t i = 0; i < list->count; i++) {
        char name[32];
        int has_platform;
        enum wi_platform platform = WI_WASM;
        wi_preferences_parse(list->items[i], name, &has_platform, &platform);
        const struct wi_route_option *option = find_option(options, count, name, (int)platform);
        struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, name);
        if (option && (!has_platform || option->standing <= WI_STANDING_DRAINING ||
                          option->standing == WI_STANDING_UNCHECKED))
            return; /* it is there, and as good as it gets */
        if (option || !kind || !wi_pool_kind_is_hopeful(pool, kind) ||
            wi_pool_kind_cannot(pool, kind, demand, NULL))
            continue;
        double best = best_run(pool, demand, name);
        for (size_t o = 0; o < count && best >= 0; o++)
            if (options[o].chosen && options[o].measured && options[o].run_ms <= best)
                return;
        /* No session is closed for a place that is only preferred, and none is started for little
         * work. */
        if (wi_pool_kind_prefer(kind, chosen_ms(options, count), wi_pool_start_ms(pool),
                WI_KIND_REQUEST_MS, wi_now_ms()) &&
            wi_pool_sessions_count(pool->sessions, NULL, WI_SESSION_STATE_COUNT) <
                (size_t)pool->config->pool.max_connections)
            wi_pool_request_kind(pool, name, NULL);
        return;
    }
}
