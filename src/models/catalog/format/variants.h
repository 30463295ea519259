/* The variants that a model is there in: a dtype, a quantisation. Pure: names in, names out. */
#ifndef WI_MODELS_CATALOG_FORMAT_VARIANTS_H
#define WI_MODELS_CATALOG_FORMAT_VARIANTS_H

#include "base/memory.h"
#include "models/catalog/format/view.h"
#include <jansson.h>
#include <stdint.h>

struct wi_variant {
    char *name;
    struct wi_strings files; /* paths, sorted */
    uint64_t bytes;          /* of all of them */
    json_t *notes; /* of one that was made here (models/catalog/library/made.h); else NULL */
    struct wi_variant
        *webgpu; /* the same for WebGPU, where that has graphs of its own; else NULL */
};

/* In the order of preference: the first is what the model's name alone means. Zero-initialise; free
 * with wi_variants_clear. */
struct wi_variants {
    struct wi_variant *items;
    size_t count;
};

/* Ends the name of what a variant is for WebGPU: "q8_webgpu". In no list of variants. */
#define WI_VARIANT_WEBGPU "_webgpu"

/* By name, whatever its case; NULL if there is none. A NULL name is the first. */
const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name);
/* The one that such a precision means: "int8" is q8, int8 or Q8_0, whichever there is first. NULL
 * if there is none. */
const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision);
/* Whether a variant of that name may be what the precision means. */
int wi_variant_is_of(const char *variant, const char *precision);

/* The first that has at most so many bytes; where none has, the first. NULL if there is none. */
const struct wi_variant *wi_variants_fitting(const struct wi_variants *variants, uint64_t most);
/* The next where there is no memory for that one: of those with fewer bytes the largest. NULL if
 * there is none. */
const struct wi_variant *wi_variants_smaller(const struct wi_variants *variants, const char *name);

struct wi_variant *wi_variants_add(struct wi_variants *variants); /* an empty one, at the end */
/* The one of exactly that name, made at the end if there is none. */
struct wi_variant *wi_variants_make(struct wi_variants *variants, const char *name);
void wi_variant_add(struct wi_variant *variant, const struct wi_view_file *file);
void wi_variant_clear(struct wi_variant *variant);
/* Makes those for WebGPU parts of the variants that they are of. */
void wi_variants_fold(struct wi_variants *variants);
void wi_variants_move(struct wi_variants *to, struct wi_variants *from); /* `from` becomes empty */
void wi_variants_clear(struct wi_variants *variants);

/* --- the dtypes of ONNX graphs ---------------------------------------------------------------- */

/* Each by its index from 0, the preferred first; NULL: there are no more. */
const char *wi_variant_dtype(size_t index);
/* The length of a path up to ".onnx", of a graph or of weights beside it. */
size_t wi_graph_stem(const char *path);
/* Whether such a file is of that dtype by the end of its stem: model_q4.onnx is of "q4", and what
 * has no such end of "fp32". */
int wi_variant_is_dtype(const char *path, const char *dtype);
/* What an fp32 graph is called in that dtype: "onnx/model_q4.onnx"; the caller frees it. NULL for
 * what is no dtype. */
char *wi_variant_path(const char *path, const char *dtype);
/* It computes in 16-bit floats, as not every GPU can; of any name, NULL too. */
int wi_variant_needs_f16(const char *variant);

#endif
