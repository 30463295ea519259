/* The waiting jobs, in lanes of equal demand, with a heap for each priority; see queue.h. */
#include "job/queue.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Clients without entries that are remembered before a tidying. */
#define IDLE_SHARES 256

struct heap {
    struct wi_queue_entry **items;
    size_t count, room;
};

struct wi_lane {
    char *key;
    struct heap heaps[WI_QUEUE_PRIORITIES];
    size_t size;
    int blocked;
    UT_hash_handle hh;
};

/* A client: its last turn of each priority is kept for as long as it lies ahead. */
struct wi_share {
    char *client;
    size_t size;
    int64_t last[WI_QUEUE_PRIORITIES];
    UT_hash_handle hh;
};

struct wi_queue {
    struct wi_lane *lanes; /* by key; a lane lives while it has entries */
    struct wi_share *shares;
    size_t size, tidy_at;
    int64_t order, front;               /* of the entries that came, and that came back */
    int64_t turns[WI_QUEUE_PRIORITIES]; /* the turn that was had last */
};

struct wi_queue *wi_queue_new(void)
{
    struct wi_queue *queue = wi_alloc(sizeof *queue);
    queue->tidy_at = IDLE_SHARES;
    return queue;
}

size_t wi_queue_size(const struct wi_queue *queue)
{
    return queue->size;
}

/* ---------------------------------------------------------------- heaps */

static int goes_before(const struct wi_queue_entry *a, const struct wi_queue_entry *b)
{
    return a->turn != b->turn ? a->turn < b->turn : a->order < b->order;
}

static void put(struct heap *heap, size_t place, struct wi_queue_entry *entry)
{
    heap->items[place] = entry;
    entry->place = place;
}

static void sift_up(struct heap *heap, size_t place, struct wi_queue_entry *entry)
{
    for (; place > 0 && goes_before(entry, heap->items[(place - 1) / 2]); place = (place - 1) / 2)
        put(heap, place, heap->items[(place - 1) / 2]);
    put(heap, place, entry);
}

static void sift_down(struct heap *heap, size_t place, struct wi_queue_entry *entry)
{
    for (size_t child = 2 * place + 1; child < heap->count; child = 2 * place + 1) {
        if (child + 1 < heap->count && goes_before(heap->items[child + 1], heap->items[child]))
            child++;
        if (!goes_before(heap->items[child], entry))
            break;
        put(heap, place, heap->items[child]);
        place = child;
    }
    put(heap, place, entry);
}

static void heap_add(struct heap *heap, struct wi_queue_entry *entry)
{
    if (heap->count == heap->room) {
        heap->room = heap->room ? 2 * heap->room : 8;
        heap->items = wi_realloc_array(heap->items, heap->room, sizeof(struct wi_queue_entry *));
    }
    heap->count++;
    sift_up(heap, heap->count - 1, entry);
}

static void heap_remove(struct heap *heap, struct wi_queue_entry *entry)
{
    struct wi_queue_entry *last = heap->items[--heap->count];
    size_t place = entry->place;
    if (last == entry)
        return;
    if (place > 0 && goes_before(last, heap->items[(place - 1) / 2]))
        sift_up(heap, place, last);
    else
        sift_down(heap, place, last);
}

/* ---------------------------------------------------------------- lanes and clients */

static struct wi_lane *find_or_make_lane(struct wi_queue *queue, const char *key)
{
    struct wi_lane *lane;
    HASH_FIND_STR(queue->lanes, key, lane);
    if (lane == NULL) {
        lane = wi_alloc(sizeof *lane);
        lane->key = wi_strdup(key);
        HASH_ADD_KEYPTR(hh, queue->lanes, lane->key, strlen(lane->key), lane);
    }
    return lane;
}

static void drop_lane(struct wi_queue *queue, struct wi_lane *lane)
{
    HASH_DEL(queue->lanes, lane);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        free(lane->heaps[p].items);
    free(lane->key);
    free(lane);
}

static void drop_share(struct wi_queue *queue, struct wi_share *share)
{
    HASH_DEL(queue->shares, share);
    free(share->client);
    free(share);
}

/* Whether the client would get the same turns if it were new. */
static int is_forgettable(const struct wi_queue *queue, const struct wi_share *share)
{
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (share->last[p] >= queue->turns[p])
            return 0;
    return share->size == 0;
}

/* Peer addresses are many; what says nothing any more goes, in steps whose cost is spread. */
static void tidy(struct wi_queue *queue)
{
    struct wi_share *share, *next;
    if (HASH_COUNT(queue->shares) < queue->tidy_at)
        return;
    HASH_ITER(hh, queue->shares, share, next)
    {
        if (is_forgettable(queue, share))
            drop_share(queue, share);
    }
    queue->tidy_at = 2 * (size_t)HASH_COUNT(queue->shares) + IDLE_SHARES;
}

static struct wi_share *find_share(const struct wi_queue *queue, const char *client)
{
    struct wi_share *share;
    HASH_FIND_STR(queue->shares, client, share);
    return share;
}

static struct wi_share *find_or_make_share(struct wi_queue *queue, const char *client)
{
    struct wi_share *share = find_share(queue, client);
    if (share)
        return share;
    tidy(queue);
    share = wi_alloc(sizeof *share);
    share->client = wi_strdup(client);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        share->last[p] = -1;
    HASH_ADD_KEYPTR(hh, queue->shares, share->client, strlen(share->client), share);
    return share;
}

size_t wi_queue_size_of(const struct wi_queue *queue, const char *client)
{
    const struct wi_share *share = find_share(queue, client ? client : "");
    return share ? share->size : 0;
}

void wi_queue_free(struct wi_queue *queue)
{
    struct wi_share *share, *next;
    if (queue == NULL)
        return;
    assert(queue->size == 0);
    HASH_ITER(hh, queue->shares, share, next)
    drop_share(queue, share);
    free(queue);
}

/* ---------------------------------------------------------------- in and out */

static void give_turn(struct wi_queue *queue, struct wi_queue_entry *entry, int at_front)
{
    int p = entry->priority;
    if (at_front) {
        entry->turn = -1;
        entry->order = --queue->front;
        return;
    }
    entry->turn = entry->share->last[p] + 1;
    if (entry->turn < queue->turns[p])
        entry->turn = queue->turns[p];
    entry->share->last[p] = entry->turn;
    entry->order = queue->order++;
}

void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front)
{
    assert(entry->lane == NULL && entry->priority >= 0 && entry->priority < WI_QUEUE_PRIORITIES);
    entry->lane = find_or_make_lane(queue, key);
    entry->share = find_or_make_share(queue, entry->client ? entry->client : "");
    give_turn(queue, entry, at_front);
    heap_add(&entry->lane->heaps[entry->priority], entry);
    entry->lane->size++;
    entry->share->size++;
    queue->size++;
}

void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    struct wi_lane *lane = entry->lane;
    heap_remove(&lane->heaps[entry->priority], entry);
    entry->lane = NULL;
    entry->share->size--;
    entry->share = NULL;
    queue->size--;
    if (--lane->size == 0)
        drop_lane(queue, lane);
}

void wi_queue_take(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    if (entry->turn > queue->turns[entry->priority])
        queue->turns[entry->priority] = entry->turn;
    wi_queue_remove(queue, entry);
}

/* ---------------------------------------------------------------- whose turn it is */

static double urgency(const struct wi_queue_entry *entry, double now)
{
    return entry->priority + (now - entry->since) / WI_QUEUE_AGEING_MS;
}

struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now)
{
    struct wi_queue_entry *heads[WI_QUEUE_PRIORITIES] = {NULL}, *best = NULL;
    for (const struct wi_lane *lane = queue->lanes; lane; lane = lane->hh.next) {
        for (int p = 0; p < WI_QUEUE_PRIORITIES && !lane->blocked; p++) {
            struct wi_queue_entry *head = lane->heaps[p].count ? lane->heaps[p].items[0] : NULL;
            if (head && (heads[p] == NULL || goes_before(head, heads[p])))
                heads[p] = head;
        }
    }
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (heads[p] && (best == NULL || urgency(heads[p], now) > urgency(best, now)))
            best = heads[p];
    return best;
}

size_t wi_queue_company(
    const struct wi_queue_entry *entry, struct wi_queue_entry **others, size_t max)
{
    const struct heap *heap = &entry->lane->heaps[entry->priority];
    size_t count = 0;
    for (size_t i = 0; i < heap->count && count < max; i++)
        if (heap->items[i] != entry)
            others[count++] = heap->items[i];
    return count;
}

void wi_queue_block(struct wi_queue_entry *entry)
{
    entry->lane->blocked = 1;
}

void wi_queue_unblock(struct wi_queue *queue)
{
    for (struct wi_lane *lane = queue->lanes; lane; lane = lane->hh.next)
        lane->blocked = 0;
}

struct wi_queue_entry *wi_queue_any(const struct wi_queue *queue)
{
    for (int p = 0; queue->lanes && p < WI_QUEUE_PRIORITIES; p++) {
        if (queue->lanes->heaps[p].count)
            return queue->lanes->heaps[p].items[0];
    }
    return NULL;
}
