/*
 * Memory for jansson's values: a tree is hundreds of small blocks, which are allocated and freed
 * together with a message. malloc() caches seven blocks of each size; it takes any more from lists
 * that it merges and splits, at three times the cost. Here hundreds are cached. Every block comes
 * from malloc(), so any thread may free it.
 */
#include "base/json_memory.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#if defined __has_feature /* clang; gcc has a macro of its own */
#if __has_feature(address_sanitizer)
#define SEES_MEMORY
#endif
#elif defined __SANITIZE_ADDRESS__
#define SEES_MEMORY
#endif

#ifdef SEES_MEMORY
#define KEPT_MOST 0 /* else the sanitizer would not see uses of freed memory */
#else
#define KEPT_MOST 512 /* of each size */
#endif
#define SIZES 9 /* 16 for each, and 8, as glibc has them: 24, 40, ... 136 bytes */

struct piece {
    struct piece *next;
};

struct free_list {
    struct piece *first;
    int count;
};

static _Thread_local struct free_list *free_lists; /* NULL where nothing is kept */

static void *memory_take(size_t bytes)
{
    size_t size = bytes > 24 ? (bytes + 7) / 16 : 1;
    if (!free_lists || size >= SIZES)
        return malloc(bytes);
    struct free_list *list = &free_lists[size];
    struct piece *piece = list->first;
    if (!piece)
        return malloc(size * 16 + 8);
    list->first = piece->next;
    list->count--;
    return piece;
}

static void give_back(void *memory)
{
    struct piece *piece = memory;
    size_t bytes = free_lists ? malloc_usable_size(piece) : 0;
    size_t size = (bytes - 8) / 16;
    if (bytes < 8 || size >= SIZES || free_lists[size].count >= KEPT_MOST) {
        free(piece);
        return;
    }
    struct free_list *list = &free_lists[size];
    piece->next = list->first;
    list->first = piece;
    list->count++;
}

void wi_json_memory_begin(void)
{
    free_lists = calloc(SIZES, sizeof *free_lists);
    json_set_alloc_funcs(memory_take, give_back);
}

void wi_json_memory_end(void)
{
    for (size_t size = 0; size < SIZES; size++) {
        struct piece *piece;
        while ((piece = free_lists[size].first) != NULL) {
            free_lists[size].first = piece->next;
            free(piece);
        }
    }
    free(free_lists);
    free_lists = NULL;
}
