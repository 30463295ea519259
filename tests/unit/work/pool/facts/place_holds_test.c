/* Places that are held one by one. */
#include "../../../test.h"

#include "work/pool/facts/place_holds.h"
#include <stdio.h>
#include <string.h>

static struct wi_place_holds *holds;

static int setup(void **state)
{
    holds = wi_place_holds_new();
    return 0;
}

static int teardown(void **state)
{
    wi_place_holds_free(holds);
    return 0;
}

FIXTURE(setup, teardown)

static struct wi_place place(const char *party, const char *kind, enum wi_platform platform)
{
    struct wi_node_info node = {0};
    snprintf(node.party, sizeof node.party, "%s", party);
    snprintf(node.kind, sizeof node.kind, "%s", kind);
    return wi_place_of(&node, WI_ENGINE_ORT, platform);
}

static int hold(const struct wi_place *place, int64_t since, int64_t until)
{
    const struct pool_node_limit limit = {.since = since, .until = until, .reason = "it was wrong"};
    return wi_place_holds_add(holds, place->key, &limit);
}

static void count(void *context, const struct wi_place *place, const struct pool_node_limit *limit)
{
    ++*(int *)context;
    assert_string_equal(limit->reason, "it was wrong");
}

TEST(a_place_is_held_until_its_time_is_over)
{
    struct wi_place gpu = place("t via=hall", "chrome", WI_WEBGPU);
    struct wi_place wasm = place("t via=hall", "chrome", WI_WASM);
    assert_int_equal(hold(&gpu, 10, 100), 1);
    assert_int_equal(hold(&gpu, 20, 110), 0); /* it was */
    assert_non_null(wi_place_holds_find(holds, gpu.key, 109));
    assert_null(wi_place_holds_find(holds, gpu.key, 110));
    assert_null(wi_place_holds_find(holds, wasm.key, 50)); /* the other is not */
    assert_int_equal(hold(&gpu, 200, 0), 1);
    assert_non_null(wi_place_holds_find(holds, gpu.key, INT64_MAX));
    assert_int_equal(wi_place_holds_add(holds, "no key", &(struct pool_node_limit){.since = 1}), 0);
}

TEST(those_of_a_party_are_listed_and_lifted)
{
    struct wi_place one = place("t via=hall", "chrome", WI_WEBGPU);
    struct wi_place two = place("t via=hall", "firefox", WI_WASM);
    struct wi_place other = place("t via=roof", "chrome", WI_WEBGPU);
    int found = 0;
    hold(&one, 1, 0);
    hold(&two, 1, 50);
    hold(&other, 1, 0);
    wi_place_holds_each(holds, "t via=hall", 10, count, &found);
    assert_int_equal(found, 2);
    wi_place_holds_each(holds, "t via=hall", 50, count, &found);
    assert_int_equal(found, 3);
    assert_int_equal(wi_place_holds_lift(holds, "t via=hall"), 2);
    assert_null(wi_place_holds_find(holds, one.key, 10));
    assert_non_null(wi_place_holds_find(holds, other.key, 10));
    assert_int_equal(wi_place_holds_lift(holds, "t"), 0);
}

TEST(beyond_the_limit_the_first_one_goes)
{
    struct wi_place first = place("t via=hall", "kind", WI_WASM), last = first;
    hold(&first, 1, 0);
    for (int i = 0; i < WI_PLACE_HOLDS_MAX; i++) {
        char kind[16];
        assert_non_null(wi_place_holds_find(holds, first.key, 2));
        snprintf(kind, sizeof kind, "kind-%d", i);
        last = place("t via=hall", kind, WI_WASM);
        hold(&last, 1, 0);
    }
    assert_null(wi_place_holds_find(holds, first.key, 2));
    assert_non_null(wi_place_holds_find(holds, last.key, 2));
}
