/*
 * What a kernel in C gets. It is compiled twice: by clang to WebAssembly with SIMD, for the page,
 * and natively, for the unit tests. It uses no library and no memory but that of its tensors and
 * its own stack; it writes every element of its output, and nothing else.
 *
 * The table of kernels (src/terms/kernel/kernel_table.c) says which tensors, dimensions and options
 * a kernel has.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

#define KERNEL_INPUTS 4
#define KERNEL_SIZES 8
#define KERNEL_OPTIONS 8

/* Tensors are in row-major order, of 32-bit floats. The page writes this struct into the memory of
 * the module, where a pointer has 32 bits. */
struct kernel_call {
    const float *in[KERNEL_INPUTS]; /* in the table's order */
    float *out;                     /* of as many elements as the table's shape says */
    uint32_t size[KERNEL_SIZES];    /* the dimensions in the order in which the table's shapes name
                                       them first, the inputs' before the output's, a shape's
                                       leading "*" as the product of all that it stands for; then of
                                       each option of 64 bits the low and the high half */
    float option[KERNEL_OPTIONS];   /* the others in the table's order: a number, 0 or 1, or a
                                       word's index */
};

#ifdef __wasm__
#define KERNEL(name)                                                                               \
    __attribute__((export_name(#name))) void kernel_##name(const struct kernel_call *call)
#else
#define KERNEL(name) void kernel_##name(const struct kernel_call *call)
#endif

/* Four numbers at a time, and their bits; `unaligned4` of any address. */
typedef float float4 __attribute__((vector_size(16)));
typedef uint32_t bits4 __attribute__((vector_size(16)));
typedef float unaligned4 __attribute__((vector_size(16), aligned(4)));

#define KERNEL_LIST(K)                                                                             \
    K(add)                                                                                         \
    K(multiply)                                                                                    \
    K(multiply_add)                                                                                \
    K(relu)                                                                                        \
    K(gelu)                                                                                        \
    K(silu)                                                                                        \
    K(matmul)                                                                                      \
    K(transpose)                                                                                   \
    K(reduce)                                                                                      \
    K(softmax)                                                                                     \
    K(layer_norm)                                                                                  \
    K(attention)                                                                                   \
    K(challenge)                                                                                   \
    K(som_distance)                                                                                \
    K(som_update)
#define KERNEL_DECLARE(name) void kernel_##name(const struct kernel_call *call);
KERNEL_LIST(KERNEL_DECLARE)

#endif
