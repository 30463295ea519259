/*
 * A file while it arrives: PATH.part with its bytes, PATH.ranges with which of them are there, and
 * the hash as far as they are there without a gap. PATH.ranges stays beside a file that is whole:
 * it says of which hash that is, since the hub may have another one under this path by the next
 * time. All of it blocks and is for threads of the pool, one at a time for one file.
 */
#ifndef WI_HUB_PART_H
#define WI_HUB_PART_H

#include "base/error.h"
#include "hub/ranges.h"
#include "hub/tree.h"

struct wi_part;

/* Opens what is there of `file`, whose length is known, in the folder `folder_fd` (borrowed, and
 * open for as long as the part), or begins it. Room for the whole is reserved where the file system
 * can. NULL with WI_NO_ROOM, WI_STORAGE_FAILED or WI_UNAVAILABLE (out of descriptors). */
struct wi_part *wi_part_open(int folder_fd, const struct wi_hub_file *file, struct wi_error *error);
/* Saves what is there, and leaves nothing, and no room reserved, where nothing is. NULL is fine. */
void wi_part_close(struct wi_part *part);
/* 1 if the file is there already, whole and verified, under its own name. */
int wi_part_is_done(const struct wi_part *part);
/* What is there; borrowed until the part is used again. */
const struct wi_ranges *wi_part_ranges(const struct wi_part *part);

/* After a failure the part is for closing only. */
enum wi_code wi_part_write(
    struct wi_part *part, uint64_t at, const void *bytes, size_t size, struct wi_error *error);
/* Hashes what came ahead of its turn, at most `most` bytes of it: 1 if more is waiting, 0 if not,
 * -1 and WI_STORAGE_FAILED. */
int wi_part_catch_up(struct wi_part *part, uint64_t most, struct wi_error *error);
/* Once all is there and hashed: the file, whose bytes are on disk then, gets its name; whoever
 * publishes the folder syncs that. WI_DOWNLOAD_CORRUPT if it is not
 * what the hub promised; the part is empty then and begins anew. */
enum wi_code wi_part_finish(struct wi_part *part, struct wi_error *error);
/* Writes PATH.ranges, for who goes on after this process. A failure only costs fetching again. */
void wi_part_save(struct wi_part *part);

#endif
