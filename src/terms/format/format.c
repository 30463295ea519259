/* The formats in their order. */
#include "terms/format/format.h"

#include "base/text.h"
#include <errno.h>
#include <string.h>

const struct wi_format *const wi_formats[] = {
    [WI_FORMAT_ONNX] = &wi_format_onnx,
    [WI_FORMAT_GGUF] = &wi_format_gguf,
    [WI_FORMAT_HUGGINGFACE] = &wi_format_huggingface,
};

const enum wi_model_format wi_formats_offered[] = {
    WI_FORMAT_HUGGINGFACE, WI_FORMAT_GGUF, WI_FORMAT_ONNX};

int wi_format_detect(const struct wi_view *view, enum wi_model_format *format)
{
    /* A graph by that name is meant as one; what else is told by more of its files comes first. */
    static const enum wi_model_format order[WI_FORMAT_COUNT] = {
        WI_FORMAT_ONNX, WI_FORMAT_HUGGINGFACE, WI_FORMAT_GGUF};
    int found = 0;
    for (size_t i = 0; i < WI_FORMAT_COUNT && found == 0; i++) {
        *format = order[i];
        found = wi_formats[*format]->detect(view);
    }
    if (found == 0)
        errno = ENOENT;
    return found > 0 ? 0 : -1;
}

int wi_format_may_have(const char *path)
{
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++) {
        if (wi_formats[i]->wants(path))
            return 1;
        for (const char *const *end = wi_formats[i]->ends; *end; end++)
            if (wi_text_ends(path, *end))
                return 1;
    }
    return 0;
}

int wi_format_may_name(const char *path)
{
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++)
        if (wi_formats[i]->names && strcmp(path, wi_formats[i]->names) == 0)
            return 1;
    return 0;
}

void wi_format_find_variants(enum wi_model_format format, const struct wi_view_file *files,
    size_t count, struct wi_variants *variants)
{
    wi_formats[format]->find_variants(files, count, variants);
    for (size_t i = 0; i < variants->count; i++) {
        struct wi_strings *paths = &variants->items[i].files;
        wi_names_sort(paths->items, paths->count, sizeof *paths->items);
    }
    wi_variants_fold(variants);
}

void wi_facts_clear(struct wi_facts *facts)
{
    wi_onnx_clear(&facts->signature);
    wi_spec_clear(&facts->spec);
    wi_huggingface_clear(&facts->huggingface);
    *facts = (struct wi_facts){0};
}
