/* Messages of protobuf by hand, of which the files and blocks of tests are made. */
#ifndef WI_TESTS_PROTOBUF_BUILD_H
#define WI_TESTS_PROTOBUF_BUILD_H

#include "base/buffer.h"
#include "base/protobuf.h"

static inline void put_varint(struct wi_buffer *out, uint64_t value)
{
    unsigned char bytes[WI_VARINT_MAX];
    wi_buffer_add(out, bytes, wi_varint_write(value, bytes));
}

static inline void put_number(struct wi_buffer *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3 | WI_WIRE_VARINT);
    put_varint(out, value);
}

static inline void put_bytes(struct wi_buffer *out, unsigned field, const void *bytes, size_t size)
{
    put_varint(out, field << 3 | WI_WIRE_BYTES);
    put_varint(out, size);
    wi_buffer_add(out, bytes, size);
}

/* Puts `message` as a field and empties it. */
static inline void put_message(struct wi_buffer *out, unsigned field, struct wi_buffer *message)
{
    put_bytes(out, field, message->text ? message->text : "", message->size);
    wi_buffer_clear(message);
}

#endif
