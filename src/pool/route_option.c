/* What one option is worth, by its own. */
#include "pool/route_option.h"

#include "pool/platforms.h"

int wi_route_is_able(const struct wi_option *option)
{
    return option->standing <= WI_STANDING_DRAINING;
}

int wi_route_is_ready(const struct wi_option *option)
{
    return option->standing == WI_STANDING_READY;
}

/* Within one position a GPU or an accelerator comes before WASM, and that before a software
 * adapter. */
double wi_route_prior(const struct wi_option *option)
{
    int rank = option->candidate->prospects[option->platform].rank;
    double within = option->platform == WI_WEBGPU ? 0 : option->platform == WI_WEBNN ? 0.2 : 0.4;

    if (wi_platforms_software(option->candidate, option->platform))
        within = 0.6;
    return 1 + rank + within;
}
