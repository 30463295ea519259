/* Which files of a repository are pulled. */
#include "../../../test.h"

#include "base/buffer.h"
#include "models/arrive/hub/choose.h"
#include "terms/model/manifest.h"
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct row {
    const char *path;
    uint64_t mib;
};

static void make_tree(struct wi_hub_tree *tree, const struct row *rows)
{
    *tree = (struct wi_hub_tree){.commit = wi_strdup("c0ffee")};
    for (; rows->path; rows++) {
        const struct wi_hub_file file = {.remote = (char *)rows->path, .bytes = rows->mib * MIB};
        wi_hub_tree_add(tree, &file, rows->path);
    }
    assert_int_equal(wi_hub_tree_finish(tree, NULL), WI_OK);
}

/* "a b=remote/b": where the files are to lie, and where they are if that is elsewhere. */
static char *names_of(const struct wi_hub_tree *tree)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, "");
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        wi_buffer_strings(&out, i ? " " : "", file->path, NULL);
        if (strcmp(file->path, file->remote) != 0)
            wi_buffer_strings(&out, "=", file->remote, NULL);
    }
    return wi_buffer_take(&out);
}

static void expect(
    const struct row *rows, const struct wi_hub_want *want, const char *files, const char *variant)
{
    struct wi_hub_tree tree, chosen = {0};
    struct wi_error error;
    char *picked;
    make_tree(&tree, rows);
    if (wi_hub_choose(&tree, want, &chosen, &picked, &error) != WI_OK)
        fail_msg("%s", error.detail);
    char *names = names_of(&chosen);
    assert_string_equal(names, files);
    assert_string_equal(picked ? picked : "-", variant);
    assert_string_equal(chosen.commit, "c0ffee");
    free(names);
    free(picked);
    wi_hub_tree_clear(&chosen);
    wi_hub_tree_clear(&tree);
}

static struct wi_error refuse(
    const struct row *rows, const struct wi_hub_want *want, enum wi_code code, const char *why)
{
    struct wi_hub_tree tree, chosen = {0};
    struct wi_error error;
    char *picked;
    make_tree(&tree, rows);
    assert_int_equal(wi_hub_choose(&tree, want, &chosen, &picked, &error), code);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, why);
    assert_null(picked);
    assert_int_equal(chosen.count, 0);
    wi_hub_tree_clear(&tree);
    return error;
}

static const struct row chat[] = {{"README.md", 0}, {"config.json", 0}, {"m-Q2_K.gguf", 300},
    {"m-Q4_0.gguf", 500}, {"m-Q4_K_M.gguf", 600}, {"m-Q6_K.gguf", 800}, {"m-Q8_0.gguf", 1000},
    {"m-F16.gguf", 2000}, {"imatrix.dat", 1}, {NULL, 0}};

TEST(takes_the_quantisation_that_suits)
{
    expect(chat, &(struct wi_hub_want){.memory = 4 * GIB}, "m-Q6_K.gguf", "Q6_K");
    expect(chat, &(struct wi_hub_want){.memory = 1000 * MIB}, "m-Q4_K_M.gguf", "Q4_K_M");
    expect(chat, &(struct wi_hub_want){.memory = 790 * MIB}, "m-Q4_0.gguf", "Q4_0");
    /* By the estimate none fits; the weights of the smallest alone do. */
    expect(chat, &(struct wi_hub_want){.memory = 310 * MIB}, "m-Q2_K.gguf", "Q2_K");
    refuse(chat, &(struct wi_hub_want){.memory = 299 * MIB}, WI_MODEL_TOO_LARGE,
        "none of its variants fits into the 0.3 GB that a page has");
}

TEST(takes_the_largest_that_fits_where_the_usual_ones_are_missing)
{
    static const struct row rows[] = {
        {"m-Q3_K_S.gguf", 300}, {"m-Q5_K_S.gguf", 700}, {"m-Q8_0.gguf", 5000}, {NULL, 0}};
    expect(rows, &(struct wi_hub_want){.memory = 9 * GIB}, "m-Q5_K_S.gguf", "Q5_K_S");
}

TEST(takes_what_is_named)
{
    expect(chat, &(struct wi_hub_want){.variant = "q8_0", .memory = MIB}, "m-Q8_0.gguf", "Q8_0");
    expect(chat, &(struct wi_hub_want){.precision = "fp16", .memory = MIB}, "m-F16.gguf", "F16");
    expect(
        chat, &(struct wi_hub_want){.precision = "int4", .memory = MIB}, "m-Q4_K_M.gguf", "Q4_K_M");
    refuse(chat, &(struct wi_hub_want){.variant = "Q9"}, WI_HUB_NOT_FOUND,
        "has nothing in Q9; it has Q4_K_M (629.1 MB), Q6_K (838.9 MB), Q8_0 (1.0 GB)");
    refuse(chat, &(struct wi_hub_want){.precision = "uint8"}, WI_HUB_NOT_FOUND, "nothing in uint8");
}

TEST(takes_split_sets_whole_and_one_projector)
{
    static const struct row rows[] = {{"Q8_0/m-Q8_0-00001-of-00002.gguf", 600},
        {"Q8_0/m-Q8_0-00002-of-00002.gguf", 500}, {"m-Q6_K-00001-of-00002.gguf", 100},
        {"m-Q4_K_M.gguf", 400}, {"mmproj-BF16.gguf", 90}, {"mmproj-F16.gguf", 90},
        {"mmproj-F32.gguf", 180}, {NULL, 0}};
    expect(rows, &(struct wi_hub_want){.variant = "Q8_0"},
        "m-Q8_0-00001-of-00002.gguf=Q8_0/m-Q8_0-00001-of-00002.gguf "
        "m-Q8_0-00002-of-00002.gguf=Q8_0/m-Q8_0-00002-of-00002.gguf mmproj-F16.gguf",
        "Q8_0");
    /* Half of a set is no variant. */
    expect(
        rows, &(struct wi_hub_want){.memory = 4 * GIB}, "m-Q4_K_M.gguf mmproj-F16.gguf", "Q4_K_M");
}

TEST(tells_files_of_the_same_name_apart)
{
    static const struct row rows[] = {
        {"Q4_K_M/model.gguf", 100}, {"Q6_K/model.gguf", 200}, {NULL, 0}};
    expect(
        rows, &(struct wi_hub_want){.variant = "Q6_K"}, "Q6_K-model.gguf=Q6_K/model.gguf", "Q6_K");
}

static const struct row embedder[] = {{".gitattributes", 0}, {"1_Pooling/config.json", 0},
    {"config.json", 0}, {"model.safetensors", 90}, {"onnx/model.onnx", 90},
    {"onnx/model.onnx_data", 400}, {"onnx/model_fp16.onnx", 45}, {"onnx/model_q4.onnx", 30},
    {"onnx/model_quantized.onnx", 23}, {"pytorch_model.bin", 90}, {"tokenizer.json", 0},
    {"train.py", 0}, {"vocab.txt", 0}, {NULL, 0}};
#define SETTINGS_BEFORE "1_Pooling/config.json config.json "
#define SETTINGS_BEHIND " tokenizer.json vocab.txt"

TEST(takes_a_dtype_with_the_settings)
{
    expect(embedder, &(struct wi_hub_want){.memory = GIB},
        SETTINGS_BEFORE "onnx/model_quantized.onnx" SETTINGS_BEHIND, "q8");
    expect(embedder, &(struct wi_hub_want){.precision = "fp32", .memory = GIB},
        SETTINGS_BEFORE "onnx/model.onnx onnx/model.onnx_data" SETTINGS_BEHIND, "fp32");
    expect(embedder, &(struct wi_hub_want){.variant = "q4", .memory = GIB},
        SETTINGS_BEFORE "onnx/model_q4.onnx" SETTINGS_BEHIND, "q4");
    refuse(embedder, &(struct wi_hub_want){.precision = "bf16"}, WI_HUB_NOT_FOUND,
        "has nothing in bf16; it has q8 (24.1 MB), fp32");
}

TEST(leaves_out_the_halves_of_a_merged_decoder)
{
    static const struct row rows[] = {{"config.json", 0}, {"onnx/decoder_model.onnx", 50},
        {"onnx/decoder_model_merged.onnx", 51}, {"onnx/decoder_model_q4.onnx", 20},
        {"onnx/decoder_with_past_model.onnx", 49}, {"onnx/encoder_model.onnx", 30},
        {"onnx/encoder_model_q4.onnx", 15}, {NULL, 0}};
    expect(rows, &(struct wi_hub_want){.variant = "fp32"},
        "config.json onnx/decoder_model_merged.onnx onnx/encoder_model.onnx", "fp32");
    expect(rows, &(struct wi_hub_want){.variant = "q4"},
        "config.json onnx/decoder_model_q4.onnx onnx/encoder_model_q4.onnx", "q4");
}

TEST(takes_a_graph_with_its_data)
{
    static const struct row rows[] = {{"labels.csv", 0}, {"model.json", 0}, {"model.onnx", 3},
        {"model.onnx.data", 30}, {"notes.txt", 0}, {NULL, 0}};
    expect(
        rows, &(struct wi_hub_want){.memory = GIB}, "model.json model.onnx model.onnx.data", "-");
}

TEST(refuses_what_runs_elsewhere)
{
    static const struct row rows[] = {
        {"config.json", 0}, {"model.safetensors", 900}, {"tokenizer.json", 0}, {NULL, 0}};
    static const struct row none[] = {{NULL, 0}};
    refuse(rows, &(struct wi_hub_want){.memory = GIB}, WI_HUB_NOT_FOUND,
        "its 3 files make none (model.safetensors needs another program)");
    struct wi_error error = refuse(
        none, &(struct wi_hub_want){.variant = "Q8_0"}, WI_HUB_NOT_FOUND, "its 0 files make none");
    assert_string_equal(
        error.expected, "onnx/….onnx with config.json, or a .gguf file, or model.onnx");
}

static void expect_files(const char *pattern, const char *another, const char *files)
{
    struct wi_strings patterns = {0};
    wi_strings_add(&patterns, pattern);
    if (another)
        wi_strings_add(&patterns, another);
    expect(embedder, &(struct wi_hub_want){.files = &patterns, .memory = 1}, files, "-");
    wi_strings_clear(&patterns);
}

static struct wi_error refuse_files(const char *pattern, const char *variant, const char *why)
{
    struct wi_strings patterns = {0};
    wi_strings_add(&patterns, pattern);
    struct wi_error error = refuse(embedder,
        &(struct wi_hub_want){.files = &patterns, .variant = variant}, WI_INVALID_FIELD, why);
    wi_strings_clear(&patterns);
    return error;
}

TEST(takes_files_by_patterns)
{
    expect_files("onnx/model_q4.onnx", "*.json",
        "1_Pooling/config.json config.json onnx/model_q4.onnx tokenizer.json");
    expect_files("onnx/model_?4.onnx", "onnx/*4*", "onnx/model_q4.onnx");
    expect_files("*model*", NULL,
        "onnx/model.onnx onnx/model.onnx_data onnx/model_fp16.onnx onnx/model_q4.onnx "
        "onnx/model_quantized.onnx");
    refuse_files("nothing*", NULL, "no file of the repository is called nothing*");
    refuse_files("*.bin", NULL, "pytorch_model.bin is a kind of file that is never fetched");
    assert_string_equal(
        refuse_files("train.py", NULL, "train.py is a kind of file that is never fetched").allowed,
        "files that end in one of .onnx, .onnx_data, .onnx.data, .gguf, .json, .txt, .jinja, "
        ".model");
    refuse_files("*.json", "q4", "both files and a variant are given");
}

TEST(bounds_the_files_of_a_model)
{
    struct wi_hub_tree tree = {.commit = wi_strdup("c0ffee")}, chosen = {0};
    struct wi_strings patterns = {0};
    struct wi_error error;
    char path[32], *picked;
    for (int i = 0; i <= WI_MODEL_FILES_MAX; i++) {
        snprintf(path, sizeof path, "m%d-Q8_0.gguf", i);
        wi_hub_tree_add(&tree, &(struct wi_hub_file){.remote = path, .bytes = 1}, path);
    }
    wi_hub_tree_finish(&tree, NULL);
    assert_int_equal(
        wi_hub_choose(&tree, &(struct wi_hub_want){.memory = GIB}, &chosen, &picked, &error),
        WI_HUB_FAILED);
    assert_non_null(strstr(error.detail, "select the files with --file"));
    wi_strings_add(&patterns, "*");
    const struct wi_hub_want all = {.files = &patterns};
    assert_int_equal(wi_hub_choose(&tree, &all, &chosen, &picked, &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "match more than 1000 files"));
    free(patterns.items[0]);
    patterns.items[0] = wi_strdup("m77-*");
    assert_int_equal(wi_hub_choose(&tree, &all, &chosen, &picked, &error), WI_OK);
    assert_int_equal(chosen.count, 1);
    wi_strings_clear(&patterns);
    wi_hub_tree_clear(&chosen);
    wi_hub_tree_clear(&tree);
}
