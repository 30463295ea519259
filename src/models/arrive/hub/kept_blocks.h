/*
 * The blocks that a pull itself has read, kept in memory and on disk until the pull ends, so that
 * each is requested only once, even across a kill. They are folders and the inner nodes of files,
 * about 0.1 % of the data that they lead to, and every block that arrives before its place is
 * known. If such a block is a leaf with bytes of a file inside, only the bytes around them are
 * kept: the rest is in the file.
 *
 * FOLDER/.blocks has them one after another in the order of arrival. It is not trusted: a block
 * that is taken from here is checked against its hash as if it came over the network.
 */
#ifndef WI_MODELS_ARRIVE_HUB_KEPT_BLOCKS_H
#define WI_MODELS_ARRIVE_HUB_KEPT_BLOCKS_H

#include "models/share/content/dag.h"

#define WI_KEPT_BYTES_MAX (80u << 20) /* of all of them; more are not kept */

struct wi_kept_block {
    struct wi_cid cid;
    size_t size;                 /* of `bytes` */
    const unsigned char *bytes;  /* the block without the hole */
    const char *path;            /* of the file whose bytes fill the hole; NULL: no hole */
    uint64_t at;                 /* offset of those bytes in the file */
    uint32_t hole_at, hole_size; /* offset and bytes in the block */
};

struct wi_kept_blocks;
struct wi_kept_blocks *wi_kept_blocks_new(void); /* held */
struct wi_kept_blocks *wi_kept_blocks_hold(struct wi_kept_blocks *kept);
void wi_kept_blocks_release(struct wi_kept_blocks *kept); /* NULL is fine */

/* On a thread, while nothing else uses them: reads what the open folder has, at the first call
 * only. A block that is incomplete or cannot be read is treated as not kept. */
void wi_kept_blocks_load(struct wi_kept_blocks *kept, int folder);
/* NULL: it is not kept. Valid for as long as `kept` is held. */
const struct wi_kept_block *wi_kept_blocks_find(
    const struct wi_kept_blocks *kept, const struct wi_cid *cid);
/* Removes a block whose hash is wrong. Pointers to it stay valid. */
void wi_kept_blocks_forget(struct wi_kept_blocks *kept, const struct wi_cid *cid);
/* `block` is borrowed. A block that is kept already is left as it is. */
void wi_kept_blocks_add(struct wi_kept_blocks *kept, const struct wi_kept_block *block);
/* Takes the bytes added since the last call, for writing: the caller frees them. NULL: there are
 * none. */
unsigned char *wi_kept_blocks_take(struct wi_kept_blocks *kept, size_t *size);
/* On a thread: writes what was taken. 0, or -1 with errno; the file is then as it was before. */
int wi_kept_blocks_write(int folder, const unsigned char *bytes, size_t size);

#endif
