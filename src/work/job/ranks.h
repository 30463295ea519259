/*
 * An ordered set whose members know how many of the others go before them, in about as many steps
 * as the logarithm of their number: a treap (Seidel, Aragon, 1996) that counts what is below each
 * member. It owns nothing. Zero-initialise all but `before`.
 */
#ifndef WI_WORK_JOB_RANKS_H
#define WI_WORK_JOB_RANKS_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what is in a set; its address is the member. */
struct wi_rank_place {
    struct wi_rank_place *_left, *_right;
    size_t _size;     /* of what is below it, and it */
    uint32_t _weight; /* drawn: the heaviest is above */
};

/* Whether `a` goes before `b`: the same for as long as both are in the set, and for no two members
 * neither. */
typedef int wi_rank_before_fn(const struct wi_rank_place *a, const struct wi_rank_place *b);

struct wi_ranks {
    wi_rank_before_fn *before;
    struct wi_rank_place *_top;
    uint32_t _drawn;
};

void wi_ranks_add(struct wi_ranks *ranks, struct wi_rank_place *member);
/* `member` must be in the set. */
void wi_ranks_remove(struct wi_ranks *ranks, struct wi_rank_place *member);
/* Public for tests. */
size_t wi_ranks_size(const struct wi_ranks *ranks);
/* How many go before this member. */
size_t wi_ranks_before(const struct wi_ranks *ranks, const struct wi_rank_place *member);
/* How many of the first ones `holds` of, which holds of none behind one of which it does not. */
typedef int wi_rank_holds_fn(const void *context, const struct wi_rank_place *member);
size_t wi_ranks_while(const struct wi_ranks *ranks, wi_rank_holds_fn *holds, const void *context);

#endif
