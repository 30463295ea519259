/*
 * One line of the log: what it is made of, and how it is printed. Below log.c and log_ring.c.
 */
#ifndef WI_BASE_LOG_LINE_H
#define WI_BASE_LOG_LINE_H

#include "base/buffer.h"
#include "base/log.h"

/* What a text of a line is cut to, with its NUL. */
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
    int is_for_journald; /* of text: with a priority instead of time and level */
    uint64_t seq;        /* of JSON: its first member; 0: has none */
};

/* Adds the line to `out`, without an end of line. It has less than PIPE_BUF bytes: control
 * characters in a text take up to six bytes each, and texts are cut until it fits. What looks like
 * a token of ours is scrubbed. */
void wi_log_line_print(
    struct wi_buffer *out, const struct wi_log_line *line, const struct wi_log_style *style);

#endif
