/* The variants that a model's files make. */
#include "../../test.h"

#include "terms/format/format.h"
#include <stdlib.h>
#include <string.h>

/* The variants of `paths`, each file one byte longer than the last, as text. */
static void expect_variants(
    enum wi_model_format format, const char *const *paths, const char *expected)
{
    struct wi_view_file files[32];
    struct wi_variants variants = {0};
    char text[1024] = "";
    size_t count = 0;
    for (; paths[count]; count++) {
        assert_true(wi_formats[format]->wants(paths[count]));
        files[count] = (struct wi_view_file){(char *)paths[count], count + 1};
    }
    wi_format_find_variants(format, files, count, &variants);
    for (size_t v = 0; v < variants.count; v++) {
        const struct wi_variant *variant = &variants.items[v];
        strcat(strcat(text, variant->name), "=");
        for (size_t i = 0; i < variant->files.count; i++)
            strcat(strcat(text, i ? "," : ""), variant->files.items[i]);
        strcat(text, ";");
    }
    assert_string_equal(text, expected);
    wi_variants_clear(&variants);
}

TEST(only_weights_and_settings_are_wanted)
{
    static const char *const no[] = {"model.safetensors", "pytorch_model.bin", "tokenizer.py",
        "README.md", "onnx/quantize.py", "onnx/config.json", "model.gguf", "onnx/x.onnx_data.py"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (wi_format_huggingface.wants(no[i]))
            fail_msg("wants %s", no[i]);
    assert_false(wi_format_gguf.wants("model.bin"));
    assert_false(wi_format_gguf.wants("inner/model.gguf"));
    assert_true(wi_format_onnx.wants("model.onnx") && wi_format_onnx.wants("w.onnx.data"));
    assert_false(wi_format_onnx.wants("onnx/model.onnx") || wi_format_onnx.wants("other.json"));
}

/* They are in no list, and are had by a name of their own. One without a variant is nothing's. */
TEST(graphs_for_webgpu_are_part_of_their_variant)
{
    static const char *const paths[] = {"config.json", "onnx/decoder_quantized.onnx",
        "onnx/decoder_quantized_webgpu.onnx", "onnx/decoder_quantized_webgpu.onnx_data"};
    struct wi_view_file files[4];
    struct wi_variants variants = {0};
    for (size_t i = 0; i < 4; i++)
        files[i] = (struct wi_view_file){(char *)paths[i], 1u << i};
    expect_variants(WI_FORMAT_HUGGINGFACE,
        (const char *const[]){paths[0], paths[1], paths[2], paths[3], NULL},
        "q8=config.json,onnx/decoder_quantized.onnx;");
    expect_variants(WI_FORMAT_HUGGINGFACE,
        (const char *const[]){paths[0], "onnx/decoder.onnx", paths[2], NULL},
        "fp32=config.json,onnx/decoder.onnx;");
    expect_variants(WI_FORMAT_ONNX,
        (const char *const[]){"model.json", "model.onnx", "model_quantized.onnx",
            "model_quantized_webgpu.onnx", "model_quantized_webgpu.onnx_data", NULL},
        "fp32=model.json,model.onnx;q8=model.json,model_quantized.onnx;");
    wi_format_find_variants(WI_FORMAT_HUGGINGFACE, files, 4, &variants);
    const struct wi_variant *webgpu = wi_variants_get(&variants, "Q8_WebGPU");
    assert_ptr_equal(webgpu, variants.items[0].webgpu);
    assert_string_equal(webgpu->name, "q8");
    assert_int_equal(webgpu->files.count, 3);
    assert_string_equal(webgpu->files.items[2], paths[3]);
    assert_int_equal(webgpu->bytes, 1 + 4 + 8);
    assert_int_equal(variants.items[0].bytes, 1 + 2);
    assert_null(wi_variants_get(&variants, "q8_webgp"));
    assert_null(wi_variants_get(&variants, "_webgpu"));
    wi_variants_clear(&variants);
}

TEST(a_dtype_is_a_variant)
{
    expect_variants(WI_FORMAT_HUGGINGFACE,
        (const char *const[]){"1_Pooling/config.json", "config.json", "onnx/decoder_merged.onnx",
            "onnx/decoder_merged_q4f16.onnx", "onnx/model.onnx", "onnx/model.onnx_data",
            "onnx/model_fp16.onnx", "onnx/model_q1f16.onnx", "onnx/model_q2.onnx",
            "onnx/model_q4.onnx", "onnx/model_q4.onnx_data_1", "onnx/model_quantized.onnx",
            "tokenizer.json", NULL},
        "q8=1_Pooling/config.json,config.json,onnx/model_quantized.onnx,tokenizer.json;"
        "fp32=1_Pooling/config.json,config.json,onnx/decoder_merged.onnx,onnx/model.onnx,"
        "onnx/model.onnx_data,tokenizer.json;"
        "q4=1_Pooling/config.json,config.json,onnx/model_q4.onnx,onnx/model_q4.onnx_data_1,"
        "tokenizer.json;"
        "fp16=1_Pooling/config.json,config.json,onnx/model_fp16.onnx,tokenizer.json;"
        "q4f16=1_Pooling/config.json,config.json,onnx/decoder_merged_q4f16.onnx,tokenizer.json;"
        "q2=1_Pooling/config.json,config.json,onnx/model_q2.onnx,tokenizer.json;"
        "q1f16=1_Pooling/config.json,config.json,onnx/model_q1f16.onnx,tokenizer.json;");
}

TEST(some_dtypes_need_16_bit_floats)
{
    static const char *const need[] = {"fp16", "q4f16", "q2f16", "q1f16"};
    static const char *const others[] = {"q8", "fp32", "q4", "bnb4", "q1", "F16", NULL};
    for (size_t i = 0; i < sizeof need / sizeof *need; i++)
        assert_true(wi_format_huggingface.needs_f16(need[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(wi_format_huggingface.needs_f16(others[i]));
}

TEST(a_quantisation_is_a_variant)
{
    expect_variants(WI_FORMAT_GGUF,
        (const char *const[]){"mmproj-tiny-f16.gguf", "tiny-1.1b.IQ2_XS.gguf",
            "tiny-1.1b.Q4_K_M.gguf", "tiny-1.1b.Q8_0-00001-of-00002.gguf",
            "tiny-1.1b.Q8_0-00002-of-00002.gguf", "tiny-1.1b.q6_k.gguf", NULL},
        "Q4_K_M=mmproj-tiny-f16.gguf,tiny-1.1b.Q4_K_M.gguf;"
        "Q6_K=mmproj-tiny-f16.gguf,tiny-1.1b.q6_k.gguf;"
        "Q8_0=mmproj-tiny-f16.gguf,tiny-1.1b.Q8_0-00001-of-00002.gguf,"
        "tiny-1.1b.Q8_0-00002-of-00002.gguf;"
        "IQ2_XS=mmproj-tiny-f16.gguf,tiny-1.1b.IQ2_XS.gguf;");
    /* A set with a part missing is none; two of one quantisation are told apart by their names. */
    expect_variants(WI_FORMAT_GGUF,
        (const char *const[]){
            "a-Q8_0-00001-of-00002.gguf", "a~1-Q4_0.gguf", "b-Q4_0.gguf", "plain.gguf", NULL},
        "Q4_0=a~1-Q4_0.gguf;b-Q4_0=b-Q4_0.gguf;plain=plain.gguf;");
    expect_variants(WI_FORMAT_GGUF, (const char *const[]){"mmproj.gguf", NULL}, "");
}

TEST(variants_are_found_by_name)
{
    const struct wi_view_file files[] = {{(char *)"a-F16.gguf", 3}, {(char *)"a-Q8_0.gguf", 2}};
    struct wi_variants variants = {0};
    assert_null(wi_variants_get(&variants, NULL));
    wi_format_find_variants(WI_FORMAT_GGUF, files, 2, &variants);
    assert_string_equal(wi_variants_get(&variants, NULL)->name, "Q8_0");
    assert_int_equal(wi_variants_get(&variants, "f16")->bytes, 3);
    assert_null(wi_variants_get(&variants, "F32"));
    wi_variants_clear(&variants);
}

TEST(what_fits_is_the_first_and_what_is_smaller_the_largest)
{
    struct wi_variant items[] = {{(char *)"q8", .bytes = 50}, {(char *)"fp32", .bytes = 200},
        {(char *)"q4", .bytes = 30}, {(char *)"q2", .bytes = 20}};
    const struct wi_variants variants = {items, 4};
    assert_string_equal(wi_variants_fitting(&variants, 1000)->name, "q8");
    assert_string_equal(wi_variants_fitting(&variants, 50)->name, "q8");
    assert_string_equal(wi_variants_fitting(&variants, 49)->name, "q4");
    assert_string_equal(wi_variants_fitting(&variants, 19)->name, "q8"); /* none does */
    assert_null(wi_variants_fitting(&(struct wi_variants){0}, 1000));
    assert_string_equal(wi_variants_smaller(&variants, "fp32")->name, "q8");
    assert_string_equal(wi_variants_smaller(&variants, "q8")->name, "q4");
    assert_string_equal(wi_variants_smaller(&variants, "q4")->name, "q2");
    assert_null(wi_variants_smaller(&variants, "q2"));
    assert_null(wi_variants_smaller(&variants, "int8"));
}

TEST(quantisations_are_found_by_name_and_by_bits)
{
    assert_string_equal(wi_quantisation_made(8)->name, "q8");
    assert_string_equal(wi_quantisation_made(4)->name, "q4");
    assert_string_equal(wi_quantisation_made(16)->name, "fp16");
    assert_null(wi_quantisation_made(32)); /* the others are made of it */
    assert_null(wi_quantisation_made(0));
    assert_null(wi_quantisation_made((INT64_C(1) << 32) + 8));
    assert_int_equal(wi_quantisation_find("fp32")->bits, 32);
    assert_null(wi_quantisation_find("Q8"));
    assert_null(wi_quantisation_find(NULL));
    char *path = wi_variant_path("onnx/model.onnx", "q4");
    assert_string_equal(path, "onnx/model_q4.onnx");
    free(path);
    assert_null(wi_variant_path("onnx/model.onnx", "Q8_0")); /* of GGUF files alone */
    assert_true(wi_variant_needs_f16("q4f16"));
    assert_false(wi_variant_needs_f16("F16") || wi_variant_needs_f16(NULL));
}
