/* Browsers that are not there yet; see pick_private.h. */
#include "work/pool/pick_private.h"

#include "base/buffer.h"
#include "base/clock.h"
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
    for (const struct wi_fleet_class *class = pool->nodes->fleet.classes; class;
         class = class->hh.next)
        if (class->ours && wi_judge_unfit(&class->info, demand))
            return 0;
    return 1;
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    const struct wi_fleet_class *class = pool->nodes->fleet.classes;

    while (class && strcmp(class->info.kind, kind) != 0)
        class = class->hh.next;
    return class != NULL;
}

/* The sessions that are to stay, of all kinds, and those of one. */
struct staying {
    size_t all, its;
    int has_node;    /* a page of the kind is there that is to stay: routing has judged it */
    int is_coming;   /* one is on its way */
    int regains_gpu; /* one is to have its GPU back */
};

static struct staying find_staying(const struct wi_pool *pool, const char *kind)
{
    struct staying found = {0};

    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session);
        if (wi_pool_session_ends(session))
            continue;
        found.all++;
        if (strcmp(session->kind, kind) != 0)
            continue;
        found.its++;
        found.has_node |= node && !node->draining;
        found.is_coming |= !node || wi_pool_session_state(session) == WI_SESSION_STARTING;
        found.regains_gpu |= session->gpu_by > 0;
    }
    return found;
}

/* Whether a page of the kind may come, although sessions of it are there whose pages drain: one is
 * on its way, or there is room for another. */
static int may_come(
    const struct wi_pool *pool, const struct pool_kind *kind, const struct staying *staying)
{
    return staying->is_coming || staying->its == 0 ||
           (staying->its < (size_t)kind->browser->max_connections &&
               staying->all < (size_t)pool->config->pool.max_connections);
}

/* --- what a kind can do ----------------------------------------------------------------------- */

int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, int *due, struct wi_error *error)
{
    const struct wi_ability known =
        wi_abilities_of(pool->abilities, kind->name, kind->stamp, wi_wall_ms());
    const struct wi_terms terms = {
        .numerics = pool->config->pool.numerics, .recheck_roll = 1, .now = wi_awake_ms()};
    struct wi_place places[WI_ABILITIES_REPORTS][WI_PLATFORM_COUNT];
    struct wi_candidate candidates[WI_ABILITIES_REPORTS];
    struct wi_route_option options[WI_ABILITIES_REPORTS * WI_PLATFORM_COUNT];
    struct wi_choice choice;
    struct wi_error why;

    if (due)
        *due = known.due;
    for (size_t i = 0; i < known.count; i++)
        wi_pool_imagine(pool, demand, known.pages[i], kind->browser, places[i], &candidates[i]);
    return known.count > 0 && wi_route(candidates, known.count, demand, &terms, options, &choice,
                                  error ? error : &why) == WI_PICK_NEVER;
}

int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind)
{
    if (!kind->installed || !wi_pool_kind_is_on(kind) || pool->config->pool.max_connections == 0)
        return 0;
    /* The time of an open breaker has come and no probe is under way: a request may be the
     * probe. */
    return !kind->backoff.open ||
           (wi_awake_ms() >= kind->backoff.next_start &&
               wi_pool_sessions_count(pool->sessions, kind->name, WI_SESSION_STARTING) == 0);
}

/* Whether the demand allows the kind, and one of it may come at all. */
static int kind_is_allowed(
    const struct wi_pool *pool, const struct pool_kind *kind, const struct wi_demand *demand)
{
    const char *browser = demand->asked->browser;

    return (!browser || strcmp(browser, kind->name) == 0) && wi_pool_kind_is_hopeful(pool, kind);
}

/* --- whether one is pending ------------------------------------------------------------------- */

/* Whether a page of the kind may come that serves the demand. One that is to be tested again, and
 * would serve it only if it could do more by now, is started for that where there is room. */
static int kind_is_pending(struct wi_pool *pool, struct pool_kind *kind,
    const struct staying *staying, const struct wi_demand *demand, int request)
{
    int due;

    wi_pool_kind_check_again(kind, wi_awake_ms());
    if (staying->has_node || !may_come(pool, kind, staying) || wi_pool_shuts_out(pool, kind))
        return 0;
    if (!wi_pool_kind_cannot(pool, kind, demand, &due, NULL))
        return 1;
    if (due && request)
        wi_pool_request_kind(pool, kind->name, NULL);
    return 0;
}

int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request)
{
    const struct wi_inference *asked = demand->asked;
    int has_nodes = HASH_COUNT(pool->nodes->all) > 0, pending = 0;

    if (asked->has_platform && !asked->fallback && has_nodes &&
        !(wi_engines[asked->model->engine].platforms & 1u << asked->platform))
        return 0; /* no browser brings that */
    for (size_t i = 0; i < pool->kinds->count; i++) {
        struct pool_kind *kind = &pool->kinds->all[i];
        if (!kind_is_allowed(pool, kind, demand))
            continue;
        const struct staying staying = find_staying(pool, kind->name);
        if (!staying.regains_gpu && !kind_is_pending(pool, kind, &staying, demand, request))
            continue;
        pending = 1;
        if (request && !staying.regains_gpu && (asked->browser || has_nodes))
            wi_pool_request_kind(pool, kind->name, demand->client);
    }
    return pending;
}

/* --- why there is none ------------------------------------------------------------------------ */

static enum wi_code explain_kind(
    const struct wi_pool *pool, const struct pool_kind *kind, struct wi_error *error)
{
    double left = kind->backoff.next_start - wi_awake_ms();

    if (pool->config->pool.max_connections == 0 || !wi_pool_kind_is_on(kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "max_connections is 0, so no %s is started, and no page has joined", kind->name);
    else if (!kind->installed)
        *error = kind->problem;
    else if (kind->backoff.open)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "the breaker of %s is open after %u failures to start, next try in %.1f s; the last: "
            "%.300s",
            kind->name, kind->backoff.failures, left > 0 ? left / 1000 : 0, kind->problem.detail);
    else if (kind->full)
        *error = kind->problem;
    else if (wi_pool_shuts_out(pool, kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "no %s can be started: the min_connections of the other kinds take up all of [pool] "
            "max_connections, which is %d",
            kind->name, (int)pool->config->pool.max_connections);
    else
        wi_error_set(error, WI_UNAVAILABLE, "", "%s is starting", kind->name);
    wi_error_retry_after(error, left > 1000 ? (unsigned)(left / 1000) + 1 : 1);
    return WI_UNAVAILABLE;
}

/* Which kinds there are instead. */
static enum wi_code explain_unknown(
    const struct wi_pool *pool, const char *browser, struct wi_error *error)
{
    struct wi_buffer names = {0};

    wi_error_set(error, WI_UNAVAILABLE, "browser",
        "no browser kind %.40s is configured, and no such browser has joined", browser);
    for (size_t i = 0; i < pool->kinds->count; i++)
        wi_buffer_printf(&names, "%s%s", i > 0 ? ", " : "", pool->kinds->all[i].name);
    wi_error_allow(error, "%s", names.text ? names.text : "none");
    wi_buffer_clear(&names);
    return WI_UNAVAILABLE;
}

enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error)
{
    struct wi_error local;

    error = error ? error : &local;
    if (browser) {
        const struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, browser);
        return kind ? explain_kind(pool, kind, error) : explain_unknown(pool, browser, error);
    }
    /* The one that is nearest to serving says it best. */
    for (size_t i = 0; i < pool->kinds->count; i++)
        if (wi_pool_kind_is_hopeful(pool, &pool->kinds->all[i]))
            return explain_kind(pool, &pool->kinds->all[i], error);
    if (pool->kinds->count > 0)
        return explain_kind(pool, &pool->kinds->all[0], error);
    return wi_error_set(error, WI_UNAVAILABLE, "", "no browser is configured, and none has joined");
}

enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error)
{
    const struct wi_fleet_class *class = pool->nodes->fleet.classes;
    size_t closed = 0;

    for (; class; class = class->hh.next) {
        if (class->info.platforms[WI_SIMULATED].available)
            continue; /* it computes nothing */
        if (class->open > 0)
            return WI_OK;
        closed += class->count;
    }
    if (closed > 0)
        return wi_error_set(error, WI_UNAVAILABLE, "",
            "every node is draining, paused, held or without its connection");
    return wi_pool_explain(pool, NULL, error);
}

/* --- all together ----------------------------------------------------------------------------- */

/* Whether all kinds that the demand allows, and of which a session may come, are known to be unable
 * to serve it; `error` (may be NULL) gives the reason, as wi_route does. */
static int no_kind_can(
    const struct wi_pool *pool, const struct wi_demand *demand, struct wi_error *error)
{
    size_t unable = 0;

    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        if (!kind_is_allowed(pool, kind, demand))
            continue;
        if (!wi_pool_kind_cannot(pool, kind, demand, NULL, error))
            return 0;
        unable++;
    }
    return unable > 0;
}

enum wi_pick wi_pool_await(struct wi_pool *pool, const struct wi_demand *demand, int request,
    int has_candidates, struct wi_error *error)
{
    if (!wi_pool_could_bring(pool, demand))
        return WI_PICK_NEVER;
    if (wi_pool_is_pending(pool, demand, request))
        return WI_PICK_WAIT;
    if ((!error || (error->code == WI_UNAVAILABLE && !has_candidates)) &&
        !no_kind_can(pool, demand, error))
        wi_pool_explain(pool, demand->asked->browser, error);
    return WI_PICK_NEVER;
}
