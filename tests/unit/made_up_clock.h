/*
 * A clock that a test moves on: for the program it is as if it had been stopped meanwhile, or its
 * machine paused. It takes the place of the system's for all, timers of a loop and libraries too,
 * and goes on by itself. A test of a file that only compares times sets them with set_clock.h.
 * Include it after test.h, in a program that has its own clock.
 */
#ifndef WI_TESTS_MADE_UP_CLOCK_H
#define WI_TESTS_MADE_UP_CLOCK_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t clock_skipped_ms;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (status != 0 || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
        return status;
    now->tv_sec += clock_skipped_ms / 1000;
    now->tv_nsec += clock_skipped_ms % 1000 * 1000000;
    if (now->tv_nsec >= 1000000000) {
        now->tv_sec++;
        now->tv_nsec -= 1000000000;
    }
    return 0;
}

static inline void clock_skip(time_t ms)
{
    clock_skipped_ms += ms;
}

#endif
