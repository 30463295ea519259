/* Lists of variants. */
#include "format/variants.h"

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

void wi_variant_clear(struct wi_variant *variant)
{
    free(variant->name);
    wi_strings_clear(&variant->files);
}

const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++)
        if (!name || strcasecmp(variants->items[i].name, name) == 0)
            return &variants->items[i];
    return NULL;
}

/* What the words of requests mean beside a variant of the same name. */
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
