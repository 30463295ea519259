/* What a model takes, and what is given up where memory is short. */
#include "../../test.h"

#include "terms/format/gguf_memory.h"
#include <string.h>

#define MIB UINT64_C(1048576)

/* 30 blocks of 3 key-value heads of 64, as a model of 135 million parameters has. */
static const struct wi_gguf_info small = {.architecture = "llama",
    .context_length = 2048,
    .embedding_length = 576,
    .block_count = 30,
    .feed_forward_length = 1536,
    .head_count = 9,
    .key_length = 64,
    .value_length = 64,
    .kv_heads = 90,
    .vocabulary = 49152};

static struct wi_gguf_memory plan(const struct wi_gguf_info *info, uint64_t weights,
    uint64_t memory, uint64_t context, uint64_t slots)
{
    const struct wi_gguf_limits limits = {memory, context, slots};
    struct wi_gguf_memory out;
    wi_gguf_plan(info, weights, &limits, &out);
    return out;
}

TEST(adds_up_by_the_formulas)
{
    struct wi_gguf_memory memory = plan(&small, 144 * MIB, 8192 * MIB, 0, 4);
    assert_int_equal(memory.fits, 1);
    assert_int_equal(memory.scarce, 0);
    assert_int_equal(memory.limit, WI_GGUF_HEAP_MAX);
    assert_int_equal(memory.context, 2048);
    assert_int_equal(memory.slots, 4);
    assert_int_equal(memory.weights, 144 * MIB);
    assert_int_equal(memory.kv_per_slot, 4 * 128 * 90 * 2048);
    assert_int_equal(
        memory.compute, 32 * MIB + 256 * 49152 + 4 * 128 * (49152 + 2 * 576 + 2 * 1536 + 9 * 2048));
    assert_int_equal(memory.total, memory.weights + 4 * memory.kv_per_slot + memory.compute);
}

TEST(limits_the_context)
{
    struct wi_gguf_info large = small;
    large.context_length = 131072;
    assert_int_equal(plan(&large, MIB, 4096 * MIB, 0, 1).context, WI_GGUF_CONTEXT_MAX);
    assert_int_equal(plan(&large, MIB, 4096 * MIB, 16384, 1).context, 16384);
    assert_int_equal(plan(&small, MIB, 4096 * MIB, 16384, 1).context, 2048);
}

TEST(windowed_blocks_and_encoders_take_less)
{
    struct wi_gguf_info info = small;
    info.kv_heads = 10;
    info.kv_heads_windowed = 80;
    info.sliding_window = 512;
    assert_int_equal(
        plan(&info, MIB, 4096 * MIB, 0, 1).kv_per_slot, 4 * 128 * (10 * 2048 + 80 * (512 + 128)));
    strcpy(info.architecture, "bert");
    assert_int_equal(plan(&info, MIB, 4096 * MIB, 0, 1).kv_per_slot, 0);
}

TEST(keeps_keys_and_values_in_16_bits_where_32_are_too_much)
{
    uint64_t narrow = 2 * 128 * 90 * 2048;
    struct wi_gguf_memory wide = plan(&small, 100 * MIB, 4096 * MIB, 0, 4);
    assert_int_equal(wide.kv_per_slot, 2 * narrow);
    struct wi_gguf_memory memory = plan(&small, 100 * MIB, wide.total, 0, 4);
    assert_int_equal(memory.kv_per_slot, 2 * narrow);
    memory = plan(&small, 100 * MIB, wide.total - 1, 0, 4);
    assert_int_equal(memory.fits && !memory.scarce, 1);
    assert_int_equal(memory.kv_per_slot, narrow);
    assert_int_equal(memory.slots, 4);
    assert_int_equal(memory.total, wide.total - 4 * narrow);
    /* A page has a gibibyte for them, whatever else there is: 11 of 90 MiB. */
    assert_int_equal(plan(&small, 100 * MIB, 4096 * MIB, 0, 11).kv_per_slot, 2 * narrow);
    assert_int_equal(plan(&small, 100 * MIB, 4096 * MIB, 0, 12).kv_per_slot, narrow);
}

TEST(gives_up_slots_first_and_then_context)
{
    uint64_t fixed = plan(&small, 100 * MIB, 4096 * MIB, 0, 1).compute + 100 * MIB;
    struct wi_gguf_memory memory = plan(&small, 100 * MIB, fixed + 2 * 45 * MIB, 0, 4);
    assert_int_equal(memory.fits && memory.scarce, 1);
    assert_int_equal(memory.slots, 2);
    assert_int_equal(memory.context, 2048);
    memory = plan(&small, 100 * MIB, fixed + 20 * MIB, 0, 4);
    assert_int_equal(memory.fits && memory.scarce, 1);
    assert_int_equal(memory.slots, 1);
    assert_int_equal(memory.context, 1024);
    /* Who asked for a context gets that one or none. */
    assert_int_equal(plan(&small, 100 * MIB, fixed + 20 * MIB, 2048, 4).fits, 0);
}

TEST(says_the_figures_of_what_does_not_fit)
{
    struct wi_error error = {0};
    struct wi_gguf_memory memory = plan(&small, 5000 * MIB, 8192 * MIB, 0, 4);
    assert_int_equal(memory.fits, 0);
    assert_int_equal(wi_gguf_check_memory(&memory, "big", &error), WI_MODEL_TOO_LARGE);
    assert_non_null(strstr(error.detail, "big needs "));
    assert_non_null(strstr(error.detail, "(5000 of weights, "));
    assert_non_null(strstr(error.detail, "the heap of WebAssembly is 4096 MiB"));
    memory = plan(&small, 200 * MIB, 100 * MIB, 0, 4);
    assert_int_equal(wi_gguf_check_memory(&memory, "big", &error), WI_MODEL_TOO_LARGE);
    assert_non_null(strstr(error.detail, "[pool] model_budget is 100 MiB"));
    assert_string_equal(error.field, "model_name");
    memory = plan(&small, MIB, 4096 * MIB, 0, 4);
    assert_int_equal(wi_gguf_check_memory(&memory, "small", &error), WI_OK);
}

/* The largest figures that a file may hold. */
TEST(no_sum_overflows)
{
    struct wi_gguf_info info = {.architecture = "llama",
        .context_length = INT32_MAX,
        .embedding_length = 1 << 20,
        .feed_forward_length = 1 << 24,
        .head_count = 4096,
        .key_length = 8192,
        .value_length = 8192,
        .kv_heads = 512 * 4096,
        .vocabulary = 4 << 20};
    struct wi_gguf_memory memory = plan(&info, UINT64_C(1) << 50, UINT64_MAX, 1 << 20, 16);
    assert_int_equal(memory.fits, 0);
    assert_int_equal(memory.slots, 1);
    assert_int_equal(memory.kv_per_slot, UINT64_C(1) << 56);
    assert_true(memory.kv_per_slot <= UINT64_MAX / 16 - memory.weights - memory.compute);
    assert_int_equal(memory.total, memory.weights + memory.kv_per_slot + memory.compute);
}

/* As models of 0.5 to 3 thousand million parameters are made, with their weights in Q4_K_M. */
TEST(what_is_guessed_is_enough)
{
    static const struct {
        struct wi_gguf_info info;
        uint64_t weights; /* MiB */
    } models[] = {
        {{.embedding_length = 896,
             .feed_forward_length = 4864,
             .head_count = 14,
             .key_length = 64,
             .value_length = 64,
             .kv_heads = 48,
             .vocabulary = 151936},
            380},
        {{.embedding_length = 2048,
             .feed_forward_length = 8192,
             .head_count = 32,
             .key_length = 64,
             .value_length = 64,
             .kv_heads = 128,
             .vocabulary = 128256},
            770},
        {{.embedding_length = 3072,
             .feed_forward_length = 8192,
             .head_count = 24,
             .key_length = 128,
             .value_length = 128,
             .kv_heads = 224,
             .vocabulary = 128256},
            1926},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct wi_gguf_info info = models[i].info;
        uint64_t weights = models[i].weights * MIB;
        info.context_length = 32768;
        struct wi_gguf_memory memory = plan(&info, weights, wi_gguf_guess_memory(weights), 0, 4);
        assert_int_equal(memory.fits, 1);
        assert_in_range(memory.context, 1024, WI_GGUF_CONTEXT_MAX);
    }
}

/* --- docs/families.md ------------------------------------------------------------------------- */

#define GIB (UINT64_C(1) << 30)
#define Q8_0 34      /* bytes of 32 weights */
#define FOUR_BITS 18 /* likewise, as Q4_0 and Q4_K have them */

static const struct wi_gguf_info smol_135 = {.embedding_length = 576,
    .feed_forward_length = 1536,
    .head_count = 9,
    .key_length = 64,
    .value_length = 64,
    .kv_heads = 30 * 3,
    .vocabulary = 49152};
static const struct wi_gguf_info smol_360 = {.embedding_length = 960,
    .feed_forward_length = 2560,
    .head_count = 15,
    .key_length = 64,
    .value_length = 64,
    .kv_heads = 32 * 5,
    .vocabulary = 49152};
static const struct wi_gguf_info qwen_500 = {.embedding_length = 896,
    .feed_forward_length = 4864,
    .head_count = 14,
    .key_length = 64,
    .value_length = 64,
    .kv_heads = 24 * 2,
    .vocabulary = 151936};
static const struct wi_gguf_info qwen_1500 = {.embedding_length = 1536,
    .feed_forward_length = 8960,
    .head_count = 12,
    .key_length = 128,
    .value_length = 128,
    .kv_heads = 28 * 2,
    .vocabulary = 151936};
static const struct wi_gguf_info llama_1200 = {.embedding_length = 2048,
    .feed_forward_length = 8192,
    .head_count = 32,
    .key_length = 64,
    .value_length = 64,
    .kv_heads = 16 * 8,
    .vocabulary = 128256};
static const struct wi_gguf_info llama_3200 = {.embedding_length = 3072,
    .feed_forward_length = 8192,
    .head_count = 24,
    .key_length = 128,
    .value_length = 128,
    .kv_heads = 28 * 8,
    .vocabulary = 128256};

/* The tokens of a conversation with 1, 2 and 4 GiB; 0: the model does not fit. */
TEST(the_table_in_families_md_is_right)
{
    static const struct {
        const struct wi_gguf_info *info;
        uint64_t millions, block, context[3];
    } rows[] = {
        {&smol_135, 135, Q8_0, {8192, 8192, 8192}},
        {&smol_360, 362, Q8_0, {8192, 8192, 8192}},
        {&qwen_500, 494, Q8_0, {8192, 8192, 8192}},
        {&qwen_500, 494, FOUR_BITS, {8192, 8192, 8192}},
        {&llama_1200, 1236, FOUR_BITS, {4096, 8192, 8192}},
        {&llama_1200, 1236, Q8_0, {0, 8192, 8192}},
        {&qwen_1500, 1544, FOUR_BITS, {1024, 8192, 8192}},
        {&qwen_1500, 1544, Q8_0, {0, 8192, 8192}},
        {&llama_3200, 3213, FOUR_BITS, {0, 1024, 8192}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < 3; j++) {
            struct wi_gguf_info info = *rows[i].info;
            info.context_length = 8192;
            uint64_t weights = rows[i].millions * 1000000 * rows[i].block / 32;
            struct wi_gguf_memory memory = plan(&info, weights, GIB << j, 0, 4);
            assert_int_equal(memory.fits ? memory.context : 0, rows[i].context[j]);
        }
}
