/*
 * Just enough of protobuf's wire format (https://protobuf.dev/programming-guides/encoding) to walk
 * a message: fields in order, nested messages as ranges, nothing copied but what is asked for.
 * Bytes come from memory, or through a window from a file or whatever else can be read at offsets.
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
    const atomic_int *stop;     /* once it is set the walk fails; NULL: it is never */
    const unsigned char *bytes; /* the whole input, or NULL for what is read */
    wi_protobuf_read_fn *read;
    void *source; /* that `read` is given */
    uint64_t size;
    const char *problem; /* what is wrong, once something is */
    uint64_t problem_at; /* and at which byte */
    uint64_t _window_at;
    size_t _window_size;
    unsigned char _window[WI_PROTOBUF_WINDOW];
};

/* A message: where it is in the input, and how far the reading has come. */
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
    uint64_t value;                 /* of a varint */
    struct wi_protobuf_range bytes; /* of the others: their content */
    struct wi_protobuf_range whole; /* with what says number, wire type and length */
};

/* 1 and the next field of `message`; 0 at its end; -1 with `problem` set. */
int wi_protobuf_next(
    struct wi_protobuf *input, struct wi_protobuf_range *message, struct wi_protobuf_field *field);
/* The varint at the beginning of `message`: for numbers that are packed. 0, or -1 with `problem`
 * set.
 */
int wi_protobuf_varint(
    struct wi_protobuf *input, struct wi_protobuf_range *message, uint64_t *value);
/* Notes the first problem of the input; returns -1. */
int wi_protobuf_fail(struct wi_protobuf *input, uint64_t at, const char *problem);
/* Copies `range` as text. NULL with `problem` set if it is longer than `max` bytes, is not UTF-8
 * or contains a NUL. The caller frees it. */
char *wi_protobuf_text(
    struct wi_protobuf *input, const struct wi_protobuf_range *range, size_t max);

/* Copies the bytes of `range` to `bytes`. 0, or -1 with `problem` set. */
int wi_protobuf_copy(struct wi_protobuf *input, const struct wi_protobuf_range *range, void *bytes);

#define WI_VARINT_MAX 10 /* bytes of one */
/* Writes a varint. Returns how many bytes it has. */
size_t wi_varint_write(uint64_t value, unsigned char bytes[WI_VARINT_MAX]);

#endif
