/*
 * Sets of inputs that the guard (owners/check/check.h) treats alike. An engine chooses its kernels
 * by shapes, and a graph its branches by small integers and booleans. Inputs that agree in both are
 * one set.
 */
#ifndef WI_TERMS_TENSOR_INPUT_SET_H
#define WI_TERMS_TENSOR_INPUT_SET_H

#include "terms/tensor/tensor.h"

/* The values of integers and booleans count, too, in tensors of at most so many elements. */
#define WI_INPUT_SET_SMALL 64
/* 16 hexadecimal digits with the NUL. "" is no set: inputs are not distinguished. */
#define WI_INPUT_SET_SIZE 17
#define WI_INPUT_SHAPES_SIZE 160

int wi_tensor_is_small(const struct wi_tensor *tensor);
/* Computes the name of the set. `about`: other properties that distinguish it. */
void wi_input_set(const struct wi_tensors *tensors, const char *about, char set[WI_INPUT_SET_SIZE]);
/* "x FP32 [1, 512], sr INT64 []" for people, without values; cut with "…" if it is too long. */
void wi_input_shapes(const struct wi_tensors *tensors, char shapes[WI_INPUT_SHAPES_SIZE]);

#endif
