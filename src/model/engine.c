/* The engines, as announcements, answers and the database spell them. */
#include "model/engine.h"

#include <stddef.h>
#include <string.h>

const char *const wi_engine_names[] = {"ort", "pipeline", "llama", "kernels", "builtin", NULL};

#define ON(platform) (1u << WI_##platform)

static const struct {
    unsigned slots;
    unsigned waiting;   /* of tasks that only wait, beside the slots */
    unsigned platforms; /* of the page; none: the page has no such engine yet */
    int takes_turns;    /* what runs in its slots computes by turns */
    int is_apart;       /* each model has a worker of its own */
    int is_choosy;      /* takes only some GPUs */
    int by_tokens;      /* what it reads and makes is measured by tokens */
    int is_everywhere;  /* each node has it */
} engines[] = {
    [WI_ENGINE_ORT] = {.slots = 1, .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WASM)},
    [WI_ENGINE_PIPELINE] = {.slots = 1,
        .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WASM),
        .takes_turns = 1},
    [WI_ENGINE_LLAMA] = {.slots = 4,
        .platforms = ON(WEBGPU) | ON(WASM),
        .is_apart = 1,
        .is_choosy = 1,
        .by_tokens = 1},
    [WI_ENGINE_KERNELS] = {.slots = 1},
    [WI_ENGINE_BUILTIN] = {.slots = 16,
        .waiting = 1024,
        .platforms = ON(WEBGPU) | ON(WEBNN) | ON(WEBGL) | ON(WASM),
        .is_everywhere = 1},
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

unsigned wi_engine_waiting(enum wi_engine engine)
{
    return engines[engine].waiting;
}

int wi_engine_takes_turns(enum wi_engine engine)
{
    return engines[engine].takes_turns;
}

int wi_engine_is_apart(enum wi_engine engine)
{
    return engines[engine].is_apart;
}

int wi_engine_is_choosy(enum wi_engine engine)
{
    return engines[engine].is_choosy;
}

int wi_engine_by_tokens(enum wi_engine engine)
{
    return engines[engine].by_tokens;
}

int wi_engine_is_everywhere(enum wi_engine engine)
{
    return engines[engine].is_everywhere;
}

int wi_engine_in_page(enum wi_engine engine)
{
    return engines[engine].platforms != 0;
}

int wi_engine_in_page_on(enum wi_engine engine, enum wi_platform platform)
{
    return (engines[engine].platforms & 1u << platform) != 0;
}
