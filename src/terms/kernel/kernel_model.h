/*
 * THE table of built-in models made of kernels: the input and output of each, its weights, and the
 * kernels that compute the output. The checks here and in the page and the manual are derived from
 * it; nothing in it depends on a platform.
 */
#ifndef WI_TERMS_KERNEL_KERNEL_MODEL_H
#define WI_TERMS_KERNEL_KERNEL_MODEL_H

#include "terms/kernel/kernel.h"

/* A dimension that is taken from the input. */
struct wi_kernel_size {
    const char *name;
    int64_t least, most;
};

/*
 * A weight. Its shape may contain sizes of the input. Its element k, counted row by row, is
 *
 *   middle + spread · ((h(h(k) XOR seed) >> 8) / 2^23 - 1)
 *
 * computed in FP64 and rounded once to FP32; the factor of `spread` is from -1 (included) to 1. h
 * is a hash of 32 bits, with all operations modulo 2^32:
 *
 *   x ^= x >> 16; x *= 0x7feb352d; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16
 *
 * (lowbias32 of https://nullprogram.com/blog/2018/07/31/). With a spread of 0, all elements are
 * `middle`, whatever the seed.
 */
uint32_t wi_kernel_hash(uint32_t x);
struct wi_kernel_weight {
    const char *name, *shape;
    double middle, spread;
    uint32_t seed; /* different for each weight of all models */
};
/* Public for tests. */
float wi_kernel_weight_element(const struct wi_kernel_weight *weight, uint32_t k);

/* One kernel of the model. Each of its inputs is the model's input, a weight or the output of an
 * earlier step, viewed with the given shape: each dimension is a product of numbers and sizes
 * ("batch*4"). */
struct wi_kernel_step {
    const char *kernel;
    struct wi_kernel_tensor inputs[WI_KERNEL_INPUTS]; /* in the kernel's order */
    const char *output;
    const char *options; /* a JSON object; NULL: none */
};

struct wi_kernel_model {
    const char *name; /* "mlp" of builtin/mlp */
    const char *help;
    struct wi_kernel_tensor input, output;  /* FP32; each dimension is a size or a number */
    const struct wi_kernel_size *sizes;     /* of `input`; ended by one without a name */
    const struct wi_kernel_weight *weights; /* likewise */
    const struct wi_kernel_step *steps;     /* the last one makes `output`; likewise */
};
/* In the order of names; ended by a row without a name. The first size of each model is the number
 * of rows, which are independent of each other. */
extern const struct wi_kernel_model wi_kernel_models[];

/* The dimensions in the shape of `input` or `output`: numbers, and -1 for sizes. Returns their
 * number. */
unsigned wi_kernel_model_dims(const char *shape, int64_t dims[WI_TENSOR_MAX_RANK]);

/* Whether the sizes of `input`, whose rank, datatype and numbers are right, are within their
 * limits: WI_OK, or WI_INPUT_SHAPE. */
enum wi_code wi_kernel_model_check_input(
    const struct wi_kernel_model *model, const struct wi_tensor *input, struct wi_error *error);
/* Whether `outputs` have the form that `input` leads to: the model's one output, with its name,
 * datatype and shape. WI_OK or WI_INFERENCE_FAILED. */
enum wi_code wi_kernel_model_check_answer(const struct wi_kernel_model *model,
    const struct wi_tensor *input, const struct wi_tensors *outputs, struct wi_error *error);

/* Calls `each` for the model's kernels in turn, with the class of sizes (wi_kernel_size_class) that
 * each kernel has for an input of those dimensions, which were checked. */
typedef void wi_kernel_use_fn(
    void *context, const struct wi_kernel *kernel, const char *size_class);
void wi_kernel_model_uses(const struct wi_kernel_model *model,
    const int64_t dims[WI_TENSOR_MAX_RANK], wi_kernel_use_fn *each, void *context);

#endif
