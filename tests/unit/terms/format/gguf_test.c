/* GGUF files read: what they say, damaged and hostile. */
#include "../../test.h"

#include "gguf_build.h"
#include "terms/format/gguf.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static enum wi_code read_bytes(const char *bytes, size_t size, enum wi_gguf_role role,
    struct wi_gguf_info *info, struct wi_error *error)
{
    int fd = memfd_create("gguf", MFD_CLOEXEC);
    assert_int_equal(write(fd, bytes, size), size);
    *error = (struct wi_error){0};
    enum wi_code code = wi_gguf_read(fd, size, "m.gguf", role, info, error);
    close(fd);
    return code;
}

/* Reads a file that is good, and frees it. */
static struct wi_gguf_info read_good(struct wi_buffer file, enum wi_gguf_role role)
{
    struct wi_gguf_info info;
    struct wi_error error;
    if (read_bytes(file.text, file.size, role, &info, &error) != WI_OK)
        fail_msg("%s", error.detail);
    wi_buffer_clear(&file);
    return info;
}

static void refuse(struct wi_buffer file, enum wi_gguf_role role, const char *part)
{
    struct wi_gguf_info info;
    struct wi_error error;
    assert_int_equal(read_bytes(file.text, file.size, role, &info, &error), WI_MODEL_INVALID);
    assert_string_equal(error.field, "m.gguf");
    if (!strstr(error.detail, part) || strncmp(error.detail, "m.gguf ", 7) != 0)
        fail_msg("\"%s\" without \"%s\"", error.detail, part);
    wi_buffer_clear(&file);
}

static struct wi_buffer text_file(const char *text)
{
    struct wi_buffer out = {0};
    wi_buffer_add(&out, text, strlen(text));
    return out;
}

static struct wi_buffer full_model(unsigned version)
{
    struct gguf file = {.version = version};
    gguf_text(&file, "general.name", "Tiny \xc3\xa9");
    gguf_u32(&file, "llama.attention.key_length", 24); /* before the architecture is known */
    gguf_basics(&file, "llama");
    gguf_u32s(&file, "llama.attention.head_count_kv", (const uint32_t[]){2, 1}, 2);
    gguf_u32(&file, "general.file_type", 15);
    gguf_text(&file, "general.type", "model");
    gguf_tokens(&file, 300);
    gguf_text(&file, "tokenizer.chat_template", "{{ messages }}");
    gguf_u32(&file, "something.else", 7);
    gguf_tensor(&file, "token_embd.weight", 256, 300, 12);
    gguf_tensor(&file, "blk.0.attn_q.weight", 64, 64, 8);
    gguf_tensor(&file, "output_norm.weight", 64, 1, 0);
    return finish_gguf(&file);
}

TEST(reads_all_that_is_wanted)
{
    for (unsigned version = 2; version <= 3; version++) {
        struct wi_gguf_info info = read_good(full_model(version), WI_GGUF_MODEL);
        assert_string_equal(info.architecture, "llama");
        assert_string_equal(info.name, "Tiny \xc3\xa9");
        assert_int_equal(info.context_length, 2048);
        assert_int_equal(info.embedding_length, 64);
        assert_int_equal(info.block_count, 2);
        assert_int_equal(info.head_count, 4);
        assert_int_equal(info.key_length, 24);
        assert_int_equal(info.value_length, 16);
        assert_int_equal(info.kv_heads, 3);
        assert_int_equal(info.feed_forward_length, 128);
        assert_int_equal(info.vocabulary, 300);
        assert_int_equal(info.pooling, -1);
        assert_int_equal(info.template_bytes, 14);
        assert_int_equal(info.parameters, 256 * 300 + 64 * 64 + 64);
        assert_int_equal(info.tensor_bytes[12], 300 * 144);
        assert_int_equal(info.tensor_bytes[8], 128 * 34);
        assert_string_equal(wi_gguf_quantization(&info), "Q4_K_M");
        assert_int_equal(wi_gguf_model_type(&info), WI_TYPE_TEXT_GENERATION);
        assert_null(wi_gguf_slow(&info));
    }
}

TEST(tells_what_a_model_is_for)
{
    static const struct {
        const char *architecture;
        int pooling;
        enum wi_model_type type;
    } cases[] = {
        {"qwen3", -1, WI_TYPE_TEXT_GENERATION},
        {"qwen3", WI_GGUF_POOLING_NONE, WI_TYPE_TEXT_GENERATION},
        {"qwen3", WI_GGUF_POOLING_LAST, WI_TYPE_TEXT_EMBEDDING},
        {"bert", -1, WI_TYPE_TEXT_EMBEDDING},
        {"nomic-bert", WI_GGUF_POOLING_MEAN, WI_TYPE_TEXT_EMBEDDING},
        {"t5", -1, WI_TYPE_TEXT2TEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gguf file = {0};
        char key[64];
        gguf_basics(&file, cases[i].architecture);
        snprintf(key, sizeof key, "%s.pooling_type", cases[i].architecture);
        if (cases[i].pooling >= 0)
            gguf_u32(&file, key, (uint32_t)cases[i].pooling);
        struct wi_gguf_info info = read_good(finish_gguf(&file), WI_GGUF_MODEL);
        assert_int_equal(info.pooling, cases[i].pooling);
        assert_int_equal(wi_gguf_model_type(&info), cases[i].type);
    }
}

TEST(names_the_quantisation_by_the_weights_where_the_file_does_not)
{
    static const struct {
        unsigned type;
        const char *name;
        int slow;
    } cases[] = {{0, "F32", 0}, {1, "F16", 1}, {2, "Q4_0", 1}, {3, "Q4_1", 1}, {8, "Q8_0", 0},
        {14, "Q6_K", 0}, {30, "BF16", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_gguf_info info = read_good(small_gguf("llama", cases[i].type), WI_GGUF_MODEL);
        assert_string_equal(wi_gguf_quantization(&info), cases[i].name);
        assert_int_equal(wi_gguf_slow(&info) != NULL, cases[i].slow);
    }
}

/* What each type takes of a weight, as llama.cpp says it. */
TEST(types_of_tensors_have_their_sizes)
{
    static const struct {
        const char *name;
        uint64_t number;
        double bits;
        int block;
    } types[] = {{"F32", 0, 32, 1}, {"F16", 1, 16, 1}, {"Q4_0", 2, 4.5, 32}, {"Q4_1", 3, 5, 32},
        {"Q5_0", 6, 5.5, 32}, {"Q5_1", 7, 6, 32}, {"Q8_0", 8, 8.5, 32}, {"Q8_1", 9, 9, 32},
        {"Q2_K", 10, 2.625, 256}, {"Q3_K", 11, 3.4375, 256}, {"Q4_K", 12, 4.5, 256},
        {"Q5_K", 13, 5.5, 256}, {"Q6_K", 14, 6.5625, 256}, {"Q8_K", 15, 9.125, 256},
        {"IQ2_XXS", 16, 2.0625, 256}, {"IQ2_XS", 17, 2.3125, 256}, {"IQ3_XXS", 18, 3.0625, 256},
        {"IQ1_S", 19, 1.5625, 256}, {"IQ4_NL", 20, 4.5, 32}, {"IQ3_S", 21, 3.4375, 256},
        {"IQ2_S", 22, 2.5625, 256}, {"IQ4_XS", 23, 4.25, 256}, {"I8", 24, 8, 1}, {"I16", 25, 16, 1},
        {"I32", 26, 32, 1}, {"I64", 27, 64, 1}, {"F64", 28, 64, 1}, {"IQ1_M", 29, 1.75, 256},
        {"BF16", 30, 16, 1}, {"TQ1_0", 34, 1.6875, 256}, {"TQ2_0", 35, 2.0625, 256},
        {"MXFP4", 39, 4.25, 32}, {"NVFP4", 40, 4.5, 64}, {"Q1_0", 41, 1.125, 128},
        {"Q2_0", 42, 2.25, 64}};
    size_t found = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const struct wi_gguf_type *type = wi_gguf_type(types[i].number);
        assert_non_null(type);
        assert_string_equal(type->name, types[i].name);
        assert_int_equal(type->block, types[i].block);
        assert_true(8.0 * type->bytes / type->block == types[i].bits);
    }
    for (uint64_t number = 0; number <= WI_GGUF_TYPES; number++)
        found += wi_gguf_type(number) != NULL;
    assert_int_equal(found, sizeof types / sizeof *types);
}

TEST(counts_blocks_that_see_a_window)
{
    struct gguf file = {0};
    gguf_basics(&file, "gemma3");
    gguf_u32(&file, "gemma3.attention.sliding_window", 512);
    gguf_u32s(&file, "gemma3.attention.sliding_window_pattern", (const uint32_t[]){1, 0}, 2);
    gguf_u32(&file, "gemma3.attention.head_count_kv", 3);
    struct wi_gguf_info info = read_good(finish_gguf(&file), WI_GGUF_MODEL);
    assert_int_equal(info.kv_heads, 3);
    assert_int_equal(info.kv_heads_windowed, 3);
    gguf_text(&file, "general.architecture", "gemma2");
    gguf_u32(&file, "gemma2.block_count", 5);
    gguf_u32(&file, "gemma2.context_length", 1);
    gguf_u32(&file, "gemma2.embedding_length", 8);
    gguf_u32(&file, "gemma2.attention.head_count", 2);
    gguf_u32(&file, "gemma2.attention.sliding_window", 512);
    gguf_u32(&file, "gemma2.attention.sliding_window_pattern", 2);
    info = read_good(finish_gguf(&file), WI_GGUF_MODEL);
    assert_int_equal(info.kv_heads, 2 * 2); /* blocks 1 and 3 */
    assert_int_equal(info.kv_heads_windowed, 3 * 2);
}

TEST(joins_the_files_of_a_set)
{
    struct wi_gguf_info parts[2], set;
    struct wi_error error;
    for (unsigned i = 0; i < 2; i++) {
        struct gguf file = {0};
        if (i == 0)
            gguf_basics(&file, "llama");
        gguf_number(gguf_key(&file, "split.no", WI_GGUF_UINT16), i, 2);
        gguf_number(gguf_key(&file, "split.count", WI_GGUF_UINT16), 2, 2);
        gguf_tensor(&file, "w", 64, 2 + i, 8);
        parts[i] = read_good(finish_gguf(&file), i == 0 ? WI_GGUF_MODEL : WI_GGUF_PART);
    }
    assert_int_equal(wi_gguf_join(&set, &parts[0], "1", 0, 2, &error), WI_OK);
    assert_int_equal(wi_gguf_join(&set, &parts[1], "2", 1, 2, &error), WI_OK);
    assert_string_equal(set.architecture, "llama");
    assert_int_equal(set.parameters, 64 * 5);
    assert_int_equal(set.tensor_bytes[8], 10 * 34);
    assert_int_equal(wi_gguf_join(&set, &parts[1], "2", 0, 2, &error), WI_MODEL_INVALID);
    assert_non_null(strstr(error.detail, "is part 2 of 2, but is part 1 of 2"));
    assert_int_equal(wi_gguf_join(&set, &parts[1], "2", 1, 3, &error), WI_MODEL_INVALID);
}

TEST(refuses_what_is_no_model)
{
    struct gguf file = {0};
    refuse(text_file(""), WI_GGUF_MODEL, "is no GGUF file: it is empty");
    refuse(text_file("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        WI_GGUF_MODEL, "is a pointer of Git LFS, not the file itself");
    refuse(text_file("<!DOCTYPE html>"), WI_GGUF_MODEL, "HTML");
    refuse(text_file("weights"), WI_GGUF_MODEL, "does not begin with \"GGUF\"");
    refuse(text_file("GGU"), WI_GGUF_MODEL, "does not begin with \"GGUF\"");
    refuse(finish_gguf(&file), WI_GGUF_MODEL, "which architecture");
    gguf_basics(&file, "llama9000");
    refuse(finish_gguf(&file), WI_GGUF_MODEL,
        "\"llama9000\", which llama.cpp b11364, the engine here, does not know");
    gguf_text(&file, "general.architecture", "llama");
    gguf_u32(&file, "llama.context_length", 1);
    gguf_u32(&file, "llama.block_count", 1);
    refuse(finish_gguf(&file), WI_GGUF_MODEL, "embedding_length (the key llama.embedding_length)");
    gguf_basics(&file, "llama");
    gguf_text(&file, "general.type", "adapter");
    refuse(finish_gguf(&file), WI_GGUF_MODEL, "no model of its own");
    gguf_text(&file, "general.architecture", "clip");
    refuse(finish_gguf(&file), WI_GGUF_MODEL, "no model of its own");
    gguf_basics(&file, "llama");
    refuse(finish_gguf(&file), WI_GGUF_PROJECTOR, "named as a projector");
    gguf_text(&file, "general.architecture", "clip");
    read_good(finish_gguf(&file), WI_GGUF_PROJECTOR);
}

TEST(refuses_other_versions)
{
    static const struct {
        uint32_t version;
        const char *part;
    } cases[] = {{0, "it has version 0"}, {1, "it has version 1 of the format; 2 and 3 are read"},
        {4, "it has version 4"}, {0x03000000, "big-endian"}, {0x02000000, "big-endian"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_buffer file = small_gguf("llama", 0);
        for (size_t b = 0; b < 4; b++)
            file.text[4 + b] = (char)(cases[i].version >> (8 * b));
        refuse(file, WI_GGUF_MODEL, cases[i].part);
    }
}

/* A value or a tensor of one kind of badness each. */
TEST(refuses_what_is_wrong_inside)
{
    static const char *const parts[] = {"a whole number is wanted", "a number is negative",
        "type 77 of values", "elements of the type 9", "an array has 4194305 elements",
        "its vocabulary has 2 tokens, but 1 scores and 0 types", "context_length is 2147483648",
        "general.alignment is 0, which is no power of two", "general.alignment is 24",
        "a text is wanted", "an array is wanted", "a key has 300 bytes",
        "head_count has 513 elements"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct gguf file = {0};
        uint32_t many[513] = {0};
        char key[301];
        memset(key, 'k', 300);
        key[300] = '\0';
        gguf_text(&file, "general.architecture", "llama");
        if (i == 0)
            gguf_text(&file, "llama.context_length", "many");
        else if (i == 1)
            gguf_number(gguf_key(&file, "llama.context_length", WI_GGUF_INT32), UINT32_MAX, 4);
        else if (i == 2)
            gguf_key(&file, "x", 77);
        else if (i == 3)
            gguf_number(gguf_key(&file, "x", WI_GGUF_ARRAY), WI_GGUF_ARRAY, 8);
        else if (i == 4) {
            gguf_number(gguf_key(&file, "x", WI_GGUF_ARRAY), WI_GGUF_UINT8, 4);
            gguf_number(&file.pairs, WI_GGUF_ARRAY_MAX + 1, 8);
        } else if (i == 5) {
            gguf_tokens(&file, 2);
            gguf_u32s(&file, "tokenizer.ggml.scores", many, 1);
        } else if (i == 6)
            gguf_u32(&file, "llama.context_length", 1u << 31);
        else if (i == 7 || i == 8)
            gguf_u32(&file, "general.alignment", i == 7 ? 0 : 24);
        else if (i == 9)
            gguf_u32(&file, "general.name", 1);
        else if (i == 10)
            gguf_text(&file, "tokenizer.ggml.tokens", "a");
        else if (i == 11)
            gguf_u32(&file, key, 1);
        else
            gguf_u32s(&file, "llama.attention.head_count", many, 513);
        refuse(finish_gguf(&file), WI_GGUF_MODEL, parts[i]);
    }
}

TEST(refuses_tensors_that_are_not_in_the_file)
{
    static const char *const parts[] = {"which llama.cpp b11364 does not know",
        "a tensor's name has 64 bytes", "no elements", "more than 2^44",
        "its tensors need 388 bytes, but the file has 320", "5 dimensions",
        "a tensor of 68 bytes at byte 4294967296 of the weights needs more than the file has",
        "cut short"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct gguf file = {0};
        char name[65] = "w";
        if (i == 1)
            memset(name, 'n', 64);
        gguf_basics(&file, "llama");
        gguf_tensor(&file, name,
            i == 3   ? UINT64_C(1) << 23
            : i == 2 ? 0
                     : 64,
            i == 3 ? UINT64_C(1) << 22 : 1, i == 0 ? 4 : 8);
        char *outline = file.tensors.text + 8 + strlen(name);
        if (i == 5)
            outline[0] = 5;
        if (i == 6)
            outline[4 + 16 + 4 + 4] = 1; /* the offset */
        if (i == 7)
            outline[4 + 16 + 4] = 32;
        if (i == 3 || i == 4)
            file.weights = 0;
        refuse(finish_gguf(&file), WI_GGUF_MODEL, parts[i]);
    }
}

TEST(says_the_byte)
{
    struct gguf file = {0};
    struct wi_gguf_info info;
    struct wi_error error;
    gguf_key(&file, "x", 77);
    struct wi_buffer bytes = finish_gguf(&file);
    read_bytes(bytes.text, bytes.size, WI_GGUF_MODEL, &info, &error);
    assert_non_null(strstr(error.detail, "(byte 37 of 64)"));
    assert_string_equal(error.expected, "a whole GGUF file of version 2 or 3, little-endian");
    wi_buffer_clear(&bytes);
}

/* Cut anywhere it is refused; with any byte changed it is refused or read, never more. */
TEST(survives_any_damage)
{
    struct wi_buffer file = full_model(3);
    struct wi_gguf_info info;
    struct wi_error error;
    for (size_t size = 0; size < file.size; size += size < 700 ? 1 : 997) {
        assert_int_equal(
            read_bytes(file.text, size, WI_GGUF_MODEL, &info, &error), WI_MODEL_INVALID);
    }
    for (size_t i = 0; i < 900; i++) {
        char before = file.text[i];
        for (int byte = 0; byte < 256; byte += 85) {
            file.text[i] = (char)byte;
            if (read_bytes(file.text, file.size, WI_GGUF_MODEL, &info, &error) == WI_OK)
                assert_true(info.parameters <= 3 * 4 * file.size && *info.architecture);
        }
        file.text[i] = before;
    }
    wi_buffer_clear(&file);
}
