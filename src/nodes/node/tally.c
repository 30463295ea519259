/*
 * The figures of a node that people look at; see tally.h. The times are kept as floats, because
 * there may be thousands of nodes, and six digits of a task's time are enough.
 */
#include "nodes/node/tally.h"

#include <stdlib.h>
#include <string.h>

void wi_tally_end(struct wi_tally *tally, int ok, double ms)
{
    if (ok)
        tally->times[tally->answered++ % WI_TALLY_TIMES] = (float)ms;
    else
        tally->failed++;
}

static int compare_times(const void *a, const void *b)
{
    float one = *(const float *)a, other = *(const float *)b;
    return (one > other) - (one < other);
}

double wi_tally_median(const struct wi_tally *tally)
{
    float sorted[WI_TALLY_TIMES];
    size_t count = tally->answered < WI_TALLY_TIMES ? (size_t)tally->answered : WI_TALLY_TIMES;
    if (count == 0)
        return -1;
    memcpy(sorted, tally->times, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_times);
    return ((double)sorted[(count - 1) / 2] + (double)sorted[count / 2]) / 2;
}
