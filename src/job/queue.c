/* The waiting jobs, in lanes of equal demand; see queue.h. */
#include "job/queue.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <uthash.h>

struct fifo {
    struct wi_queue_entry *first, *last;
};

struct wi_lane {
    char *key;
    struct fifo fifos[WI_QUEUE_PRIORITIES];
    size_t size;
    int blocked;
    UT_hash_handle hh;
};

struct wi_queue {
    struct wi_lane *lanes; /* by key; a lane lives while it has entries */
    size_t size;
};

struct wi_queue *wi_queue_new(void)
{
    return wi_alloc(sizeof(struct wi_queue));
}

void wi_queue_free(struct wi_queue *queue)
{
    assert(queue == NULL || queue->size == 0);
    free(queue);
}

size_t wi_queue_size(const struct wi_queue *queue)
{
    return queue->size;
}

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

void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front)
{
    assert(entry->lane == NULL && entry->priority >= 0 && entry->priority < WI_QUEUE_PRIORITIES);
    struct wi_lane *lane = find_or_make_lane(queue, key);
    struct fifo *fifo = &lane->fifos[entry->priority];
    entry->lane = lane;
    entry->next = at_front ? fifo->first : NULL;
    entry->previous = at_front ? NULL : fifo->last;
    *(entry->previous ? &entry->previous->next : &fifo->first) = entry;
    *(entry->next ? &entry->next->previous : &fifo->last) = entry;
    lane->size++;
    queue->size++;
}

void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    struct wi_lane *lane = entry->lane;
    struct fifo *fifo = &lane->fifos[entry->priority];
    *(entry->previous ? &entry->previous->next : &fifo->first) = entry->next;
    *(entry->next ? &entry->next->previous : &fifo->last) = entry->previous;
    entry->next = entry->previous = NULL;
    entry->lane = NULL;
    queue->size--;
    if (--lane->size == 0) {
        HASH_DEL(queue->lanes, lane);
        free(lane->key);
        free(lane);
    }
}

static double urgency(const struct wi_queue_entry *entry, double now)
{
    return entry->priority + (now - entry->since) / WI_QUEUE_AGEING_MS;
}

struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now)
{
    struct wi_queue_entry *best = NULL;
    for (struct wi_lane *lane = queue->lanes; lane; lane = lane->hh.next) {
        for (int p = 0; p < WI_QUEUE_PRIORITIES && !lane->blocked; p++) {
            struct wi_queue_entry *head = lane->fifos[p].first;
            if (head && (best == NULL || urgency(head, now) > urgency(best, now)))
                best = head;
        }
    }
    return best;
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
        if (queue->lanes->fifos[p].first)
            return queue->lanes->fifos[p].first;
    }
    return NULL;
}
