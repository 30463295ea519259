/* Routing finds out more: the guard's second look, and what is due to be explored. */
#include "place.h"

static void expect_probe(struct place *place, const char *browser, enum wi_platform platform)
{
    assert_true(place->choice.probe.wanted);
    assert_string_equal(place->choice.probe.browser, browser);
    assert_int_equal(place->choice.probe.platform, platform);
}

FIXTURE(setup, NULL)

TEST(the_trusted_are_rechecked_by_chance)
{
    struct place *place = *state;

    make_real(place, 0, WI_TRUSTED);
    measure(place, 0, WI_WEBGPU, 5);
    measure(place, 0, WI_WASM, 50);
    measure(place, 1, WI_WASM, 60);
    place->terms.recheck = 0.01;
    place->terms.recheck_roll = 0.02;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
    place->terms.recheck_roll = 0.009;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    expect(place, 2, WI_WEBGPU, WI_WASM);
    expect_probe(place, "chrome", WI_WASM);
    assert_true(place->choice.probe.compare);
    place->terms.numerics = WI_NUMERICS_OFF;
    assert_int_equal(route(place, 2), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
}

TEST(what_is_due_is_a_shadow_run_and_has_time)
{
    struct place *place = *state;

    make_real(place, 0, WI_UNKNOWN);
    measure(place, 0, WI_WASM, 100);
    load(place, 0, WI_WASM, 0);
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    expect_probe(place, "chrome", WI_WEBGPU);
    assert_true(
        place->choice.probe.deadline_ms == WI_ROUTE_PROBE_FACTOR * 100 + WI_ROUTE_PROBE_BASE_MS);
    assert_true(place->choice.probe.compare);
    place->terms.numerics = WI_NUMERICS_OFF;
    expect_node(place, 1, "node-0");
    assert_false(place->choice.probe.compare);
}

/* How fast it is may still be found out. */
TEST(what_is_known_to_be_right_is_not_compared_to_measure_it)
{
    struct place *place = *state;

    make_real(place, 0, WI_TRUSTED);
    measure(place, 0, WI_WASM, 100);
    measure(place, 0, WI_WEBGPU, 900);
    place->terms.exploration = 0.5;
    prospect(place, 0, WI_WEBGPU)->estimate.elsewhere_ms = 1e6;
    expect_node(place, 1, "node-0");
    expect_probe(place, "chrome", WI_WEBGPU);
    assert_false(place->choice.probe.compare);
}

TEST(a_request_that_names_its_platform_is_no_occasion)
{
    struct place *place = *state;

    make_real(place, 0, WI_UNKNOWN);
    measure(place, 0, WI_WASM, 100);
    ask(place, WI_WASM, 0);
    expect_node(place, 1, "node-0");
    assert_false(place->choice.probe.wanted);
}

/* Clients go elsewhere until the comparison says otherwise. */
TEST(what_is_wrong_is_compared_again_once_that_is_due)
{
    struct place *place = *state;

    make_real(place, 0, WI_WRONG);
    measure(place, 0, WI_WASM, 100);
    load(place, 0, WI_WASM, 0);
    expect_node(place, 1, "node-0");
    assert_false(place->choice.probe.wanted);
    prospect(place, 0, WI_WEBGPU)->is_due = 1;
    expect_node(place, 1, "node-0");
    expect(place, 1, WI_WASM, 0);
    expect_probe(place, "chrome", WI_WEBGPU);
    assert_true(place->choice.probe.compare);
}
