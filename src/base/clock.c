/* Clocks, and the durations and sizes that people write. */
#include "base/clock.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double wi_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

uint64_t wi_thread_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t wi_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t wi_steady_ms(void)
{
    static _Atomic int64_t started; /* the wall clock's lead over the monotonic one; 0: not known */
    int64_t now = (int64_t)wi_now_ms(), unknown = 0, lead = wi_wall_ms() - now;

    if (atomic_compare_exchange_strong(&started, &unknown, lead ? lead : 1))
        return now + lead;
    return now + unknown; /* which is known, and was put there */
}

double wi_awake_at(struct wi_awake *awake, double now_ms)
{
    double step = now_ms - awake->seen_ms;
    if (awake->seen_ms > 0 && step > WI_AWAKE_STEP_MS)
        awake->lost_ms += step - WI_AWAKE_STEP_MS;
    awake->seen_ms = now_ms;
    return now_ms - awake->lost_ms;
}

static _Thread_local struct wi_awake thread_awake; /* all zero where it is not kept */

void wi_awake_begin(void)
{
    thread_awake.seen_ms = wi_now_ms();
}

double wi_awake_ms(void)
{
    double now = wi_now_ms();
    return thread_awake.seen_ms > 0 ? wi_awake_at(&thread_awake, now) : now;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"h", 3600000}, {"m", 60000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {"", 1000}, {NULL, 0}};
static const struct unit sizes[] = {{"G", 1u << 30}, {"M", 1u << 20}, {"K", 1u << 10}, {"", 1},
    {"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}, {NULL, 0}};

/* A whole decimal number and a unit of the table, no sign, no space. */
static int value_parse(const char *text, const struct unit *units, uint64_t *value)
{
    uint64_t number = 0;
    const char *s = text;
    for (; isdigit((unsigned char)*s); s++) {
        if (number > (INT64_MAX - 9) / 10)
            return -1;
        number = number * 10 + (uint64_t)(*s - '0');
    }
    if (s == text)
        return -1;
    for (const struct unit *unit = units; unit->name; unit++) {
        if (strcmp(s, unit->name) != 0)
            continue;
        if (number > INT64_MAX / unit->factor)
            return -1;
        *value = number * unit->factor;
        return 0;
    }
    return -1;
}

int wi_parse_duration(const char *text, int64_t *ms)
{
    uint64_t value;
    if (value_parse(text, durations, &value) != 0)
        return -1;
    *ms = (int64_t)value;
    return 0;
}

int wi_parse_size(const char *text, uint64_t *bytes)
{
    return value_parse(text, sizes, bytes);
}

/* The largest unit (the tables begin with them) that divides the value; small ones only by name. */
static void value_format(
    uint64_t value, const struct unit *units, const char *zero, char *out, int size)
{
    for (const struct unit *unit = units; value != 0 && *unit->name; unit++) {
        if (value % unit->factor == 0) {
            snprintf(out, (size_t)size, "%llu%s", (unsigned long long)(value / unit->factor),
                unit->name);
            return;
        }
    }
    snprintf(out, (size_t)size, "%llu%s", (unsigned long long)value, value ? "" : zero);
}

void wi_format_duration(int64_t ms, char *out, int size)
{
    value_format((uint64_t)ms, durations, "s", out, size);
}

void wi_format_size(uint64_t bytes, char *out, int size)
{
    value_format(bytes, sizes, "", out, size);
}
