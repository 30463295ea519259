/* Trees of files and folders, from below; see tree.h. */
#include "models/share/content/tree.h"

#include "base/memory.h"
#include "models/share/content/dag.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- leaves ----------------------------------------------------------------------------------- */

struct wi_leaf_hasher {
    struct wi_hasher *hasher; /* of the leaf that is being filled */
    size_t filled;            /* bytes of it */
    struct wi_leaves leaves;
};

void wi_leaves_clear(struct wi_leaves *leaves)
{
    free(leaves->hashes);
    *leaves = (struct wi_leaves){0};
}

struct wi_leaf_hasher *wi_leaf_hasher_new(void)
{
    struct wi_leaf_hasher *hasher = wi_alloc(sizeof *hasher);
    hasher->hasher = wi_hasher_new(WI_SHA256);
    return hasher;
}

static void end_leaf(struct wi_leaf_hasher *hasher)
{
    struct wi_leaves *leaves = &hasher->leaves;
    char hex[WI_HASH_HEX_SIZE];
    wi_hasher_end(hasher->hasher, hex);
    wi_hash_from_hex(hex, *WI_APPEND(leaves->hashes, leaves->count));
    hasher->filled = 0;
}

void wi_leaf_hasher_add(struct wi_leaf_hasher *hasher, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    hasher->leaves.bytes += size;
    while (size > 0) {
        size_t room = WI_LEAF_BYTES - hasher->filled, piece = size < room ? size : room;
        wi_hasher_add(hasher->hasher, at, piece);
        at += piece;
        size -= piece;
        hasher->filled += piece;
        if (hasher->filled == WI_LEAF_BYTES)
            end_leaf(hasher);
    }
}

void wi_leaf_hasher_end(struct wi_leaf_hasher *hasher, struct wi_leaves *leaves)
{
    if (hasher->filled > 0 || hasher->leaves.count == 0)
        end_leaf(hasher);
    *leaves = WI_TAKE(hasher->leaves);
}

void wi_leaf_hasher_free(struct wi_leaf_hasher *hasher)
{
    if (!hasher)
        return;
    wi_hasher_free(hasher->hasher);
    wi_leaves_clear(&hasher->leaves);
    free(hasher);
}

/* --- a file ----------------------------------------------------------------------------------- */

/* The receiver of the inner nodes. */
struct sink {
    wi_tree_node_fn *each;
    void *context;
};

/* Passes on a node's block and returns the node as its parent links to it. `children` are the
 * node's own links. */
static struct wi_dag_child node_of(const struct sink *sink, const struct wi_buffer *block,
    const struct wi_dag_child *children, size_t count)
{
    struct wi_dag_child node = {.tsize = block->size};
    wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)block->text, block->size, &node.cid);
    for (size_t i = 0; i < count; i++) {
        node.tsize += children[i].tsize;
        node.bytes += children[i].bytes;
    }
    if (sink->each)
        sink->each(sink->context, &node.cid, (const unsigned char *)block->text, block->size);
    return node;
}

static struct wi_dag_child leaf_of(const struct wi_leaves *leaves, size_t index)
{
    uint64_t before = (uint64_t)index * WI_LEAF_BYTES, left = leaves->bytes - before;
    struct wi_dag_child leaf = {.cid.codec = WI_CODEC_RAW};
    memcpy(leaf.cid.hash, leaves->hashes[index], WI_HASH_SIZE);
    leaf.tsize = leaf.bytes = left < WI_LEAF_BYTES ? left : WI_LEAF_BYTES;
    return leaf;
}

static struct wi_dag_child children_join(
    const struct sink *sink, const struct wi_dag_child *children, size_t count)
{
    struct wi_buffer block = {0};
    wi_dag_write_file(&block, children, count);
    struct wi_dag_child node = node_of(sink, &block, children, count);
    wi_buffer_clear(&block);
    return node;
}

static size_t width_at(size_t at, size_t count)
{
    return count - at < WI_TREE_WIDTH ? count - at : WI_TREE_WIDTH;
}

/* Level by level, so that all leaves have the same depth: the last node of a level may have a
 * single link. */
static struct wi_dag_child leaves_balance(const struct sink *sink, const struct wi_leaves *leaves)
{
    size_t count = (leaves->count + WI_TREE_WIDTH - 1) / WI_TREE_WIDTH, made = 0;
    struct wi_dag_child *lowest = wi_alloc(WI_TREE_WIDTH * sizeof *lowest),
                        *level = wi_alloc(count * sizeof *level);
    for (size_t at = 0; at < leaves->count; at += WI_TREE_WIDTH) {
        size_t width = width_at(at, leaves->count);
        for (size_t i = 0; i < width; i++)
            lowest[i] = leaf_of(leaves, at + i);
        level[made++] = children_join(sink, lowest, width);
    }
    /* A parent takes the place of children that were joined already. */
    for (; count > 1; count = made) {
        made = 0;
        for (size_t at = 0; at < count; at += WI_TREE_WIDTH)
            level[made++] = children_join(sink, level + at, width_at(at, count));
    }
    struct wi_dag_child root = level[0];
    free(lowest);
    free(level);
    return root;
}

void wi_tree_of_file(
    const struct wi_leaves *leaves, wi_tree_node_fn *each, void *context, struct wi_tree_root *root)
{
    const struct sink sink = {each, context};
    assert(leaves->count > 0);
    assert((leaves->count - 1) * (uint64_t)WI_LEAF_BYTES <= leaves->bytes);
    assert(leaves->bytes <= leaves->count * (uint64_t)WI_LEAF_BYTES);
    struct wi_dag_child top =
        leaves->count == 1 ? leaf_of(leaves, 0) : leaves_balance(&sink, leaves);
    *root = (struct wi_tree_root){.cid = top.cid, .tsize = top.tsize, .bytes = top.bytes};
}

/* --- a folder --------------------------------------------------------------------------------- */

/* Files of one folder: all their paths begin with its path, which is `skip` bytes with its "/". */
struct folder {
    const struct wi_tree_file *files;
    size_t count, skip;
};

static int by_name(const void *a, const void *b)
{
    const struct wi_dag_child *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static enum wi_code make_folder(const struct sink *sink, const struct folder *folder,
    struct wi_dag_child *made, struct wi_error *error);

/* Makes the next child of the folder from the files from `at` on: a file, or a folder that several
 * share. Advances `at` past them. */
static enum wi_code make_child(const struct sink *sink, const struct folder *folder, size_t *at,
    struct wi_dag_child *child, struct wi_error *error)
{
    const struct wi_tree_file *first = &folder->files[*at];
    const char *name = first->path + folder->skip, *slash = strchr(name, '/');
    enum wi_code code = WI_OK;
    if (!slash) {
        *child = (struct wi_dag_child){first->root.cid, NULL, first->root.tsize, first->root.bytes};
        ++*at;
    } else {
        struct folder inner = {first, 0, (size_t)(slash + 1 - first->path)};
        while (
            *at < folder->count && strncmp(folder->files[*at].path, first->path, inner.skip) == 0) {
            inner.count++;
            ++*at;
        }
        code = make_folder(sink, &inner, child, error);
    }
    child->name = slash ? wi_strndup(name, (size_t)(slash - name)) : wi_strdup(name);
    return code;
}

static enum wi_code make_folder(const struct sink *sink, const struct folder *folder,
    struct wi_dag_child *made, struct wi_error *error)
{
    struct wi_dag_child *children = wi_alloc((folder->count + 1) * sizeof *children);
    struct wi_buffer block = {0};
    size_t count = 0;
    enum wi_code code = WI_OK;
    for (size_t at = 0; at < folder->count && code == WI_OK;)
        code = make_child(sink, folder, &at, &children[count++], error);
    if (code == WI_OK) {
        /* By path "a-b" comes before "a/x", by name "a" before "a-b". */
        qsort(children, count, sizeof *children, by_name);
        wi_dag_write_folder(&block, children, count);
    }
    if (code == WI_OK && block.size > WI_FOLDER_BLOCK_MAX)
        code = wi_error_set(error, WI_MODEL_INVALID, NULL,
            "the folder \"/%.*s\" has %zu entries, which take %zu bytes as a block; at most %u can "
            "be published: put them into several folders",
            (int)folder->skip, folder->skip > 0 ? folder->files->path : "", count, block.size,
            WI_FOLDER_BLOCK_MAX);
    else if (code == WI_OK)
        *made = node_of(sink, &block, children, count);
    wi_buffer_clear(&block);
    for (size_t i = 0; i < count; i++)
        free((void *)children[i].name);
    free(children);
    return code;
}

enum wi_code wi_tree_of_folder(const struct wi_tree_file *files, size_t count,
    wi_tree_node_fn *each, void *context, struct wi_tree_root *root, struct wi_error *error)
{
    const struct sink sink = {each, context};
    const struct folder folder = {files, count, 0};
    struct wi_dag_child top;
    enum wi_code code = make_folder(&sink, &folder, &top, error);
    if (code == WI_OK)
        *root = (struct wi_tree_root){.cid = top.cid, .tsize = top.tsize};
    return code;
}
