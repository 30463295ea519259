/* The formulas of gguf_memory.h. No sum overflows: every figure of a GGUF file is bounded. */
#include "terms/format/gguf_memory.h"

#include <inttypes.h>

#define MIB UINT64_C(1048576)

static uint64_t number_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t kv_of(const struct wi_gguf_info *info, uint64_t context)
{
    uint64_t head = 2 * (info->key_length + info->value_length); /* in F16 */
    if (wi_gguf_architecture_type(info->architecture) == WI_TYPE_TEXT_EMBEDDING)
        return 0;
    return head * (info->kv_heads * context +
                      info->kv_heads_windowed *
                          number_least(context, info->sliding_window + WI_GGUF_BATCH));
}

static uint64_t compute_of(const struct wi_gguf_info *info, uint64_t context)
{
    uint64_t batch = number_least(WI_GGUF_BATCH, context);
    return 32 * MIB + 256 * info->vocabulary +
           4 * batch *
               (info->vocabulary + 2 * info->embedding_length + 2 * info->feed_forward_length +
                   info->head_count * context);
}

static int memory_try(const struct wi_gguf_info *info, struct wi_gguf_memory *memory)
{
    memory->kv_per_slot = kv_of(info, memory->context);
    memory->compute = compute_of(info, memory->context);
    memory->total = memory->weights + memory->slots * memory->kv_per_slot + memory->compute;
    return memory->total <= memory->limit;
}

/* Caches in F32, from which WebAssembly computes faster, where there is room for them. */
static void memory_widen(struct wi_gguf_memory *memory)
{
    uint64_t caches = memory->slots * memory->kv_per_slot;
    if (2 * caches > WI_GGUF_WIDE_MAX || memory->total + caches > memory->limit)
        return;
    memory->kv_per_slot *= 2;
    memory->total += caches;
}

void wi_gguf_plan(const struct wi_gguf_info *info, uint64_t weights,
    const struct wi_gguf_limits *limits, struct wi_gguf_memory *memory)
{
    *memory = (struct wi_gguf_memory){.weights = weights,
        .limit = number_least(limits->memory, WI_GGUF_HEAP_MAX),
        .context = number_least(
            info->context_length, limits->context ? limits->context : WI_GGUF_CONTEXT_MAX),
        .slots = limits->slots};
    while (!(memory->fits = memory_try(info, memory))) {
        if (memory->slots > 1)
            memory->slots--;
        else if (!limits->context && memory->context > WI_GGUF_CONTEXT_LEAST)
            memory->context /= 2;
        else
            return;
        memory->scarce = 1;
    }
    memory_widen(memory);
}

uint64_t wi_gguf_guess_memory(uint64_t weights)
{
    return weights + weights / 8 + 128 * MIB;
}

static uint64_t in_mib(uint64_t bytes)
{
    return (bytes + MIB - 1) / MIB;
}

enum wi_code wi_gguf_check_memory(
    const struct wi_gguf_memory *memory, const char *name, struct wi_error *error)
{
    if (memory->fits)
        return WI_OK;
    wi_error_set(error, WI_MODEL_TOO_LARGE, "model_name",
        "%.160s needs %" PRIu64 " MiB in a page (%" PRIu64 " of weights, %" PRIu64
        " for a conversation of %" PRIu64 " tokens, %" PRIu64 " to compute), but %s is %" PRIu64
        " MiB; take a smaller quantisation%s",
        name, in_mib(memory->total), in_mib(memory->weights), in_mib(memory->kv_per_slot),
        memory->context, in_mib(memory->compute),
        memory->limit < WI_GGUF_HEAP_MAX ? "[pool] model_budget" : "the heap of WebAssembly",
        in_mib(memory->limit),
        memory->limit < WI_GGUF_HEAP_MAX ? ", or raise it, at most to 4G" : "");
    wi_error_allow(
        error, "models of at most %" PRIu64 " MiB with all that they need", in_mib(memory->limit));
    return WI_MODEL_TOO_LARGE;
}
