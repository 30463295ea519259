/*
 * How much work waits, since when, and how fast it is answered, so that scaling can estimate how
 * long the last of it will wait. Pure: times are passed in, in milliseconds.
 */
#ifndef WI_WORK_POOL_BACKLOG_H
#define WI_WORK_POOL_BACKLOG_H

#include <stddef.h>

/* Zero-initialise; written by the calls below only. */
struct wi_backlog {
    size_t waiting;
    double since;        /* when it last began to wait */
    double scaled_at;    /* when a session was last added for it, or arrived */
    double _interval;    /* between answers while work waits, moving average; 0: unknown */
    double _answered_at; /* the last answer while work waited */
};

/* Sets how much waits now. Returns 1 if none waited before. */
int wi_backlog_set(struct wi_backlog *backlog, size_t waiting, double now);
/* An answer came. */
void wi_backlog_answered(struct wi_backlog *backlog, double now);
/* A session was added for the waiting work, or arrived. */
void wi_backlog_scaled(struct wi_backlog *backlog, double now);
/* How long until all of it is answered, see wi_scale_expected_wait. */
double wi_backlog_expected_wait(const struct wi_backlog *backlog, double now);

#endif
