/* The engines, as announcements, answers and the database spell them. */
#include "model/engine.h"

#include <stddef.h>

const char *const wi_engine_names[] = {"ort", "pipeline", "llama", "kernels", "builtin", NULL};

static const unsigned slots[] = {
    [WI_ENGINE_ORT] = 1,
    [WI_ENGINE_PIPELINE] = 1,
    [WI_ENGINE_LLAMA] = 4,
    [WI_ENGINE_KERNELS] = 1,
    [WI_ENGINE_BUILTIN] = 16,
};

unsigned wi_engine_slots(enum wi_engine engine)
{
    return slots[engine];
}
