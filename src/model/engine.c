/* The engines, as announcements, answers and the database spell them. */
#include "model/engine.h"

#include <stddef.h>
#include <string.h>

const char *const wi_engine_names[] = {"ort", "pipeline", "llama", "kernels", "builtin", NULL};

#define ON(platform) (1u << WI_##platform)

static const struct {
    unsigned slots;
    unsigned platforms; /* of the page; none: the page has no such engine yet */
} engines[] = {
    [WI_ENGINE_ORT] = {1, ON(WEBGPU) | ON(WEBNN) | ON(WASM)},
    [WI_ENGINE_PIPELINE] = {1, ON(WEBGPU) | ON(WEBNN) | ON(WASM)},
    [WI_ENGINE_LLAMA] = {4, ON(WASM)},
    [WI_ENGINE_KERNELS] = {1, 0},
    [WI_ENGINE_BUILTIN] = {16, ON(WEBGPU) | ON(WEBNN) | ON(WEBGL) | ON(WASM)},
};

int wi_engine_of_name(const char *name)
{
    for (int i = 0; i < WI_ENGINE_COUNT; i++)
        if (strcmp(name, wi_engine_names[i]) == 0)
            return i;
    return -1;
}

unsigned wi_engine_slots(enum wi_engine engine)
{
    return engines[engine].slots;
}

int wi_engine_takes_turns(enum wi_engine engine)
{
    return engine == WI_ENGINE_PIPELINE;
}

int wi_engine_is_apart(enum wi_engine engine)
{
    return engine == WI_ENGINE_LLAMA;
}

int wi_engine_in_page(enum wi_engine engine)
{
    return engines[engine].platforms != 0;
}

int wi_engine_in_page_on(enum wi_engine engine, enum wi_platform platform)
{
    return (engines[engine].platforms & 1u << platform) != 0;
}
