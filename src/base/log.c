/*
 * The log sink: one write(2) per line, or for several whole ones that were kept, so that lines from
 * the loop and from worker threads never mix, and none that could wait. The mode of the descriptor
 * is left alone, since other programs may share the file, pipe or terminal behind it. Times are
 * printed unless journald adds them (JOURNAL_STREAM names our stderr).
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_ring.h"
#include "base/secret.h"
#include <errno.h>
#include <fcntl.h>
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

static struct {
    enum wi_level level;
    enum wi_log_format format;
    int journald, is_socket, is_file;
    pthread_mutex_t lock;    /* of what follows, and of writing */
    unsigned long long lost; /* lines since the last that was written */
    size_t kept_lines, kept_size;
    char kept[PIPE_BUF]; /* whole lines, as many as a pipe takes at once */
    size_t rest_size;
    char rest[PIPE_BUF]; /* of lines that were taken in part, as by a disk that is full */
    struct stat file;    /* that standard error is */
    char path[PATH_MAX]; /* as it was called when it was found there; "": it has no name */
    struct wi_log_ring last;
} sink = {.level = WI_LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether our stderr is the very stream that JOURNAL_STREAM ("device:inode") names. */
static int stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

/* How many of them the reader took; -1: none. At most PIPE_BUF bytes, for which a pipe that is
 * writable has room; a file always is. */
static ssize_t offer_bytes(const char *bytes, size_t size)
{
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (sink.is_socket)
        return send(STDERR_FILENO, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!sink.is_file && (poll(&reader, 1, 0) <= 0 || !(reader.revents & POLLOUT)))
        return -1;
    return write(STDERR_FILENO, bytes, size);
}

/* Whether nothing is left of a line that was begun. */
static int deliver_rest(void)
{
    ssize_t taken = sink.rest_size > 0 ? offer_bytes(sink.rest, sink.rest_size) : 0;

    if (taken > 0) {
        sink.rest_size -= (size_t)taken;
        memmove(sink.rest, sink.rest + taken, sink.rest_size);
    }
    return sink.rest_size == 0;
}

/* Whether the reader took them, or began to: then it gets their rest before anything else. */
static int log_deliver(const char *bytes, size_t size)
{
    ssize_t taken = deliver_rest() ? offer_bytes(bytes, size) : -1;

    if (taken < 0)
        return 0;
    if ((size_t)taken < size && size - (size_t)taken <= sizeof sink.rest) {
        sink.rest_size = size - (size_t)taken;
        memcpy(sink.rest, bytes + taken, sink.rest_size);
    }
    return 1;
}

/* The kept lines tell what happened before the process aborted. The lock is not taken: the thread
 * that was stopped here may hold it. */
static void on_abort(int number)
{
    if (sink.kept_size > 0)
        (void)log_deliver(sink.kept, sink.kept_size);
    raise(number);
}

static int is_same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Notes the name of the file behind standard error. */
static void note_file(const struct stat *file)
{
    static const char gone[] = " (deleted)";
    ssize_t length = readlink("/proc/self/fd/2", sink.path, sizeof sink.path - 1);

    sink.file = *file;
    sink.path[length > 0 ? length : 0] = '\0';
    if (length > (ssize_t)strlen(gone) && strcmp(sink.path + length - strlen(gone), gone) == 0)
        sink.path[0] = '\0';
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
    if (!sink.is_file)
        sink.path[0] = '\0';
    else if (!sink.path[0] || !is_same_file(&status, &sink.file)) /* else it may have been moved */
        note_file(&status);
    sigaction(SIGABRT, &aborting, NULL);
}

int wi_log_enabled(enum wi_level level)
{
    return level <= sink.level;
}

/* As standard error has it. */
static void line_print(struct wi_buffer *out, const struct wi_log_line *line)
{
    const struct wi_log_style style = {.format = sink.format, .is_for_journald = sink.journald};

    wi_log_line_print(out, line, &style);
    wi_buffer_add(out, "\n", 1);
}

/* Says how many lines were lost, if any were; 0 if that is lost too. */
static int say_lost(void)
{
    struct wi_buffer out = {0};
    char message[128];
    struct wi_log_line line = {
        .time = wi_wall_ms(), .level = WI_LOG_WARN, .part = "log", .message = message};

    if (sink.lost == 0)
        return 1;
    snprintf(message, sizeof message,
        "%llu lines were lost: the reader of the log did not take them", sink.lost);
    line_print(&out, &line);
    int said = log_deliver(out.text, out.size);
    wi_buffer_clear(&out);
    if (said)
        sink.lost = 0;
    return said;
}

static void write_lines(const char *lines, size_t size, size_t count)
{
    if (!say_lost() || !log_deliver(lines, size))
        sink.lost += count;
}

static void write_kept(void)
{
    if (sink.kept_lines == 0)
        return;
    write_lines(sink.kept, sink.kept_size, sink.kept_lines);
    sink.kept_lines = sink.kept_size = 0;
}

/* --- the file, moved away --------------------------------------------------------------------- */

/* The file at the path, made with `mode` where there is none; -1 with errno. */
static int open_log(const char *path, mode_t mode)
{
    const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    struct stat status;
    int fd = open(path, flags);

    if (fd < 0 && errno == ENOENT) {
        fd = open(path, flags | O_CREAT | O_EXCL, 0600);
        if (fd >= 0)
            (void)fchmod(fd, mode & 0777);
    }
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

/* Also in the place of standard output, where that goes there too. */
static void take_log(int fd, const struct stat *old)
{
    struct stat output;
    int both = fstat(STDOUT_FILENO, &output) == 0 && is_same_file(&output, old);

    pthread_mutex_lock(&sink.lock);
    write_kept();
    if (!deliver_rest()) {
        sink.lost++;
        sink.rest_size = 0;
    }
    dup2(fd, STDERR_FILENO);
    if (both)
        dup2(fd, STDOUT_FILENO);
    (void)fstat(fd, &sink.file);
    pthread_mutex_unlock(&sink.lock);
}

void wi_log_reopen(void)
{
    struct stat old, there;

    if (!sink.is_file || !sink.path[0] || fstat(STDERR_FILENO, &old) != 0)
        return;
    if (stat(sink.path, &there) == 0 && is_same_file(&there, &old))
        return;
    int fd = open_log(sink.path, old.st_mode);
    if (fd < 0) {
        wi_warn("log", NULL, "%s cannot be opened again, and the log stays where it is: %s",
            sink.path, strerror(errno));
        return;
    }
    take_log(fd, &old);
    close(fd);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* A line in both forms, made before the lock is taken. */
struct said {
    struct wi_buffer text;
    struct wi_log_record record;
};

static void line_say(struct said *said, const struct wi_log_line *line)
{
    said->text = (struct wi_buffer){0};
    line_print(&said->text, line);
    wi_log_record_make(&said->record, line);
}

void wi_log_write(
    enum wi_level level, const char *part, const char *subject, const char *format, ...)
{
    char message[WI_LOG_TEXT_SIZE +
                 WI_TOKEN_SIZE]; /* what is shown, and a secret that begins there */
    const struct wi_log_line line = {
        .time = wi_wall_ms(), .level = level, .part = part, .subject = subject, .message = message};
    struct said said;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    line_say(&said, &line);
    /* One at a time, or another thread might fill a pipe between the look and the write. */
    pthread_mutex_lock(&sink.lock);
    wi_log_ring_add(&sink.last, &said.record);
    write_kept();
    write_lines(said.text.text, said.text.size, 1);
    pthread_mutex_unlock(&sink.lock);
    wi_buffer_clear(&said.text);
}

int wi_log_keep(enum wi_level level, const char *part, const char *subject,
    const struct wi_log_field *fields, size_t count, const char *message)
{
    const struct wi_log_line line = {.time = wi_wall_ms(),
        .level = level,
        .part = part,
        .subject = subject,
        .message = message,
        .fields = fields,
        .field_count = count};
    struct said said;

    line_say(&said, &line);
    pthread_mutex_lock(&sink.lock);
    wi_log_ring_add(&sink.last, &said.record);
    if (sink.kept_size + said.text.size > sizeof sink.kept)
        write_kept();
    int is_first = sink.kept_lines++ == 0;
    memcpy(sink.kept + sink.kept_size, said.text.text, said.text.size);
    sink.kept_size += said.text.size;
    pthread_mutex_unlock(&sink.lock);
    wi_buffer_clear(&said.text);
    return is_first;
}

void wi_log_flush(void)
{
    pthread_mutex_lock(&sink.lock);
    write_kept();
    pthread_mutex_unlock(&sink.lock);
}

/* --- the last lines --------------------------------------------------------------------------- */

/* The line with that number: 0, or -1 where it is not known any more. */
static int copy_line(uint64_t seq, struct wi_log_record *record)
{
    pthread_mutex_lock(&sink.lock);
    int code = wi_log_ring_copy(&sink.last, seq, record);
    pthread_mutex_unlock(&sink.lock);
    return code;
}

static int is_meant(const struct wi_log_query *query, const struct wi_log_record *record)
{
    struct wi_log_field fields[WI_LOG_FIELDS_MAX];
    struct wi_log_line line;

    wi_log_record_line(record, &line, fields);
    return line.level <= query->level && (!query->part || strcmp(line.part, query->part) == 0) &&
           (!query->contains || strstr(line.message, query->contains) ||
               (line.subject && strstr(line.subject, query->contains)));
}

/* Notes the numbers of the lines that are meant, out of those from `oldest` to `newest`, the newest
 * first. */
static void lines_find(const struct wi_log_query *query, uint64_t oldest, uint64_t newest,
    uint64_t numbers[WI_LOG_LINES], struct wi_log_found *found)
{
    struct wi_log_record record;

    for (uint64_t seq = newest; seq >= oldest; seq--) {
        if (copy_line(seq, &record) != 0) /* forgotten meanwhile, as are those before it */
            return;
        if (!is_meant(query, &record))
            continue;
        if (found->count < query->limit)
            numbers[found->count++] = seq;
        else
            found->left_out++;
    }
}

/* 0, or -1 where it is not known any more. */
static int add_found(struct wi_buffer *out, uint64_t seq, int is_first)
{
    const struct wi_log_style style = {.format = WI_LOG_JSON, .seq = seq};
    struct wi_log_field fields[WI_LOG_FIELDS_MAX];
    struct wi_log_record record;
    struct wi_log_line line;

    if (copy_line(seq, &record) != 0)
        return -1;
    wi_log_record_line(&record, &line, fields);
    if (!is_first)
        wi_buffer_puts(out, ",");
    wi_log_line_print(out, &line, &style);
    return 0;
}

uint64_t wi_log_latest(void)
{
    pthread_mutex_lock(&sink.lock);
    uint64_t latest = sink.last.latest;
    pthread_mutex_unlock(&sink.lock);
    return latest;
}

void wi_log_read(
    const struct wi_log_query *query, struct wi_buffer *out, struct wi_log_found *found)
{
    uint64_t numbers[WI_LOG_LINES], oldest, newest;

    *found = (struct wi_log_found){0};
    pthread_mutex_lock(&sink.lock);
    newest = found->latest = sink.last.latest;
    oldest = sink.last.latest - sink.last.kept + 1;
    pthread_mutex_unlock(&sink.lock);
    if (query->after >= newest)
        return;
    if (query->after + 1 < oldest)
        found->forgotten = oldest - 1 - query->after;
    else
        oldest = query->after + 1;
    if (query->before > 0 && query->before <= newest)
        newest = query->before - 1;
    lines_find(query, oldest, newest, numbers, found);
    size_t noted = found->count;
    found->count = 0;
    while (noted-- > 0) {
        if (add_found(out, numbers[noted], found->count == 0) == 0)
            found->count++;
        else
            found->forgotten++;
    }
}

/* --- lines that are limited ------------------------------------------------------------------- */

int wi_log_limit_take(struct wi_log_limit *limit, double now_ms, unsigned *left_out)
{
    const struct wi_rate_rule rule = {.most = limit->lines ? limit->lines : WI_LOG_LIMIT_LINES,
        .window_ms = limit->window_ms > 0 ? limit->window_ms : WI_LOG_LIMIT_MS};
    return wi_rate_limit_take(&limit->_rate, &rule, now_ms, left_out);
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
