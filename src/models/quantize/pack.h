/*
 * Matrices of weights in fewer bits: value ≈ (code − zero point) × scale. Pure: reads floats
 * through a function and returns bytes. The layouts are those of the operators that read them:
 *
 *   blocks    MatMulNBits and GatherBlockQuantized of com.microsoft: a scale and a zero point for
 *             32 weights in a row of the sum, codes of 4 bits two a byte, the lower half first
 *             (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md)
 *   columns   MatMulInteger: a scale and a zero point for each column, codes of 8 bits
 *   rows      Gather, Cast and Mul: a scale for each row, codes of 8 bits with a sign
 */
#ifndef WI_MODELS_QUANTIZE_PACK_H
#define WI_MODELS_QUANTIZE_PACK_H

#include <stddef.h>
#include <stdint.h>

#define WI_PACK_BLOCK 32

enum wi_pack_form { WI_PACK_BLOCKS_4, WI_PACK_BLOCKS_8, WI_PACK_COLUMNS, WI_PACK_ROWS };

/* Reads `count` floats from the matrix's element `first` on. 0, or -1. */
typedef int wi_pack_read_fn(void *source, uint64_t first, size_t count, float *values);

/* A matrix for `n` sums over `k` elements each: element (i, j) of k × n is at i · n + j or,
 * transposed, at j · k + i. The rows of a table are such sums, transposed. */
struct wi_pack_matrix {
    uint64_t k, n;
    int transposed;
    float factor; /* the scales are multiplied by it */
    wi_pack_read_fn *read;
    void *source;
};

/* The sizes of a packed matrix, in bytes. */
struct wi_pack_sizes {
    uint64_t codes, scales, zeros; /* `zeros` 0: there are none */
};

struct wi_packed {
    unsigned char *codes, *zeros;
    float *scales;
    double error, energy; /* sums of squares: of the errors, and of the weights (only for blocks) */
};

enum wi_pack_result { WI_PACK_OK, WI_PACK_UNREADABLE, WI_PACK_NOT_FINITE, WI_PACK_NO_MEMORY };

struct wi_pack_sizes wi_pack_sizes(enum wi_pack_form form, uint64_t k, uint64_t n);
/* Clear `packed` in any case. In addition to it, at most 48 MB of memory are used. */
enum wi_pack_result wi_pack(
    enum wi_pack_form form, const struct wi_pack_matrix *matrix, struct wi_packed *packed);
void wi_packed_clear(struct wi_packed *packed);

/* The codes of a block, the code `zero` of the value 0, and the size of a step. */
struct wi_pack_block {
    unsigned char codes[WI_PACK_BLOCK];
    unsigned char zero;
    float scale;
};
/* Finds the codes, up to `levels`. It tries the step that spans the whole range and, with `search`,
 * many smaller and larger ones. The step with the least sum of squared errors is taken, and that
 * sum is returned. Scales are fitted to the codes by least squares. Public for tests. */
double wi_pack_fit(
    const float values[WI_PACK_BLOCK], unsigned levels, int search, struct wi_pack_block *block);

#endif
