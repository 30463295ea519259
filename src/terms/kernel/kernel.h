/*
 * THE table of kernels: what each computes, the tensors that it takes and gives, and its options.
 * The checks here and in the page, the manual and GET /v1/kernels come from it. What computes a
 * kernel lies in shaders/NAME.
 */
#ifndef WI_TERMS_KERNEL_KERNEL_H
#define WI_TERMS_KERNEL_KERNEL_H

#include "base/error.h"
#include "base/params.h"
#include "terms/tensor/tensor.h"

#define WI_KERNEL_INPUTS 4
#define WI_KERNEL_OPTIONS 8
/* Of one run's inputs and its output together. */
#define WI_KERNEL_BYTES_MAX (UINT64_C(256) << 20)
/* Of all kernels together: it counts up when one of them computes or takes something else, and is
 * part of what measurements are kept by. */
#define WI_KERNELS_VERSION "2"

/* A tensor of FP32, or of FP16 where the kernel takes halves. `shape` names its dimensions,
 * separated by commas; those of one name are equal in all tensors of a kernel. A "*" before them
 * stands for any number of dimensions, none too. */
struct wi_kernel_tensor {
    const char *name, *shape;
};
/* The next name of a shape, whose length is put out, and `shape` moves behind it; NULL at the end.
 */
const char *wi_kernel_shape_next(const char **shape, size_t *length);

/* What is said of a dimension beyond its name. `of` of one that no input has: the option of that
 * name, or "A/B", sizes or options, of which the quotient is rounded down. `most`: how long it may
 * be; 0: as long as there is room. `drawn`: how long it is where we make the inputs; 0:
 * WI_KERNEL_DRAWN_DIM. */
struct wi_kernel_extent {
    const char *name, *of;
    int64_t most, drawn;
};

/* All options that there are, with their defaults in wi_kernel_defaults. Each kernel's rows point
 * into it. */
struct wi_kernel_options {
    int operation; /* of reduce: an index into its words */
    int causal;    /* of attention */
    double scale, epsilon, rate, factor;
    int64_t height, width, hop;
    int64_t n; /* of challenge: both are given each time */
    const char *seed;
};
extern const struct wi_kernel_options wi_kernel_defaults;

struct wi_kernel {
    const char *name;
    const char *help; /* NULL: the service alone asks for it, see wi_kernel_is_ours */
    struct wi_kernel_tensor inputs[WI_KERNEL_INPUTS + 1]; /* ended by one without a name */
    struct wi_kernel_tensor output;
    /* At most WI_KERNEL_OPTIONS; ended by a row without a name. A text is 64 bits, in hexadecimal,
     * which the kernel gets among the sizes as well. */
    const struct wi_param *options;
    const struct wi_kernel_extent *extents; /* ended by one without a name; NULL: nothing to say */
    int halves;                             /* its tensors may be FP16, all of them */
};
extern const struct wi_kernel wi_kernels[]; /* by name; ended by a row without one */
/* Whether clients may not name it, and no list has it. */
static inline int wi_kernel_is_ours(const struct wi_kernel *kernel)
{
    return !kernel->help;
}

/* The kernel of that name, or NULL. */
const struct wi_kernel *wi_kernel_find(const char *name);
/* The names of those that clients may ask for, separated by ", ", as far as there is room. */
void wi_kernel_names(char *text, size_t size);

/* Adds inputs that it can be run with, others for each `seed`: a dimension that has a name is as
 * long as its extent says, or WI_KERNEL_DRAWN_DIM, and "*" as many more of these as make two. 0, or
 * -1: there was no memory. */
#define WI_KERNEL_DRAWN_DIM 256
int wi_kernel_draw(const struct wi_kernel *kernel, uint32_t seed, struct wi_tensors *inputs);

/* Whether it can be run with these, and with options that were checked, or NULL: WI_OK, or
 * WI_INPUT_UNKNOWN, WI_INPUT_MISSING,
 * WI_INPUT_DATATYPE, WI_INPUT_SHAPE, and WI_ANSWER_TOO_LARGE beyond WI_KERNEL_BYTES_MAX. Errors
 * name the field and what is expected there. */
enum wi_code wi_kernel_check_inputs(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, struct wi_error *error);
/* Whether inputs that were checked are FP16, which all of them are then. */
static inline int wi_kernel_has_halves(const struct wi_tensors *inputs)
{
    return inputs->count > 0 && inputs->items[0].datatype == WI_FP16;
}
/* `options` may be NULL: none are given. WI_OK, or as wi_params_read. */
enum wi_code wi_kernel_check_options(
    const struct wi_kernel *kernel, const json_t *options, struct wi_error *error);
/* Whether `outputs` are what it makes of `inputs` and `options`, which were checked: its one
 * output, with its name, datatype and shape. WI_OK or WI_INFERENCE_FAILED. */
enum wi_code wi_kernel_check_answer(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, const struct wi_tensors *outputs, struct wi_error *error);

/* Which calls are taken to be alike where it is decided how a kernel is compiled: its sizes in
 * their order, "*" as one, each as the next power of two, separated by "x". The page says it
 * likewise (kernel_variants.js). 0, or -1 for what is not FP32; inputs and options were checked. */
#define WI_KERNEL_CLASS_SIZE 112
int wi_kernel_size_class(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, char text[WI_KERNEL_CLASS_SIZE]);
/* Whether it is the text of a class of that kernel. */
int wi_kernel_is_size_class(const struct wi_kernel *kernel, const char *text);

#endif
