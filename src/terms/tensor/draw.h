/*
 * Random numbers in place of a client's input: the same ones for the same seed on every machine.
 */
#ifndef WI_TERMS_TENSOR_DRAW_H
#define WI_TERMS_TENSOR_DRAW_H

#include "base/pcg32.h"
#include "terms/tensor/tensor.h"

/* A generator, from which tensors are drawn one after another. */
struct wi_pcg32 wi_draw_new(uint64_t seed);
/* Draws the elements of a tensor whose name, datatype and shape are set and that has no elements
 * yet: floats between -1 and 1, integers from 0 to 15, which are tokens of every vocabulary. 0, or
 * -1 for BYTES, a negative dimension, or more than `most` bytes. */
int wi_tensor_draw(struct wi_tensor *tensor, size_t most, struct wi_pcg32 *draw);

#endif
