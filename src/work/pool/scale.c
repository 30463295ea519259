/*
 * The rules of scale.h, the weightiest first: never above the maxima; worn sessions are replaced;
 * the minima; what was requested; waiting work; and last, what has been idle for too long.
 */
#include "work/pool/scale.h"

#include <math.h>
#include <string.h>

struct totals {
    size_t live, leaving, pending, relieved, idle;
};

static struct totals count_all(const struct wi_scale *scale)
{
    struct totals totals = {0};

    for (size_t i = 0; i < scale->count; i++) {
        totals.live += scale->kinds[i].live;
        totals.leaving += scale->kinds[i].leaving;
        totals.pending += scale->kinds[i].pending;
        totals.relieved += scale->kinds[i].relieved;
        totals.idle += scale->kinds[i].idle;
    }
    return totals;
}

/* Those that stay: a relieved one is counted in its successor. */
static size_t kind_staying(const struct wi_scale_kind *kind)
{
    return kind->live - kind->relieved;
}

static int step_take(
    struct wi_scale_step *step, enum wi_scale_action action, size_t kind, const char *why)
{
    step->action = action;
    step->kind = kind;
    step->why = why;
    step->wake = WI_NEVER;
    return 1;
}

static void wake_at(struct wi_scale_step *step, double when)
{
    if (when < step->wake)
        step->wake = when;
}

static int scale_has_room(const struct wi_scale *scale, const struct totals *totals, size_t kind)
{
    const struct wi_scale_kind *one = &scale->kinds[kind];
    size_t there = totals->live + totals->leaving;

    return one->live + one->leaving < one->max && there < scale->max &&
           (there == 0 || one->is_elsewhere || !scale->crowded);
}

/* Whether it may be started now; else when that will be is noted. */
static int may_start(const struct wi_scale_kind *kind, double now, struct wi_scale_step *step)
{
    if (now >= kind->may_start_at)
        return 1;
    wake_at(step, kind->may_start_at);
    return 0;
}

/* The kind for one more session: of those with room, the one with the fewest, the preferred first.
 * scale->count: none may start now. */
static size_t scale_choose(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    size_t best = scale->count;

    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        int soon = !kind->broken && kind->may_start_at <= now + WI_SCALE_PATIENCE_MS;
        if (!scale_has_room(scale, totals, i) || (!may_start(kind, now, step) && !soon))
            continue;
        if (best == scale->count || kind_staying(kind) < kind_staying(&scale->kinds[best]))
            best = i;
    }
    return best < scale->count && now < scale->kinds[best].may_start_at ? scale->count : best;
}

/* The kind that a session is requested of, has none and may have one now: the one whose request has
 * waited for longest. scale->count: none. */
static size_t find_requested(const struct wi_scale *scale, const struct totals *totals, double now)
{
    size_t first = scale->count;

    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        if (kind->requested_since > 0 && kind->live == 0 && now >= kind->may_start_at &&
            scale_has_room(scale, totals, i) &&
            (first == scale->count || kind->requested_since < scale->kinds[first].requested_since))
            first = i;
    }
    return first;
}

/* --- the rules: each returns 1 if it took a step ---------------------------------------------- */

/* The kind with a session too many: of those above `floor`, the last in preference with an idle
 * one, else the last. */
static size_t find_surplus(const struct wi_scale *scale, int above_min)
{
    size_t found = scale->count;

    for (size_t i = scale->count; i-- > 0;) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        if (kind->live == 0 || (above_min && kind_staying(kind) <= kind->min))
            continue;
        if (kind->idle > 0)
            return i;
        if (found == scale->count)
            found = i;
    }
    return found;
}

static int keep_below_maxima(
    const struct wi_scale *scale, const struct totals *totals, struct wi_scale_step *step)
{
    size_t kind;

    for (kind = 0; kind < scale->count; kind++)
        if (scale->kinds[kind].live > scale->kinds[kind].max)
            return step_take(step, WI_SCALE_REMOVE, kind, "there are more than max_connections");
    if (totals->live <= scale->max)
        return 0;
    kind = find_surplus(scale, 1);
    if (kind == scale->count)
        kind = find_surplus(scale, 0);
    return step_take(step, WI_SCALE_REMOVE, kind, "there are more than max_connections");
}

static int replace_worn(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        if (kind->worn == 0)
            continue;
        if (totals->live - totals->relieved > scale->min && kind_staying(kind) > kind->min &&
            scale->backlog == 0 && kind->idle > 0 && scale->adaptive)
            return step_take(
                step, WI_SCALE_RECYCLE, i, "it is due for replacement, and others are idle");
        if (kind->missing || kind->pending > 0)
            continue; /* none can come in its place yet; one after the other */
        if (!scale_has_room(scale, totals, i)) {
            if (totals->leaving == 0)
                return step_take(step, WI_SCALE_RECYCLE, i,
                    "it is due for replacement, and there is no room for a successor while it "
                    "runs");
        } else if (may_start(kind, now, step)) {
            return step_take(
                step, WI_SCALE_REPLACE, i, "a browser of its kind is due for replacement");
        }
    }
    return 0;
}

/* Why room is made: for what a client waits for, or to keep a kind's minimum. */
enum room_for { ROOM_FOR_CLIENT, ROOM_FOR_MINIMUM };

/* A session that would make room. */
struct victim {
    size_t kind;
    int is_idle, is_free; /* it has no work; and no other client has used it lately */
    int of_others;        /* others use it, and it ends anyway */
    double when;          /* not before */
};

/* When a session of `kind` may end to make room for one of `wanted`: at once if no other client has
 * used it lately; otherwise only for a client that has waited for long, and has not closed another
 * session of others. */
static struct victim victim_judge(
    const struct wi_scale *scale, size_t wanted, size_t kind, enum room_for why)
{
    const struct wi_scale_kind *one = &scale->kinds[kind], *waiting = &scale->kinds[wanted];
    double ready = one->idle > 0 ? one->idle_since + WI_MAKE_ROOM_MS
                                 : waiting->requested_since + WI_MAKE_ROOM_BUSY_MS;
    double others = scale->others_at ? scale->others_at[wanted * scale->count + kind] : 0;
    struct victim victim = {
        .kind = kind, .is_idle = one->idle > 0, .is_free = one->idle > 0, .when = ready};

    if (why == ROOM_FOR_MINIMUM)
        return victim;
    victim.when = fmax(ready, waiting->evicts_at);
    if (others == 0 || others + WI_MAKE_ROOM_USED_MS <= victim.when)
        return victim;
    double quiet = others + WI_MAKE_ROOM_USED_MS;
    double entitled = fmax(fmax(victim.when, waiting->evicts_others_at),
        waiting->requested_since + WI_MAKE_ROOM_BUSY_MS);
    victim.is_free = 0;
    victim.of_others = entitled < quiet;
    victim.when = victim.of_others ? entitled : quiet;
    return victim;
}

/* Whether one goes before the other: one that is free; then the one that may go first; then an idle
 * one, or one of the kind that has the most. */
static int victim_goes_before(
    const struct wi_scale *scale, const struct victim *one, const struct victim *other)
{
    if (one->is_free != other->is_free)
        return one->is_free;
    if (one->when != other->when)
        return one->when < other->when;
    if (one->is_idle != other->is_idle)
        return one->is_idle;
    return !one->is_idle && scale->kinds[one->kind].live >= scale->kinds[other->kind].live;
}

/* Whether its session starts for a request that is older than the other's: such a session would be
 * started again as soon as it has gone. */
static int kind_comes_first(const struct wi_scale_kind *kind, const struct wi_scale_kind *other)
{
    return kind->pending > 0 && kind->requested_since > 0 &&
           kind->requested_since <= other->requested_since;
}

/* Room for a session of `wanted`: an idle session of another kind goes, after a while; if none is
 * idle, one in work after a longer while. */
static int room_make(const struct wi_scale *scale, const struct totals *totals, size_t wanted,
    enum room_for why, double now, struct wi_scale_step *step)
{
    struct victim best = {.kind = scale->count};

    if (totals->leaving > 0 || scale->kinds[wanted].live >= scale->kinds[wanted].max)
        return 0; /* room is coming, or would not help */
    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        if (i == wanted || kind_staying(kind) <= kind->min ||
            kind_comes_first(kind, &scale->kinds[wanted]))
            continue;
        struct victim victim = victim_judge(scale, wanted, i, why);
        if (best.kind == scale->count || victim_goes_before(scale, &victim, &best))
            best = victim;
    }
    if (best.kind == scale->count)
        return 0;
    if (now < best.when) {
        wake_at(step, best.when);
        return 0;
    }
    step->evicts = why == ROOM_FOR_CLIENT;
    step->of_others = best.of_others;
    step->wanted = wanted;
    return step_take(step, best.is_idle ? WI_SCALE_CLOSE : WI_SCALE_REMOVE, best.kind,
        "it makes room for another kind");
}

static int keep_minima(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    size_t target = scale->adaptive ? scale->min : scale->max, kind;

    for (kind = 0; kind < scale->count; kind++) {
        const struct wi_scale_kind *one = &scale->kinds[kind];
        if (kind_staying(one) >= one->min)
            continue;
        if (!may_start(one, now, step))
            continue;
        if (scale_has_room(scale, totals, kind))
            return step_take(step, WI_SCALE_START, kind, "its min_connections");
        if (one->live == 0 && room_make(scale, totals, kind, ROOM_FOR_MINIMUM, now, step))
            return 1;
    }
    if (totals->live - totals->relieved >= target)
        return 0;
    /* What made room for another kind is not to come back in its place. */
    kind = find_requested(scale, totals, now);
    if (kind == scale->count)
        kind = scale_choose(scale, totals, now, step);
    return kind < scale->count && step_take(step, WI_SCALE_START, kind,
                                      scale->adaptive ? "min_connections" : "max_connections");
}

/* How long waiting work is watched before a session is opened for it. */
static double scale_patience(const struct wi_scale *scale)
{
    if (scale->expected_wait > scale->start_ms)
        return WI_SCALE_UP_SOON_MS;
    if (scale->expected_wait >= 0 && scale->expected_wait < WI_SCALE_SHORT_MS)
        return WI_SCALE_UP_LATE_MS;
    return WI_SCALE_UP_MS;
}

static int fulfil_requests(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        double when = kind->requested_since;
        if (when == 0 || kind->max == 0 || kind->pending > 0 || kind->idle > 0)
            continue;
        if (kind_staying(kind) > 0) { /* it is there, and has much to do */
            when += scale_patience(scale);
            if (!scale->adaptive || scale->backlog == 0 || !scale_has_room(scale, totals, i))
                continue;
        }
        if (now < when) {
            wake_at(step, when);
            continue;
        }
        if (!may_start(kind, now, step))
            continue;
        if (scale_has_room(scale, totals, i))
            return step_take(step, WI_SCALE_START, i, "work for this kind");
        if (room_make(scale, totals, i, ROOM_FOR_CLIENT, now, step))
            return 1;
    }
    return 0;
}

/* With a session that has nothing to do another one would not help: what waits, waits for something
 * else. */
static int serve_backlog(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    double since = fmax(scale->scaled_at, scale->backlog_since);
    size_t pending = scale->expected_wait > 2 * scale->start_ms ? WI_SCALE_PENDING : 1;

    if (!scale->adaptive || scale->backlog == 0 || totals->idle > 0 || totals->pending >= pending)
        return 0;
    size_t kind = scale_choose(scale, totals, now, step);
    if (kind == scale->count)
        return 0;
    if (totals->live > 0 && now < since + scale_patience(scale)) {
        wake_at(step, since + scale_patience(scale));
        return 0;
    }
    step->for_backlog = 1;
    return step_take(step, WI_SCALE_START, kind, "work waits");
}

static int close_idle(const struct wi_scale *scale, const struct totals *totals, double now,
    struct wi_scale_step *step)
{
    size_t oldest = scale->count;

    if (!scale->adaptive || scale->idle_timeout <= 0 || scale->backlog > 0 ||
        totals->live - totals->relieved <= scale->min)
        return 0;
    for (size_t i = 0; i < scale->count; i++) {
        const struct wi_scale_kind *kind = &scale->kinds[i];
        if (kind->idle > 0 && kind_staying(kind) > kind->min &&
            (oldest == scale->count || kind->idle_since < scale->kinds[oldest].idle_since))
            oldest = i;
    }
    if (oldest == scale->count)
        return 0;
    double when = scale->kinds[oldest].idle_since + scale->idle_timeout;
    if (now >= when)
        return step_take(step, WI_SCALE_CLOSE, oldest, "it had no work for idle_timeout");
    wake_at(step, when);
    return 0;
}

void wi_scale_next(const struct wi_scale *scale, double now, struct wi_scale_step *step)
{
    const struct totals totals = count_all(scale);

    memset(step, 0, sizeof *step);
    step->wake = WI_NEVER;
    if (keep_below_maxima(scale, &totals, step) || replace_worn(scale, &totals, now, step) ||
        keep_minima(scale, &totals, now, step) || fulfil_requests(scale, &totals, now, step) ||
        serve_backlog(scale, &totals, now, step))
        return;
    close_idle(scale, &totals, now, step);
}

int wi_scale_shut_out(const struct wi_scale *scale, size_t kind)
{
    const struct wi_scale_kind *wanted = &scale->kinds[kind];
    size_t kept = 0;

    if (wanted->max == 0)
        return 1;
    if (wanted->live + wanted->leaving > 0)
        return 0; /* it was let in */
    for (size_t i = 0; i < scale->count; i++) {
        size_t there = kind_staying(&scale->kinds[i]), min = scale->kinds[i].min;
        kept += there < min ? there : min; /* one that cannot start holds no place */
    }
    return kept >= scale->max;
}

double wi_scale_expected_wait(size_t waiting, double interval, double silence)
{
    if (interval <= 0)
        return -1;
    return (double)waiting * fmax(silence, interval);
}

/* --- the backlog ------------------------------------------------------------------------------ */

/* The weight of the newest interval between answers in their moving average. */
#define NEWEST 0.2

int wi_backlog_set(struct wi_backlog *backlog, size_t waiting, double now)
{
    int begins = waiting > 0 && backlog->waiting == 0;

    backlog->waiting = waiting;
    if (begins)
        backlog->since = now;
    return begins;
}

void wi_backlog_answered(struct wi_backlog *backlog, double now)
{
    if (backlog->waiting == 0)
        return;
    if (backlog->_answered_at >= backlog->since) {
        double interval = now - backlog->_answered_at;
        backlog->_interval = backlog->_interval > 0
                                 ? backlog->_interval * (1 - NEWEST) + interval * NEWEST
                                 : interval;
    }
    backlog->_answered_at = now;
}

void wi_backlog_scaled(struct wi_backlog *backlog, double now)
{
    backlog->scaled_at = now;
}

double wi_backlog_expected_wait(const struct wi_backlog *backlog, double now)
{
    double silent_since = fmax(backlog->_answered_at, backlog->since);

    return wi_scale_expected_wait(backlog->waiting, backlog->_interval, now - silent_since);
}
