/* The last lines of the log, as GET /v1/logs and the event `log` of GET /v1/events have them. */
#ifndef WI_API_ENDPOINTS_WATCH_LOGS_H
#define WI_API_ENDPOINTS_WATCH_LOGS_H

#include "base/buffer.h"
#include "base/log.h"

/* Adds to `out`, on one line, {"lines": [...], "lost": N} with the lines that were said after the
 * one with the number `after` and are of `level` or worse: the newest `limit` of them, the oldest
 * first. `lost`: how many there were before these that are not among them, those of which nothing
 * is known any more counted whatever their level. Returns the number of the newest line, for the
 * next call's `after`; where nothing was found or lost `out` is left as it is. */
uint64_t wi_logs_print_after(
    struct wi_buffer *out, uint64_t after, enum wi_level level, size_t limit);

#endif
