/*
 * The files of a CAR; see models.h. The index of the CAR gives the positions of blocks, and the
 * walk finds which blocks make a file. Each file has a list of stretches, most of which are a leaf.
 * The bytes of nodes with data and links, and of identity CIDs, are kept in memory, equal ones
 * once.
 */
#include "models/models.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/table.h"
#include "models/share/content/car.h"
#include "models/share/content/walk.h"
#include "terms/format/gguf.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of the file that no block has in the same form. */
struct copy {
    unsigned char hash[WI_HASH_SIZE];
    unsigned char *bytes;
    UT_hash_handle hh;
};

struct stretch {
    uint64_t at, from;         /* of the file, and of the CAR */
    const unsigned char *copy; /* instead; NULL: none */
    uint32_t size;
};

struct file {
    int found; /* its stretches are there */
    struct stretch *stretches;
    size_t count;
};

/* A wi_car_tree with what no other room needs. */
struct tree {
    struct wi_car_tree shown; /* first */
    struct wi_car_file *car;
    struct wi_walk *walk;
    struct file *files; /* as `shown` has them */
    struct copy *copies;
    /* While a block is given to the walk: */
    unsigned char *block;
    struct wi_car_place place; /* of no size: none is */
};

/* --- stretches -------------------------------------------------------------------------------- */

static const unsigned char *tree_copy(struct tree *tree, const unsigned char *bytes, size_t size)
{
    unsigned char hash[WI_HASH_SIZE];
    struct copy *copy;
    wi_hash(bytes, size, hash);
    HASH_FIND(hh, tree->copies, hash, sizeof hash, copy);
    if (copy)
        return copy->bytes;
    copy = wi_alloc(sizeof *copy);
    memcpy(copy->hash, hash, sizeof hash);
    copy->bytes = wi_alloc(size);
    memcpy(copy->bytes, bytes, size);
    HASH_ADD(hh, tree->copies, hash, sizeof copy->hash, copy);
    return copy->bytes;
}

static void tree_take_bytes(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size)
{
    struct tree *tree = context;
    struct stretch *stretch = WI_APPEND(tree->files[file].stretches, tree->files[file].count);
    *stretch = (struct stretch){.at = at, .size = (uint32_t)size};
    if (bytes >= tree->block && bytes + size <= tree->block + tree->place.size)
        stretch->from = tree->place.at + (uint64_t)(bytes - tree->block);
    else
        stretch->copy = tree_copy(tree, bytes, size);
}

static enum wi_code tree_take_leaves(struct tree *tree, size_t index, struct wi_error *error)
{
    const struct wi_walk_file *file = &wi_walk_files(tree->walk, NULL)[index];
    struct wi_car_place place;
    char text[WI_CID_TEXT];
    for (size_t i = 0; i < file->leaf_count; i++) {
        const struct wi_leaf *leaf = &file->leaves[i];
        if (wi_car_find(tree->car, &leaf->cid, &place, error) != WI_OK)
            return error->code;
        wi_cid_print(&leaf->cid, text);
        if (place.size != leaf->bytes)
            return wi_error_set(error, WI_HUB_FAILED, "",
                "at byte %" PRIu64 ": the block %s has %u bytes, and what links to it says %u",
                place.at, text, place.size, leaf->bytes);
        *WI_APPEND(tree->files[index].stretches, tree->files[index].count) =
            (struct stretch){.at = leaf->at, .from = place.at, .size = place.size};
    }
    return WI_OK;
}

static int compare_stretches(const void *a, const void *b)
{
    const struct stretch *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Gives the walk the blocks that it needs. */
static enum wi_code tree_feed(struct tree *tree, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    struct wi_cid cid;
    while (code == WI_OK && wi_walk_wanted(tree->walk, &cid)) {
        code = wi_car_find(tree->car, &cid, &tree->place, error);
        if (code == WI_OK)
            code = wi_car_block(tree->car, &tree->place, tree->block, error);
        if (code == WI_OK)
            code = wi_walk_give(tree->walk, &cid, tree->block, tree->place.size, error);
    }
    tree->place.size = 0;
    return code;
}

enum wi_code wi_car_tree_find(struct wi_car_tree *shown, size_t index, struct wi_error *error)
{
    struct tree *tree = (struct tree *)shown;
    struct file *file = &tree->files[index];
    if (file->found)
        return WI_OK;
    enum wi_code code = wi_walk_descend(tree->walk, index, error);
    if (code == WI_OK)
        code = tree_feed(tree, error);
    if (code == WI_OK)
        code = tree_take_leaves(tree, index, error);
    if (code == WI_OK && file->count > 0)
        qsort(file->stretches, file->count, sizeof *file->stretches, compare_stretches);
    file->found = code == WI_OK;
    return code;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The stretch with the byte at `at`, which must be in the file. */
static const struct stretch *stretch_at(const struct file *file, uint64_t at)
{
    size_t low = 0, high = file->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (file->stretches[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &file->stretches[low];
}

/* Like pread(2), of one stretch. */
static ssize_t read_some(
    const struct stretch *stretch, int fd, unsigned char *bytes, size_t size, uint64_t at)
{
    uint64_t skip = at - stretch->at;
    if (size > stretch->size - skip)
        size = (size_t)(stretch->size - skip);
    if (!stretch->copy)
        return pread(fd, bytes, size, (off_t)(stretch->from + skip));
    memcpy(bytes, stretch->copy + skip, size);
    return (ssize_t)size;
}

ssize_t wi_car_tree_read(
    const struct wi_car_tree *tree, size_t index, int fd, void *bytes, size_t size, uint64_t at)
{
    const struct file *file = &((const struct tree *)tree)->files[index];
    uint64_t left = at < tree->files[index].bytes ? tree->files[index].bytes - at : 0;
    size_t got = 0;
    if (size > left)
        size = (size_t)left;
    while (got < size) {
        ssize_t n = read_some(
            stretch_at(file, at + got), fd, (unsigned char *)bytes + got, size - got, at + got);
        if (n <= 0)
            return got > 0 ? (ssize_t)got : n;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum wi_code list_files(struct tree *tree, int fd, struct wi_error *error)
{
    struct wi_car_tree *shown = &tree->shown;
    unsigned char head[WI_GGUF_MAGIC_BYTES];
    tree->walk = wi_walk_new(wi_car_root(tree->car), NULL, INT64_MAX);
    wi_walk_on_bytes(tree->walk, tree_take_bytes, tree);
    enum wi_code code = tree_feed(tree, error);
    if (code != WI_OK)
        return code;
    const struct wi_walk_file *files = wi_walk_files(tree->walk, &shown->count);
    shown->files = wi_alloc((shown->count + 1) * sizeof *shown->files);
    tree->files = wi_alloc((shown->count + 1) * sizeof *tree->files);
    for (size_t i = 0; i < shown->count; i++)
        shown->files[i] = (struct wi_view_file){wi_strdup(files[i].path), files[i].bytes};
    if (shown->count != 1 || *files[0].path)
        return WI_OK;
    /* A single file gets a name by its format. */
    if ((code = wi_car_tree_find(shown, 0, error)) != WI_OK)
        return code;
    ssize_t n = wi_car_tree_read(shown, 0, fd, head, sizeof head, 0);
    free(shown->files[0].path);
    shown->files[0].path =
        wi_strdup(n > 0 && wi_gguf_is(head, (size_t)n) ? "model.gguf" : "model.onnx");
    return WI_OK;
}

struct wi_car_tree *wi_car_tree_open(
    int fd, uint64_t size, wi_car_progress_fn *on_progress, void *context, struct wi_error *error)
{
    struct tree *tree = wi_alloc(sizeof *tree);
    tree->block = wi_alloc(WI_BLOCK_MAX);
    if (wi_car_open(fd, size, on_progress, context, &tree->car, error) == WI_OK &&
        list_files(tree, fd, error) == WI_OK)
        return &tree->shown;
    wi_car_tree_free(&tree->shown);
    return NULL;
}

void wi_car_tree_free(struct wi_car_tree *shown)
{
    struct tree *tree = (struct tree *)shown;
    struct copy *copy;
    if (!tree)
        return;
    for (size_t i = 0; tree->files && i < shown->count; i++) {
        free(shown->files[i].path);
        free(tree->files[i].stretches);
    }
    while ((copy = WI_TABLE_TAKE(tree->copies))) {
        free(copy->bytes);
        free(copy);
    }
    wi_walk_free(tree->walk);
    wi_car_free(tree->car);
    free(shown->files);
    free(tree->files);
    free(tree->block);
    free(tree);
}
