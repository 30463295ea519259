/*
 * Running attempts by client: how many each client has on each node, and on all of them, in each of
 * their queues (work/pool/facts/fleet.h: an engine of a node has one, and one for short tasks).
 * While others wait, a client is given no more than its part of them; of slots that are occupied
 * for as long as a text takes, it never gets more than its share. Pure.
 */
#ifndef WI_WORK_JOB_SLOTS_H
#define WI_WORK_JOB_SLOTS_H

#include <stddef.h>

struct wi_slot_count;

/* Embedded in the struct that runs. Zero-initialise. */
struct wi_slot {
    struct wi_slot_count *_counts[3]; /* those that it is in; NULL: it has no client */
};

/* Zero-initialise. */
struct wi_slots {
    struct wi_slot_count *counts; /* NULL: nothing runs */
};

/* It runs for the client (NULL is a client, too) in that queue of the node. */
void wi_slot_take(struct wi_slots *slots, struct wi_slot *slot, const char *client,
    const char *node, unsigned queue);
/* It has ended. Does nothing if it has no client. */
void wi_slot_give(struct wi_slots *slots, struct wi_slot *slot);

/* The client's number in that queue of the node (NULL: of all nodes). */
size_t wi_slots_of(
    const struct wi_slots *slots, const char *client, const char *node, unsigned queue);
/* The client's number in all queues. */
size_t wi_slots_all_of(const struct wi_slots *slots, const char *client);

/* A client's part of `count` while `others` other clients wait: an equal part for each, at most
 * `share` (0 to 1) of all, and at least one. */
size_t wi_slots_part(size_t count, double share, size_t others);

#endif
