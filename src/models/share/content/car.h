/*
 * CAR v1 (https://ipld.io/specs/transport/car/carv1/): blocks one behind another, each with its
 * CID. What is written has one root. What is read is hostile. Writing is pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_CAR_H
#define WI_MODELS_SHARE_CONTENT_CAR_H

#include "base/buffer.h"
#include "models/share/content/cid.h"
#include "models/share/content/dag.h"

#define WI_CAR_TYPE "application/vnd.ipld.car"
/* The same, of what is written here: blocks as a walk in depth meets them, each once. */
#define WI_CAR_TYPE_WRITTEN WI_CAR_TYPE "; version=1; order=dfs; dups=n"
/* Bytes of what stands before a block of at most WI_BLOCK_MAX bytes, at most. */
#define WI_CAR_HEAD_MAX (10 + WI_CID_BYTES)

/* --- writing ---------------------------------------------------------------------------------- */

/* Appends the head of a file with this root. */
void wi_car_begin(struct wi_buffer *out, const struct wi_cid *root);
/* What stands before a block of `size` bytes: its length and its CID. Returns how many bytes. */
size_t wi_car_section(const struct wi_cid *cid, size_t size, unsigned char head[WI_CAR_HEAD_MAX]);

/* --- reading ---------------------------------------------------------------------------------- */

/* A file that was made elsewhere: where its blocks lie. Opening it reads it whole and hashes each
 * block, so that a CAR that was cut or changed is refused with the place where that is seen. Blocks
 * lie in any order, and may be there more than once. The index has 48 bytes for each. Blocks: for
 * the command line and for threads. */
struct wi_car_file;
#define WI_CAR_BLOCKS_MAX (2u << 20) /* in one file */

/* Is told how many bytes of the file have been read so far, after each block. A result that is not
 * 0 ends it. */
typedef int wi_car_progress_fn(void *context, uint64_t at);

/* `fd` is a regular file of `size` bytes; borrowed, for as long as the CAR is open. WI_OK;
 * WI_CANCELLED by `on_progress` (may be NULL); WI_STORAGE_FAILED where it cannot be read;
 * WI_HUB_FAILED where it is no CAR v1 with one root that is in it, or WI_DOWNLOAD_CORRUPT where a
 * block does not have the hash of its CID, with the offset in the detail. */
enum wi_code wi_car_open(int fd, uint64_t size, wi_car_progress_fn *on_progress, void *context,
    struct wi_car_file **car, struct wi_error *error);
void wi_car_free(struct wi_car_file *car); /* NULL is fine */

const struct wi_cid *wi_car_root(const struct wi_car_file *car);

struct wi_car_place {
    uint64_t at; /* offset of the block in the file */
    uint32_t size;
};
/* Where a block lies. WI_OK, or WI_HUB_NOT_FOUND naming the CID that is not in it. */
enum wi_code wi_car_find(const struct wi_car_file *car, const struct wi_cid *cid,
    struct wi_car_place *place, struct wi_error *error);
/* Reads the block there into `block`, which has room for WI_BLOCK_MAX bytes. It is not hashed
 * again. */
enum wi_code wi_car_block(const struct wi_car_file *car, const struct wi_car_place *place,
    unsigned char *block, struct wi_error *error);

#endif
