/* Sets of bytes: a handful of ranges each, so they are walked. */
#include "hub/ranges.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define SEGMENTS 32 /* of a large file */
#define SEGMENT_USUAL (UINT64_C(8) << 20)
#define SEGMENT_MAX (UINT64_C(64) << 20)
#define SEGMENT_MIN (UINT64_C(2) << 20) /* below that another connection is not worth its start */
#define SEGMENT_STEP (UINT64_C(64) << 10)
#define FAST (UINT64_C(256) << 10) /* bytes in a millisecond */

/* Replaces `old` ranges from `at` on by `fresh` ones. */
static void splice(
    struct wi_ranges *ranges, size_t at, size_t old, const struct wi_range *fresh, size_t count)
{
    size_t behind = ranges->count - at - old;
    if (count > old)
        ranges->items =
            wi_realloc_array(ranges->items, ranges->count + count - old, sizeof ranges->items[0]);
    if (ranges->items == NULL)
        return;
    memmove(ranges->items + at + count, ranges->items + at + old, behind * sizeof *fresh);
    for (size_t i = 0; i < count; i++)
        ranges->items[at + i] = fresh[i];
    ranges->count = at + count + behind;
}

void wi_ranges_add(struct wi_ranges *ranges, uint64_t first, uint64_t end)
{
    struct wi_range whole = {first, end};
    size_t at = 0, next;
    if (first >= end)
        return;
    while (at < ranges->count && ranges->items[at].end < first)
        at++;
    for (next = at; next < ranges->count && ranges->items[next].first <= end; next++) {
        if (ranges->items[next].first < whole.first)
            whole.first = ranges->items[next].first;
        if (ranges->items[next].end > whole.end)
            whole.end = ranges->items[next].end;
    }
    splice(ranges, at, next - at, &whole, 1);
}

void wi_ranges_remove(struct wi_ranges *ranges, uint64_t first, uint64_t end)
{
    struct wi_range left[2];
    size_t at = 0, next, count = 0;
    if (first >= end)
        return;
    while (at < ranges->count && ranges->items[at].end <= first)
        at++;
    for (next = at; next < ranges->count && ranges->items[next].first < end; next++) {
        const struct wi_range *range = &ranges->items[next];
        if (range->first < first)
            left[count++] = (struct wi_range){range->first, first};
        if (range->end > end)
            left[count++] = (struct wi_range){end, range->end};
    }
    splice(ranges, at, next - at, left, count);
}

uint64_t wi_ranges_bytes(const struct wi_ranges *ranges)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < ranges->count; i++)
        bytes += ranges->items[i].end - ranges->items[i].first;
    return bytes;
}

uint64_t wi_ranges_reach(const struct wi_ranges *ranges, uint64_t first)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->items[i].first <= first && first < ranges->items[i].end)
            return ranges->items[i].end;
    return first;
}

int wi_ranges_missing(
    const struct wi_ranges *ranges, uint64_t size, uint64_t most, struct wi_range *missing)
{
    uint64_t first = wi_ranges_reach(ranges, 0), end = size;
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->items[i].first > first && ranges->items[i].first < end)
            end = ranges->items[i].first;
    if (first >= size)
        return 0;
    *missing = (struct wi_range){first, end - first > most ? first + most : end};
    return 1;
}

void wi_ranges_copy(struct wi_ranges *to, const struct wi_ranges *from)
{
    splice(to, 0, 0, from->items, from->count);
}

void wi_ranges_clear(struct wi_ranges *ranges)
{
    free(ranges->items);
    *ranges = (struct wi_ranges){0};
}

static uint64_t between(uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* How many parts of at most `each` there are. */
static uint64_t parts_of(uint64_t bytes, uint64_t each)
{
    return bytes / each + (bytes % each > 0);
}

uint64_t wi_segment_bytes(uint64_t size, unsigned connections)
{
    uint64_t most = between(SEGMENT_USUAL, size / SEGMENTS, SEGMENT_MAX);
    if (connections == 1)
        return SEGMENT_MAX;
    uint64_t rounds = between(1, parts_of(size, most * connections), UINT64_MAX);
    uint64_t even = parts_of(size, connections * rounds);
    return between(SEGMENT_MIN, parts_of(even, SEGMENT_STEP) * SEGMENT_STEP, most);
}

int wi_line_is_fast(uint64_t bytes, double ms)
{
    return (double)bytes >= ms * FAST;
}
