/* How many sessions there should be: each rule of scale.h, and that following it comes to rest. */
#include "../../test.h"

#include "work/pool/scale.h"

#include <string.h>

#define NOW 1000000.0

/* A pool of three kinds with nothing running, for the tests to change. */
struct place {
    struct wi_scale_kind kinds[3];
    struct wi_scale scale;
    struct wi_scale_step step;
};

static void set_up(struct place *place)
{
    memset(place, 0, sizeof *place);
    for (int i = 0; i < 3; i++)
        place->kinds[i].max = 4;
    place->scale = (struct wi_scale){
        .kinds = place->kinds,
        .count = 3,
        .min = 1,
        .max = 4,
        .adaptive = 1,
        .idle_timeout = 300000,
        .expected_wait = -1,
        .start_ms = 1000,
    };
}

static void expect(struct place *place, double now, enum wi_scale_action action, size_t kind)
{
    wi_scale_next(&place->scale, now, &place->step);
    assert_int_equal(place->step.action, action);
    if (action != WI_SCALE_NOTHING) {
        assert_int_equal(place->step.kind, kind);
        assert_non_null(place->step.why);
    }
}

static void expect_rest(struct place *place, double now, double wake)
{
    expect(place, now, WI_SCALE_NOTHING, 0);
    assert_true(place->step.wake == wake);
}

/* `count` sessions that serve, all of them idle since `since`. */
static void idle(struct place *place, size_t kind, size_t count, double since)
{
    place->kinds[kind].live = place->kinds[kind].idle = count;
    place->kinds[kind].idle_since = since;
}

static void busy(struct place *place, size_t kind, size_t count)
{
    place->kinds[kind].live = count;
    place->kinds[kind].idle = 0;
}

TEST(the_minimum_is_of_the_preferred_kind)
{
    struct place place;

    set_up(&place);
    expect(&place, NOW, WI_SCALE_START, 0);
    place.kinds[0].live = place.kinds[0].pending = 1;
    expect_rest(&place, NOW, WI_NEVER);
    /* Not installed: the next one. */
    set_up(&place);
    place.kinds[0].max = 0;
    expect(&place, NOW, WI_SCALE_START, 1);
}

TEST(more_than_one_are_spread_over_the_kinds)
{
    struct place place;

    set_up(&place);
    place.scale.min = 4;
    for (size_t i = 0; i < 4; i++) {
        expect(&place, NOW, WI_SCALE_START, i % 3);
        place.kinds[i % 3].live++;
    }
    expect_rest(&place, NOW, WI_NEVER);
}

TEST(a_kind_in_backoff_is_waited_for_a_little)
{
    struct place place;

    set_up(&place);
    place.kinds[0].may_start_at = NOW + WI_SCALE_PATIENCE_MS;
    expect_rest(&place, NOW, NOW + WI_SCALE_PATIENCE_MS);
    expect(&place, NOW + WI_SCALE_PATIENCE_MS, WI_SCALE_START, 0);
    place.kinds[0].may_start_at = NOW + WI_SCALE_PATIENCE_MS + 1;
    expect(&place, NOW, WI_SCALE_START, 1);
    place.kinds[0].may_start_at = NOW + 1;
    place.kinds[0].broken = 1;
    expect(&place, NOW, WI_SCALE_START, 1);
    /* Alone, it is waited for however long it takes. */
    place.scale.count = 1;
    expect_rest(&place, NOW, NOW + 1);
    place.kinds[0].may_start_at = WI_NEVER; /* it is being probed */
    expect_rest(&place, NOW, WI_NEVER);
}

TEST(each_kind_has_its_minimum)
{
    struct place place;

    set_up(&place);
    place.kinds[2].min = 2;
    expect(&place, NOW, WI_SCALE_START, 2);
    place.kinds[2].live = 2;
    expect_rest(&place, NOW, WI_NEVER); /* which makes the minimum in all, too */
    idle(&place, 2, 2, 1);
    expect_rest(&place, NOW, WI_NEVER); /* idle for ever, and kept */
    place.kinds[2].leaving = 1;
    place.kinds[2].live = place.kinds[2].idle = 1;
    expect(&place, NOW, WI_SCALE_START, 2);
}

TEST(without_adaptive_scaling_the_maximum_is_kept)
{
    struct place place;

    set_up(&place);
    place.scale.adaptive = 0;
    for (size_t i = 0; i < 4; i++) {
        expect(&place, NOW, WI_SCALE_START, i % 3);
        idle(&place, i % 3, place.kinds[i % 3].live + 1, 1);
    }
    expect_rest(&place, NOW, WI_NEVER); /* idle for long, and not closed */
    place.kinds[0].max = place.kinds[1].max = place.kinds[2].max = 1;
    idle(&place, 0, 1, 1);
    expect_rest(&place, NOW, WI_NEVER); /* the kinds' maxima hold */
}

TEST(leaving_sessions_take_up_room)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    place.kinds[0].leaving = 1;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].leaving = 0;
    expect(&place, NOW, WI_SCALE_START, 0);
    /* Of their own kind, too. */
    set_up(&place);
    place.scale.min = 2;
    idle(&place, 0, 1, NOW);
    place.kinds[0].max = 2;
    place.kinds[0].leaving = 1;
    place.kinds[1].max = place.kinds[2].max = 0;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].leaving = 0;
    expect(&place, NOW, WI_SCALE_START, 0);
}

/* Beside others nothing is opened where memory is short; alone one is. */
TEST(where_memory_is_short_one_makes_room_for_another)
{
    struct place place;

    set_up(&place);
    place.scale.crowded = 1;
    expect(&place, NOW, WI_SCALE_START, 0);
    idle(&place, 0, 1, NOW - WI_MAKE_ROOM_MS);
    place.kinds[1].requested_since = NOW;
    place.kinds[0].min = place.scale.min = 0;
    expect(&place, NOW, WI_SCALE_CLOSE, 0);
    place.kinds[1].is_elsewhere = 1; /* it needs no memory here */
    expect(&place, NOW, WI_SCALE_START, 1);
    place.kinds[1].is_elsewhere = place.scale.crowded = 0;
    expect(&place, NOW, WI_SCALE_START, 1);
}

TEST(above_the_maxima_sessions_go)
{
    struct place place;

    set_up(&place);
    busy(&place, 0, 3);
    idle(&place, 1, 2, NOW);
    place.kinds[1].min = 1;
    expect(&place, NOW, WI_SCALE_REMOVE, 1); /* five, four may be; an idle one first */
    idle(&place, 1, 1, NOW);
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].max = 2;
    expect(&place, NOW, WI_SCALE_REMOVE, 0);
    place.kinds[0].live = 2;
    place.kinds[0].leaving = 1;
    expect_rest(&place, NOW, WI_NEVER);
    place.scale.max = 0;
    place.scale.min = 0;
    expect(&place, NOW, WI_SCALE_REMOVE, 0); /* the minimum of kind 1 gives in last */
    place.kinds[0].live = 0;
    expect(&place, NOW, WI_SCALE_REMOVE, 1);
}

TEST(waiting_work_opens_one_after_a_second)
{
    struct place place;

    set_up(&place);
    busy(&place, 0, 1);
    place.scale.backlog = 3;
    place.scale.backlog_since = NOW;
    expect_rest(&place, NOW, NOW + WI_SCALE_UP_MS);
    expect_rest(&place, NOW + 999, NOW + WI_SCALE_UP_MS);
    expect(&place, NOW + WI_SCALE_UP_MS, WI_SCALE_START, 1);
    assert_true(place.step.for_backlog);
    /* One at a time, and then it is watched again. */
    place.kinds[1].live = place.kinds[1].pending = 1;
    place.scale.scaled_at = NOW + WI_SCALE_UP_MS;
    expect_rest(&place, NOW + 5000, WI_NEVER);
    place.kinds[1].pending = 0;
    place.scale.scaled_at = NOW + 5000;
    expect_rest(&place, NOW + 5000, NOW + 5000 + WI_SCALE_UP_MS);
    /* Where somebody is idle, another one would not help. */
    idle(&place, 1, 1, NOW);
    expect_rest(&place, NOW + 50000, WI_NEVER);
    /* Full. */
    busy(&place, 1, 3);
    expect_rest(&place, NOW + 50000, WI_NEVER);
    place.scale.adaptive = 0;
    busy(&place, 1, 1);
    place.kinds[0].max = place.kinds[1].max = place.kinds[2].max = 1;
    place.kinds[2].live = 1;
    expect_rest(&place, NOW + 50000, WI_NEVER);
}

TEST(without_any_session_waiting_work_opens_one_at_once)
{
    struct place place;

    set_up(&place);
    place.scale.min = 0;
    expect_rest(&place, NOW, WI_NEVER);
    place.scale.backlog = 1;
    place.scale.backlog_since = NOW;
    expect(&place, NOW, WI_SCALE_START, 0);
}

TEST(the_expected_wait_decides_how_soon)
{
    struct place place;

    set_up(&place);
    busy(&place, 0, 1);
    place.scale.backlog = 3;
    place.scale.backlog_since = NOW;
    place.scale.expected_wait = 1001; /* longer than a start takes */
    expect_rest(&place, NOW, NOW + WI_SCALE_UP_SOON_MS);
    place.scale.expected_wait = 999;
    expect_rest(&place, NOW, NOW + WI_SCALE_UP_MS);
    place.scale.expected_wait = 49; /* short, and always there */
    expect_rest(&place, NOW, NOW + WI_SCALE_UP_LATE_MS);
    /* Two may be on their way where one would not be enough. */
    place.kinds[1].live = place.kinds[1].pending = 1;
    place.scale.expected_wait = 1999;
    expect_rest(&place, NOW + 10000, WI_NEVER);
    place.scale.expected_wait = 2001;
    expect(&place, NOW + 10000, WI_SCALE_START, 2);
    place.kinds[2].live = place.kinds[2].pending = 1;
    expect_rest(&place, NOW + 10000, WI_NEVER);
}

TEST(expected_waits)
{
    assert_true(wi_scale_expected_wait(5, 0, 100) < 0);
    assert_true(wi_scale_expected_wait(5, 20, 3) == 100);
    assert_true(wi_scale_expected_wait(5, 20, 300) == 1500); /* it has become slower */
    assert_true(wi_scale_expected_wait(0, 20, 3) == 0);
}

TEST(idle_sessions_above_the_minimum_are_closed)
{
    struct place place;

    set_up(&place);
    idle(&place, 0, 2, NOW);
    idle(&place, 1, 1, NOW - 1000);
    expect_rest(&place, NOW, NOW - 1000 + 300000);
    expect(&place, NOW - 1000 + 300000, WI_SCALE_CLOSE, 1); /* the longest idle first */
    place.kinds[1] = (struct wi_scale_kind){.max = 4};
    expect(&place, NOW + 300000, WI_SCALE_CLOSE, 0);
    place.kinds[0].live = place.kinds[0].idle = 1;
    expect_rest(&place, NOW + 1e9, WI_NEVER);
    /* Not while work waits, not without a timeout. */
    idle(&place, 0, 2, NOW);
    place.scale.backlog = 1;
    expect_rest(&place, NOW + 1e9, WI_NEVER);
    place.scale.backlog = 0;
    place.scale.idle_timeout = 0;
    expect_rest(&place, NOW + 1e9, WI_NEVER);
    place.scale.idle_timeout = 1;
    place.kinds[0].min = 2;
    expect_rest(&place, NOW + 1e9, WI_NEVER);
}

TEST(a_request_opens_the_kind_at_once)
{
    struct place place;

    set_up(&place);
    idle(&place, 0, 1, NOW);
    place.kinds[2].requested_since = NOW;
    expect(&place, NOW, WI_SCALE_START, 2);
    place.kinds[2].live = place.kinds[2].pending = 1;
    place.scale.idle_timeout = 0;
    expect_rest(&place, NOW + 10000, WI_NEVER);
    /* It cannot: not installed, or broken. */
    set_up(&place);
    place.scale.idle_timeout = 0;
    idle(&place, 0, 1, NOW);
    place.kinds[2].requested_since = NOW;
    place.kinds[2].max = 0;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[2].max = 1;
    place.kinds[2].may_start_at = NOW + 7000;
    place.kinds[2].broken = 1;
    expect_rest(&place, NOW, NOW + 7000);
    expect(&place, NOW + 7000, WI_SCALE_START, 2); /* when it may, and not later */
    place.scale.max = 1;                           /* and nobody makes room for what cannot start */
    place.kinds[0].idle_since = NOW - 100000;
    expect_rest(&place, NOW, NOW + 7000);
}

TEST(a_request_for_a_busy_kind_opens_another_of_it)
{
    struct place place;

    set_up(&place);
    busy(&place, 0, 1);
    idle(&place, 1, 1, NOW);
    place.scale.idle_timeout = 0;
    place.kinds[0].requested_since = NOW;
    expect_rest(&place, NOW, WI_NEVER); /* nothing waits */
    place.scale.backlog = 1;
    place.scale.backlog_since = NOW;
    expect_rest(&place, NOW, NOW + WI_SCALE_UP_MS);
    expect(&place, NOW + WI_SCALE_UP_MS, WI_SCALE_START, 0); /* although kind 1 is idle */
    place.kinds[0].max = 1;
    expect_rest(&place, NOW + WI_SCALE_UP_MS, WI_NEVER);
}

TEST(an_idle_session_makes_room_for_a_request)
{
    struct place place;

    set_up(&place);
    place.scale.max = 2;
    idle(&place, 0, 1, NOW);
    idle(&place, 1, 1, NOW - 500);
    place.kinds[2].requested_since = NOW;
    place.kinds[1].min = 1;
    expect_rest(&place, NOW, NOW + WI_MAKE_ROOM_MS); /* kind 1 has its minimum to keep */
    place.kinds[1].min = 0;
    expect_rest(&place, NOW, NOW - 500 + WI_MAKE_ROOM_MS);
    expect(&place, NOW - 500 + WI_MAKE_ROOM_MS, WI_SCALE_CLOSE, 1);
    place.kinds[1] = (struct wi_scale_kind){.max = 4, .leaving = 1};
    expect_rest(&place, NOW + 5000, WI_NEVER); /* until it has gone */
    place.kinds[1].leaving = 0;
    expect(&place, NOW + 5000, WI_SCALE_START, 2);
}

TEST(what_is_idle_for_too_long_goes_whoever_else_waits)
{
    struct place place;

    set_up(&place);
    place.scale.min = 0;
    place.scale.max = 1;
    place.scale.idle_timeout = 1000;
    idle(&place, 0, 1, NOW - 1000); /* before it has to make room */
    place.kinds[1].requested_since = NOW;
    expect(&place, NOW, WI_SCALE_CLOSE, 0);
}

TEST(who_made_room_does_not_come_back)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    idle(&place, 0, 1, NOW - WI_MAKE_ROOM_MS);
    place.kinds[1].requested_since = NOW;
    expect(&place, NOW, WI_SCALE_CLOSE, 0);
    place.kinds[0].live = place.kinds[0].idle = 0;
    place.kinds[0].leaving = 1;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].leaving = 0;
    expect(&place, NOW, WI_SCALE_START, 1); /* also of the pool's minimum of one */
    place.kinds[1].may_start_at = NOW + 5000;
    expect(&place, NOW, WI_SCALE_START, 0); /* better than none */
}

TEST(the_oldest_request_gets_the_place)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    place.kinds[0].requested_since = NOW - 1;
    place.kinds[1].requested_since = NOW - 2 * WI_MAKE_ROOM_BUSY_MS;
    place.kinds[2].requested_since = NOW - 2;
    expect(&place, NOW, WI_SCALE_START, 1);
}

TEST(what_starts_for_an_older_request_stays)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    busy(&place, 0, 1);
    place.kinds[0].pending = 1;
    place.kinds[0].requested_since = NOW - 3 * WI_MAKE_ROOM_BUSY_MS;
    place.kinds[1].requested_since = NOW - 2 * WI_MAKE_ROOM_BUSY_MS;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].requested_since = NOW - 1;
    expect(&place, NOW, WI_SCALE_REMOVE, 0);
    place.kinds[0].live = place.kinds[0].pending = 0;
    expect(&place, NOW, WI_SCALE_START, 1);
}

TEST(at_last_a_busy_one_makes_room)
{
    struct place place;

    set_up(&place);
    place.scale.max = 3;
    busy(&place, 0, 2);
    busy(&place, 1, 1);
    place.kinds[2].requested_since = NOW;
    expect_rest(&place, NOW, NOW + WI_MAKE_ROOM_BUSY_MS);
    expect(&place, NOW + WI_MAKE_ROOM_BUSY_MS, WI_SCALE_REMOVE, 0);
    place.kinds[0].min = 2;
    expect(&place, NOW + WI_MAKE_ROOM_BUSY_MS, WI_SCALE_REMOVE, 1);
    place.kinds[1].min = 1;
    expect_rest(&place, NOW + WI_MAKE_ROOM_BUSY_MS, WI_NEVER);
}

/* A table of when others have used what each kind would lose for kind 2. */
static double *used(struct place *place, double by_kind_0, double by_kind_1)
{
    static double others_at[9];

    memset(others_at, 0, sizeof others_at);
    others_at[6] = by_kind_0;
    others_at[7] = by_kind_1;
    place->scale.others_at = others_at;
    return others_at;
}

static void expect_eviction(
    struct place *place, double now, enum wi_scale_action action, size_t kind, int of_others)
{
    expect(place, now, action, kind);
    assert_true(place->step.evicts);
    assert_int_equal(place->step.of_others, of_others);
    assert_int_equal(place->step.wanted, 2);
}

/* Idle, but somebody else comes back to it all the time. */
TEST(what_others_use_is_left_to_them)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    idle(&place, 0, 1, NOW);
    used(&place, NOW, 0);
    place.kinds[2].requested_since = NOW;
    place.kinds[2].evicts_others_at = WI_NEVER;
    expect_rest(&place, NOW, NOW + WI_MAKE_ROOM_USED_MS);
    expect_rest(&place, NOW + WI_MAKE_ROOM_MS, NOW + WI_MAKE_ROOM_USED_MS);
    used(&place, NOW + 9000, 0);
    expect_rest(&place, NOW + WI_MAKE_ROOM_BUSY_MS, NOW + 9000 + WI_MAKE_ROOM_USED_MS);
    expect_eviction(
        &place, NOW + 9000 + WI_MAKE_ROOM_USED_MS, WI_SCALE_CLOSE, 0, 0); /* nobody any more */
}

TEST(who_has_waited_for_long_may_close_one_of_others)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    idle(&place, 0, 1, NOW);
    used(&place, NOW + 9000, 0);
    place.kinds[2].requested_since = NOW;
    expect_rest(&place, NOW + 9000, NOW + WI_MAKE_ROOM_BUSY_MS);
    expect_eviction(&place, NOW + WI_MAKE_ROOM_BUSY_MS, WI_SCALE_CLOSE, 0, 1);
    place.kinds[2].evicts_others_at = NOW + 15000; /* it has closed another a while ago */
    expect_rest(&place, NOW + WI_MAKE_ROOM_BUSY_MS, NOW + 15000);
    expect_eviction(&place, NOW + 15000, WI_SCALE_CLOSE, 0, 1);
    place.kinds[2].evicts_at = NOW + 16000; /* or too many of its own */
    expect_rest(&place, NOW + 15000, NOW + 16000);
}

TEST(what_has_work_of_others_goes_only_for_who_may_close_it)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    busy(&place, 0, 1);
    used(&place, WI_NEVER, 0);
    place.kinds[2].requested_since = NOW;
    place.kinds[2].evicts_others_at = WI_NEVER;
    expect_rest(&place, NOW + 100000, WI_NEVER);
    place.kinds[2].evicts_others_at = 0;
    expect_eviction(&place, NOW + 100000, WI_SCALE_REMOVE, 0, 1);
}

TEST(what_nobody_else_uses_goes_first)
{
    struct place place;

    set_up(&place);
    place.scale.max = 2;
    idle(&place, 0, 1, NOW - 60000);
    idle(&place, 1, 1, NOW + WI_MAKE_ROOM_BUSY_MS - 100);
    used(&place, NOW + WI_MAKE_ROOM_BUSY_MS - 100, 0);
    place.kinds[2].requested_since = NOW;
    /* The one of others might go now, the free one in a while. */
    expect_rest(
        &place, NOW + WI_MAKE_ROOM_BUSY_MS, NOW + WI_MAKE_ROOM_BUSY_MS - 100 + WI_MAKE_ROOM_MS);
    expect_eviction(
        &place, NOW + WI_MAKE_ROOM_BUSY_MS - 100 + WI_MAKE_ROOM_MS, WI_SCALE_CLOSE, 1, 0);
}

/* What the configuration says is nobody's wish, and is not counted. */
TEST(a_minimum_is_kept_whoever_uses_the_others)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    idle(&place, 0, 1, NOW - WI_MAKE_ROOM_MS);
    used(&place, NOW, 0);
    place.kinds[2].min = 1;
    place.kinds[2].evicts_at = place.kinds[2].evicts_others_at = WI_NEVER;
    expect(&place, NOW, WI_SCALE_CLOSE, 0);
    assert_false(place.step.evicts);
}

TEST(a_worn_session_gets_its_successor_first)
{
    struct place place;

    set_up(&place);
    place.kinds[0].live = place.kinds[0].worn = 1;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
    place.kinds[0].live = 2;
    place.kinds[0].pending = place.kinds[0].relieved = 1;
    place.kinds[0].worn = 0;
    expect_rest(&place, NOW, WI_NEVER);
    /* A relieved one counts for no minimum. */
    place.kinds[0] = (struct wi_scale_kind){.max = 4, .live = 1, .relieved = 1};
    expect(&place, NOW, WI_SCALE_START, 0);
    /* One after the other. */
    place.kinds[0] =
        (struct wi_scale_kind){.max = 4, .live = 3, .relieved = 1, .pending = 1, .worn = 1};
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].pending = 0;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
    place.kinds[0].may_start_at = NOW + 5;
    expect_rest(&place, NOW, NOW + 5);
}

TEST(a_worn_session_without_room_goes_first)
{
    struct place place;

    set_up(&place);
    place.scale.max = 1;
    place.kinds[0].live = place.kinds[0].worn = 1;
    expect(&place, NOW, WI_SCALE_RECYCLE, 0);
    /* Two of them: not both at once. */
    place.scale.max = 2;
    place.kinds[0].live = 1;
    place.kinds[0].leaving = 1;
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].leaving = 0;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
}

TEST(a_worn_session_stays_while_its_program_is_missing)
{
    struct place place;

    set_up(&place);
    place.kinds[0] = (struct wi_scale_kind){.max = 1, .live = 1, .worn = 1, .missing = 1};
    expect_rest(&place, NOW, WI_NEVER);
    place.kinds[0].max = 4;
    place.kinds[0].missing = 0;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
}

TEST(a_worn_session_that_nobody_needs_has_no_successor)
{
    struct place place;

    set_up(&place);
    place.kinds[0].live = 2;
    place.kinds[0].worn = 1;
    place.kinds[0].idle = 1;
    place.kinds[0].idle_since = NOW;
    expect(&place, NOW, WI_SCALE_RECYCLE, 0);
    place.scale.backlog = 1;
    place.scale.backlog_since = NOW;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
    place.scale.backlog = 0;
    place.kinds[0].min = 2;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
    place.kinds[0].min = 0;
    place.scale.adaptive = 0;
    expect(&place, NOW, WI_SCALE_REPLACE, 0);
}

/* Does what the step says, as the pool would with browsers that start and end in no time. */
static void obey(struct place *place, double now)
{
    struct wi_scale_kind *kind = &place->kinds[place->step.kind];

    switch (place->step.action) {
    case WI_SCALE_START:
        kind->live++;
        kind->idle++;
        kind->idle_since = now;
        kind->requested_since = 0;
        place->scale.scaled_at = now;
        break;
    case WI_SCALE_REPLACE:
        kind->worn--;
        kind->idle++;
        break;
    case WI_SCALE_RECYCLE:
        kind->worn--;
        kind->live--;
        break;
    case WI_SCALE_CLOSE:
        kind->idle--;
        kind->live--;
        break;
    case WI_SCALE_REMOVE:
        kind->live--;
        if (kind->idle > 0)
            kind->idle--;
        else if (kind->worn > 0)
            kind->worn--;
        break;
    case WI_SCALE_NOTHING:
        break;
    }
}

static size_t live(const struct place *place)
{
    return place->kinds[0].live + place->kinds[1].live + place->kinds[2].live;
}

/* From any numbers it comes to rest within as many steps as there are sessions to start and end,
 * within the limits. */
TEST(what_others_must_keep_shuts_a_kind_out)
{
    struct place place;

    set_up(&place);
    place.scale.max = 2;
    assert_false(wi_scale_shut_out(&place.scale, 1));
    busy(&place, 0, 2);
    assert_false(wi_scale_shut_out(&place.scale, 1)); /* one of them can make room */
    place.kinds[0].min = 2;
    assert_true(wi_scale_shut_out(&place.scale, 1));
    assert_false(wi_scale_shut_out(&place.scale, 0));
    place.kinds[0].live = 1; /* its second does not come: there is room */
    assert_false(wi_scale_shut_out(&place.scale, 1));
    place.kinds[2].min = place.kinds[2].live = 1;
    assert_true(wi_scale_shut_out(&place.scale, 1));
    place.kinds[1].leaving = 1; /* it had a place, so another can have it */
    assert_false(wi_scale_shut_out(&place.scale, 1));
    set_up(&place);
    place.kinds[1].max = 0;
    assert_true(wi_scale_shut_out(&place.scale, 1));
}

TEST(it_always_comes_to_rest)
{
    struct place place;
    unsigned seed = 1;

#define RANDOM(n) ((seed = seed * 1103515245u + 12345u) / 65536u % (n))
    for (int round = 0; round < 20000; round++) {
        int steps = 0;
        set_up(&place);
        place.scale.max = RANDOM(6);
        place.scale.min = RANDOM((unsigned)place.scale.max + 1);
        place.scale.adaptive = (int)RANDOM(2);
        place.scale.backlog = RANDOM(3);
        place.scale.backlog_since = NOW - RANDOM(3000);
        for (int i = 0; i < 3; i++) {
            struct wi_scale_kind *kind = &place.kinds[i];
            kind->max = RANDOM(4);
            kind->min = RANDOM((unsigned)kind->max + 1);
            kind->idle = RANDOM(3);
            kind->worn = RANDOM(2);
            kind->live = kind->idle + kind->worn + RANDOM(2);
            kind->idle_since = NOW - RANDOM(400000);
            kind->requested_since = RANDOM(2) ? NOW - RANDOM(20000) : 0;
        }
        do {
            wi_scale_next(&place.scale, NOW, &place.step);
            obey(&place, NOW);
            assert_true(++steps < 60);
        } while (place.step.action != WI_SCALE_NOTHING);
        assert_true(live(&place) <= place.scale.max);
        for (int i = 0; i < 3; i++)
            assert_true(place.kinds[i].live <= place.kinds[i].max);
        assert_true(place.step.wake > NOW);
        if (place.scale.min <= place.kinds[0].max + place.kinds[1].max + place.kinds[2].max)
            assert_true(live(&place) >= place.scale.min);
    }
#undef RANDOM
}
