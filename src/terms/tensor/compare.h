/*
 * Whether two platforms computed the same. Pure, and fit for a worker thread: it only reads.
 *
 * A value agrees if |got − reference| is within a share of the reference and a share of the largest
 * finite value of its tensor, but at least a smallest error. NaN equals NaN, an infinity the same
 * infinity; integers, booleans and strings must be equal, and shapes.
 *
 * The reference says what there has to be: an output that it has and the other lacks differs, and
 * what the other has beyond that is passed over.
 */
#ifndef WI_TERMS_TENSOR_COMPARE_H
#define WI_TERMS_TENSOR_COMPARE_H

#include "terms/tensor/tensor.h"

/* Why two answers are neither the same nor different. */
enum wi_compare_open {
    WI_OPEN_NOT,     /* they are one of the two */
    WI_OPEN_NUMBERS, /* the numbers tell too little, such as zeros, NaN, or tokens as likely */
    WI_OPEN_FORM     /* the form of the answer leaves it open, which was its node's to choose */
};

struct wi_comparison {
    int same;
    enum wi_compare_open open;
    /* The worst error in tolerances: at most 1 if the same, INFINITY where no number can say. */
    double ratio;
    int has_nan;      /* NaN is in the reference: of such inputs honest platforms make anything */
    char detail[256]; /* where the worst is, or what differs; "" if nothing does */
};

/* What a model may be off, by what it computes in. */
struct wi_tolerance {
    const char *precision;
    /* Numbers that its graphs put out in a task: by so much of the largest of them in the models of
     * the tests, which have two layers. It adds up in those that people use: by twice as much. */
    double of_largest;
    int loose; /* tensors as few bits have it; logits of a task by five times as much as else */
};
/* By the name that wi_model_precision has for it; NULL and what is not in the table are the
 * coarsest. */
const struct wi_tolerance *wi_tolerance_of(const char *precision);
/* The same of a graph that has tensors for answers; what is not in the table computes in more bits
 * than all that is, or in whole numbers. */
const struct wi_tolerance *wi_tolerance_of_graph(const char *precision);

/* Tensors that are a graph's answer: 1e-3 of the reference and 1e-4 of the largest, at least 1e-6;
 * ten times that for FP16, BF16 and models of few bits. It is open where all that there is of the
 * reference is NaN. */
void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out);

/*
 * What the graphs of a task put out, as a page tells it (webinfer-protocol(7), raw): by the largest
 * of a tensor as the tolerance says, logits also by what makes a probability 5 % another. It is
 * open where the reference has nothing, where all of it is 0, and where a tensor is up to 5 %
 * longer than the other, since a model rounds how long it speaks.
 *
 * Of what is written step by step there are "tokens", INT32 [n], and "likely", FP32 [n, 5]: the
 * log-probability of each and of the likeliest others in its place; an answer that wrote nothing
 * has neither. They are compared until the tokens part, or one text ends; there the two likeliest
 * must be so near that either may come.
 */
#define WI_COMPARE_LIKELY 5
void wi_compare_raw(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out);

#endif
