/* The first phase of a walk: down the path, then all folders and the root of each file. */
#include "models/share/content/walk_private.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* Bytes of files' roots that are kept for the time when these are descended into. */
#define ROOTS_MAX (8u << 20)

static enum wi_code list_node(struct wi_walk *walk, size_t index, const struct wi_dag_node *node,
    size_t size, struct wi_error *error);

/* --- entries ---------------------------------------------------------------------------------- */

/* Takes over `path`. */
static size_t entry_append(struct wi_walk *walk, char *path, unsigned depth)
{
    size_t count = walk->entry_count++;
    walk->entries = wi_grow_array(walk->entries, count, sizeof *walk->entries);
    walk->entries[count] = (struct wi_walk_entry){.path = path, .depth = depth};
    return count;
}

static void entry_want(struct wi_walk *walk, size_t index)
{
    const struct wi_walk_entry *entry = &walk->entries[index];
    wi_walk_want(walk, &entry->cid, &(struct wi_walk_place){.item = index, .depth = entry->depth});
}

void wi_walk_begin(struct wi_walk *walk, const struct wi_cid *root)
{
    entry_append(walk, wi_strdup(""), 1);
    walk->entries[0].cid = *root;
    entry_want(walk, 0);
}

static void set_file(struct wi_walk *walk, size_t index, uint64_t bytes)
{
    walk->entries[index].is_file = 1;
    walk->entries[index].bytes = bytes;
}

static const char *next_name(const char *rest)
{
    return rest + strspn(rest, "/");
}

static enum wi_code path_miss(const struct wi_walk *walk, struct wi_error *error)
{
    return wi_error_set(
        error, WI_HUB_NOT_FOUND, "", "there is nothing at the path %.200s", walk->path);
}

/* --- links of a folder ------------------------------------------------------------------------ */

/* Lists a block that is here. */
static enum wi_code list_bytes(struct wi_walk *walk, size_t index, const struct wi_cid *cid,
    const unsigned char *bytes, size_t size, struct wi_error *error)
{
    struct wi_dag_node node = {0};
    struct wi_error why = {0};
    enum wi_code code = wi_dag_read(cid->codec, bytes, size, &node, &why);
    if (code == WI_OK)
        code = list_node(walk, index, &node, size, error);
    else
        code = wi_walk_refuse_block(cid, &why, error);
    wi_dag_clear(&node);
    return code;
}

static enum wi_code enter_identity(
    struct wi_walk *walk, size_t index, const struct wi_cid_read *to, struct wi_error *error)
{
    struct wi_walk_entry *entry = &walk->entries[index];
    wi_cid_of(to->codec, to->identity, to->identity_size, &entry->cid);
    entry->identity = wi_alloc(to->identity_size + 1);
    memcpy(entry->identity, to->identity, to->identity_size);
    entry->identity_size = to->identity_size;
    const struct wi_cid cid = entry->cid;
    return list_bytes(walk, index, &cid, to->identity, to->identity_size, error);
}

/* Whether the link gives the length of a raw block. A block without a length is requested, because
 * otherwise it would not be noticed that a file is not empty. */
static int has_length(const struct wi_dag_link *link)
{
    return link->to.codec == WI_CODEC_RAW && (link->tsize > 0 || wi_walk_is_empty(&link->to.cid));
}

/* What an entry is, to which a folder links. */
static enum wi_code entry_enter(
    struct wi_walk *walk, size_t index, const struct wi_dag_link *link, struct wi_error *error)
{
    struct wi_walk_entry *entry = &walk->entries[index];
    free(entry->identity); /* of a folder that the path leads through */
    entry->identity = NULL;
    if (link->to.identity)
        return enter_identity(walk, index, &link->to, error);
    entry->cid = link->to.cid;
    if (entry->depth > WI_WALK_DEPTH_MAX)
        return wi_walk_refuse(&entry->cid, error, "it is deeper than %d blocks", WI_WALK_DEPTH_MAX);
    if (has_length(link))
        return list_node(walk, index, &(struct wi_dag_node){.bytes = link->tsize}, 0, error);
    const struct wi_walk_block *block = wi_walk_find(walk, &entry->cid);
    if (block && block->place_count == 0)
        return block->folder
                   ? list_bytes(walk, index, &block->cid, block->folder, block->folder_size, error)
                   : list_node(walk, index, &(struct wi_dag_node){.bytes = block->bytes}, 0, error);
    entry_want(walk, index);
    return WI_OK;
}

/* --- folders ---------------------------------------------------------------------------------- */

static int link_is_named(const struct wi_dag_link *link, const char *name, size_t size)
{
    return link->name_size == size && (size == 0 || memcmp(link->name, name, size) == 0);
}

/* NULL for one that no model can have. The caller frees it. */
static char *make_path(const char *folder, const struct wi_dag_link *link)
{
    char *path =
        wi_sprintf("%s%s%.*s", folder, *folder ? "/" : "", (int)link->name_size, link->name);
    if (wi_file_path_ok(path))
        return path;
    free(path);
    return NULL;
}

static enum wi_code list_folder(
    struct wi_walk *walk, size_t index, const struct wi_dag_node *node, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < node->count && code == WI_OK; i++) {
        const struct wi_walk_entry *folder = &walk->entries[index];
        char *path = make_path(folder->path, &node->links[i]);
        if (!path)
            continue;
        size_t child = entry_append(walk, path, folder->depth + 1);
        code = child > WI_WALK_FILES_MAX
                   ? wi_walk_refuse(&walk->entries[0].cid, error,
                         "it has more than %d files and folders, which is more than is read",
                         WI_WALK_FILES_MAX)
                   : entry_enter(walk, child, &node->links[i], error);
    }
    return code;
}

/* Goes one name further down the path. */
static enum wi_code path_follow(
    struct wi_walk *walk, const struct wi_dag_node *node, struct wi_error *error)
{
    const char *name = next_name(walk->rest);
    size_t size = strcspn(name, "/");
    for (size_t i = 0; i < node->count; i++) {
        if (!link_is_named(&node->links[i], name, size))
            continue;
        walk->rest = name + size;
        walk->entries[0].depth++;
        return entry_enter(walk, 0, &node->links[i], error);
    }
    return path_miss(walk, error);
}

/* --- a block ---------------------------------------------------------------------------------- */

/* `size`: of the block, where it is a folder's. */
static enum wi_code list_node(struct wi_walk *walk, size_t index, const struct wi_dag_node *node,
    size_t size, struct wi_error *error)
{
    int on_path = *next_name(walk->rest) != '\0';
    if (node->kind == WI_DAG_FILE) {
        set_file(walk, index, node->bytes);
        return on_path ? path_miss(walk, error) : WI_OK;
    }
    /* Counted for each place: a folder that is costly to read may be linked to very often. */
    walk->folder_bytes += size;
    if (walk->folder_bytes > WI_WALK_INNER_MAX)
        return wi_walk_refuse(&walk->entries[0].cid, error,
            "its folders have more than %u bytes, which is more than is read", WI_WALK_INNER_MAX);
    return on_path ? path_follow(walk, node, error) : list_folder(walk, index, node, error);
}

/* What later places of the block need. */
static void block_keep(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_dag_node *node, const unsigned char *bytes, size_t size)
{
    block->bytes = node->bytes;
    if (node->kind == WI_DAG_FOLDER) {
        block->folder = wi_alloc(size + 1);
        memcpy(block->folder, bytes, size);
        block->folder_size = size;
    } else if (node->count > 0 && walk->roots_bytes + size <= ROOTS_MAX) {
        block->inner = wi_walk_inner_new(node);
        walk->roots_bytes += size;
    }
}

enum wi_code wi_walk_list(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error)
{
    struct wi_dag_node node = {0};
    struct wi_error why = {0};
    enum wi_code code = wi_dag_read(block->cid.codec, bytes, size, &node, &why);
    if (code != WI_OK)
        code = wi_walk_refuse_block(&block->cid, &why, error);
    else
        block_keep(walk, block, &node, bytes, size);
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = list_node(walk, places[i].item, &node, size, error);
    wi_dag_clear(&node);
    return code;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void keep_files(struct wi_walk *walk)
{
    size_t count = 0;
    for (size_t i = 0; i < walk->entry_count; i++) {
        struct wi_walk_entry *entry = &walk->entries[i];
        if (entry->is_file) {
            walk->entries[count++] = *entry;
        } else {
            free(entry->path);
            free(entry->identity);
        }
    }
    walk->entry_count = count;
    wi_names_sort(walk->entries, count, sizeof *walk->entries);
}

void wi_walk_end_list(struct wi_walk *walk)
{
    struct wi_walk_block *block, *next;
    walk->cid = walk->entries[0].cid;
    keep_files(walk);
    walk->files = wi_alloc((walk->entry_count + 1) * sizeof *walk->files);
    for (size_t i = 0; i < walk->entry_count; i++)
        walk->files[i] = (struct wi_walk_file){.path = walk->entries[i].path,
            .cid = walk->entries[i].cid,
            .bytes = walk->entries[i].bytes};
    HASH_ITER(hh, walk->blocks, block, next)
    {
        if (!block->inner)
            wi_walk_forget(walk, block);
    }
    walk->listed = 1;
}
