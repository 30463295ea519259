/*
 * A model that computes in 16 bits: weights, constants and all that is between are FP16, and casts
 * at its inputs and outputs keep those FP32. Operators that have only FP32 get casts around them.
 * What stands for an infinity becomes FP16's largest number, and what is not 0 does not become 0,
 * so that a mask of −1e38 stays one and nothing is divided by a 0 that was 1e-12. Infinities stay:
 * masks have them. A model with a weight that FP16 cannot hold is refused.
 */
#ifndef WI_MODELS_QUANTIZE_HALVES_H
#define WI_MODELS_QUANTIZE_HALVES_H

#include "models/quantize/output.h"

/* Counts and checks what is to become of the model. 0, or -1 with `problem`. */
int wi_halves_plan(struct wi_graph_model *model, struct wi_quantize_result *result, uint64_t *bytes,
    struct wi_quantize_problem *problem);
/* As wi_integers_put. */
int wi_halves_put(struct wi_quantize_output *output, struct wi_buffer *message,
    struct wi_quantize_problem *problem);
/* Of one tensor, piece by piece, what is beyond FP16: 65520 or more, which rounds to infinity.
 * Begins with zeros. */
struct wi_halves_range {
    float above, below; /* the first such value of each sign, up to 1e30; 0: none */
    int has_weights;    /* some value is neither beyond, nor 0 or 1 as in a mask */
};
/* Public for tests. */
void wi_halves_look(struct wi_halves_range *range, const float *values, size_t count);
/* The value that would become another one; 0: none. What stands for an infinity may: 1e30 or more,
 * which is a limit, and the negative values of a mask. Public for tests. */
float wi_halves_lost(const struct wi_halves_range *range);
/* Rounds to the nearest, ties to even, as said above. 0, or -1 if one is no number. Public for
 * tests. */
int wi_halves_from(const float *values, size_t count, uint16_t *halves);

#endif
