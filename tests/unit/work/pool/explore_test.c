/* Which place is explored, and what that costs and brings over many requests. */
#include "place.h"

#include "work/pool/route_probe.h"

/* Routes among the first `count` nodes; what is then due to be tried. */
static void expect_due(
    struct place *place, size_t count, const char *browser, enum wi_platform platform)
{
    assert_int_equal(route(place, count), WI_PICK_NODE);
    assert_true(place->choice.probe.wanted);
    assert_string_equal(place->choice.probe.browser, browser);
    assert_int_equal(place->choice.probe.platform, platform);
}

static void expect_none_due(struct place *place, size_t count)
{
    assert_int_equal(route(place, count), WI_PICK_NODE);
    assert_false(place->choice.probe.wanted);
}

static struct wi_estimate *estimate(struct place *place, int node, enum wi_platform platform)
{
    return &prospect(place, node, platform)->estimate;
}

/* --- one choice ------------------------------------------------------------------------------- */

FIXTURE(setup, NULL)

TEST(a_place_is_due_when_its_share_pays_for_a_run)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 10);
    measure(place, 1, WI_WASM, 500);
    load(place, 1, WI_WASM, 0);
    place->terms.exploration = 0.02;
    estimate(place, 1, WI_WASM)->elsewhere_ms = 24999;
    expect_none_due(place, 2);
    estimate(place, 1, WI_WASM)->elsewhere_ms = 25000;
    expect_due(place, 2, "edge", WI_WASM);
    place->terms.waiting = 1;
    expect_none_due(place, 2);
    place->terms.waiting = 0;
    place->terms.exploration = 0;
    expect_none_due(place, 2);
    place->terms.exploration = 0.02;
    place->nodes[1].prospects[WI_WASM].warm.node = NULL; /* to load it there takes 100 ms more */
    expect_none_due(place, 2);
    estimate(place, 1, WI_WASM)->elsewhere_ms = 30000;
    expect_due(place, 2, "edge", WI_WASM);
    assert_int_equal(route(place, 1), WI_PICK_NODE); /* nothing else there */
    assert_false(place->choice.probe.wanted);
}

TEST(the_one_that_has_earned_most_goes_first)
{
    struct place *place = *state;

    place->terms.exploration = 0.02;
    for (int i = 0; i < 3; i++) {
        measure(place, i, WI_WASM, 10 + i);
        load(place, i, WI_WASM, 0);
        estimate(place, i, WI_WASM)->elsewhere_ms = 10000;
    }
    expect_due(place, 3, "edge", WI_WASM); /* it costs the least */
    estimate(place, 2, WI_WASM)->elsewhere_ms = 11000;
    expect_due(place, 3, "firefox", WI_WASM);
    prospect(place, 2, WI_WASM)->verdict = WI_UNKNOWN; /* WASM needs none */
    expect_due(place, 3, "firefox", WI_WASM);
    place->nodes[2].open = 0;
    expect_due(place, 3, "edge", WI_WASM);
}

TEST(a_choosy_engine_has_no_software_tried)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 10);
    place->terms.exploration = 0.02;
    place->infos[0].platforms[WI_WEBGPU].f16 = 1;
    place->infos[0].engines[WI_ENGINE_LLAMA].available = 1;
    place->infos[0].engines[WI_ENGINE_LLAMA].on_webgpu = 1;
    estimate(place, 0, WI_WEBGPU)->elsewhere_ms = 1e9;
    expect_due(place, 1, "chrome", WI_WEBGPU);
    place->model.engine = WI_ENGINE_LLAMA;
    expect_none_due(place, 1);
    assert_int_equal(option(place, 0, WI_WEBGPU)->standing, WI_STANDING_SOFTWARE);
    make_real(place, 0, WI_UNKNOWN);
    expect_due(place, 1, "chrome", WI_WEBGPU);
}

TEST(what_may_be_the_best_is_due_at_once)
{
    struct place *place = *state;

    measure(place, 0, WI_WASM, 100);
    expect_none_due(place, 1); /* a software adapter */
    make_real(place, 0, WI_UNKNOWN);
    expect_due(place, 1, "chrome", WI_WEBGPU);
    measure(place, 0, WI_WEBGPU, 90); /* not compared yet */
    expect_due(place, 1, "chrome", WI_WEBGPU);
    prospect(place, 0, WI_WEBGPU)->rests = 1; /* compared, and that told nothing */
    expect_none_due(place, 1);
    assert_non_null(strstr(option(place, 0, WI_WEBGPU)->why, "tried again later"));
    prospect(place, 0, WI_WEBGPU)->rests = 0;
    estimate(place, 0, WI_WEBGPU)->run_ms = 110; /* it would not be used anyway */
    expect_none_due(place, 1);
    *estimate(place, 0, WI_WEBGPU) = (struct wi_estimate){0};
    prospect(place, 0, WI_WEBGPU)->verdict = WI_WRONG;
    expect_none_due(place, 1);
    prospect(place, 0, WI_WEBGPU)->verdict = WI_UNABLE;
    expect_none_due(place, 1);
}

TEST(wasm_is_where_the_preferences_put_it_first)
{
    struct place *place = *state;

    measure(place, 1, WI_WASM, 10);
    load(place, 1, WI_WASM, 0);
    expect_due(place, 2, "chrome", WI_WASM);
    measure(place, 0, WI_WASM, 5);
    load(place, 0, WI_WASM, 0);
    *estimate(place, 1, WI_WASM) = (struct wi_estimate){0};
    expect_none_due(place, 2);
    /* Else as anything that costs something: what it is expected to run, but not to load. */
    place->terms.exploration = 0.02;
    estimate(place, 1, WI_WASM)->elsewhere_ms = 5 / 0.02;
    expect_none_due(place, 2);
    estimate(place, 1, WI_WASM)->elsewhere_ms = 5 * 3 / 0.02;
    expect_due(place, 2, "edge", WI_WASM);
}

TEST(what_is_tried_without_success_is_left_alone_for_longer_and_longer)
{
    struct place *place = *state;
    double pause = WI_EXPLORE_PAUSE_MS;

    measure(place, 0, WI_WASM, 100);
    make_real(place, 0, WI_UNKNOWN);
    place->terms.now = 5000;
    for (unsigned attempts = 1; attempts < 20; attempts++) {
        estimate(place, 0, WI_WEBGPU)->attempts = attempts;
        estimate(place, 0, WI_WEBGPU)->tried_at = place->terms.now;
        place->terms.now += pause - 1;
        expect_none_due(place, 1);
        place->terms.now += 1;
        expect_due(place, 1, "chrome", WI_WEBGPU);
        pause = 2 * pause < WI_EXPLORE_PAUSE_MAX_MS ? 2 * pause : WI_EXPLORE_PAUSE_MAX_MS;
    }
}

/* --- many requests ---------------------------------------------------------------------------- */

/* A client that asks again and again, of nodes with WASM and a software GPU, and what it costs. */
struct world {
    struct place *place;
    struct wi_estimates *estimates;
    double run_ms[CANDIDATES][WI_PLATFORM_COUNT];
    int loaded[CANDIDATES][WI_PLATFORM_COUNT];
    double clients_ms, exploring_ms;
};

static double run_at(struct world *world, int node, enum wi_platform platform)
{
    struct wi_place where = wi_place_of(&world->place->infos[node], WI_ENGINE_ORT, platform);
    double run_ms = world->run_ms[node][platform];
    int warm = world->loaded[node][platform];

    wi_estimates_ran(world->estimates, world->place->model.hash, &where, warm ? 0 : 100, run_ms,
        warm, world->place->terms.now);
    world->loaded[node][platform] = 1;
    return run_ms + (warm ? 0 : 100);
}

static void look(struct world *world)
{
    struct place *place = world->place;

    for (int i = 0; i < CANDIDATES; i++)
        for (enum wi_platform p = WI_WEBGPU; p <= WI_WASM; p++) {
            struct wi_place where = wi_place_of(&place->infos[i], WI_ENGINE_ORT, p);
            *estimate(place, i, p) = wi_estimates_get(world->estimates, place->model.hash, &where);
            if (world->loaded[i][p])
                load(place, i, p, 0);
            if (estimate(place, i, p)->runs > 0)
                prospect(place, i, p)->verdict = WI_TRUSTED;
        }
}

static int node_of(const struct place *place, const char *kind)
{
    int i = 0;

    while (strcmp(place->infos[i].kind, kind) != 0)
        i++;
    return i;
}

/* One request; where it went. */
static int serve(struct world *world)
{
    struct place *place = world->place;
    const struct wi_probe *probe = &place->choice.probe;

    look(world);
    assert_int_equal(route(place, CANDIDATES), WI_PICK_NODE);
    int node = place->choice.node[strlen("node-")] - '0';
    for (size_t i = 0; i < CANDIDATES * WI_PLATFORM_COUNT; i++)
        if (place->options[i].chosen)
            wi_estimates_served(world->estimates, place->model.hash, place->options[i].run_ms);
    world->clients_ms += run_at(world, node, place->choice.platforms[0]);
    if (probe->wanted) {
        int other = node_of(place, probe->browser);
        struct wi_place where = wi_place_of(&place->infos[other], WI_ENGINE_ORT, probe->platform);
        wi_estimates_tried(world->estimates, place->model.hash, &where, place->terms.now);
        world->exploring_ms += run_at(world, other, probe->platform);
    }
    place->terms.now += 1000;
    return node;
}

static void serve_many(struct world *world, int count)
{
    world->clients_ms = world->exploring_ms = 0;
    for (int i = 0; i < count; i++)
        serve(world);
}

static int set_up_world(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof world);
    setup((void **)&world.place);
    strcpy(world.place->model.hash, "0123");
    world.place->terms.exploration = 0.02;
    world.estimates = wi_estimates_new(NULL);
    for (int i = 0; i < CANDIDATES; i++) {
        world.run_ms[i][WI_WASM] = 40 + 10 * i;
        world.run_ms[i][WI_WEBGPU] = 2000;
    }
    *state = &world;
    return 0;
}

static int tear_down_world(void **state)
{
    struct world *world = *state;

    wi_estimates_free(world->estimates);
    return 0;
}

TEST_IN(exploring_takes_its_share_of_the_clients_time, set_up_world, tear_down_world)
{
    struct world *world = *state;

    serve_many(world, 5000); /* all of it was seen then */
    for (int i = 0; i < CANDIDATES; i++)
        assert_true(world->loaded[i][WI_WASM] && world->loaded[i][WI_WEBGPU]);
    serve_many(world, 20000);
    assert_true(world->clients_ms == 20000 * 40);
    /* Five places, and a run of each more or less. */
    assert_true(world->exploring_ms <= 5 * 0.02 * world->clients_ms + 3 * 2000 + 2 * 60);
    assert_true(world->exploring_ms > 3 * 0.02 * world->clients_ms);
}

TEST_IN(clients_find_what_became_faster, set_up_world, tear_down_world)
{
    struct world *world = *state;
    int requests = 0;

    serve_many(world, 2000);
    world->run_ms[2][WI_WASM] = 4;
    while (serve(world) != 2)
        requests++;
    assert_true(requests <= 60 / 0.02 / 40 + 1); /* what pays for a run there */
    world->run_ms[2][WI_WASM] = 400;
    for (requests = 0; serve(world) == 2; requests++)
        assert_true(requests < 3);
    world->run_ms[2][WI_WASM] = 4;
    while (serve(world) != 2)
        requests++;
    assert_true(requests <= 400 / 0.02 / 40);
}

TEST_IN(software_is_used_where_it_turned_out_faster, set_up_world, tear_down_world)
{
    struct world *world = *state;
    int requests = 0;

    world->run_ms[1][WI_WEBGPU] = 3;
    for (; serve(world) != 1; requests++)
        assert_int_equal(world->place->choice.platforms[0], WI_WASM);
    assert_int_equal(world->place->choice.platforms[0], WI_WEBGPU);
    assert_true(requests > 50); /* not before its share had paid for two runs */
}

TEST_IN(without_a_share_only_what_is_free_is_tried, set_up_world, tear_down_world)
{
    struct world *world = *state;

    world->place->terms.exploration = 0;
    serve_many(world, 1000);
    assert_true(world->exploring_ms == 0);
    make_real(world->place, 1, WI_UNKNOWN);
    world->run_ms[1][WI_WEBGPU] = 5;
    serve_many(world, 10);
    assert_true(world->exploring_ms == 100 + 2 * 5); /* loaded, and timed */
    assert_int_equal(serve(world), 1);
}
