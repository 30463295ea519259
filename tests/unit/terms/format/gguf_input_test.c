/* The bytes of a GGUF file, read up to their end and not beyond. */
#include "../../test.h"

#include "terms/format/gguf.h"
#include "terms/format/gguf_input.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file = -1;

/* A file of these bytes, until the next one. */
static struct wi_gguf_input over(const void *bytes, size_t size)
{
    if (file >= 0)
        close(file);
    file = memfd_create("gguf", MFD_CLOEXEC);
    assert_int_equal(write(file, bytes, size), size);
    return (struct wi_gguf_input){.fd = file, .size = size};
}

TEST(numbers_are_little_endian)
{
    static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const uint64_t expected[] = {0x01, 0x0302, 0x07060504, 0x0f0e0d0c0b0a0908};
    struct wi_gguf_input input = over(bytes, sizeof bytes);
    uint64_t number;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(wi_gguf_number(&input, (size_t)1 << i, &number), 0);
        assert_true(number == expected[i]);
    }
    assert_string_equal(input.problem, "");
}

TEST(what_is_cut_short_is_no_number)
{
    static const unsigned char bytes[7];
    uint64_t number;
    for (size_t width = 1; width <= 8; width *= 2) {
        struct wi_gguf_input input = over(bytes, width - 1);
        assert_int_equal(wi_gguf_number(&input, width, &number), -1);
        assert_string_equal(input.problem, "the file ends too early: it is cut short");
        assert_int_equal(input.problem_at, 0);
    }
}

TEST(the_end_is_reached_and_not_passed)
{
    static const unsigned char bytes[4];
    struct wi_gguf_input input = over(bytes, sizeof bytes);
    assert_int_equal(wi_gguf_skip(&input, 5), -1);
    assert_int_equal(wi_gguf_skip(&input, 4), 0);
    assert_int_equal(input.at, 4);
    assert_int_equal(wi_gguf_skip(&input, 0), 0);
    assert_int_equal(wi_gguf_skip(&input, 1), -1);
    assert_int_equal(input.problem_at, 0); /* the first is told */
}

TEST(a_head_has_a_limit)
{
    struct wi_gguf_input input = {.fd = -1, .size = 2ull * WI_GGUF_HEAD_MAX};
    assert_int_equal(wi_gguf_skip(&input, WI_GGUF_HEAD_MAX), 0);
    assert_int_equal(wi_gguf_skip(&input, 1), -1);
    assert_non_null(strstr(input.problem, "the head before the weights is larger than"));
}

TEST(lengths_are_in_the_file_or_refused)
{
    static const char text[] = "\3\0\0\0\0\0\0\0abc", cut[] = "\3\0\0\0\0\0\0\0ab";
    uint64_t length;
    struct wi_gguf_input input = over(text, 11);
    assert_int_equal(wi_gguf_length(&input, "a key", 3, &length), 0);
    assert_int_equal(length, 3);
    input = over(text, 11);
    assert_int_equal(wi_gguf_length(&input, "a key", 2, &length), -1);
    assert_string_equal(input.problem, "a key has 3 bytes; at most 2 are read");
    input = over(cut, 10);
    assert_int_equal(wi_gguf_length(&input, "a key", 3, &length), -1);
    assert_string_equal(input.problem, "the file ends too early: it is cut short");
    assert_int_equal(input.problem_at, 8);
}

/* What is read goes over the edges of windows, after what was passed over, and back. */
TEST(windows_have_no_edges)
{
    enum { size = 100000 };
    static unsigned char bytes[size], copy[size];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i ^ i >> 8);
    struct wi_gguf_input input = over(bytes, size);
    assert_int_equal(wi_gguf_copy(&input, copy, size), 0);
    assert_memory_equal(copy, bytes, size);
    for (size_t at = 0; at + 9 < size; at += 4093) {
        input.at = at;
        assert_int_equal(wi_gguf_skip(&input, 1), 0);
        assert_int_equal(wi_gguf_copy(&input, copy, 8), 0);
        assert_memory_equal(copy, bytes + at + 1, 8);
        input.at = size - 9 - at;
        assert_int_equal(wi_gguf_copy(&input, copy, 9), 0);
        assert_memory_equal(copy, bytes + size - 9 - at, 9);
    }
    assert_int_equal(ftruncate(file, 50000), 0); /* by somebody else, meanwhile */
    input.at = 90000;
    assert_int_equal(wi_gguf_copy(&input, copy, 8), -1);
    assert_string_equal(input.problem, "the file cannot be read here");
}

TEST(whole_numbers_are_neither_negative_nor_fractions)
{
    static const struct {
        enum wi_gguf_value_type type;
        const char *bytes, *problem;
        uint64_t number;
    } rows[] = {{WI_GGUF_UINT8, "\xff", "", 255}, {WI_GGUF_INT8, "\x7f", "", 127},
        {WI_GGUF_INT8, "\x80", "a number is negative", 0}, {WI_GGUF_INT16, "\xff\x7f", "", 32767},
        {WI_GGUF_INT16, "\0\x80", "a number is negative", 0},
        {WI_GGUF_INT32, "\0\0\0\x80", "a number is negative", 0},
        {WI_GGUF_UINT32, "\0\0\0\x80", "", 0x80000000},
        {WI_GGUF_INT64, "\0\0\0\0\0\0\0\x80", "a number is negative", 0},
        {WI_GGUF_UINT64, "\0\0\0\0\0\0\0\x80", "", UINT64_C(1) << 63}, {WI_GGUF_BOOL, "\1", "", 1},
        {WI_GGUF_FLOAT32, "\0\0\0\0", "a whole number is wanted here", 0},
        {WI_GGUF_FLOAT64, "\0\0\0\0\0\0\0\0", "a whole number is wanted here", 0},
        {WI_GGUF_STRING, "", "a whole number is wanted here", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_gguf_input input = over(rows[i].bytes, wi_gguf_width(rows[i].type));
        uint64_t number = 0;
        assert_int_equal(wi_gguf_whole(&input, rows[i].type, &number), *rows[i].problem ? -1 : 0);
        assert_string_equal(input.problem, rows[i].problem);
        if (!*rows[i].problem)
            assert_true(number == rows[i].number);
    }
}

TEST(values_are_passed_over_to_their_end)
{
    static const struct {
        enum wi_gguf_value_type type;
        const char *bytes;
        size_t size;
    } rows[] = {{WI_GGUF_UINT16, "ab", 2}, {WI_GGUF_FLOAT64, "abcdefgh", 8},
        {WI_GGUF_STRING, "\2\0\0\0\0\0\0\0ab", 10},
        {WI_GGUF_ARRAY, "\2\0\0\0\3\0\0\0\0\0\0\0abcdef", 18}, /* three of two bytes */
        {WI_GGUF_ARRAY, "\x08\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0a\0\0\0\0\0\0\0\0", 29}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_gguf_input input = over(rows[i].bytes, rows[i].size);
        assert_int_equal(wi_gguf_skip_value(&input, rows[i].type), 0);
        assert_int_equal(input.at, rows[i].size);
        input = over(rows[i].bytes, rows[i].size - 1);
        assert_int_equal(wi_gguf_skip_value(&input, rows[i].type), -1);
    }
    struct wi_gguf_input input = over("", 0);
    assert_int_equal(wi_gguf_skip_value(&input, 13), -1);
    assert_string_equal(input.problem, "there is no type 13 of values");
    input = over("\x09\0\0\0\0\0\0\0\0\0\0\0", 12);
    assert_int_equal(wi_gguf_skip_value(&input, WI_GGUF_ARRAY), -1);
    assert_string_equal(input.problem, "an array has elements of the type 9");
}
