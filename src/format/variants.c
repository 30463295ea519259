/* Variants by the names of files, as hubs and exporters give them. */
#include "format/variants.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const wi_model_format_names[] = {"onnx", "gguf", "huggingface", NULL};

/* The dtypes of onnx/, by the end of a file's stem (those of transformers.js), the preferred first:
 * 8 bits are nearly exact and run on every platform; 16-bit floats need a GPU that has them. */
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
};
#define DTYPES (sizeof dtypes / sizeof *dtypes)
#define DTYPE_FP32 3

/* GGUF quantisations, the preferred first; others follow by name. */
static const char *const quantisations[] = {
    "Q4_K_M", "Q6_K", "Q8_0", "Q5_K_M", "Q4_K_S", "Q5_K_S", "Q3_K_M", "Q4_0", "F16", "BF16", "F32"};
#define QUANTISATIONS (sizeof quantisations / sizeof *quantisations)

static int ends_with(const char *text, size_t length, const char *end)
{
    size_t size = strlen(end);
    return length > size && strncasecmp(text + length - size, end, size) == 0;
}

static const char *basename_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int in_onnx(const char *path)
{
    return strncmp(path, "onnx/", 5) == 0;
}

/* The length of a path up to ".onnx", or 0: also of weights beside it, ….onnx_data and
 * ….onnx_data_1. */
static size_t onnx_stem(const char *path)
{
    size_t length = strlen(path);
    if (ends_with(path, length, ".onnx"))
        return length - 5;
    const char *data = strstr(path, ".onnx_data");
    return data && data[strspn(data + 10, "_0123456789") + 10] == '\0' ? (size_t)(data - path) : 0;
}

int wi_variants_want(enum wi_model_format format, const char *path)
{
    static const char *const common[] = {".json", ".txt", ".jinja", ".model"};
    size_t length = strlen(path);
    if (format == WI_FORMAT_GGUF)
        return ends_with(path, length, ".gguf") && !strchr(path, '/');
    if (format != WI_FORMAT_HUGGINGFACE)
        return 0;
    if (in_onnx(path))
        return onnx_stem(path) > 0;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (ends_with(path, length, common[i]))
            return 1;
    return 0;
}

static int is_graph(const char *path)
{
    return wi_variants_want(WI_FORMAT_HUGGINGFACE, path);
}

static int is_weights(const char *path)
{
    return wi_variants_want(WI_FORMAT_GGUF, path);
}

int wi_variants_detect(const struct wi_view *view, enum wi_model_format *format)
{
    int found;
    *format = WI_FORMAT_ONNX;
    if (view->has(view, "model.onnx"))
        return 0;
    *format = WI_FORMAT_HUGGINGFACE;
    found = view->has(view, "config.json") ? view->any(view, "onnx", is_graph) : 0;
    if (found == 0) {
        *format = WI_FORMAT_GGUF;
        found = view->any(view, "", is_weights);
    }
    if (found == 0)
        errno = ENOENT;
    return found > 0 ? 0 : -1;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* The variant of that name, made if there is none. Takes no string over. */
static struct wi_variant *variant_of(struct wi_variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++)
        if (strcmp(variants->items[i].name, name) == 0)
            return &variants->items[i];
    variants->items =
        wi_realloc_array(variants->items, variants->count + 1, sizeof *variants->items);
    struct wi_variant *variant = &variants->items[variants->count++];
    *variant = (struct wi_variant){.name = wi_strdup(name)};
    return variant;
}

static void add_file(struct wi_variant *variant, const struct wi_view_file *file)
{
    wi_strings_add(&variant->files, file->path);
    variant->bytes += file->bytes;
}

static void clear_variant(struct wi_variant *variant)
{
    free(variant->name);
    wi_strings_clear(&variant->files);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* --- huggingface ------------------------------------------------------------------------------ */

static size_t dtype_of(const char *path)
{
    size_t length = onnx_stem(path);
    for (size_t i = 0; i < DTYPES; i++)
        if (*dtypes[i].end && ends_with(path, length, dtypes[i].end))
            return i;
    return DTYPE_FP32;
}

static void find_dtypes(
    const struct wi_view_file *files, size_t count, struct wi_variants *variants)
{
    for (size_t dtype = 0; dtype < DTYPES; dtype++)
        for (size_t i = 0; i < count; i++)
            if (in_onnx(files[i].path) && dtype_of(files[i].path) == dtype)
                add_file(variant_of(variants, dtypes[dtype].name), &files[i]);
    for (size_t v = 0; v < variants->count; v++)
        for (size_t i = 0; i < count; i++)
            if (!in_onnx(files[i].path))
                add_file(&variants->items[v], &files[i]);
}

/* --- gguf ------------------------------------------------------------------------------------- */

int wi_variants_is_projector(const char *path)
{
    return strncasecmp(basename_of(path), "mmproj", 6) == 0;
}

/* A path without ".gguf" and without the number of its part: how long that is; `parts` receives of
 * how many parts it is one. */
static size_t gguf_stem(const char *path, unsigned *parts)
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

/* Whether it looks like the name of one: "Q4_K_M", "BF16". */
static int is_quantisation(const char *piece, size_t length)
{
    static const char *const begins[] = {"Q", "IQ", "TQ", "F", "BF", "MXFP"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t skip = strlen(begins[i]);
        if (length > skip && strncasecmp(piece, begins[i], skip) == 0 &&
            isdigit((unsigned char)piece[skip]))
            return 1;
    }
    return 0;
}

/* "Q4_K_M" of "tiny-1.1b.Q4_K_M": the last piece that looks like one, or "" if there is none. */
static void quantisation_of(const char *stem, size_t length, char *out, size_t size)
{
    *out = '\0';
    for (size_t end = length, at = length; at-- > 0;) {
        if (stem[at] != '-' && stem[at] != '.' && at > 0)
            continue;
        const char *piece = stem + at + (at > 0);
        size_t piece_length = (size_t)(stem + end - piece);
        end = at;
        if (piece_length >= size || !is_quantisation(piece, piece_length))
            continue;
        for (size_t c = 0; c < piece_length; c++)
            out[c] = (char)toupper((unsigned char)piece[c]);
        out[piece_length] = '\0';
        return;
    }
}

/* Files with what their names say, which is read once: each is held against all others. */
struct sets {
    const struct wi_view_file *files;
    size_t count;
    struct stem {
        size_t length;
        unsigned parts;
    } * stems;
};

static struct sets sets_of(const struct wi_view_file *files, size_t count)
{
    struct sets sets = {files, count, wi_alloc((count + 1) * sizeof *sets.stems)};
    for (size_t i = 0; i < count; i++)
        sets.stems[i].length = gguf_stem(files[i].path, &sets.stems[i].parts);
    return sets;
}

/* Whether two files are parts of one set, or the same file. */
static int same_set(const struct sets *sets, size_t one, size_t other)
{
    const struct stem *a = &sets->stems[one], *b = &sets->stems[other];
    return a->length == b->length && a->parts == b->parts &&
           strncmp(sets->files[one].path, sets->files[other].path, a->length) == 0;
}

static int has_variant(const struct wi_variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++)
        if (strcasecmp(variants->items[i].name, name) == 0)
            return 1;
    return 0;
}

/* As much of a file's stem as a variant's name can have. */
static char *name_of_stem(const char *stem, size_t length)
{
    char *name = wi_strndup(stem, length < 128 ? length : 128);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && (c == name || !strchr("._-", *c)))
            *c = c == name ? 'x' : '-';
    return name;
}

/* Adds the variant whose first file is that. */
static void add_set(const struct sets *sets, size_t first, struct wi_variants *variants)
{
    char name[32];
    const char *path = sets->files[first].path;
    const struct stem *stem = &sets->stems[first];
    size_t found = 0;
    struct wi_variant variant = {0};
    for (size_t i = first; i < sets->count; i++)
        if (same_set(sets, first, i) && ++found)
            add_file(&variant, &sets->files[i]);
    if (found != stem->parts) {
        clear_variant(&variant);
        return;
    }
    quantisation_of(path, stem->length, name, sizeof name);
    if (*name && !has_variant(variants, name))
        variant.name = wi_strdup(name);
    else
        variant.name = name_of_stem(path, stem->length);
    variants->items =
        wi_realloc_array(variants->items, variants->count + 1, sizeof *variants->items);
    variants->items[variants->count++] = variant;
}

/* Whether an earlier file is of the same set. */
static int is_counted(const struct sets *sets, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_set(sets, index, i))
            return 1;
    return 0;
}

static size_t rank_of(const char *name)
{
    size_t rank = 0;
    while (rank < QUANTISATIONS && strcmp(quantisations[rank], name) != 0)
        rank++;
    return rank;
}

static int compare_quantisations(const void *a, const void *b)
{
    const struct wi_variant *one = a, *other = b;
    size_t first = rank_of(one->name), second = rank_of(other->name);
    return first != second ? (first > second) - (first < second) : strcmp(one->name, other->name);
}

static void find_quantisations(
    const struct wi_view_file *files, size_t count, struct wi_variants *variants)
{
    struct sets sets = sets_of(files, count);
    size_t projector = 0;
    while (projector < count && !wi_variants_is_projector(files[projector].path))
        projector++;
    for (size_t i = 0; i < count; i++)
        if (!wi_variants_is_projector(files[i].path) && !is_counted(&sets, i))
            add_set(&sets, i, variants);
    free(sets.stems);
    for (size_t v = 0; projector < count && v < variants->count; v++)
        add_file(&variants->items[v], &files[projector]);
    if (variants->count > 0)
        qsort(variants->items, variants->count, sizeof *variants->items, compare_quantisations);
}

/* --- the whole -------------------------------------------------------------------------------- */

void wi_variants_find(enum wi_model_format format, const struct wi_view_file *files, size_t count,
    struct wi_variants *variants)
{
    if (format == WI_FORMAT_HUGGINGFACE)
        find_dtypes(files, count, variants);
    else if (format == WI_FORMAT_GGUF)
        find_quantisations(files, count, variants);
    for (size_t i = 0; i < variants->count; i++) {
        struct wi_strings *paths = &variants->items[i].files;
        qsort(paths->items, paths->count, sizeof *paths->items, compare_paths);
    }
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

int wi_variant_needs_f16(const char *variant)
{
    for (size_t i = 0; variant && i < DTYPES; i++)
        if (strcmp(variant, dtypes[i].name) == 0)
            return dtypes[i].f16;
    return 0;
}

void wi_variants_move(struct wi_variants *to, struct wi_variants *from)
{
    *to = *from;
    *from = (struct wi_variants){0};
}

void wi_variants_clear(struct wi_variants *variants)
{
    for (size_t i = 0; i < variants->count; i++)
        clear_variant(&variants->items[i]);
    free(variants->items);
    *variants = (struct wi_variants){0};
}
