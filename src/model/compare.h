/*
 * Whether two platforms computed the same. Pure, and fit for a worker thread: it only reads.
 *
 * Tensors: a value agrees if |got − reference| ≤ 1e-3·|reference| + 1e-4·max|reference|, but at
 * least 1e-6; the maximum is over the finite values of its tensor. FP16, BF16 and models of few
 * bits get ten times that. Integers, booleans and strings must be equal, shapes and names too; NaN
 * equals NaN, an infinity the same infinity.
 */
#ifndef WI_MODEL_COMPARE_H
#define WI_MODEL_COMPARE_H

#include "model/task.h"
#include "model/tensor.h"
#include <jansson.h>

struct wi_comparison {
    int same;
    int open; /* there is too little in them to tell: neither the same nor different */
    /* The worst error in tolerances: at most 1 if the same, INFINITY where no number can say. */
    double ratio;
    char detail[256]; /* where the worst is, or what differs; "" if nothing does */
};

/* `loose`: the model computes in few bits. */
void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got, int loose,
    struct wi_comparison *out);

/*
 * Answers to a task, by what they hold:
 * - vectors and depths as tensors, above;
 * - probabilities and scores agree within 5 % and 0.5 % of the largest one, sides of boxes within
 *   two pixels. What only one answer has agrees if it lies that near to where the other's list is
 *   cut off, or to a tie between two labels;
 * - text by the log-probabilities of its tokens and of their alternatives, within 0.05 nat and 1 %,
 *   until two that lie that near to each other part the ways. Text without them must be equal;
 * - masks that are not equal leave it open, as do answers with nothing in them.
 * `loose`: ten times that of tensors, five times that of the others, and text without
 * log-probabilities that differs leaves it open. They are bounded work, whatever is in them.
 */
struct wi_compared {
    const json_t *result; /* may be NULL */
    const struct wi_tensors *outputs;
};
/* Both are answers to that task, as wi_task_check_answer has it, with one result. */
void wi_compare_answers(enum wi_task_kind task, const struct wi_compared *reference,
    const struct wi_compared *got, int loose, struct wi_comparison *out);

#endif
