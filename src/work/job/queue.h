/*
 * The entries that wait for a node, in lanes. The entries of one lane need the same of a node: if
 * the head of a lane must wait, the whole lane must. Lanes that the same nodes can serve share a
 * gate. While none of these nodes has room, the gate is shut and none of its lanes is tried. The
 * time of a step grows linearly with the number of gates, and logarithmically with the numbers of
 * lanes and entries.
 *
 * The head with the highest priority goes first; an entry gains one priority for every
 * WI_QUEUE_AGEING_MS that it waits. Within a priority the clients take turns, so that a client with
 * a thousand requests does not hold up the others: start-time fair queueing (Goyal, Vin, Cheng,
 * 1996) with jobs of equal size. An entry gets its turn when it arrives, at least one after its
 * client's last, and never one that has passed. The lowest turn goes first, and among equal turns
 * the older entry.
 *
 * A client that already has its part of the running jobs may be held in a lane, so that other
 * clients' entries there go before its own.
 */
#ifndef WI_WORK_JOB_QUEUE_H
#define WI_WORK_JOB_QUEUE_H

#include "base/heap.h"
#include "work/job/ranks.h"
#include <stddef.h>
#include <stdint.h>

#define WI_QUEUE_PRIORITIES 10
#define WI_QUEUE_AGEING_MS 5000.0

struct wi_lane;
struct wi_queue_client;
struct wi_queue_strand;

/* Embedded in the struct that waits. Zero-initialise; `lane` is NULL while it is not in a queue. */
struct wi_queue_entry {
    void *owner;
    int priority;       /* 0 to 9, 9 most urgent */
    double since;       /* wi_now_ms() when it was accepted */
    const char *client; /* borrowed for the push; NULL is a client too */
    const char *gate;   /* likewise; the same for all entries of a lane */
    /* The queue's own. */
    int64_t turn, order;
    struct wi_heap_place place;
    struct wi_rank_place rank;
    struct wi_lane *lane;
    struct wi_queue_strand *strand;
};

struct wi_queue;
struct wi_queue *wi_queue_new(void);
void wi_queue_free(struct wi_queue *queue); /* must be empty; NULL is fine */
/* The number of waiting entries of this client; the number of other clients with waiting
 * entries. */
size_t wi_queue_size_of(const struct wi_queue *queue, const char *client);
size_t wi_queue_others(const struct wi_queue *queue, const char *client);

/* Puts `entry` into the lane named `key`: after its client's others, or, with `at_front`, first of
 * its priority. `at_front` is for an entry that was dispatched before and is older than all that
 * wait; among such entries the one accepted first goes first. */
void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front);
/* Take it out: because its turn has come, or because it is no longer wanted. */
void wi_queue_take(struct wi_queue *queue, struct wi_queue_entry *entry);
void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry);

/* The entry whose turn it is at `now` (wi_now_ms()), of clients that are not held in a lane, and of
 * lanes that are not blocked and whose gate is not shut; NULL if there is none. */
struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now);
/* The number of entries that would go before this one by the order alone. It is exact within its
 * priority; entries of other priorities are counted as if each one that goes first were the
 * older. */
size_t wi_queue_ahead(const struct wi_queue *queue, const struct wi_queue_entry *entry);
/* Collects other entries of its lane and priority, of clients that are not held there, at most
 * `max`, taking clients in turn and roughly in their order. Returns their number. */
size_t wi_queue_company(
    const struct wi_queue_entry *entry, struct wi_queue_entry **others, size_t max);
/* Skips the entry's lane until the next wi_queue_unblock. */
void wi_queue_block(struct wi_queue *queue, struct wi_queue_entry *entry);
void wi_queue_unblock(struct wi_queue *queue);
/* Skips the entries of this client in the entry's lane until the next wi_queue_release, which
 * returns whether any were held. Later entries are not held if their priority had none waiting. */
void wi_queue_hold(struct wi_queue *queue, struct wi_queue_entry *entry);
int wi_queue_release(struct wi_queue *queue);

/* Shuts or opens each gate by the result of `is_open` for an owner in one of its lanes. */
typedef int wi_queue_open_fn(void *owner);
void wi_queue_gates(struct wi_queue *queue, wi_queue_open_fn *is_open, double now);
int wi_queue_is_shut(const struct wi_queue_entry *entry);

/* For examining all lanes in turn, blocked or not: the most urgent entry of the lane that was
 * passed to wi_queue_looked longest ago, or never; NULL if nothing waits. */
struct wi_queue_entry *wi_queue_oldest(const struct wi_queue *queue, double now);
void wi_queue_looked(struct wi_queue *queue, const struct wi_queue_entry *entry);
size_t wi_queue_lanes(const struct wi_queue *queue);
/* The number of clients that it remembers. Public for tests. */
size_t wi_queue_clients(const struct wi_queue *queue);

#endif
