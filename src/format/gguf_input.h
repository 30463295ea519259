/*
 * The bytes of a GGUF file in the order in which it is read, from memory or, through a window, from
 * a file: numbers, strings and what is passed over. Nothing is read beyond the end, nor beyond
 * WI_GGUF_HEAD_MAX.
 */
#ifndef WI_FORMAT_GGUF_INPUT_H
#define WI_FORMAT_GGUF_INPUT_H

#include <stddef.h>
#include <stdint.h>

#define WI_GGUF_WINDOW 32768

/* The types of values, as numbered by the format. */
enum wi_gguf_value_type {
    WI_GGUF_UINT8,
    WI_GGUF_INT8,
    WI_GGUF_UINT16,
    WI_GGUF_INT16,
    WI_GGUF_UINT32,
    WI_GGUF_INT32,
    WI_GGUF_FLOAT32,
    WI_GGUF_BOOL,
    WI_GGUF_STRING,
    WI_GGUF_ARRAY,
    WI_GGUF_UINT64,
    WI_GGUF_INT64,
    WI_GGUF_FLOAT64
};

struct wi_gguf_input {
    const unsigned char *bytes; /* the whole file, or NULL for `fd` */
    int fd;
    uint64_t size;
    uint64_t at;         /* how far the reading has come */
    char problem[224];   /* what is wrong, once something is */
    uint64_t problem_at; /* and at which byte */
    uint64_t _window_at;
    size_t _window_size;
    unsigned char _window[WI_GGUF_WINDOW];
};

/* Notes the first problem, of what begins at byte `at`. Returns -1, as do all of these with a
 * problem noted. */
__attribute__((format(printf, 3, 4))) int wi_gguf_fail(
    struct wi_gguf_input *input, uint64_t at, const char *format, ...);
/* Copies the next `size` bytes. */
int wi_gguf_copy(struct wi_gguf_input *input, void *out, size_t size);
int wi_gguf_skip(struct wi_gguf_input *input, uint64_t bytes);
/* An unsigned number of 1, 2, 4 or 8 bytes. */
int wi_gguf_number(struct wi_gguf_input *input, size_t width, uint64_t *number);
/* The length of a string, which follows; `what` names it ("a key"), `max` is allowed. */
int wi_gguf_length(struct wi_gguf_input *input, const char *what, uint64_t max, uint64_t *length);
/* A string with a NUL behind it; refused where it has `size` bytes or more, or a NUL within. */
int wi_gguf_text(struct wi_gguf_input *input, const char *what, char *out, size_t size);

/* The bytes of a number or boolean of that type; 0 for strings, arrays and types that there are
 * none of. */
size_t wi_gguf_width(uint64_t type);
/* A number that is no fraction and not negative, or a boolean as 0 or 1. */
int wi_gguf_whole(struct wi_gguf_input *input, uint64_t type, uint64_t *number);
/* The head of an array: its elements follow, which are no arrays and fit the limits. */
int wi_gguf_array(struct wi_gguf_input *input, uint64_t *type, uint64_t *count);
/* Passes over a value of any type. */
int wi_gguf_skip_value(struct wi_gguf_input *input, uint64_t type);
/* `pairs` keys with their values into `info`; gguf_metadata.c. */
struct wi_gguf_info;
int wi_gguf_read_metadata(struct wi_gguf_input *input, uint64_t pairs, struct wi_gguf_info *info);

#endif
