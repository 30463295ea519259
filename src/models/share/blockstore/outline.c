/* See outline.h: how an outline is made, and how a block or a CAR is read by it. */
#include "models/share/blockstore/outline.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/share/content/car.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- making one ------------------------------------------------------------------------------- */

struct wi_outline *wi_outline_new(const char *directory, const char *folder)
{
    struct wi_outline *outline = wi_alloc(sizeof *outline);
    outline->directory = wi_strdup(directory);
    outline->folder = wi_strdup(folder);
    outline->_references = 1;
    return outline;
}

static void add_block(
    struct wi_outline *outline, const unsigned char *hash, uint32_t file, uint32_t number)
{
    assert(outline->count < UINT32_MAX);
    struct wi_outline_block *block = WI_APPEND(outline->blocks, outline->count);
    *block = (struct wi_outline_block){.file = file, .number = number};
    memcpy(block->hash, hash, sizeof block->hash);
}

static void add_node(
    void *context, const struct wi_cid *cid, const unsigned char *block, size_t size)
{
    struct wi_outline *outline = context;
    struct wi_outline_node *node = WI_APPEND(outline->nodes, outline->node_count);
    *node = (struct wi_outline_node){.block = wi_realloc_array(NULL, size, 1), .size = size};
    memcpy(node->block, block, size);
    add_block(outline, cid->hash, WI_OUTLINE_INNER, (uint32_t)outline->node_count - 1);
}

void wi_outline_add(struct wi_outline *outline, const char *path,
    const struct wi_file_identity *seen, const struct wi_leaves *leaves)
{
    for (size_t i = 0; i < leaves->count; i++)
        add_block(outline, leaves->hashes[i], (uint32_t)outline->file_count, (uint32_t)i);
    struct wi_outline_file *file = WI_APPEND(outline->files, outline->file_count);
    *file =
        (struct wi_outline_file){.path = wi_strdup(path), .bytes = leaves->bytes, .seen = *seen};
    wi_tree_of_file(leaves, add_node, outline, &file->root);
}

/* By their hashes. Leaves come before an inner node with the same hash, and are in the order of the
 * files. */
static int block_compare(const void *a, const void *b)
{
    const struct wi_outline_block *one = a, *other = b;
    int order = memcmp(one->hash, other->hash, sizeof one->hash);
    if (order == 0)
        order = (one->file > other->file) - (one->file < other->file);
    return order ? order : (one->number > other->number) - (one->number < other->number);
}

static int is_inner(const struct wi_outline_block *block)
{
    return block->file == WI_OUTLINE_INNER;
}

static int same_block(const struct wi_outline_block *one, const struct wi_outline_block *other)
{
    return memcmp(one->hash, other->hash, sizeof one->hash) == 0 &&
           is_inner(one) == is_inner(other);
}

/* Sorts the blocks. Among equal ones, the first stays. */
static void sort_blocks(struct wi_outline *outline)
{
    size_t kept = 0;
    qsort(outline->blocks, outline->count, sizeof *outline->blocks, block_compare);
    for (size_t i = 0; i < outline->count; i++) {
        if (kept == 0 || !same_block(&outline->blocks[kept - 1], &outline->blocks[i]))
            outline->blocks[kept++] = outline->blocks[i];
    }
    outline->count = kept;
    outline->blocks = wi_realloc_array(outline->blocks, kept, sizeof *outline->blocks);
}

/* All blocks that the inner node links to are here: each was added before its parent was made. */
static void link_node(struct wi_outline *outline, struct wi_outline_node *node)
{
    struct wi_dag_node read = {0};
    enum wi_code code = wi_dag_read(WI_CODEC_DAG_PB, node->block, node->size, &read, NULL);
    assert(code == WI_OK);
    (void)code;
    node->is_folder = read.kind == WI_DAG_FOLDER;
    node->first = outline->link_count;
    node->count = read.count;
    for (size_t i = 0; i < read.count; i++) {
        size_t to = wi_outline_find(outline, &read.links[i].to.cid);
        assert(to != SIZE_MAX);
        *WI_APPEND(outline->links, outline->link_count) = (uint32_t)to;
    }
    wi_dag_clear(&read);
}

enum wi_code wi_outline_end(struct wi_outline *outline, struct wi_cid *root, struct wi_error *error)
{
    struct wi_tree_root top;
    struct wi_tree_file *files = wi_realloc_array(NULL, outline->file_count, sizeof *files);
    for (size_t i = 0; i < outline->file_count; i++)
        files[i] = (struct wi_tree_file){outline->files[i].path, outline->files[i].root};
    enum wi_code code =
        wi_tree_of_folder(files, outline->file_count, add_node, outline, &top, error);
    free(files);
    if (code != WI_OK)
        return code;
    *root = top.cid;
    sort_blocks(outline);
    for (size_t i = 0; i < outline->node_count; i++)
        link_node(outline, &outline->nodes[i]);
    return WI_OK;
}

/* --- counting --------------------------------------------------------------------------------- */

int wi_outline_is_read(const struct wi_outline *outline)
{
    return outline && outline->_references > 1;
}

void wi_outline_unref(struct wi_outline *outline)
{
    if (!outline || --outline->_references > 0)
        return;
    for (size_t i = 0; i < outline->file_count; i++)
        free(outline->files[i].path);
    for (size_t i = 0; i < outline->node_count; i++)
        free(outline->nodes[i].block);
    free(outline->files);
    free(outline->blocks);
    free(outline->nodes);
    free(outline->links);
    free(outline->directory);
    free(outline->folder);
    free(outline);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Compares the wanted CID with that of a block of the outline. */
static int compare_cid(const void *wanted, const void *item)
{
    const struct wi_cid *cid = wanted;
    const struct wi_outline_block *block = item;
    int order = memcmp(cid->hash, block->hash, sizeof cid->hash);
    return order ? order : (cid->codec == WI_CODEC_DAG_PB) - is_inner(block);
}

size_t wi_outline_find(const struct wi_outline *outline, const struct wi_cid *cid)
{
    const struct wi_outline_block *found =
        outline->count
            ? bsearch(cid, outline->blocks, outline->count, sizeof *outline->blocks, compare_cid)
            : NULL;
    return found ? (size_t)(found - outline->blocks) : SIZE_MAX;
}

static struct wi_cid outline_cid(const struct wi_outline *outline, size_t block)
{
    struct wi_cid cid = {
        .codec = is_inner(&outline->blocks[block]) ? WI_CODEC_DAG_PB : WI_CODEC_RAW};
    memcpy(cid.hash, outline->blocks[block].hash, sizeof cid.hash);
    return cid;
}

static size_t outline_size(const struct wi_outline *outline, size_t number)
{
    const struct wi_outline_block *block = &outline->blocks[number];
    if (is_inner(block))
        return outline->nodes[block->number].size;
    uint64_t left = outline->files[block->file].bytes - (uint64_t)block->number * WI_LEAF_BYTES;
    return left < WI_LEAF_BYTES ? (size_t)left : WI_LEAF_BYTES;
}

/* --- the order of a CAR ----------------------------------------------------------------------- */

struct walk {
    const struct wi_outline *outline;
    unsigned char *seen; /* a bit for each block */
    uint32_t *order;
    size_t count;
};

/* As deep as the folders of a path, and the levels of a file below them. */
static void block_visit(struct walk *walk, size_t number, int with_links)
{
    const struct wi_outline_block *block = &walk->outline->blocks[number];
    unsigned char bit = (unsigned char)(1u << (number & 7));
    if (walk->seen[number / 8] & bit)
        return;
    walk->seen[number / 8] |= bit;
    *WI_APPEND(walk->order, walk->count) = (uint32_t)number;
    if (!with_links || !is_inner(block))
        return;
    const struct wi_outline_node *node = &walk->outline->nodes[block->number];
    for (size_t i = 0; i < node->count; i++)
        block_visit(walk, walk->outline->links[node->first + i], 1);
}

static int is_folder(const struct wi_outline *outline, size_t number)
{
    const struct wi_outline_block *block = &outline->blocks[number];
    return is_inner(block) && outline->nodes[block->number].is_folder;
}

/* The numbers of the blocks in the tree below `block` that the scope includes: depth first, each
 * once. The caller frees them. */
static uint32_t *outline_walk(
    const struct wi_outline *outline, size_t block, enum wi_dag_scope scope, size_t *count)
{
    struct walk walk = {.outline = outline, .seen = wi_alloc(outline->count / 8 + 1)};
    block_visit(&walk, block,
        scope == WI_SCOPE_ALL || (scope == WI_SCOPE_ENTITY && !is_folder(outline, block)));
    free(walk.seen);
    *count = walk.count;
    return walk.order;
}

/* --- a block or a CAR, in segments ------------------------------------------------------------ */

/* One file is open at a time: a CAR has the blocks of a file one after another, except blocks that
 * several files have. */
struct wi_block_reading {
    struct wi_outline *outline; /* a reference */
    uint32_t *order;            /* the blocks */
    size_t count, at;
    int is_car, has_head;   /* `has_head`: the block's section has begun */
    struct wi_buffer begin; /* of a CAR */
    int has_begun;          /* that was given */
    unsigned char head[WI_CAR_HEAD_MAX];
    int fd; /* of the file with the number `file`; -1: none is open */
    uint32_t file;
    int failed;
};

/* --- files ------------------------------------------------------------------------------------ */

static int is_file(const struct wi_block_reading *reading, const struct stat *status)
{
    struct wi_file_identity now = wi_file_identity_of(status);
    return wi_file_identity_same(&now, &reading->outline->files[reading->file].seen);
}

/* Reports a file that is no longer the published one. Returns -1. */
static int reading_fail(struct wi_block_reading *reading)
{
    const struct wi_outline *outline = reading->outline;
    reading->failed = 1;
    if (outline->on_changed)
        outline->on_changed(outline->context, outline->files[reading->file].path);
    return -1;
}

/* Whether the open file, if there is one, was not written to since it was hashed. */
static int reading_check_file(struct wi_block_reading *reading)
{
    struct stat status;
    if (reading->fd < 0 || (fstat(reading->fd, &status) == 0 && is_file(reading, &status)))
        return 0;
    return reading_fail(reading);
}

static int reading_open_file(struct wi_block_reading *reading, uint32_t file)
{
    const struct wi_outline *outline = reading->outline;
    struct wi_error error;
    struct stat status;
    if (reading_check_file(reading) != 0)
        return -1;
    if (reading->fd >= 0 && reading->file == file)
        return 0;
    wi_close(reading->fd);
    reading->file = file;
    reading->fd = wi_open_inside(
        outline->directory, outline->folder, outline->files[file].path, &status, &error);
    if (reading->fd < 0 && error.code == WI_UNAVAILABLE) {
        reading->failed = 1;
        return -1; /* which says nothing of the file */
    }
    return reading->fd >= 0 && is_file(reading, &status) ? 0 : reading_fail(reading);
}

/* The first file that is needed, so that nothing begins that cannot be. */
static int open_first(struct wi_block_reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct wi_outline_block *block = &reading->outline->blocks[reading->order[i]];
        if (!is_inner(block))
            return reading_open_file(reading, block->file);
    }
    return 0;
}

/* --- beginning -------------------------------------------------------------------------------- */

static uint64_t reading_measure(struct wi_block_reading *reading)
{
    uint64_t bytes = reading->begin.size;
    for (size_t i = 0; i < reading->count; i++) {
        size_t size = outline_size(reading->outline, reading->order[i]);
        struct wi_cid cid = outline_cid(reading->outline, reading->order[i]);
        bytes += size + (reading->is_car ? wi_car_section(&cid, size, reading->head) : 0);
    }
    return bytes;
}

struct wi_block_reading *wi_block_reading_new(
    struct wi_outline *outline, size_t block, int is_car, enum wi_dag_scope scope, uint64_t *bytes)
{
    struct wi_block_reading *reading = wi_alloc(sizeof *reading);
    struct wi_cid root = outline_cid(outline, block);
    outline->_references++;
    reading->outline = outline;
    reading->order = outline_walk(outline, block, is_car ? scope : WI_SCOPE_BLOCK, &reading->count);
    reading->fd = -1;
    reading->is_car = is_car;
    if (is_car)
        wi_car_begin(&reading->begin, &root);
    if (bytes)
        *bytes = reading_measure(reading);
    if (open_first(reading) == 0)
        return reading;
    wi_block_reading_free(reading);
    return NULL;
}

void wi_block_reading_free(struct wi_block_reading *reading)
{
    if (!reading)
        return;
    wi_close(reading->fd);
    wi_buffer_clear(&reading->begin);
    wi_outline_unref(reading->outline);
    free(reading->order);
    free(reading);
}

/* --- going on --------------------------------------------------------------------------------- */

static int give_memory(struct wi_segment *segment, const void *bytes, size_t size)
{
    *segment = (struct wi_segment){.memory = bytes, .fd = -1, .size = size};
    return 1;
}

static int give_head(struct wi_block_reading *reading, struct wi_segment *segment)
{
    uint32_t number = reading->order[reading->at];
    struct wi_cid cid = outline_cid(reading->outline, number);
    reading->has_head = 1;
    return give_memory(segment, reading->head,
        wi_car_section(&cid, outline_size(reading->outline, number), reading->head));
}

/* 1; 0 where the block is empty; -1. */
static int give_block(struct wi_block_reading *reading, struct wi_segment *segment)
{
    uint32_t number = reading->order[reading->at++];
    const struct wi_outline_block *block = &reading->outline->blocks[number];
    size_t size = outline_size(reading->outline, number);
    reading->has_head = 0;
    if (is_inner(block))
        return give_memory(segment, reading->outline->nodes[block->number].block, size);
    if (reading_open_file(reading, block->file) != 0)
        return -1;
    *segment = (struct wi_segment){
        .fd = reading->fd, .at = (uint64_t)block->number * WI_LEAF_BYTES, .size = size};
    return size > 0;
}

int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment)
{
    int given = 0;
    if (reading->failed)
        return -1;
    if (reading->is_car && !reading->has_begun) {
        reading->has_begun = 1;
        return give_memory(segment, reading->begin.text, reading->begin.size);
    }
    while (given == 0 && reading->at < reading->count)
        given = reading->is_car && !reading->has_head ? give_head(reading, segment)
                                                      : give_block(reading, segment);
    return given ? given : reading_check_file(reading);
}
