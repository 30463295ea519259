/* The binary heap; see heap.h. */
#include "base/heap.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>

static void heap_put(struct wi_heap *heap, size_t at, struct wi_heap_place *item)
{
    heap->items[at] = item;
    item->_at = at;
}

static void sift_up(struct wi_heap *heap, size_t at, struct wi_heap_place *item)
{
    for (; at > 0 && heap->before(item, heap->items[(at - 1) / 2]); at = (at - 1) / 2)
        heap_put(heap, at, heap->items[(at - 1) / 2]);
    heap_put(heap, at, item);
}

static void sift_down(struct wi_heap *heap, size_t at, struct wi_heap_place *item)
{
    for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && heap->before(heap->items[child + 1], heap->items[child]))
            child++;
        if (!heap->before(heap->items[child], item))
            break;
        heap_put(heap, at, heap->items[child]);
        at = child;
    }
    heap_put(heap, at, item);
}

static void heap_settle(struct wi_heap *heap, size_t at, struct wi_heap_place *item)
{
    if (at > 0 && heap->before(item, heap->items[(at - 1) / 2]))
        sift_up(heap, at, item);
    else
        sift_down(heap, at, item);
}

void wi_heap_add(struct wi_heap *heap, struct wi_heap_place *item)
{
    if (heap->count == heap->_room) {
        heap->_room = heap->_room ? 2 * heap->_room : 4;
        heap->items = wi_realloc_array(heap->items, heap->_room, sizeof *heap->items);
    }
    heap->count++;
    sift_up(heap, heap->count - 1, item);
}

void wi_heap_remove(struct wi_heap *heap, const struct wi_heap_place *item)
{
    assert(item->_at < heap->count && heap->items[item->_at] == item);
    struct wi_heap_place *last = heap->items[--heap->count];
    if (last != item)
        heap_settle(heap, item->_at, last);
}

void wi_heap_changed(struct wi_heap *heap, struct wi_heap_place *item)
{
    assert(item->_at < heap->count && heap->items[item->_at] == item);
    heap_settle(heap, item->_at, item);
}

struct wi_heap_place *wi_heap_first(const struct wi_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}

void wi_heap_clear(struct wi_heap *heap)
{
    free(heap->items);
    heap->items = NULL;
    heap->count = heap->_room = 0;
}
