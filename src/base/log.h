/*
 * The log: one line per event to standard error, as text (with the "<N>" priority that journald
 * reads, when it listens) or JSON. The process-wide sink is the one exception to "no globals":
 * the libraries' own log callbacks carry no context.
 *
 * A line never waits for its reader: where a pipe, a socket or a terminal does not take it at once,
 * it is lost and counted, and the next line that gets through is preceded by one that says how many
 * were. Of a line that was taken in part, as by a disk that has become full, the rest comes first.
 * A line has at most PIPE_BUF bytes, which a pipe takes as a whole or not at all: longer texts in
 * it are cut. Lines are in the order in which they were said.
 *
 * Never pass a token, a credential or what a client sent as input. Control characters are escaped,
 * and anything that looks like one of our tokens is scrubbed (base/secret.h).
 */
#ifndef WI_BASE_LOG_H
#define WI_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

struct wi_buffer;

enum wi_level { WI_LOG_ERROR, WI_LOG_WARN, WI_LOG_INFO, WI_LOG_DEBUG };
extern const char *const wi_level_names[]; /* "error" …, ended by NULL */
enum wi_log_format { WI_LOG_TEXT, WI_LOG_JSON };

void wi_log_configure(enum wi_level level, enum wi_log_format format);
/* Where standard error was a file when it was configured first, and that was moved away or removed:
 * opens the file of that name, made where it is missing, and goes on there. Else it does nothing.
 */
void wi_log_reopen(void);
int wi_log_enabled(enum wi_level level);
/* `part` is the part of the program ("bridge"); `subject` the id it is about, or NULL. */
__attribute__((format(printf, 4, 5))) void wi_log_write(
    enum wi_level level, const char *part, const char *subject, const char *format, ...);

/* A named value of a line, `name` being a constant of ours. In JSON it is a member of its own; a
 * text line has only the message, which says it for people. */
struct wi_log_field {
    const char *name;
    enum { WI_FIELD_TEXT, WI_FIELD_INTEGER, WI_FIELD_BOOLEAN, WI_FIELD_MS } kind;
    const char *text; /* NULL: null */
    int64_t integer;  /* also of a boolean */
    double ms;
};
/* As wi_log_write, with `count` fields beside the message, which is a text and no format; and kept
 * for a while, for a line that comes with every request: written together with others, before the
 * next line of wi_log_write, when all that are kept are as many as a pipe takes at once, when the
 * process aborts, or by wi_log_flush. 1 if it is the first that is kept, so that who said it has to
 * flush soon. Its time is that of now; only where journald notes the times is it the later one. */
int wi_log_keep(enum wi_level level, const char *part, const char *subject,
    const struct wi_log_field *fields, size_t count, const char *message);
void wi_log_flush(void);

/*
 * The last lines can be read again, whatever became of them at standard error. Each has a number,
 * `seq`, from 1 on in the order in which they were said; no number is used twice.
 */
#define WI_LOG_LINES 2000              /* that are kept at most */
#define WI_LOG_BYTES ((size_t)1 << 20) /* that they take at most */

struct wi_log_query {
    uint64_t after, before; /* numbers between which a line lies; `before` 0: any that is later */
    enum wi_level level;    /* that, and worse */
    const char *part;       /* NULL: any */
    const char *contains;   /* what is in its message or its subject; NULL: anything */
    size_t limit;           /* 1 to WI_LOG_LINES: no more than so many, the newest */
};
struct wi_log_found {
    size_t count;       /* lines that were read */
    uint64_t latest;    /* the number of the newest of all lines: what may be `after` next time */
    uint64_t forgotten; /* lines behind `after` of which nothing is known any more */
    uint64_t left_out;  /* lines that are meant too, but older than the `limit` newest */
};

/* The number of the newest line; 0: there was none. */
uint64_t wi_log_latest(void);
/* Adds to `out` what `query` means, the oldest first, each as an object of JSON with `seq` and the
 * members that the line has in the format JSON, with commas between them and no ends of lines. From
 * any thread; who writes lines meanwhile waits for the copy of one line at most. */
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
 * Kinds of log line that somebody outside can cause as often as he likes. In each window so many of
 * a kind are written; the first of a later window is preceded by one that says how many were not.
 */
#define WI_LOG_LIMIT_LINES 20
#define WI_LOG_LIMIT_MS 10000

/* Owned by whoever writes the lines: initialise with what is not `_`, or with zeros. */
struct wi_log_limit {
    const char *about; /* what the lines say, for people: "sockets that were closed" */
    unsigned lines;    /* in a window; 0: WI_LOG_LIMIT_LINES */
    double window_ms;  /* 0: WI_LOG_LIMIT_MS */
    double _since;
    unsigned _written, _left_out;
};

/* Whether a line may be written at `now_ms` (monotonic). `left_out` receives how many were not
 * since the last one, where a new window begins. Public for tests. */
int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out);
/* The same now, saying in a line of its own what was left out. */
int wi_log_limit_allows(struct wi_log_limit *limit, enum wi_level level, const char *part);

/* As wi_log. */
#define wi_log_limited(limit, level, part, subject, ...)                                           \
    do {                                                                                           \
        if (wi_log_enabled(level) && wi_log_limit_allows(limit, level, part))                      \
            wi_log_write(level, part, subject, __VA_ARGS__);                                       \
    } while (0)

#endif
