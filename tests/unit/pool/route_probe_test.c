/* Routing finds out more: runs beside the client's path, and those of its own that may go there. */
#include "place.h"

static void expect_probe(struct place *place, const char *browser, enum wi_platform platform)
{
    assert_true(place->choice.probe.wanted);
    assert_string_equal(place->choice.probe.browser, browser);
    assert_int_equal(place->choice.probe.platform, platform);
}

static void what_would_be_preferred_is_checked_beside(void **state)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 100);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted); /* software is not checked for its own sake */
    make_real(place, 0, WI_UNKNOWN);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    expect(place, 1, WI_WASM, 0);
    expect_probe(place, "chrome", WI_WEBGPU);
    assert_true(place->choice.probe.deadline_ms > WI_ROUTE_PROBE_FACTOR * 100);
    prospect(place, 0, WI_WEBGPU)->probe_due = 0;
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    prospect(place, 0, WI_WEBGPU)->probe_due = 1;
    measure(place, 0, WI_WEBGPU, 500); /* it would not be used anyway */
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    measure(place, 1, WI_WASM, 10); /* so that the first in the list is only preferred */
    load(place, 1, WI_WASM, 0);
    measure(place, 0, WI_WASM, 0);
    prospect(place, 0, WI_WASM)->estimate.runs = 0;
    expect_node(place, 2, "node-1");
    expect_probe(place, "chrome", WI_WASM);
    ask(place, WI_WASM, 0);
    measure(place, 0, WI_WEBGPU, 5);
    assert_int_equal(route(place, 1), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
}

static void the_trusted_are_rechecked_by_chance(void **state)
{
    struct place *place = *state;

    make_real(place, 0, WI_TRUSTED);
    measure(place, 0, WI_WEBGPU, 5);
    measure(place, 0, WI_WASM, 50);
    place->terms.recheck = 0.01;
    place->terms.recheck_roll = 0.02;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    place->terms.recheck_roll = 0.009;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
    expect_probe(place, "chrome", WI_WASM);
    place->terms.numerics = WI_NUMERICS_OFF;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
}

static void exploring_goes_where_nobody_was_for_longest(void **state)
{
    struct place *place = *state;

    for (int i = 0; i < 3; i++) {
        measure(place, i, WI_WASM, 10 + i);
        measure(place, i, WI_WEBGPU, 1000);
        prospect(place, i, WI_WASM)->estimate.measured_at = 50 - i;
        prospect(place, i, WI_WEBGPU)->estimate.measured_at = 40 - i;
        prospect(place, i, WI_WEBGPU)->verdict = WI_TRUSTED;
    }
    place->terms.wall_ms = 1000000;
    place->terms.exploration = 0.02;
    place->terms.explore_roll = 0.03;
    assert_int_equal(route(place, 3), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    place->terms.explore_roll = 0.01;
    expect_node(place, 3, "node-0");
    expect_probe(place, "firefox", WI_WEBGPU);
    place->terms.waiting = 1; /* software only when nothing waits */
    expect_node(place, 3, "node-0");
    expect_probe(place, "firefox", WI_WASM);
    prospect(place, 2, WI_WASM)->estimate.measured_at = 60;
    expect_node(place, 3, "node-0");
    expect_probe(place, "edge", WI_WASM);
    assert_int_equal(route(place, 1), WI_PICK_NODE); /* nothing else there */
    assert_false(place->choice.probe.wanted);
}

static void exploring_takes_its_share_of_a_places_time(void **state)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 10);
    measure(place, 1, WI_WASM, 500);
    prospect(place, 1, WI_WASM)->loaded = 1;
    prospect(place, 1, WI_WASM)->estimate.measured_at = 7000;
    place->terms.exploration = 0.02;
    place->terms.explore_roll = 0;
    place->terms.waiting = 1;            /* nothing in software */
    place->terms.wall_ms = 7000 + 24999; /* 2 % of that is not yet 500 ms */
    expect_node(place, 2, "node-0");
    assert_false(place->choice.probe.wanted);
    place->terms.wall_ms = 7000 + 25000;
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    prospect(place, 1, WI_WASM)->loaded = 0; /* to load it there takes 100 ms more */
    expect_node(place, 2, "node-0");
    assert_false(place->choice.probe.wanted);
    place->terms.wall_ms = 6999; /* the clock was set back: nothing is known of what is since */
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
}

static void what_was_faster_just_now_is_measured_again(void **state)
{
    struct place *place = *state;
    struct wi_prospect *other = prospect(place, 1, WI_WASM);

    measure(place, 0, WI_WASM, 100);
    measure(place, 1, WI_WASM, 700);
    other->probe_due = 1;
    expect_node(place, 2, "node-0");
    assert_false(place->choice.probe.wanted);
    other->estimate.last_ms = 120; /* faster than it was, but not than where the client goes */
    expect_node(place, 2, "node-0");
    assert_false(place->choice.probe.wanted);
    other->estimate.last_ms = 80;
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    other->probe_due = 0;
    expect_node(place, 2, "node-0");
    assert_false(place->choice.probe.wanted);
}

static void a_client_finds_out_where_that_costs_little(void **state)
{
    struct place *place = *state;
    struct wi_prospect *other = prospect(place, 1, WI_WASM);

    measure(place, 0, WI_WASM, 100);
    measure(place, 1, WI_WASM, 290);
    load(place, 1, WI_WASM, 0);
    place->terms.exploration = 0.02;
    place->terms.explore_roll = 0;
    place->terms.waiting = 1; /* nothing in software */
    expect_node(place, 2, "node-1");
    assert_true(place->choice.probe.served && !place->choice.probe.wanted);
    place->demand.avoid = "node-7"; /* it has lost time before */
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    place->demand.avoid = NULL;
    place->demand.left_ms = 800; /* it is in a hurry */
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    place->demand.left_ms = 900;
    expect_node(place, 2, "node-1");
    place->demand.left_ms = 0;
    load(place, 1, WI_WASM, 5); /* something waits there */
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    load(place, 1, WI_WASM, 0);
    other->estimate.run_ms = 310; /* that is too slow … */
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
    other->estimate.last_ms = 90; /* … unless it is no more */
    expect_node(place, 2, "node-1");
    other->estimate.failure = 0.1;
    expect_node(place, 2, "node-0");
    expect_probe(place, "edge", WI_WASM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_would_be_preferred_is_checked_beside, setup),
        cmocka_unit_test_setup(the_trusted_are_rechecked_by_chance, setup),
        cmocka_unit_test_setup(exploring_goes_where_nobody_was_for_longest, setup),
        cmocka_unit_test_setup(exploring_takes_its_share_of_a_places_time, setup),
        cmocka_unit_test_setup(what_was_faster_just_now_is_measured_again, setup),
        cmocka_unit_test_setup(a_client_finds_out_where_that_costs_little, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
