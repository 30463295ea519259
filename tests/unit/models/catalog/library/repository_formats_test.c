/* The store over a real folder: GGUF models, variants, other formats, other names. */
#include "store_fixture.h"

#include "../../../terms/format/gguf_build.h"

static void put_gguf(const struct fixture *f, const char *name, struct wi_buffer bytes)
{
    put_file(f, name, bytes.text, bytes.size);
    wi_buffer_clear(&bytes);
}

FIXTURE(set_up, tear_down)

TEST(a_gguf_model_tells_what_it_is)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    struct wi_strings warnings = {0};
    put_folder(f, (const char *const[]){"tiny/readme", NULL});
    put_gguf(f, "tiny/tiny-Q8_0.gguf", small_gguf("qwen3", 8));
    put_gguf(f, "tiny/tiny-F16.gguf", small_gguf("qwen3", 1));
    struct wi_model *model = find_good(f, "tiny");
    assert_int_equal(model->engine, WI_ENGINE_LLAMA);
    assert_int_equal(model->type, WI_TYPE_TEXT_GENERATION);
    assert_string_equal(wi_gguf_quantization(&model->facts.gguf), "Q8_0");
    assert_int_equal(model->facts.memory.weights, model->manifest.files[0].bytes);
    assert_int_equal(model->facts.memory.context, 2048);
    assert_int_equal(model->facts.memory.slots, 4);
    wi_model_warnings(model, &warnings);
    assert_int_equal(warnings.count, 0);
    wi_model_unref(model);
    model = find_good(f, "tiny:F16");
    wi_model_warnings(model, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.items[0], "F16 weights are slow"));
    wi_model_unref(model);
    wi_strings_clear(&warnings);
    /* A projector makes it take pictures too. */
    struct gguf projector = {0};
    gguf_text(&projector, "general.architecture", "clip");
    gguf_tensor(&projector, "v", 32, 1, 0);
    put_gguf(f, "tiny/mmproj-tiny.gguf", finish_gguf(&projector));
    model = find_good(f, "tiny:Q8_0");
    assert_int_equal(model->type, WI_TYPE_MULTIMODAL);
    assert_int_equal(model->manifest.count, 2);
    wi_model_unref(model);
    /* With no room for it, it is listed and not run. */
    wi_repository_set_limits(f->models, &(struct wi_gguf_limits){.memory = 1 << 20, .slots = 2});
    wi_repository_reset(f->models, f->repository);
    model = find_good(f, "tiny:Q8_0");
    assert_int_equal(wi_model_check_engine(model, &error), WI_MODEL_TOO_LARGE);
    wi_model_warnings(model, &warnings);
    assert_string_equal(warnings.items[0], error.detail);
    wi_strings_clear(&warnings);
    wi_model_unref(model);
}

TEST(aliases_lead_to_models)
{
    struct fixture *f = *state;
    struct wi_aliases aliases = {0};
    put_folder(f, (const char *const[]){"tiny/readme", NULL});
    put_gguf(f, "tiny/tiny-Q8_0.gguf", small_gguf("qwen3", 8));
    put_gguf(f, "tiny/tiny-F16.gguf", small_gguf("qwen3", 1));
    assert_int_equal(wi_aliases_add(&aliases, "gpt", "tiny", "f", 1, NULL), WI_OK);
    assert_int_equal(wi_aliases_add(&aliases, "same", "builtin/echo", "f", 2, NULL), WI_OK);
    wi_repository_set_aliases(f->models, &aliases);
    wi_aliases_clear(&aliases);
    struct wi_model *model = find_good(f, "gpt");
    assert_string_equal(model->name, "tiny");
    assert_string_equal(model->variant, "Q8_0");
    wi_model_unref(model);
    model = find_good(f, "gpt:F16");
    assert_string_equal(model->name, "tiny:F16");
    wi_model_unref(model);
    model = find_good(f, "same");
    assert_int_equal(model->builtin, WI_BUILTIN_ECHO);
    wi_model_unref(model);
    wi_repository_set_aliases(f->models, &aliases);
    expect_error(f, "gpt", WI_MODEL_NOT_FOUND, "there is no model gpt");
}

TEST(a_gguf_set_counts_all_its_files)
{
    struct fixture *f = *state;
    char name[64];
    put_folder(f, (const char *const[]){"split/readme", NULL});
    for (unsigned i = 0; i < 3; i++) {
        struct gguf file = {0};
        if (i == 0)
            gguf_basics(&file, "llama");
        gguf_number(gguf_key(&file, "split.no", WI_GGUF_UINT16), i, 2);
        gguf_number(gguf_key(&file, "split.count", WI_GGUF_UINT16), 3, 2);
        gguf_tensor(&file, "w", 64, 100, 8);
        snprintf(name, sizeof name, "split/s-Q8_0-0000%u-of-00003.gguf", i + 1);
        put_gguf(f, name, finish_gguf(&file));
    }
    struct wi_model *model = find_good(f, "split");
    assert_int_equal(model->manifest.count, 3);
    assert_int_equal(model->facts.gguf.parameters, 3 * 64 * 100);
    assert_int_equal(model->facts.memory.weights, wi_manifest_bytes(&model->manifest));
    wi_model_unref(model);
    put_gguf(f, name, small_gguf("llama", 8));
    expect_error(f, "split", WI_MODEL_INVALID, "is part 1 of 1, but is part 3 of 3 by its name");
}

TEST(a_gguf_file_that_is_none_is_refused)
{
    struct fixture *f = *state;
    put_folder(f, (const char *const[]){"junk/junk-Q8_0.gguf", NULL});
    expect_error(f, "junk", WI_MODEL_INVALID, "junk-Q8_0.gguf is no GGUF file");
    struct gguf empty = {0};
    gguf_basics(&empty, "llama");
    put_gguf(f, "junk/junk-Q8_0.gguf", finish_gguf(&empty));
    expect_error(f, "junk", WI_MODEL_INVALID, "junk-Q8_0.gguf has no weights");
    put_gguf(f, "junk/junk-Q8_0.gguf", small_gguf("llama", 8));
    wi_model_unref(find_good(f, "junk"));
}

/* A graph of one operator. */
static void put_graph(const struct fixture *f, const char *name, const char *type)
{
    struct wi_buffer graph = {0}, node = {0};
    put_value(&graph, 12, "y", 1, 1, (int64_t[]){1});
    put_bytes(&node, 4, type, strlen(type));
    put_message(&graph, 1, &node);
    struct wi_buffer model = finish_model(&graph);
    put_file(f, name, model.text, model.size);
    wi_buffer_clear(&model);
}

/* Its answers cannot be compared, whichever of its graphs it is. */
TEST(a_folder_that_draws_random_numbers_tells_so)
{
    struct fixture *f = *state;
    put_folder(f, (const char *const[]){"hf/config.json", "hf/onnx/readme", NULL});
    put_file(f, "hf/config.json", "{}", 2);
    put_graph(f, "hf/onnx/encoder_model.onnx", "Add");
    put_graph(f, "hf/onnx/decoder_model_merged.onnx", "RandomNormalLike");
    put_graph(f, "hf/onnx/encoder_model_quantized.onnx", "MatMulInteger");
    put_graph(f, "hf/onnx/decoder_model_merged_quantized.onnx", "Add");
    put_file(f, "hf/onnx/model_q4.onnx", "no graph", 8);
    struct wi_model *model = find_good(f, "hf:fp32");
    assert_string_equal(model->facts.signature.random, "RandomNormalLike");
    assert_false(model->facts.signature.quantised);
    assert_int_equal(model->facts.signature.output_count, 0);
    wi_model_unref(model);
    model = find_good(f, "hf:q8");
    assert_string_equal(model->facts.signature.random, "");
    assert_true(model->facts.signature.quantised);
    wi_model_unref(model);
    model = find_good(f, "hf:q4"); /* the page says what is wrong with it */
    assert_string_equal(model->facts.signature.random, "");
    wi_model_unref(model);
}

#define POINTER "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 1234567890\n"

/* What a clone without Git LFS leaves, in any place where a file of the model should be. */
TEST(a_pointer_in_the_place_of_a_file_is_named)
{
    struct fixture *f = *state;
    put_folder(f, (const char *const[]){"hf/config.json", "hf/onnx/model.onnx", NULL});
    put_file(f, "hf/config.json", "{}", 2);
    put_file(f, "hf/onnx/model.onnx_data", POINTER, strlen(POINTER));
    expect_error(
        f, "hf", WI_MODEL_INVALID, "onnx/model.onnx_data: it is a pointer of Git LFS, not the");
    put_file(f, "hf/config.json", POINTER, strlen(POINTER));
    expect_error(f, "hf", WI_MODEL_INVALID, "config.json: it is a pointer of Git LFS");
    put_folder(f, (const char *const[]){"gguf/readme", NULL});
    put_file(f, "gguf/tiny-Q8_0.gguf", POINTER, strlen(POINTER));
    expect_error(f, "gguf", WI_MODEL_INVALID, "run \"git lfs pull\"");
}

TEST(a_folder_out_of_the_store_is_not_served)
{
    struct fixture *f = *state;
    char *inside = wi_sprintf("%s/tiny", f->repository), *link = wi_sprintf("%s/m", f->repository);
    char *outside = wi_sprintf("%s/tiny", f->root), *out = wi_sprintf("%s/out", f->repository);
    put_folder(f, (const char *const[]){"tiny/readme", NULL});
    put_gguf(f, "tiny/tiny-Q8_0.gguf", small_gguf("qwen3", 8));
    assert_int_equal(symlink("tiny", link), 0);
    wi_model_unref(find_good(f, "m"));
    assert_int_equal(rename(inside, outside), 0);
    assert_int_equal(symlink(outside, out), 0);
    expect_error(f, "out", WI_MODEL_INVALID, "the model's folder is a link out of the model store");
    free(inside);
    free(outside);
    free(link);
    free(out);
}

/* However a request writes it, nodes load it once. */
TEST(a_variant_in_another_case_is_the_same_model)
{
    struct fixture *f = *state;
    put_folder(f, (const char *const[]){"tiny/readme", NULL});
    put_gguf(f, "tiny/tiny-talker.gguf", small_gguf("llama", 8));
    struct wi_model *model = find_good(f, "tiny:tiny-talker");
    for (const char *const *name =
             (const char *const[]){"tiny:TINY-TALKER", "tiny:Tiny-Talker", NULL};
         *name; name++) {
        struct answer answer;
        assert_true(find(f, *name, &answer));
        assert_ptr_equal(answer.model, model);
        wi_model_unref(answer.model);
    }
    assert_string_equal(model->name, "tiny:tiny-talker");
    wi_model_unref(model);
    wi_repository_reset(f->models, f->repository);
    model = find_good(f, "tiny:TINY-Talker");
    assert_string_equal(model->name, "tiny:tiny-talker");
    assert_ptr_equal(wi_repository_by_hash(f->models, model->name, model->hash), model);
    wi_model_unref(model);
}

/* Clients may name any number of variants. */
TEST(nothing_is_kept_of_variants_that_are_none)
{
    struct fixture *f = *state;
    struct answer answer;
    char *outside = wi_sprintf("%s/tiny", f->root), *out = wi_sprintf("%s/out", f->repository);
    make_folder(outside);
    put_folder(f, (const char *const[]){"../tiny/tiny-Q8_0.gguf", NULL});
    assert_int_equal(symlink(outside, out), 0);
    expect_error(f, "out", WI_MODEL_INVALID, "a link out of the model store");
    assert_true(find(f, "out", &answer));
    expect_error(f, "out:any", WI_MODEL_INVALID, "a link out of the model store");
    assert_false(find(f, "out:any", &answer));
    free(outside);
    free(out);
}

TEST(formats_other_than_onnx_have_variants)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    struct answer answer;
    put_folder(f, (const char *const[]){"tiny/evil.py", "tiny/weights.bin", "own/er/config.json",
                      "own/er/onnx/model.onnx", "own/er/onnx/model_q4.onnx",
                      "own/er/onnx/model_q4.onnx_data", "own/er/tokenizer.json", NULL});
    put_file(f, "own/er/config.json", "{}", 2);
    put_gguf(f, "tiny/tiny-Q8_0.gguf", small_gguf("llama", 8));
    put_gguf(f, "tiny/tiny-Q4_K_M.gguf", small_gguf("llama", 12));
    struct wi_model *model = find_good(f, "tiny"), *other = find_good(f, "tiny:q8_0");
    assert_int_equal(model->format, WI_FORMAT_GGUF);
    assert_string_equal(model->variant, "Q4_K_M");
    assert_int_equal(model->variants.count, 2);
    assert_int_equal(model->manifest.count, 1);
    assert_string_equal(other->variant, "Q8_0");
    assert_string_not_equal(other->hash, model->hash);
    assert_int_equal(wi_model_check_engine(model, &error), WI_OK);
    assert_true(find(f, "tiny:q8_0", &answer));
    wi_model_unref(answer.model);
    wi_model_unref(model);
    wi_model_unref(other);
    expect_error(f, "tiny:Q2_K", WI_MODEL_NOT_FOUND, "has no variant Q2_K");
    model = find_good(f, "own/er:q4");
    assert_int_equal(model->format, WI_FORMAT_HUGGINGFACE);
    assert_int_equal(wi_model_check_engine(model, &error), WI_OK);
    assert_int_equal(model->manifest.count, 4);
    wi_model_unref(model);
    put_file(f, "own/er/config.json", "{\"model_type\":\"bert\"}", 21);
    model = find_good(f, "own/er");
    assert_string_equal(model->variant, "fp32");
    assert_int_equal(model->type, WI_TYPE_TEXT_EMBEDDING);
    wi_model_unref(model);
    put_file(f, "own/er/config.json", "{\"model_type\":7}", 16);
    expect_error(f, "own/er", WI_MODEL_INVALID, "config.json: model_type must be a name");
    /* A file that comes into the folder is seen. */
    put_gguf(f, "tiny/tiny-Q2_K.gguf", small_gguf("llama", 10));
    wi_model_unref(find_good(f, "tiny:Q2_K"));
    put_model(f, "m", "");
    expect_error(f, "m:q4", WI_MODEL_NOT_FOUND, "the model m has no variants");
}
