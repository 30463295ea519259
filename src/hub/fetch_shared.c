/* What every part of a fetch may do: say that it has failed, and pass blocks on. */
#include "hub/fetch_private.h"

#include "base/memory.h"

void fetch_close(struct wi_fetch *fetch)
{
    fetch->closing = 1;
    wi_turn_wish(fetch->turn);
}

void fetch_fail(struct wi_fetch *fetch, const struct wi_error *error)
{
    if (fetch->closing)
        return;
    fetch->failed = 1;
    fetch->error = *error;
    fetch_close(fetch);
}

/* --- blocks ----------------------------------------------------------------------------------- */

struct block *fetch_take_block(struct wi_fetch *fetch)
{
    uv_mutex_lock(&fetch->blocks_lock);
    struct block *block = fetch->free_blocks;
    if (block)
        fetch->free_blocks = block->next;
    uv_mutex_unlock(&fetch->blocks_lock);
    if (block == NULL && fetch->blocks < BLOCKS_MAX) {
        fetch->blocks++;
        block = wi_realloc_array(NULL, 1, sizeof *block);
    }
    if (block == NULL)
        return NULL;
    block->next = NULL;
    block->size = 0;
    return block;
}

void fetch_give_block(struct wi_fetch *fetch, struct block *block)
{
    uv_mutex_lock(&fetch->blocks_lock);
    block->next = fetch->free_blocks;
    fetch->free_blocks = block;
    uv_mutex_unlock(&fetch->blocks_lock);
}

void file_add_block(struct file *file, struct block *block)
{
    uv_mutex_lock(&file->fetch->blocks_lock);
    *file->last = block;
    file->last = &block->next;
    uv_mutex_unlock(&file->fetch->blocks_lock);
}

struct block *file_next_block(struct file *file)
{
    uv_mutex_lock(&file->fetch->blocks_lock);
    struct block *block = file->first;
    if (block)
        file->first = block->next;
    if (file->first == NULL)
        file->last = &file->first;
    uv_mutex_unlock(&file->fetch->blocks_lock);
    return block;
}
