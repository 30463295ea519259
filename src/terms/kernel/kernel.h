/*
 * THE table of kernels: what each computes, its input and output tensors, and its options. The
 * checks here and in the page, the manual and GET /v1/kernels are derived from it. The shaders that
 * compute a kernel are in shaders/NAME.
 */
#ifndef WI_TERMS_KERNEL_KERNEL_H
#define WI_TERMS_KERNEL_KERNEL_H

#include "base/error.h"
#include "base/params.h"
#include "terms/tensor/tensor.h"

#define WI_KERNEL_INPUTS 4
#define WI_KERNEL_OPTIONS 8
/* The inputs and the output of one run together. */
#define WI_KERNEL_BYTES_MAX (UINT64_C(256) << 20)
/* One version for all kernels: it is incremented when the computation or the inputs of one of them
 * change, and is part of the key of stored measurements. */
#define WI_KERNELS_VERSION "2"

/* A tensor of FP32, or of FP16 if the kernel takes halves. `shape` names its dimensions, separated
 * by commas; dimensions of the same name are equal in all tensors of a kernel. A leading "*" means
 * any number of dimensions, including none. */
struct wi_kernel_tensor {
    const char *name, *shape;
};
/* The next name of a shape, with its length; `shape` is advanced past it. NULL at the end. */
const char *wi_kernel_shape_next(const char **shape, size_t *length);

/* The options of all kernels, with their defaults in wi_kernel_defaults. Each kernel's rows point
 * into this struct. */
struct wi_kernel_options {
    int operation; /* of reduce: an index into its words */
    int causal;    /* of attention */
    double scale, epsilon, rate;
    int64_t n; /* of challenge: both are required */
    const char *seed;
};
extern const struct wi_kernel_options wi_kernel_defaults;

struct wi_kernel {
    const char *name;
    const char *help; /* NULL: only the service uses it, see wi_kernel_is_ours */
    struct wi_kernel_tensor inputs[WI_KERNEL_INPUTS + 1]; /* ended by one without a name */
    /* A dimension that no input has is given by the option of its name, a whole number. */
    struct wi_kernel_tensor output;
    /* At most WI_KERNEL_OPTIONS; ended by a row without a name. A text is a number of 64 bits in
     * hexadecimal, which the kernel gets among the sizes, too. */
    const struct wi_param *options;
    int halves; /* its tensors may be FP16, if all are */
};
extern const struct wi_kernel wi_kernels[]; /* by name; ended by a row without one */
/* Whether it is internal: clients may not name it, and it is in no list. */
static inline int wi_kernel_is_ours(const struct wi_kernel *kernel)
{
    return !kernel->help;
}

/* The kernel of that name, or NULL. */
const struct wi_kernel *wi_kernel_find(const char *name);
/* The names of the kernels that clients may use, separated by ", ", as far as there is room. */
void wi_kernel_names(char *text, size_t size);

/* Adds inputs that the kernel can be run with, different ones for each `seed`. Each dimension is
 * WI_KERNEL_DRAWN_DIM; "*" becomes as many dimensions as make two in all. 0, or -1: out of
 * memory. */
#define WI_KERNEL_DRAWN_DIM 256
int wi_kernel_draw(const struct wi_kernel *kernel, uint32_t seed, struct wi_tensors *inputs);

/* Whether the kernel can be run with these inputs and with `options`, which were checked or are
 * NULL. WI_OK, or WI_INPUT_UNKNOWN, WI_INPUT_MISSING, WI_INPUT_DATATYPE, WI_INPUT_SHAPE, and
 * WI_ANSWER_TOO_LARGE beyond WI_KERNEL_BYTES_MAX. Errors name the field and its expected value. */
enum wi_code wi_kernel_check_inputs(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, struct wi_error *error);
/* Whether inputs that were checked are FP16; then all of them are. */
static inline int wi_kernel_has_halves(const struct wi_tensors *inputs)
{
    return inputs->count > 0 && inputs->items[0].datatype == WI_FP16;
}
/* Checks options; NULL: none. WI_OK, or as wi_params_read. */
enum wi_code wi_kernel_check_options(
    const struct wi_kernel *kernel, const json_t *options, struct wi_error *error);
/* Whether `outputs` have the form that `inputs` and `options`, which were checked, lead to: the
 * kernel's one output, with its name, datatype and shape. WI_OK or WI_INFERENCE_FAILED. */
enum wi_code wi_kernel_check_answer(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, const struct wi_tensors *outputs, struct wi_error *error);

/* The class of calls for which a kernel is compiled in the same way: its sizes in order, "*" as one
 * size, each rounded up to a power of two, separated by "x". The page computes it likewise
 * (kernel_variants.js). 0, or -1 unless the inputs are FP32. Inputs and options were checked. */
#define WI_KERNEL_CLASS_SIZE 112
int wi_kernel_size_class(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, char text[WI_KERNEL_CLASS_SIZE]);
/* Whether `text` is a class of that kernel. */
int wi_kernel_is_size_class(const struct wi_kernel *kernel, const char *text);

#endif
