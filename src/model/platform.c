/* The names of the platforms, as requests, answers, pages and the database spell them. */
#include "model/platform.h"

#include <stddef.h>
#include <string.h>

const char *const wi_platform_names[] = {
    "webgpu", "webnn", "webgl", "wasm", "native", "simulated", NULL};

int wi_platform_of_name(const char *name)
{
    for (int i = 0; name && i < WI_PLATFORM_COUNT; i++)
        if (strcmp(name, wi_platform_names[i]) == 0)
            return i;
    return -1;
}
