/* Writes fields of protobuf messages to a buffer. */
#ifndef WI_BASE_PROTOBUF_PUT_H
#define WI_BASE_PROTOBUF_PUT_H

#include "base/buffer.h"
#include "base/protobuf.h"

static inline void wi_protobuf_put_varint(struct wi_buffer *message, uint64_t value)
{
    unsigned char bytes[WI_VARINT_MAX];
    wi_buffer_add(message, bytes, wi_varint_write(value, bytes));
}

static inline void wi_protobuf_put_number(
    struct wi_buffer *message, uint32_t number, uint64_t value)
{
    wi_protobuf_put_varint(message, (uint64_t)number << 3 | WI_WIRE_VARINT);
    wi_protobuf_put_varint(message, value);
}

/* Writes the head of a field of `size` bytes, which the caller adds next. */
static inline void wi_protobuf_put_head(struct wi_buffer *message, uint32_t number, uint64_t size)
{
    wi_protobuf_put_varint(message, (uint64_t)number << 3 | WI_WIRE_BYTES);
    wi_protobuf_put_varint(message, size);
}

static inline void wi_protobuf_put_bytes(
    struct wi_buffer *message, uint32_t number, const void *bytes, size_t size)
{
    wi_protobuf_put_head(message, number, size);
    wi_buffer_add(message, bytes, size);
}

static inline void wi_protobuf_put_text(
    struct wi_buffer *message, uint32_t number, const char *text)
{
    wi_protobuf_put_bytes(message, number, text, strlen(text));
}

/* A nested message. Empties `inner`. */
static inline void wi_protobuf_put_message(
    struct wi_buffer *message, uint32_t number, struct wi_buffer *inner)
{
    wi_protobuf_put_bytes(message, number, inner->text ? inner->text : "", inner->size);
    wi_buffer_clear(inner);
}

#endif
