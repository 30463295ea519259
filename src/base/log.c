/*
 * The log sink: one write(2) per line, or for several whole ones that were kept, so that lines from
 * the loop and from worker threads never mix, and none that could wait. The mode of the descriptor
 * is left alone, since other programs may share what is behind it. Times are printed unless
 * journald keeps them for us (JOURNAL_STREAM names our stderr).
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/control.h"
#include "base/secret.h"
#include "base/text.h"
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_SIZE 4096

static struct {
    enum wi_level level;
    enum wi_log_format format;
    int journald, is_socket, is_file;
    pthread_mutex_t lock;    /* of what follows, and of writing */
    unsigned long long lost; /* lines since the last that was written */
    size_t kept_lines, kept_size;
    char kept[PIPE_BUF]; /* whole lines, as many as a pipe takes at once */
} sink = {.level = WI_LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    const char *column;   /* the same in a column of text */
    const char *priority; /* syslog's, as journald reads it */
} levels[] = {[WI_LOG_ERROR] = {"error", " error ", "<3>"},
    [WI_LOG_WARN] = {"warn", " warn  ", "<4>"},
    [WI_LOG_INFO] = {"info", " info  ", "<6>"},
    [WI_LOG_DEBUG] = {"debug", " debug ", "<7>"}};

/* Whether our stderr is the very stream that JOURNAL_STREAM ("device:inode") names. */
static int stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

/* Whether the reader took them: at most PIPE_BUF bytes, for which a pipe that is writable has room;
 * a file always is. */
static int deliver(const char *bytes, size_t size)
{
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (sink.is_socket)
        return send(STDERR_FILENO, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    return (sink.is_file || (poll(&reader, 1, 0) > 0 && (reader.revents & POLLOUT))) &&
           write(STDERR_FILENO, bytes, size) >= 0;
}

/* What was kept tells what came before such an end. The lock is left alone: who holds it may be the
 * thread that was stopped here. */
static void on_abort(int number)
{
    if (sink.kept_size > 0)
        (void)deliver(sink.kept, sink.kept_size);
    raise(number);
}

void wi_log_configure(enum wi_level level, enum wi_log_format format)
{
    const struct sigaction aborting = {.sa_handler = on_abort, .sa_flags = (int)SA_RESETHAND};
    struct stat status;
    int known = fstat(STDERR_FILENO, &status) == 0;

    sink.level = level;
    sink.format = format;
    sink.journald = stderr_is_journal();
    sink.is_socket = known && S_ISSOCK(status.st_mode);
    sink.is_file = known && S_ISREG(status.st_mode);
    sigaction(SIGABRT, &aborting, NULL);
}

int wi_log_enabled(enum wi_level level)
{
    return level <= sink.level;
}

/* Text from outside cannot forge lines or move the terminal's cursor. */
static void add_escaped(struct wi_buffer *line, const char *text, int limit)
{
    const char *end = text + strnlen(text, (size_t)limit);
    for (const char *s = text; s < end;) {
        const char *plain = s;
        size_t control = 0;
        while (s < end && (control = wi_control_bytes(s, (size_t)(end - s))) == 0)
            s++;
        wi_buffer_add(line, plain, (size_t)(s - plain));
        for (; control > 0; control--, s++)
            wi_buffer_printf(line, "\\x%02x", (unsigned char)*s);
    }
}

/* What a line is made of. `limit`: texts are cut to so many bytes. */
struct line {
    enum wi_level level;
    const char *part, *subject, *message;
    const struct wi_log_field *fields;
    size_t field_count;
    int limit;
};

static void add_text_line(struct wi_buffer *out, const struct line *line, const char *time)
{
    if (sink.journald)
        wi_buffer_puts(out, levels[line->level].priority);
    else
        wi_buffer_strings(out, time, levels[line->level].column, NULL);
    wi_buffer_strings(out, line->part, ": ", NULL);
    if (line->subject) {
        add_escaped(out, line->subject, line->limit);
        wi_buffer_puts(out, ": ");
    }
    add_escaped(out, line->message, line->limit);
}

static void add_member(struct wi_buffer *out, const char *name, const char *text, int limit)
{
    char cut[MESSAGE_SIZE];

    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    if (!text) {
        wi_buffer_puts(out, "null");
        return;
    }
    wi_join(cut, (size_t)limit, text, NULL);
    wi_buffer_json_string(out, cut);
}

static void add_field(struct wi_buffer *out, const struct wi_log_field *field, int limit)
{
    if (field->kind == WI_FIELD_TEXT) {
        add_member(out, field->name, field->text, limit);
        return;
    }
    wi_buffer_strings(out, ",\"", field->name, "\":", NULL);
    if (field->kind == WI_FIELD_INTEGER)
        wi_buffer_integer(out, field->integer);
    else if (field->kind == WI_FIELD_BOOLEAN)
        wi_buffer_puts(out, field->integer ? "true" : "false");
    else
        wi_buffer_ms(out, field->ms);
}

static void add_json_line(struct wi_buffer *out, const struct line *line, const char *time)
{
    wi_buffer_strings(out, "{\"time\":\"", time, "\",\"level\":\"", levels[line->level].name,
        "\",\"part\":\"", line->part, "\"", NULL);
    if (line->subject)
        add_member(out, "subject", line->subject, line->limit);
    for (size_t i = 0; i < line->field_count; i++)
        add_field(out, &line->fields[i], line->limit);
    add_member(out, "message", line->message, line->limit);
    wi_buffer_puts(out, "}");
}

/* Control characters in a text take up to six bytes each: it is cut until the line fits. */
static void print(struct wi_buffer *out, struct line *line)
{
    char time[WI_TIME_SIZE];

    wi_format_time(wi_wall_ms(), time);
    line->limit = MESSAGE_SIZE;
    do {
        wi_buffer_clear(out);
        if (sink.format == WI_LOG_JSON)
            add_json_line(out, line, time);
        else
            add_text_line(out, line, time);
        wi_buffer_add(out, "\n", 1);
        line->limit /= 2;
    } while (out->size > PIPE_BUF && line->limit > 0);
    wi_scrub(out->text);
    out->size = strlen(out->text);
}

/* Says how many lines were lost, if any were; 0 if that is lost too. */
static int say_lost(void)
{
    struct wi_buffer out = {0};
    char message[128];
    struct line line = {.level = WI_LOG_WARN, .part = "log", .message = message};
    int said;

    if (sink.lost == 0)
        return 1;
    snprintf(message, sizeof message,
        "%llu lines were lost: whoever reads the log did not take them", sink.lost);
    print(&out, &line);
    said = deliver(out.text, out.size);
    wi_buffer_clear(&out);
    if (said)
        sink.lost = 0;
    return said;
}

static void write_lines(const char *lines, size_t size, size_t count)
{
    if (!say_lost() || !deliver(lines, size))
        sink.lost += count;
}

static void write_kept(void)
{
    if (sink.kept_lines == 0)
        return;
    write_lines(sink.kept, sink.kept_size, sink.kept_lines);
    sink.kept_lines = sink.kept_size = 0;
}

static void write_line(struct line *line)
{
    struct wi_buffer out = {0};

    print(&out, line);
    /* One at a time, or another thread might fill a pipe between the look and the write. */
    pthread_mutex_lock(&sink.lock);
    write_kept();
    write_lines(out.text, out.size, 1);
    pthread_mutex_unlock(&sink.lock);
    wi_buffer_clear(&out);
}

void wi_log_write(
    enum wi_level level, const char *part, const char *subject, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    struct line line = {.level = level, .part = part, .subject = subject, .message = message};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_line(&line);
}

int wi_log_keep(enum wi_level level, const char *part, const char *subject,
    const struct wi_log_field *fields, size_t count, const char *message)
{
    struct line line = {.level = level,
        .part = part,
        .subject = subject,
        .message = message,
        .fields = fields,
        .field_count = count};
    struct wi_buffer out = {0};
    int is_first;

    print(&out, &line);
    pthread_mutex_lock(&sink.lock);
    if (sink.kept_size + out.size > sizeof sink.kept)
        write_kept();
    is_first = sink.kept_lines++ == 0;
    memcpy(sink.kept + sink.kept_size, out.text, out.size);
    sink.kept_size += out.size;
    pthread_mutex_unlock(&sink.lock);
    wi_buffer_clear(&out);
    return is_first;
}

void wi_log_flush(void)
{
    pthread_mutex_lock(&sink.lock);
    write_kept();
    pthread_mutex_unlock(&sink.lock);
}

/* --- lines that are limited ------------------------------------------------------------------- */

int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out)
{
    double window_ms = limit->window_ms > 0 ? limit->window_ms : WI_LOG_LIMIT_MS;
    *left_out = 0;
    if (limit->_written == 0 || now_ms - limit->_since >= window_ms) {
        *left_out = limit->_left_out;
        limit->_since = now_ms;
        limit->_written = limit->_left_out = 0;
    }
    if (limit->_written >= (limit->lines ? limit->lines : WI_LOG_LIMIT_LINES)) {
        limit->_left_out++;
        return 0;
    }
    limit->_written++;
    return 1;
}

int wi_log_limit_allows(struct wi_log_limit *limit, enum wi_level level, const char *part)
{
    unsigned left_out;
    int allowed = wi_log_limit_take(limit, wi_now_ms(), &left_out);
    if (left_out)
        wi_log_write(level, part, NULL, "%u more lines about %s were left out", left_out,
            limit->about ? limit->about : "the same");
    return allowed;
}
