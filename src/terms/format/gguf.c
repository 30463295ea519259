/*
 * A GGUF file: its metadata, its tensors, and whether it is what it has to be. A table names the
 * wanted keys of the metadata, some of them below the architecture's name ("llama.context_length");
 * all other keys are skipped.
 */
#include "terms/format/gguf.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/format/gguf_input.h"
#include "terms/model/view.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A value of every block. */
struct per_block {
    int is_given, is_list; /* else it is one number for all */
    uint64_t values[WI_GGUF_BLOCKS_MAX];
};

struct reading {
    struct wi_gguf_input input;
    struct wi_gguf_info info;
    char kind[WI_GGUF_NAME_MAX]; /* "model", "adapter", "mmproj" … */
    uint64_t alignment;          /* of the weights, in bytes */
    struct per_block heads, kv_heads, feed_forward, windowed;
    uint64_t scores, types; /* how many of them the vocabulary has */
};

/* --- the values of keys ----------------------------------------------------------------------- */

enum kind {
    NUMBER,    /* uint64_t */
    ID,        /* int64_t; -1 for what is out of its range, as writers use it for "none" */
    TEXT,      /* char[WI_GGUF_NAME_MAX], cut */
    LENGTH,    /* uint64_t: the bytes of a text */
    COUNT,     /* uint64_t: the elements of an array */
    PER_BLOCK, /* struct per_block */
};

struct row {
    const char *key; /* with a dot at its beginning: below the architecture's name */
    enum kind kind;
    size_t offset; /* into struct reading */
    uint64_t max;  /* of a number */
};

#define OWN(member) offsetof(struct reading, member)
#define INFO(member) OWN(info.member)

static const struct row architecture = {"general.architecture", TEXT, INFO(architecture), 0};

static const struct row rows[] = {
    {"general.type", TEXT, OWN(kind), 0},
    {"general.alignment", NUMBER, OWN(alignment), WI_GGUF_ALIGNMENT_MAX},
    {"general.name", TEXT, INFO(name), 0},
    {"general.file_type", ID, INFO(file_type), INT32_MAX},
    {"split.no", NUMBER, INFO(split_index), WI_GGUF_PARTS_MAX},
    {"split.count", NUMBER, INFO(split_count), WI_GGUF_PARTS_MAX},
    {"tokenizer.chat_template", LENGTH, INFO(template_bytes), 0},
    {"tokenizer.ggml.tokens", COUNT, INFO(vocabulary), 0},
    {"tokenizer.ggml.scores", COUNT, OWN(scores), 0},
    {"tokenizer.ggml.token_type", COUNT, OWN(types), 0},
    {".context_length", NUMBER, INFO(context_length), INT32_MAX},
    {".embedding_length", NUMBER, INFO(embedding_length), 1 << 20},
    {".block_count", NUMBER, INFO(block_count), WI_GGUF_BLOCKS_MAX},
    {".feed_forward_length", PER_BLOCK, OWN(feed_forward), 1 << 24},
    {".attention.head_count", PER_BLOCK, OWN(heads), 4096},
    {".attention.head_count_kv", PER_BLOCK, OWN(kv_heads), 4096},
    {".attention.key_length", NUMBER, INFO(key_length), 8192},
    {".attention.value_length", NUMBER, INFO(value_length), 8192},
    {".attention.sliding_window", NUMBER, INFO(sliding_window), INT32_MAX},
    {".attention.sliding_window_pattern", PER_BLOCK, OWN(windowed), WI_GGUF_BLOCKS_MAX},
    {".pooling_type", ID, INFO(pooling), WI_GGUF_POOLING_COUNT - 1},
};

static int gguf_read_number(
    struct wi_gguf_input *input, const struct row *row, uint64_t type, uint64_t *number)
{
    uint64_t at = input->at;
    if (wi_gguf_whole(input, type, number) < 0)
        return -1;
    if (*number > row->max)
        return wi_gguf_fail(input, at, "%s is %" PRIu64 "; at most %" PRIu64 " is read", row->key,
            *number, row->max);
    return 0;
}

static int read_id(
    struct wi_gguf_input *input, const struct row *row, uint64_t type, int64_t *number)
{
    uint64_t bits;
    if (wi_gguf_width(type) == 0)
        return wi_gguf_fail(input, input->at, "a number is wanted here");
    if (wi_gguf_number(input, wi_gguf_width(type), &bits) < 0)
        return -1;
    *number = bits <= row->max ? (int64_t)bits : -1;
    return 0;
}

/* The length of a text, and as much of it as there is room in `out`. */
static int gguf_read_text(
    struct wi_gguf_input *input, uint64_t type, uint64_t *length, char *out, size_t room)
{
    if (type != WI_GGUF_STRING)
        return wi_gguf_fail(input, input->at, "a text is wanted here");
    if (wi_gguf_length(input, "a string", WI_GGUF_STRING_MAX, length) < 0)
        return -1;
    size_t kept = *length < room ? (size_t)*length : room;
    if (wi_gguf_copy(input, out, kept) < 0)
        return -1;
    return wi_gguf_skip(input, *length - kept);
}

static int gguf_read_name(struct wi_gguf_input *input, uint64_t type, char out[WI_GGUF_NAME_MAX])
{
    uint64_t length;
    memset(out, 0, WI_GGUF_NAME_MAX);
    if (gguf_read_text(input, type, &length, out, WI_GGUF_NAME_MAX - 1) < 0)
        return -1;
    wi_text_mend(out);
    return 0;
}

static int read_count(struct wi_gguf_input *input, uint64_t type, uint64_t *count)
{
    uint64_t at = input->at, element;
    if (type != WI_GGUF_ARRAY)
        return wi_gguf_fail(input, at, "an array is wanted here");
    if (wi_gguf_array(input, &element, count) < 0)
        return -1;
    input->at = at;
    return wi_gguf_skip_value(input, type);
}

static int read_per_block(
    struct wi_gguf_input *input, const struct row *row, uint64_t type, struct per_block *list)
{
    uint64_t at = input->at, count = 1;
    *list = (struct per_block){.is_given = 1, .is_list = type == WI_GGUF_ARRAY};
    if (list->is_list && wi_gguf_array(input, &type, &count) < 0)
        return -1;
    if (count > WI_GGUF_BLOCKS_MAX)
        return wi_gguf_fail(input, at, "%s has %" PRIu64 " elements; at most %d are read", row->key,
            count, WI_GGUF_BLOCKS_MAX);
    for (uint64_t i = 0; i < count; i++)
        if (gguf_read_number(input, row, type, &list->values[i]) < 0)
            return -1;
    for (size_t i = 1; i < WI_GGUF_BLOCKS_MAX && !list->is_list; i++)
        list->values[i] = list->values[0];
    return 0;
}

static int gguf_read_value(struct reading *reading, const struct row *row, uint64_t type)
{
    struct wi_gguf_input *input = &reading->input;
    void *member = (char *)reading + row->offset;
    switch (row->kind) {
    case NUMBER:
        return gguf_read_number(input, row, type, member);
    case ID:
        return read_id(input, row, type, member);
    case TEXT:
        return gguf_read_name(input, type, member);
    case LENGTH:
        return gguf_read_text(input, type, member, NULL, 0);
    case COUNT:
        return read_count(input, type, member);
    case PER_BLOCK:
        return read_per_block(input, row, type, member);
    }
    return -1;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* Whether a row is about this key. */
static int is_about(const struct row *row, const char *key, const char *below)
{
    size_t length = strlen(below);
    if (*row->key != '.')
        return strcmp(row->key, key) == 0;
    return length > 0 && strncmp(key, below, length) == 0 && strcmp(key + length, row->key) == 0;
}

/* A key, and its value if a row of the table is about it. */
static int read_pair(struct reading *reading, const struct row *table, size_t count)
{
    struct wi_gguf_input *input = &reading->input;
    char key[WI_GGUF_KEY_MAX] = "";
    uint64_t length, type;
    if (wi_gguf_length(input, "a key", sizeof key - 1, &length) < 0 ||
        wi_gguf_copy(input, key, (size_t)length) < 0 || wi_gguf_number(input, 4, &type) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (is_about(&table[i], key, reading->info.architecture))
            return gguf_read_value(reading, &table[i], type);
    return wi_gguf_skip_value(input, type);
}

/* The architecture is the first key more often than not, but others are named after it. */
static int read_pairs(struct reading *reading, uint64_t pairs)
{
    uint64_t at = reading->input.at;
    for (uint64_t i = 0; i < pairs && !*reading->info.architecture; i++)
        if (read_pair(reading, &architecture, 1) < 0)
            return -1;
    reading->input.at = at;
    for (uint64_t i = 0; i < pairs; i++)
        if (read_pair(reading, rows, sizeof rows / sizeof *rows) < 0)
            return -1;
    return 0;
}

/* Whether a block sees the sliding window only: a list says it of each, one number N that every
 * Nth block sees all (llama_hparams::set_swa_pattern). */
static int is_windowed(const struct reading *reading, uint64_t block)
{
    uint64_t value = reading->windowed.values[block];
    if (reading->info.sliding_window == 0 || value == 0)
        return 0;
    return reading->windowed.is_list || block % value < value - 1;
}

static void raise_to(uint64_t *most, uint64_t number)
{
    *most = number > *most ? number : *most;
}

static void add_blocks(struct reading *reading)
{
    struct wi_gguf_info *info = &reading->info;
    const struct per_block *kv = reading->kv_heads.is_given ? &reading->kv_heads : &reading->heads;
    for (uint64_t block = 0; block < info->block_count; block++) {
        raise_to(&info->head_count, reading->heads.values[block]);
        raise_to(&info->feed_forward_length, reading->feed_forward.values[block]);
        *(is_windowed(reading, block) ? &info->kv_heads_windowed : &info->kv_heads) +=
            kv->values[block];
    }
    uint64_t length = info->head_count ? info->embedding_length / info->head_count : 0;
    if (info->key_length == 0)
        info->key_length = length;
    if (info->value_length == 0)
        info->value_length = length;
}

/* Scores and types are read by the tokens' numbers, and llama.cpp does not count them. */
static int check_vocabulary(struct reading *reading)
{
    uint64_t tokens = reading->info.vocabulary, scores = reading->scores, types = reading->types;
    if ((scores && scores != tokens) || (types && types != tokens))
        return wi_gguf_fail(&reading->input, reading->input.at,
            "its vocabulary has %" PRIu64 " tokens, but %" PRIu64 " scores and %" PRIu64 " types",
            tokens, scores, types);
    return 0;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static int read_elements(struct wi_gguf_input *input, uint64_t *elements)
{
    uint64_t at = input->at, rank, size;
    *elements = 1;
    if (wi_gguf_number(input, 4, &rank) < 0)
        return -1;
    if (rank > WI_GGUF_RANK_MAX)
        return wi_gguf_fail(input, at,
            "a tensor has %" PRIu64 " dimensions; at most %d are allowed", rank, WI_GGUF_RANK_MAX);
    for (; rank > 0; rank--) {
        if (wi_gguf_number(input, 8, &size) < 0)
            return -1;
        if (size == 0 || size > WI_GGUF_ELEMENTS_MAX / *elements)
            return wi_gguf_fail(input, at, "a tensor has no elements, or more than 2^44");
        *elements *= size;
    }
    return 0;
}

/* The outline of a tensor; `*end` becomes where the weights end, if it is the last so far. */
static int gguf_read_tensor(struct reading *reading, uint64_t *end)
{
    struct wi_gguf_input *input = &reading->input;
    uint64_t name, elements, number, offset, at;
    if (wi_gguf_length(input, "a tensor's name", WI_GGUF_TENSOR_NAME_MAX - 1, &name) < 0 ||
        wi_gguf_skip(input, name) < 0 || read_elements(input, &elements) < 0)
        return -1;
    at = input->at;
    if (wi_gguf_number(input, 4, &number) < 0 || wi_gguf_number(input, 8, &offset) < 0)
        return -1;
    const struct wi_gguf_type *type = wi_gguf_type(number);
    if (!type)
        return wi_gguf_fail(input, at,
            "a tensor has the type %" PRIu64 ", which " WI_GGUF_LLAMA " does not know", number);
    uint64_t bytes = elements / type->block * type->bytes;
    if (offset > input->size || bytes > input->size - offset)
        return wi_gguf_fail(input, at,
            "a tensor of %" PRIu64 " bytes at byte %" PRIu64
            " of the weights needs more than the file has: it is cut short",
            bytes, offset);
    raise_to(end, offset + bytes);
    reading->info.parameters += elements;
    reading->info.tensor_bytes[number] += bytes;
    return 0;
}

/* `count` outlines, and whether the weights behind them, at the alignment, are in the file. */
static int read_tensors(struct reading *reading, uint64_t count)
{
    struct wi_gguf_input *input = &reading->input;
    uint64_t end = 0;
    for (; count > 0; count--)
        if (gguf_read_tensor(reading, &end) < 0)
            return -1;
    uint64_t begin =
        input->at + (reading->alignment - input->at % reading->alignment) % reading->alignment;
    if (end > 0 && (begin > input->size || end > input->size - begin))
        return wi_gguf_fail(input, input->size,
            "its tensors need %" PRIu64 " bytes, but the file has %" PRIu64 ": it is cut short",
            begin + end, input->size);
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int read_version(struct wi_gguf_input *input)
{
    uint64_t at = input->at, version;
    if (wi_gguf_number(input, 4, &version) < 0)
        return -1;
    if (version != 0 && (version & 0xffff) == 0)
        return wi_gguf_fail(input, at,
            "it is big-endian; only little-endian files are read: "
            "convert it with gguf-convert-endian of llama.cpp");
    if (version < 2 || version > 3)
        return wi_gguf_fail(input, at,
            "it has version %" PRIu64 " of the format; 2 and 3 are read: convert the model afresh",
            version);
    return 0;
}

static int read_counts(struct wi_gguf_input *input, uint64_t *tensors, uint64_t *pairs)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 8, tensors) < 0 || wi_gguf_number(input, 8, pairs) < 0)
        return -1;
    if (*tensors > WI_GGUF_TENSORS_MAX)
        return wi_gguf_fail(input, at, "it has %" PRIu64 " tensors; at most %d are read", *tensors,
            WI_GGUF_TENSORS_MAX);
    if (*pairs > WI_GGUF_PAIRS_MAX)
        return wi_gguf_fail(
            input, at, "it has %" PRIu64 " keys; at most %d are read", *pairs, WI_GGUF_PAIRS_MAX);
    return 0;
}

/* All behind the magic. */
static int gguf_read_all(struct reading *reading)
{
    struct wi_gguf_input *input = &reading->input;
    uint64_t tensors, pairs;
    if (read_version(input) < 0 || read_counts(input, &tensors, &pairs) < 0 ||
        read_pairs(reading, pairs) < 0)
        return -1;
    if (reading->alignment == 0 || (reading->alignment & (reading->alignment - 1)))
        return wi_gguf_fail(input, input->at,
            "general.alignment is %" PRIu64 ", which is no power of two", reading->alignment);
    add_blocks(reading);
    return check_vocabulary(reading) < 0 ? -1 : read_tensors(reading, tensors);
}

static enum wi_code gguf_check_model(
    const struct reading *reading, const char *path, struct wi_error *error)
{
    const struct wi_gguf_info *info = &reading->info;
    const struct {
        const char *name;
        uint64_t value;
    } needed[] = {{"context_length", info->context_length},
        {"embedding_length", info->embedding_length}, {"block_count", info->block_count}};
    if (strcmp(info->architecture, "clip") == 0 ||
        (*reading->kind && strcmp(reading->kind, "model") != 0))
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.120s is no model of its own but a part of one (architecture \"%.40s\", type "
            "\"%.40s\"); put the model itself into the folder",
            path, info->architecture, reading->kind);
    if (!*info->architecture)
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.160s does not say which architecture it has (general.architecture); convert the "
            "model afresh",
            path);
    if (wi_gguf_architecture_type(info->architecture) == WI_TYPE_UNKNOWN)
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.160s has the architecture \"%.60s\", which " WI_GGUF_LLAMA ", the engine here, does "
            "not know; take another model",
            path, info->architecture);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (needed[i].value == 0)
            return wi_error_set(error, WI_MODEL_INVALID, path,
                "%.160s does not say its %s (the key %.60s.%s); convert the model afresh", path,
                needed[i].name, info->architecture, needed[i].name);
    return WI_OK;
}

static enum wi_code check_role(
    const struct reading *reading, const char *path, enum wi_gguf_role role, struct wi_error *error)
{
    const char *name = reading->info.architecture;
    if (role == WI_GGUF_MODEL)
        return gguf_check_model(reading, path, error);
    if (role == WI_GGUF_PART || strcmp(name, "clip") == 0)
        return WI_OK;
    return wi_error_set(error, WI_MODEL_INVALID, path,
        "%.160s is named as a projector (mmproj) but has the architecture \"%.60s\" instead of "
        "\"clip\"; name it otherwise",
        path, name);
}

static enum wi_code gguf_read_file(
    struct reading *reading, const char *path, enum wi_gguf_role role, struct wi_error *error)
{
    struct wi_gguf_input *input = &reading->input;
    unsigned char head[WI_GUESS_BYTES] = "";
    size_t size = input->size < sizeof head ? (size_t)input->size : sizeof head;
    if (wi_gguf_copy(input, head, size) == 0 && !wi_gguf_is(head, size)) {
        const char *text = wi_guess_text(head, size);
        return wi_error_set(error, WI_MODEL_INVALID, path, "%.160s is no GGUF file: %s", path,
            text ? text
                 : "the file does not begin with \"GGUF\"; fetch or convert the model again");
    }
    input->at = WI_GGUF_MAGIC_BYTES;
    if (!*input->problem && gguf_read_all(reading) == 0)
        return check_role(reading, path, role, error);
    wi_error_set(error, WI_MODEL_INVALID, path,
        "%.120s is no whole GGUF file: %s (byte %" PRIu64 " of %" PRIu64 ")", path, input->problem,
        input->problem_at, input->size);
    return wi_error_expect(error, "a whole GGUF file of version 2 or 3, little-endian");
}

enum wi_code wi_gguf_read(int fd, uint64_t size, const char *path, enum wi_gguf_role role,
    struct wi_gguf_info *info, struct wi_error *error)
{
    struct reading *reading = wi_alloc(sizeof *reading);
    reading->input.fd = fd;
    reading->input.size = size;
    reading->info.pooling = reading->info.file_type = -1;
    reading->alignment = 32; /* GGUF_DEFAULT_ALIGNMENT */
    enum wi_code code = gguf_read_file(reading, path, role, error);
    *info = reading->info;
    free(reading);
    return code;
}

enum wi_code wi_gguf_join(struct wi_gguf_info *info, const struct wi_gguf_info *part,
    const char *path, size_t index, size_t count, struct wi_error *error)
{
    uint64_t parts = part->split_count ? part->split_count : 1;
    if (part->split_index != index || parts != count)
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.160s says that it is part %" PRIu64 " of %" PRIu64
            ", but is part %zu of %zu by its name; name the files as they were",
            path, part->split_index + 1, parts, index + 1, count);
    if (index == 0) {
        *info = *part;
        return WI_OK;
    }
    info->parameters += part->parameters;
    for (size_t i = 0; i < WI_GGUF_TYPES; i++)
        info->tensor_bytes[i] += part->tensor_bytes[i];
    return WI_OK;
}
