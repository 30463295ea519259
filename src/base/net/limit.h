/*
 * A limit in bytes a second for all transfers that share it. Bytes are taken as they come and
 * counted afterwards; while the limit is exhausted, transfers wait. Pure; one thread.
 */
#ifndef WI_BASE_NET_LIMIT_H
#define WI_BASE_NET_LIMIT_H

#include <stdint.h>

/* Zero-initialised, it does not limit. */
struct wi_limit {
    uint64_t rate;      /* bytes a second; 0: no limit */
    double left, at_ms; /* bytes that may come, negative after too many; when that was so */
};

void wi_limit_set(struct wi_limit *limit, uint64_t rate);
/* The milliseconds to wait before the next bytes; 0: they may come. NULL: no limit. */
double wi_limit_wait(struct wi_limit *limit, double now_ms);
void wi_limit_spend(struct wi_limit *limit, uint64_t bytes); /* NULL is fine */

#endif
