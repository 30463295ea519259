/*
 * How a folder's files make a model: its format, and the variants that it is there in. Pure: names
 * in, names out.
 *
 *   onnx         model.onnx; no variants
 *   huggingface  config.json and onnx/….onnx. A variant is a dtype, told by the end of the file's
 *                name (onnx/model_q4.onnx: "q4"; none: "fp32"): its files of onnx/, and those
 *                outside of it, which all variants have in common
 *   gguf         ….gguf. A variant is a file, or a set that is split (…-00001-of-00003.gguf), named
 *                for its quantisation (tiny-Q4_K_M.gguf: "Q4_K_M"), together with the mmproj….gguf
 *                beside it
 */
#ifndef WI_FORMAT_VARIANTS_H
#define WI_FORMAT_VARIANTS_H

#include "base/memory.h"
#include "format/view.h"
#include <stdint.h>

enum wi_model_format { WI_FORMAT_ONNX, WI_FORMAT_GGUF, WI_FORMAT_HUGGINGFACE, WI_FORMAT_COUNT };
extern const char *const wi_model_format_names[]; /* "onnx" …, ended by NULL */

struct wi_variant {
    char *name;
    struct wi_strings files; /* paths, sorted */
    uint64_t bytes;          /* of all of them */
};

/* In the order of preference: the first is what the model's name alone means. Zero-initialise; free
 * with wi_variants_clear. */
struct wi_variants {
    struct wi_variant *items;
    size_t count;
};

/* Whether a file belongs to models of this format at all, by its path: weights, tables and
 * settings; never pickles, scripts or pictures. */
int wi_variants_want(enum wi_model_format format, const char *path);
/* Which format a model has, by the presence of a few files: 0, or -1 with errno ENOENT if it is no
 * model, and with another one if it could not be looked at. */
int wi_variants_detect(const struct wi_view *view, enum wi_model_format *format);
/* The variants of `files`, which are sorted by path and wanted. A split set that is not whole is
 * left out. */
void wi_variants_find(enum wi_model_format format, const struct wi_view_file *files, size_t count,
    struct wi_variants *variants);
/* Whether a file of a GGUF model is its projector (mmproj….gguf) and no weights of its own. */
int wi_variants_is_projector(const char *path);
/* By name, whatever its case; NULL if there is none. A NULL name is the first. */
const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name);
/* The one that such a precision means: "int8" is q8, int8 or Q8_0, whichever there is first. NULL
 * if there is none. */
const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision);
/* Whether a variant of that name may be what the precision means. */
int wi_variant_is_of(const char *variant, const char *precision);
/* Whether it computes in 16-bit floats, which not every GPU has. */
int wi_variant_needs_f16(const char *variant);
void wi_variants_move(struct wi_variants *to, struct wi_variants *from); /* `from` becomes empty */
void wi_variants_clear(struct wi_variants *variants);

#endif
