/*
 * The choice of files. For each format that a repository has (terms/format/format.h), its
 * files are laid out as the store would find them and taken apart into variants; then one variant
 * is picked.
 */
#include "models/arrive/hub/choose.h"

#include "base/buffer.h"
#include "base/text.h"
#include "terms/format/format.h"
#include <stdlib.h>
#include <string.h>

/* What a repository offers in one format. */
struct offer {
    enum wi_model_format format;
    struct wi_hub_tree files; /* laid out; finished */
    struct wi_variants variants;
};

/* --- the files of a format -------------------------------------------------------------------- */

/* Where a GGUF file of a subfolder comes to lie: under its own name, or, where that is taken, with
 * the folder's in front. NULL: nowhere. The caller frees it. */
static char *path_flatten(const struct wi_hub_tree *files, const char *path)
{
    char *flat = wi_strdup(wi_text_basename(path));
    if (!wi_hub_tree_has(files, flat))
        return flat;
    free(flat);
    flat = wi_strdup(path);
    for (char *c = flat; *c; c++)
        *c = *c == '/' ? '-' : *c;
    if (!wi_hub_tree_has(files, flat))
        return flat;
    free(flat);
    return NULL;
}

static void add_flat(struct wi_hub_tree *files, const struct wi_hub_file *file)
{
    char *path = path_flatten(files, file->path);
    if (path)
        wi_hub_tree_add(files, file, path);
    free(path);
}

/* Leaves out files in whose place another one is taken. */
static void drop_others(const struct wi_format *format, struct wi_hub_tree *files)
{
    struct wi_hub_tree kept = {0};
    for (size_t i = 0; i < files->count; i++) {
        int yields = 0;
        for (size_t o = 0; o < files->count && !yields; o++)
            yields = format->yields(files->files[i].path, files->files[o].path);
        if (!yields)
            wi_hub_tree_add(&kept, &files->files[i], files->files[i].path);
    }
    wi_hub_tree_clear(files);
    *files = kept;
}

/* Lays out the files of a format: WI_OK, or WI_HUB_FAILED for more than a model can have. */
static enum wi_code lay_out(
    const struct wi_hub_tree *tree, struct offer *offer, struct wi_error *error)
{
    const struct wi_format *format = wi_formats[offer->format];
    struct wi_hub_tree *files = &offer->files;
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        if (!format->wants(format->is_flat ? wi_text_basename(file->path) : file->path))
            continue;
        if (format->is_flat)
            add_flat(files, file);
        else
            wi_hub_tree_add(files, file, file->path);
        if (files->count > WI_MODEL_FILES_MAX)
            return wi_error_set(error, WI_HUB_FAILED, "model",
                "the repository has more than %d files that could belong to a model; select the "
                "files with --file",
                WI_MODEL_FILES_MAX);
    }
    if (format->yields)
        drop_others(format, files);
    return wi_hub_tree_finish(files, error);
}

/* A single graph that names its files is all that there is, and no variant. */
static int has_variants(const struct offer *offer)
{
    return !wi_formats[offer->format]->names || offer->variants.count > 1;
}

static void offer_find_variants(struct offer *offer)
{
    struct wi_view_file *files = wi_alloc((offer->files.count + 1) * sizeof *files);
    for (size_t i = 0; i < offer->files.count; i++) {
        uint64_t bytes = offer->files.files[i].bytes;
        files[i] = (struct wi_view_file){
            offer->files.files[i].path, bytes == WI_HUB_BYTES_UNKNOWN ? 0 : bytes};
    }
    wi_format_find_variants(offer->format, files, offer->files.count, &offer->variants);
    free(files);
}

/* --- a repository as a view of names ---------------------------------------------------------- */

struct tree_view {
    struct wi_view view;
    const struct wi_hub_tree *tree;
};

static int tree_has(const struct wi_view *view, const char *path)
{
    return wi_hub_tree_find(((const struct tree_view *)view)->tree, path) != NULL;
}

static int tree_any(const struct wi_view *view, const char *folder, int (*is)(const char *path))
{
    const struct wi_hub_tree *tree = ((const struct tree_view *)view)->tree;
    for (size_t i = 0; i < tree->count; i++)
        if (wi_view_is_in(tree->files[i].path, folder) && is(tree->files[i].path))
            return 1;
    return 0;
}

/* What the repository offers in a format. One whose files may lie anywhere is there with them. */
static enum wi_code read_offer(const struct wi_hub_tree *tree, enum wi_model_format format,
    struct offer *offer, struct wi_error *error)
{
    const struct tree_view view = {{.has = tree_has, .any = tree_any}, tree};
    offer->format = format;
    if (!wi_formats[format]->is_flat && !wi_formats[format]->detect(&view.view))
        return WI_OK;
    enum wi_code code = lay_out(tree, offer, error);
    if (code == WI_OK)
        offer_find_variants(offer);
    return code;
}

/* --- the pick --------------------------------------------------------------------------------- */

static uint64_t limit_of(const struct wi_hub_want *want)
{
    return want->memory < WI_GGUF_HEAP_MAX ? want->memory : WI_GGUF_HEAP_MAX;
}

static int variant_fits(const struct wi_variant *variant, const struct wi_hub_want *want)
{
    return variant && wi_gguf_guess_memory(variant->bytes) <= limit_of(want);
}

/* The largest that fits, or with `all` the smallest of all. */
static const struct wi_variant *by_size(
    const struct wi_variants *variants, const struct wi_hub_want *want, int all)
{
    const struct wi_variant *best = NULL;
    for (size_t i = 0; i < variants->count; i++) {
        const struct wi_variant *variant = &variants->items[i];
        if (all ? !best || variant->bytes < best->bytes
                : variant_fits(variant, want) && (!best || variant->bytes > best->bytes))
            best = variant;
    }
    return best;
}

/* The variant that suits this machine; NULL if none can. The estimate of the memory needed in
 * addition to the weights is rough, so the smallest variant is tried if its weights alone would
 * fit. */
static const struct wi_variant *offer_find_suitable(
    const struct offer *offer, const struct wi_hub_want *want)
{
    const char *const *preferred = wi_formats[offer->format]->preferred;
    const struct wi_variants *variants = &offer->variants;
    const struct wi_variant *found = NULL;
    for (; preferred && *preferred; preferred++)
        if (variant_fits(found = wi_variants_get(variants, *preferred), want))
            return found;
    found = NULL;
    if (preferred)
        found = by_size(variants, want, 0);
    else
        for (size_t i = 0; i < variants->count && !found; i++)
            found = variant_fits(&variants->items[i], want) ? &variants->items[i] : NULL;
    if (!found)
        found = by_size(variants, want, 1);
    return found && found->bytes <= limit_of(want) ? found : NULL;
}

/* The variant that is wanted, and in which offer it is; NULL where none is. */
static const struct wi_variant *variant_pick(
    const struct offer *offers, const struct wi_hub_want *want, const struct offer **where)
{
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++) {
        const struct offer *offer = *where = &offers[i];
        const struct wi_variant *found = NULL;
        if (offer->variants.count == 0)
            continue;
        if (want->variant)
            found = wi_variants_get(&offer->variants, want->variant);
        else if (want->precision && has_variants(offer))
            found = wi_variants_of_precision(&offer->variants, want->precision);
        else
            found = offer_find_suitable(offer, want);
        if (found)
            return found;
    }
    return NULL;
}

/* --- what is said ----------------------------------------------------------------------------- */

/* "Q4_K_M (4.1 GB), Q8_0 (7.7 GB)"; the caller frees it. */
static char *list_variants(const struct offer *offers)
{
    struct wi_buffer out = {0};
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++)
        for (size_t v = 0; v < offers[i].variants.count; v++) {
            const struct wi_variant *variant = &offers[i].variants.items[v];
            wi_buffer_strings(&out, out.size ? ", " : "", variant->name, " (", NULL);
            double bytes = (double)variant->bytes;
            if (variant->bytes > 0)
                wi_buffer_printf(&out, bytes < 1e9 ? "%.1f MB" : "%.1f GB",
                    bytes < 1e9 ? bytes / 1e6 : bytes / 1e9);
            else
                wi_buffer_puts(&out, "length unknown");
            wi_buffer_puts(&out, ")");
        }
    return wi_buffer_take(&out);
}

static enum wi_code fail_without_model(const struct wi_hub_tree *tree, struct wi_error *error)
{
    struct wi_buffer told_by = {0};
    const char *found = NULL;
    for (size_t i = 0; i < tree->count && !found; i++)
        if (wi_text_ends(tree->files[i].path, ".safetensors") ||
            wi_text_ends(tree->files[i].path, ".bin") || wi_text_ends(tree->files[i].path, ".pt"))
            found = tree->files[i].path;
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++)
        wi_buffer_strings(
            &told_by, i ? ", or " : "", wi_formats[wi_formats_offered[i]]->told_by, NULL);
    wi_error_set(error, WI_HUB_NOT_FOUND, "model",
        "the repository has no model that runs here: its %zu files make none%s%.100s%s",
        tree->count, found ? " (" : "", found ? found : "",
        found ? " needs another program); look for a conversion of it" : "");
    wi_error_expect(error, "%s", told_by.text);
    wi_buffer_clear(&told_by);
    return WI_HUB_NOT_FOUND;
}

static enum wi_code fail_to_pick(const struct wi_hub_tree *tree, const struct offer *offers,
    const struct wi_hub_want *want, struct wi_error *error)
{
    char *variants = list_variants(offers);
    const char *asked = want->variant ? want->variant : want->precision;
    enum wi_code code = asked ? WI_HUB_NOT_FOUND : WI_MODEL_TOO_LARGE;
    if (!*variants)
        code = fail_without_model(tree, error);
    else if (asked)
        wi_error_set(error, code, want->variant ? "model" : "precision",
            "the repository has nothing in %.80s; it has %.300s", asked, variants);
    else
        wi_error_set(error, code, "model",
            "none of its variants fits into the %.1f GB that a page has for models ([pool] "
            "model_budget, at most 4G): %.300s; name one as in ORG/NAME:VARIANT to have it all the "
            "same",
            (double)limit_of(want) / 1e9, variants);
    if (*variants)
        wi_error_allow(error, "%s", variants);
    free(variants);
    return code;
}

/* --- patterns --------------------------------------------------------------------------------- */

/* "*" matches any text, "?" one byte. Takes time of pattern × text: after a mismatch only the last
 * star is tried again. */
static int pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return 0;
        }
    }
    pattern += strspn(pattern, "*");
    return *pattern == '\0';
}

static int is_chosen(const struct wi_hub_tree *chosen, const struct wi_hub_file *file)
{
    for (size_t i = 0; i < chosen->count; i++)
        if (strcmp(chosen->files[i].remote, file->remote) == 0)
            return 1;
    return 0;
}

static enum wi_code chosen_add(
    struct wi_hub_tree *chosen, const struct wi_hub_file *file, struct wi_error *error)
{
    if (is_chosen(chosen, file))
        return WI_OK;
    if (chosen->count == WI_MODEL_FILES_MAX)
        return wi_error_set(error, WI_INVALID_FIELD, "files",
            "the patterns match more than %d files, which is the most that a model can have",
            WI_MODEL_FILES_MAX);
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++)
        if (wi_formats[i]->is_flat && wi_formats[i]->wants(wi_text_basename(file->path))) {
            add_flat(chosen, file);
            return WI_OK;
        }
    wi_hub_tree_add(chosen, file, file->path);
    return WI_OK;
}

/* What one pattern matches. A star takes what is fetched and leaves the rest; a name that is given
 * in full gets an answer. */
static enum wi_code add_matches(const struct wi_hub_tree *tree, const char *pattern,
    struct wi_hub_tree *chosen, struct wi_error *error)
{
    struct wi_buffer ends = {0};
    enum wi_code code = WI_OK;
    const char *barred = NULL;
    size_t found = 0;
    for (size_t i = 0; i < tree->count && code == WI_OK; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        if (!pattern_matches(pattern, file->remote))
            continue;
        if (!wi_format_may_have(file->remote)) {
            barred = file->remote;
            continue;
        }
        found++;
        code = chosen_add(chosen, file, error);
    }
    if (code != WI_OK || found > 0)
        return code;
    wi_error_set(error, WI_INVALID_FIELD, "files",
        barred ? "%.200s is a kind of file that is never fetched"
               : "no file of the repository is called %.200s",
        barred ? barred : pattern);
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++)
        for (const char *const *end = wi_formats[i]->ends; *end; end++)
            wi_buffer_strings(&ends, ends.size ? ", " : "", *end, NULL);
    wi_error_allow(error, "files that end in one of %s", ends.text);
    wi_buffer_clear(&ends);
    return WI_INVALID_FIELD;
}

static enum wi_code choose_files(const struct wi_hub_tree *tree, const struct wi_hub_want *want,
    struct wi_hub_tree *chosen, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    if (want->variant || want->precision)
        return wi_error_set(error, WI_INVALID_FIELD, "files",
            "both files and %s are given; give only one of them",
            want->variant ? "a variant" : "a precision");
    for (size_t i = 0; i < want->files->count && code == WI_OK; i++)
        code = add_matches(tree, want->files->items[i], chosen, error);
    return code;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void offer_take(const struct offer *offer, const struct wi_variant *picked,
    struct wi_hub_tree *chosen, char **variant)
{
    if (has_variants(offer))
        *variant = wi_strdup(picked->name);
    for (size_t i = 0; i < picked->files.count; i++)
        wi_hub_tree_add(chosen, wi_hub_tree_find(&offer->files, picked->files.items[i]),
            picked->files.items[i]);
}

static enum wi_code choose_variant(const struct wi_hub_tree *tree, const struct wi_hub_want *want,
    struct wi_hub_tree *chosen, char **variant, struct wi_error *error)
{
    struct offer offers[WI_FORMAT_COUNT] = {0};
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < WI_FORMAT_COUNT && code == WI_OK; i++)
        code = read_offer(tree, wi_formats_offered[i], &offers[i], error);
    if (code == WI_OK) {
        const struct offer *offer;
        const struct wi_variant *picked = variant_pick(offers, want, &offer);
        if (picked)
            offer_take(offer, picked, chosen, variant);
        else
            code = fail_to_pick(tree, offers, want, error);
    }
    for (size_t i = 0; i < WI_FORMAT_COUNT; i++) {
        wi_hub_tree_clear(&offers[i].files);
        wi_variants_clear(&offers[i].variants);
    }
    return code;
}

enum wi_code wi_hub_choose(const struct wi_hub_tree *tree, const struct wi_hub_want *want,
    struct wi_hub_tree *chosen, char **variant, struct wi_error *error)
{
    *variant = NULL;
    enum wi_code code = want->files && want->files->count > 0
                            ? choose_files(tree, want, chosen, error)
                            : choose_variant(tree, want, chosen, variant, error);
    if (code == WI_OK)
        code = wi_hub_tree_finish(chosen, error);
    if (code == WI_OK) {
        chosen->commit = wi_strdup(tree->commit);
        return WI_OK;
    }
    wi_hub_tree_clear(chosen);
    free(*variant);
    *variant = NULL;
    return code;
}
