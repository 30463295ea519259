/*
 * What waits for a node, in lanes: entries of one lane ask the same of a node, so that when the
 * head of a lane must wait, all of it must. Lanes that the same nodes may serve share a gate: while
 * none of these nodes has room the gate is shut, and none of its lanes is asked about. The time of
 * a step grows as the number of gates, and as the logarithm of those of lanes and of entries.
 *
 * The head with the highest priority goes first; an entry gains one priority for every
 * WI_QUEUE_AGEING_MS that it waits. Within a priority the clients take turns, so that one with a
 * thousand requests does not hold up the others: start-time fair queueing (Goyal, Vin, Cheng, 1996)
 * with jobs of equal size. Each entry gets a turn when it comes, at least one after its client's
 * last, and never one that has been; the least turn goes first, and among equals the older entry.
 *
 * A client that has its part of what runs may be held in a lane, so that the others' entries there
 * go before its own.
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

/* Embedded in what waits. Zero-initialise; `lane` is NULL when it is not in a queue. */
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
/* How many entries of this client wait; and of how many other clients any do. */
size_t wi_queue_size_of(const struct wi_queue *queue, const char *client);
size_t wi_queue_others(const struct wi_queue *queue, const char *client);

/* Puts `entry` into the lane named `key`: behind its client's others, or first of its priority with
 * `at_front` (what was dispatched before and is older than everything that waits; among such
 * entries the one that was accepted first). */
void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front);
/* Takes it out because its turn has come, or because nobody wants it any more. */
void wi_queue_take(struct wi_queue *queue, struct wi_queue_entry *entry);
void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry);

/* The entry whose turn it is, among the clients that are not held in a lane, and the lanes that are
 * not blocked and whose gate is not shut, at `now` (wi_now_ms()); NULL if there is none. */
struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now);
/* How many entries would go before this one, as far as the order alone decides: exact within its
 * priority, and of the others as if each that goes first were the older. */
size_t wi_queue_ahead(const struct wi_queue *queue, const struct wi_queue_entry *entry);
/* Others of its lane and priority, of clients that are not held there, at most `max`, by turns and
 * roughly in their order: how many. */
size_t wi_queue_company(
    const struct wi_queue_entry *entry, struct wi_queue_entry **others, size_t max);
/* Passes over the entry's lane until the next wi_queue_unblock. */
void wi_queue_block(struct wi_queue *queue, struct wi_queue_entry *entry);
void wi_queue_unblock(struct wi_queue *queue);
/* Passes over what the entry's client has in its lane until the next wi_queue_release, which says
 * whether anything was held. What comes meanwhile to a priority of which nothing waited is not. */
void wi_queue_hold(struct wi_queue *queue, struct wi_queue_entry *entry);
int wi_queue_release(struct wi_queue *queue);

/* Shuts and opens each gate by what `is_open` says of an owner in one of its lanes. */
typedef int wi_queue_open_fn(void *owner);
void wi_queue_gates(struct wi_queue *queue, wi_queue_open_fn *is_open, double now);
int wi_queue_is_shut(const struct wi_queue_entry *entry);

/* For looking at all lanes in turn, blocked or not: the most urgent entry of the lane whose entry
 * was given to wi_queue_looked longest ago, or never; NULL if nothing waits. */
struct wi_queue_entry *wi_queue_oldest(const struct wi_queue *queue, double now);
void wi_queue_looked(struct wi_queue *queue, const struct wi_queue_entry *entry);
size_t wi_queue_lanes(const struct wi_queue *queue);
/* Any entry, for emptying the queue; NULL if there is none. */
struct wi_queue_entry *wi_queue_any(const struct wi_queue *queue);
/* How many clients it remembers. Public for tests. */
size_t wi_queue_clients(const struct wi_queue *queue);

#endif
