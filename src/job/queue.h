/*
 * What waits for a node, in lanes: entries of one lane ask the same of a node, so that when the
 * head of a lane must wait, all of it must, and a pass costs as many steps as there are lanes, not
 * jobs. Within a lane order is by priority, then by age; between lanes the most urgent head goes
 * first, and waiting makes urgent: one priority for every WI_QUEUE_AGEING_MS.
 */
#ifndef WI_JOB_QUEUE_H
#define WI_JOB_QUEUE_H

#include <stddef.h>

#define WI_QUEUE_PRIORITIES 10
#define WI_QUEUE_AGEING_MS 5000.0

struct wi_lane;

/* Embedded in what waits. Zero-initialise; `lane` is NULL when it is not in a queue. */
struct wi_queue_entry {
    void *owner;
    int priority; /* 0 to 9, 9 most urgent */
    double since; /* wi_now_ms() when it was accepted */
    struct wi_queue_entry *next, *previous;
    struct wi_lane *lane;
};

struct wi_queue;
struct wi_queue *wi_queue_new(void);
void wi_queue_free(struct wi_queue *queue); /* must be empty; NULL is fine */
size_t wi_queue_size(const struct wi_queue *queue);

/* Puts `entry` into the lane named `key`: last of its priority, or first with `at_front` (what was
 * dispatched before and is older than everything that waits). */
void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front);
void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry);

/* The most urgent head among the lanes that are not blocked, at `now` (wi_now_ms()); NULL if there
 * is none. */
struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now);
/* Passes over the entry's lane until the next wi_queue_unblock. */
void wi_queue_block(struct wi_queue_entry *entry);
void wi_queue_unblock(struct wi_queue *queue);
/* Any entry, for emptying the queue; NULL if there is none. */
struct wi_queue_entry *wi_queue_any(const struct wi_queue *queue);

#endif
