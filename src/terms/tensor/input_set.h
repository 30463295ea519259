/*
 * Which inputs are alike to the guard (owners/check/check.h): an engine chooses its kernels by
 * shapes, and a graph its branches by small whole numbers and booleans. Inputs with the same of
 * both are one set.
 */
#ifndef WI_TERMS_TENSOR_INPUT_SET_H
#define WI_TERMS_TENSOR_INPUT_SET_H

#include "terms/tensor/tensor.h"

/* Of whole numbers and booleans in a tensor of at most so many elements the values count, too. */
#define WI_INPUT_SET_SMALL 64
/* 16 hexadecimal digits. "" stands for no set: nothing is told apart by its inputs. */
#define WI_INPUT_SET_SIZE 17
#define WI_INPUT_SHAPES_SIZE 160

int wi_tensor_is_small(const struct wi_tensor *tensor);
/* Names the set. `about`: what else tells it from others. */
void wi_input_set(const struct wi_tensors *tensors, const char *about, char set[WI_INPUT_SET_SIZE]);
/* "x FP32 [1, 512], sr INT64 []" for people, cut with "…" where it gets long. No values. */
void wi_input_shapes(const struct wi_tensors *tensors, char shapes[WI_INPUT_SHAPES_SIZE]);

#endif
