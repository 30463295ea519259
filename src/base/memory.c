/* Allocation that cannot fail, and the owned string list. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's calloc() passes by the cache of small pieces that malloc() and free() have for each
 * thread; where memory comes fresh from the system only calloc() knows that it is zero. */
#define SMALL 1024

static _Noreturn void memory_die(size_t size)
{
    fprintf(stderr, "webinfer: out of memory for %zu bytes\n", size);
    abort();
}

static void *memory_allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (memory == NULL)
        memory_die(size);
    return memory;
}

void *wi_alloc(size_t size)
{
    if (size > SMALL) {
        void *memory = calloc(1, size);
        if (memory == NULL)
            memory_die(size);
        return memory;
    }
    return memset(memory_allocate(size), 0, size);
}

void *wi_realloc_array(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        memory_die(SIZE_MAX);
    size_t bytes = count * size;
    void *memory = realloc(old, bytes ? bytes : 1);
    if (memory == NULL)
        memory_die(bytes);
    return memory;
}

void *wi_grow_array(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    return wi_realloc_array(items, count ? 2 * count : 1, size);
}

char *wi_strdup(const char *text)
{
    return text ? wi_strndup(text, strlen(text)) : NULL;
}

char *wi_strndup(const char *text, size_t length)
{
    char *copy = memory_allocate(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *wi_sprintf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        memory_die(0);
    va_end(arguments);
    return text;
}

void wi_strings_add(struct wi_strings *list, const char *text)
{
    wi_strings_add_owned(list, wi_strdup(text));
}

void wi_strings_add_owned(struct wi_strings *list, char *text)
{
    list->items = wi_realloc_array(list->items, list->count + 2, sizeof *list->items);
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

void wi_strings_clear(struct wi_strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct wi_strings){0};
}

int wi_strings_contain(const struct wi_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return 1;
    }
    return 0;
}

int wi_strings_equal(const struct wi_strings *a, const struct wi_strings *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return 0;
    return 1;
}

void wi_strings_copy(struct wi_strings *to, const struct wi_strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        wi_strings_add(to, from->items[i]);
}
