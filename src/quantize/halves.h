/*
 * A model that computes in 16 bits: weights, constants and all that is between are FP16, and casts
 * at its inputs and outputs keep those FP32. Operators that have only FP32 get casts around them.
 * What is beyond FP16 becomes its largest number, and what is not 0 does not become 0, so that a
 * mask of −1e38 stays one and nothing is divided by a 0 that was 1e-12. Infinities stay: masks have
 * them.
 */
#ifndef WI_QUANTIZE_HALVES_H
#define WI_QUANTIZE_HALVES_H

#include "quantize/output.h"

/* Counts and checks what is to become of the model. 0, or -1 with `problem`. */
int wi_halves_plan(struct wi_graph_model *model, struct wi_quantize_result *result, uint64_t *bytes,
    struct wi_quantize_problem *problem);
/* As wi_integers_put. */
int wi_halves_put(struct wi_quantize_output *output, struct wi_buffer *message,
    struct wi_quantize_problem *problem);
/* Rounds to the nearest, ties to even, as said above. 0, or -1 if one is no number. Public for
 * tests. */
int wi_halves_from(const float *values, size_t count, uint16_t *halves);

#endif
