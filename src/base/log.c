/*
 * The log sink: one write(2) per line, so that lines from the loop and from worker threads never
 * mix. Times are printed unless journald keeps them for us (JOURNAL_STREAM names our stderr).
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/secret.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum wi_level level;
    enum wi_log_format format;
    int journald;
} sink = {.level = WI_LOG_INFO};

static const struct {
    const char *name;
    int priority; /* syslog's, which journald reads from "<N>" */
} levels[] = {[WI_LOG_ERROR] = {"error", 3},
    [WI_LOG_WARN] = {"warn", 4},
    [WI_LOG_INFO] = {"info", 6},
    [WI_LOG_DEBUG] = {"debug", 7}};

/* Whether our stderr is the very stream that JOURNAL_STREAM ("device:inode") names. */
static int stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void wi_log_configure(enum wi_level level, enum wi_log_format format)
{
    sink.level = level;
    sink.format = format;
    sink.journald = stderr_is_journal();
}

int wi_log_enabled(enum wi_level level)
{
    return level <= sink.level;
}

/* Text from outside cannot forge lines or move the terminal's cursor. */
static void add_escaped(struct wi_buffer *line, const char *text)
{
    for (const char *s = text; *s; s++) {
        const char *plain = s;
        while ((unsigned char)*s >= 0x20 && *s != 0x7f)
            s++;
        wi_buffer_add(line, plain, (size_t)(s - plain));
        if (*s == '\0')
            break;
        wi_buffer_printf(line, "\\x%02x", (unsigned char)*s);
    }
}

static void add_text_line(struct wi_buffer *line, enum wi_level level, const char *time,
    const char *part, const char *subject, const char *message)
{
    if (sink.journald)
        wi_buffer_printf(line, "<%d>", levels[level].priority);
    else
        wi_buffer_printf(line, "%s %-5s ", time, levels[level].name);
    wi_buffer_printf(line, "%s: ", part);
    if (subject) {
        add_escaped(line, subject);
        wi_buffer_puts(line, ": ");
    }
    add_escaped(line, message);
}

static void add_json_line(struct wi_buffer *line, enum wi_level level, const char *time,
    const char *part, const char *subject, const char *message)
{
    wi_buffer_printf(
        line, "{\"time\":\"%s\",\"level\":\"%s\",\"part\":\"%s\"", time, levels[level].name, part);
    if (subject) {
        wi_buffer_puts(line, ",\"subject\":");
        wi_buffer_json_string(line, subject);
    }
    wi_buffer_puts(line, ",\"message\":");
    wi_buffer_json_string(line, message);
    wi_buffer_puts(line, "}");
}

void wi_log_write(
    enum wi_level level, const char *part, const char *subject, const char *format, ...)
{
    char message[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    wi_scrub(message);

    int64_t now = wi_wall_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    char date[32], time[48];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(time, sizeof time, "%s.%03dZ", date, (int)(now % 1000));

    struct wi_buffer line = {0};
    if (sink.format == WI_LOG_JSON)
        add_json_line(&line, level, time, part, subject, message);
    else
        add_text_line(&line, level, time, part, subject, message);
    wi_buffer_add(&line, "\n", 1);
    if (write(STDERR_FILENO, line.text, line.size) < 0) {
        /* A log that nobody reads is no reason to stop serving. */
    }
    wi_buffer_clear(&line);
}
