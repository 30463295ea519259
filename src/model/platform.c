/* The names of the platforms, as requests, answers, pages and the database spell them. */
#include "model/platform.h"

#include <stddef.h>

const char *const wi_platform_names[] = {
    "webgpu", "webnn", "webgl", "wasm", "native", "simulated", NULL};
