/*
 * A growing text buffer for text that the program prints itself: JSON, metrics, log lines. It is
 * NUL-terminated once something has been added. Zero-initialise; free with wi_buffer_clear.
 */
#ifndef WI_BASE_BUFFER_H
#define WI_BASE_BUFFER_H

#include "base/memory.h"
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
/* Inline, so that the compiler computes the length of string literals. */
static inline void wi_buffer_puts(struct wi_buffer *buffer, const char *text)
{
    wi_buffer_add(buffer, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) void wi_buffer_printf(
    struct wi_buffer *buffer, const char *format, ...);
/* Adds strings one after another; the list ends with NULL. Hot paths use it instead of printf,
 * which costs ten times as much. */
__attribute__((sentinel)) void wi_buffer_strings(struct wi_buffer *buffer, ...);
void wi_buffer_integer(struct wi_buffer *buffer, int64_t number);
/* A number with `decimals` decimals, at most 4. Negative numbers, NaN, and 1e15 or more become
 * 0. */
void wi_buffer_decimal(struct wi_buffer *buffer, double number, int decimals);
/* A time in milliseconds with three decimals. An invalid time becomes 0. */
void wi_buffer_ms(struct wi_buffer *buffer, double ms);
/* Adds `value` (borrowed) as compact JSON. */
void wi_buffer_json(struct wi_buffer *buffer, const json_t *value);
/* Adds `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void wi_buffer_json_string(struct wi_buffer *buffer, const char *text);
/* Likewise of so many bytes, which may have NULs among them if they are UTF-8. */
void wi_buffer_json_text(struct wi_buffer *buffer, const char *text, size_t length);
char *wi_buffer_take(struct wi_buffer *buffer); /* the text is the caller's; the buffer is empty */
void wi_buffer_clear(struct wi_buffer *buffer);

/* --- JSON objects by rows --------------------------------------------------------------------- */

/* A static table can describe how a struct is printed as a JSON object: which member of the struct
 * becomes which member of the object, and in which form. The reverse, for input, is params.h. */

/* How a member of a struct is printed as a member of a JSON object. Each kind is followed by its C
 * type and by the value for which the member is left out. */
enum wi_json_kind {
    WI_JSON_TEXT,    /* const char *; NULL */
    WI_JSON_WORD,    /* the same, for text that needs no escaping */
    WI_JSON_CHARS,   /* char[] that needs no escaping; "" */
    WI_JSON_INTEGER, /* int64_t or uint64_t, below 2^63; 0 */
    WI_JSON_FLOOR,   /* double, rounded down; 0 or less */
    WI_JSON_CEILING, /* double, rounded up; 0 or less */
    WI_JSON_NUMBER,  /* double, with six digits; 0 or less */
    WI_JSON_TRUE,    /* int, true or false; 0 */
    WI_JSON_FALSE,   /* int, true or false; not 0 */
    WI_JSON_ENUM,    /* an enum, by `names`; below `first` */
    WI_JSON_ENUMS,   /* an array of `count` enums, by `names`; an empty array */
    WI_JSON_STRINGS, /* struct wi_strings; an empty list */
    WI_JSON_VALUE,   /* json_t *; NULL */
};

struct wi_json_row {
    const char *before; /* ,"NAME": */
    size_t length;      /* of it */
    enum wi_json_kind kind;
    size_t offset; /* of the member */
    size_t holder; /* offset, plus 1, of a pointer to the struct that has the member; 0: the printed
                      struct has it */
    int always;    /* the member is never left out */
    const char *const *names; /* of an enum */
    size_t stride; /* bytes from one name to the next; 0: `names` is an array of pointers */
    int first;     /* the value of the first name */
    size_t count;  /* the offset of the size_t with the number of items */
};

/* A row for a member of `struct type`. The JSON name is the member's; AS takes another one.
 * Arguments after the kind initialise members of the row. OF is for a member of the struct that
 * `pointer`, a member of `struct outer`, points to. END is the last row. */
#define WI_JSON_ROW_AS(title, type, member, kind_, ...)                                            \
    {                                                                                              \
        .before = ",\"" title "\":", .length = sizeof(",\"" title "\":") - 1,                      \
        .kind = WI_JSON_##kind_, .offset = offsetof(struct type, member), ##__VA_ARGS__            \
    }
#define WI_JSON_ROW(type, member, kind_, ...)                                                      \
    WI_JSON_ROW_AS(#member, type, member, kind_, ##__VA_ARGS__)
#define WI_JSON_ROW_OF(outer, pointer, type, member, kind_, ...)                                   \
    WI_JSON_ROW_AS(#member, type, member, kind_, .holder = offsetof(struct outer, pointer) + 1,    \
        ##__VA_ARGS__)
#define WI_JSON_ROW_END                                                                            \
    {                                                                                              \
        .before = NULL                                                                             \
    }

/* Adds members of `object` as the rows say. Each is preceded by a comma unless the buffer ends with
 * a brace, that is, unless it is the first member of its object. */
void wi_json_rows_add(struct wi_buffer *buffer, const struct wi_json_row *rows, const void *object);
/* Adds a comma and a member; nothing if the text is "" or NULL. */
void wi_json_member_add(struct wi_buffer *buffer, const char *name, const char *text);
/* Adds a list of strings as JSON. */
void wi_json_strings_add(struct wi_buffer *buffer, const struct wi_strings *list);

#endif
