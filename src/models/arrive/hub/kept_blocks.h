/*
 * The blocks of a pull that were read themselves, kept in memory and beside its files for as long
 * as it goes on: so each is asked for once, also over a kill. They are folders and the inner nodes
 * of files, 0.1 % of what they lead to, and whatever else comes before it is known where it
 * belongs. Of a leaf with its bytes inside, which are the file's, only what is around them is kept.
 *
 * FOLDER/.blocks has them one behind another as they came. Nothing in it is believed: who takes a
 * block from here looks at its hash as if it came over the network.
 */
#ifndef WI_MODELS_ARRIVE_HUB_KEPT_BLOCKS_H
#define WI_MODELS_ARRIVE_HUB_KEPT_BLOCKS_H

#include "base/error.h"
#include "models/share/content/dag.h"

#define WI_KEPT_BYTES_MAX (80u << 20) /* of all of them; more are not kept */

struct wi_kept_block {
    struct wi_cid cid;
    size_t size;                 /* of `bytes` */
    const unsigned char *bytes;  /* the block without its hole */
    const char *path;            /* of the file that has what fills the hole; NULL: it has none */
    uint64_t at;                 /* of that file */
    uint32_t hole_at, hole_size; /* of the block */
};

struct wi_kept_blocks;
struct wi_kept_blocks *wi_kept_blocks_new(void); /* held */
struct wi_kept_blocks *wi_kept_blocks_hold(struct wi_kept_blocks *kept);
void wi_kept_blocks_release(struct wi_kept_blocks *kept); /* NULL is fine */

/* On a thread, while nobody else uses them: reads what the open folder has, the first time that it
 * is called. What is not whole, or cannot be read, is as if it had not been kept. */
void wi_kept_blocks_load(struct wi_kept_blocks *kept, int folder);
/* NULL: it is not kept. Still for as long as they are held. */
const struct wi_kept_block *wi_kept_blocks_find(
    const struct wi_kept_blocks *kept, const struct wi_cid *cid);
/* It is not the block that it should be. What was found of it stays valid. */
void wi_kept_blocks_forget(struct wi_kept_blocks *kept, const struct wi_cid *cid);
/* `block` is borrowed. One that is there is left as it is. */
void wi_kept_blocks_add(struct wi_kept_blocks *kept, const struct wi_kept_block *block);
/* Takes what was added since the last call, to be written: the caller frees it. NULL: nothing was.
 */
unsigned char *wi_kept_blocks_take(struct wi_kept_blocks *kept, size_t *size);
/* On a thread: writes what was taken. 0, or -1 with errno; then the file ends before it. */
int wi_kept_blocks_write(int folder, const unsigned char *bytes, size_t size);

#endif
