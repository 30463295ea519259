/*
 * The last lines of the log, each with its number. Texts and values are kept as they were logged
 * and become JSON only when they are read. A line costs its bytes and an entry in a table; nothing
 * is allocated. Not safe for threads by itself: log.c uses one under its lock.
 */
#ifndef WI_BASE_LOG_RING_H
#define WI_BASE_LOG_RING_H

#include "base/log_line.h"
#include <limits.h>
#include <stdint.h>

/* Room for a line's texts, which take at most PIPE_BUF bytes in JSON, and for its numbers, which
 * may take less room there. */
#define WI_LOG_RECORD_MAX (PIPE_BUF + 512)
#define WI_LOG_FIELDS_MAX 16 /* of a line */

/* A line in as many bytes as it needs; it borrows nothing. */
struct wi_log_record {
    size_t size;
    unsigned char bytes[WI_LOG_RECORD_MAX];
};

/* Makes a record of `line`, which has at most WI_LOG_FIELDS_MAX fields. Texts that do not fit are
 * cut, and our tokens are scrubbed from them. */
void wi_log_record_make(struct wi_log_record *record, const struct wi_log_line *line);
/* Sets `line` to the line in a record made by wi_log_record_make; it borrows from `record` and
 * `fields`. */
void wi_log_record_line(const struct wi_log_record *record, struct wi_log_line *line,
    struct wi_log_field fields[WI_LOG_FIELDS_MAX]);

/* Zero-initialise. */
struct wi_log_ring {
    uint64_t latest; /* the number of the newest line; the first is 1 */
    size_t kept;     /* how many of the newest lines are kept */
    size_t _end;     /* of the newest line, in _bytes */
    struct {
        uint32_t at, size;
    } _places[WI_LOG_LINES]; /* line n is at n % WI_LOG_LINES */
    unsigned char _bytes[WI_LOG_BYTES];
};

/* Adds the newest line, and drops as many of the oldest as necessary. */
void wi_log_ring_add(struct wi_log_ring *ring, const struct wi_log_record *record);
/* Copies the line with that number. 0, or -1 if it is not kept. */
int wi_log_ring_copy(const struct wi_log_ring *ring, uint64_t seq, struct wi_log_record *record);

#endif
