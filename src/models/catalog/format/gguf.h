/*
 * What a GGUF file says of itself before its weights: metadata, and what its tensors are. The
 * format is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, in versions 2 and 3,
 * little-endian. It is read as far as answers and the plan of memory need it, over hostile bytes:
 * every figure is bounded, all weights lie inside the file, and nothing is allocated by sizes in
 * it. Whatever else an engine wants of a file, its own reader checks in the page.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_GGUF_H
#define WI_MODELS_CATALOG_FORMAT_GGUF_H

#include "base/error.h"
#include "terms/task/type.h"
#include <stddef.h>
#include <stdint.h>

/* What is read; a file with more is refused. */
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
#define WI_GGUF_NAME_MAX 128                    /* bytes of names that are kept, with the NUL */

#define WI_GGUF_MAGIC_BYTES 4
/* Whether a file is meant as one, by its first bytes. */
int wi_gguf_is(const unsigned char *head, size_t size);

/* --- names of files --------------------------------------------------------------------------- */

/* How long a path is without ".gguf", with which it ends, and without the number of its part:
 * "x" of "x-00002-of-00003.gguf". `parts` receives of how many parts it is one. */
size_t wi_gguf_stem(const char *path, unsigned *parts);

/* --- what llama.cpp knows by name and number -------------------------------------------------- */

/* The release that the page's engine is built from, for people. It is that of the npm packages
 * @wllama/wllama and wllama-compat 3.8.1; the tables of gguf_names.c were read in their
 * WebAssembly: architectures (src/llama-arch.cpp), types of tensors (ggml/src/ggml.c) and of files
 * (enum llama_ftype of include/llama.h). A newer release wants them looked at again. */
#define WI_GGUF_LLAMA "llama.cpp b11364"

/* What models of an architecture are for; WI_TYPE_UNKNOWN for one that is not known. */
enum wi_model_type wi_gguf_architecture_type(const char *architecture);

#define WI_GGUF_TYPES 43 /* of tensors: 0 … 42 */
struct wi_gguf_type {
    const char *name; /* "Q4_K" */
    uint16_t block;   /* so many elements … */
    uint16_t bytes;   /* … have so many bytes */
};
/* NULL where there is none of that number, or not any more. */
const struct wi_gguf_type *wi_gguf_type(uint64_t number);

/* How token embeddings become one vector: enum llama_pooling_type. */
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

/* Zero is what a file does not say, except where another value is named. */
struct wi_gguf_info {
    char architecture[WI_GGUF_NAME_MAX]; /* "llama" */
    char name[WI_GGUF_NAME_MAX];         /* as much of it as there is room; UTF-8 */
    uint64_t context_length;             /* tokens that it was made for */
    uint64_t embedding_length;
    uint64_t block_count;
    uint64_t feed_forward_length;      /* the largest of any block */
    uint64_t head_count;               /* likewise */
    uint64_t key_length, value_length; /* of a head; embedding_length / head_count by default */
    uint64_t kv_heads;          /* of all blocks together, as far as they see the whole context */
    uint64_t kv_heads_windowed; /* of those blocks that see `sliding_window` tokens only */
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
    WI_GGUF_PROJECTOR /* mmproj….gguf, which turns pictures into embeddings for a model beside it */
};

/* WI_OK, or WI_MODEL_INVALID with what is wrong with the file `path`, which has `size` bytes,
 * where, and what to do. Blocks. */
enum wi_code wi_gguf_read(int fd, uint64_t size, const char *path, enum wi_gguf_role role,
    struct wi_gguf_info *info, struct wi_error *error);

/* Makes `info` what the first file of a set says, and adds the tensors of the others to it: `part`
 * is number `index` (from 0) of `count`. WI_OK, or WI_MODEL_INVALID where the file says that it is
 * another. */
enum wi_code wi_gguf_join(struct wi_gguf_info *info, const struct wi_gguf_info *part,
    const char *path, size_t index, size_t count, struct wi_error *error);

/* What the model is for: that of its architecture, or embeddings where the file says how tokens are
 * pooled. */
enum wi_model_type wi_gguf_model_type(const struct wi_gguf_info *info);
/* "Q4_K_M": what the file says of itself, else the type that most of its bytes have. Never NULL. */
const char *wi_gguf_quantization(const struct wi_gguf_info *info);
/* A sentence for the operator about weights whose kernels are slow in WebAssembly, or NULL. */
const char *wi_gguf_slow(const struct wi_gguf_info *info);

#endif
