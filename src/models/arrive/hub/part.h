/*
 * A file while it arrives. That what gets its name is what was verified follows from four things:
 *
 *   - A part is only ever added to: wi_part_add takes no place. It hashes the bytes and writes the
 *     same bytes behind those that were hashed before, so its hash is that of the file from the
 *     first byte to the last one written, in their order, and no byte is written twice.
 *   - Of what lies there at the opening nothing is believed: it is read back and hashed first, and
 *     nothing is added before.
 *   - Beginning anew is a new file and a new hash, together.
 *   - The part gets its name by wi_part_finish alone, when it is as long as it should be and its
 *     hash is the promised one. A file with its name is never opened for writing again.
 *
 * The part lies beside its file, as .NAME.DIGITS: the digits are of the hash that is wanted, so
 * that bytes of another commit's file are not gone on with. All of it blocks and is for threads of
 * the pool, one at a time for a file.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PART_H
#define WI_MODELS_ARRIVE_HUB_PART_H

#include "base/error.h"
#include "models/arrive/hub/tree.h"
#include "models/share/content/tree.h"

struct wi_partial;

/* Opens what is there of `file`, whose length is known, in the folder `folder_fd` (borrowed, and
 * open for as long as the part), or begins it. NULL with WI_NO_ROOM, WI_STORAGE_FAILED or
 * WI_UNAVAILABLE (out of descriptors). */
struct wi_partial *wi_part_open(
    int folder_fd, const struct wi_hub_file *file, struct wi_error *error);
/* Leaves what is there for the next opening, and nothing where nothing is. NULL is fine. */
void wi_part_close(struct wi_partial *part);

/* Right after the opening: its leaves are computed beside its hash. */
void wi_part_compute_leaves(struct wi_partial *part);
/* Those of one that is done, into empty ones, once; they stay empty where they were not computed.
 */
void wi_part_take_leaves(struct wi_partial *part, struct wi_leaves *leaves);

/* Reads back at most about `most` bytes of what was there at the opening: 1 if there is more of it,
 * 0 if not, -1 and the error. Until it has said 0 nothing else may be called but wi_part_bytes and
 * wi_part_close. */
int wi_part_read_back(struct wi_partial *part, uint64_t most, struct wi_error *error);
/* 1 if the file is there, whole and verified, under its own name: then there is nothing to do. */
int wi_part_is_done(const struct wi_partial *part);
/* So many bytes of it are there and hashed: the next one to be added is this one. */
uint64_t wi_part_bytes(const struct wi_partial *part);

/* No more than are missing. After a failure the part is for closing only. */
enum wi_code wi_part_add(
    struct wi_partial *part, const void *bytes, size_t size, struct wi_error *error);
/* Drops all that is there. */
enum wi_code wi_part_begin_anew(struct wi_partial *part, struct wi_error *error);
/* Once all is there: the file, whose bytes are on disk then, gets its name; whoever publishes the
 * folder syncs that. WI_DOWNLOAD_CORRUPT if it is not what the hub promised; the part is empty then
 * and begins anew. */
enum wi_code wi_part_finish(struct wi_partial *part, struct wi_error *error);

#endif
