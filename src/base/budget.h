/*
 * Limits the memory whose size is chosen outside the process: bodies, frames, tensors, printed
 * answers. It counts the bytes that were granted, not those that malloc allocates. Everything here
 * is for the loop's thread, and a NULL budget counts nothing.
 */
#ifndef WI_BASE_BUDGET_H
#define WI_BASE_BUDGET_H

#include <stdint.h>

/* `limit` may be changed at any time; `used` is written only by the functions below. */
struct wi_budget {
    uint64_t limit;
    uint64_t used;
    /* Called by wi_budget_make_room when `bytes` do not fit: its owner gives back memory that is
     * only kept for later, until they fit or it has no more. NULL: there is no such owner. */
    void (*on_short)(void *context, uint64_t bytes);
    void *context;
    uint64_t spare; /* about how many of the bytes used that are; written by the owner */
};

/* Whether `bytes` fit now. */
int wi_budget_fits(const struct wi_budget *budget, uint64_t bytes);
/* The bytes used without those that are only kept for later. */
uint64_t wi_budget_in_use(const struct wi_budget *budget);
/* Has what is only kept given back, as far as `bytes` do not fit otherwise. */
void wi_budget_make_room(struct wi_budget *budget, uint64_t bytes);
/* Takes `bytes` if room can be made for them: 0, or -1 and nothing is taken. */
int wi_budget_take(struct wi_budget *budget, uint64_t bytes);
/* Counts memory that is already held, whether it fits or not. */
void wi_budget_force(struct wi_budget *budget, uint64_t bytes);
/* Gives back what was taken or forced. */
void wi_budget_give(struct wi_budget *budget, uint64_t bytes);
/* Takes `bytes` in place of `*held`: 0, or -1 and nothing is held any more. */
int wi_budget_exchange(struct wi_budget *budget, uint64_t *held, uint64_t bytes);

#endif
