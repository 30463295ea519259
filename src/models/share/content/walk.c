/*
 * The blocks that a walk knows, its requests, and the blocks that it is given; see walk.h.
 * walk_list.c reads blocks in the first phase, and walk_file.c reads those below the files.
 *
 * New blocks go to the front of the queue, in the order of their links. So a tree is read depth
 * first, and only the siblings along the way down wait, even if every leaf is a dag-pb block.
 */
#include "models/share/content/walk_private.h"

#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum wi_code wi_walk_refuse(
    const struct wi_cid *cid, struct wi_error *error, const char *format, ...)
{
    char text[WI_CID_TEXT], detail[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    wi_cid_print(cid, text);
    return wi_error_set(error, WI_HUB_FAILED, "", "the block %s: %s", text, detail);
}

enum wi_code wi_walk_refuse_block(
    const struct wi_cid *cid, const struct wi_error *why, struct wi_error *error)
{
    char text[WI_CID_TEXT];
    wi_cid_print(cid, text);
    return wi_error_set(error, WI_HUB_FAILED, "", "%s; the block is %s", why->detail, text);
}

int wi_walk_is_empty(const struct wi_cid *cid)
{
    struct wi_cid empty;
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"", 0, &empty);
    return wi_cid_equal(cid, &empty);
}

/* --- the parts of a node that are kept -------------------------------------------------------- */

static uint32_t add_own(struct wi_walk_inner *inner, size_t at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(inner->own + at, bytes, size);
    return (uint32_t)at;
}

struct wi_walk_inner *wi_walk_inner_new(const struct wi_dag_node *node)
{
    struct wi_walk_inner *inner = wi_alloc(sizeof *inner);
    size_t own = node->data_size;
    for (size_t i = 0; i < node->count; i++)
        own += node->links[i].to.identity ? node->links[i].to.identity_size : 0;
    inner->bytes = node->bytes;
    inner->count = node->count;
    inner->children = wi_realloc_array(NULL, node->count + 1, sizeof *inner->children);
    inner->own = wi_alloc(own + 1);
    inner->data_size = node->data_size;
    add_own(inner, 0, node->data, node->data_size);
    own = node->data_size;
    for (size_t i = 0; i < node->count; i++) {
        const struct wi_cid_read *to = &node->links[i].to;
        struct wi_walk_child *child = &inner->children[i];
        *child = (struct wi_walk_child){
            .cid = to->cid, .identity = WI_WALK_NO_IDENTITY, .bytes = node->links[i].bytes};
        child->cid.codec = to->codec;
        if (!to->identity)
            continue;
        child->identity = add_own(inner, own, to->identity, to->identity_size);
        child->identity_size = (uint32_t)to->identity_size;
        own += to->identity_size;
    }
    return inner;
}

void wi_walk_inner_free(struct wi_walk_inner *inner)
{
    if (!inner)
        return;
    free(inner->children);
    free(inner->own);
    free(inner);
}

/* --- blocks ----------------------------------------------------------------------------------- */

struct wi_walk_block *wi_walk_find(const struct wi_walk *walk, const struct wi_cid *cid)
{
    return WI_TABLE_FIND(walk->blocks, cid, sizeof *cid);
}

/* Queues a missing block after those queued earlier in this call. */
static void walk_queue(struct wi_walk *walk, struct wi_walk_block *block)
{
    if (walk->after)
        DL_APPEND_ELEM(walk->queue, walk->after, block);
    else
        DL_PREPEND(walk->queue, block);
    walk->after = block;
    block->queued = 1;
}

static void walk_unqueue(struct wi_walk *walk, struct wi_walk_block *block)
{
    if (block->queued)
        DL_DELETE(walk->queue, block);
    block->queued = 0;
}

void wi_walk_want(struct wi_walk *walk, const struct wi_cid *cid, const struct wi_walk_place *place)
{
    struct wi_walk_block *block = wi_walk_find(walk, cid);
    if (!block) {
        block = wi_alloc(sizeof *block);
        block->cid = *cid;
        HASH_ADD(hh, walk->blocks, cid, sizeof block->cid, block);
    }
    size_t count = block->place_count++;
    if (count == 0) {
        walk->missing++;
        walk_queue(walk, block);
    }
    block->places = wi_grow_array(block->places, count, sizeof *place);
    block->places[count] = *place;
}

void wi_walk_forget(struct wi_walk *walk, struct wi_walk_block *block)
{
    HASH_DELETE(hh, walk->blocks, block);
    wi_walk_inner_free(block->inner);
    free(block->folder);
    free(block->places);
    free(block);
}

/* --- the walk --------------------------------------------------------------------------------- */

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
    walk_unqueue(walk, walk->queue);
    return 1;
}

void wi_walk_return(struct wi_walk *walk, const struct wi_cid *cid)
{
    struct wi_walk_block *block = wi_walk_find(walk, cid);
    walk->after = NULL;
    if (block && block->place_count > 0 && !block->queued)
        walk_queue(walk, block);
}

static enum wi_code walk_take(struct wi_walk *walk, struct wi_walk_block *missing,
    const unsigned char *block, size_t size, struct wi_error *error)
{
    struct wi_walk_place *places = missing->places;
    size_t count = missing->place_count;
    missing->places = NULL;
    missing->place_count = 0;
    walk->missing--;
    walk_unqueue(walk, missing);
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
