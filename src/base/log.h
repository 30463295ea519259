/*
 * The log: one line per event to standard error, as text (with the "<N>" priority that journald
 * reads, when it listens) or JSON. The process-wide sink is the one exception to "no globals",
 * because the libraries' own log callbacks carry no context.
 *
 * A line never waits for its reader. If a pipe, a socket or a terminal does not take it at once,
 * the line is lost and counted, and the next line that gets through is preceded by one with the
 * number of lost lines. If a line was taken only in part, for example by a disk that has become
 * full, its rest is written first. A line has at most PIPE_BUF bytes, which a pipe takes as a whole
 * or not at all: longer texts in it are cut. Lines are written in the order in which they were
 * logged.
 *
 * Never pass a token, a credential or a client's input. Control characters are escaped, and
 * anything that looks like one of our tokens is scrubbed (base/secret.h).
 */
#ifndef WI_BASE_LOG_H
#define WI_BASE_LOG_H

#include "base/rate_limit.h"
#include <stddef.h>
#include <stdint.h>

struct wi_buffer;

enum wi_level { WI_LOG_ERROR, WI_LOG_WARN, WI_LOG_INFO, WI_LOG_DEBUG };
extern const char *const wi_level_names[]; /* "error" …, ended by NULL */
enum wi_log_format { WI_LOG_TEXT, WI_LOG_JSON };

void wi_log_configure(enum wi_level level, enum wi_log_format format);
/* If standard error was a file when the log was first configured, and that file was moved or
 * removed, opens the file of that name, creating it if needed, and continues there. Otherwise does
 * nothing. */
void wi_log_reopen(void);
int wi_log_enabled(enum wi_level level);
/* `part` is the part of the program ("bridge"); `subject` is the id that the line is about, or
 * NULL. */
__attribute__((format(printf, 4, 5))) void wi_log_write(
    enum wi_level level, const char *part, const char *subject, const char *format, ...);

/* A named value of a line. `name` is a constant. In JSON the value is a member of its own; a text
 * line has only the message, which tells people the same. */
struct wi_log_field {
    const char *name;
    enum { WI_FIELD_TEXT, WI_FIELD_INTEGER, WI_FIELD_BOOLEAN, WI_FIELD_MS } kind;
    const char *text; /* NULL: null */
    int64_t integer;  /* also of a boolean */
    double ms;
};
/* As wi_log_write, with `count` fields in addition to the message, which is plain text and not a
 * format. For lines that come with every request: the line is kept for a while and written together
 * with others, namely before the next line of wi_log_write, when the kept lines are as many bytes
 * as a pipe takes at once, when the process aborts, or by wi_log_flush. Returns 1 if it is the
 * first line that is kept, so that the caller has to flush soon. The line has the time of this
 * call; where journald notes the time, that of writing. */
int wi_log_keep(enum wi_level level, const char *part, const char *subject,
    const struct wi_log_field *fields, size_t count, const char *message);
void wi_log_flush(void);

/*
 * The last lines can be read again, even if they were lost at standard error. Each has a number,
 * `seq`, counted from 1 in the order in which lines were logged; no number is used twice.
 */
#define WI_LOG_LINES 2000              /* the most that are kept */
#define WI_LOG_BYTES ((size_t)1 << 20) /* the most that they take */

struct wi_log_query {
    uint64_t after, before; /* lines with numbers between these; `before` 0: no upper bound */
    enum wi_level level;    /* this level and more severe ones */
    const char *part;       /* NULL: any */
    const char *contains;   /* text in the message or the subject; NULL: any line */
    size_t limit;           /* 1 to WI_LOG_LINES: at most so many, the newest */
};
struct wi_log_found {
    size_t count;       /* lines that were read */
    uint64_t latest;    /* the number of the newest of all lines: the next query's `after` */
    uint64_t forgotten; /* lines after `after` that are no longer kept */
    uint64_t left_out;  /* lines that match, but are older than the `limit` newest */
};

/* The number of the newest line; 0: there was none. */
uint64_t wi_log_latest(void);
/* Adds to `out` the lines that match `query`, the oldest first, each as a JSON object with `seq`
 * and the members of the log's JSON format. The objects are separated by commas, without line ends.
 * May be called on any thread; a thread that logs meanwhile waits for the copy of one line at
 * most. */
void wi_log_read(
    const struct wi_log_query *query, struct wi_buffer *out, struct wi_log_found *found);

/* The level is tested before anything is formatted. */
#define wi_log(level, part, subject, ...)                                                          \
    do {                                                                                           \
        if (wi_log_enabled(level))                                                                 \
            wi_log_write(level, part, subject, __VA_ARGS__);                                       \
    } while (0)
#define wi_error_log(part, subject, ...) wi_log(WI_LOG_ERROR, part, subject, __VA_ARGS__)
#define wi_warn(part, subject, ...) wi_log(WI_LOG_WARN, part, subject, __VA_ARGS__)
#define wi_info(part, subject, ...) wi_log(WI_LOG_INFO, part, subject, __VA_ARGS__)
#define wi_debug(part, subject, ...) wi_log(WI_LOG_DEBUG, part, subject, __VA_ARGS__)

/*
 * A limit for kinds of log line that outsiders can cause as often as they like. Each window has a
 * maximum number of lines of a kind; the first line of a later window is preceded by one that says
 * how many were left out.
 */
#define WI_LOG_LIMIT_LINES 20
#define WI_LOG_LIMIT_MS 10000

/* Owned by the code that logs the lines. Zero-initialise, or set the members without `_`. */
struct wi_log_limit {
    const char *about; /* what the lines say, for people: "sockets that were closed" */
    unsigned lines;    /* per window; 0: WI_LOG_LIMIT_LINES */
    double window_ms;  /* 0: WI_LOG_LIMIT_MS */
    struct wi_rate_limit _rate;
};

/* Whether a line may be written at `now_ms` (monotonic). When a new window begins, `left_out`
 * receives the number of lines left out since the last one. Public for tests. */
int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out);
/* The same at the current time; logs the number of lines left out as a line of its own. */
int wi_log_limit_allows(struct wi_log_limit *limit, enum wi_level level, const char *part);

/* As wi_log. */
#define wi_log_limited(limit, level, part, subject, ...)                                           \
    do {                                                                                           \
        if (wi_log_enabled(level) && wi_log_limit_allows(limit, level, part))                      \
            wi_log_write(level, part, subject, __VA_ARGS__);                                       \
    } while (0)

#endif
