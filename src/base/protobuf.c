/* The wire format's walker; every length is checked against the message that contains it. */
#include "base/protobuf.h"

#include "base/memory.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int wi_protobuf_fail(struct wi_protobuf *input, uint64_t at, const char *problem)
{
    if (!input->problem) {
        input->problem = problem;
        input->problem_at = at;
    }
    return -1;
}

/* Reads `size` bytes from `at` on, which have to be there. */
static int input_read_all(struct wi_protobuf *input, unsigned char *bytes, size_t size, uint64_t at)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = input->read(input->source, bytes + got, size - got, at + got);

        if (n <= 0)
            return wi_protobuf_fail(input, at + got, "the file cannot be read here");
        got += (size_t)n;
    }
    return 0;
}

/* Loads the window that begins at `at`. */
static int input_load(struct wi_protobuf *input, uint64_t at)
{
    size_t wanted = sizeof input->_window;

    if (wanted > input->size - at)
        wanted = input->size - at;
    if (input_read_all(input, input->_window, wanted, at) < 0)
        return -1;
    input->_window_at = at;
    input->_window_size = wanted;
    return 0;
}

static int read_byte(struct wi_protobuf *input, uint64_t at, unsigned char *byte)
{
    assert(at < input->size);
    if (input->bytes) {
        *byte = input->bytes[at];
        return 0;
    }
    if ((at < input->_window_at || at - input->_window_at >= input->_window_size) &&
        input_load(input, at) < 0)
        return -1;
    *byte = input->_window[at - input->_window_at];
    return 0;
}

int wi_protobuf_varint(
    struct wi_protobuf *input, struct wi_protobuf_range *message, uint64_t *value)
{
    uint64_t start = message->at;
    unsigned char byte;

    *value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (message->at >= message->end)
            return wi_protobuf_fail(input, start, "a number is cut off");
        if (read_byte(input, message->at++, &byte) < 0)
            return -1;
        if (shift == 63 && byte > 1)
            return wi_protobuf_fail(input, start, "a number has more than 64 bits");
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return 0;
    }
    return wi_protobuf_fail(input, start, "a number has more than 10 bytes");
}

/* Steps over the content of a field. 1, or -1. */
static int message_take(struct wi_protobuf *input, struct wi_protobuf_range *message,
    uint64_t length, struct wi_protobuf_field *field)
{
    if (length > message->end - message->at)
        return wi_protobuf_fail(input, message->at, "a field is longer than what contains it");
    field->bytes.at = message->at;
    message->at += length;
    field->bytes.end = message->at;
    return 1;
}

/* Reads what follows the tag that begins at `start`. 1, or -1. */
static int field_read_content(struct wi_protobuf *input, struct wi_protobuf_range *message,
    uint64_t start, struct wi_protobuf_field *field)
{
    uint64_t length;

    switch (field->wire) {
    case WI_WIRE_VARINT:
        return wi_protobuf_varint(input, message, &field->value) < 0 ? -1 : 1;
    case WI_WIRE_FIXED64:
        return message_take(input, message, 8, field);
    case WI_WIRE_FIXED32:
        return message_take(input, message, 4, field);
    case WI_WIRE_BYTES:
        if (wi_protobuf_varint(input, message, &length) < 0)
            return -1;
        return message_take(input, message, length, field);
    default:
        return wi_protobuf_fail(input, start, "a field has an unknown wire type");
    }
}

int wi_protobuf_next(
    struct wi_protobuf *input, struct wi_protobuf_range *message, struct wi_protobuf_field *field)
{
    uint64_t start = message->at, tag;

    assert(message->end <= input->size);
    if (message->at >= message->end)
        return 0;
    if (input->stop && atomic_load_explicit(input->stop, memory_order_relaxed))
        return wi_protobuf_fail(input, start, "it was to be read no further");
    if (wi_protobuf_varint(input, message, &tag) < 0)
        return -1;
    *field = (struct wi_protobuf_field){0};
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return wi_protobuf_fail(input, start, "a field number is out of range");
    field->number = (uint32_t)(tag >> 3);
    field->wire = (enum wi_protobuf_wire)(tag & 7);
    int more = field_read_content(input, message, start, field);
    field->whole = (struct wi_protobuf_range){start, message->at};
    return more;
}

int wi_protobuf_copy(struct wi_protobuf *input, const struct wi_protobuf_range *range, void *bytes)
{
    size_t length = (size_t)(range->end - range->at);

    if (input->bytes) {
        memcpy(bytes, input->bytes + range->at, length);
        return 0;
    }
    if (length > WI_PROTOBUF_WINDOW)
        return input_read_all(input, bytes, length, range->at);
    for (size_t i = 0; i < length; i++)
        if (read_byte(input, range->at + i, (unsigned char *)bytes + i) < 0)
            return -1;
    return 0;
}

char *wi_protobuf_text(struct wi_protobuf *input, const struct wi_protobuf_range *range, size_t max)
{
    uint64_t length = range->end - range->at;

    if (length > max) {
        wi_protobuf_fail(input, range->at, "a name is too long");
        return NULL;
    }
    char *text = wi_alloc((size_t)length + 1);
    if (wi_protobuf_copy(input, range, text) < 0) {
        free(text);
        return NULL;
    }
    json_t *check = json_stringn(text, (size_t)length); /* NULL if it is not UTF-8 */
    json_decref(check);
    if (!check || memchr(text, '\0', (size_t)length)) {
        wi_protobuf_fail(input, range->at, "a name is not UTF-8 text");
        free(text);
        return NULL;
    }
    return text;
}

size_t wi_varint_write(uint64_t value, unsigned char bytes[WI_VARINT_MAX])
{
    size_t size = 0;
    for (; value > 0x7f; value >>= 7)
        bytes[size++] = (unsigned char)(0x80 | value);
    bytes[size++] = (unsigned char)value;
    return size;
}
