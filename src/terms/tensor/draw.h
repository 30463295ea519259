/*
 * Numbers that stand for a client's where nobody has sent any: the same ones for the same seed, on
 * every machine.
 */
#ifndef WI_TERMS_TENSOR_DRAW_H
#define WI_TERMS_TENSOR_DRAW_H

#include "base/pcg32.h"
#include "terms/tensor/tensor.h"

/* What is drawn from, for one after another. */
struct wi_pcg32 wi_draw_new(uint64_t seed);
/* Gives a tensor its elements, whose name, datatype and shape are set, and which has none: floats
 * between -1 and 1, whole numbers from 0 to 15, which are tokens of every vocabulary. 0, or -1 for
 * BYTES, a negative dimension, and more than `most` bytes. */
int wi_tensor_draw(struct wi_tensor *tensor, size_t most, struct wi_pcg32 *draw);

#endif
