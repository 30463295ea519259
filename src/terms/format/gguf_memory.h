/*
 * How much memory a GGUF model takes in a page, estimated before it is loaded. A WebAssembly heap
 * has at most 4 GiB (the engine is linked that way), and holds
 *
 *   weights     the bytes of its files, which are read straight into the heap;
 *   KV cache    for each slot 4 bytes (F32) × (key_length + value_length) × kv_heads of all blocks
 *               × context, or 2 bytes (F16) if 4 are too many; blocks with a sliding window hold
 *               window + batch tokens at most (llama_kv_cache, llama_kv_cache_iswa). Encoders have
 *               none; the state of recurrent blocks is a few megabytes and not counted;
 *   compute     4 bytes × batch × (vocabulary + 2 × embedding_length + 2 × feed_forward_length
 *               + head_count × context): what the graph of one batch holds at the same time,
 *               logits, activations and the attention scores of one conversation. An upper bound:
 *               flash attention keeps no scores;
 *   the engine  32 MiB and 256 bytes for each token of the vocabulary, an assumption.
 *
 * Pure.
 */
#ifndef WI_TERMS_FORMAT_GGUF_MEMORY_H
#define WI_TERMS_FORMAT_GGUF_MEMORY_H

#include "base/error.h"
#include "terms/format/gguf.h"

#define WI_GGUF_HEAP_MAX (UINT64_C(4) << 30)
#define WI_GGUF_BATCH 128                    /* tokens of a prompt that are computed at a time */
#define WI_GGUF_CONTEXT_MAX 8192             /* of a conversation, unless the limits set another */
#define WI_GGUF_CONTEXT_LEAST 512            /* if memory is short */
#define WI_GGUF_WIDE_MAX (UINT64_C(1) << 30) /* bytes of all slots' caches in F32 */

/* The limits of a plan. */
struct wi_gguf_limits {
    uint64_t memory;  /* bytes available to models in a page */
    uint64_t context; /* tokens of each conversation; 0: as many as are useful and fit */
    uint64_t slots;   /* conversations at a time, at least 1 */
};

/* The plan; in bytes. */
struct wi_gguf_memory {
    uint64_t weights, kv_per_slot, compute; /* `compute` includes the engine's own */
    uint64_t total;                         /* with all slots */
    uint64_t limit;                         /* the memory limit, or the heap */
    uint64_t context, slots;
    int fits;   /* 0: it does not fit even with the least */
    int scarce; /* slots or context are less than asked for */
};

/* Gives up slots first, down to one; then halves the context, unless the limits set its length.
 * Caches are in F32 if that costs neither. `weights`: the bytes of all files of the model. */
void wi_gguf_plan(const struct wi_gguf_info *info, uint64_t weights,
    const struct wi_gguf_limits *limits, struct wi_gguf_memory *memory);
/* An estimate of the memory in a page of a model whose files have `weights` bytes, for when nothing
 * else is known because its header is not here yet: the weights, an eighth of them for the KV
 * cache, and 128 MiB to compute, which is enough for a conversation of 1024 tokens with a
 * vocabulary of 150 Ki tokens. For a larger one it may be too little; wi_gguf_plan decides once the
 * header is here. */
uint64_t wi_gguf_guess_memory(uint64_t weights);
/* WI_OK, or WI_MODEL_TOO_LARGE with the figures if the model `name` does not fit. */
enum wi_code wi_gguf_check_memory(
    const struct wi_gguf_memory *memory, const char *name, struct wi_error *error);

#endif
