/*
 * Whose what runs is: how many attempts of each client are on each node, and on all of them, in
 * each of their queues (work/pool/facts/fleet.h: an engine of a node has one, and one for short
 * tasks). While others wait a client is given no more of them than its part; of slots that are
 * taken for as long as a text takes, never more than its share. Pure.
 */
#ifndef WI_WORK_JOB_SLOTS_H
#define WI_WORK_JOB_SLOTS_H

#include <stddef.h>

struct wi_slots;
struct wi_slot_client;
struct wi_slot_count;

/* Embedded in what runs. Zero-initialise. */
struct wi_slot {
    struct wi_slot_client *_client; /* NULL: it has none */
    struct wi_slot_count *_of_node, *_of_all;
};

struct wi_slots *wi_slots_new(void);
void wi_slots_free(struct wi_slots *slots); /* nothing may run; NULL is fine */

/* It runs for the client (NULL is one too) in that queue of the node. */
void wi_slot_take(struct wi_slots *slots, struct wi_slot *slot, const char *client,
    const char *node, unsigned queue);
/* It has ended. Nothing happens where it has none. */
void wi_slot_give(struct wi_slots *slots, struct wi_slot *slot);

/* How many the client has in that queue of the node (NULL: of all nodes). */
size_t wi_slots_of(
    const struct wi_slots *slots, const char *client, const char *node, unsigned queue);
/* In all queues. */
size_t wi_slots_all_of(const struct wi_slots *slots, const char *client);

/* How many of `count` a client has its part with, while so many others wait: as many as each of
 * them, no more than `share` (0 to 1) of all, and one at the least. */
size_t wi_slots_part(size_t count, double share, size_t others);

#endif
