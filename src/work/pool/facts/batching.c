/* Batches and single requests compared; see batching.h. */
#include "work/pool/facts/batching.h"

#include <math.h>

#define GIB (1024.0 * 1024 * 1024)
/* More than [api] max_body allows. */
#define NO_LIMIT (1024 * GIB)

double wi_batching_gain(const struct wi_estimate *e)
{
    return e->single_ms > 0 && e->batch_ms > 0 ? e->single_ms / e->batch_ms : 0;
}

int wi_batching_pays(const struct wi_estimate *e, double exploration, size_t bytes)
{
    double gain = wi_batching_gain(e);

    if (gain == 0) /* each way is tried once first; a first, cold run is no measurement */
        return e->batch_ms <= 0;
    if (gain > 1)
        return exploration * e->since_single_ms < (double)bytes * e->single_ms;
    return exploration * e->since_batch_ms >= (double)bytes * e->batch_ms;
}

uint64_t wi_batching_most(const struct wi_estimate *e, double memory_gib, int64_t wall_ms)
{
    double byte_ms = e->batch_ms > 0 ? e->batch_ms : e->single_ms;
    uint64_t found = wi_estimate_batch_most(e, wall_ms);
    double most = found > 0 ? (double)found : NO_LIMIT;

    if (memory_gib > 0)
        most = fmin(most, memory_gib * GIB * WI_BATCH_MEMORY_SHARE);
    if (byte_ms > 0)
        most = fmin(most, WI_BATCH_RUN_MS / byte_ms);
    return (uint64_t)most;
}
