/*
 * Known answers: for each kernel of the table an input of ours, fresh each time, and what plain
 * loops in double precision make of it. Nothing of what computes a kernel is used here.
 */
#ifndef WI_TERMS_KERNEL_ANSWERS_H
#define WI_TERMS_KERNEL_ANSWERS_H

#include "terms/kernel/kernel.h"

/* The kernels in turn, by `index` from 0; NULL behind the last. */
const struct wi_kernel *wi_answer_kernel(size_t index);
/* Fills `inputs` by the seed, which also says how large they are, and gives the options, a new
 * reference or NULL. */
json_t *wi_answer_ask(size_t index, uint32_t seed, struct wi_tensors *inputs);
/* Whether `outputs`, which wi_kernel_check_answer has checked, are what it makes of them: each
 * element within 1e-4 of the largest. `detail` says for people why not. */
int wi_answer_is_right(size_t index, const struct wi_tensors *inputs,
    const struct wi_tensors *outputs, char *detail, size_t size);

#endif
