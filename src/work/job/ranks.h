/*
 * An ordered set that counts the members before a given one, in a number of steps logarithmic in
 * its size: a treap (Seidel, Aragon, 1996) that counts the members below each member. It owns
 * nothing. Zero-initialise all but `before`.
 */
#ifndef WI_WORK_JOB_RANKS_H
#define WI_WORK_JOB_RANKS_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in the members of a set; its address is the member. */
struct wi_rank_place {
    struct wi_rank_place *_left, *_right;
    size_t _size;     /* members below it, and itself */
    uint32_t _weight; /* random: heavier ones are above */
};

/* Whether `a` goes before `b`. It must not change while both are in the set, and one of any two
 * members must go before the other. */
typedef int wi_rank_before_fn(const struct wi_rank_place *a, const struct wi_rank_place *b);

struct wi_ranks {
    wi_rank_before_fn *before;
    struct wi_rank_place *_top;
    uint32_t _drawn;
};

void wi_ranks_add(struct wi_ranks *ranks, struct wi_rank_place *member);
/* `member` must be in the set. */
void wi_ranks_remove(struct wi_ranks *ranks, struct wi_rank_place *member);
/* The number of members before this one. */
size_t wi_ranks_before(const struct wi_ranks *ranks, const struct wi_rank_place *member);
/* The number of first members for which `holds` is true. It must be false for all members after one
 * for which it is false. */
typedef int wi_rank_holds_fn(const void *context, const struct wi_rank_place *member);
size_t wi_ranks_while(const struct wi_ranks *ranks, wi_rank_holds_fn *holds, const void *context);

#endif
