/* A bucket that fills with time, and may be emptied below nothing by what has come already. */
#include "base/pace.h"

#define BURST_MS 100.0 /* what it holds at most, as a time at its rate */

void wi_pace_set(struct wi_pace *pace, uint64_t rate)
{
    if (pace->rate != rate)
        *pace = (struct wi_pace){.rate = rate};
}

double wi_pace_wait(struct wi_pace *pace, double now_ms)
{
    if (!pace || pace->rate == 0)
        return 0;
    double each_ms = (double)pace->rate / 1000, most = each_ms * BURST_MS;
    pace->left += (now_ms - pace->at_ms) * each_ms;
    pace->left = pace->left < most ? pace->left : most;
    pace->at_ms = now_ms;
    return pace->left > 0 ? 0 : -pace->left / each_ms + 1;
}

void wi_pace_spend(struct wi_pace *pace, uint64_t bytes)
{
    if (pace && pace->rate > 0)
        pace->left -= (double)bytes;
}
