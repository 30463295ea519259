/*
 * The blocks that a walk knows: the missing ones, the places that link to them, and the parts that
 * are kept of blocks that were read.
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

enum wi_code wi_walk_read(const struct wi_cid *cid, const unsigned char *bytes, size_t size,
    struct wi_dag_node *node, struct wi_error *error)
{
    struct wi_error why = {0};
    char text[WI_CID_TEXT];
    if (wi_dag_read(cid->codec, bytes, size, node, &why) == WI_OK)
        return WI_OK;
    wi_cid_print(cid, text);
    return wi_error_set(error, WI_HUB_FAILED, "", "%s; the block is %s", why.detail, text);
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
void wi_walk_queue(struct wi_walk *walk, struct wi_walk_block *block)
{
    if (walk->after)
        DL_APPEND_ELEM(walk->queue, walk->after, block);
    else
        DL_PREPEND(walk->queue, block);
    walk->after = block;
    block->queued = 1;
}

void wi_walk_unqueue(struct wi_walk *walk, struct wi_walk_block *block)
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
    if (block->place_count == 0) {
        walk->missing++;
        wi_walk_queue(walk, block);
    }
    *WI_APPEND(block->places, block->place_count) = *place;
}

void wi_walk_forget(struct wi_walk *walk, struct wi_walk_block *block)
{
    HASH_DELETE(hh, walk->blocks, block);
    wi_walk_inner_free(block->inner);
    free(block->folder);
    free(block->places);
    free(block);
}
