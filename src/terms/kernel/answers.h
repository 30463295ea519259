/*
 * Known answers: for each kernel of the table an input that is drawn afresh each time, and its
 * result by plain loops in double precision. None of the code that computes kernels is used here.
 */
#ifndef WI_TERMS_KERNEL_ANSWERS_H
#define WI_TERMS_KERNEL_ANSWERS_H

#include "terms/kernel/kernel.h"

/* The kernels by `index`, from 0; NULL after the last. */
const struct wi_kernel *wi_answer_kernel(size_t index);
/* Fills `inputs`, whose sizes and values follow from the seed. Returns the options, a new reference
 * or NULL. */
json_t *wi_answer_ask(size_t index, uint32_t seed, struct wi_tensors *inputs);
/* Whether `outputs`, which wi_kernel_check_answer has checked, are the right result for `inputs`:
 * each element within 1e-4 of the largest. `detail` tells people why not. */
int wi_answer_is_right(size_t index, const struct wi_tensors *inputs,
    const struct wi_tensors *outputs, char *detail, size_t size);

#endif
