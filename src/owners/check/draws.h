/*
 * A series of our own inputs by which a place is found wrong or is cleared: the one rule for the
 * guard's runs and for cross-checks. A client may choose its input so that honest platforms differ
 * (sums that cancel, ties). So each input of ours whose answers differ is repeated with nearly the
 * same numbers. The difference counts only if both give nearly the same answer.
 */
#ifndef WI_OWNERS_CHECK_DRAWS_H
#define WI_OWNERS_CHECK_DRAWS_H

#include "terms/tensor/compare.h"
#include "wire/inference.h"

/* The most inputs that are tried. */
#define WI_DRAWS_MAX 6

/* Zero-initialise. */
struct wi_draws {
    unsigned drawn, strikes, agreed; /* inputs: tried, that differed and counted, that agreed */
};

/* Returns a seed for an unpredictable input of ours that was not used before. */
uint32_t wi_draws_seed(void);
/* The next input to replace the one in `asked`; a text has as many tokens as `tokens` says (0: it
 * is short). NULL: none can be made, or there were enough. A reference. */
struct wi_inference *wi_draws_next(
    struct wi_draws *draws, const struct wi_inference *asked, double tokens);
/* Whether an input is conclusive, judged by the answer to nearly the same numbers. An input outside
 * the domain of the graph, such as the root of a negative number, is not: WGSL leaves NaN to the
 * platform. */
int wi_draws_are_steady(const struct wi_comparison *nearness);
/* A conclusive input differed. Returns whether the place is now found wrong. `few_bits`: the model
 * has few bits. */
int wi_draws_strike(struct wi_draws *draws, int few_bits);
/* An input agreed. Returns whether the place is now cleared. One input is enough unless another
 * input has differed: one of ours that counted or, with `is_suspected`, some other. */
int wi_draws_clear(struct wi_draws *draws, int is_suspected);

#endif
