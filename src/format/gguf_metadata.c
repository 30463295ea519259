/*
 * Metadata: a table of the keys that are wanted, some of them below the architecture's name
 * ("llama.context_length"), all others passed over. Values for each block are kept until all keys
 * were read and then added up.
 */
#include "format/gguf.h"
#include "format/gguf_input.h"

#include "base/memory.h"
#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

/* One value for every block, or one each. */
struct per_block {
    uint64_t count; /* 0: the file does not say; 1 may also mean all */
    int scalar;
    uint32_t values[WI_GGUF_BLOCKS_MAX];
};

struct reading {
    struct wi_gguf_input *input;
    struct wi_gguf_info *info;
    struct per_block heads, kv_heads, feed_forward, windowed;
    uint64_t tokens, scores, types; /* how many the lists have */
    uint64_t seen;                  /* rows of the table, one bit each */
};

enum kind {
    NUMBER,    /* uint64_t */
    ID,        /* int64_t; -1 for what is out of its range, as writers use it for "none" */
    SMALL,     /* int, likewise */
    TEXT,      /* char[WI_GGUF_NAME_MAX], cut */
    COUNT,     /* uint64_t of the reading: how many elements an array has */
    PER_BLOCK, /* struct per_block of the reading */
    TEMPLATE   /* the chat template, of which the length alone is kept */
};

struct row {
    const char *key; /* with a dot at its beginning: below the architecture's name */
    enum kind kind;
    size_t offset; /* into struct wi_gguf_info, or into struct reading */
    uint64_t max;  /* of a number */
};

#define INFO(member) offsetof(struct wi_gguf_info, member)
#define OWN(member) offsetof(struct reading, member)

static const struct row architecture = {"general.architecture", TEXT, INFO(architecture), 0};

static const struct row rows[] = {
    {"general.type", TEXT, INFO(kind), 0},
    {"general.alignment", NUMBER, INFO(alignment), WI_GGUF_ALIGNMENT_MAX},
    {"general.name", TEXT, INFO(name), 0},
    {"general.file_type", ID, INFO(file_type), INT32_MAX},
    {"split.no", NUMBER, INFO(split_index), WI_GGUF_PARTS_MAX},
    {"split.count", NUMBER, INFO(split_count), WI_GGUF_PARTS_MAX},
    {"tokenizer.chat_template", TEMPLATE, 0, 0},
    {"tokenizer.ggml.tokens", COUNT, OWN(tokens), 0},
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
    {".pooling_type", SMALL, INFO(pooling), WI_GGUF_POOLING_COUNT - 1},
};
#define ROWS (sizeof rows / sizeof *rows)

/* --- values ----------------------------------------------------------------------------------- */

static int read_number(
    struct reading *reading, const struct row *row, uint64_t type, uint64_t *number)
{
    uint64_t at = reading->input->at;
    if (wi_gguf_whole(reading->input, type, number) < 0)
        return -1;
    if (*number > row->max)
        return wi_gguf_fail(reading->input, at, "%s is %" PRIu64 "; at most %" PRIu64 " is read",
            row->key, *number, row->max);
    return 0;
}

/* A number, or -1 for one that is out of its range. */
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

/* As much of a text as there is room, or nothing where that is not UTF-8. */
static int read_cut_text(struct wi_gguf_input *input, uint64_t type, char *out)
{
    enum { size = WI_GGUF_NAME_MAX };
    uint64_t length;
    if (type != WI_GGUF_STRING)
        return wi_gguf_fail(input, input->at, "a text is wanted here");
    if (wi_gguf_length(input, "a string", WI_GGUF_STRING_MAX, &length) < 0)
        return -1;
    size_t kept = length < size ? (size_t)length : size - 1;
    if (wi_gguf_copy(input, out, kept) < 0 || wi_gguf_skip(input, length - kept) < 0)
        return -1;
    if (kept < length)
        while (kept > 0 && ((unsigned char)out[kept - 1] & 0x80)) /* it may have been cut there */
            kept--;
    out[kept] = '\0';
    json_t *check = json_stringn(out, strlen(out));
    if (!check)
        *out = '\0';
    json_decref(check);
    return 0;
}

static int read_per_block(
    struct reading *reading, const struct row *row, uint64_t type, struct per_block *list)
{
    struct wi_gguf_input *input = reading->input;
    uint64_t at = input->at, number;
    list->scalar = type != WI_GGUF_ARRAY;
    list->count = 1;
    if (!list->scalar && wi_gguf_array(input, &type, &list->count) < 0)
        return -1;
    if (list->count > WI_GGUF_BLOCKS_MAX)
        return wi_gguf_fail(input, at, "%s has %" PRIu64 " elements; at most %d are read", row->key,
            list->count, WI_GGUF_BLOCKS_MAX);
    for (uint64_t i = 0; i < list->count; i++) {
        if (read_number(reading, row, type, &number) < 0)
            return -1;
        list->values[i] = (uint32_t)number;
    }
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

static int read_template(struct reading *reading, uint64_t type)
{
    struct wi_gguf_input *input = reading->input;
    struct wi_gguf_info *info = reading->info;
    uint64_t length;
    if (type != WI_GGUF_STRING)
        return wi_gguf_fail(input, input->at, "the chat template is no text");
    if (wi_gguf_length(input, "the chat template", WI_GGUF_STRING_MAX, &length) < 0)
        return -1;
    info->template_bytes = length;
    return wi_gguf_skip(input, length);
}

static int read_row(struct reading *reading, const struct row *row, uint64_t type)
{
    void *member = (char *)reading->info + row->offset;
    int64_t id = -1;
    switch (row->kind) {
    case NUMBER:
        return read_number(reading, row, type, member);
    case ID:
        return read_id(reading->input, row, type, member);
    case SMALL:
        if (read_id(reading->input, row, type, &id) < 0)
            return -1;
        *(int *)member = (int)id;
        return 0;
    case TEXT:
        return read_cut_text(reading->input, type, member);
    case COUNT:
        return read_count(reading->input, type, (void *)((char *)reading + row->offset));
    case PER_BLOCK:
        return read_per_block(reading, row, type, (void *)((char *)reading + row->offset));
    case TEMPLATE:
        return read_template(reading, type);
    }
    return -1;
}

/* --- keys ------------------------------------------------------------------------------------- */

static int read_key(struct wi_gguf_input *input, char key[WI_GGUF_KEY_MAX], uint64_t *type)
{
    if (wi_gguf_text(input, "a key", key, WI_GGUF_KEY_MAX) < 0)
        return -1;
    return wi_gguf_number(input, 4, type);
}

/* The architecture is the first key more often than not, but others are named after it. */
static int find_architecture(struct reading *reading, uint64_t pairs)
{
    struct wi_gguf_input *input = reading->input;
    char key[WI_GGUF_KEY_MAX];
    uint64_t type;
    for (; pairs > 0; pairs--) {
        if (read_key(input, key, &type) < 0)
            return -1;
        if (strcmp(key, architecture.key) == 0)
            return read_row(reading, &architecture, type);
        if (wi_gguf_skip_value(input, type) < 0)
            return -1;
    }
    return 0;
}

/* Whether a row is about this key. */
static int is_about(const struct row *row, const char *key, const char *below)
{
    size_t length = strlen(below);
    if (*row->key != '.')
        return strcmp(row->key, key) == 0;
    return length > 0 && strncmp(key, below, length) == 0 && strcmp(key + length, row->key) == 0;
}

static int read_pair(struct reading *reading)
{
    struct wi_gguf_input *input = reading->input;
    uint64_t at = input->at, type;
    char key[WI_GGUF_KEY_MAX];
    if (read_key(input, key, &type) < 0)
        return -1;
    for (size_t i = 0; i < ROWS; i++) {
        if (!is_about(&rows[i], key, reading->info->architecture))
            continue;
        if (reading->seen & UINT64_C(1) << i)
            return wi_gguf_fail(input, at, "the key %.100s stands there twice", key);
        reading->seen |= UINT64_C(1) << i;
        return read_row(reading, &rows[i], type);
    }
    return wi_gguf_skip_value(input, type);
}

/* --- what follows from them ------------------------------------------------------------------- */

static uint64_t of_block(const struct per_block *list, uint64_t block)
{
    return list->scalar ? list->values[0] : block < list->count ? list->values[block] : 0;
}

/* Whether a block sees the sliding window only: a list says it of each, one number N that every
 * Nth block sees all (llama_hparams::set_swa_pattern). */
static int is_windowed(const struct reading *reading, uint64_t block)
{
    const struct per_block *list = &reading->windowed;
    if (reading->info->sliding_window == 0 || list->count == 0)
        return 0;
    if (!list->scalar)
        return of_block(list, block) != 0;
    return list->values[0] > 0 && block % list->values[0] < list->values[0] - 1;
}

static void add_blocks(struct reading *reading)
{
    struct wi_gguf_info *info = reading->info;
    const struct per_block *kv = reading->kv_heads.count ? &reading->kv_heads : &reading->heads;
    for (uint64_t block = 0; block < info->block_count; block++) {
        uint64_t heads = of_block(&reading->heads, block);
        uint64_t forward = of_block(&reading->feed_forward, block);
        if (heads > info->head_count)
            info->head_count = heads;
        if (forward > info->feed_forward_length)
            info->feed_forward_length = forward;
        *(is_windowed(reading, block) ? &info->kv_heads_windowed : &info->kv_heads) +=
            of_block(kv, block);
    }
    uint64_t length = info->head_count ? info->embedding_length / info->head_count : 0;
    if (info->key_length == 0)
        info->key_length = length;
    if (info->value_length == 0)
        info->value_length = length;
}

/* Lists of one value for each token, which engines read by the tokens' numbers. */
static int check_tokens(struct reading *reading)
{
    struct wi_gguf_info *info = reading->info;
    if ((reading->scores && reading->scores != reading->tokens) ||
        (reading->types && reading->types != reading->tokens))
        return wi_gguf_fail(reading->input, reading->input->at,
            "its vocabulary has %" PRIu64 " tokens, but %" PRIu64 " scores and %" PRIu64 " types",
            reading->tokens, reading->scores, reading->types);
    info->vocabulary = reading->tokens;
    return 0;
}

int wi_gguf_read_metadata(struct wi_gguf_input *input, uint64_t pairs, struct wi_gguf_info *info)
{
    struct reading reading = {.input = input, .info = info};
    uint64_t at = input->at;
    if (find_architecture(&reading, pairs) < 0)
        return -1;
    input->at = at;
    for (; pairs > 0; pairs--)
        if (read_pair(&reading) < 0)
            return -1;
    add_blocks(&reading);
    return check_tokens(&reading);
}
