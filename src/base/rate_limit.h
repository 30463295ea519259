/*
 * Limits how often something happens: at most so many times in each window of time. A window begins
 * with the first event after the end of the one before, so that up to twice as many events may
 * follow each other closely. Limits for bytes are in base/net/limit.h, and for a party's time and
 * memory in base/share.h.
 */
#ifndef WI_BASE_RATE_LIMIT_H
#define WI_BASE_RATE_LIMIT_H

struct wi_rate_rule {
    unsigned most; /* in one window; at least 1 */
    double window_ms;
};

/* Owned by the code that has the limit, and for one thread at a time. Zero-initialise; all zero
 * again, it begins a new window. */
struct wi_rate_limit {
    double _since_ms;
    unsigned _taken, _left_out;
};

/* Whether the event may happen at `now_ms` (monotonic); if so, it is counted. `left_out` (NULL is
 * fine) receives how many events were refused in the last window if a new one begins, else 0. */
static inline int wi_rate_limit_take(
    struct wi_rate_limit *limit, const struct wi_rate_rule *rule, double now_ms, unsigned *left_out)
{
    unsigned refused = 0;
    if (limit->_taken == 0 || now_ms - limit->_since_ms >= rule->window_ms) {
        refused = limit->_left_out;
        *limit = (struct wi_rate_limit){._since_ms = now_ms};
    }
    if (left_out)
        *left_out = refused;
    if (limit->_taken >= rule->most) {
        limit->_left_out++;
        return 0;
    }
    limit->_taken++;
    return 1;
}

#endif
