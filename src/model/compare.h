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

/* The version of what is said here. Count it up with every change that may judge the same answers
 * differently: what earlier rules judged is then asked anew. */
#define WI_COMPARE_RULES 2

struct wi_comparison {
    int same;
    int open; /* there is too little in them to tell: neither the same nor different */
    /* The worst error in tolerances: at most 1 if the same, INFINITY where no number can say. */
    double ratio;
    char detail[256]; /* where the worst is, or what differs; "" if nothing does */
};

/* What an answer may be off, by what its model computes in. */
struct wi_tolerance {
    const char *precision;
    /* Numbers of a vector, a depth or a sound that is the answer to a task: by so much of the
     * largest of them in the models of the tests, which have two layers. It adds up in those that
     * people use: by twice as much. */
    double of_largest;
    int loose; /* tensors as few bits have it above; scores, text and masks of answers to tasks may
                * differ by five times what is said below */
};
/* By the name that wi_model_precision has for it; NULL and what is not in the table are the
 * coarsest. */
const struct wi_tolerance *wi_tolerance_of(const char *precision);
/* The same of a graph that has tensors for answers; what is not in the table computes in more bits
 * than all that is, or in whole numbers. */
const struct wi_tolerance *wi_tolerance_of_graph(const char *precision);

void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out);

/*
 * Answers to a task, by what they hold:
 * - vectors, depths and the samples of sounds as above; sounds that differ in length by less than
 *   5 % leave it open, since a model rounds how long it speaks;
 * - probabilities and scores agree within 5 % and 0.5 % of the largest one, sides of boxes within
 *   two pixels. What only one answer has agrees if it lies that near to where the other's list is
 *   cut off, or to a tie between two labels;
 * - text by the log-probabilities of its tokens and of their alternatives, within 0.05 nat and 1 %,
 *   until two that lie that near to each other part the ways. Text without them must be equal;
 * - segments by their scores and masks: 1 % of a picture's pixels may be in others. A segment that
 *   only one answer has is not looked at, and leaves it open if its score is above the least;
 * - answers with nothing in them leave it open, as do texts of few bits without log-probabilities
 *   that differ.
 * They are bounded work, whatever is in them, but too much for the loop: lists of 256 boxes may
 * take 20 ms, and masks more.
 */
struct wi_compared {
    const json_t *result; /* may be NULL */
    const struct wi_tensors *outputs;
};
/* Both are answers to that task, as wi_task_check_answer has it, with one result. */
void wi_compare_answers(enum wi_task_kind task, const struct wi_compared *reference,
    const struct wi_compared *got, const struct wi_tolerance *tolerance, struct wi_comparison *out);

#endif
