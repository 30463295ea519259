/* Time: a monotonic clock for durations and deadlines, the wall clock for people only, and a steady
 * clock for times that outlive the process. */
#ifndef WI_BASE_CLOCK_H
#define WI_BASE_CLOCK_H

#include <stdint.h>

/* A time, in milliseconds, that never comes. */
#define WI_NEVER 1e300

double wi_now_ms(void);      /* monotonic, milliseconds with fractions */
int64_t wi_wall_ms(void);    /* Unix time in milliseconds */
uint64_t wi_thread_ns(void); /* CPU time of the calling thread, nanoseconds */
/* Unix time in milliseconds, read at the first call and advanced by the monotonic clock from then
 * on: setting the system's clock does not make stored deadlines pass. */
int64_t wi_steady_ms(void);

/*
 * Awake time: a monotonic clock that stands while this process does (it was stopped, its machine
 * was paused, or one of its callbacks took long). The silence of others, and how long they take,
 * are measured by it: what they sent in the meantime has not been read yet. A step between two
 * looks at the clock counts as WI_AWAKE_STEP_MS at the most.
 */
#define WI_AWAKE_STEP_MS 1000.0
/* Zero-initialise. */
struct wi_awake {
    double seen_ms, lost_ms;
};
/* The awake time at `now_ms`, of wi_now_ms(). Public for tests. */
double wi_awake_at(struct wi_awake *awake, double now_ms);
/* From now on the calling thread looks at its awake time more often than each WI_AWAKE_STEP_MS:
 * wi_loop_keep_awake (base/loop.h) sees to that. */
void wi_awake_begin(void);
/* The awake time of the calling thread, in milliseconds with fractions; wi_now_ms() before
 * wi_awake_begin. Not to be compared with times of wi_now_ms(). */
double wi_awake_ms(void);

/* Parses "500ms", "30s", "5m", "2h" or a bare number of seconds into milliseconds.
 * 0 on success, -1 if it is none of these or overflows. */
int wi_parse_duration(const char *text, int64_t *ms);
/* Parses "4096", "256K", "64M", "1G" (powers of 1024; "KiB" and so on too) into bytes. */
int wi_parse_size(const char *text, uint64_t *bytes);
/* The shortest text that parses back to the same value, e.g. "30s", "64M". */
void wi_format_duration(int64_t ms, char *out, int size);
void wi_format_size(uint64_t bytes, char *out, int size);

#endif
