/*
 * How many sessions there are: the numbers are put before scale.c, and what it says is done. The
 * one timer looks again when that next matters.
 */
#include "pool/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a start is expected to take before one was seen. */
#define START_MS 3000.0
/* The weight of the newest interval between answers in their moving average. */
#define NEWEST 0.2

/* --- the numbers ----------------------------------------------------------------------------- */

static int is_idle(const struct pool_session *session, const struct pool_node *node)
{
    return session->state == WI_SESSION_READY && node && node->count == 0 && !node->draining &&
           !node->away;
}

static int serves(const struct pool_session *session)
{
    return session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY;
}

static void count_session(
    const struct wi_pool *pool, const struct pool_session *session, struct wi_scale_kind *row)
{
    const struct pool_node *node = wi_pool_node_of(pool, session->id);

    if (wi_pool_session_ends(session)) {
        row->leaving++;
        return;
    }
    row->live++;
    row->coming += session->state == WI_SESSION_STARTING;
    if (*session->successor) {
        row->relieved++;
    } else if (*session->worn && serves(session)) {
        row->worn++;
    } else if (is_idle(session, node)) {
        if (row->idle == 0 || session->idle_since < row->idle_since)
            row->idle_since = session->idle_since;
        row->idle++;
    }
}

static void count_kind(
    const struct wi_pool *pool, const struct pool_kind *kind, double now, struct wi_scale_kind *row)
{
    size_t starting = wi_pool_count_sessions(pool, kind->name, WI_SESSION_STARTING);

    memset(row, 0, sizeof(*row));
    for (const struct pool_session *session = pool->sessions; session; session = session->next)
        if (strcmp(session->kind, kind->name) == 0)
            count_session(pool, session, row);
    row->min = (size_t)kind->browser->min_connections;
    row->max = (size_t)kind->browser->max_connections;
    row->missing = !kind->installed;
    if (row->missing && row->max > row->live)
        row->max = row->live;
    if (row->min > row->max)
        row->min = row->max;
    row->broken = kind->backoff.open;
    row->may_start_at = kind->backoff.open && starting > 0 ? WI_NEVER : kind->backoff.next_start;
    row->wish_since = kind->wish_since;
}

static void count_all(
    const struct wi_pool *pool, double now, struct wi_scale *scale, struct wi_scale_kind *rows)
{
    const struct wi_config_pool *config = &pool->config->pool;
    double silent_since =
        pool->answered_at > pool->backlog_since ? pool->answered_at : pool->backlog_since;

    for (size_t i = 0; i < pool->kind_count; i++)
        count_kind(pool, &pool->kinds[i], now, &rows[i]);
    *scale = (struct wi_scale){
        .kinds = rows,
        .count = pool->kind_count,
        .min = (size_t)config->min_connections,
        .max = (size_t)config->max_connections,
        .adaptive = config->adaptive_scaling,
        .idle_timeout = (double)config->idle_timeout,
        .backlog = pool->backlog,
        .backlog_since = pool->backlog_since,
        .scaled_at = pool->scaled_at,
        .expected_wait =
            wi_scale_expected_wait(pool->backlog, pool->answer_interval, now - silent_since),
        .start_ms = pool->counters.start_ms_count > 0
                        ? pool->counters.start_ms_sum / (double)pool->counters.start_ms_count
                        : START_MS,
    };
    if (scale->min > scale->max)
        scale->min = scale->max;
}

/* --- carrying it out ------------------------------------------------------------------------- */

/* The worn one that has done the most; what has no work first. */
static struct pool_session *find_worn(const struct wi_pool *pool, const char *kind)
{
    struct pool_session *found = NULL;

    for (struct pool_session *session = pool->sessions; session; session = session->next) {
        if (strcmp(session->kind, kind) != 0 || !*session->worn || *session->successor ||
            !serves(session))
            continue;
        if (!found || session->state < found->state ||
            (session->state == found->state && session->jobs > found->jobs))
            found = session;
    }
    return found;
}

static struct pool_session *find_idle(const struct wi_pool *pool, const char *kind)
{
    struct pool_session *found = NULL;

    for (struct pool_session *session = pool->sessions; session; session = session->next)
        if (strcmp(session->kind, kind) == 0 && !*session->worn && !*session->successor &&
            is_idle(session, wi_pool_node_of(pool, session->id)) &&
            (!found || session->idle_since < found->idle_since))
            found = session;
    return found;
}

/* One that has not come yet, else one without work, else the one with the least. */
static struct pool_session *find_cheapest(const struct wi_pool *pool, const char *kind)
{
    struct pool_session *found = NULL;
    size_t least = 0;

    for (struct pool_session *session = pool->sessions; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session->id);
        size_t cost = node ? 1 + node->count : 0;
        if (strcmp(session->kind, kind) != 0 || wi_pool_session_ends(session))
            continue;
        if (!found || cost < least) {
            found = session;
            least = cost;
        }
    }
    return found;
}

static void retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    assert(session); /* scale.c named a kind that has one */
    wi_pool_session_retire(pool, session, why);
}

static void start(
    struct wi_pool *pool, struct pool_kind *kind, const struct wi_scale_step *step, double now)
{
    struct pool_session *worn =
        step->action == WI_SCALE_REPLACE ? find_worn(pool, kind->name) : NULL;

    wi_pool_check_kind(kind, now); /* it may have been removed */
    if (!kind->installed)
        return;
    wi_pool_start_session(pool, kind, step->why);
    if (worn)
        memcpy(worn->successor, pool->sessions->id, sizeof(worn->successor));
    if (step->for_backlog)
        pool->scaled_at = now;
}

static void carry_out(struct wi_pool *pool, const struct wi_scale_step *step, double now)
{
    struct pool_kind *kind = &pool->kinds[step->kind];

    switch (step->action) {
    case WI_SCALE_START:
    case WI_SCALE_REPLACE:
        start(pool, kind, step, now);
        break;
    case WI_SCALE_RECYCLE:
        retire(pool, find_worn(pool, kind->name), step->why);
        break;
    case WI_SCALE_CLOSE:
        retire(pool, find_idle(pool, kind->name), step->why);
        break;
    case WI_SCALE_REMOVE:
        retire(pool, find_cheapest(pool, kind->name), step->why);
        break;
    case WI_SCALE_NOTHING:
        break;
    }
}

/* Sessions of kinds that the configuration does not name any more. */
static void retire_unknown(struct wi_pool *pool)
{
    struct pool_session *session, *next;

    for (session = pool->sessions; session; session = next) {
        next = session->next;
        if (!wi_pool_session_ends(session) && !wi_pool_find_kind(pool, session->kind))
            wi_pool_session_retire(pool, session, "its kind is not configured any more");
    }
}

static void finish_closing(struct wi_pool *pool)
{
    void (*done)(void *) = pool->on_closed;

    if (pool->sessions || !done)
        return;
    pool->on_closed = NULL;
    wi_timer_free(pool->plan);
    wi_timer_free(pool->tell);
    wi_timer_free(pool->look);
    pool->plan = pool->tell = pool->look = NULL;
    done(pool->closed_context);
}

/* Looks for what was not installed, whether a session is wanted or not: requests are refused until
 * it is there. */
static void check_missing(struct wi_pool *pool, double now, double *wake)
{
    for (size_t i = 0; i < pool->kind_count; i++) {
        struct pool_kind *kind = &pool->kinds[i];
        if (kind->browser->max_connections == 0)
            continue; /* switched off */
        if (!kind->installed && now >= kind->check_at)
            wi_pool_check_kind(kind, now);
        if (!kind->installed && kind->check_at < *wake)
            *wake = kind->check_at;
    }
}

static void forget_wishes(struct wi_pool *pool, double now)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        if (now - pool->kinds[i].wished_at > WI_WISH_MS)
            pool->kinds[i].wish_since = 0;
}

void wi_pool_plan(struct wi_pool *pool)
{
    double now = wi_now_ms(), wake = WI_NEVER;
    struct wi_scale_kind *rows;
    struct wi_scale_step step;
    struct wi_scale scale;

    if (pool->closing) {
        finish_closing(pool);
        return;
    }
    check_missing(pool, now, &wake);
    forget_wishes(pool, now);
    retire_unknown(pool);
    rows = wi_alloc((pool->kind_count + 1) * sizeof(*rows));
    do {
        count_all(pool, now, &scale, rows);
        wi_scale_next(&scale, now, &step);
        carry_out(pool, &step, now);
    } while (step.action != WI_SCALE_NOTHING);
    free(rows);
    if (step.wake < wake)
        wake = step.wake;
    if (wake < WI_NEVER)
        wi_timer_start(pool->plan, wake > now ? (uint64_t)(wake - now) + 1 : 1, 0);
    else
        wi_timer_stop(pool->plan);
}

void wi_pool_plan_soon(struct wi_pool *pool)
{
    if (pool->plan)
        wi_timer_start(pool->plan, 0, 0);
}

int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind)
{
    struct wi_scale_kind *rows = wi_alloc((pool->kind_count + 1) * sizeof(*rows));
    struct wi_scale scale;
    int shut_out;

    count_all(pool, wi_now_ms(), &scale, rows);
    shut_out = wi_scale_shut_out(&scale, (size_t)(kind - pool->kinds));
    free(rows);
    return shut_out;
}

/* --- what comes in between ------------------------------------------------------------------- */

void wi_pool_note_answer(struct wi_pool *pool)
{
    double now, interval;

    if (pool->backlog == 0)
        return;
    now = wi_now_ms();
    if (pool->answered_at >= pool->backlog_since) {
        interval = now - pool->answered_at;
        pool->answer_interval = pool->answer_interval > 0
                                    ? pool->answer_interval * (1 - NEWEST) + interval * NEWEST
                                    : interval;
    }
    pool->answered_at = now;
}

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
    int begins = waiting > 0 && pool->backlog == 0;

    pool->backlog = waiting;
    if (begins) {
        pool->backlog_since = wi_now_ms();
        wi_pool_plan_soon(pool);
    }
}

void wi_pool_wish(struct wi_pool *pool, const char *name)
{
    struct pool_kind *kind = wi_pool_find_kind(pool, name);
    double now = wi_now_ms();

    if (!kind || pool->closing)
        return;
    kind->wished_at = now;
    if (kind->wish_since > 0)
        return;
    kind->wish_since = now;
    wi_pool_plan_soon(pool);
}
