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

/* Parses "500ms", "30s", "5m", "2h" or a bare number of seconds into milliseconds.
 * 0 on success, -1 if it is none of these or overflows. */
int wi_parse_duration(const char *text, int64_t *ms);
/* Parses "4096", "256K", "64M", "1G" (powers of 1024; "KiB" and so on too) into bytes. */
int wi_parse_size(const char *text, uint64_t *bytes);
/* The shortest text that parses back to the same value, e.g. "30s", "64M". */
void wi_format_duration(int64_t ms, char *out, int size);
void wi_format_size(uint64_t bytes, char *out, int size);

#endif
