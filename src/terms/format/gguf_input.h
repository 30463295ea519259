/*
 * Reads the bytes of a GGUF file in order: numbers, strings, and values to skip. Nothing is read
 * beyond the file's end, nor beyond WI_GGUF_HEAD_MAX. The file is read in windows: unlike with a
 * mapping, a file that is truncated meanwhile is an error and not a SIGBUS.
 */
#ifndef WI_TERMS_FORMAT_GGUF_INPUT_H
#define WI_TERMS_FORMAT_GGUF_INPUT_H

#include <stddef.h>
#include <stdint.h>

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
    int fd;
    uint64_t size;
    uint64_t at;         /* position of the next byte */
    char problem[224];   /* the first problem; "" if there is none */
    uint64_t problem_at; /* its position */
    uint64_t _window_at;
    size_t _window_size;
    unsigned char _window[32768];
};

/* Notes a problem of the data at byte `at`, unless one is noted already. Returns -1, as all
 * functions here do when a problem is noted. */
__attribute__((format(printf, 3, 4))) int wi_gguf_fail(
    struct wi_gguf_input *input, uint64_t at, const char *format, ...);
/* Copies the next `size` bytes. */
int wi_gguf_copy(struct wi_gguf_input *input, void *out, size_t size);
int wi_gguf_skip(struct wi_gguf_input *input, uint64_t bytes);
/* An unsigned number of 1, 2, 4 or 8 bytes. */
int wi_gguf_number(struct wi_gguf_input *input, size_t width, uint64_t *number);
/* Reads the length of a string, whose bytes follow and are in the file; `what` names it ("a key"),
 * at most `max` is allowed. */
int wi_gguf_length(struct wi_gguf_input *input, const char *what, uint64_t max, uint64_t *length);

/* The bytes of a number or boolean of that type; 0 for strings, arrays and unknown types. */
size_t wi_gguf_width(uint64_t type);
/* Reads an integer that is not negative, or a boolean. */
int wi_gguf_whole(struct wi_gguf_input *input, uint64_t type, uint64_t *number);
/* Reads the head of an array; its elements follow. They are not arrays themselves, and within the
 * limits. */
int wi_gguf_array(struct wi_gguf_input *input, uint64_t *type, uint64_t *count);
/* Skips a value of any type. */
int wi_gguf_skip_value(struct wi_gguf_input *input, uint64_t type);

#endif
