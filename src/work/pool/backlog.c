/* How much work waits, and how fast it is answered. */
#include "work/pool/backlog.h"

#include "work/pool/scale.h"

/* The weight of the newest interval between answers in their moving average. */
#define NEWEST 0.2

int wi_backlog_set(struct wi_backlog *backlog, size_t waiting, double now)
{
    int begins = waiting > 0 && backlog->waiting == 0;

    backlog->waiting = waiting;
    if (begins)
        backlog->since = now;
    return begins;
}

void wi_backlog_answered(struct wi_backlog *backlog, double now)
{
    if (backlog->waiting == 0)
        return;
    if (backlog->_answered_at >= backlog->since) {
        double interval = now - backlog->_answered_at;
        backlog->_interval = backlog->_interval > 0
                                 ? backlog->_interval * (1 - NEWEST) + interval * NEWEST
                                 : interval;
    }
    backlog->_answered_at = now;
}

void wi_backlog_scaled(struct wi_backlog *backlog, double now)
{
    backlog->scaled_at = now;
}

double wi_backlog_expected_wait(const struct wi_backlog *backlog, double now)
{
    double silent_since =
        backlog->_answered_at > backlog->since ? backlog->_answered_at : backlog->since;

    return wi_scale_expected_wait(backlog->waiting, backlog->_interval, now - silent_since);
}
