/*
 * Matrices of weights in fewer bits: value ≈ (code − zero point) × scale. Pure: floats in through a
 * function, bytes out. The layouts are those of the operators that read them:
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

/* Gives `count` floats from the matrix's element `first` on. 0, or -1. */
typedef int wi_pack_read_fn(void *source, uint64_t first, size_t count, float *values);

/* A matrix that sums over k and has n sums: element (k, n) is at k · n + n, or, transposed, at
 * n · k + k. The rows of a table are such sums, transposed. */
struct wi_pack_matrix {
    uint64_t k, n;
    int transposed;
    float factor; /* that the scales are multiplied with */
    wi_pack_read_fn *read;
    void *source;
};

/* The sizes of what a matrix becomes, in bytes. */
struct wi_pack_sizes {
    uint64_t codes, scales, zeros; /* zeros 0: there are none */
};

struct wi_packed {
    unsigned char *codes, *zeros;
    float *scales;
    double error, energy; /* sums of squares: of what is off, and of the weights (blocks alone) */
};

enum wi_pack_result { WI_PACK_OK, WI_PACK_UNREADABLE, WI_PACK_NOT_FINITE, WI_PACK_NO_MEMORY };

struct wi_pack_sizes wi_pack_sizes(enum wi_pack_form form, uint64_t k, uint64_t n);
/* Clear `packed` in any case. Beside it this takes at most 48 MB. */
enum wi_pack_result wi_pack(
    enum wi_pack_form form, const struct wi_pack_matrix *matrix, struct wi_packed *packed);
void wi_packed_clear(struct wi_packed *packed);

/* The codes of a block, of which `zero` stands for 0, and what a step is worth. */
struct wi_pack_block {
    unsigned char codes[WI_PACK_BLOCK];
    unsigned char zero;
    float scale;
};
/* Finds them, up to `levels`. The step that spans the whole range is tried, and, with `search`,
 * many smaller and larger ones. That with the least sum of squared errors is taken, which is
 * returned; scales are fitted to the codes by least squares. Public for tests. */
double wi_pack_fit(
    const float values[WI_PACK_BLOCK], unsigned levels, int search, struct wi_pack_block *block);

#endif
