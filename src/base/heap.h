/*
 * A binary heap whose members know their positions in it, so that removing a member, or moving one
 * whose key has changed, takes at most as many steps as the heap is deep. The heap holds pointers
 * and owns only the list of them. Zero-initialise all but `before`.
 */
#ifndef WI_BASE_HEAP_H
#define WI_BASE_HEAP_H

#include <stddef.h>

/* Embedded in a member's struct; its address identifies the member. */
struct wi_heap_place {
    size_t _at;
};

/* Whether `a` goes before `b`; the answer must not change while `a` and `b` do not. */
typedef int wi_heap_before_fn(const struct wi_heap_place *a, const struct wi_heap_place *b);

struct wi_heap {
    wi_heap_before_fn *before;
    struct wi_heap_place **items; /* items[0] is the first; the others in no useful order */
    size_t count;
    size_t _room;
};

void wi_heap_add(struct wi_heap *heap, struct wi_heap_place *item);
/* `item` must be in the heap. */
void wi_heap_remove(struct wi_heap *heap, const struct wi_heap_place *item);
/* Moves `item`, which must be in the heap, after its key has changed; no other key may have changed
 * since. */
void wi_heap_changed(struct wi_heap *heap, struct wi_heap_place *item);
/* NULL if it is empty. */
struct wi_heap_place *wi_heap_first(const struct wi_heap *heap);
void wi_heap_clear(struct wi_heap *heap); /* frees the list; empty afterwards */

#endif
