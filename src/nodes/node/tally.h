/* The figures of a node that people look at: how its tasks and heartbeats ended. Pure. */
#ifndef WI_NODES_NODE_TALLY_H
#define WI_NODES_NODE_TALLY_H

#include <stdint.h>

/* The median is that of so many answered tasks, the latest ones. */
#define WI_TALLY_TIMES 64

/* Zero-initialise. */
struct wi_tally {
    uint64_t answered;           /* tasks */
    uint64_t failed;             /* tasks, by an error or by an answer that was not used */
    uint64_t lost;               /* heartbeats of the service without a reply before the next */
    float times[WI_TALLY_TIMES]; /* ms from sending to the answer; a ring */
};

/* A task has ended; `ms` counts only with `ok`. */
void wi_tally_end(struct wi_tally *tally, int ok, double ms);
/* The median time of an answered task in milliseconds; negative: none was answered. */
double wi_tally_median(const struct wi_tally *tally);

#endif
