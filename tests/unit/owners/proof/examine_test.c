/* Which platforms of a node have something to show. */
#include "../../test.h"

#include "owners/proof/examine.h"
#include "terms/model/engine.h"

static unsigned platforms_of(int has_engine, unsigned available)
{
    struct wi_node_info node = {0};
    node.engines[WI_ENGINE_KERNELS].available = has_engine;
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        node.platforms[i].available = (available & 1u << i) != 0;
    return wi_examine_platforms(&node);
}

#define ON(platform) (1u << WI_##platform)

TEST(kernels_are_looked_at_wherever_a_node_may_have_them)
{
    unsigned all = ON(WEBGPU) | ON(WEBNN) | ON(WEBGL) | ON(WASM) | ON(NATIVE);
    assert_int_equal(platforms_of(1, all), ON(WEBGPU) | ON(WEBGL) | ON(WASM) | ON(NATIVE));
    assert_int_equal(platforms_of(1, ON(NATIVE)), ON(NATIVE));
    assert_int_equal(platforms_of(1, ON(WASM)), ON(WASM));
}

TEST(without_the_engine_there_is_nothing_to_show)
{
    assert_int_equal(platforms_of(0, ON(WASM) | ON(NATIVE)), 0);
    assert_int_equal(platforms_of(1, ON(SIMULATED) | ON(WEBNN)), 0);
}
