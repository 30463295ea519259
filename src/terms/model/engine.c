/* The engines, as announcements, answers and the database spell them. */
#include "terms/model/engine.h"

#include <stddef.h>
#include <string.h>

const char *const wi_engine_names[] = {"ort", "pipeline", "llama", "kernels", "builtin", NULL};

#define ON(platform) (1u << WI_##platform)

const struct wi_engine_row wi_engines[] = {
    [WI_ENGINE_ORT] = {.slots = 1, .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WASM)},
    [WI_ENGINE_PIPELINE] = {.slots = 1,
        .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WASM),
        .takes_turns = 1},
    [WI_ENGINE_LLAMA] = {.slots = 4,
        .platforms = ON(WEBGPU) | ON(WASM),
        .is_apart = 1,
        .is_choosy = 1,
        .by_tokens = 1},
    [WI_ENGINE_KERNELS] = {.slots = 1, .platforms = ON(WEBGPU) | ON(WEBGL) | ON(WASM)},
    [WI_ENGINE_BUILTIN] = {.slots = 16,
        .waiting = 1024,
        .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WEBGL) | ON(WASM),
        .is_everywhere = 1},
};

unsigned wi_engine_platforms(enum wi_engine engine)
{
    return wi_engines[engine].platforms | ON(NATIVE);
}

int wi_engine_of_name(const char *name)
{
    for (int i = 0; i < WI_ENGINE_COUNT; i++)
        if (strcmp(name, wi_engine_names[i]) == 0)
            return i;
    return -1;
}

const char *const wi_platform_names[] = {
    "webgpu", "webnn", "webgl", "wasm", "native", "simulated", NULL};

int wi_platform_of_name(const char *name)
{
    for (int i = 0; name && i < WI_PLATFORM_COUNT; i++)
        if (strcmp(name, wi_platform_names[i]) == 0)
            return i;
    return -1;
}
