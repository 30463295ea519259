/*
 * A growing text buffer for what we print ourselves: JSON heads, metrics, log lines. Always
 * NUL-terminated once something was added. Zero-initialise; free with wi_buffer_clear.
 */
#ifndef WI_BASE_BUFFER_H
#define WI_BASE_BUFFER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wi_buffer {
    char *text;
    size_t size;
    size_t capacity;
};

void wi_buffer_add(struct wi_buffer *buffer, const void *bytes, size_t size);
/* Here, so that the compiler counts the bytes of what is written out in the source. */
static inline void wi_buffer_puts(struct wi_buffer *buffer, const char *text)
{
    wi_buffer_add(buffer, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) void wi_buffer_printf(
    struct wi_buffer *buffer, const char *format, ...);
/* Adds strings one after another; the list ends with NULL. What a hot path uses instead of printf,
 * which costs ten times as much. */
__attribute__((sentinel)) void wi_buffer_strings(struct wi_buffer *buffer, ...);
void wi_buffer_integer(struct wi_buffer *buffer, int64_t number);
/* A number with `decimals` of them, at most 4; what is negative, no number or 1e15 and more is 0.
 */
void wi_buffer_decimal(struct wi_buffer *buffer, double number, int decimals);
/* A time in milliseconds with three decimals; what is no time becomes 0. */
void wi_buffer_ms(struct wi_buffer *buffer, double ms);
/* Adds `value` (borrowed) as compact JSON. */
void wi_buffer_json(struct wi_buffer *buffer, const json_t *value);
/* Adds `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void wi_buffer_json_string(struct wi_buffer *buffer, const char *text);
char *wi_buffer_take(struct wi_buffer *buffer); /* the text is the caller's; the buffer is empty */
void wi_buffer_clear(struct wi_buffer *buffer);

#endif
