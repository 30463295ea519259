/* What counts as the same answer: every tolerance from both sides, every way to differ. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/tensor/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct wi_tensor *add(struct wi_tensors *list, const char *name, enum wi_datatype type,
    int64_t length, const void *bytes, size_t size)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 1;
    tensor->dims[0] = length;
    /* An odd offset and an exact allocation: alignment may not be assumed, nor a byte more read. */
    tensor->blob = wi_blob_new(NULL, size + 1);
    wi_blob_append(tensor->blob, "?", 1);
    wi_blob_append(tensor->blob, bytes, size);
    tensor->offset = 1;
    tensor->size = size;
    return tensor;
}

/* Compares two tensors of one list each. */
static struct wi_comparison compare(enum wi_datatype type, const void *reference, const void *got,
    size_t count, size_t width, int loose)
{
    struct wi_tensors a = {0}, b = {0};
    struct wi_comparison result;
    add(&a, "y", type, (int64_t)count, reference, count * width);
    add(&b, "y", type, (int64_t)count, got, count * width);
    wi_compare(&a, &b, wi_tolerance_of(loose ? "q8" : "fp32"), &result);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
    return result;
}

static struct wi_comparison floats(const float *reference, const float *got, size_t count)
{
    return compare(WI_FP32, reference, got, count, sizeof(float), 0);
}

TEST(equal_is_the_same)
{
    const float values[] = {0, -1.5f, 3e30f, 1e-40f};
    struct wi_comparison result = floats(values, values, 4);
    assert_true(result.same);
    assert_true(result.ratio == 0);
    assert_string_equal(result.detail, "");
}

TEST(relative_and_absolute_parts)
{
    /* At 100 with a largest of 1000: 0.1 + 0.1. */
    const float reference[] = {1000, 100};
    const float inside[] = {1000, 100.19f}, outside[] = {1000, 100.21f};
    struct wi_comparison result = floats(reference, inside, 2);
    assert_true(result.same && result.ratio > 0.9 && result.ratio < 1);
    result = floats(reference, outside, 2);
    assert_false(result.same);
    assert_true(result.ratio > 1 && result.ratio < 1.1);
    assert_non_null(strstr(result.detail, "y at 1: 100.2"));
    assert_non_null(strstr(result.detail, "WASM gives 100"));
}

TEST(both_signs_and_directions)
{
    const float reference[] = {-1}, under[] = {-1.0012f}, over[] = {-0.9988f};
    const float near_under[] = {-1.001f}, near_over[] = {-0.999f};
    assert_false(floats(reference, under, 1).same);
    assert_false(floats(reference, over, 1).same);
    assert_true(floats(reference, near_under, 1).same);
    assert_true(floats(reference, near_over, 1).same);
}

TEST(tiny_values_have_a_floor)
{
    const float reference[] = {0, 1e-9f}, inside[] = {9e-7f, 1e-9f}, outside[] = {1.1e-6f, 1e-9f};
    assert_true(floats(reference, inside, 2).same);
    assert_false(floats(reference, outside, 2).same);
}

TEST(the_worst_is_told)
{
    const float reference[] = {1, 1, 1}, got[] = {1.0005f, 2, 1.5f};
    struct wi_comparison result = floats(reference, got, 3);
    assert_false(result.same);
    assert_true(fabs(result.ratio - 1 / 1.1e-3) < 1);
    assert_non_null(strstr(result.detail, "y at 1: 2 where WASM gives 1"));
}

TEST(not_a_number)
{
    const float nan[] = {NAN, 1}, one[] = {1, 1};
    assert_true(floats(nan, nan, 2).same);
    assert_true(floats(nan, nan, 2).has_nan);
    struct wi_comparison result = floats(nan, one, 2);
    assert_false(result.same);
    assert_true(isinf(result.ratio));
    assert_true(result.has_nan);
    result = floats(one, nan, 2);
    assert_false(result.same);
    assert_false(result.has_nan); /* of the reference */
    assert_non_null(strstr(result.detail, "nan"));
}

TEST(infinities)
{
    const float plus[] = {INFINITY, 1}, minus[] = {-INFINITY, 1}, finite[] = {3e38f, 1};
    assert_true(floats(plus, plus, 2).same);
    assert_false(floats(plus, minus, 2).same);
    assert_false(floats(plus, finite, 2).same);
    assert_false(floats(finite, plus, 2).same);
    /* An infinity in the reference must not make the tolerance infinite. */
    const float off[] = {INFINITY, 2};
    assert_false(floats(plus, off, 2).same);
}

TEST(loose_models_get_ten_times)
{
    const float reference[] = {1}, inside[] = {1.0109f}, outside[] = {1.0112f};
    assert_false(floats(reference, inside, 1).same);
    assert_true(compare(WI_FP32, reference, inside, 1, 4, 1).same);
    assert_false(compare(WI_FP32, reference, outside, 1, 4, 1).same);
}

TEST(sixteen_bits)
{
    /* FP16: 1.0, 1.0098 (0x3c0a) and 1.0127 (0x3c0d); smallest subnormal; NaN; infinity. */
    const uint16_t one[] = {0x3c00}, inside[] = {0x3c0a}, outside[] = {0x3c0d};
    assert_true(compare(WI_FP16, one, inside, 1, 2, 0).same);
    struct wi_comparison result = compare(WI_FP16, one, outside, 1, 2, 0);
    assert_false(result.same);
    assert_true(fabs(result.ratio - 0.0126953125 / 0.011) < 1e-9);
    const uint16_t odd[] = {0x0001, 0x7e00, 0xfc00}, other[] = {0x0001, 0x7c01, 0xfc00};
    assert_true(compare(WI_FP16, odd, other, 3, 2, 0).same);
    const uint16_t flipped[] = {0x0001, 0x7e00, 0x7c00};
    assert_false(compare(WI_FP16, odd, flipped, 3, 2, 0).same);
    /* BF16: 1.0, 1.0078 (the next) and 1.0156. */
    const uint16_t brain[] = {0x3f80}, next[] = {0x3f81}, second[] = {0x3f82};
    assert_true(compare(WI_BF16, brain, next, 1, 2, 0).same);
    assert_false(compare(WI_BF16, brain, second, 1, 2, 0).same);
}

/* Each value of 16 bits as IEEE 754 and bfloat16 have it, seen where it is told. */
TEST(sixteen_bits_are_told_as_numbers)
{
    static const struct {
        enum wi_datatype type;
        uint16_t reference, got;
        const char *detail;
    } cases[] = {{WI_FP16, 0x3c00, 0x4000, "y at 0: 2 where WASM gives 1"},
        {WI_FP16, 0xbc00, 0xc000, "y at 0: -2 where WASM gives -1"},
        {WI_FP16, 0x7bff, 0x3555, "y at 0: 0.333251953 where WASM gives 65504"},
        {WI_FP16, 0x03ff, 0x3c00, "y at 0: 1 where WASM gives 6.09755516e-05"},
        {WI_FP16, 0x7c00, 0x0000, "y at 0: 0 where WASM gives inf"},
        {WI_BF16, 0x3f80, 0xc040, "y at 0: -3 where WASM gives 1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_comparison result =
            compare(cases[i].type, &cases[i].reference, &cases[i].got, 1, 2, 0);
        if (result.same || strncmp(result.detail, cases[i].detail, strlen(cases[i].detail)) != 0)
            fail_msg("\"%s\" instead of \"%s\"", result.detail, cases[i].detail);
    }
}

TEST(doubles)
{
    const double reference[] = {1}, inside[] = {1.00109}, outside[] = {1.00111};
    assert_true(compare(WI_FP64, reference, inside, 1, 8, 0).same);
    assert_false(compare(WI_FP64, reference, outside, 1, 8, 0).same);
}

TEST(integers_must_be_equal)
{
    const int64_t a[] = {1, 2, 1000000}, b[] = {1, 2, 1000001};
    assert_true(compare(WI_INT64, a, a, 3, 8, 1).same);
    struct wi_comparison result = compare(WI_INT64, a, b, 3, 8, 1);
    assert_false(result.same);
    assert_true(isinf(result.ratio));
    assert_string_equal(result.detail, "y differs at 2, and INT64 must be equal");
    const uint8_t yes[] = {1, 0}, no[] = {1, 1};
    assert_true(compare(WI_BOOL, yes, yes, 2, 1, 0).same);
    assert_false(compare(WI_BOOL, yes, no, 2, 1, 0).same);
    assert_false(compare(WI_UINT8, yes, no, 2, 1, 1).same);
}

TEST(strings_must_be_equal)
{
    struct wi_tensors a = {0}, b = {0};
    struct wi_comparison result;
    add(&a, "y", WI_BYTES, 1, "\2\0\0\0ab", 6);
    add(&b, "y", WI_BYTES, 1, "\3\0\0\0abc", 7);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    wi_compare(&a, &a, wi_tolerance_of("fp32"), &result);
    assert_true(result.same);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
    assert_false(compare(WI_BYTES, "\1\0\0\0a", "\1\0\0\0b", 5, 1, 0).same);
}

TEST(types_and_shapes_count)
{
    const float zeros[4] = {0};
    struct wi_tensors a = {0}, b = {0};
    struct wi_comparison result;
    struct wi_tensor *want = add(&a, "y", WI_FP32, 4, zeros, sizeof zeros);
    struct wi_tensor *have = add(&b, "y", WI_INT32, 4, zeros, sizeof zeros);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    assert_string_equal(result.detail, "y is INT32 where WASM gives FP32");
    have->datatype = WI_FP32;
    have->rank = 2;
    have->dims[0] = have->dims[1] = 2;
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    assert_string_equal(result.detail, "y has the shape [2, 2] where WASM gives [4]");
    want->rank = 2;
    want->dims[0] = 4;
    want->dims[1] = 1;
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
}

TEST(empty_tensors_are_equal)
{
    assert_true(compare(WI_FP32, "", "", 0, 4, 0).same);
    struct wi_tensors none = {0};
    struct wi_comparison result;
    wi_compare(&none, &none, wi_tolerance_of("fp32"), &result);
    assert_true(result.same);
}

TEST(names_count_and_order_does_not)
{
    const float one[] = {1}, two[] = {2};
    struct wi_tensors a = {0}, b = {0}, c = {0};
    struct wi_comparison result;
    add(&a, "x", WI_FP32, 1, one, 4);
    add(&a, "y", WI_FP32, 1, two, 4);
    add(&b, "y", WI_FP32, 1, two, 4);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    assert_true(isinf(result.ratio) && !result.open);
    assert_string_equal(result.detail, "there is no output x");
    add(&b, "x", WI_FP32, 1, one, 4);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_true(result.same);
    add(&b, "more", WI_FP32, 1, one, 4); /* the reference says what there has to be */
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_true(result.same);
    add(&c, "y", WI_FP32, 1, two, 4);
    add(&c, "z", WI_FP32, 1, one, 4);
    wi_compare(&a, &c, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    assert_string_equal(result.detail, "there is no output x");
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
    wi_tensors_clear(&c);
}

TEST(each_tensor_has_its_own_scale)
{
    /* A large first output must not excuse an error in a small second one. */
    const float large[] = {1e6f}, small[] = {0.001f}, off[] = {0.002f};
    struct wi_tensors a = {0}, b = {0};
    struct wi_comparison result;
    add(&a, "large", WI_FP32, 1, large, 4);
    add(&a, "small", WI_FP32, 1, small, 4);
    add(&b, "large", WI_FP32, 1, large, 4);
    add(&b, "small", WI_FP32, 1, off, 4);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_false(result.same);
    assert_non_null(strstr(result.detail, "small at 0"));
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
}

TEST(what_a_precision_allows)
{
    static const char *const names[] = {"fp32", "fp16", "q8", "q4"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(wi_tolerance_of(names[i])->precision, names[i]);
    assert_ptr_equal(wi_tolerance_of("F32"), wi_tolerance_of("fp32"));
    assert_ptr_equal(wi_tolerance_of("BF16"), wi_tolerance_of("fp16"));
    assert_ptr_equal(wi_tolerance_of("Q4_K_M"), wi_tolerance_of(NULL));
    assert_ptr_equal(wi_tolerance_of("bf16"), wi_tolerance_of("fp16"));
    assert_true(wi_tolerance_of(NULL)->loose);
    assert_ptr_equal(wi_tolerance_of_graph("fp16"), wi_tolerance_of("fp16"));
    assert_ptr_equal(wi_tolerance_of_graph("float64"), wi_tolerance_of("fp32"));
    assert_ptr_equal(wi_tolerance_of_graph(""), wi_tolerance_of("fp32"));
}

/* --- what the graphs of a task put out -------------------------------------------------------- */

static struct wi_comparison compare_raw(
    struct wi_tensors *reference, struct wi_tensors *got, const char *precision)
{
    struct wi_comparison out;
    wi_compare_raw(reference, got, wi_tolerance_of(precision), &out);
    wi_tensors_clear(reference);
    wi_tensors_clear(got);
    assert_false(out.same && out.open);
    return out;
}

/* One output of that name. */
static struct wi_comparison outputs(const char *name, const float *reference, size_t count,
    const float *got, size_t got_count, const char *precision)
{
    struct wi_tensors a = {0}, b = {0};
    add(&a, name, WI_FP32, (int64_t)count, reference, count * sizeof *reference);
    add(&b, name, WI_FP32, (int64_t)got_count, got, got_count * sizeof *got);
    return compare_raw(&a, &b, precision);
}

static int is_wrong(struct wi_comparison found, const char *detail)
{
    return !found.same && !found.open && found.ratio > 1 && strstr(found.detail, detail);
}

TEST(outputs_of_a_task_by_the_largest_of_them)
{
    const float one[] = {1, 0.5f}, near[] = {1, 0.509f}, far[] = {1, 0.511f};
    assert_true(outputs("model/last_hidden_state", one, 2, near, 2, "fp32").same);
    assert_true(is_wrong(outputs("model/last_hidden_state", one, 2, far, 2, "fp32"), "at 1: 0.51"));
    assert_true(outputs("model/last_hidden_state", one, 2, far, 2, "q8").same);
}

/* By so much a probability is 5 % another, however small the logits are. */
TEST(logits_of_a_task_by_the_probabilities_that_they_make)
{
    const float one[] = {0.1f, -0.2f}, near[] = {0.1f, -0.25f}, far[] = {0.1f, -0.26f};
    const float few[] = {0.1f, -0.46f}, wrong[] = {0.1f, -0.47f};
    assert_true(outputs("model/logits", one, 2, near, 2, "fp32").same);
    assert_true(is_wrong(outputs("model/logits", one, 2, far, 2, "fp32"), "model/logits at 1"));
    assert_true(outputs("model/logits", one, 2, few, 2, "q8").same);
    assert_true(is_wrong(outputs("model/logits", one, 2, wrong, 2, "q8"), "model/logits at 1"));
    assert_false(outputs("model/pred_boxes", one, 2, near, 2, "fp32").same);
}

TEST(a_little_more_sound_leaves_it_open)
{
    float sound[100] = {0};
    for (size_t i = 0; i < 100; i++)
        sound[i] = sinf((float)i);
    assert_true(outputs("model/waveform", sound, 100, sound, 95, "fp32").open);
    assert_true(
        is_wrong(outputs("model/waveform", sound, 100, sound, 94, "fp32"), "has the shape [94]"));
}

TEST(nothing_to_compare_leaves_it_open)
{
    const float zeros[3] = {0}, some[] = {0, 0, 1};
    struct wi_tensors none = {0};
    assert_true(outputs("model/waveform", zeros, 3, zeros, 3, "fp32").open);
    assert_true(is_wrong(outputs("model/waveform", zeros, 3, some, 3, "fp32"), "at 2: 1"));
    assert_true(compare_raw(&none, &none, "fp32").open);
}

TEST(what_the_answer_has_beyond_the_reference_is_passed_over)
{
    const float values[] = {1, 2}, others[] = {9, 3};
    struct wi_tensors a = {0}, b = {0};
    add(&a, "logits", WI_FP32, 2, values, 8);
    add(&b, "more", WI_FP32, 2, others, 8);
    add(&b, "logits", WI_FP32, 2, values, 8);
    assert_true(compare_raw(&a, &b, "fp32").same);
    add(&b, "more", WI_FP32, 2, others, 8);
    assert_int_equal(compare_raw(&a, &b, "fp32").open, WI_OPEN_NUMBERS);
}

/* --- numbers at the ends of their types ------------------------------------------------------- */

/* The largest FP32 (2^128 - 2^104), and 1.0005 and 1.002 times less: within and beyond 1.1e-3. */
TEST(the_largest_numbers_are_compared_as_others)
{
    const float largest[] = {3.4028234664e38f, 1}, near[] = {3.4011228954e38f, 1},
                far[] = {3.3960314e38f, 1}, over[] = {INFINITY, 1};
    assert_true(floats(largest, near, 2).same);
    assert_false(floats(largest, far, 2).same);
    assert_true(isinf(floats(largest, over, 2).ratio));
    /* FP16: 65504 (0x7bff), 65472 (0x7bfe), 64512 (0x7be0), which is 1.5 % less, infinity. */
    const uint16_t top[] = {0x7bff}, next[] = {0x7bfe}, less[] = {0x7be0}, beyond[] = {0x7c00};
    assert_true(compare(WI_FP16, top, next, 1, 2, 0).same);
    struct wi_comparison result = compare(WI_FP16, top, less, 1, 2, 0);
    assert_false(result.same);
    assert_true(fabs(result.ratio - 992 / (65504 * 0.011)) < 1e-9);
    assert_true(isinf(compare(WI_FP16, top, beyond, 1, 2, 0).ratio));
}

/* GPUs may take them to be 0 (WGSL, IEEE-754 deviations). */
TEST(subnormals_may_be_flushed)
{
    const float tiny[] = {1e-40f, -1e-45f, 1.1754942e-38f}, zeros[] = {0, 0, 0};
    assert_true(floats(tiny, zeros, 3).same);
    assert_true(floats(zeros, tiny, 3).same);
    const uint16_t halves[] = {0x03ff, 0x0001}, none[] = {0, 0x8000}; /* 6.1e-5 and 6e-8 */
    struct wi_comparison result = compare(WI_FP16, halves, none, 2, 2, 0);
    assert_false(result.same); /* the first is six times the smallest error of FP16, 1e-5 */
    assert_true(fabs(result.ratio - 1023 / 16777216.0 / 1e-5) < 1e-6);
}

/* The same values at other places: as an answer that is another's, or sorted otherwise. */
TEST(a_permutation_is_not_the_same)
{
    const float values[] = {0.1f, 0.2f, 0.3f, 0.4f}, others[] = {0.2f, 0.1f, 0.3f, 0.4f};
    struct wi_comparison result = floats(values, others, 4);
    assert_false(result.same);
    assert_true(fabs(result.ratio - 0.1 / (1e-4 + 0.4e-4)) < 1e-3);
    const float equal[] = {0.25f, 0.25f, 0.25f, 0.25f}; /* softmax of equal values: none to see */
    assert_true(floats(equal, equal, 4).same);
    const int64_t places[] = {0, 1}, swapped[] = {1, 0};
    assert_false(compare(WI_INT64, places, swapped, 2, 8, 0).same);
}

/* Neither the same nor different: whatever computes it, such an input says nothing of it. */
TEST(nothing_but_nan_leaves_it_open)
{
    const float nan[] = {NAN, NAN}, one[] = {1, NAN}, numbers[] = {1, 2};
    struct wi_comparison result = floats(nan, nan, 2);
    assert_false(result.same);
    assert_int_equal(result.open, WI_OPEN_NUMBERS);
    assert_string_equal(result.detail, "all that WASM gives is NaN");
    assert_true(floats(one, one, 2).same);
    result = floats(nan, numbers, 2);
    assert_false(result.same);
    assert_int_equal(result.open, WI_OPEN_NOT);
    struct wi_tensors a = {0}, b = {0};
    add(&a, "nan", WI_FP32, 2, nan, 8);
    add(&a, "y", WI_FP32, 2, numbers, 8);
    add(&b, "nan", WI_FP32, 2, nan, 8);
    add(&b, "y", WI_FP32, 2, numbers, 8);
    wi_compare(&a, &b, wi_tolerance_of("fp32"), &result);
    assert_true(result.same);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
}

/* --- what is written -------------------------------------------------------------------------- */

/* A token with its log-probability, and that of the next likely. */
struct place {
    int32_t token;
    float own, next;
};

static void write_text(struct wi_tensors *list, const struct place *places, size_t count)
{
    int32_t *tokens = calloc(count + 1, sizeof *tokens);
    float *likely = calloc(count + 1, WI_COMPARE_LIKELY * sizeof *likely);
    for (size_t i = 0; i < count; i++) {
        float *row = likely + i * WI_COMPARE_LIKELY;
        tokens[i] = places[i].token;
        row[0] = places[i].own;
        row[1] = places[i].next;
        row[2] = row[3] = -9;
        row[4] = -INFINITY;
    }
    add(list, "tokens", WI_INT32, (int64_t)count, tokens, count * sizeof *tokens);
    add(list, "likely", WI_FP32, (int64_t)count * WI_COMPARE_LIKELY, likely,
        count * WI_COMPARE_LIKELY * sizeof *likely);
    free(tokens);
    free(likely);
}

static struct wi_comparison texts(const struct place *reference, size_t count,
    const struct place *got, size_t got_count, const char *precision)
{
    struct wi_tensors a = {0}, b = {0};
    write_text(&a, reference, count);
    write_text(&b, got, got_count);
    return compare_raw(&a, &b, precision);
}

/* Leaving out what differs would else be the way to hide it. */
TEST(what_the_answer_lacks_is_wrong)
{
    const float values[] = {1, 2};
    struct wi_tensors a = {0}, b = {0};
    add(&a, "encoder/state", WI_FP32, 2, values, 8);
    add(&a, "logits", WI_FP32, 2, values, 8);
    add(&b, "logits", WI_FP32, 2, values, 8);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "there is no output encoder/state"));
    add(&a, "logits", WI_FP32, 2, values, 8);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "there is no output logits"));
    add(&a, "logits", WI_FP32, 2, values, 8);
    add(&b, "logit", WI_FP32, 2, values, 8);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "there is no output logits"));
    struct place text = {1, -0.1f, -3};
    write_text(&a, &text, 1);
    add(&b, "likely", WI_FP32, 5, (float[5]){0}, 20);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "the tokens cannot be read"));
}

TEST(text_is_compared_by_its_probabilities)
{
    const struct place wasm = {1, -0.5f, -1}, near = {1, -0.54f, -1.04f}, far = {1, -0.6f, -1},
                       next = {1, -0.5f, -1.2f};
    assert_true(texts(&wasm, 1, &near, 1, "fp32").same);
    assert_true(is_wrong(texts(&wasm, 1, &far, 1, "fp32"), "likely at 0: -0.6"));
    assert_true(is_wrong(texts(&wasm, 1, &next, 1, "fp32"), "likely at 1: -1.2"));
    assert_true(texts(&wasm, 1, &next, 1, "q8").same);
}

/* What comes after two tokens that were as likely as each other is another text. */
TEST(texts_may_part_at_a_tie)
{
    const struct place wasm[] = {{1, -0.7f, -0.71f}, {1, -0.1f, -3}};
    const struct place tied[] = {{2, -0.69f, -0.72f}, {9, -2, -2.5f}};
    const struct place sure[] = {{1, -0.3f, -1.5f}}, other[] = {{2, -0.3f, -1.5f}};
    assert_true(texts(wasm, 2, tied, 2, "fp32").same);
    assert_true(is_wrong(texts(sure, 1, other, 1, "fp32"), "the texts part at token 0"));
}

TEST(a_text_may_end_earlier_at_a_tie)
{
    const struct place tie[] = {{1, -0.1f, -3}, {1, -0.7f, -0.7f}};
    const struct place sure[] = {{1, -0.1f, -3}, {1, -0.1f, -3}};
    assert_true(texts(tie, 2, tie, 1, "fp32").same);
    assert_true(texts(tie, 1, tie, 2, "fp32").same);
    assert_true(is_wrong(texts(sure, 2, sure, 1, "fp32"), "the texts part at token 1"));
}

/* A grammar has chosen it, which tells nothing of how near the others were. */
TEST(texts_that_part_by_a_rule_leave_it_open)
{
    const struct place forced = {1, -3, -0.1f}, other = {2, -3, -0.1f};
    assert_int_equal(texts(&forced, 1, &other, 1, "fp32").open, WI_OPEN_NUMBERS);
    /* Of the place behind the end of WASM's text the answer alone says something. */
    const struct place end[] = {{1, -0.1f, -3}}, longer[] = {{1, -0.1f, -3}, {2, -3, -0.1f}};
    assert_int_equal(texts(end, 1, longer, 2, "fp32").open, WI_OPEN_FORM);
}

TEST(tokens_of_another_form_are_wrong)
{
    const struct place text = {1, -0.1f, -3};
    const float number = 1;
    struct wi_tensors a = {0}, b = {0};
    write_text(&a, &text, 1);
    add(&b, "tokens", WI_FP32, 1, &number, 4);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "the tokens cannot be read"));
    write_text(&a, &text, 1);
    write_text(&b, &text, 1);
    b.items[1].size -= sizeof(float);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "the tokens cannot be read"));
    write_text(&a, &text, 1);
    write_text(&b, &text, 1);
    a.items[1].size -= sizeof(float); /* of ours it is no fault of the answer */
    assert_int_equal(compare_raw(&a, &b, "fp32").open, WI_OPEN_NUMBERS);
}

TEST(no_text_at_all_is_one_that_ends_at_once)
{
    const struct place sure = {1, -0.1f, -3}, tie = {1, -0.7f, -0.7f};
    struct wi_tensors a = {0}, b = {0};
    assert_true(is_wrong(texts(&sure, 1, &sure, 0, "fp32"), "the texts part at token 0"));
    assert_true(texts(&tie, 1, &tie, 0, "fp32").same);
    write_text(&a, &sure, 1);
    assert_true(is_wrong(compare_raw(&a, &b, "fp32"), "the texts part at token 0"));
    write_text(&b, &sure, 1);
    assert_int_equal(compare_raw(&a, &b, "fp32").open, WI_OPEN_NUMBERS);
}

/* --- choices ---------------------------------------------------------------------------------- */

/* What is said of outputs of that shape; the caller's buffer has it. */
static const char *choices(char text[200], unsigned rank, const int64_t *dims,
    const float *reference, const float *got, size_t count)
{
    struct wi_tensors a = {0}, b = {0};
    struct wi_tensor *sides[] = {
        add(&a, "y", WI_FP32, (int64_t)count, reference, count * sizeof *reference),
        add(&b, "y", WI_FP32, (int64_t)count, got, count * sizeof *got)};
    for (size_t i = 0; i < 2; i++) {
        sides[i]->rank = rank;
        memcpy(sides[i]->dims, dims, rank * sizeof *dims);
    }
    wi_compare_choices(&a, &b, text, 200);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
    return text;
}

/* The places are those of numpy.argmax over the last axis. */
TEST(another_class_is_told_however_small_the_error_is)
{
    const float reference[] = {1, 2, 3, 3.01f, 0, 1}, close[] = {1, 2, 3.02f, 3, 0, 1};
    const float same[] = {0, 1, 2, 9, 8, 7};
    const int64_t row[] = {1, 6}, rows[] = {2, 3}, deep[] = {1, 1, 6}, single[] = {6, 1};
    char text[200];
    assert_string_equal(choices(text, 2, row, reference, close, 6), "y: 2 is the largest, not 3");
    assert_string_equal(
        choices(text, 1, &row[1], reference, close, 6), "y: 2 is the largest, not 3");
    assert_string_equal(choices(text, 2, row, reference, same, 6), "");
    const float turned[] = {3, 2, 1, 3.01f, 0, 1};
    assert_string_equal(choices(text, 2, rows, reference, turned, 6),
        "y: another one is the largest in 1 of 2 rows");
    /* What has more dimensions, or one value in a row, has no classes. */
    assert_string_equal(choices(text, 3, deep, reference, close, 6), "");
    assert_string_equal(choices(text, 2, single, reference, close, 6), "");
}

TEST(outputs_that_cannot_be_compared_choose_nothing)
{
    const float values[] = {1, 2, 3}, fewer[] = {2, 1};
    const int32_t numbers[] = {3, 2, 1};
    struct wi_tensors a = {0}, b = {0}, none = {0};
    char text[200];
    add(&a, "y", WI_FP32, 3, values, sizeof values);
    wi_compare_choices(&a, &none, text, sizeof text);
    assert_string_equal(text, "");
    add(&b, "y", WI_FP32, 2, fewer, sizeof fewer);
    wi_compare_choices(&a, &b, text, sizeof text);
    assert_string_equal(text, "");
    wi_tensors_clear(&b);
    add(&b, "y", WI_INT32, 3, numbers, sizeof numbers);
    wi_compare_choices(&a, &b, text, sizeof text);
    assert_string_equal(text, "");
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
}
