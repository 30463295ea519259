/* The last lines of the log: which are kept, and that they are what was said. */
#include "../test.h"

#include "base/log_ring.h"

#include <stdlib.h>
#include <string.h>

static struct wi_log_ring ring;
static struct wi_log_record record;

static int set_up(void **state)
{
    (void)state;
    memset(&ring, 0, sizeof ring);
    return 0;
}

FIXTURE(set_up, NULL)

/* A line that says its number, made up to `bytes`. */
static void add(uint64_t number, size_t bytes)
{
    static char message[WI_LOG_TEXT_SIZE];
    struct wi_log_line line = {.part = "test", .message = message};

    memset(message, '.', sizeof message - 1);
    message[snprintf(message, 32, "%llu", (unsigned long long)number)] = ' ';
    message[bytes] = '\0';
    wi_log_record_make(&record, &line);
    wi_log_ring_add(&ring, &record);
}

static void assert_here(uint64_t number)
{
    struct wi_log_field fields[WI_LOG_FIELDS_MAX];
    struct wi_log_line line;

    assert_int_equal(wi_log_ring_copy(&ring, number, &record), 0);
    wi_log_record_line(&record, &line, fields);
    assert_string_equal(line.part, "test");
    assert_int_equal(strtoull(line.message, NULL, 10), number);
    assert_int_equal(
        strspn(strchr(line.message, ' ') + 1, "."), strlen(strchr(line.message, ' ')) - 1);
}

/* All that are kept are the newest, and whole. */
static void assert_sound(void)
{
    uint64_t oldest = ring.latest - ring.kept + 1;

    for (uint64_t number = oldest; number <= ring.latest; number++)
        assert_here(number);
    assert_int_equal(wi_log_ring_copy(&ring, oldest - 1, &record), -1);
    assert_int_equal(wi_log_ring_copy(&ring, ring.latest + 1, &record), -1);
}

TEST(an_empty_one_has_no_line)
{
    (void)state;
    assert_int_equal(wi_log_ring_copy(&ring, 0, &record), -1);
    assert_int_equal(wi_log_ring_copy(&ring, 1, &record), -1);
    assert_int_equal(wi_log_ring_copy(&ring, UINT64_MAX, &record), -1);
}

TEST(keeps_the_newest_of_short_lines)
{
    (void)state;
    for (uint64_t number = 1; number <= 2 * WI_LOG_LINES + 7; number++) {
        add(number, 30);
        assert_int_equal(ring.latest, number);
        assert_int_equal(ring.kept, number < WI_LOG_LINES ? number : WI_LOG_LINES);
    }
    assert_sound();
}

TEST(keeps_so_many_bytes_of_long_lines)
{
    (void)state;
    for (uint64_t number = 1; number <= 1000; number++) {
        add(number, WI_LOG_TEXT_SIZE - 1);
        if (number % 50 == 0)
            assert_sound();
    }
    /* Each takes the bytes of one that goes, and of no other. */
    assert_int_equal(ring.kept, WI_LOG_BYTES / record.size);
}

TEST(keeps_whole_lines_of_any_lengths)
{
    unsigned random = 1;

    (void)state;
    for (uint64_t number = 1; number <= 20000; number++) {
        random = random * 1664525 + 1013904223;
        /* Mostly short ones, then mostly long ones, and so on. */
        add(number, 30 + (number / 1500 % 2 ? random >> 21 : (random >> 8) % 4000));
        if (number % 997 == 0)
            assert_sound();
    }
    assert_sound();
}

TEST(a_record_has_all_of_a_line)
{
    const struct wi_log_field fields[] = {{.name = "text", .text = "a\nb"},
        {.name = "none", .text = NULL},
        {.name = "number", .kind = WI_FIELD_INTEGER, .integer = INT64_MIN},
        {.name = "is", .kind = WI_FIELD_BOOLEAN, .integer = 1},
        {.name = "ms", .kind = WI_FIELD_MS, .ms = 1.5}};
    const struct wi_log_line line = {.time = 1234567890123,
        .level = WI_LOG_WARN,
        .part = "api",
        .subject = "req-1",
        .message = "",
        .fields = fields,
        .field_count = 5};
    struct wi_log_field read[WI_LOG_FIELDS_MAX];
    struct wi_log_line again;

    (void)state;
    wi_log_record_make(&record, &line);
    wi_log_record_line(&record, &again, read);
    assert_int_equal(again.time, line.time);
    assert_int_equal(again.level, WI_LOG_WARN);
    assert_string_equal(again.part, "api");
    assert_string_equal(again.subject, "req-1");
    assert_string_equal(again.message, "");
    assert_int_equal(again.field_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(read[i].name, fields[i].name);
        assert_int_equal(read[i].kind, fields[i].kind);
        assert_int_equal(read[i].integer, fields[i].integer);
        assert_float_equal(read[i].ms, fields[i].ms, 0);
    }
    assert_string_equal(read[0].text, "a\nb");
    assert_null(read[1].text);
}

TEST(no_subject_is_none)
{
    const struct wi_log_line line = {.part = "api", .message = "x"};
    struct wi_log_field fields[WI_LOG_FIELDS_MAX];
    struct wi_log_line again;

    (void)state;
    wi_log_record_make(&record, &line);
    wi_log_record_line(&record, &again, fields);
    assert_null(again.subject);
    assert_int_equal(again.field_count, 0);
}

TEST(texts_that_do_not_fit_are_cut)
{
    static char wide[2 * WI_LOG_TEXT_SIZE];
    struct wi_log_field fields[WI_LOG_FIELDS_MAX], read[WI_LOG_FIELDS_MAX];
    struct wi_log_line line = {.part = "test", .subject = wide, .message = wide}, again;

    (void)state;
    memset(wide, 'w', sizeof wide - 1);
    wi_log_record_make(&record, &line);
    assert_in_range(record.size, WI_LOG_RECORD_MAX / 2, WI_LOG_RECORD_MAX);
    for (int i = 0; i < WI_LOG_FIELDS_MAX; i++)
        fields[i] = (struct wi_log_field){.name = "wide", .text = wide};
    line.fields = fields;
    line.field_count = WI_LOG_FIELDS_MAX;
    wi_log_record_make(&record, &line);
    assert_in_range(record.size, WI_LOG_RECORD_MAX / 3, WI_LOG_RECORD_MAX);
    wi_log_record_line(&record, &again, read);
    assert_int_equal(again.field_count, WI_LOG_FIELDS_MAX);
    assert_string_equal(read[WI_LOG_FIELDS_MAX - 1].name, "wide");
    assert_int_equal(strspn(read[WI_LOG_FIELDS_MAX - 1].text, "w"), strlen(again.message));
}

TEST(tokens_are_not_kept)
{
    static const char token[] = "wi_0123456789012345678901234567890123456789012";
    const struct wi_log_field field = {.name = "path", .text = token};
    const struct wi_log_line line = {.part = "api",
        .subject = token,
        .message = "with wi_0123456789012345678901234567890123456789012 in it",
        .fields = &field,
        .field_count = 1};
    struct wi_log_field fields[WI_LOG_FIELDS_MAX];
    struct wi_log_line again;

    (void)state;
    wi_log_record_make(&record, &line);
    wi_log_record_line(&record, &again, fields);
    assert_string_equal(again.subject, "wi_***");
    assert_string_equal(again.message, "with wi_*** in it");
    assert_string_equal(fields[0].text, "wi_***");
    assert_null(memmem(record.bytes, record.size, "wi_0", 4));
}
