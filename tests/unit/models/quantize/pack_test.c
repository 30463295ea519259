/* Packed matrices, read back by plain loops. */
#include "../../test.h"

#include "base/memory.h"
#include "models/quantize/pack.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers as weights are, the same in every run. */
static float *weights(size_t count)
{
    float *values = wi_alloc(count * sizeof *values);
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int k = 0; k < 6; k++) {
            state = state * 1664525 + 1013904223;
            sum += state / 4294967296.0 - 0.5;
        }
        values[i] = (float)(sum + 0.05);
    }
    return values;
}

static int give(void *source, uint64_t first, size_t count, float *values)
{
    memcpy(values, (float *)source + first, count * sizeof *values);
    return 0;
}

static struct wi_pack_matrix over(float *values, uint64_t k, uint64_t n, int transposed)
{
    return (struct wi_pack_matrix){
        .k = k, .n = n, .transposed = transposed, .factor = 1, .read = give, .source = values};
}

static float element(const struct wi_pack_matrix *matrix, uint64_t k, uint64_t n)
{
    return ((float *)matrix->source)[matrix->transposed ? n * matrix->k + k : k * matrix->n + n];
}

/* What MatMulNBits makes of (k, n) again. */
static float unpacked(
    const struct wi_packed *packed, int bits, uint64_t size, uint64_t k, uint64_t n)
{
    uint64_t blocks = (size + WI_PACK_BLOCK - 1) / WI_PACK_BLOCK, block = k / WI_PACK_BLOCK;
    uint64_t at = (n * blocks + block) * WI_PACK_BLOCK + k % WI_PACK_BLOCK;
    int code, zero;
    if (bits == 8) {
        code = packed->codes[at];
        zero = packed->zeros[n * blocks + block];
    } else {
        code = packed->codes[at / 2] >> (at % 2 * 4) & 15;
        zero = packed->zeros[n * ((blocks + 1) / 2) + block / 2] >> (block % 2 * 4) & 15;
    }
    return (float)(code - zero) * packed->scales[n * blocks + block];
}

/* Sizes that end inside a block, with an odd number of blocks, and beyond a tile. */
static const uint64_t sizes[][2] = {{32, 1}, {70, 5}, {96, 33}, {64, 40000}, {3000, 400}};

static void check_blocks(enum wi_pack_form form, int bits, int transposed, double most)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t size = sizes[i][0], columns = sizes[i][1];
        float *values = weights((size_t)(size * columns));
        struct wi_pack_matrix matrix = over(values, size, columns, transposed);
        struct wi_packed packed;
        double error = 0, energy = 0;
        assert_int_equal(wi_pack(form, &matrix, &packed), WI_PACK_OK);
        for (uint64_t n = 0; n < columns; n++)
            for (uint64_t k = 0; k < size; k++) {
                double value = (double)element(&matrix, k, n);
                double off = value - (double)unpacked(&packed, bits, size, k, n);
                error += off * off;
                energy += value * value;
            }
        assert_true(error <= most * energy);
        assert_true(fabs(error - packed.error) <= 0.01 * error + 1e-4 * energy);
        assert_true(fabs(energy - packed.energy) <= 1e-6 * energy);
        wi_packed_clear(&packed);
        free(values);
    }
}

TEST(blocks_of_4_bits_come_back)
{
    check_blocks(WI_PACK_BLOCKS_4, 4, 0, 0.012);
    check_blocks(WI_PACK_BLOCKS_4, 4, 1, 0.012);
}

TEST(blocks_of_8_bits_come_back)
{
    check_blocks(WI_PACK_BLOCKS_8, 8, 0, 5e-5);
    check_blocks(WI_PACK_BLOCKS_8, 8, 1, 5e-5);
}

TEST(columns_are_off_by_half_a_step_at_most)
{
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        uint64_t size = sizes[i / 2][0], columns = sizes[i / 2][1];
        float *values = weights((size_t)(size * columns));
        struct wi_pack_matrix matrix = over(values, size, columns, i % 2);
        struct wi_packed packed;
        assert_int_equal(wi_pack(WI_PACK_COLUMNS, &matrix, &packed), WI_PACK_OK);
        for (uint64_t n = 0; n < columns; n++)
            for (uint64_t k = 0; k < size; k++) {
                float back =
                    (float)(packed.codes[k * columns + n] - packed.zeros[n]) * packed.scales[n];
                /* Where the zero point was rounded the ends may be a step off. */
                assert_true(fabsf(back - element(&matrix, k, n)) <= 1.01f * packed.scales[n]);
            }
        wi_packed_clear(&packed);
        free(values);
    }
}

TEST(rows_are_off_by_half_a_step_at_most)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t size = sizes[i][0], rows = sizes[i][1];
        float *values = weights((size_t)(size * rows));
        struct wi_pack_matrix matrix = over(values, size, rows, 1);
        struct wi_packed packed;
        assert_int_equal(wi_pack(WI_PACK_ROWS, &matrix, &packed), WI_PACK_OK);
        for (uint64_t n = 0; n < rows; n++)
            for (uint64_t k = 0; k < size; k++) {
                float back = (float)(signed char)packed.codes[n * size + k] * packed.scales[n];
                assert_true(fabsf(back - element(&matrix, k, n)) <= 0.501f * packed.scales[n]);
            }
        wi_packed_clear(&packed);
        free(values);
    }
}

/* A step at which the code of a value becomes another. */
struct change {
    double step, value;
    int code; /* without its sign, before it */
};

static int compare_steps(const void *one, const void *other)
{
    double a = ((const struct change *)one)->step, b = ((const struct change *)other)->step;
    return a < b ? 1 : -1;
}

/* The least squared error of all steps and zero points: steps become smaller from one at which all
 * codes are the zero point on, and whenever one changes the best scale for them is known. */
static double least_error(const float *values, int levels)
{
    double energy = 0, most = 0;
    for (int i = 0; i < WI_PACK_BLOCK; i++)
        energy += (double)values[i] * (double)values[i];
    for (int zero = 0; zero <= levels; zero++) {
        struct change changes[WI_PACK_BLOCK * 15];
        double squares = 0, products = 0;
        size_t count = 0;
        for (int i = 0; i < WI_PACK_BLOCK; i++)
            for (int code = 0; code < (values[i] > 0 ? levels - zero : zero); code++) {
                double value = fabs((double)values[i]);
                changes[count++] = (struct change){value / (code + 0.5), value, code};
            }
        qsort(changes, count, sizeof *changes, compare_steps);
        for (size_t i = 0; i < count; i++) {
            squares += 2 * changes[i].code + 1;
            products += changes[i].value;
            most = fmax(most, products * products / squares);
        }
    }
    return energy - most;
}

TEST(four_bits_lose_what_the_best_step_and_zero_point_of_all_lose)
{
    for (int kind = 0; kind < 3; kind++) {
        float *values = weights(200 * WI_PACK_BLOCK);
        double fitted = 0, least = 0;
        for (size_t i = 0; i < 200 * WI_PACK_BLOCK; i++) /* also with outliers, or of one sign */
            values[i] = kind == 0   ? values[i]
                        : kind == 1 ? values[i] * values[i] * values[i]
                                    : fabsf(values[i]) + 0.1f;
        for (size_t i = 0; i < 200; i++) {
            struct wi_pack_block block;
            double error = wi_pack_fit(values + i * WI_PACK_BLOCK, 15, 1, &block);
            double best = least_error(values + i * WI_PACK_BLOCK, 15);
            assert_true(error >= best * 0.9999);
            fitted += error;
            least += best;
        }
        if (fitted > 1.002 * least)
            fail_msg("kind %d: %.3f %% above the least", kind, 100 * (fitted / least - 1));
        free(values);
    }
}

TEST(what_is_all_the_same_is_exact)
{
    float values[WI_PACK_BLOCK] = {0};
    struct wi_pack_block block;
    assert_true(wi_pack_fit(values, 15, 1, &block) == 0);
    assert_int_equal(block.codes[3], block.zero);
    for (int i = 0; i < WI_PACK_BLOCK; i++)
        values[i] = -0.25f;
    assert_true(wi_pack_fit(values, 15, 1, &block) < 1e-9);
    assert_true(fabsf((float)(block.codes[0] - block.zero) * block.scale + 0.25f) < 1e-6f);
    values[1] = values[2] = 9e36f; /* the largest that may be, whose squares are no floats */
    assert_true(wi_pack_fit(values, 15, 1, &block) < 1e62);
    assert_true(fabsf((float)(block.codes[1] - block.zero) * block.scale - 9e36f) < 1e31f);
}

TEST(scales_carry_the_factor)
{
    float *values = weights(64);
    struct wi_pack_matrix matrix = over(values, 32, 2, 0);
    struct wi_packed one, other;
    assert_int_equal(wi_pack(WI_PACK_COLUMNS, &matrix, &one), WI_PACK_OK);
    matrix.factor = -2;
    assert_int_equal(wi_pack(WI_PACK_COLUMNS, &matrix, &other), WI_PACK_OK);
    assert_true(other.scales[1] == -2 * one.scales[1]);
    assert_memory_equal(one.codes, other.codes, 64);
    wi_packed_clear(&one);
    wi_packed_clear(&other);
    free(values);
}

static int refuse(void *source, uint64_t first, size_t count, float *values)
{
    return -1;
}

TEST(what_cannot_be_read_or_is_no_number_is_said)
{
    static const enum wi_pack_form forms[] = {
        WI_PACK_BLOCKS_4, WI_PACK_BLOCKS_8, WI_PACK_COLUMNS, WI_PACK_ROWS};
    for (size_t i = 0; i < 4; i++)
        for (int transposed = i == 3; transposed < 2; transposed++) {
            float *values = weights(64 * 40);
            struct wi_pack_matrix matrix = over(values, 64, 40, transposed);
            struct wi_packed packed;
            for (int kind = 0; kind < 3; kind++) {
                values[64 * 40 - 1] = kind == 0 ? NAN : kind == 1 ? -INFINITY : 2e37f;
                assert_int_equal(wi_pack(forms[i], &matrix, &packed), WI_PACK_NOT_FINITE);
                wi_packed_clear(&packed);
            }
            matrix.read = refuse;
            assert_int_equal(wi_pack(forms[i], &matrix, &packed), WI_PACK_UNREADABLE);
            wi_packed_clear(&packed);
            free(values);
        }
}
