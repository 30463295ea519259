/* A token bucket that may become negative, since bytes are counted after they have come. */
#include "base/net/limit.h"

/* The bucket's size, as a time at its rate: more than passes between two calls of a transfer. */
#define BURST_MS 250.0

void wi_limit_set(struct wi_limit *limit, uint64_t rate)
{
    if (limit->rate != rate)
        *limit = (struct wi_limit){.rate = rate};
}

double wi_limit_wait(struct wi_limit *limit, double now_ms)
{
    if (!limit || limit->rate == 0)
        return 0;
    double each_ms = (double)limit->rate / 1000, most = each_ms * BURST_MS;
    limit->left += (now_ms - limit->at_ms) * each_ms;
    limit->left = limit->left < most ? limit->left : most;
    limit->at_ms = now_ms;
    return limit->left > 0 ? 0 : -limit->left / each_ms + 1;
}

void wi_limit_spend(struct wi_limit *limit, uint64_t bytes)
{
    if (limit && limit->rate > 0)
        limit->left -= (double)bytes;
}
