/* A growing text buffer, and JSON printed into it; see buffer.h. */
#include "base/buffer.h"

#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Most texts never grow beyond this, and malloc() has pieces of that size at hand. */
#define FIRST_CAPACITY 1000

/* Out of the way of what mostly happens: there is room. */
static __attribute__((noinline)) void buffer_grow(struct wi_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    buffer->text = wi_realloc_array(buffer->text, capacity, 1);
    buffer->capacity = capacity;
}

static void buffer_reserve(struct wi_buffer *buffer, size_t more)
{
    size_t needed = buffer->size + more + 1;
    if (needed > buffer->capacity)
        buffer_grow(buffer, needed);
}

void wi_buffer_add(struct wi_buffer *buffer, const void *bytes, size_t size)
{
    buffer_reserve(buffer, size);
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
    const char *text = wi_digits(digits, number < 0 ? -(uint64_t)number : (uint64_t)number);
    wi_buffer_add(buffer, text, (size_t)(digits + WI_DIGITS_SIZE - 1 - text));
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
    buffer_reserve(buffer, 128);
    size_t room = buffer->capacity - buffer->size;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(buffer->text + buffer->size, room, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length >= room) {
        buffer_reserve(buffer, (size_t)length);
        vsnprintf(buffer->text + buffer->size, (size_t)length + 1, format, again);
    }
    va_end(again);
    if (length > 0)
        buffer->size += (size_t)length;
}

static int buffer_take_json(const char *text, size_t size, void *buffer)
{
    wi_buffer_add(buffer, text, size);
    return 0;
}

void wi_buffer_json(struct wi_buffer *buffer, const json_t *value)
{
    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        wi_buffer_json_string(buffer, json_string_value(value));
    else
        json_dump_callback(value, buffer_take_json, buffer, JSON_COMPACT | JSON_ENCODE_ANY);
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

void wi_buffer_json_text(struct wi_buffer *buffer, const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    char *odd = string ? NULL : wi_strndup(text, length);
    if (string)
        wi_buffer_json(buffer, string);
    else
        wi_buffer_json_string(buffer, odd);
    json_decref(string);
    free(odd);
}

void wi_json_strings_add(struct wi_buffer *buffer, const struct wi_strings *list)
{
    wi_buffer_add(buffer, "[", 1);
    for (size_t i = 0; i < list->count; i++) {
        wi_buffer_add(buffer, ",", i > 0);
        wi_buffer_json_string(buffer, list->items[i]);
    }
    wi_buffer_add(buffer, "]", 1);
}

/* --- objects by rows ------------------------------------------------------------------------- */

static size_t count_of(const struct wi_json_row *row, const char *holder)
{
    return *(const size_t *)(holder + row->count);
}

static const char *row_name(const struct wi_json_row *row, int value)
{
    size_t stride = row->stride ? row->stride : sizeof *row->names;
    return *(const char *const *)((const char *)row->names + (size_t)(value - row->first) * stride);
}

/* Whether it says no more than its absence. */
static int is_empty(const struct wi_json_row *row, const char *holder, const void *value)
{
    switch (row->kind) {
    case WI_JSON_CHARS:
        return !*(const char *)value;
    case WI_JSON_INTEGER:
        return *(const int64_t *)value == 0;
    case WI_JSON_FLOOR:
    case WI_JSON_CEILING:
    case WI_JSON_NUMBER:
        return !(*(const double *)value > 0);
    case WI_JSON_TRUE:
        return !*(const int *)value;
    case WI_JSON_FALSE:
        return *(const int *)value;
    case WI_JSON_ENUM:
        return *(const int *)value < row->first;
    case WI_JSON_ENUMS:
        return count_of(row, holder) == 0;
    case WI_JSON_STRINGS:
        return ((const struct wi_strings *)value)->count == 0;
    default:
        return !*(const void *const *)value;
    }
}

static void add_word(struct wi_buffer *buffer, const char *word)
{
    size_t length = strlen(word);
    buffer_reserve(buffer, length + 2);
    char *out = buffer->text + buffer->size;
    *out = '"';
    memcpy(out + 1, word, length);
    memcpy(out + 1 + length, "\"", 2);
    buffer->size += length + 2;
}

static void add_enums(
    struct wi_buffer *buffer, const struct wi_json_row *row, const int *values, size_t count)
{
    wi_buffer_add(buffer, "[", 1);
    for (size_t i = 0; i < count; i++) {
        wi_buffer_add(buffer, ",", i > 0);
        add_word(buffer, row_name(row, values[i]));
    }
    wi_buffer_add(buffer, "]", 1);
}

static void add_value(
    struct wi_buffer *buffer, const struct wi_json_row *row, const char *holder, const void *value)
{
    switch (row->kind) {
    case WI_JSON_TEXT:
        wi_buffer_json_string(buffer, *(const char *const *)value);
        break;
    case WI_JSON_WORD:
        add_word(buffer, *(const char *const *)value);
        break;
    case WI_JSON_CHARS:
        add_word(buffer, value);
        break;
    case WI_JSON_INTEGER:
        wi_buffer_integer(buffer, *(const int64_t *)value);
        break;
    case WI_JSON_FLOOR:
        wi_buffer_integer(buffer, (int64_t)fmax(*(const double *)value, 0));
        break;
    case WI_JSON_CEILING:
        wi_buffer_integer(buffer, (int64_t)ceil(*(const double *)value));
        break;
    case WI_JSON_NUMBER:
        wi_buffer_printf(buffer, "%.6g", *(const double *)value);
        break;
    case WI_JSON_TRUE:
    case WI_JSON_FALSE:
        wi_buffer_puts(buffer, *(const int *)value ? "true" : "false");
        break;
    case WI_JSON_ENUM:
        add_word(buffer, row_name(row, *(const int *)value));
        break;
    case WI_JSON_ENUMS:
        add_enums(buffer, row, value, count_of(row, holder));
        break;
    case WI_JSON_STRINGS:
        wi_json_strings_add(buffer, value);
        break;
    case WI_JSON_VALUE:
        wi_buffer_json(buffer, *(const json_t *const *)value);
        break;
    }
}

void wi_json_rows_add(struct wi_buffer *buffer, const struct wi_json_row *rows, const void *object)
{
    size_t first = buffer->size > 0 && buffer->text[buffer->size - 1] == '{';
    for (const struct wi_json_row *row = rows; row->before; row++) {
        const char *holder = object;
        if (row->holder)
            holder = *(const void *const *)(holder + row->holder - 1);
        const void *value = holder + row->offset;
        if (!row->always && is_empty(row, holder, value))
            continue;
        wi_buffer_add(buffer, row->before + first, row->length - first);
        add_value(buffer, row, holder, value);
        first = 0;
    }
}

void wi_json_member_add(struct wi_buffer *buffer, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    wi_buffer_strings(buffer, ",\"", name, "\":", NULL);
    wi_buffer_json_string(buffer, text);
}

char *wi_buffer_take(struct wi_buffer *buffer)
{
    buffer_reserve(buffer, 0);
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
