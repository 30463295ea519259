/*
 * The last lines of the log, each with its number: texts and values as they were said, which become
 * JSON when somebody reads them. A line costs its bytes and a place in a table, and nothing is
 * allocated. Not safe for threads by itself: log.c has one, under its lock.
 */
#ifndef WI_BASE_LOG_RING_H
#define WI_BASE_LOG_RING_H

#include "base/log_line.h"
#include <limits.h>
#include <stdint.h>

/* A line's texts, of which JSON has PIPE_BUF bytes at most, and its numbers, which may be shorter
 * there. */
#define WI_LOG_RECORD_MAX (PIPE_BUF + 512)
#define WI_LOG_FIELDS_MAX 16 /* of a line */

/* A line in as many bytes as it needs, with nothing that it borrows. */
struct wi_log_record {
    size_t size;
    unsigned char bytes[WI_LOG_RECORD_MAX];
};

/* Texts that do not fit are cut, and tokens of ours are scrubbed from them. The line has at most
 * WI_LOG_FIELDS_MAX fields. */
void wi_log_record_make(struct wi_log_record *record, const struct wi_log_line *line);
/* The line in a record that was made so; it borrows from it and from `fields`. */
void wi_log_record_line(const struct wi_log_record *record, struct wi_log_line *line,
    struct wi_log_field fields[WI_LOG_FIELDS_MAX]);

/* Zero-initialise. */
struct wi_log_ring {
    uint64_t latest; /* how many lines there were: the number of the newest, the first being 1 */
    size_t kept;     /* how many of the newest are here */
    size_t _end;     /* behind the newest, in _bytes */
    struct {
        uint32_t at, size;
    } _places[WI_LOG_LINES]; /* of number n at n % WI_LOG_LINES */
    unsigned char _bytes[WI_LOG_BYTES];
};

/* As the newest; the oldest go, as many as it takes. */
void wi_log_ring_add(struct wi_log_ring *ring, const struct wi_log_record *record);
/* The line with that number: 0, or -1 if it is not here. */
int wi_log_ring_copy(const struct wi_log_ring *ring, uint64_t seq, struct wi_log_record *record);

#endif
