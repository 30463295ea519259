/* Counting of log lines in windows; see log_limit.h. */
#include "base/log_limit.h"

#include "base/clock.h"

int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out)
{
    double window_ms = limit->window_ms > 0 ? limit->window_ms : WI_LOG_LIMIT_MS;
    *left_out = 0;
    if (limit->_written == 0 || now_ms - limit->_since >= window_ms) {
        *left_out = limit->_left_out;
        limit->_since = now_ms;
        limit->_written = limit->_left_out = 0;
    }
    if (limit->_written >= (limit->lines ? limit->lines : WI_LOG_LIMIT_LINES)) {
        limit->_left_out++;
        return 0;
    }
    limit->_written++;
    return 1;
}

int wi_log_limit_allows(struct wi_log_limit *limit, enum wi_level level, const char *part)
{
    unsigned left_out;
    int allowed = wi_log_limit_take(limit, wi_now_ms(), &left_out);
    if (left_out)
        wi_log_write(level, part, NULL, "%u more lines about %s were left out", left_out,
            limit->about ? limit->about : "the same");
    return allowed;
}
