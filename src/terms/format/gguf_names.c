/* What llama.cpp knows by name and number, and what follows from it for a file. */
#include "terms/format/gguf.h"

#include <stddef.h>
#include <string.h>

static const char *const text_generation[] = {"afmoe", "apertus", "arcee", "arctic", "arwkv7",
    "baichuan", "bailingmoe", "bailingmoe2", "bailingmoe3", "bitnet", "bloom", "chameleon",
    "chatglm", "codeshell", "cogvlm", "cohere2", "cohere2moe", "command-r", "dbrx", "deci",
    "deepseek", "deepseek2", "deepseek2-ocr", "deepseek32", "deepseek4", "dflash", "dots1",
    "dots3note", "dream", "eagle3", "ernie4_5", "ernie4_5-moe", "exaone", "exaone-moe", "exaone4",
    "falcon", "falcon-h1", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "gemma4-assistant",
    "glm-dsa", "glm4", "glm4moe", "glm5-next", "gpt-oss", "gpt2", "gptj", "gptneox", "granite",
    "granite_swa", "granitehybrid", "granitemoe", "graniteswitch", "grok", "grovemoe", "hrm_text",
    "hunyuan-dense", "hunyuan-moe", "hunyuan_vl", "hy_v3", "hy_v4", "internlm2", "jais", "jais2",
    "jamba", "kimi-k3", "kimi-linear", "laguna", "lfm2", "lfm2moe", "llada", "llada-moe", "llama",
    "llama4", "maincoder", "mamba", "mamba2", "maple", "mellum", "mimo2", "minicpm", "minicpm3",
    "minimax-01", "minimax-m2", "minimax-m3", "mistral3", "mistral4", "mpt", "muse-glimmer",
    "nanbeige", "nemotron", "nemotron_h", "nemotron_h_moe", "olmo", "olmo2", "olmoe", "openelm",
    "orion", "paddleocr", "pangu-embedded", "phi2", "phi3", "phimoe", "plamo", "plamo2", "plamo3",
    "plm", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen35", "qwen35moe", "qwen3moe",
    "qwen3next", "qwen3vl", "qwen3vlmoe", "qwen4exp", "refact", "rnd1", "rwkv6", "rwkv6qwen2",
    "rwkv7", "seed_oss", "smallthinker", "smollm3", "spark2_5", "stablelm", "starcoder",
    "starcoder2", "step35", "talkie", "xverse", NULL};

static const char *const text_embedding[] = {"bert", "eurobert", "gemma-embedding", "jina-bert-v2",
    "jina-bert-v3", "llama-embed", "modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe",
    "t5encoder", NULL};

static const char *const text2text[] = {"t5", NULL};

static const char *const audio[] = {"pockettts", "qwen3tts", "wavtokenizer-dec", NULL};

static const struct {
    enum wi_model_type type;
    const char *const *names;
} architectures[] = {
    {WI_TYPE_TEXT_GENERATION, text_generation},
    {WI_TYPE_TEXT_EMBEDDING, text_embedding},
    {WI_TYPE_TEXT2TEXT, text2text},
    {WI_TYPE_AUDIO, audio},
};

static const struct wi_gguf_type types[WI_GGUF_TYPES] = {
    [0] = {"F32", 1, 4},
    [1] = {"F16", 1, 2},
    [2] = {"Q4_0", 32, 18},
    [3] = {"Q4_1", 32, 20},
    [6] = {"Q5_0", 32, 22},
    [7] = {"Q5_1", 32, 24},
    [8] = {"Q8_0", 32, 34},
    [9] = {"Q8_1", 32, 36},
    [10] = {"Q2_K", 256, 84},
    [11] = {"Q3_K", 256, 110},
    [12] = {"Q4_K", 256, 144},
    [13] = {"Q5_K", 256, 176},
    [14] = {"Q6_K", 256, 210},
    [15] = {"Q8_K", 256, 292},
    [16] = {"IQ2_XXS", 256, 66},
    [17] = {"IQ2_XS", 256, 74},
    [18] = {"IQ3_XXS", 256, 98},
    [19] = {"IQ1_S", 256, 50},
    [20] = {"IQ4_NL", 32, 18},
    [21] = {"IQ3_S", 256, 110},
    [22] = {"IQ2_S", 256, 82},
    [23] = {"IQ4_XS", 256, 136},
    [24] = {"I8", 1, 1},
    [25] = {"I16", 1, 2},
    [26] = {"I32", 1, 4},
    [27] = {"I64", 1, 8},
    [28] = {"F64", 1, 8},
    [29] = {"IQ1_M", 256, 56},
    [30] = {"BF16", 1, 2},
    [34] = {"TQ1_0", 256, 54},
    [35] = {"TQ2_0", 256, 66},
    [39] = {"MXFP4", 32, 17},
    [40] = {"NVFP4", 64, 36},
    [41] = {"Q1_0", 128, 18},
    [42] = {"Q2_0", 64, 18},
};

static const char *const file_types[] = {
    [0] = "F32",
    [1] = "F16",
    [2] = "Q4_0",
    [3] = "Q4_1",
    [7] = "Q8_0",
    [8] = "Q5_0",
    [9] = "Q5_1",
    [10] = "Q2_K",
    [11] = "Q3_K_S",
    [12] = "Q3_K_M",
    [13] = "Q3_K_L",
    [14] = "Q4_K_S",
    [15] = "Q4_K_M",
    [16] = "Q5_K_S",
    [17] = "Q5_K_M",
    [18] = "Q6_K",
    [19] = "IQ2_XXS",
    [20] = "IQ2_XS",
    [21] = "Q2_K_S",
    [22] = "IQ3_XS",
    [23] = "IQ3_XXS",
    [24] = "IQ1_S",
    [25] = "IQ4_NL",
    [26] = "IQ3_S",
    [27] = "IQ3_M",
    [28] = "IQ2_S",
    [29] = "IQ2_M",
    [30] = "IQ4_XS",
    [31] = "IQ1_M",
    [32] = "BF16",
    [36] = "TQ1_0",
    [37] = "TQ2_0",
    [38] = "MXFP4_MOE",
    [39] = "NVFP4",
    [40] = "Q1_0",
};

enum wi_model_type wi_gguf_architecture_type(const char *architecture)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        for (const char *const *name = architectures[i].names; *name; name++)
            if (strcmp(*name, architecture) == 0)
                return architectures[i].type;
    return WI_TYPE_UNKNOWN;
}

const struct wi_gguf_type *wi_gguf_type(uint64_t number)
{
    return number < WI_GGUF_TYPES && types[number].name ? &types[number] : NULL;
}

/* --- what follows for a file ------------------------------------------------------------------ */

const char *const wi_gguf_pooling_names[] = {"none", "mean", "cls", "last", "rank", NULL};

enum wi_model_type wi_gguf_model_type(const struct wi_gguf_info *info)
{
    return info->pooling > WI_GGUF_POOLING_NONE ? WI_TYPE_TEXT_EMBEDDING
                                                : wi_gguf_architecture_type(info->architecture);
}

/* The name of the type that most of the weights' bytes have. */
static const char *most_used(const struct wi_gguf_info *info)
{
    size_t most = 0;
    for (size_t i = 1; i < WI_GGUF_TYPES; i++)
        if (info->tensor_bytes[i] > info->tensor_bytes[most])
            most = i;
    return types[most].name;
}

const char *wi_gguf_quantization(const struct wi_gguf_info *info)
{
    const int64_t count = sizeof file_types / sizeof *file_types, type = info->file_type;
    const char *name = type >= 0 && type < count ? file_types[type] : NULL;
    return name ? name : most_used(info);
}

const char *wi_gguf_slow(const struct wi_gguf_info *info)
{
    /* Measured at 82 million parameters, milliseconds for each token in Firefox and Chromium: Q6_K
     * 27 and 41, Q8_0 44 and 97, Q4_K 69 and 50; but Q4_0 90 and 129, Q4_1 97 and 387, F16 164 and
     * 428. */
    static const char *const slow[][2] = {
        {"Q4_0", "Q4_0 weights are slow in WebAssembly: Q4_K_M, Q6_K or Q8_0 answer faster"},
        {"Q4_1", "Q4_1 weights are slow in WebAssembly: Q4_K_M, Q6_K or Q8_0 answer faster"},
        {"F16", "F16 weights are slow in WebAssembly: Q8_0 or Q6_K answer several times faster"},
    };
    const char *name = most_used(info);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(name, slow[i][0]) == 0)
            return slow[i][1];
    return NULL;
}
