/*
 * The requests of a walk, and the blocks that it is given; see walk.h. In the first phase it goes
 * down the path, and then reads all folders and the root of each file; walk_file.c reads what is
 * below the files.
 *
 * New blocks go to the front of the queue, in the order of their links. So a tree is read depth
 * first, and only the siblings along the way down wait, even if every leaf is a dag-pb block.
 */
#include "models/share/content/walk_private.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* Bytes of files' roots that are kept for the time when these are descended into. */
#define ROOTS_MAX (8u << 20)

/* --- the first phase: entries ----------------------------------------------------------------- */

static enum wi_code list_node(struct wi_walk *walk, size_t index, const struct wi_dag_node *node,
    size_t size, struct wi_error *error);

/* Takes over `path`. */
static size_t entry_append(struct wi_walk *walk, char *path, unsigned depth)
{
    *WI_APPEND(walk->entries, walk->entry_count) =
        (struct wi_walk_entry){.path = path, .depth = depth};
    return walk->entry_count - 1;
}

static void entry_want(struct wi_walk *walk, size_t index)
{
    const struct wi_walk_entry *entry = &walk->entries[index];
    wi_walk_want(walk, &entry->cid, &(struct wi_walk_place){.item = index, .depth = entry->depth});
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
    struct wi_dag_node node;
    enum wi_code code = wi_walk_read(cid, bytes, size, &node, error);
    if (code == WI_OK)
        code = list_node(walk, index, &node, size, error);
    wi_dag_clear(&node);
    return code;
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
    const struct wi_cid_read *to = &link->to;
    free(entry->identity); /* of a folder that the path leads through */
    entry->identity = NULL;
    if (to->identity) {
        wi_cid_of(to->codec, to->identity, to->identity_size, &entry->cid);
        entry->identity = wi_alloc(to->identity_size + 1);
        memcpy(entry->identity, to->identity, to->identity_size);
        entry->identity_size = to->identity_size;
        const struct wi_cid cid = entry->cid;
        return list_bytes(walk, index, &cid, to->identity, to->identity_size, error);
    }
    entry->cid = to->cid;
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

static enum wi_code list_folder(
    struct wi_walk *walk, size_t index, const struct wi_dag_node *node, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < node->count && code == WI_OK; i++) {
        const struct wi_walk_entry *folder = &walk->entries[index];
        const struct wi_dag_link *link = &node->links[i];
        char *path = wi_sprintf(
            "%s%s%.*s", folder->path, *folder->path ? "/" : "", (int)link->name_size, link->name);
        if (!wi_file_path_ok(path)) { /* no model can have it */
            free(path);
            continue;
        }
        size_t child = entry_append(walk, path, folder->depth + 1);
        code = child > WI_WALK_FILES_MAX
                   ? wi_walk_refuse(&walk->entries[0].cid, error,
                         "it has more than %d files and folders, which is more than is read",
                         WI_WALK_FILES_MAX)
                   : entry_enter(walk, child, link, error);
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
        const struct wi_dag_link *link = &node->links[i];
        if (link->name_size != size || (size > 0 && memcmp(link->name, name, size) != 0))
            continue;
        walk->rest = name + size;
        walk->entries[0].depth++;
        return entry_enter(walk, 0, link, error);
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
        walk->entries[index].is_file = 1;
        walk->entries[index].bytes = node->bytes;
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

/* As wi_walk_enter. */
static enum wi_code list_block(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error)
{
    struct wi_dag_node node;
    enum wi_code code = wi_walk_read(&block->cid, bytes, size, &node, error);
    if (code == WI_OK)
        block_keep(walk, block, &node, bytes, size);
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = list_node(walk, places[i].item, &node, size, error);
    wi_dag_clear(&node);
    return code;
}

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

/* Makes the files once nothing is missing. */
static void walk_end_list(struct wi_walk *walk)
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

/* --- the walk --------------------------------------------------------------------------------- */

struct wi_walk *wi_walk_new(const struct wi_cid *root, const char *path, uint64_t bytes_max)
{
    struct wi_walk *walk = wi_alloc(sizeof *walk);
    walk->bytes_max = bytes_max;
    walk->path = wi_strdup(path ? path : "");
    walk->rest = walk->path;
    entry_append(walk, wi_strdup(""), 1);
    walk->entries[0].cid = *root;
    entry_want(walk, 0);
    return walk;
}

void wi_walk_free(struct wi_walk *walk)
{
    if (!walk)
        return;
    while (walk->blocks)
        wi_walk_forget(walk, walk->blocks);
    for (size_t i = 0; i < walk->entry_count; i++) {
        free(walk->entries[i].path);
        free(walk->entries[i].identity);
        if (walk->listed)
            free(walk->files[i].leaves);
    }
    free(walk->entries);
    free(walk->files);
    free(walk->path);
    free(walk);
}

int wi_walk_wanted(struct wi_walk *walk, struct wi_cid *cid)
{
    if (!walk->queue)
        return 0;
    *cid = walk->queue->cid;
    wi_walk_unqueue(walk, walk->queue);
    return 1;
}

void wi_walk_return(struct wi_walk *walk, const struct wi_cid *cid)
{
    struct wi_walk_block *block = wi_walk_find(walk, cid);
    walk->after = NULL;
    if (block && block->place_count > 0 && !block->queued)
        wi_walk_queue(walk, block);
}

static enum wi_code walk_take(struct wi_walk *walk, struct wi_walk_block *missing,
    const unsigned char *block, size_t size, struct wi_error *error)
{
    struct wi_walk_place *places = WI_TAKE(missing->places);
    size_t count = WI_TAKE(missing->place_count);
    walk->missing--;
    wi_walk_unqueue(walk, missing);
    walk->after = NULL;
    enum wi_code code = (walk->listed ? wi_walk_enter : list_block)(
        walk, missing, places, count, block, size, error);
    free(places);
    return code;
}

enum wi_code wi_walk_give(struct wi_walk *walk, const struct wi_cid *cid,
    const unsigned char *block, size_t size, struct wi_error *error)
{
    struct wi_walk_block *missing = wi_walk_find(walk, cid);
    char text[WI_CID_TEXT];
    struct wi_cid seen;
    if (!missing || missing->place_count == 0)
        return WI_OK;
    if (size <= WI_BLOCK_MAX)
        wi_cid_of(cid->codec, block, size, &seen);
    if (size > WI_BLOCK_MAX || !wi_cid_equal(&seen, cid)) {
        wi_cid_print(cid, text);
        return wi_error_set(
            error, WI_DOWNLOAD_CORRUPT, "", "the block that was sent as %s is another one", text);
    }
    enum wi_code code = walk_take(walk, missing, block, size, error);
    if (code == WI_OK && !walk->listed && walk->missing == 0)
        walk_end_list(walk);
    return code;
}

int wi_walk_is_done(const struct wi_walk *walk)
{
    return walk->missing == 0;
}

const struct wi_cid *wi_walk_cid(const struct wi_walk *walk)
{
    return &walk->cid;
}

const struct wi_walk_file *wi_walk_files(const struct wi_walk *walk, size_t *count)
{
    if (count)
        *count = walk->entry_count;
    return walk->files;
}

enum wi_code wi_walk_descend(struct wi_walk *walk, size_t file, struct wi_error *error)
{
    /* Behind all that waits: files are read in the order in which they are descended into. */
    walk->after = walk->queue ? walk->queue->prev : NULL;
    return walk->entries[file].descended ? WI_OK : wi_walk_begin_file(walk, file, error);
}

int wi_walk_is_whole(const struct wi_walk *walk, size_t file)
{
    return walk->entries[file].descended && walk->entries[file].missing == 0;
}

void wi_walk_on_bytes(struct wi_walk *walk, wi_walk_bytes_fn *on_bytes, void *context)
{
    walk->on_bytes = on_bytes;
    walk->context = context;
}
