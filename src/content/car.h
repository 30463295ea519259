/*
 * CAR v1 (https://ipld.io/specs/transport/car/carv1/): blocks one behind another, each with its
 * CID. What is written has one root. What is read is hostile. Pure.
 */
#ifndef WI_CONTENT_CAR_H
#define WI_CONTENT_CAR_H

#include "base/buffer.h"
#include "content/cid.h"

/* Bytes of what stands before a block of at most WI_BLOCK_MAX bytes, at most. */
#define WI_CAR_HEAD_MAX (10 + WI_CID_BYTES)

/* Appends the head of a file with this root. */
void wi_car_begin(struct wi_buffer *out, const struct wi_cid *root);
/* What stands before a block of `size` bytes: its length and its CID. Returns how many bytes. */
size_t wi_car_section(const struct wi_cid *cid, size_t size, unsigned char head[WI_CAR_HEAD_MAX]);

#endif
