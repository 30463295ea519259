/* See gguf_input.h. All numbers are little-endian. */
#include "terms/format/gguf_input.h"

#include "terms/format/gguf.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int wi_gguf_fail(struct wi_gguf_input *input, uint64_t at, const char *format, ...)
{
    va_list arguments;
    if (*input->problem)
        return -1;
    va_start(arguments, format);
    vsnprintf(input->problem, sizeof input->problem, format, arguments);
    va_end(arguments);
    input->problem_at = at;
    return -1;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static int check_room(struct wi_gguf_input *input, uint64_t bytes)
{
    if (bytes > input->size - input->at)
        return wi_gguf_fail(input, input->at, "the file ends too early: it is cut short");
    if (input->at + bytes > WI_GGUF_HEAD_MAX)
        return wi_gguf_fail(input, input->at, "the head before the weights is larger than %d MiB",
            (int)(WI_GGUF_HEAD_MAX >> 20));
    return 0;
}

/* Loads the window that begins where the reading is; at least one byte of it. */
static int window_load(struct wi_gguf_input *input)
{
    ssize_t n = pread(input->fd, input->_window, sizeof input->_window, (off_t)input->at);
    if (n <= 0)
        return wi_gguf_fail(input, input->at, "the file cannot be read here");
    input->_window_at = input->at;
    input->_window_size = (size_t)n;
    return 0;
}

int wi_gguf_copy(struct wi_gguf_input *input, void *out, size_t size)
{
    unsigned char *to = out;
    if (check_room(input, size) < 0)
        return -1;
    while (size > 0) {
        uint64_t from = input->at - input->_window_at; /* huge for a position before the window */
        if (from >= input->_window_size) {
            if (window_load(input) < 0)
                return -1;
            from = 0;
        }
        size_t left = input->_window_size - (size_t)from, count = left < size ? left : size;
        memcpy(to, input->_window + from, count);
        to += count;
        size -= count;
        input->at += count;
    }
    return 0;
}

int wi_gguf_skip(struct wi_gguf_input *input, uint64_t bytes)
{
    if (check_room(input, bytes) < 0)
        return -1;
    input->at += bytes;
    return 0;
}

int wi_gguf_number(struct wi_gguf_input *input, size_t width, uint64_t *number)
{
    unsigned char bytes[8];
    if (wi_gguf_copy(input, bytes, width) < 0)
        return -1;
    *number = 0;
    for (size_t i = 0; i < width; i++)
        *number |= (uint64_t)bytes[i] << (8 * i);
    return 0;
}

int wi_gguf_length(struct wi_gguf_input *input, const char *what, uint64_t max, uint64_t *length)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 8, length) < 0)
        return -1;
    if (*length > max)
        return wi_gguf_fail(input, at, "%s has %" PRIu64 " bytes; at most %" PRIu64 " are read",
            what, *length, max);
    return check_room(input, *length);
}

/* --- values ----------------------------------------------------------------------------------- */

static const struct {
    unsigned char width;
    enum { NO_NUMBER, UNSIGNED, SIGNED, FRACTION } kind;
} types[] = {
    [WI_GGUF_UINT8] = {1, UNSIGNED},
    [WI_GGUF_INT8] = {1, SIGNED},
    [WI_GGUF_UINT16] = {2, UNSIGNED},
    [WI_GGUF_INT16] = {2, SIGNED},
    [WI_GGUF_UINT32] = {4, UNSIGNED},
    [WI_GGUF_INT32] = {4, SIGNED},
    [WI_GGUF_FLOAT32] = {4, FRACTION},
    [WI_GGUF_BOOL] = {1, UNSIGNED},
    [WI_GGUF_UINT64] = {8, UNSIGNED},
    [WI_GGUF_INT64] = {8, SIGNED},
    [WI_GGUF_FLOAT64] = {8, FRACTION},
};

size_t wi_gguf_width(uint64_t type)
{
    return type < sizeof types / sizeof *types ? types[type].width : 0;
}

int wi_gguf_whole(struct wi_gguf_input *input, uint64_t type, uint64_t *number)
{
    uint64_t at = input->at;
    size_t width = wi_gguf_width(type);
    if (width == 0 || types[type].kind == FRACTION)
        return wi_gguf_fail(input, at, "a whole number is wanted here");
    if (wi_gguf_number(input, width, number) < 0)
        return -1;
    if (types[type].kind == SIGNED && *number >> (8 * width - 1))
        return wi_gguf_fail(input, at, "a number is negative");
    return 0;
}

int wi_gguf_array(struct wi_gguf_input *input, uint64_t *type, uint64_t *count)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 4, type) < 0 || wi_gguf_number(input, 8, count) < 0)
        return -1;
    if (*type != WI_GGUF_STRING && wi_gguf_width(*type) == 0)
        return wi_gguf_fail(input, at, "an array has elements of the type %" PRIu64, *type);
    if (*count > WI_GGUF_ARRAY_MAX)
        return wi_gguf_fail(input, at, "an array has %" PRIu64 " elements; at most %d are read",
            *count, WI_GGUF_ARRAY_MAX);
    return 0;
}

int wi_gguf_skip_value(struct wi_gguf_input *input, uint64_t type)
{
    uint64_t at = input->at, length, count = 1;
    if (type == WI_GGUF_ARRAY) {
        if (wi_gguf_array(input, &type, &count) < 0)
            return -1;
    } else if (type != WI_GGUF_STRING && wi_gguf_width(type) == 0) {
        return wi_gguf_fail(input, at, "there is no type %" PRIu64 " of values", type);
    }
    if (type != WI_GGUF_STRING)
        return wi_gguf_skip(input, count * wi_gguf_width(type));
    for (; count > 0; count--)
        if (wi_gguf_length(input, "a string", WI_GGUF_STRING_MAX, &length) < 0 ||
            wi_gguf_skip(input, length) < 0)
            return -1;
    return 0;
}
