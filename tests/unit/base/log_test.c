/* The log's lines: what they are made of, and that nobody's slowness stops who writes them. */
#include "../test.h"

#include "../files.h"

#include "base/buffer.h"
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Standard error goes into a pipe or socket of ours meanwhile. */
struct place {
    int reader, saved;
};

static void listen_at(struct place *place, const int ends[2], enum wi_log_format format)
{
    place->reader = ends[0];
    place->saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    if (place->reader >= 0)
        fcntl(place->reader, F_SETFL, O_NONBLOCK);
    unsetenv("JOURNAL_STREAM");
    wi_log_configure(WI_LOG_INFO, format);
}

static void set_up(struct place *place, enum wi_log_format format)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    listen_at(place, ends, format);
}

static void tear_down(struct place *place)
{
    dup2(place->saved, STDERR_FILENO);
    close(place->saved);
    if (place->reader >= 0)
        close(place->reader);
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
}

/* What was written since the last call. */
static size_t hear(struct place *place, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got;

    while (length < size - 1 && (got = read(place->reader, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return length;
}

TEST(fields_are_members_in_json)
{
    const struct wi_log_field fields[] = {
        {.name = "method", .text = "GET"},
        {.name = "path", .text = "/\"\x01"},
        {.name = "status", .kind = WI_FIELD_INTEGER, .integer = 200},
        {.name = "duration_ms", .kind = WI_FIELD_MS, .ms = 1.2345},
        {.name = "token", .text = NULL},
        {.name = "left", .kind = WI_FIELD_BOOLEAN, .integer = 1},
    };
    struct place place;
    char text[8192];
    json_t *line;

    set_up(&place, WI_LOG_JSON);
    wi_log_keep(WI_LOG_INFO, "api", "req-1", fields, 6, "GET 200");
    wi_log_flush();
    hear(&place, text, sizeof text);
    tear_down(&place);
    line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "part")), "api");
    assert_string_equal(json_string_value(json_object_get(line, "subject")), "req-1");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "GET 200");
    assert_string_equal(json_string_value(json_object_get(line, "method")), "GET");
    assert_string_equal(json_string_value(json_object_get(line, "path")), "/\"\x01");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 200);
    assert_true(json_is_integer(json_object_get(line, "status")));
    assert_float_equal(json_number_value(json_object_get(line, "duration_ms")), 1.234, 0.0011);
    assert_true(json_is_null(json_object_get(line, "token")));
    assert_true(json_is_true(json_object_get(line, "left")));
    json_decref(line);
}

TEST(text_has_the_message_alone)
{
    const struct wi_log_field field = {.name = "method", .text = "GET"};
    struct place place;
    char text[8192];

    set_up(&place, WI_LOG_TEXT);
    wi_log_keep(WI_LOG_INFO, "api", "req-1", &field, 1, "a\nb");
    wi_info("api", NULL, "a \xc2\x9b%s \xc4\x9b \xc2", "31mred"); /* C1 steers terminals, too */
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_non_null(strstr(text, "Z info  api: req-1: a\\x0ab\n"));
    assert_non_null(strstr(text, "a \\xc2\\x9b31mred \xc4\x9b \xc2\n"));
    assert_null(strstr(text, "method"));
}

TEST(tokens_are_scrubbed_from_every_text)
{
    static const char token[] = "wi_0123456789012345678901234567890123456789012";
    const struct wi_log_field field = {.name = "path", .text = token};
    struct place place;
    char text[8192];

    set_up(&place, WI_LOG_JSON);
    wi_log_keep(WI_LOG_INFO, "api", token, &field, 1,
        "with wi_0123456789012345678901234567890123456789012 in it");
    wi_log_flush();
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_null(strstr(text, "wi_0123"));
    assert_non_null(strstr(text, "\"message\":\"with wi_*** in it\""));
    assert_non_null(strstr(text, "\"path\":\"wi_***\""));
    assert_non_null(strstr(text, "\"subject\":\"wi_***\""));
}

static void check_no_part_of_a_token(enum wi_log_format format, const char *said)
{
    const struct wi_log_field field = {.name = "path", .text = said};
    struct place place;
    char text[16384];

    set_up(&place, format);
    wi_info("test", NULL, "%s", said);
    wi_log_keep(WI_LOG_INFO, "test", said, &field, 1, said);
    wi_log_flush();
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_non_null(strstr(text, "...."));
    assert_null(strstr(text, "wi_0"));
}

/* At each place where a text is cut: at its limit, and at the half of it where the line is too
 * long. */
TEST(a_token_is_nowhere_cut_in_two)
{
    static const char token[] = "wi_0123456789012345678901234567890123456789012";
    static const size_t cuts[] = {512, 1024, 2048, 4096};
    char said[6000];

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        for (size_t before = 0; before < sizeof token; before++) {
            memset(said, '.', sizeof said - 1);
            said[sizeof said - 1] = '\0';
            memcpy(said + cuts[i] - before, token, strlen(token));
            check_no_part_of_a_token(WI_LOG_TEXT, said);
            check_no_part_of_a_token(WI_LOG_JSON, said);
        }
    }
}

TEST(a_line_fits_into_a_pipe_at_once)
{
    char wide[4096], text[8192];
    struct wi_log_field fields[4];
    struct place place;
    json_t *line;

    memset(wide, 1, sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    for (int i = 0; i < 4; i++)
        fields[i] = (struct wi_log_field){.name = "wide", .text = wide};
    set_up(&place, WI_LOG_JSON);
    wi_log_keep(WI_LOG_INFO, "test", wide, fields, 4, wide);
    wi_log_flush();
    assert_in_range(hear(&place, text, sizeof text), PIPE_BUF / 4, PIPE_BUF);
    tear_down(&place);
    line = json_loads(text, 0, NULL);
    assert_non_null(line);
    json_decref(line);
}

/* Fills what nobody reads: without an end to it, the first call that waits would never return. */
static void fill_and_go_on(struct place *place)
{
    static char text[1 << 20];
    unsigned long long lost = 0;
    size_t lines = 0;
    const char *said;

    alarm(20);
    for (int i = 0; i < 10000; i++)
        wi_info("test", NULL, "line %d: %0200d", i, 0);
    hear(place, text, sizeof text);
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_in_range(lines, 10, 9999);
    assert_null(strstr(text, "lost"));
    wi_info("test", NULL, "the reader is back");
    hear(place, text, sizeof text);
    said = strstr(text, "warn  log: ");
    assert_non_null(said);
    assert_int_equal(sscanf(said, "warn  log: %llu lines were lost", &lost), 1);
    assert_int_equal(lost + lines, 10000);
    assert_non_null(strstr(said, "the reader is back\n"));
    wi_info("test", NULL, "and hears the rest");
    hear(place, text, sizeof text);
    assert_null(strstr(text, "lost"));
    alarm(0);
}

TEST(a_pipe_that_nobody_reads_stops_nothing)
{
    struct place place;

    set_up(&place, WI_LOG_TEXT);
    fill_and_go_on(&place);
    tear_down(&place);
}

TEST(a_socket_that_nobody_reads_stops_nothing)
{
    struct place place;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    listen_at(&place, ends, WI_LOG_TEXT);
    fill_and_go_on(&place);
    tear_down(&place);
}

/* --- a file ----------------------------------------------------------------------------------- */

/* Standard error is a file of that path meanwhile. */
static void write_to(struct place *place, const char *path)
{
    int ends[2] = {-1, open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)};

    assert_true(ends[1] >= 0);
    listen_at(place, ends, WI_LOG_TEXT);
}

static size_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, size - 1) : 0;

    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

/* A limit of sizes stands for a full disk, which takes a part of a line and then nothing. */
TEST(a_line_that_was_cut_by_a_full_disk_is_made_whole)
{
    struct place place;
    struct rlimit usual, small;
    char root[64], path[80], text[8192];

    make_root(root, "log");
    snprintf(path, sizeof path, "%s/log", root);
    write_to(&place, path);
    wi_info("test", NULL, "before");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = (struct rlimit){
        .rlim_cur = read_file(path, text, sizeof text) + 40, .rlim_max = usual.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    wi_info("test", NULL, "this one is cut %030d", 1);
    wi_info("test", NULL, "lost");
    wi_info("test", NULL, "lost as well");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(read_file(path, text, sizeof text), small.rlim_cur);
    wi_info("test", NULL, "there is room again");
    tear_down(&place);
    read_file(path, text, sizeof text);
    remove_root(root);
    assert_non_null(strstr(text, "info  test: this one is cut 000000000000000000000000000001\n"));
    assert_non_null(strstr(text, "000001\n2")); /* a line begins, with its time */
    assert_non_null(strstr(text, "warn  log: 2 lines were lost"));
    assert_non_null(strstr(text, "info  test: there is room again\n"));
}

TEST(a_file_that_was_moved_away_is_made_again)
{
    struct place place;
    struct stat info;
    char root[64], path[80], moved[80], text[8192];

    make_root(root, "log");
    snprintf(path, sizeof path, "%s/log", root);
    snprintf(moved, sizeof moved, "%s/log.1", root);
    write_to(&place, path);
    wi_log_reopen(); /* it is where it was */
    wi_info("test", NULL, "one");
    assert_int_equal(rename(path, moved), 0);
    wi_info("test", NULL, "two");
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT); /* as a reload does */
    wi_log_reopen();
    wi_info("test", NULL, "three");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(unlink(path), 0);
    wi_log_reopen();
    wi_info("test", NULL, "four");
    read_file(path, text, sizeof text);
    assert_null(strstr(text, "three"));
    assert_non_null(strstr(text, "four\n"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(moved, path), 0); /* which somebody else may have put there */
    wi_log_reopen();
    wi_info("test", NULL, "five");
    tear_down(&place);
    read_file(moved, text, sizeof text);
    remove_root(root);
    assert_non_null(strstr(text, "one\n"));
    assert_non_null(strstr(text, "two\n"));
    assert_null(strstr(text, "three"));
    assert_null(strstr(text, "five"));
}

/* --- lines that are kept ---------------------------------------------------------------------- */

static int keep(const char *message)
{
    return wi_log_keep(WI_LOG_INFO, "api", NULL, NULL, 0, message);
}

TEST(what_is_kept_comes_when_it_is_flushed)
{
    struct place place;
    char text[8192];

    set_up(&place, WI_LOG_TEXT);
    assert_true(keep("one"));
    assert_false(keep("two"));
    assert_int_equal(hear(&place, text, sizeof text), 0);
    wi_log_flush();
    hear(&place, text, sizeof text);
    assert_non_null(strstr(text, "info  api: one\n"));
    assert_non_null(strstr(strstr(text, "one\n"), "info  api: two\n"));
    assert_true(keep("three"));
    wi_log_flush();
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_null(strstr(text, "two"));
    assert_non_null(strstr(text, "three\n"));
}

TEST(a_line_that_is_written_comes_behind_those_that_are_kept)
{
    struct place place;
    char text[8192];

    set_up(&place, WI_LOG_TEXT);
    keep("before");
    wi_error_log("test", NULL, "written");
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_non_null(strstr(text, "before\n"));
    assert_non_null(strstr(strstr(text, "before\n"), "error test: written\n"));
}

TEST(as_many_are_kept_as_a_pipe_takes_at_once)
{
    struct place place;
    char message[500], text[3 * PIPE_BUF];
    size_t kept = 1, got;

    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    set_up(&place, WI_LOG_TEXT);
    assert_true(keep(message));
    while (!keep(message))
        kept++;
    got = hear(&place, text, sizeof text);
    assert_in_range(got, PIPE_BUF - 2 * sizeof message, PIPE_BUF);
    assert_int_equal(got % kept, 0); /* whole lines, all but the last, which is kept again */
    assert_int_equal(text[got - 1], '\n');
    wi_log_flush();
    assert_int_equal(hear(&place, text, sizeof text), got / kept);
    tear_down(&place);
}

TEST(lines_that_were_kept_in_vain_are_counted_as_lost)
{
    static char text[1 << 20];
    struct place place;

    set_up(&place, WI_LOG_TEXT);
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    memset(text, 'x', sizeof text);
    while (write(STDERR_FILENO, text, PIPE_BUF) > 0)
        ;
    keep("one");
    keep("two");
    wi_log_flush();
    hear(&place, text, sizeof text);
    wi_info("test", NULL, "the reader is back");
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_non_null(strstr(text, "warn  log: 2 lines were lost"));
    assert_null(strstr(text, "api: "));
}

TEST(what_is_kept_survives_an_abort)
{
    struct place place;
    char text[8192];
    int status;
    pid_t child;

    set_up(&place, WI_LOG_TEXT);
    child = fork();
    if (child == 0) {
        keep("the last");
        abort();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    hear(&place, text, sizeof text);
    tear_down(&place);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "info  api: the last\n"));
}

/* --- the last lines --------------------------------------------------------------------------- */

/* What is meant of all lines after `after`, as a list; `found` receives the rest. */
static json_t *look(const struct wi_log_query *query, struct wi_log_found *found)
{
    struct wi_buffer text = {0};
    json_t *lines;

    wi_buffer_puts(&text, "[");
    wi_log_read(query, &text, found);
    wi_buffer_puts(&text, "]");
    assert_null(strchr(text.text, '\n'));
    lines = json_loads(text.text, 0, NULL);
    assert_non_null(lines);
    assert_int_equal(json_array_size(lines), found->count);
    wi_buffer_clear(&text);
    return lines;
}

static const char *text_of(const json_t *lines, size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(lines, i), name));
}

static uint64_t seq_of(const json_t *lines, size_t i)
{
    return (uint64_t)json_integer_value(json_object_get(json_array_get(lines, i), "seq"));
}

/* Nobody reads standard error meanwhile. */
static void be_quiet(struct place *place, enum wi_log_format format)
{
    set_up(place, format);
    close(place->reader);
    place->reader = open("/dev/null", O_RDWR);
    dup2(place->reader, STDERR_FILENO);
    wi_log_configure(WI_LOG_INFO, format);
}

static void assert_read_again(enum wi_log_format format)
{
    const struct wi_log_field field = {.name = "status", .kind = WI_FIELD_INTEGER, .integer = 200};
    struct wi_log_query query = {.after = wi_log_latest(), .level = WI_LOG_DEBUG, .limit = 10};
    struct wi_log_found found;
    struct place place;
    json_t *lines;

    be_quiet(&place, format);
    wi_warn("bridge", "node-1", "a %s", "warning");
    wi_debug("bridge", NULL, "not at this level");
    wi_log_keep(WI_LOG_INFO, "api", "req-1", &field, 1, "GET 200");
    wi_log_flush();
    lines = look(&query, &found);
    tear_down(&place);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.latest, query.after + 2);
    assert_int_equal(found.latest, wi_log_latest());
    assert_int_equal(found.forgotten + found.left_out, 0);
    assert_int_equal(seq_of(lines, 0), query.after + 1);
    assert_int_equal(seq_of(lines, 1), query.after + 2);
    assert_string_equal(text_of(lines, 0, "level"), "warn");
    assert_string_equal(text_of(lines, 0, "part"), "bridge");
    assert_string_equal(text_of(lines, 0, "subject"), "node-1");
    assert_string_equal(text_of(lines, 0, "message"), "a warning");
    assert_int_equal(strlen(text_of(lines, 0, "time")), strlen("2026-01-31T12:00:00.250Z"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(lines, 1), "status")), 200);
    json_decref(lines);
}

TEST(lines_are_read_again_whatever_the_format)
{
    assert_read_again(WI_LOG_TEXT);
    assert_read_again(WI_LOG_JSON);
}

TEST(a_line_that_is_read_again_is_that_of_the_format_json)
{
    const struct wi_log_field fields[] = {{.name = "path", .text = "/\"\\\x01\xff\xe2\x80\xae"},
        {.name = "none", .text = NULL}, {.name = "ms", .kind = WI_FIELD_MS, .ms = 0.25}};
    struct wi_log_query query = {.after = wi_log_latest(), .level = WI_LOG_INFO, .limit = 1};
    struct wi_log_found found;
    struct place place;
    char text[8192];
    json_t *lines, *said;

    set_up(&place, WI_LOG_JSON);
    wi_log_keep(WI_LOG_INFO, "api", NULL, fields, 3, "\x1b[31m \xc2");
    wi_log_flush();
    hear(&place, text, sizeof text);
    lines = look(&query, &found);
    tear_down(&place);
    said = json_loads(text, 0, NULL);
    assert_non_null(said);
    json_object_set_new(said, "seq", json_integer((json_int_t)query.after + 1));
    assert_true(json_equal(said, json_array_get(lines, 0)));
    json_decref(said);
    json_decref(lines);
}

TEST(what_is_meant_is_read)
{
    struct wi_log_query query = {.after = wi_log_latest(), .level = WI_LOG_WARN, .limit = 3};
    uint64_t first = query.after + 1;
    struct wi_log_found found;
    struct place place;
    json_t *lines;

    be_quiet(&place, WI_LOG_TEXT);
    for (int i = 0; i < 3; i++) {
        wi_error_log("pool", "node-7", "Broken %d", i);
        wi_warn("pools", NULL, "doubted %d", i);
        wi_info("pool", NULL, "fine %d", i);
    }
    lines = look(&query, &found); /* by level: the newest of six */
    assert_int_equal(found.count, 3);
    assert_int_equal(found.left_out, 3);
    assert_string_equal(text_of(lines, 0, "message"), "doubted 1");
    assert_string_equal(text_of(lines, 2, "message"), "doubted 2");
    json_decref(lines);
    query.before = first + 4; /* and the page before */
    lines = look(&query, &found);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.left_out, 0);
    assert_string_equal(text_of(lines, 2, "message"), "Broken 1");
    json_decref(lines);
    query = (struct wi_log_query){
        .after = query.after, .level = WI_LOG_DEBUG, .part = "pool", .limit = 9};
    json_decref(look(&query, &found));
    assert_int_equal(found.count, 6);
    query.contains = "de-7"; /* in the subject */
    json_decref(look(&query, &found));
    assert_int_equal(found.count, 3);
    query.contains = "ine 1"; /* in the message */
    json_decref(look(&query, &found));
    assert_int_equal(found.count, 1);
    query.contains = "FINE";
    json_decref(look(&query, &found));
    assert_int_equal(found.count, 0);
    tear_down(&place);
}

TEST(what_is_forgotten_is_counted)
{
    struct wi_log_query query = {
        .after = wi_log_latest() + 5, .level = WI_LOG_INFO, .limit = WI_LOG_LINES};
    struct wi_log_found found;
    struct place place;
    json_t *lines;

    be_quiet(&place, WI_LOG_TEXT);
    for (int i = 0; i < WI_LOG_LINES + 50; i++)
        wi_info("test", NULL, "line %d", i);
    lines = look(&query, &found);
    assert_int_equal(found.count, WI_LOG_LINES);
    assert_int_equal(found.forgotten, 45);
    assert_string_equal(text_of(lines, 0, "message"), "line 50");
    json_decref(lines);
    query.after = 0;
    query.before = 10; /* all of them are gone */
    json_decref(look(&query, &found));
    assert_int_equal(found.count, 0);
    assert_int_equal(found.forgotten, wi_log_latest() - WI_LOG_LINES);
    for (int i = 0; i < 2; i++) {
        query = (struct wi_log_query){.after = i ? UINT64_MAX : wi_log_latest(), .limit = 1};
        json_decref(look(&query, &found));
        assert_int_equal(found.count + found.forgotten + found.left_out, 0);
    }
    tear_down(&place);
}

#define THREADS 6
#define THREAD_LINES 3000

static void *chatter(void *name)
{
    for (int i = 0; i < THREAD_LINES; i++) {
        if (i % 3 == 0)
            keep(name);
        else
            wi_info("test", name, "%d %.*s", i, i % 200, "a text that makes them differ in length");
    }
    return NULL;
}

TEST(threads_may_write_while_others_read)
{
    static const char *const names[THREADS] = {"a", "b", "c", "d", "e", "f"};
    struct wi_log_query query = {.after = wi_log_latest(), .level = WI_LOG_INFO, .limit = 300};
    uint64_t before = query.after;
    pthread_t threads[THREADS];
    struct wi_log_found found;
    struct place place;

    be_quiet(&place, WI_LOG_TEXT);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, (void *)names[i]), 0);
    while (found.latest = wi_log_latest(), found.latest < before + THREADS * THREAD_LINES) {
        json_t *lines = look(&query, &found);
        for (size_t i = 0; i < found.count; i++)
            assert_in_range(seq_of(lines, i), i ? seq_of(lines, i - 1) + 1 : before, found.latest);
        query.after = found.latest;
        json_decref(lines);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wi_log_latest(), before + THREADS * THREAD_LINES);
    wi_log_flush();
    tear_down(&place);
}

/* --- lines that are limited ------------------------------------------------------------------- */

TEST(limits_a_kind_of_line)
{
    struct wi_log_limit limit = {.about = "tests"};
    unsigned left_out = 99;
    for (int i = 0; i < WI_LOG_LIMIT_LINES; i++) {
        assert_true(wi_log_limit_take(&limit, 1000 + i, &left_out));
        assert_int_equal(left_out, 0);
    }
    for (int i = 0; i < 7; i++) {
        assert_false(wi_log_limit_take(&limit, 2000 + i, &left_out));
        assert_int_equal(left_out, 0);
    }
    /* The next window, however late it begins, says what the last one hid. */
    assert_true(wi_log_limit_take(&limit, 1000 + WI_LOG_LIMIT_MS, &left_out));
    assert_int_equal(left_out, 7);
    assert_true(wi_log_limit_take(&limit, 1001 + WI_LOG_LIMIT_MS, &left_out));
    assert_int_equal(left_out, 0);
}

TEST(lets_rare_lines_pass)
{
    struct wi_log_limit limit = {0};
    unsigned left_out;
    for (int i = 0; i < 3 * WI_LOG_LIMIT_LINES; i++) {
        assert_true(wi_log_limit_take(&limit, i * (double)WI_LOG_LIMIT_MS, &left_out));
        assert_int_equal(left_out, 0);
    }
}
