/* What is asked for comes once, from the loop. */
#include "../../test.h"

#include "work/pool/wake.h"

struct place {
    uv_loop_t loop;
    struct pool_wake *wake;
    int plans, tells;
};

static void on_plan(void *context)
{
    ((struct place *)context)->plans++;
}

static void on_tell(void *context)
{
    ((struct place *)context)->tells++;
}

static int setup(void **state)
{
    static struct place place;

    place = (struct place){0};
    uv_loop_init(&place.loop);
    place.wake = wi_pool_wake_new(&place.loop, on_plan, on_tell, &place);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    wi_pool_wake_free(place->wake);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&place->loop), 0);
    return 0;
}

FIXTURE(setup, teardown)

TEST(what_is_asked_for_twice_comes_once_and_not_at_once)
{
    struct place *place = *state;

    assert_false(wi_pool_plan_is_due(place->wake));
    wi_pool_plan_soon(place->wake);
    wi_pool_plan_soon(place->wake);
    wi_pool_tell_capacity(place->wake);
    wi_pool_tell_capacity(place->wake);
    assert_true(wi_pool_plan_is_due(place->wake));
    assert_int_equal(place->plans + place->tells, 0);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(place->plans, 1);
    assert_int_equal(place->tells, 1);
    assert_false(wi_pool_plan_is_due(place->wake));
}

TEST(the_last_time_named_for_a_plan_counts)
{
    struct place *place = *state;

    wi_pool_plan_in(place->wake, 3600000);
    wi_pool_plan_soon(place->wake);
    uv_run(&place->loop, UV_RUN_DEFAULT); /* would last an hour */
    assert_int_equal(place->plans, 1);
    wi_pool_plan_soon(place->wake);
    wi_pool_plan_never(place->wake);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(place->plans, 1);
}

TEST(nothing_comes_after_the_end)
{
    struct place *place = *state;

    wi_pool_plan_soon(place->wake);
    wi_pool_tell_capacity(place->wake);
    assert_false(wi_pool_wake_ended(place->wake));
    wi_pool_wake_end(place->wake);
    assert_true(wi_pool_wake_ended(place->wake));
    wi_pool_plan_soon(place->wake);
    wi_pool_tell_capacity(place->wake);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(place->plans + place->tells, 0);
}
