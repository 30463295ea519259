/*
 * Kinds of log line that somebody outside can cause as often as he likes. In each window so many of
 * a kind are written; the first of a later window is preceded by one that says how many were not.
 */
#ifndef WI_BASE_LOG_LIMIT_H
#define WI_BASE_LOG_LIMIT_H

#include "base/log.h"

#define WI_LOG_LIMIT_LINES 20
#define WI_LOG_LIMIT_MS 10000

/* Owned by whoever writes the lines: initialise with what is not `_`, or with zeros. */
struct wi_log_limit {
    const char *about; /* what the lines say, for people: "sockets that were closed" */
    unsigned lines;    /* in a window; 0: WI_LOG_LIMIT_LINES */
    double window_ms;  /* 0: WI_LOG_LIMIT_MS */
    double _since;
    unsigned _written, _left_out;
};

/* Whether a line may be written at `now_ms` (monotonic). `left_out` receives how many were not
 * since the last one, where a new window begins. */
int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out);
/* The same now, saying in a line of its own what was left out. */
int wi_log_limit_allows(struct wi_log_limit *limit, enum wi_level level, const char *part);

/* As wi_log. */
#define wi_log_limited(limit, level, part, subject, ...)                                           \
    do {                                                                                           \
        if (wi_log_enabled(level) && wi_log_limit_allows(limit, level, part))                      \
            wi_log_write(level, part, subject, __VA_ARGS__);                                       \
    } while (0)

#endif
