/* What nodes say of how they compute a kernel, held within bounds; and classes of sizes. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/kernel/kernel.h"
#include "terms/kernel/kernel_choice.h"
#include <string.h>

static struct wi_kernel_choice choice;
static struct wi_error error;

static enum wi_code read_text(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    memset(&error, 0, sizeof error);
    enum wi_code code = wi_kernel_choice_read(&choice, object, "data.choice.", &error);
    json_decref(object);
    return code;
}

TEST(a_choice_is_read_as_it_is_written)
{
    struct wi_buffer out = {0};
    const char *text = "{\"variant\":\"registers_8x4\",\"workgroup\":[128,2],\"ms\":1.25,"
                       "\"default_ms\":2.5}";
    assert_int_equal(read_text(text), WI_OK);
    assert_string_equal(choice.variant, "registers_8x4");
    assert_int_equal(choice.workgroup[0] * 1000 + choice.workgroup[1], 128002);
    assert_true(choice.ms == 1.25 && choice.default_ms == 2.5);
    wi_kernel_choice_add(&out, &choice);
    assert_string_equal(out.text, text);
    wi_buffer_clear(&out);
    assert_int_equal(read_text("{\"variant\":\"a\",\"workgroup\":[1,1],\"ms\":null}"), WI_OK);
    assert_true(choice.ms == 0);
}

TEST(what_is_out_of_bounds_is_refused)
{
    static const struct {
        const char *text, *field;
        enum wi_code code;
    } rows[] = {{"{}", "data.choice.variant", WI_MISSING_FIELD},
        {"{\"variant\":\"a\"}", "data.choice.workgroup", WI_MISSING_FIELD},
        {"{\"variant\":\"\",\"workgroup\":[1,1]}", "data.choice.variant", WI_INVALID_FIELD},
        {"{\"variant\":\"<b>\",\"workgroup\":[1,1]}", "data.choice.variant", WI_INVALID_FIELD},
        {"{\"variant\":\"a\\tb\",\"workgroup\":[1,1]}", "data.choice.variant", WI_INVALID_FIELD},
        {"{\"variant\":\"abcdefghijklmnopqrstuvwxyzabcdefg\",\"workgroup\":[1,1]}",
            "data.choice.variant", WI_INVALID_FIELD},
        {"{\"variant\":7,\"workgroup\":[1,1]}", "data.choice.variant", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1,1,1]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[0,1]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1,-1]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[64,64]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[9223372036854775807,2]}", "data.choice.workgroup",
            WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1.5,1]}", "data.choice.workgroup", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1,1],\"ms\":-1}", "data.choice.ms", WI_INVALID_FIELD},
        {"{\"variant\":\"a\",\"workgroup\":[1,1],\"default_ms\":1e9}", "data.choice.default_ms",
            WI_INVALID_FIELD}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_text(rows[i].text), rows[i].code);
        assert_string_equal(error.field, rows[i].field);
    }
}

/* --- classes of sizes ------------------------------------------------------------------------- */

static void add(struct wi_tensors *list, const char *name, enum wi_datatype datatype, unsigned rank,
    const int64_t *dims)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = datatype;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
}

static void expect_class(
    const char *kernel, struct wi_tensors *inputs, const char *options, const char *expected)
{
    char text[WI_KERNEL_CLASS_SIZE];
    const struct wi_kernel *found = wi_kernel_find(kernel);
    json_t *given = options ? json_loads(options, 0, NULL) : NULL;
    assert_int_equal(wi_kernel_size_class(found, inputs, given, text), expected ? 0 : -1);
    if (expected) {
        assert_string_equal(text, expected);
        assert_true(wi_kernel_is_size_class(found, text));
    }
    json_decref(given);
    wi_tensors_clear(inputs);
}

TEST(a_class_has_the_next_powers_of_two)
{
    struct wi_tensors inputs = {0};
    add(&inputs, "b", WI_FP32, 4, (const int64_t[]){2, 3, 64, 33}); /* in whatever order */
    add(&inputs, "a", WI_FP32, 4, (const int64_t[]){2, 3, 17, 64});
    expect_class("matmul", &inputs, NULL, "8x32x64x64");
    add(&inputs, "x", WI_FP32, 0, (const int64_t[1]){0});
    expect_class("relu", &inputs, NULL, "1");
    add(&inputs, "x", WI_FP32, 2, (const int64_t[]){0, 5});
    expect_class("reduce", &inputs, NULL, "0x8");
    add(&inputs, "data", WI_FP32, 2, (const int64_t[]){1, 256});
    add(&inputs, "weights", WI_FP32, 2, (const int64_t[]){257, 256});
    expect_class("som_distance", &inputs, NULL, "1x256x512");
}

TEST(a_class_has_sizes_that_no_input_has)
{
    struct wi_tensors inputs = {0};
    expect_class("challenge", &inputs, "{\"n\":100,\"seed\":\"0123456789abcdef\"}", "128");
}

TEST(halves_have_none)
{
    struct wi_tensors inputs = {0};
    add(&inputs, "a", WI_FP16, 2, (const int64_t[]){4, 4});
    add(&inputs, "b", WI_FP16, 2, (const int64_t[]){4, 4});
    expect_class("matmul", &inputs, NULL, NULL);
}

TEST(other_texts_are_no_class)
{
    const struct wi_kernel *matmul = wi_kernel_find("matmul");
    static const char *const bad[] = {"", "1", "1x2x4", "1x2x4x8x16", "1x2x4x9", "1x2x4x-8",
        "1x2x4x8 ", "1x2x4x8x", "x1x2x4x8", "01x2x4x8", "1x2x4x8589934592",
        "1x2x4x99999999999999999999999999", "1x2x4x1e3", "1\t2x4x8"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wi_kernel_is_size_class(matmul, bad[i]));
    assert_true(wi_kernel_is_size_class(matmul, "0x1x4294967296x2"));
}
