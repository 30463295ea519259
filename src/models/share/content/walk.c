/*
 * The requests of a walk, and the blocks that it is given; see walk.h. walk_list.c reads blocks in
 * the first phase, and walk_file.c reads those below the files.
 *
 * New blocks go to the front of the queue, in the order of their links. So a tree is read depth
 * first, and only the siblings along the way down wait, even if every leaf is a dag-pb block.
 */
#include "models/share/content/walk_private.h"

#include "base/memory.h"
#include <stdlib.h>

struct wi_walk *wi_walk_new(const struct wi_cid *root, const char *path, uint64_t bytes_max)
{
    struct wi_walk *walk = wi_alloc(sizeof *walk);
    walk->bytes_max = bytes_max;
    walk->path = wi_strdup(path ? path : "");
    walk->rest = walk->path;
    wi_walk_begin(walk, root);
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
    struct wi_walk_place *places = missing->places;
    size_t count = missing->place_count;
    missing->places = NULL;
    missing->place_count = 0;
    walk->missing--;
    wi_walk_unqueue(walk, missing);
    walk->after = NULL;
    enum wi_code code = (walk->listed ? wi_walk_enter : wi_walk_list)(
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
        wi_walk_end_list(walk);
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
