/*
 * Makes a model that computes in 16 bits: weights, constants and intermediate values are FP16, and
 * casts keep its inputs and outputs FP32. Operators that support only FP32 get casts around them.
 * Numbers used as infinity become FP16's largest number, and a nonzero number never becomes 0, so
 * that a mask of −1e38 stays a mask and nothing is divided by a 0 that was 1e-12. Infinities stay:
 * masks have them. A model with a weight that FP16 cannot represent is refused.
 */
#ifndef WI_MODELS_QUANTIZE_HALVES_H
#define WI_MODELS_QUANTIZE_HALVES_H

#include "models/quantize/output.h"

/* Plans 16 bits. 0, or -1 with the plan's `problem`. */
int wi_halves_plan(struct wi_quantize_plan *plan);
/* As wi_integers_put, for a plan of 16 bits. */
int wi_halves_put(struct wi_quantize_output *output, struct wi_buffer *message);
/* The values of a tensor, taken piece by piece, that are beyond FP16: 65520 or more, which rounds
 * to infinity. Zero-initialise. */
struct wi_halves_range {
    float above, below; /* the first such value of each sign, up to 1e30; 0: none */
    int has_weights;    /* some value is within FP16 and neither 0 nor 1, unlike in a mask */
};
/* Public for tests. */
void wi_halves_look(struct wi_halves_range *range, const float *values, size_t count);
/* A value that FP16 would change and must not; 0: none. Numbers used as infinity may change: 1e30
 * or more, which is a limit, and the negative values of a mask. Public for tests. */
float wi_halves_lost(const struct wi_halves_range *range);
/* Rounds to the nearest, ties to even, with the exceptions above. 0, or -1 if a value is NaN.
 * Public for tests. */
int wi_halves_from(const float *values, size_t count, uint16_t *halves);

#endif
