/* Random tensors: the same ones for the same seed, of every datatype. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/tensor/draw.h"
#include <string.h>

static struct wi_tensors list;

static int tear_down(void **state)
{
    (void)state;
    wi_tensors_clear(&list);
    return 0;
}

FIXTURE(NULL, tear_down)

static const unsigned char *draw(enum wi_datatype type, uint64_t seed)
{
    struct wi_pcg32 drawn = wi_draw_new(seed);
    struct wi_tensor *tensor = wi_tensors_add(&list);
    tensor->name = wi_strdup("x");
    tensor->datatype = type;
    tensor->rank = 2;
    tensor->dims[0] = 8;
    tensor->dims[1] = 32;
    assert_int_equal(wi_tensor_draw(tensor, 1 << 20, &drawn), 0);
    assert_int_equal(tensor->size, 256 * wi_datatype_size(type));
    return wi_tensor_bytes(tensor);
}

TEST(the_same_seed_draws_the_same)
{
    const unsigned char *one = draw(WI_FP32, 7), *same = draw(WI_FP32, 7),
                        *other = draw(WI_FP32, 8);
    assert_memory_equal(one, same, 1024);
    assert_memory_not_equal(one, other, 1024);
}

TEST(floats_are_between_minus_one_and_one)
{
    const unsigned char *singles = draw(WI_FP32, 1), *doubles = draw(WI_FP64, 1),
                        *halves = draw(WI_FP16, 1), *brains = draw(WI_BF16, 1);
    int negative = 0;
    for (size_t i = 0; i < 256; i++) {
        float single;
        double number;
        uint16_t half, brain;
        memcpy(&single, singles + 4 * i, sizeof single);
        memcpy(&number, doubles + 8 * i, sizeof number);
        memcpy(&half, halves + 2 * i, sizeof half);
        memcpy(&brain, brains + 2 * i, sizeof brain);
        assert_true(single >= -1 && single <= 1 && number >= -1 && number <= 1);
        assert_true((half & 0x7fff) >= 0x2c00 && (half & 0x7fff) <= 0x3c00);
        assert_true((brain & 0x7fff) <= 0x3f80);
        negative += single < 0;
    }
    assert_true(negative > 64 && negative < 192);
}

TEST(whole_numbers_are_tokens_of_every_vocabulary)
{
    const unsigned char *tokens = draw(WI_INT64, 1), *flags = draw(WI_BOOL, 1);
    unsigned seen = 0;
    for (size_t i = 0; i < 256; i++) {
        int64_t token;
        memcpy(&token, tokens + 8 * i, sizeof token);
        assert_true(token >= 0 && token < 16 && flags[i] <= 1);
        seen |= 1u << token;
    }
    assert_int_equal(seen, 0xffff);
}

TEST(what_cannot_be_drawn_is_refused)
{
    struct wi_pcg32 drawn = wi_draw_new(1);
    struct wi_tensor tensor = {.datatype = WI_BYTES, .rank = 1, .dims = {4}};
    assert_int_equal(wi_tensor_draw(&tensor, 1 << 20, &drawn), -1);
    tensor.datatype = WI_FP32;
    assert_int_equal(wi_tensor_draw(&tensor, 15, &drawn), -1);
    tensor.dims[0] = -1;
    assert_int_equal(wi_tensor_draw(&tensor, 1 << 20, &drawn), -1);
    assert_null(tensor.blob);
}
