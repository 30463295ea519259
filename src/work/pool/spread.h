/* How the sessions of a kind with gpu_device = all are spread over the GPUs of this machine. */
#ifndef WI_WORK_POOL_SPREAD_H
#define WI_WORK_POOL_SPREAD_H

#include "browser/gpus.h"
#include "work/pool/facts/sessions.h"

/* The GPU for the next session of the kind: of those that serve it, the one with the fewest
 * sessions of that kind, then of all kinds, then the first. Sessions that end or are to be replaced
 * do not count, so that a successor gets the GPU of its predecessor. NULL: none serves it. */
const struct wi_gpu_device *wi_pool_spread(const struct pool_sessions *sessions,
    const struct wi_config_browser *browser, const struct wi_gpu_device *gpus, size_t count);

#endif
