/*
 * Whether two platforms computed the same. Pure, and fit for a worker thread: it only reads.
 *
 * A value agrees if |got − reference| ≤ 1e-3·|reference| + 1e-4·max|reference|, but at least 1e-6;
 * the maximum is over the finite values of its tensor. FP16, BF16 and models of few bits get ten
 * times that. Integers, booleans and strings must be equal, shapes and names too; NaN equals NaN,
 * an infinity the same infinity.
 */
#ifndef WI_MODEL_COMPARE_H
#define WI_MODEL_COMPARE_H

#include "model/tensor.h"

struct wi_comparison {
    int same;
    /* The worst error in tolerances: at most 1 if the same, INFINITY where no number can say. */
    double ratio;
    char detail[256]; /* where the worst is, or what differs; "" if nothing does */
};

/* `loose`: the model computes in few bits. */
void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got, int loose,
    struct wi_comparison *out);

#endif
