/* See gguf_input.h. All numbers are little-endian. */
#include "format/gguf_input.h"

#include "format/gguf.h"
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
        return wi_gguf_fail(input, input->at,
            "what stands before the weights is larger than %d MiB", (int)(WI_GGUF_HEAD_MAX >> 20));
    return 0;
}

/* Loads the window that begins where the reading is. */
static int load(struct wi_gguf_input *input)
{
    uint64_t left = input->size - input->at;
    size_t wanted = left < sizeof input->_window ? (size_t)left : sizeof input->_window, got = 0;
    while (got < wanted) {
        ssize_t n = pread(
            input->fd, input->_window + got, wanted - got, (off_t)(input->at + (uint64_t)got));
        if (n <= 0)
            return wi_gguf_fail(input, input->at + got, "the file cannot be read here");
        got += (size_t)n;
    }
    input->_window_at = input->at;
    input->_window_size = got;
    return 0;
}

/* How many bytes of the window are still to come; at least one, after check_room. */
static int in_window(struct wi_gguf_input *input, const unsigned char **bytes, size_t *count)
{
    if (input->at < input->_window_at || input->at - input->_window_at >= input->_window_size)
        if (load(input) < 0)
            return -1;
    size_t skipped = (size_t)(input->at - input->_window_at);
    *bytes = input->_window + skipped;
    *count = input->_window_size - skipped;
    return 0;
}

int wi_gguf_copy(struct wi_gguf_input *input, void *out, size_t size)
{
    unsigned char *to = out;
    if (check_room(input, size) < 0)
        return -1;
    while (size > 0) {
        const unsigned char *from = input->bytes ? input->bytes + input->at : NULL;
        size_t count = size;
        if (!from && in_window(input, &from, &count) < 0)
            return -1;
        if (count > size)
            count = size;
        memcpy(to, from, count);
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

/* --- strings ---------------------------------------------------------------------------------- */

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

int wi_gguf_text(struct wi_gguf_input *input, const char *what, char *out, size_t size)
{
    uint64_t at = input->at, length;
    if (wi_gguf_length(input, what, size - 1, &length) < 0 ||
        wi_gguf_copy(input, out, (size_t)length) < 0)
        return -1;
    out[length] = '\0';
    if (memchr(out, '\0', (size_t)length))
        return wi_gguf_fail(input, at, "%s has a NUL byte", what);
    return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

size_t wi_gguf_width(uint64_t type)
{
    static const unsigned char widths[] = {[WI_GGUF_UINT8] = 1,
        [WI_GGUF_INT8] = 1,
        [WI_GGUF_UINT16] = 2,
        [WI_GGUF_INT16] = 2,
        [WI_GGUF_UINT32] = 4,
        [WI_GGUF_INT32] = 4,
        [WI_GGUF_FLOAT32] = 4,
        [WI_GGUF_BOOL] = 1,
        [WI_GGUF_UINT64] = 8,
        [WI_GGUF_INT64] = 8,
        [WI_GGUF_FLOAT64] = 8};
    return type < sizeof widths ? widths[type] : 0;
}

static int is_signed(uint64_t type)
{
    return type == WI_GGUF_INT8 || type == WI_GGUF_INT16 || type == WI_GGUF_INT32 ||
           type == WI_GGUF_INT64;
}

int wi_gguf_whole(struct wi_gguf_input *input, uint64_t type, uint64_t *number)
{
    uint64_t at = input->at;
    size_t width = wi_gguf_width(type);
    if (width == 0 || type == WI_GGUF_FLOAT32 || type == WI_GGUF_FLOAT64)
        return wi_gguf_fail(input, at, "a whole number is wanted here");
    if (wi_gguf_number(input, width, number) < 0)
        return -1;
    if (is_signed(type) && *number >> (8 * width - 1))
        return wi_gguf_fail(input, at, "a number is negative");
    if (type == WI_GGUF_BOOL && *number > 1)
        return wi_gguf_fail(input, at, "a boolean is neither 0 nor 1");
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

static int skip_string(struct wi_gguf_input *input)
{
    uint64_t length;
    if (wi_gguf_length(input, "a string", WI_GGUF_STRING_MAX, &length) < 0)
        return -1;
    return wi_gguf_skip(input, length);
}

int wi_gguf_skip_value(struct wi_gguf_input *input, uint64_t type)
{
    uint64_t at = input->at, count;
    if (type == WI_GGUF_STRING)
        return skip_string(input);
    if (wi_gguf_width(type) > 0)
        return wi_gguf_skip(input, wi_gguf_width(type));
    if (type != WI_GGUF_ARRAY)
        return wi_gguf_fail(input, at, "there is no type %" PRIu64 " of values", type);
    if (wi_gguf_array(input, &type, &count) < 0)
        return -1;
    if (type != WI_GGUF_STRING)
        return wi_gguf_skip(input, count * wi_gguf_width(type));
    for (; count > 0; count--)
        if (skip_string(input) < 0)
            return -1;
    return 0;
}
