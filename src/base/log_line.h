/*
 * One line of the log: its parts, and how it is printed. Used by log.c and log_ring.c.
 */
#ifndef WI_BASE_LOG_LINE_H
#define WI_BASE_LOG_LINE_H

#include "base/buffer.h"
#include "base/log.h"

/* The longest text in a line, with its NUL; longer ones are cut. */
#define WI_LOG_TEXT_SIZE 4096

/* All of it borrowed. */
struct wi_log_line {
    int64_t time; /* Unix milliseconds */
    enum wi_level level;
    const char *part, *subject, *message; /* subject: may be NULL */
    const struct wi_log_field *fields;
    size_t field_count;
};

struct wi_log_style {
    enum wi_log_format format;
    int is_for_journald; /* for text: a priority replaces time and level */
    uint64_t seq;        /* for JSON: its first member; 0: left out */
};

/* Adds the line to `out`, without a line end. It has less than PIPE_BUF bytes: control characters
 * in a text take up to six bytes each, and texts are cut until the line fits. Anything that looks
 * like one of our tokens is scrubbed. */
void wi_log_line_print(
    struct wi_buffer *out, const struct wi_log_line *line, const struct wi_log_style *style);

#endif
