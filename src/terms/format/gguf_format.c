/* The format `gguf`: files for llama.cpp. */
#include "terms/format/format.h"

#include "base/memory.h"
#include "base/text.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int gguf_wants(const char *path)
{
    return wi_text_ends(path, ".gguf") && !strchr(path, '/');
}

static int gguf_detect(const struct wi_view *view)
{
    return view->any(view, "", gguf_wants);
}

/* Whether a file is a projector and no weights of its own. */
static int is_projector(const char *path)
{
    return strncasecmp(path, "mmproj", 6) == 0;
}

/* --- variants --------------------------------------------------------------------------------- */

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

/* As much of a file's stem as a variant's name can have. */
static char *name_of_stem(const char *stem, size_t length)
{
    char *name = wi_strndup(stem, length < 128 ? length : 128);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && (c == name || !strchr("._-", *c)))
            *c = c == name ? 'x' : '-';
    return name;
}

/* The files of one variant, of which `parts` are wanted. */
struct set {
    const char *path; /* of the first */
    size_t length;    /* of its stem */
    unsigned parts;
    struct wi_variant variant;
};

/* The set that a file belongs to, made if there is none. */
static struct set *set_of(struct set *sets, size_t *count, const char *path)
{
    struct set set = {.path = path};
    set.length = wi_gguf_stem(path, &set.parts);
    for (size_t i = 0; i < *count; i++)
        if (sets[i].length == set.length && sets[i].parts == set.parts &&
            strncmp(sets[i].path, path, set.length) == 0)
            return &sets[i];
    sets[*count] = set;
    return &sets[(*count)++];
}

/* Moves a set that is whole among the variants. */
static void add_set(struct set *set, struct wi_variants *variants)
{
    char name[32];
    if (set->variant.files.count != set->parts) {
        wi_variant_clear(&set->variant);
        return;
    }
    quantisation_of(set->path, set->length, name, sizeof name);
    set->variant.name = *name && !wi_variants_get(variants, name)
                            ? wi_strdup(name)
                            : name_of_stem(set->path, set->length);
    *wi_variants_add(variants) = set->variant;
}

static size_t rank_of(const char *name)
{
    size_t rank = 0;
    while (wi_quantisations[rank].name &&
           (wi_quantisations[rank].end || strcmp(wi_quantisations[rank].name, name) != 0))
        rank++;
    return rank;
}

static int compare_quantisations(const void *a, const void *b)
{
    const struct wi_variant *one = a, *other = b;
    size_t first = rank_of(one->name), second = rank_of(other->name);
    return first != second ? (first > second) - (first < second) : strcmp(one->name, other->name);
}

static void gguf_find_variants(
    const struct wi_view_file *files, size_t count, struct wi_variants *variants)
{
    struct set *sets = wi_alloc((count + 1) * sizeof *sets);
    const struct wi_view_file *projector = NULL;
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_projector(files[i].path))
            wi_variant_add(&set_of(sets, &found, files[i].path)->variant, &files[i]);
        else if (!projector)
            projector = &files[i];
    for (size_t i = 0; i < found; i++)
        add_set(&sets[i], variants);
    free(sets);
    for (size_t i = 0; projector && i < variants->count; i++)
        wi_variant_add(&variants->items[i], projector);
    if (variants->count > 0)
        qsort(variants->items, variants->count, sizeof *variants->items, compare_quantisations);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The head of one file: `index` of `count` in its set, or a projector. */
static enum wi_code gguf_read_head(
    struct wi_format_reading *reading, const char *path, size_t index, size_t count)
{
    enum wi_gguf_role role = is_projector(path) ? WI_GGUF_PROJECTOR
                             : index == 0       ? WI_GGUF_MODEL
                                                : WI_GGUF_PART;
    struct wi_gguf_info part;
    uint64_t bytes;
    int fd = reading->view->open(reading->view, path, WI_VIEW_MODEL, &bytes, &reading->error);
    if (fd < 0)
        return reading->error.code;
    enum wi_code code = wi_gguf_read(fd, bytes, path, role, &part, &reading->error);
    close(fd);
    if (code != WI_OK || role == WI_GGUF_PROJECTOR)
        return code;
    return wi_gguf_join(&reading->facts.gguf, &part, path, index, count, &reading->error);
}

static enum wi_code gguf_read_model(struct wi_format_reading *reading)
{
    const struct wi_strings *files = &reading->variant->files;
    struct wi_facts *facts = &reading->facts;
    size_t parts = 0, index = 0;
    uint64_t bytes;
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < files->count; i++)
        parts += !is_projector(files->items[i]);
    for (size_t i = 0; i < files->count && code == WI_OK; i++) {
        code = gguf_read_head(reading, files->items[i], index, parts);
        index += !is_projector(files->items[i]);
    }
    if (code != WI_OK)
        return code;
    if (facts->gguf.parameters == 0)
        return wi_error_set(&reading->error, WI_MODEL_INVALID, files->items[0],
            "%.200s has no weights; fetch or convert the model again", files->items[0]);
    facts->type = wi_gguf_model_type(&facts->gguf);
    if (parts < files->count && facts->type == WI_TYPE_TEXT_GENERATION)
        facts->type = WI_TYPE_MULTIMODAL;
    facts->context = facts->gguf.context_length;
    facts->vocabulary = facts->gguf.vocabulary;
    for (size_t i = 0; i < files->count && code == WI_OK; i++) {
        code = reading->take(reading, files->items[i], WI_VIEW_MODEL, 0, &bytes);
        facts->memory.weights += bytes;
    }
    return code;
}

/* --- what is told ----------------------------------------------------------------------------- */

static void gguf_plan(struct wi_facts *facts, const struct wi_gguf_limits *limits)
{
    wi_gguf_plan(&facts->gguf, facts->memory.weights, limits, &facts->memory);
}

static enum wi_code check_memory(
    const struct wi_facts *facts, const char *name, struct wi_error *error)
{
    return wi_gguf_check_memory(&facts->memory, name, error);
}

static const char *gguf_precision(const struct wi_facts *facts, const char *variant)
{
    return wi_gguf_quantization(&facts->gguf);
}

static void gguf_warn(const struct wi_facts *facts, const char *name, struct wi_strings *warnings)
{
    const struct wi_gguf_memory *memory = &facts->memory;
    const char *slow = wi_gguf_slow(&facts->gguf);
    struct wi_error error;
    if (slow)
        wi_strings_add(warnings, slow);
    if (wi_gguf_check_memory(memory, name, &error) != WI_OK) {
        wi_strings_add(warnings, error.detail);
    } else if (memory->scarce) {
        char *text = wi_sprintf("memory is short: at most %" PRIu64 " conversations of %" PRIu64
                                " tokens at a time; a larger [pool] model_budget allows more",
            memory->slots, memory->context);
        wi_strings_add(warnings, text);
        free(text);
    }
}

static json_t *memory_json(const struct wi_gguf_memory *memory)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "weights",
        (json_int_t)memory->weights, "kv_per_slot", (json_int_t)memory->kv_per_slot, "compute",
        (json_int_t)memory->compute, "total", (json_int_t)memory->total, "limit",
        (json_int_t)memory->limit, "context", (json_int_t)memory->context, "slots",
        (json_int_t)memory->slots, "fits", memory->fits);
}

static void gguf_show(const struct wi_facts *facts, const char *variant, json_t *out)
{
    const struct wi_gguf_info *info = &facts->gguf;
    json_t *told =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:o}", "architecture", info->architecture,
            "quantization", wi_gguf_quantization(info), "parameters", (json_int_t)info->parameters,
            "context_length", (json_int_t)info->context_length, "embedding_length",
            (json_int_t)info->embedding_length, "vocabulary", (json_int_t)info->vocabulary, "chat",
            info->template_bytes > 0, "memory", memory_json(&facts->memory));
    if (*info->name)
        json_object_set_new(out, "title", json_string(info->name));
    if (info->pooling >= 0)
        json_object_set_new(out, "pooling", json_string(wi_gguf_pooling_names[info->pooling]));
    json_object_update(out, told);
    json_decref(told);
}

/* --- from a hub ------------------------------------------------------------------------------- */

/* Of several projectors one is taken, 16-bit floats by preference; without being told, the store
 * would take the first. */
static int gguf_yields(const char *path, const char *other)
{
    int one = strcasestr(path, "-f16") != NULL, two = strcasestr(other, "-f16") != NULL;
    return is_projector(path) && is_projector(other) &&
           (one == two ? strcmp(path, other) > 0 : two);
}

static const char *const preferred[] = {"Q6_K", "Q4_K_M", NULL};
static const char *const ends[] = {".gguf", NULL};

const struct wi_format wi_format_gguf = {
    .name = "gguf",
    .platform = "llamacpp_gguf",
    .engine = WI_ENGINE_LLAMA,
    .does_tasks = 1,
    .gguf_options = 1,
    .reads_words = 1,
    .detect = gguf_detect,
    .wants = gguf_wants,
    .told_by = "a .gguf file",
    .ends = ends,
    .find_variants = gguf_find_variants,
    .read = gguf_read_model,
    .plan = gguf_plan,
    .check_memory = check_memory,
    .precision = gguf_precision,
    .family = offsetof(struct wi_facts, gguf.architecture),
    .warn = gguf_warn,
    .show = gguf_show,
    .is_flat = 1,
    .yields = gguf_yields,
    .preferred = preferred,
};
