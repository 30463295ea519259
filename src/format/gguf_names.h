/*
 * What llama.cpp knows by name and number, in the release that the page's engine is built from
 * (b11364, in the npm packages @wllama/wllama and wllama-compat 3.8.1; read from the tables in
 * their WebAssembly): architectures (src/llama-arch.cpp), types of tensors (ggml/src/ggml.c) and
 * types of files (enum llama_ftype of include/llama.h). A newer release of the packages wants these
 * tables looked at again.
 */
#ifndef WI_FORMAT_GGUF_NAMES_H
#define WI_FORMAT_GGUF_NAMES_H

#include "task/type.h"
#include <stdint.h>

/* The release, for people. */
#define WI_GGUF_LLAMA "llama.cpp b11364"

/* What models of an architecture are for; WI_TYPE_UNKNOWN for one that is not known. */
enum wi_model_type wi_gguf_architecture_type(const char *architecture);

#define WI_GGUF_TYPES 43 /* of tensors: 0 … 42 */
struct wi_gguf_type {
    const char *name; /* "Q4_K" */
    uint16_t block;   /* so many elements, of which a row is a multiple, … */
    uint16_t bytes;   /* … have so many bytes */
};
/* NULL where there is none of that number, or not any more. */
const struct wi_gguf_type *wi_gguf_type(uint64_t number);

/* "Q4_K_M" of a type of files; NULL for one that is not known. */
const char *wi_gguf_file_type_name(uint64_t number);

#endif
