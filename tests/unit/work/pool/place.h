/* Routing over hand-made candidates: the nodes, how to say what is known of them, and what to
 * expect. For use in one test file each: everything is static. */
#ifndef WI_TESTS_UNIT_POOL_PLACE_H
#define WI_TESTS_UNIT_POOL_PLACE_H

#include "../../test.h"

#include "work/pool/route.h"
#include <stdio.h>
#include <string.h>

#define CANDIDATES 3

struct place {
    struct wi_node_info infos[CANDIDATES];
    struct wi_candidate nodes[CANDIDATES];
    struct wi_route_option options[CANDIDATES * WI_PLATFORM_COUNT];
    char ids[CANDIDATES][16];
    struct wi_config_browser browser;
    struct wi_model model;
    struct wi_inference asked;
    struct wi_demand demand;
    struct wi_terms terms;
    struct wi_choice choice;
    struct wi_error error;
};

/* Idle nodes without GPU: a chrome, an edge and a firefox, each with WASM and with WebGPU on a
 * software adapter. */
static inline int setup(void **state)
{
    static const char *const kinds[] = {"chrome", "edge", "firefox"};
    static struct place place;

    memset(&place, 0, sizeof place);
    for (int i = 0; i < CANDIDATES; i++) {
        struct wi_node_info *info = &place.infos[i];
        snprintf(place.ids[i], sizeof place.ids[i], "node-%d", i);
        snprintf(info->kind, sizeof info->kind, "%s", kinds[i]);
        info->engines[WI_ENGINE_ORT].available = info->engines[WI_ENGINE_BUILTIN].available = 1;
        info->platforms[WI_WASM].available = 1;
        info->platforms[WI_WEBGL].available = 1;
        info->platforms[WI_WEBGPU].available = 1;
        info->platforms[WI_WEBGPU].has_adapter = 1;
        info->platforms[WI_WEBGPU].adapter.is_fallback = 1;
        place.nodes[i] = (struct wi_candidate){.info = info,
            .browser = &place.browser,
            .nodes = 1,
            .open = 1,
            .slots = 1,
            .any = {place.ids[i], 0},
            .any_idle = 1,
            .full_ms = -1};
        for (int p = 0; p < WI_PLATFORM_COUNT; p++)
            place.nodes[i].prospects[p] = (struct wi_prospect){.rank = i};
        place.nodes[i].prospects[WI_WASM].verdict = WI_TRUSTED;
    }
    place.asked = (struct wi_inference){.model = &place.model, .fallback = 1};
    place.demand = (struct wi_demand){.asked = &place.asked};
    place.terms = (struct wi_terms){.recheck_roll = 1};
    *state = &place;
    return 0;
}

static inline enum wi_pick route(struct place *place, size_t count)
{
    return wi_route(place->nodes, count, &place->demand, &place->terms, place->options,
        &place->choice, &place->error);
}

static inline void ask(struct place *place, enum wi_platform platform, int fallback)
{
    place->asked.has_platform = 1;
    place->asked.platform = platform;
    place->asked.fallback = fallback;
}

static inline void expect(struct place *place, size_t count, int first, int second)
{
    assert_int_equal(place->choice.platform_count, count);
    assert_int_equal(place->choice.platforms[0], first);
    if (count > 1)
        assert_int_equal(place->choice.platforms[1], second);
}

static inline void expect_node(struct place *place, size_t count, const char *node)
{
    assert_int_equal(route(place, count), WI_PICK_NODE);
    assert_string_equal(place->choice.node, node);
}

static inline struct wi_prospect *prospect(struct place *place, int node, enum wi_platform platform)
{
    return &place->nodes[node].prospects[platform];
}

static inline void measure(struct place *place, int node, enum wi_platform platform, double run_ms)
{
    prospect(place, node, platform)->estimate =
        (struct wi_estimate){.run_ms = run_ms, .runs = 5, .load_ms = 100, .loads = 1};
}

/* A node that has the model and `ahead_ms` of work. */
static inline void load(struct place *place, int node, enum wi_platform platform, double ahead_ms)
{
    struct wi_candidate *candidate = &place->nodes[node];

    candidate->prospects[platform].warm = (struct wi_free_node){place->ids[node], ahead_ms};
    candidate->prospects[platform].loaded = 1;
    candidate->any.ahead_ms = ahead_ms;
    candidate->any_idle = ahead_ms == 0;
}

static inline void make_real(struct place *place, int node, enum wi_verdict verdict)
{
    place->infos[node].platforms[WI_WEBGPU].adapter.is_fallback = 0;
    prospect(place, node, WI_WEBGPU)->verdict = verdict;
}

/* It takes nothing more, until so long from now (< 0: that is not known). */
static inline void fill(struct place *place, int node, double full_ms)
{
    struct wi_candidate *candidate = &place->nodes[node];

    candidate->any = (struct wi_free_node){0};
    candidate->any_idle = 0;
    candidate->full_ms = full_ms;
    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        candidate->prospects[p].warm = (struct wi_free_node){0};
}

static inline const struct wi_route_option *option(
    struct place *place, int node, enum wi_platform platform)
{
    return &place->options[node * WI_PLATFORM_COUNT + (int)platform];
}

static inline void make_builtin(struct place *place, int builtin)
{
    place->model.builtin = builtin ? WI_BUILTIN_ECHO : WI_BUILTIN_NONE;
    place->model.engine = builtin ? WI_ENGINE_BUILTIN : WI_ENGINE_ORT;
}

#endif
