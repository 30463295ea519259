/*
 * Whether two platforms computed the same. Pure, and safe on a worker thread: it only reads.
 *
 * A value agrees if |got − reference| is within a share of the reference plus a share of the
 * largest finite value of its tensor, with a minimum error. NaN equals NaN, and an infinity the
 * same infinity. Integers, booleans, strings and shapes must be equal.
 *
 * The reference decides which outputs there must be: one that only the reference has is a
 * difference, and one that only the other answer has is ignored.
 */
#ifndef WI_TERMS_TENSOR_COMPARE_H
#define WI_TERMS_TENSOR_COMPARE_H

#include "terms/tensor/tensor.h"

/* Why it stays open whether two answers are the same. */
enum wi_compare_open {
    WI_OPEN_NOT,     /* it does not: they are the same or different */
    WI_OPEN_NUMBERS, /* the numbers tell too little, such as zeros, NaN, or equally likely tokens */
    WI_OPEN_FORM     /* the form of the answer, which its node chose, leaves it open */
};

struct wi_comparison {
    int same;
    enum wi_compare_open open;
    /* The worst error in units of the tolerance: at most 1 if the same, INFINITY if it cannot be
     * expressed as a number. */
    double ratio;
    int has_nan; /* the reference has NaN: honest platforms differ arbitrarily on such inputs */
    char detail[256]; /* the place of the worst error, or what differs; "": nothing */
};

/* The tolerance for a model, by the precision of its computations. */
struct wi_tolerance {
    const char *precision;
    /* For outputs of a task's graphs: the allowed error as a share of the largest output, for the
     * tests' models, which have two layers. In real models errors add up: twice as much is
     * allowed. */
    double of_largest;
    int loose; /* the tolerance for tensors of few bits applies; logits of a task may be off by five
                  times as much */
};
/* By the name from wi_model_precision. NULL and names that are not in the table get the
 * coarsest. */
const struct wi_tolerance *wi_tolerance_of(const char *precision);
/* The same for a graph whose answers are tensors. Names that are not in the table get the finest,
 * since such graphs compute in more bits than all that are, or in integers. */
const struct wi_tolerance *wi_tolerance_of_graph(const char *precision);

/* Compares tensors that are a graph's answer, with a tolerance of 1e-3 of the reference and 1e-4 of
 * the largest, at least 1e-6; ten times that for FP16, BF16 and models of few bits. The result is
 * open if all of the reference is NaN. */
void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out);

/* Writes where an output of at most two dimensions chooses another class than the reference does,
 * which is the place of the largest value of a row: "y: 5 is the largest, not 3"; "": nowhere. */
void wi_compare_choices(
    const struct wi_tensors *reference, const struct wi_tensors *got, char *out, size_t size);

/*
 * Compares the outputs of a task's graphs as a page reports them (webinfer-protocol(7), raw). The
 * tolerance is relative to the largest value of a tensor; logits may also differ by as much as
 * changes a probability by 5 %. The result is open if the reference is empty or all 0, and if a
 * tensor is up to 5 % longer than the other, since a model rounds the length of its speech.
 *
 * Generated text has "tokens", INT32 [n], and "likely", FP32 [n, 5]: the log-probabilities of each
 * token and of the likeliest others in its place. An answer without text has neither. They are
 * compared up to the point where the tokens diverge or one text ends; there the two likeliest
 * tokens must be so close that either may be chosen.
 */
#define WI_COMPARE_LIKELY 5
void wi_compare_raw(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out);

#endif
