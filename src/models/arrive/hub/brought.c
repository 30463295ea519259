/* See brought.h. */
#include "models/arrive/hub/brought.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* The speed is that of the last seconds. */
#define RATE_MS 3000.0

/* The index of a source of that name, a new one if need be. */
static size_t brought_find(struct wi_brought *brought, const char *name)
{
    size_t i = 0, count = brought->count;
    while (i < count && strcmp(brought->sources[i].name, name) != 0)
        i++;
    if (i < count)
        return i;
    brought->sources = wi_realloc_array(brought->sources, count + 1, sizeof *brought->sources);
    brought->before = wi_realloc_array(brought->before, count + 1, sizeof *brought->before);
    brought->sources[i] = (struct wi_fetch_source){.name = wi_strdup(name)};
    brought->before[i] = 0;
    brought->count++;
    return i;
}

void wi_brought_take(struct wi_brought *brought, const char *name, uint64_t bytes, int ends)
{
    size_t own = brought_find(brought, name);
    brought->sources[own].bytes = brought->before[own] + bytes;
    if (ends)
        brought->before[own] = brought->sources[own].bytes;
}

void wi_brought_measure(struct wi_brought *brought, uint64_t bytes)
{
    double now = wi_now_ms(), passed = now - brought->rate_ms;
    if (brought->rate_ms > 0 && passed < RATE_MS / 6)
        return;
    if (brought->rate_ms > 0) {
        double latest = (double)(bytes - brought->rate_from) / passed * 1000;
        double weight = passed < RATE_MS ? passed / RATE_MS : 1;
        brought->rate =
            brought->rate > 0 ? brought->rate + (latest - brought->rate) * weight : latest;
    }
    brought->rate_ms = now;
    brought->rate_from = bytes;
}

void wi_brought_clear(struct wi_brought *brought)
{
    for (size_t i = 0; i < brought->count; i++)
        free((char *)brought->sources[i].name);
    free(brought->sources);
    free(brought->before);
    *brought = (struct wi_brought){0};
}
