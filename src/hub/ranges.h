/* A set of bytes of a file, as sorted ranges that neither overlap nor touch. Pure. */
#ifndef WI_HUB_RANGES_H
#define WI_HUB_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct wi_range {
    uint64_t first, end; /* the byte behind the last */
};

/* Zero-initialise; free with wi_ranges_clear. */
struct wi_ranges {
    struct wi_range *items;
    size_t count;
};

void wi_ranges_add(struct wi_ranges *ranges, uint64_t first, uint64_t end);
void wi_ranges_remove(struct wi_ranges *ranges, uint64_t first, uint64_t end);
uint64_t wi_ranges_bytes(const struct wi_ranges *ranges);
/* The end of what is there from `first` on without a gap; `first` if that byte is missing. */
uint64_t wi_ranges_reach(const struct wi_ranges *ranges, uint64_t first);
/* The first bytes below `size` that are missing, at most `most` of them: 1, or 0 if none are. */
int wi_ranges_missing(
    const struct wi_ranges *ranges, uint64_t size, uint64_t most, struct wi_range *missing);
void wi_ranges_copy(struct wi_ranges *to, const struct wi_ranges *from); /* `to` is empty */
void wi_ranges_clear(struct wi_ranges *ranges);

/* So much of a file of `size` bytes is asked for at a time: large enough that the time between two
 * requests does not count, small enough that what is there has few gaps and can be hashed in its
 * order while the rest arrives; and such that all of `connections` have as much to do. One alone
 * leaves no gaps, and is given as much as there may be. */
uint64_t wi_segment_bytes(uint64_t size, unsigned connections);
/* Whether a connection that brought so much is no hindrance: what it brings takes about as long to
 * be hashed. */
int wi_line_is_fast(uint64_t bytes, double ms);

#endif
