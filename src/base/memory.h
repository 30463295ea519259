/*
 * Allocation that cannot fail, for small, bounded objects: the process aborts with a message when
 * the system is out of memory. A buffer whose size is chosen outside the program uses base/blob.h
 * instead, which can refuse.
 */
#ifndef WI_BASE_MEMORY_H
#define WI_BASE_MEMORY_H

#include <stddef.h>

void *wi_alloc(size_t size);                                  /* zeroed */
void *wi_realloc_array(void *old, size_t count, size_t size); /* aborts on overflow too */
/* Returns `items`, an array of `count` elements of `size` bytes, with room for one more. The array
 * is reallocated only at powers of two, since `count` tells the room that an array grown by this
 * function alone has. */
void *wi_grow_array(void *items, size_t count, size_t size);
/* Appends an element, which is not initialised, to an array that this or wi_grow_array alone has
 * grown, and counts it. Its address. */
#define WI_APPEND(items, count)                                                                    \
    ((items) = wi_grow_array(items, count, sizeof *(items)), &(items)[(count)++])
char *wi_strdup(const char *text);                 /* NULL gives NULL */
char *wi_strndup(const char *text, size_t length); /* `text` has at least `length` bytes */
__attribute__((format(printf, 1, 2))) char *wi_sprintf(const char *format, ...);

/* The value of `from`, which becomes zero: what it owns passes on with the value. */
#define WI_TAKE(from)                                                                              \
    ({                                                                                             \
        __typeof__(from) *_from = &(from), _value = *_from;                                        \
        *_from = (__typeof__(from)){0};                                                            \
        _value;                                                                                    \
    })

/* A list of owned strings. Zero-initialise; free with wi_strings_clear. */
struct wi_strings {
    char **items; /* ended by NULL once something was added */
    size_t count;
};

void wi_strings_add(struct wi_strings *list, const char *text); /* copies */
void wi_strings_add_owned(struct wi_strings *list, char *text); /* takes it over */
void wi_strings_clear(struct wi_strings *list);
int wi_strings_contain(const struct wi_strings *list, const char *text);
int wi_strings_equal(const struct wi_strings *a, const struct wi_strings *b); /* in this order */
void wi_strings_copy(struct wi_strings *to, const struct wi_strings *from);

#endif
