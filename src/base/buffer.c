/* A growing text buffer; see buffer.h. */
#include "base/buffer.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most texts never grow beyond this, and malloc() has pieces of that size at hand. */
#define FIRST_CAPACITY 1000

/* Out of the way of what mostly happens: there is room. */
static __attribute__((noinline)) void grow(struct wi_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    buffer->text = wi_realloc_array(buffer->text, capacity, 1);
    buffer->capacity = capacity;
}

static void reserve(struct wi_buffer *buffer, size_t more)
{
    size_t needed = buffer->size + more + 1;
    if (needed > buffer->capacity)
        grow(buffer, needed);
}

void wi_buffer_add(struct wi_buffer *buffer, const void *bytes, size_t size)
{
    reserve(buffer, size);
    if (size != 0)
        memcpy(buffer->text + buffer->size, bytes, size);
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
}

void wi_buffer_strings(struct wi_buffer *buffer, ...)
{
    va_list arguments;
    const char *text;
    va_start(arguments, buffer);
    while ((text = va_arg(arguments, const char *)) != NULL)
        wi_buffer_puts(buffer, text);
    va_end(arguments);
}

void wi_buffer_integer(struct wi_buffer *buffer, int64_t number)
{
    char digits[WI_DIGITS_SIZE];
    if (number < 0)
        wi_buffer_add(buffer, "-", 1);
    wi_buffer_puts(buffer, wi_digits(digits, number < 0 ? -(uint64_t)number : (uint64_t)number));
}

void wi_buffer_decimal(struct wi_buffer *buffer, double number, int decimals)
{
    char digits[WI_DIGITS_SIZE];
    uint64_t one = 1, units;
    for (int i = 0; i < decimals; i++)
        one *= 10;
    units = number > 0 && number < 1e15 ? (uint64_t)(number * (double)one + 0.5) : 0;
    wi_buffer_puts(buffer, wi_digits(digits, units / one));
    wi_buffer_puts(buffer, ".");
    wi_buffer_puts(buffer, wi_digits(digits, one + units % one) + 1); /* with the zeros before */
}

void wi_buffer_ms(struct wi_buffer *buffer, double ms)
{
    wi_buffer_decimal(buffer, ms, 3);
}

void wi_buffer_printf(struct wi_buffer *buffer, const char *format, ...)
{
    reserve(buffer, 128);
    size_t room = buffer->capacity - buffer->size;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(buffer->text + buffer->size, room, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length >= room) {
        reserve(buffer, (size_t)length);
        vsnprintf(buffer->text + buffer->size, (size_t)length + 1, format, again);
    }
    va_end(again);
    if (length > 0)
        buffer->size += (size_t)length;
}

static int add_json(const char *text, size_t size, void *buffer)
{
    wi_buffer_add(buffer, text, size);
    return 0;
}

void wi_buffer_json(struct wi_buffer *buffer, const json_t *value)
{
    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        wi_buffer_json_string(buffer, json_string_value(value));
    else
        json_dump_callback(value, add_json, buffer, JSON_COMPACT | JSON_ENCODE_ANY);
}

static int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* One character that is not plain; how many bytes of `s` it takes. */
static size_t add_escaped(struct wi_buffer *buffer, const unsigned char *s)
{
    size_t length = 0;
    if (*s == '"' || *s == '\\')
        wi_buffer_printf(buffer, "\\%c", *s);
    else if (*s < 0x80)
        wi_buffer_printf(buffer, "\\u%04x", *s);
    else if ((length = wi_text_sequence((const char *)s)) != 0)
        wi_buffer_add(buffer, s, length);
    else
        wi_buffer_puts(buffer, "\\ufffd");
    return length ? length : 1;
}

void wi_buffer_json_string(struct wi_buffer *buffer, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    wi_buffer_add(buffer, "\"", 1);
    for (;;) {
        const unsigned char *plain = s;
        while (is_plain(*s))
            s++;
        wi_buffer_add(buffer, plain, (size_t)(s - plain));
        if (*s == '\0')
            break;
        s += add_escaped(buffer, s);
    }
    wi_buffer_add(buffer, "\"", 1);
}

char *wi_buffer_take(struct wi_buffer *buffer)
{
    reserve(buffer, 0);
    buffer->text[buffer->size] = '\0';
    char *text = buffer->text;
    *buffer = (struct wi_buffer){0};
    return text;
}

void wi_buffer_clear(struct wi_buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct wi_buffer){0};
}
