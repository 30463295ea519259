/*
 * The bytes of a GGUF file in the order in which it is read: numbers, strings, and what is passed
 * over. Nothing is read beyond the file's end, nor beyond WI_GGUF_HEAD_MAX. The file is read in
 * windows: unlike a mapping, one that is cut short meanwhile is an error and no SIGBUS.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_GGUF_INPUT_H
#define WI_MODELS_CATALOG_FORMAT_GGUF_INPUT_H

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
    uint64_t at;         /* how far the reading has come */
    char problem[224];   /* what is wrong, once something is */
    uint64_t problem_at; /* and at which byte */
    uint64_t _window_at;
    size_t _window_size;
    unsigned char _window[32768];
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
/* The length of a string, which follows and is in the file; `what` names it ("a key"), at most
 * `max` is allowed. */
int wi_gguf_length(struct wi_gguf_input *input, const char *what, uint64_t max, uint64_t *length);

/* The bytes of a number or boolean of that type; 0 for strings, arrays and types that there are
 * none of. */
size_t wi_gguf_width(uint64_t type);
/* A number that is no fraction and not negative, or a boolean. */
int wi_gguf_whole(struct wi_gguf_input *input, uint64_t type, uint64_t *number);
/* The head of an array: its elements follow, which are no arrays and fit the limits. */
int wi_gguf_array(struct wi_gguf_input *input, uint64_t *type, uint64_t *count);
/* Passes over a value of any type. */
int wi_gguf_skip_value(struct wi_gguf_input *input, uint64_t type);

#endif
