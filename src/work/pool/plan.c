/*
 * How many sessions there are: the numbers are put before scale.c, and what it says is done. The
 * one timer looks again when that next matters.
 */
#include "work/pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "browser/browser_network.h"
#include "work/pool/cores.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a start is expected to take before one was seen. */
#define START_MS 3000.0
/* The memory of a browser with the page in it; the same amount again is left for models. With less
 * memory free, no further browser is opened. Chromium's and Firefox's processes take 200 to 350
 * MiB. */
#define BROWSER_BYTES (512ull << 20)

/* --- the numbers ------------------------------------------------------------------------------ */

static int is_idle(const struct wi_pool *pool, const struct pool_session *session)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);

    if (wi_pool_session_state(session) != WI_SESSION_READY || !node)
        return 0;
    return node->count == 0 && !node->draining && !node->paused && !node->away;
}

/* It is to be replaced now: one whose service is away could be neither replaced nor ended. */
static int is_worn(const struct pool_session *session)
{
    return *session->worn && !*session->successor && !session->unwatched &&
           wi_pool_session_serves(session);
}

static void count_session(
    const struct wi_pool *pool, const struct pool_session *session, struct wi_scale_kind *row)
{
    if (wi_pool_session_ends(session)) {
        row->leaving++;
        return;
    }
    row->live++;
    row->pending += wi_pool_session_state(session) == WI_SESSION_STARTING;
    if (*session->successor) {
        row->relieved++;
    } else if (is_worn(session)) {
        row->worn++;
    } else if (!*session->worn && is_idle(pool, session)) {
        if (row->idle == 0 || session->idle_since < row->idle_since)
            row->idle_since = session->idle_since;
        row->idle++;
    }
}

static struct wi_scale_kind count_kind(const struct wi_pool *pool, const struct pool_kind *kind)
{
    struct wi_scale_kind row = {.min = (size_t)kind->browser->min_connections,
        .max = (size_t)kind->browser->max_connections,
        .is_elsewhere = !wi_kind_is_here(kind->browser),
        .missing = !kind->installed,
        .broken = kind->backoff.open,
        .may_start_at = kind->backoff.next_start,
        .requested_since = kind->requested_since};

    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next)
        if (strcmp(session->kind, kind->name) == 0)
            count_session(pool, session, &row);
    if ((row.missing || kind->full) && row.max > row.live)
        row.max = row.live;
    if (row.min > row.max)
        row.min = row.max;
    if (row.broken && row.pending > 0)
        row.may_start_at = WI_NEVER;
    return row;
}

double wi_pool_start_ms(const struct wi_pool *pool)
{
    const struct pool_sessions_counters *counted = &pool->sessions->counters;

    return counted->start_ms_count > 0 ? counted->start_ms_sum / (double)counted->start_ms_count
                                       : START_MS;
}

/* Whether one more browser here would be one too many for the memory, when those that are on their
 * way have come. */
static int is_crowded(const struct wi_pool *pool, const struct wi_scale_kind *rows, size_t count)
{
    const struct wi_headroom *headroom = wi_children_headroom(pool->deps.children);
    uint64_t needed = BROWSER_BYTES;
    int is_here = 0;

    for (size_t i = 0; i < count; i++) {
        is_here |= !rows[i].is_elsewhere;
        needed += rows[i].is_elsewhere ? 0 : rows[i].pending * BROWSER_BYTES;
    }
    return is_here && headroom->available < needed;
}

static int is_of(const struct pool_session *session, const struct pool_kind *kind)
{
    return strcmp(session->kind, kind->name) == 0;
}

static struct pool_session *find_idle(const struct wi_pool *pool, const struct pool_kind *kind)
{
    struct pool_session *found = NULL;

    for (struct pool_session *session = pool->sessions->first; session; session = session->next) {
        if (is_of(session, kind) && !*session->worn && !*session->successor &&
            is_idle(pool, session) && (!found || session->idle_since < found->idle_since))
            found = session;
    }
    return found;
}

/* One that has not come yet, else one without work, else the one with the least. */
static struct pool_session *find_cheapest(const struct wi_pool *pool, const struct pool_kind *kind)
{
    struct pool_session *found = NULL;
    size_t least = 0;

    for (struct pool_session *session = pool->sessions->first; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session);
        size_t cost = node ? 1 + node->count : 0;
        if (!is_of(session, kind) || wi_pool_session_ends(session))
            continue;
        if (!found || cost < least) {
            found = session;
            least = cost;
        }
    }
    return found;
}

/* Whether it has work of another client. */
static int node_serves_others(const struct pool_node *node, unsigned client)
{
    const struct pool_attempt *attempt = node ? node->attempts : NULL;

    while (attempt && (attempt->client == 0 || attempt->client == client))
        attempt = attempt->next;
    return attempt != NULL;
}

/* When others than the client used what the kind would lose: see struct wi_scale. */
static double session_used_by_others(
    const struct wi_pool *pool, const struct pool_kind *kind, unsigned client)
{
    const struct pool_session *session = find_idle(pool, kind);

    if (!session)
        session = find_cheapest(pool, kind);
    if (!session)
        return 0;
    return node_serves_others(wi_pool_node_of(pool, session), client)
               ? WI_NEVER
               : wi_use_by_others(&session->use, client);
}

/* A line of the table of them, of what waits for `wanted`. */
static void use_count(const struct wi_pool *pool, const struct pool_kind *wanted, double *line)
{
    size_t count = pool->kinds->count;

    for (size_t i = 0; i < count && wanted->requested_since > 0; i++)
        line[i] = session_used_by_others(pool, &pool->kinds->all[i], wanted->requested_by);
}

/* What scale.h is asked about; the rows are the caller's to free, and the table behind them goes
 * with them. */
static struct wi_scale_kind *count_all(
    const struct wi_pool *pool, double now, struct wi_scale *scale)
{
    const struct wi_config_pool *config = &pool->config->pool;
    size_t count = pool->kinds->count;
    struct wi_scale_kind *rows =
        wi_alloc((count + 1) * sizeof *rows + count * count * sizeof(double));
    double *others_at = (double *)(rows + count + 1);

    for (size_t i = 0; i < count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        unsigned client = kind->requested_by;
        rows[i] = count_kind(pool, kind);
        rows[i].evicts_at = wi_evictions_next(&pool->evictions, client, 0, now);
        rows[i].evicts_others_at =
            client ? wi_evictions_next(&pool->evictions, client, 1, now) : WI_NEVER;
        use_count(pool, kind, &others_at[i * count]);
    }
    *scale = (struct wi_scale){
        .kinds = rows,
        .count = count,
        .others_at = others_at,
        .min = (size_t)config->min_connections,
        .max = (size_t)config->max_connections,
        .adaptive = config->adaptive_scaling,
        .idle_timeout = (double)config->idle_timeout,
        .backlog = pool->backlog.waiting,
        .backlog_since = pool->backlog.since,
        .scaled_at = pool->backlog.scaled_at,
        .expected_wait = wi_backlog_expected_wait(&pool->backlog, now),
        .start_ms = wi_pool_start_ms(pool),
        .crowded = is_crowded(pool, rows, count),
    };
    if (scale->min > scale->max)
        scale->min = scale->max;
    return rows;
}

/* --- carrying it out -------------------------------------------------------------------------- */

/* Whether the one is the better to be replaced: what has no work, else what has done the most. */
static int is_before(const struct pool_session *one, const struct pool_session *other)
{
    enum wi_session_state state = wi_pool_session_state(one);
    enum wi_session_state other_state = wi_pool_session_state(other);

    return state < other_state || (state == other_state && one->jobs > other->jobs);
}

static struct pool_session *find_worn(const struct wi_pool *pool, const struct pool_kind *kind)
{
    struct pool_session *found = NULL;

    for (struct pool_session *session = pool->sessions->first; session; session = session->next)
        if (is_of(session, kind) && is_worn(session) && (!found || is_before(session, found)))
            found = session;
    return found;
}

static void session_retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    assert(session); /* scale.c named a kind that has one */
    wi_pool_end_retire(pool, session, why);
}

/* Where every session has a GPU of its own, the path of the next one's; else NULL. */
static const char *choose_gpu(
    const struct wi_pool *pool, const struct pool_kind *kind, const struct wi_gpus *gpus)
{
    if (kind->browser->gpu_device != WI_GPU_DEVICE_ALL)
        return NULL;
    const struct wi_gpu_device *gpu =
        wi_pool_sessions_spread(pool->sessions, kind->browser, gpus->devices, gpus->count);
    return gpu ? gpu->path : NULL;
}

static struct pool_session *start_session(
    struct wi_pool *pool, const struct pool_kind *kind, const struct wi_gpus *gpus, const char *why)
{
    const char *gpu = choose_gpu(pool, kind, gpus);
    const struct wi_bridge_address address = wi_bridge_address(pool->bridge,
        wi_network_apart(pool->deps.network, pool->config->pool.network, kind->browser));
    const struct wi_session_deps deps = {.loop = pool->deps.loop,
        .http = pool->deps.http,
        .lws = pool->deps.lws,
        .instance = pool->deps.instance,
        .children = pool->deps.children,
        .page_url = address.url,
        .certificate = address.certificate,
        .apart_port = address.port,
        .listen = wi_bridge_listen,
        .bridge = pool->bridge,
        .confined = wi_network_confined(pool->deps.network),
        .gpus = gpus,
        .gpu = gpu};
    struct pool_session *session = wi_pool_sessions_start(
        pool->sessions, &deps, kind->browser, pool->config->pool.connection_timeout, kind->stamp);

    wi_info(
        "pool", session->id, "a %s%s%s: %s", kind->name, gpu ? " on " : "", gpu ? gpu : "", why);
    return session;
}

static void kind_start(
    struct wi_pool *pool, struct pool_kind *kind, const struct wi_scale_step *step, double now)
{
    struct pool_session *worn = step->action == WI_SCALE_REPLACE ? find_worn(pool, kind) : NULL;
    struct wi_gpus gpus;

    wi_gpus_find("", &gpus);
    wi_pool_kind_check(kind, &gpus, now); /* it may have been removed */
    if (!kind->installed)
        return;
    struct pool_session *session = start_session(pool, kind, &gpus, step->why);
    if (worn)
        wi_pool_session_succeed(worn, session);
    if (step->for_backlog)
        wi_backlog_scaled(&pool->backlog, now);
}

static void carry_out(struct wi_pool *pool, const struct wi_scale_step *step, double now)
{
    struct pool_kind *kind = &pool->kinds->all[step->kind];

    switch (step->action) {
    case WI_SCALE_START:
    case WI_SCALE_REPLACE:
        kind_start(pool, kind, step, now);
        break;
    case WI_SCALE_RECYCLE:
        session_retire(pool, find_worn(pool, kind), step->why);
        break;
    case WI_SCALE_CLOSE:
        session_retire(pool, find_idle(pool, kind), step->why);
        break;
    case WI_SCALE_REMOVE:
        session_retire(pool, find_cheapest(pool, kind), step->why);
        break;
    case WI_SCALE_NOTHING:
        break;
    }
    if (step->evicts) {
        const struct pool_kind *wanted = &pool->kinds->all[step->wanted];
        wi_evictions_note(&pool->evictions, wanted->requested_by, step->of_others, now);
    }
}

/* Sessions of kinds that the configuration does not name any more. */
static void retire_unknown(struct wi_pool *pool)
{
    struct pool_session *session, *next;

    for (session = pool->sessions->first; session; session = next) {
        next = session->next;
        if (!wi_pool_session_ends(session) && !wi_pool_kind_of(pool, session))
            wi_pool_end_retire(pool, session, "its kind is no longer configured");
    }
}

/* Told once, when it begins. */
static void note_crowded(struct wi_pool *pool, int crowded)
{
    int is_news = crowded && !pool->crowded;

    pool->crowded = crowded;
    if (is_news) {
        char *warning = wi_pool_crowded(pool);
        wi_warn("pool", NULL, "%s", warning);
        free(warning);
    }
}

char *wi_pool_crowded(const struct wi_pool *pool)
{
    const struct wi_headroom *headroom = wi_children_headroom(pool->deps.children);

    return pool->crowded
               ? wi_sprintf("memory is short: %llu MiB are left of %s, and another browser "
                            "is opened only where there are %llu MiB for it",
                     (unsigned long long)(headroom->available >> 20),
                     headroom->of_group ? "what the control group may use" : "the machine's",
                     (unsigned long long)(BROWSER_BYTES >> 20))
               : NULL;
}

void wi_pool_plan(struct wi_pool *pool)
{
    double now = wi_awake_ms(), wake = wi_pool_kinds_check_missing(pool->kinds, now);
    struct wi_scale_step step;

    wi_pool_kinds_forget_requests(pool->kinds, now, WI_KIND_REQUEST_MS);
    retire_unknown(pool);
    do {
        struct wi_scale scale;
        struct wi_scale_kind *rows = count_all(pool, now, &scale);
        wi_scale_next(&scale, now, &step);
        note_crowded(pool, scale.crowded && scale.max > 1);
        free(rows);
        carry_out(pool, &step, now);
    } while (step.action != WI_SCALE_NOTHING);
    wi_pool_share_cores(pool);
    if (step.wake < wake)
        wake = step.wake;
    if (wake < WI_NEVER)
        wi_pool_plan_in(pool->wake, wake > now ? (uint64_t)(wake - now) + 1 : 1);
    else
        wi_pool_plan_never(pool->wake);
}

int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind)
{
    size_t count = pool->kinds->count;
    struct wi_scale_kind *rows = wi_alloc(count * sizeof *rows);
    const struct wi_scale scale = {
        .kinds = rows, .count = count, .max = (size_t)pool->config->pool.max_connections};

    for (size_t i = 0; i < count; i++)
        rows[i] = count_kind(pool, &pool->kinds->all[i]);
    if (kind->full) /* it is waited for */
        rows[kind - pool->kinds->all].max = (size_t)kind->browser->max_connections;
    int shut_out = wi_scale_shut_out(&scale, (size_t)(kind - pool->kinds->all));

    free(rows);
    return shut_out;
}

/* --- what is asked of it ---------------------------------------------------------------------- */

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
    if (wi_backlog_set(&pool->backlog, waiting, wi_awake_ms()))
        wi_pool_plan_soon(pool->wake);
}

/* Whether the one may have a browser of others closed sooner than the other. */
static int client_may_sooner(const struct wi_pool *pool, unsigned one, unsigned other, double now)
{
    return one != 0 && (other == 0 || wi_evictions_next(&pool->evictions, one, 1, now) <
                                          wi_evictions_next(&pool->evictions, other, 1, now));
}

void wi_pool_request_kind(struct wi_pool *pool, const char *name, const char *client)
{
    struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, name);
    unsigned number = wi_use_client(client);
    double now = wi_awake_ms();

    if (!kind || pool->closing)
        return;
    int is_new = wi_pool_kind_request(kind, number, now);
    int is_sooner = !is_new && client_may_sooner(pool, number, kind->requested_by, now);
    if (is_sooner)
        wi_pool_kind_request_for(kind, number);
    if (is_new || is_sooner)
        wi_pool_plan_soon(pool->wake);
}
