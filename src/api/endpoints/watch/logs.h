/* The last lines of the log, as GET /v1/logs and the event `log` of GET /v1/events show them. */
#ifndef WI_API_ENDPOINTS_WATCH_LOGS_H
#define WI_API_ENDPOINTS_WATCH_LOGS_H

#include "base/buffer.h"
#include "base/log.h"

/* Adds to `out`, on one line, {"lines": [...], "lost": N} with the lines after the one with the
 * number `after` that are of `level` or worse: the newest `limit` of them, the oldest first. `lost`
 * is how many earlier lines are missing; lines that are forgotten are counted whatever their level
 * was. Returns the number of the newest line, for the next call's `after`. If no line was found or
 * lost, `out` is left as it is. */
uint64_t wi_logs_print_after(
    struct wi_buffer *out, uint64_t after, enum wi_level level, size_t limit);

#endif
