/* Lists of variants. */
#include "terms/model/variants.h"

#include "base/text.h"
#include <stdio.h>
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

/* First the dtypes of ONNX graphs, which are those of transformers.js and what is made here: 8 bits
 * are nearly exact and run on every platform; 16-bit floats need a GPU that has them. Then those of
 * GGUF files; others follow by name. */
const struct wi_quantisation wi_quantisations[] = {
    {.name = "q8", .precision = "int8", .end = "_quantized", .bits = 8, .made = {0.999, 0.35, 2}},
    {.name = "int8", .precision = "int8", .end = "_int8"},
    {.name = "uint8", .end = "_uint8"},
    {.name = "fp32", .end = "", .bits = 32},
    {.name = "q4", .precision = "int4", .end = "_q4", .bits = 4, .made = {0.99, 0.25, 1}},
    {.name = "fp16", .end = "_fp16", .f16 = 1, .bits = 16, .made = {0.999, 0.55, 1}},
    {.name = "q4f16", .precision = "int4", .end = "_q4f16", .f16 = 1},
    {.name = "bnb4", .end = "_bnb4"},
    {.name = "q2", .end = "_q2"},
    {.name = "q2f16", .end = "_q2f16", .f16 = 1},
    {.name = "q1", .end = "_q1"},
    {.name = "q1f16", .end = "_q1f16", .f16 = 1},
    {.name = "q8" WI_VARIANT_WEBGPU, .end = "_quantized" WI_VARIANT_WEBGPU},
    {.name = "Q4_K_M", .precision = "int4"},
    {.name = "Q6_K"},
    {.name = "Q8_0", .precision = "int8"},
    {.name = "Q5_K_M"},
    {.name = "Q4_K_S", .precision = "int4"},
    {.name = "Q5_K_S"},
    {.name = "Q3_K_M"},
    {.name = "Q4_0"},
    {.name = "F16", .precision = "fp16"},
    {.name = "BF16", .precision = "bf16"},
    {.name = "F32", .precision = "fp32"},
    {0},
};

const struct wi_quantisation *wi_quantisation_find(const char *name)
{
    for (const struct wi_quantisation *row = wi_quantisations; name && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

const struct wi_quantisation *wi_quantisation_made(int64_t bits)
{
    for (const struct wi_quantisation *row = wi_quantisations; row->name; row++)
        if (row->bits == bits && row->made.forms)
            return row;
    return NULL;
}

const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision)
{
    const struct wi_variant *found = NULL;
    for (const struct wi_quantisation *row = wi_quantisations; row->name && !found; row++)
        if (row->precision && strcmp(row->precision, precision) == 0)
            found = wi_variants_get(variants, row->name);
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

void wi_variants_clear(struct wi_variants *variants)
{
    for (size_t i = 0; i < variants->count; i++)
        wi_variant_clear(&variants->items[i]);
    free(variants->items);
    *variants = (struct wi_variants){0};
}

size_t wi_graph_stem(const char *path)
{
    return (size_t)(strcasestr(path, ".onnx") - path);
}

static const struct wi_quantisation *dtype_of(const char *path)
{
    size_t length = wi_graph_stem(path), size;
    for (const struct wi_quantisation *row = wi_quantisations; row->end; row++)
        if ((size = strlen(row->end)) > 0 && length > size &&
            strncasecmp(path + length - size, row->end, size) == 0)
            return row;
    return wi_quantisation_find("fp32");
}

const char *wi_variant_dtype(size_t index)
{
    return wi_quantisations[index].end ? wi_quantisations[index].name : NULL;
}

int wi_variant_is_dtype(const char *path, const char *dtype)
{
    return strcmp(dtype_of(path)->name, dtype) == 0;
}

int wi_variant_needs_f16(const char *variant)
{
    const struct wi_quantisation *row = wi_quantisation_find(variant);
    return row && row->f16;
}

char *wi_variant_path(const char *path, const char *dtype)
{
    const struct wi_quantisation *row = wi_quantisation_find(dtype);
    size_t stem = wi_graph_stem(path);
    return row && row->end ? wi_sprintf("%.*s%s%s", (int)stem, path, row->end, path + stem) : NULL;
}

size_t wi_gguf_stem(const char *path, unsigned *parts)
{
    size_t length = strlen(path) - strlen(".gguf");
    unsigned part;
    int end = 0;
    *parts = 1;
    if (length <= 15 || path[length - 15] != '-' ||
        sscanf(path + length - 15, "-%5u-of-%5u%n", &part, parts, &end) != 2 || end != 15) {
        *parts = 1;
        return length;
    }
    return length - 15;
}

int wi_onnx_is_data(const char *path)
{
    const char *data = strstr(path, ".onnx_data");
    return data && data[strspn(data + 10, "_0123456789") + 10] == '\0';
}

int wi_onnx_is_weights(const char *path)
{
    return wi_onnx_is_data(path) || wi_text_ends(path, ".onnx.data");
}
