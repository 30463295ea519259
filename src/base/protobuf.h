/*
 * As much of protobuf's wire format (https://protobuf.dev/programming-guides/encoding) as it takes
 * to walk a message: fields in order, nested messages as ranges, copies only on request. Bytes come
 * from memory or, through a window, from a file or any other source that can be read at offsets.
 */
#ifndef WI_BASE_PROTOBUF_H
#define WI_BASE_PROTOBUF_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WI_PROTOBUF_WINDOW 16384

/* Reads at an offset, as pread(2). */
typedef ssize_t wi_protobuf_read_fn(void *source, void *bytes, size_t size, uint64_t at);

struct wi_protobuf {
    const atomic_int *stop;     /* once it is set, the walk fails; NULL: never */
    const unsigned char *bytes; /* the whole input; NULL: `read` gets it */
    wi_protobuf_read_fn *read;
    void *source; /* passed to `read` */
    uint64_t size;
    const char *problem; /* the first problem; NULL: none yet */
    uint64_t problem_at; /* the byte at which it is */
    uint64_t _window_at;
    size_t _window_size;
    unsigned char _window[WI_PROTOBUF_WINDOW];
};

/* A message: the part of the input that is still to be read, from `at` to `end`. */
struct wi_protobuf_range {
    uint64_t at, end;
};

enum wi_protobuf_wire {
    WI_WIRE_VARINT = 0,
    WI_WIRE_FIXED64 = 1,
    WI_WIRE_BYTES = 2,
    WI_WIRE_FIXED32 = 5
};

struct wi_protobuf_field {
    uint32_t number;
    enum wi_protobuf_wire wire;
    uint64_t value;                 /* for a varint */
    struct wi_protobuf_range bytes; /* for the others: the content */
    struct wi_protobuf_range whole; /* including number, wire type and length */
};

/* 1 and the next field of `message`; 0 at its end; -1 with `problem` set. */
int wi_protobuf_next(
    struct wi_protobuf *input, struct wi_protobuf_range *message, struct wi_protobuf_field *field);
/* Reads the varint at the beginning of `message`: for packed numbers. 0, or -1 with `problem`
 * set. */
int wi_protobuf_varint(
    struct wi_protobuf *input, struct wi_protobuf_range *message, uint64_t *value);
/* Notes a problem, unless one has been noted already. Returns -1. */
int wi_protobuf_fail(struct wi_protobuf *input, uint64_t at, const char *problem);
/* Copies `range` as text, which the caller frees. NULL with `problem` set if it is longer than
 * `max` bytes, is not UTF-8 or contains a NUL. */
char *wi_protobuf_text(
    struct wi_protobuf *input, const struct wi_protobuf_range *range, size_t max);

/* Copies the bytes of `range` to `bytes`. 0, or -1 with `problem` set. */
int wi_protobuf_copy(struct wi_protobuf *input, const struct wi_protobuf_range *range, void *bytes);

#define WI_VARINT_MAX 10 /* bytes of the longest varint */
/* Writes a varint and returns its number of bytes. */
size_t wi_varint_write(uint64_t value, unsigned char bytes[WI_VARINT_MAX]);

#endif
