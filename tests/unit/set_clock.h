/*
 * A clock that stands until a test sets it: the functions of base/clock.h that tell a time tell
 * this one. For tests of files that only compare times. Timers of a loop and libraries do not see
 * it: a test of these moves the system's clock on, with made_up_clock.h. Include it after test.h,
 * in one file of a program. Once base/clock.h has another such function, it is added here.
 */
#ifndef WI_TESTS_SET_CLOCK_H
#define WI_TESTS_SET_CLOCK_H

#include "base/clock.h"

static struct {
    double now_ms;        /* also the awake time: a process that only compares never stands still */
    int64_t wall_lead_ms; /* what the wall clock shows more */
} set_clock;

double wi_now_ms(void)
{
    return set_clock.now_ms;
}

void wi_awake_begin(void)
{
}

double wi_awake_ms(void)
{
    return set_clock.now_ms;
}

int64_t wi_wall_ms(void)
{
    return (int64_t)set_clock.now_ms + set_clock.wall_lead_ms;
}

#endif
