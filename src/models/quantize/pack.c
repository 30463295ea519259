/* Matrices of weights in fewer bits, tile by tile. */
#include "models/quantize/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Floats of a tile. */
#define TILE_MAX ((size_t)1 << 20)
/* A row of a transposed matrix is read whole. */
#define ROW_MAX ((uint64_t)12 << 20)
/* Below this a range is nothing: its inverse would not be finite. */
#define LEAST_SCALE 1e-30
/* Beyond this a range would not be finite. */
#define LARGEST 1e37f
/* The steps that are tried for a block, as shares of the one that spans its whole range: closer to
 * each other where the best mostly is. Over many blocks the squared errors are less than 0.2 %
 * above those of the best of all steps and zero points, which the unit test finds. */
#define STEPS 32
#define LEAST_STEP 0.92f
#define MORE_STEP 0.6f
#define REFINEMENTS 3
/* Sums that are made side by side. */
#define LANES 8

/* A part of a matrix in memory: element (k, n) is values[k * step_k + n * step_n]. */
struct tile {
    uint64_t k, n; /* where it begins */
    size_t rows, columns;
    size_t step_k, step_n;
    float *values;
};

/* --- tiles ----------------------------------------------------------------------------------- */

/* The largest extent of tiles, whose rows are a multiple of a block but for the last. */
static void choose_extent(const struct wi_pack_matrix *matrix, uint64_t *rows, uint64_t *columns)
{
    if (matrix->transposed) {
        *rows = matrix->k;
        *columns = matrix->k < TILE_MAX ? TILE_MAX / matrix->k : 1;
    } else {
        *columns = matrix->n < TILE_MAX / WI_PACK_BLOCK ? matrix->n : TILE_MAX / WI_PACK_BLOCK;
        *rows = TILE_MAX / *columns / WI_PACK_BLOCK * WI_PACK_BLOCK;
    }
    if (*rows > matrix->k)
        *rows = matrix->k;
    if (*columns > matrix->n)
        *columns = matrix->n;
}

static int is_finite(const float *values, size_t count)
{
    int fine = 1;
    for (size_t i = 0; i < count; i++)
        fine &= fabsf(values[i]) < LARGEST; /* not of NaN */
    return fine;
}

static enum wi_pack_result tile_load(const struct wi_pack_matrix *matrix, struct tile *tile)
{
    size_t lines = matrix->transposed ? tile->columns : tile->rows;
    size_t length = matrix->transposed ? tile->rows : tile->columns;
    uint64_t whole = matrix->transposed ? matrix->k : matrix->n;
    uint64_t at = matrix->transposed ? tile->n * whole + tile->k : tile->k * whole + tile->n;
    if (length == whole) { /* one piece */
        length *= lines;
        lines = 1;
    }
    for (size_t i = 0; i < lines; i++)
        if (matrix->read(matrix->source, at + i * whole, length, tile->values + i * length) != 0)
            return WI_PACK_UNREADABLE;
    tile->step_k = matrix->transposed ? 1 : tile->columns;
    tile->step_n = matrix->transposed ? tile->rows : 1;
    return is_finite(tile->values, lines * length) ? WI_PACK_OK : WI_PACK_NOT_FINITE;
}

typedef void tile_fn(const struct wi_pack_matrix *matrix, const struct tile *tile, void *context);

/* Calls `take` with each tile, those with the same columns one after another. */
static enum wi_pack_result each_tile(
    const struct wi_pack_matrix *matrix, tile_fn *take, void *context)
{
    uint64_t rows, columns;
    struct tile tile = {0};
    enum wi_pack_result result = WI_PACK_OK;
    choose_extent(matrix, &rows, &columns);
    tile.values = malloc((size_t)(rows * columns) * sizeof *tile.values);
    if (!tile.values)
        return WI_PACK_NO_MEMORY;
    for (tile.n = 0; result == WI_PACK_OK && tile.n < matrix->n; tile.n += columns)
        for (tile.k = 0; result == WI_PACK_OK && tile.k < matrix->k; tile.k += rows) {
            tile.rows = (size_t)(matrix->k - tile.k < rows ? matrix->k - tile.k : rows);
            tile.columns = (size_t)(matrix->n - tile.n < columns ? matrix->n - tile.n : columns);
            result = tile_load(matrix, &tile);
            if (result == WI_PACK_OK)
                take(matrix, &tile, context);
        }
    free(tile.values);
    return result;
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* How a block is cut into codes, in units of a step that spans its whole range. */
struct cut {
    float step, zero;
    float scale; /* the best for the codes that this gives, by least squares */
    float gain;  /* the squares that they take away with it */
};

/* From 0 up to `top`; 0 has the code `zero`. */
static float value_code(float value, float inverse, float zero, float top)
{
    float code = value * inverse + zero;
    code = code < 0 ? 0 : code;
    code = code > top ? top : code;
    return (float)(int)(code + 0.5f);
}

/* Finds scale and gain of a cut: no other scale is better for its codes. */
static void measure_cut(const float values[WI_PACK_BLOCK], float top, struct cut *cut)
{
    float codes[WI_PACK_BLOCK], squares[LANES] = {0}, products[LANES] = {0};
    float inverse = 1 / cut->step, zero = cut->zero, square = 0, product = 0;
    for (int i = 0; i < WI_PACK_BLOCK; i++)
        codes[i] = value_code(values[i], inverse, zero, top) - zero;
    for (int i = 0; i < WI_PACK_BLOCK; i += LANES)
        for (int k = 0; k < LANES; k++) {
            squares[k] += codes[i + k] * codes[i + k];
            products[k] += codes[i + k] * values[i + k];
        }
    for (int k = 0; k < LANES; k++) {
        square += squares[k];
        product += products[k];
    }
    cut->scale = product / square; /* not all codes are `zero`: steps are too small for that */
    cut->gain = product * product / square;
}

/* Takes this step in place of `best` if it is better. `ends` is the sum of the least and the
 * largest value: both are cut off alike. */
static void try_step(
    const float values[WI_PACK_BLOCK], float ends, float top, float step, struct cut *best)
{
    float middle = (top - ends / step) / 2;
    struct cut cut = {.step = step, .zero = value_code(middle, 1, 0, top)};
    measure_cut(values, top, &cut);
    if (cut.gain > best->gain)
        *best = cut;
}

/* The codes of a scale may be others than those that it was fitted to, and better. */
static void cut_refine(const float values[WI_PACK_BLOCK], float top, struct cut *best)
{
    for (int i = 0; i < REFINEMENTS; i++) {
        struct cut cut = {.step = best->scale, .zero = best->zero};
        measure_cut(values, top, &cut);
        if (cut.gain <= best->gain)
            return;
        *best = cut;
    }
}

/* Cuts the block. The sum of squared errors, which is summed up as they are. */
static double put_codes(const float values[WI_PACK_BLOCK], const float units[WI_PACK_BLOCK],
    float top, const struct cut *cut, struct wi_pack_block *block)
{
    double error = 0;
    for (int i = 0; i < WI_PACK_BLOCK; i++) {
        float code = value_code(units[i], 1 / cut->step, cut->zero, top);
        double off = (double)values[i] - (double)(code - cut->zero) * (double)block->scale;
        block->codes[i] = (unsigned char)code;
        error += off * off;
    }
    return error;
}

double wi_pack_fit(
    const float values[WI_PACK_BLOCK], unsigned levels, int search, struct wi_pack_block *block)
{
    float units[WI_PACK_BLOCK], low = 0, high = 0; /* zero itself has a code */
    float top = (float)levels, whole, ends;
    struct cut best = {0};
    for (int i = 0; i < WI_PACK_BLOCK; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *block = (struct wi_pack_block){.scale = 1};
    if (high - low < LEAST_SCALE * levels)
        return 0;
    whole = (high - low) / top;
    ends = (low + high) / whole;
    for (int i = 0; i < WI_PACK_BLOCK; i++)
        units[i] = values[i] / whole;
    try_step(units, ends, top, 1, &best);
    for (int i = 0; search && i < STEPS; i++) {
        float share = (float)i / STEPS;
        try_step(units, ends, top, LEAST_STEP + MORE_STEP * share * share, &best);
    }
    if (search)
        cut_refine(units, top, &best);
    block->zero = (unsigned char)best.zero;
    block->scale = best.scale * whole;
    return put_codes(values, units, top, &best, block);
}

struct blocks {
    int bits;
    uint64_t count; /* of a column */
    struct wi_packed *packed;
};

static void put_block(const struct blocks *blocks, uint64_t column, uint64_t at,
    const struct wi_pack_block *block, float factor)
{
    uint64_t index = column * blocks->count + at;
    struct wi_packed *packed = blocks->packed;
    packed->scales[index] = block->scale * factor;
    if (blocks->bits == 8) {
        memcpy(packed->codes + index * WI_PACK_BLOCK, block->codes, WI_PACK_BLOCK);
        packed->zeros[index] = block->zero;
        return;
    }
    for (int i = 0; i < WI_PACK_BLOCK / 2; i++)
        packed->codes[index * (WI_PACK_BLOCK / 2) + (uint64_t)i] =
            (unsigned char)(block->codes[2 * i] | block->codes[2 * i + 1] << 4);
    /* Two a byte, and each column begins with a byte of its own. */
    packed->zeros[column * ((blocks->count + 1) / 2) + at / 2] |=
        (unsigned char)(at % 2 ? block->zero << 4 : block->zero);
}

static void take_blocks(const struct wi_pack_matrix *matrix, const struct tile *tile, void *context)
{
    struct blocks *blocks = context;
    unsigned levels = (1u << blocks->bits) - 1;
    float values[WI_PACK_BLOCK];
    struct wi_pack_block block;
    for (size_t n = 0; n < tile->columns; n++)
        for (size_t k = 0; k < tile->rows; k += WI_PACK_BLOCK) {
            size_t there = tile->rows - k < WI_PACK_BLOCK ? tile->rows - k : WI_PACK_BLOCK;
            const float *from = tile->values + k * tile->step_k + n * tile->step_n;
            for (size_t i = 0; i < WI_PACK_BLOCK; i++)
                values[i] = i < there ? from[i * tile->step_k] : 0;
            blocks->packed->error += wi_pack_fit(values, levels, blocks->bits < 8, &block);
            for (size_t i = 0; i < there; i++)
                blocks->packed->energy += (double)values[i] * (double)values[i];
            put_block(blocks, tile->n + n, (tile->k + k) / WI_PACK_BLOCK, &block, matrix->factor);
        }
}

static enum wi_pack_result pack_blocks(
    const struct wi_pack_matrix *matrix, int bits, struct wi_packed *packed)
{
    struct blocks blocks = {bits, (matrix->k + WI_PACK_BLOCK - 1) / WI_PACK_BLOCK, packed};
    return each_tile(matrix, take_blocks, &blocks);
}

/* --- columns --------------------------------------------------------------------------------- */

struct columns {
    float *low, *high; /* of each column; then its inverse scale and zero point */
    unsigned char *codes;
};

static void take_ranges(const struct wi_pack_matrix *matrix, const struct tile *tile, void *context)
{
    const struct columns *columns = context;
    float *low = columns->low + tile->n, *high = columns->high + tile->n;
    for (size_t k = 0; k < tile->rows; k++)
        for (size_t n = 0; n < tile->columns; n++) {
            float value = tile->values[k * tile->step_k + n * tile->step_n];
            low[n] = value < low[n] ? value : low[n];
            high[n] = value > high[n] ? value : high[n];
        }
}

static void take_columns(
    const struct wi_pack_matrix *matrix, const struct tile *tile, void *context)
{
    const struct columns *columns = context;
    const float *inverse = columns->low + tile->n, *zero = columns->high + tile->n;
    for (size_t k = 0; k < tile->rows; k++) {
        unsigned char *codes = columns->codes + (tile->k + k) * matrix->n + tile->n;
        for (size_t n = 0; n < tile->columns; n++) {
            float code =
                tile->values[k * tile->step_k + n * tile->step_n] * inverse[n] + zero[n] + 0.5f;
            codes[n] = (unsigned char)(int)(code < 0 ? 0 : code > 255 ? 255 : code);
        }
    }
}

static enum wi_pack_result pack_columns(
    const struct wi_pack_matrix *matrix, struct wi_packed *packed)
{
    struct columns columns = {calloc((size_t)matrix->n, sizeof(float)),
        calloc((size_t)matrix->n, sizeof(float)), packed->codes};
    enum wi_pack_result result = WI_PACK_NO_MEMORY;
    if (columns.low && columns.high)
        result = each_tile(matrix, take_ranges, &columns);
    for (uint64_t n = 0; result == WI_PACK_OK && n < matrix->n; n++) {
        float low = columns.low[n], scale = (columns.high[n] - low) / 255;
        int nothing = scale < (float)LEAST_SCALE;
        columns.low[n] = nothing ? 0 : 1 / scale;
        columns.high[n] = nothing ? 0 : roundf(-low / scale);
        packed->scales[n] = (nothing ? 1 : scale) * matrix->factor;
        packed->zeros[n] = (unsigned char)columns.high[n];
    }
    if (result == WI_PACK_OK)
        result = each_tile(matrix, take_columns, &columns);
    free(columns.low);
    free(columns.high);
    return result;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Whole rows of a table, whose codes have a sign, so that nothing is subtracted after they are
 * looked up. */
static void take_rows(const struct wi_pack_matrix *matrix, const struct tile *tile, void *context)
{
    struct wi_packed *packed = context;
    for (size_t n = 0; n < tile->columns; n++) {
        const float *values = tile->values + n * tile->step_n;
        unsigned char *codes = packed->codes + (tile->n + n) * matrix->k;
        float most = 0;
        for (size_t k = 0; k < tile->rows; k++)
            most = fabsf(values[k]) > most ? fabsf(values[k]) : most;
        int nothing = most < (float)LEAST_SCALE;
        float inverse = nothing ? 0 : 127 / most;
        packed->scales[tile->n + n] = (nothing ? 1 : most / 127) * matrix->factor;
        for (size_t k = 0; k < tile->rows; k++) {
            float code = values[k] * inverse;
            codes[k] = (unsigned char)(signed char)(code < 0 ? code - 0.5f : code + 0.5f);
        }
    }
}

/* --- all ------------------------------------------------------------------------------------- */

struct wi_pack_sizes wi_pack_sizes(enum wi_pack_form form, uint64_t k, uint64_t n)
{
    uint64_t count = (k + WI_PACK_BLOCK - 1) / WI_PACK_BLOCK;
    switch (form) {
    case WI_PACK_BLOCKS_4:
        return (struct wi_pack_sizes){
            n * count * (WI_PACK_BLOCK / 2), n * count * sizeof(float), n * ((count + 1) / 2)};
    case WI_PACK_BLOCKS_8:
        return (struct wi_pack_sizes){
            n * count * WI_PACK_BLOCK, n * count * sizeof(float), n * count};
    case WI_PACK_COLUMNS:
        return (struct wi_pack_sizes){k * n, n * sizeof(float), n};
    default:
        return (struct wi_pack_sizes){k * n, n * sizeof(float), 0};
    }
}

enum wi_pack_result wi_pack(
    enum wi_pack_form form, const struct wi_pack_matrix *matrix, struct wi_packed *packed)
{
    struct wi_pack_sizes sizes = wi_pack_sizes(form, matrix->k, matrix->n);
    *packed = (struct wi_packed){.codes = malloc((size_t)sizes.codes),
        .zeros = calloc(1, (size_t)sizes.zeros + 1),
        .scales = malloc((size_t)sizes.scales)};
    if (!packed->codes || !packed->zeros || !packed->scales ||
        (matrix->transposed && matrix->k > ROW_MAX))
        return WI_PACK_NO_MEMORY;
    switch (form) {
    case WI_PACK_BLOCKS_4:
        return pack_blocks(matrix, 4, packed);
    case WI_PACK_BLOCKS_8:
        return pack_blocks(matrix, 8, packed);
    case WI_PACK_COLUMNS:
        return pack_columns(matrix, packed);
    default:
        return each_tile(matrix, take_rows, packed);
    }
}

void wi_packed_clear(struct wi_packed *packed)
{
    free(packed->codes);
    free(packed->zeros);
    free(packed->scales);
    *packed = (struct wi_packed){0};
}
