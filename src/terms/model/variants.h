/* The variants of a model: dtypes or quantisations. Pure: names in, names out. */
#ifndef WI_TERMS_MODEL_VARIANTS_H
#define WI_TERMS_MODEL_VARIANTS_H

#include "base/memory.h"
#include "terms/model/view.h"
#include <jansson.h>
#include <stdint.h>

struct wi_variant {
    char *name;
    struct wi_strings files; /* paths, sorted */
    uint64_t bytes;          /* of all of them */
    json_t *notes;           /* of a variant made here (models/catalog/library/made.h); else NULL */
    struct wi_variant
        *webgpu; /* its form for WebGPU, if there are separate graphs for that; else NULL */
};

/* In order of preference: the model's name alone means the first. Zero-initialise; free with
 * wi_variants_clear. */
struct wi_variants {
    struct wi_variant *items;
    size_t count;
};

/* Ends the name of a variant's form for WebGPU: "q8_webgpu". Lists of variants never have it. */
#define WI_VARIANT_WEBGPU "_webgpu"

/* A dtype or quantisation. */
struct wi_quantisation {
    const char *name;      /* of the variant */
    const char *precision; /* what requests may call it besides its name; NULL: nothing */
    const char *end;       /* of an ONNX graph's stem; NULL: it is one of GGUF files */
    int f16;               /* computes with 16-bit floats */
    int bits; /* of a weight, in what owners/quantizer makes and what it makes that of; else 0 */
    struct {
        double least_cosine; /* median of its measurements; a worse variant only by force */
        double size;    /* the approximate size of each form, as a fraction of the weights' bytes */
        unsigned forms; /* 2: WebGPU has graphs of its own; 0: it is not made here */
    } made;
};
/* Those of ONNX, then those of GGUF, the preferred first; ended by a row without a name. */
extern const struct wi_quantisation wi_quantisations[];
const struct wi_quantisation *wi_quantisation_find(const char *name); /* NULL: none; also of NULL */
/* The one that is made here in so many bits, or NULL. */
const struct wi_quantisation *wi_quantisation_made(int64_t bits);

/* By name, ignoring case; NULL if there is none. A NULL name means the first. */
const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name);
/* The variant that a precision means: "int8" is q8, int8 or Q8_0, whichever comes first in this
 * order. NULL if there is none. */
const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision);
/* Whether the precision can mean a variant of that name. */
int wi_variant_is_of(const char *variant, const char *precision);

/* The first variant of at most `most` bytes; if none is that small, the first. NULL if there are no
 * variants. */
const struct wi_variant *wi_variants_fitting(const struct wi_variants *variants, uint64_t most);
/* The variant to try if there is no memory for `name`: the largest of those with fewer bytes. NULL
 * if there is none. */
const struct wi_variant *wi_variants_smaller(const struct wi_variants *variants, const char *name);

struct wi_variant *wi_variants_add(struct wi_variants *variants); /* an empty one, at the end */
/* The variant of exactly that name; added at the end if there is none. */
struct wi_variant *wi_variants_make(struct wi_variants *variants, const char *name);
void wi_variant_add(struct wi_variant *variant, const struct wi_view_file *file);
void wi_variant_clear(struct wi_variant *variant);
/* Makes each form for WebGPU a part of its variant. */
void wi_variants_fold(struct wi_variants *variants);
void wi_variants_clear(struct wi_variants *variants);

/* --- the dtypes of ONNX graphs ---------------------------------------------------------------- */

/* A dtype by its index from 0, the preferred first; NULL: there are no more. */
const char *wi_variant_dtype(size_t index);
/* The length of a path up to ".onnx", for a graph or for its weights. */
size_t wi_graph_stem(const char *path);
/* Whether such a file is of that dtype by the end of its stem: model_q4.onnx is of "q4"; a stem
 * without such an end is of "fp32". */
int wi_variant_is_dtype(const char *path, const char *dtype);
/* The path of an fp32 graph in that dtype: "onnx/model_q4.onnx"; the caller frees it. NULL if
 * `dtype` is no dtype. */
char *wi_variant_path(const char *path, const char *dtype);
/* Whether it computes in 16-bit floats, which not every GPU can; any name is allowed, also NULL. */
int wi_variant_needs_f16(const char *variant);
/* Whether a file has a name for tensor data: ….onnx_data, ….onnx_data_1. */
int wi_onnx_is_data(const char *path);
/* The same, or ….onnx.data. */
int wi_onnx_is_weights(const char *path);
/* The length of a path without the ".gguf" that it ends with, and without the number of its part:
 * "x" of "x-00002-of-00003.gguf". `parts` receives the number of parts. */
size_t wi_gguf_stem(const char *path, unsigned *parts);

#endif
