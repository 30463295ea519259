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

#define put_number wi_protobuf_put_number
#define put_bytes wi_protobuf_put_bytes
/* Puts `message` as a field and empties it. */
#define put_message wi_protobuf_put_message

#endif
