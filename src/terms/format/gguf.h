/*
 * The head of a GGUF file: its metadata, and the types and shapes of its tensors. The format is
 * that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, in versions 2 and 3,
 * little-endian. The head is read as far as answers and the memory plan need it. Its bytes are
 * hostile: every figure is bounded, all weights must be inside the file, and no size in it
 * determines an allocation. The engine's own reader in the page checks whatever else it needs.
 */
#ifndef WI_TERMS_FORMAT_GGUF_H
#define WI_TERMS_FORMAT_GGUF_H

#include "base/error.h"
#include "terms/task/type.h"
#include <stddef.h>
#include <stdint.h>

/* Limits of what is read; a file beyond them is refused. */
#define WI_GGUF_HEAD_MAX (INT64_C(128) << 20)   /* bytes before the weights */
#define WI_GGUF_PAIRS_MAX 4096                  /* keys */
#define WI_GGUF_KEY_MAX 256                     /* bytes of a key, with a NUL */
#define WI_GGUF_STRING_MAX (16 << 20)           /* bytes of a string */
#define WI_GGUF_ARRAY_MAX (4 << 20)             /* elements: vocabularies, merges */
#define WI_GGUF_TENSORS_MAX 65536               /* of one file */
#define WI_GGUF_TENSOR_NAME_MAX 64              /* with a NUL: GGML_MAX_NAME */
#define WI_GGUF_RANK_MAX 4                      /* GGML_MAX_DIMS */
#define WI_GGUF_ELEMENTS_MAX (INT64_C(1) << 44) /* of one tensor */
#define WI_GGUF_BLOCKS_MAX 512                  /* layers: LLAMA_MAX_LAYERS */
#define WI_GGUF_ALIGNMENT_MAX 65536             /* bytes */
#define WI_GGUF_PARTS_MAX 999                   /* files of a split set */
#define WI_GGUF_NAME_MAX 128                    /* bytes kept of a name, with the NUL */

/* --- what llama.cpp knows by name and number -------------------------------------------------- */

/* The release that the page's engine is built from, for people. It is that of the npm packages
 * @wllama/wllama and wllama-compat 3.8.1; the tables of gguf_names.c were read in their
 * WebAssembly: architectures (src/llama-arch.cpp), types of tensors (ggml/src/ggml.c) and of files
 * (enum llama_ftype of include/llama.h). For a newer release they have to be checked again. */
#define WI_GGUF_LLAMA "llama.cpp b11364"

/* The type of models of an architecture; WI_TYPE_UNKNOWN for an unknown one. */
enum wi_model_type wi_gguf_architecture_type(const char *architecture);

#define WI_GGUF_TYPES 43 /* of tensors: 0 … 42 */
struct wi_gguf_type {
    const char *name; /* "Q4_K" */
    uint16_t block;   /* elements of a block */
    uint16_t bytes;   /* bytes of a block */
};
/* NULL if no type has that number, or no longer does. */
const struct wi_gguf_type *wi_gguf_type(uint64_t number);

/* How token embeddings are combined into one vector: enum llama_pooling_type. */
enum wi_gguf_pooling {
    WI_GGUF_POOLING_NONE,
    WI_GGUF_POOLING_MEAN,
    WI_GGUF_POOLING_CLS,
    WI_GGUF_POOLING_LAST,
    WI_GGUF_POOLING_RANK, /* a reranker's score */
    WI_GGUF_POOLING_COUNT
};
extern const char *const wi_gguf_pooling_names[]; /* "none" …, ended by NULL */

/* --- a file ----------------------------------------------------------------------------------- */

/* Zero means that the file does not tell, unless another value is given. */
struct wi_gguf_info {
    char architecture[WI_GGUF_NAME_MAX]; /* "llama" */
    char name[WI_GGUF_NAME_MAX];         /* cut to the available room; UTF-8 */
    uint64_t context_length;             /* tokens that it was trained for */
    uint64_t embedding_length;
    uint64_t block_count;
    uint64_t feed_forward_length;      /* the largest of any block */
    uint64_t head_count;               /* likewise */
    uint64_t key_length, value_length; /* of a head; embedding_length / head_count by default */
    uint64_t kv_heads;                 /* of all blocks together that see the whole context */
    uint64_t kv_heads_windowed;        /* of the blocks that see only `sliding_window` tokens */
    uint64_t sliding_window;
    uint64_t vocabulary;                  /* tokens */
    int64_t pooling;                      /* enum wi_gguf_pooling, or -1 */
    uint64_t template_bytes;              /* of the chat template; 0: it has none */
    int64_t file_type;                    /* enum llama_ftype, or -1 */
    uint64_t split_index, split_count;    /* of a set of files; 0 of 0: no set */
    uint64_t parameters;                  /* elements of all tensors; 0: it has no tensors */
    uint64_t tensor_bytes[WI_GGUF_TYPES]; /* by the tensors' type */
};

/* What a file has to be. */
enum wi_gguf_role {
    WI_GGUF_MODEL,    /* a model's only file, or the first of its set */
    WI_GGUF_PART,     /* one of the others */
    WI_GGUF_PROJECTOR /* mmproj….gguf, which turns pictures into embeddings for a model */
};

/* WI_OK, or WI_MODEL_INVALID with what is wrong with the file `path`, which has `size` bytes, where
 * it is wrong, and what to do. Blocks. */
enum wi_code wi_gguf_read(int fd, uint64_t size, const char *path, enum wi_gguf_role role,
    struct wi_gguf_info *info, struct wi_error *error);

/* Joins the files of a set: sets `info` to what the first file tells, and adds the tensors of the
 * others. `part` is number `index` (from 0) of `count`. WI_OK, or WI_MODEL_INVALID if the file
 * claims to be another part. */
enum wi_code wi_gguf_join(struct wi_gguf_info *info, const struct wi_gguf_info *part,
    const char *path, size_t index, size_t count, struct wi_error *error);

/* The type of the model: that of its architecture, or embeddings if the file tells how tokens are
 * pooled. */
enum wi_model_type wi_gguf_model_type(const struct wi_gguf_info *info);
/* "Q4_K_M": what the file tells, else the type of most of its bytes. Never NULL. */
const char *wi_gguf_quantization(const struct wi_gguf_info *info);
/* A sentence for the operator about weights whose kernels are slow in WebAssembly, or NULL. */
const char *wi_gguf_slow(const struct wi_gguf_info *info);

#endif
