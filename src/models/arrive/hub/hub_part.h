/*
 * An arriving file, fetched in order. Only verified bytes get the file's name, because:
 *
 *   - A part is only appended to: wi_part_add takes no offset. It hashes the bytes and writes the
 *     same bytes after those that were hashed before, so its hash is that of the file from the
 *     first byte to the last one written, in order, and no byte is written twice.
 *   - Bytes found at the opening are not trusted: they are read back and hashed first, and nothing
 *     is added before that.
 *   - A restart begins both a new file and a new hash.
 *   - Only wi_part_finish gives the part its name, when it is as long as it should be and its hash
 *     is the promised one. A file that has its name is never opened for writing again.
 *
 * The part is stored as .NAME.DIGITS in the folder of its file: the digits are of the wanted hash,
 * so that bytes of another commit's file are not continued. All functions block and are for threads
 * of the pool, one at a time for each file.
 */
#ifndef WI_MODELS_ARRIVE_HUB_HUB_PART_H
#define WI_MODELS_ARRIVE_HUB_HUB_PART_H

#include "base/error.h"
#include "models/arrive/hub/hub_tree.h"
#include "models/share/content/tree.h"

struct wi_partial;

/* Opens what the folder `folder_fd` has of `file`, whose length is known, or begins it. The
 * descriptor is borrowed, and must stay open for as long as the part. NULL with WI_NO_ROOM,
 * WI_STORAGE_FAILED or WI_UNAVAILABLE (out of descriptors). */
struct wi_partial *wi_part_open(
    int folder_fd, const struct wi_hub_file *file, struct wi_error *error);
/* Keeps what is there for the next opening; leaves no file if nothing is there. NULL is fine. */
void wi_part_close(struct wi_partial *part);

/* Right after the opening: has its leaves computed along with its hash. */
void wi_part_compute_leaves(struct wi_partial *part);
/* Moves the leaves of a finished part into `leaves`, which is empty; once. It stays empty if they
 * were not computed. */
void wi_part_take_leaves(struct wi_partial *part, struct wi_leaves *leaves);

/* Reads back at most about `most` bytes of what was there at the opening: 1 if there is more, 0 if
 * not, -1 and the error. Until it has returned 0, only wi_part_bytes and wi_part_close may be
 * called. */
int wi_part_read_back(struct wi_partial *part, uint64_t most, struct wi_error *error);
/* 1 if the file is there, complete and verified, under its own name: then there is nothing to
 * do. */
int wi_part_is_done(const struct wi_partial *part);
/* The number of bytes that are there and hashed, which is the offset of the next byte to be
 * added. */
uint64_t wi_part_bytes(const struct wi_partial *part);

/* `size` must not exceed what is missing. After a failure the part is for closing only. */
enum wi_code wi_part_add(
    struct wi_partial *part, const void *bytes, size_t size, struct wi_error *error);
/* Drops all that is there. */
enum wi_code wi_part_begin_anew(struct wi_partial *part, struct wi_error *error);
/* Once all is there: syncs the bytes to disk and gives the file its name, which is synced by the
 * code that publishes the folder. WI_DOWNLOAD_CORRUPT if the file is not what the hub promised; the
 * part is then empty and begins again. */
enum wi_code wi_part_finish(struct wi_partial *part, struct wi_error *error);

#endif
