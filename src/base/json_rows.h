/*
 * JSON objects printed by a static table: which member of a struct stands for which member of the
 * object, and how it is printed. The other way round, for what comes in, is params.h.
 */
#ifndef WI_BASE_JSON_ROWS_H
#define WI_BASE_JSON_ROWS_H

#include "base/buffer.h"
#include "base/memory.h"
#include <stddef.h>

/* How a member of a struct is printed as one of a JSON object. One that says no more than its
 * absence, as named here, is left out. */
enum wi_json_kind {
    WI_JSON_TEXT,    /* const char *; NULL */
    WI_JSON_WORD,    /* likewise, of characters that need no escaping */
    WI_JSON_CHARS,   /* char[] of such; an empty one */
    WI_JSON_INTEGER, /* int64_t or uint64_t, below 2^63; 0 */
    WI_JSON_FLOOR,   /* double, rounded down; what is not above 0 */
    WI_JSON_CEILING, /* double, rounded up; likewise */
    WI_JSON_NUMBER,  /* double, with six digits; likewise */
    WI_JSON_TRUE,    /* int, true or false; 0 */
    WI_JSON_FALSE,   /* likewise; what is not 0 */
    WI_JSON_ENUM,    /* an enum, by `names`; below `first` */
    WI_JSON_ENUMS,   /* an array of enums likewise, of `count`; none */
    WI_JSON_STRINGS, /* struct wi_strings; none */
    WI_JSON_VALUE,   /* json_t *; NULL */
};

struct wi_json_row {
    const char *before; /* ,"NAME": */
    size_t length;      /* of it */
    enum wi_json_kind kind;
    size_t offset;            /* of the member */
    size_t holder;            /* of a pointer to the struct that it is in, plus 1; 0: it is in the
                                 struct that is printed */
    int always;               /* it is never left out */
    const char *const *names; /* of an enum */
    size_t stride; /* from one of the names to the next, in bytes; 0: of an array of them */
    int first;     /* the value that the first of them stands for */
    size_t count;  /* the offset of the size_t that says how many there are */
};

/* A row for a member of `struct type`, whose name is the member's or, AS, another; what follows the
 * kind are members of the row. OF: of what `pointer`, a member of `struct outer`, points to. END is
 * the last row. */
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

/* Adds members of `object` as the rows say, with a comma before each but the first of an object:
 * one that follows a brace. */
void wi_json_rows_add(struct wi_buffer *buffer, const struct wi_json_row *rows, const void *object);
/* Adds a comma and a member; nothing where the text is "" or NULL. */
void wi_json_member_add(struct wi_buffer *buffer, const char *name, const char *text);
/* Adds a list of strings as JSON. */
void wi_json_strings_add(struct wi_buffer *buffer, const struct wi_strings *list);

#endif
