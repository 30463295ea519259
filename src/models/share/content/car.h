/*
 * CAR v1 (https://ipld.io/specs/transport/car/carv1/): a sequence of blocks, each with its CID.
 * CARs that are written have one root. CARs that are read are not trusted. Writing is pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_CAR_H
#define WI_MODELS_SHARE_CONTENT_CAR_H

#include "base/buffer.h"
#include "models/models.h"
#include "models/share/content/dag.h"

/* The most bytes before a block of at most WI_BLOCK_MAX bytes. */
#define WI_CAR_HEAD_MAX (10 + WI_CID_BYTES)

/* --- writing ---------------------------------------------------------------------------------- */

/* Appends the head of a file with this root. */
void wi_car_begin(struct wi_buffer *out, const struct wi_cid *root);
/* Writes the bytes before a block of `size` bytes: the length and the CID. Returns their number. */
size_t wi_car_section(const struct wi_cid *cid, size_t size, unsigned char head[WI_CAR_HEAD_MAX]);

/* --- reading ---------------------------------------------------------------------------------- */

/* The index of a file that was made elsewhere. Opening it reads the whole file and hashes each
 * block, so that a CAR that was cut or changed is refused, with the place of the fault. Blocks may
 * come in any order and more than once. The index has 48 bytes for each. The functions block: they
 * are for the command line and for threads. */
struct wi_car_file;
#define WI_CAR_BLOCKS_MAX (2u << 20) /* in one file */

/* `fd` is a regular file of `size` bytes, borrowed while the CAR is open. WI_OK; WI_CANCELLED by
 * `on_progress` (may be NULL); WI_STORAGE_FAILED: it cannot be read; WI_HUB_FAILED: it is not a CAR
 * v1 with one root that it contains; WI_DOWNLOAD_CORRUPT: a block does not have the hash of its
 * CID. The last two have the offset in the detail. */
enum wi_code wi_car_open(int fd, uint64_t size, wi_car_progress_fn *on_progress, void *context,
    struct wi_car_file **car, struct wi_error *error);
void wi_car_free(struct wi_car_file *car); /* NULL is fine */

const struct wi_cid *wi_car_root(const struct wi_car_file *car);

struct wi_car_place {
    uint64_t at; /* offset of the block in the file */
    uint32_t size;
};
/* Finds the place of a block. WI_OK, or WI_HUB_NOT_FOUND naming the CID that is missing. */
enum wi_code wi_car_find(const struct wi_car_file *car, const struct wi_cid *cid,
    struct wi_car_place *place, struct wi_error *error);
/* Reads the block at `place` into `block`, which has room for WI_BLOCK_MAX bytes. It is not hashed
 * again. */
enum wi_code wi_car_block(const struct wi_car_file *car, const struct wi_car_place *place,
    unsigned char *block, struct wi_error *error);

#endif
