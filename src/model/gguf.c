/* Key-value pairs in order, up to the one that is wanted; all numbers are little-endian. */
#include "model/gguf.h"

#include <stdint.h>
#include <string.h>

enum { TYPE_STRING = 8, TYPE_ARRAY = 9 };

struct head {
    const unsigned char *bytes;
    size_t size, at;
};

static int read_number(struct head *head, size_t width, uint64_t *number)
{
    if (head->size - head->at < width)
        return -1;
    *number = 0;
    for (size_t i = 0; i < width; i++)
        *number |= (uint64_t)head->bytes[head->at + i] << (8 * i);
    head->at += width;
    return 0;
}

static int skip(struct head *head, uint64_t bytes)
{
    if (head->size - head->at < bytes)
        return -1;
    head->at += (size_t)bytes;
    return 0;
}

/* A string's bytes, borrowed. */
static int read_string(struct head *head, const char **text, uint64_t *length)
{
    if (read_number(head, 8, length) != 0)
        return -1;
    *text = (const char *)head->bytes + head->at;
    return skip(head, *length);
}

/* The width of a scalar, 0 for what is none. */
static size_t width_of(uint64_t type)
{
    static const unsigned char widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof widths ? widths[type] : 0;
}

static int skip_value(struct head *head, uint64_t type)
{
    const char *text;
    uint64_t length, inner, count;
    if (type == TYPE_STRING)
        return read_string(head, &text, &length);
    if (type != TYPE_ARRAY)
        return width_of(type) ? skip(head, width_of(type)) : -1;
    if (read_number(head, 4, &inner) != 0 || read_number(head, 8, &count) != 0 ||
        width_of(inner) == 0 || count > WI_GGUF_HEAD_MAX)
        return -1; /* of strings: the vocabulary, which comes after what is wanted */
    return skip(head, count * width_of(inner));
}

static int take_name(struct head *head, char out[WI_GGUF_NAME_MAX])
{
    const char *text;
    uint64_t length;
    if (read_string(head, &text, &length) != 0 || length == 0 || length >= WI_GGUF_NAME_MAX ||
        memchr(text, '\0', (size_t)length))
        return -1;
    memcpy(out, text, (size_t)length);
    out[length] = '\0';
    return 0;
}

int wi_gguf_architecture(const unsigned char *head, size_t size, char out[WI_GGUF_NAME_MAX])
{
    static const char wanted[] = "general.architecture";
    struct head at = {head, size, 4};
    uint64_t version, tensors, pairs, type, length;
    const char *key;
    if (size < 4 || memcmp(head, "GGUF", 4) != 0 || read_number(&at, 4, &version) != 0 ||
        version < 2 || read_number(&at, 8, &tensors) != 0 || read_number(&at, 8, &pairs) != 0)
        return -1;
    for (; pairs > 0; pairs--) {
        if (read_string(&at, &key, &length) != 0 || read_number(&at, 4, &type) != 0)
            return -1;
        if (length == sizeof wanted - 1 && memcmp(key, wanted, length) == 0)
            return type == TYPE_STRING ? take_name(&at, out) : -1;
        if (skip_value(&at, type) != 0)
            return -1;
    }
    return -1;
}
