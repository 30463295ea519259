/* Lists of variants. */
#include "terms/model/variants.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct wi_variant *wi_variants_add(struct wi_variants *variants)
{
    variants->items =
        wi_realloc_array(variants->items, variants->count + 1, sizeof *variants->items);
    variants->items[variants->count] = (struct wi_variant){0};
    return &variants->items[variants->count++];
}

void wi_variant_add(struct wi_variant *variant, const struct wi_view_file *file)
{
    wi_strings_add(&variant->files, file->path);
    variant->bytes += file->bytes;
}

struct wi_variant *wi_variants_make(struct wi_variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++)
        if (strcmp(variants->items[i].name, name) == 0)
            return &variants->items[i];
    struct wi_variant *variant = wi_variants_add(variants);
    variant->name = wi_strdup(name);
    return variant;
}

void wi_variant_clear(struct wi_variant *variant)
{
    free(variant->name);
    wi_strings_clear(&variant->files);
    json_decref(variant->notes);
    if (variant->webgpu)
        wi_variant_clear(variant->webgpu);
    free(variant->webgpu);
}

/* Whether `name` is what the variant `of` is called for WebGPU. */
static int is_for_webgpu(const char *name, const char *of)
{
    size_t length = strlen(of);
    return strncasecmp(name, of, length) == 0 && strcasecmp(name + length, WI_VARIANT_WEBGPU) == 0;
}

const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++) {
        const struct wi_variant *one = &variants->items[i];
        if (!name || strcasecmp(one->name, name) == 0)
            return one;
        if (one->webgpu && is_for_webgpu(name, one->name))
            return one->webgpu;
    }
    return NULL;
}

/* Takes the variant out of the list, into that of which it is for WebGPU, if that is there. */
static void variant_fold(struct wi_variants *variants, size_t at)
{
    struct wi_variant folded = variants->items[at], *of = NULL;
    for (size_t i = 0; i < variants->count && !of; i++)
        if (is_for_webgpu(folded.name, variants->items[i].name))
            of = &variants->items[i];
    if (!of) {
        wi_variant_clear(&folded);
    } else {
        free(folded.name);
        folded.name = wi_strdup(of->name);
        of->webgpu = wi_alloc(sizeof folded);
        *of->webgpu = folded;
    }
    variants->count--;
    memmove(&variants->items[at], &variants->items[at + 1],
        (variants->count - at) * sizeof *variants->items);
}

void wi_variants_fold(struct wi_variants *variants)
{
    for (size_t i = variants->count; i-- > 0;)
        if (wi_text_ends(variants->items[i].name, WI_VARIANT_WEBGPU))
            variant_fold(variants, i);
}

/* Precisions in requests, and the variants that they mean in addition to one of the same name. */
static const struct {
    const char *precision;
    const char *variants[4]; /* the preferred first */
} precisions[] = {
    {"int8", {"q8", "int8", "Q8_0"}},
    {"int4", {"q4", "q4f16", "Q4_K_M", "Q4_K_S"}},
    {"fp32", {"F32"}},
    {"fp16", {"F16"}},
    {"bf16", {"BF16"}},
};
#define PRECISIONS (sizeof precisions / sizeof *precisions)

const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision)
{
    const struct wi_variant *found = NULL;
    for (size_t i = 0; i < PRECISIONS; i++)
        for (size_t v = 0; v < 4 && !found && precisions[i].variants[v]; v++)
            if (strcmp(precisions[i].precision, precision) == 0)
                found = wi_variants_get(variants, precisions[i].variants[v]);
    return found ? found : wi_variants_get(variants, precision);
}

int wi_variant_is_of(const char *variant, const char *precision)
{
    struct wi_variant one = {.name = (char *)variant};
    const struct wi_variants only = {&one, 1};
    return wi_variants_of_precision(&only, precision) != NULL;
}

const struct wi_variant *wi_variants_fitting(const struct wi_variants *variants, uint64_t most)
{
    for (size_t i = 0; i < variants->count; i++)
        if (variants->items[i].bytes <= most)
            return &variants->items[i];
    return wi_variants_get(variants, NULL);
}

const struct wi_variant *wi_variants_smaller(const struct wi_variants *variants, const char *name)
{
    const struct wi_variant *than = wi_variants_get(variants, name), *found = NULL;
    for (size_t i = 0; than && i < variants->count; i++) {
        const struct wi_variant *one = &variants->items[i];
        if (one->bytes < than->bytes && (!found || one->bytes > found->bytes))
            found = one;
    }
    return found;
}

void wi_variants_move(struct wi_variants *to, struct wi_variants *from)
{
    *to = *from;
    *from = (struct wi_variants){0};
}

void wi_variants_clear(struct wi_variants *variants)
{
    for (size_t i = 0; i < variants->count; i++)
        wi_variant_clear(&variants->items[i]);
    free(variants->items);
    *variants = (struct wi_variants){0};
}

/* --- the dtypes of ONNX graphs ---------------------------------------------------------------- */

/* By the end of a file's stem (those of transformers.js, and what is made here), the preferred
 * first: 8 bits are nearly exact and run on every platform; 16-bit floats need a GPU that has them.
 */
static const struct {
    const char *name, *end;
    int f16; /* computes with 16-bit floats */
} dtypes[] = {
    {"q8", "_quantized", 0},
    {"int8", "_int8", 0},
    {"uint8", "_uint8", 0},
    {"fp32", "", 0},
    {"q4", "_q4", 0},
    {"fp16", "_fp16", 1},
    {"q4f16", "_q4f16", 1},
    {"bnb4", "_bnb4", 0},
    {"q2", "_q2", 0},
    {"q2f16", "_q2f16", 1},
    {"q1", "_q1", 0},
    {"q1f16", "_q1f16", 1},
    {"q8" WI_VARIANT_WEBGPU, "_quantized" WI_VARIANT_WEBGPU, 0},
};
#define DTYPES (sizeof dtypes / sizeof *dtypes)
#define DTYPE_FP32 3

size_t wi_graph_stem(const char *path)
{
    return (size_t)(strcasestr(path, ".onnx") - path);
}

static size_t dtype_of(const char *path)
{
    size_t length = wi_graph_stem(path), size;
    for (size_t i = 0; i < DTYPES; i++)
        if ((size = strlen(dtypes[i].end)) > 0 && length > size &&
            strncasecmp(path + length - size, dtypes[i].end, size) == 0)
            return i;
    return DTYPE_FP32;
}

const char *wi_variant_dtype(size_t index)
{
    return index < DTYPES ? dtypes[index].name : NULL;
}

int wi_variant_is_dtype(const char *path, const char *dtype)
{
    return strcmp(dtypes[dtype_of(path)].name, dtype) == 0;
}

static size_t find_dtype(const char *variant)
{
    size_t i = 0;
    while (i < DTYPES && (!variant || strcmp(variant, dtypes[i].name) != 0))
        i++;
    return i;
}

int wi_variant_needs_f16(const char *variant)
{
    size_t i = find_dtype(variant);
    return i < DTYPES && dtypes[i].f16;
}

char *wi_variant_path(const char *path, const char *dtype)
{
    size_t stem = wi_graph_stem(path), i = find_dtype(dtype);
    return i < DTYPES ? wi_sprintf("%.*s%s%s", (int)stem, path, dtypes[i].end, path + stem) : NULL;
}
