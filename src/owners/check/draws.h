/*
 * Inputs of ours in a row, by which a place is found wrong or is cleared: the one rule of the
 * guard's runs and of cross-checks. A client may choose its input so that honest platforms differ
 * (sums that cancel, ties); of ours each that differs is asked for once more, with nearly the same
 * numbers, and counts if these make nearly the same answer.
 */
#ifndef WI_OWNERS_CHECK_DRAWS_H
#define WI_OWNERS_CHECK_DRAWS_H

#include "terms/tensor/compare.h"
#include "wire/inference.h"

/* So many are asked at most. */
#define WI_DRAWS_MAX 6

/* Zero-initialise. */
struct wi_draws {
    unsigned drawn, strikes, agreed; /* inputs: asked, that differed and counted, that did not */
};

/* For an input of ours that nobody can foresee, nor has seen before. */
uint32_t wi_draws_seed(void);
/* The next input in the place of what was asked: of text as long as so many tokens (0: it is
 * short). NULL: none can be made, or enough were. A reference. */
struct wi_inference *wi_draws_next(
    struct wi_draws *draws, const struct wi_inference *asked, double tokens);
/* The same with nearly the same numbers; NULL: it has none. A reference. */
struct wi_inference *wi_draws_nudge(const struct wi_inference *asked);
/* Whether an input tells anything, by what nearly the same numbers made of the answer. One outside
 * of what the graph is defined for, such as the root of a negative number, does not: WGSL leaves
 * NaN to the platform. */
int wi_draws_are_steady(const struct wi_comparison *nearness);
/* One differed, and tells: whether the place is wrong by now. `few_bits`: of the model. */
int wi_draws_strike(struct wi_draws *draws, int few_bits);
/* One agreed: whether the place is cleared by now. At once, unless another input has differed:
 * one of ours that counted or, as `is_suspected` says, some other. */
int wi_draws_clear(struct wi_draws *draws, int is_suspected);

#endif
