/* Messages of protobuf by hand, as blocks are made of them. */
#ifndef WI_TESTS_UNIT_CONTENT_BLOCKS_H
#define WI_TESTS_UNIT_CONTENT_BLOCKS_H

#include "base/buffer.h"
#include "base/protobuf.h"

enum { DATA = 1, LINK = 2 };                                /* of a node */
enum { HASH = 1, NAME = 2, TSIZE = 3 };                     /* of a link */
enum { TYPE = 1, BYTES = 2, FILESIZE = 3, BLOCKSIZES = 4 }; /* of UnixFS */
enum { RAW = 0, DIRECTORY = 1, A_FILE = 2, METADATA = 3, SYMLINK = 4, HAMT = 5 };

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

/* Adds the message as a field, and empties it. */
static inline void put_message(struct wi_buffer *out, unsigned field, struct wi_buffer *message)
{
    put_bytes(out, field, message->text, message->size);
    wi_buffer_clear(message);
}

#endif
