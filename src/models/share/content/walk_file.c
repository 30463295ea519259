/* The second phase of a walk: from the root of a file down to its leaves. */
#include "models/share/content/walk_private.h"

#include "base/memory.h"
#include <inttypes.h>
#include <stdlib.h>

/* The most places of dag-pb blocks, which are leaves or have at least five of them. A place that
 * waits costs about 170 bytes. */
#define NODES_MAX ((size_t)WI_WALK_LEAVES_MAX / 4 * 5)

static enum wi_code child_reach(struct wi_walk *walk, const struct wi_walk_inner *parent,
    const struct wi_walk_child *child, const struct wi_walk_place *place, struct wi_error *error);

/* --- leaves ----------------------------------------------------------------------------------- */

static enum wi_code count_place(
    size_t *count, size_t max, const struct wi_cid *cid, struct wi_error *error)
{
    if (++*count <= max)
        return WI_OK;
    return wi_walk_refuse(cid, error,
        "with it there are more than %zu blocks below files, each as often as it is linked to, "
        "which is more than is read",
        max);
}

static enum wi_code check_bytes(uint64_t bytes, const struct wi_walk_place *place,
    const struct wi_cid *cid, struct wi_error *error)
{
    if (bytes == place->bytes)
        return WI_OK;
    return wi_walk_refuse(cid, error,
        "it has %" PRIu64 " bytes of a file, and what links to it says %" PRIu64, bytes,
        place->bytes);
}

static enum wi_code walk_tell(struct wi_walk *walk, const struct wi_walk_place *place,
    const unsigned char *bytes, size_t size, struct wi_error *error)
{
    if (size == 0)
        return WI_OK;
    if (!walk->on_bytes)
        return wi_walk_refuse(&walk->files[place->item].cid, error,
            "bytes of the file are in blocks other than raw ones");
    walk->on_bytes(walk->context, place->item, place->at, bytes, size);
    return WI_OK;
}

/* One of no bytes is none. */
static enum wi_code add_leaf(struct wi_walk *walk, const struct wi_cid *cid,
    const struct wi_walk_place *place, struct wi_error *error)
{
    struct wi_walk_file *file = &walk->files[place->item];
    enum wi_code code = count_place(&walk->leaves, WI_WALK_LEAVES_MAX, cid, error);
    if (code != WI_OK)
        return code;
    if (place->bytes > WI_BLOCK_MAX)
        return wi_walk_refuse(cid, error,
            "it has %" PRIu64 " bytes by what links to it; blocks of at most %u are read",
            place->bytes, WI_BLOCK_MAX);
    if (place->bytes == 0)
        return wi_walk_is_empty(cid)
                   ? WI_OK
                   : wi_walk_refuse(cid, error, "it is not empty, as what links to it says");
    *WI_APPEND(file->leaves, file->leaf_count) =
        (struct wi_leaf){.cid = *cid, .at = place->at, .bytes = (uint32_t)place->bytes};
    return WI_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static enum wi_code inner_expand(struct wi_walk *walk, const struct wi_cid *cid,
    const struct wi_walk_inner *inner, const struct wi_walk_place *place, struct wi_error *error)
{
    struct wi_walk_place below = {
        .item = place->item, .at = place->at + inner->data_size, .depth = place->depth + 1};
    enum wi_code code = check_bytes(inner->bytes, place, cid, error);
    if (code == WI_OK)
        code = walk_tell(walk, place, inner->own, inner->data_size, error);
    for (size_t i = 0; i < inner->count && code == WI_OK; i++) {
        below.bytes = inner->children[i].bytes;
        code = child_reach(walk, inner, &inner->children[i], &below, error);
        below.at += below.bytes;
    }
    return code;
}

static enum wi_code take_leaf(struct wi_walk *walk, const struct wi_cid *cid,
    const struct wi_dag_node *node, const struct wi_walk_place *place, struct wi_error *error)
{
    enum wi_code code = check_bytes(node->bytes, place, cid, error);
    if (code == WI_OK)
        code = count_place(&walk->leaves, WI_WALK_LEAVES_MAX, cid, error);
    return code == WI_OK ? walk_tell(walk, place, node->data, node->data_size, error) : code;
}

static enum wi_code walk_read_node(const struct wi_cid *cid, const unsigned char *bytes,
    size_t size, struct wi_dag_node *node, struct wi_error *error)
{
    enum wi_code code = wi_walk_read(cid, bytes, size, node, error);
    return code == WI_OK && node->kind != WI_DAG_FILE
               ? wi_walk_refuse(cid, error, "it is a folder, and is below a file")
               : code;
}

static enum wi_code reach_identity(struct wi_walk *walk, enum wi_codec codec,
    const unsigned char *bytes, size_t size, const struct wi_walk_place *place,
    struct wi_error *error)
{
    struct wi_dag_node node = {0};
    struct wi_cid cid;
    wi_cid_of(codec, bytes, size, &cid);
    enum wi_code code = count_place(&walk->nodes, NODES_MAX, &cid, error);
    if (code == WI_OK)
        code = walk_read_node(&cid, bytes, size, &node, error);
    if (code == WI_OK && node.count == 0) {
        code = take_leaf(walk, &cid, &node, place, error);
    } else if (code == WI_OK) {
        struct wi_walk_inner *inner = wi_walk_inner_new(&node);
        code = inner_expand(walk, &cid, inner, place, error);
        wi_walk_inner_free(inner);
    }
    wi_dag_clear(&node);
    return code;
}

/* A dag-pb block, or a raw one. */
static enum wi_code reach_block(struct wi_walk *walk, const struct wi_cid *cid,
    const struct wi_walk_place *place, struct wi_error *error)
{
    if (place->depth > WI_WALK_DEPTH_MAX)
        return wi_walk_refuse(cid, error, "it is deeper than %d blocks", WI_WALK_DEPTH_MAX);
    if (cid->codec == WI_CODEC_RAW)
        return add_leaf(walk, cid, place, error);
    enum wi_code code = count_place(&walk->nodes, NODES_MAX, cid, error);
    if (code != WI_OK)
        return code;
    const struct wi_walk_block *block = wi_walk_find(walk, cid);
    if (block && block->inner)
        return inner_expand(walk, cid, block->inner, place, error);
    walk->entries[place->item].missing++;
    wi_walk_want(walk, cid, place);
    return WI_OK;
}

static enum wi_code child_reach(struct wi_walk *walk, const struct wi_walk_inner *parent,
    const struct wi_walk_child *child, const struct wi_walk_place *place, struct wi_error *error)
{
    return child->identity == WI_WALK_NO_IDENTITY
               ? reach_block(walk, &child->cid, place, error)
               : reach_identity(walk, child->cid.codec, parent->own + child->identity,
                     child->identity_size, place, error);
}

/* --- the walk --------------------------------------------------------------------------------- */

static int compare_leaves(const void *a, const void *b)
{
    const struct wi_leaf *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* Sorts the leaves of a file of which nothing is missing. */
static void end_file(struct wi_walk *walk, size_t file)
{
    struct wi_walk_file *whole = &walk->files[file];
    size_t sorted = 1;
    if (walk->entries[file].missing > 0)
        return;
    while (sorted < whole->leaf_count && whole->leaves[sorted - 1].at < whole->leaves[sorted].at)
        sorted++;
    if (sorted < whole->leaf_count)
        qsort(whole->leaves, whole->leaf_count, sizeof *whole->leaves, compare_leaves);
}

enum wi_code wi_walk_begin_file(struct wi_walk *walk, size_t file, struct wi_error *error)
{
    struct wi_walk_entry *entry = &walk->entries[file];
    const struct wi_walk_place place = {.item = file, .bytes = entry->bytes, .depth = entry->depth};
    entry->descended = 1;
    if (entry->bytes > walk->bytes_max - walk->bytes)
        return wi_error_set(error, WI_NO_ROOM, "",
            "the files have more bytes than there is room for: %.255s alone %" PRIu64
            ", those before it %" PRIu64 ", and there is room for %" PRIu64,
            *entry->path ? entry->path : "the file", entry->bytes, walk->bytes, walk->bytes_max);
    walk->bytes += entry->bytes;
    enum wi_code code = entry->identity ? reach_identity(walk, entry->cid.codec, entry->identity,
                                              entry->identity_size, &place, error)
                                        : reach_block(walk, &entry->cid, &place, error);
    end_file(walk, file);
    return code;
}

/* Takes a node with links, which is kept. */
static enum wi_code take_inner(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_dag_node *node, size_t size, const struct wi_walk_place *places, size_t count,
    struct wi_error *error)
{
    enum wi_code code = WI_OK;
    walk->inner_bytes += size;
    if (walk->inner_bytes > WI_WALK_INNER_MAX)
        return wi_walk_refuse(&block->cid, error,
            "with it the inner nodes have more than %u bytes, which is more than is read",
            WI_WALK_INNER_MAX);
    block->inner = wi_walk_inner_new(node);
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = inner_expand(walk, &block->cid, block->inner, &places[i], error);
    return code;
}

enum wi_code wi_walk_enter(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error)
{
    struct wi_dag_node node = {0};
    enum wi_code code = walk_read_node(&block->cid, bytes, size, &node, error);
    int is_leaf = node.count == 0;
    if (code == WI_OK && !is_leaf)
        code = take_inner(walk, block, &node, size, places, count, error);
    for (size_t i = 0; i < count && code == WI_OK && is_leaf; i++)
        code = take_leaf(walk, &block->cid, &node, &places[i], error);
    wi_dag_clear(&node);
    for (size_t i = 0; i < count; i++) {
        walk->entries[places[i].item].missing--;
        end_file(walk, places[i].item);
    }
    if (code == WI_OK && is_leaf)
        wi_walk_forget(walk, block);
    return code;
}
