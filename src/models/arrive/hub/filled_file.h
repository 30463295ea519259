/*
 * An arriving file, filled in one of two ways: from its first byte on, or, where its leaves are
 * known, in any order, since each leaf has a place and a hash. Only verified bytes get the file's
 * name, because:
 *
 *   - In order, a part is only appended to: wi_filled_append takes no offset. It hashes the bytes
 *     and writes the same bytes after those that were hashed before.
 *   - The thread that has verified a leaf writes it where it belongs. Bytes between leaves come
 *     from verified nodes (models/share/content/walk.h).
 *   - Bytes found at the opening are not trusted. In order they are read back and hashed before
 *     anything is added. By leaves, each leaf is read back and hashed, and counts as present if its
 *     hash is right. So no separate record is needed, and after a kill no leaf that has reached the
 *     file is fetched again.
 *   - A restart begins both a new file and a new hash.
 *   - Only wi_filled_finish gives it its name, when all of it is there and was hashed from the
 *     first byte to the last. A file that has its name is never opened for writing again.
 *
 * Until then it is stored as .NAME.DIGITS in the folder of the file. The digits are of the hash
 * that it must have, or of its CID, so that bytes of another file of that name are not continued.
 * All functions block and are for threads of the pool, one at a time for each file; but after the
 * read-back, several threads may call wi_filled_add, _put, _has and _bytes at the same time.
 */
#ifndef WI_MODELS_ARRIVE_HUB_FILLED_FILE_H
#define WI_MODELS_ARRIVE_HUB_FILLED_FILE_H

#include "base/error.h"
#include "base/hash.h"
#include "models/arrive/hub/hub_tree.h"
#include "models/share/content/tree.h"
#include "models/share/content/walk.h"

struct wi_filled;

/* What is known of a file; borrowed for as long as the file is open. */
struct wi_filled_plan {
    const char *path; /* in the folder, as wi_file_path_ok has it */
    uint64_t bytes;
    /* The hash that the whole file must have, whatever its leaves are; NULL: not known. If it is
     * set, the file is stored under its digits, so that either way of fetching continues what the
     * other has left. */
    const char *hash;
    enum wi_hub_digest digest; /* what `hash` is of; a SHA-256 unless it is filled in order */
    int in_order;              /* it has no leaves, and is filled from the first byte on */
    struct wi_cid cid;
    const struct wi_leaf *leaves; /* in the order of the file, without overlaps */
    size_t count;
    int unknown; /* its leaves are given later; until then there are none */
};

/* Opens what the folder `folder_fd` has of it, or begins the file. The descriptor is borrowed, and
 * must stay open for as long as the file. NULL with WI_NO_ROOM, WI_STORAGE_FAILED or WI_UNAVAILABLE
 * (out of descriptors). */
struct wi_filled *wi_filled_open(
    int folder_fd, const struct wi_filled_plan *plan, struct wi_error *error);
/* The same for a file as a hub lists it, whose length is known, to be filled in order. */
struct wi_filled *wi_filled_open_row(
    int folder_fd, const struct wi_hub_file *row, struct wi_error *error);
/* Keeps what is there for the next opening; leaves no file if nothing is there. NULL is fine. */
void wi_filled_close(struct wi_filled *file);

/* Reads back at most about `most` bytes of what was there at the opening: 1 if there is more, 0 if
 * not, -1 and the error. Until it has returned 0, only wi_filled_bytes and wi_filled_close may be
 * called. */
int wi_filled_read_back(struct wi_filled *file, uint64_t most, struct wi_error *error);
/* Whether the file is there, complete and verified, under its own name: then there is nothing to
 * do. */
int wi_filled_is_done(const struct wi_filled *file);
/* That are there. In order: and hashed, which is the offset of the next byte to be added. */
uint64_t wi_filled_bytes(struct wi_filled *file);
/* Once all is there: syncs the bytes to disk and gives the file its name, which is synced by the
 * code that publishes the folder. WI_DOWNLOAD_CORRUPT if it is not the file of that hash: in order
 * it is then empty and begins again, else nothing of it is left. */
enum wi_code wi_filled_finish(struct wi_filled *file, struct wi_error *error);

/* --- in order --------------------------------------------------------------------------------- */

/* `size` must not exceed what is missing. After a failure the file is for closing only. */
enum wi_code wi_filled_append(
    struct wi_filled *file, const void *bytes, size_t size, struct wi_error *error);
/* Drops all that is there. */
enum wi_code wi_filled_begin_anew(struct wi_filled *file, struct wi_error *error);
/* Right after the opening: has its leaves computed along with its hash. */
void wi_filled_compute_leaves(struct wi_filled *file);
/* Moves the leaves of a finished file into `leaves`, which is empty; once. It stays empty if they
 * were not computed. */
void wi_filled_take_leaves(struct wi_filled *file, struct wi_leaves *leaves);

/* --- by leaves -------------------------------------------------------------------------------- */

/* Sets the leaves of a file that was opened without them, before the first one is added; they are
 * borrowed as in the plan. The file must be read back again before leaves are added. */
void wi_filled_know(struct wi_filled *file, const struct wi_leaf *leaves, size_t count);
int wi_filled_has(struct wi_filled *file, size_t leaf);
/* Adds a verified leaf (an index of the plan), as long as the plan says. A leaf that is there
 * already is left alone. After a failure the file is for closing only. */
enum wi_code wi_filled_add(
    struct wi_filled *file, size_t leaf, const void *bytes, struct wi_error *error);
/* Reads what the file has there, verified or not. 0, or -1 if not all of it is there. */
int wi_filled_read(struct wi_filled *file, uint64_t at, void *bytes, size_t size);
/* Adds bytes outside of all leaves, as wi_walk_bytes_fn gives them: each once since the opening.
 * NULL: they were read from there, and are right. */
enum wi_code wi_filled_put(
    struct wi_filled *file, uint64_t at, const void *bytes, size_t size, struct wi_error *error);

/* Once all bytes are there: hashes at most about `most` of those that were not hashed as they
 * arrived, before wi_filled_finish. 1 if there are more, 0 if not, -1 and the error. */
int wi_filled_hash(struct wi_filled *file, uint64_t most, struct wi_error *error);
/* The SHA-256 of a file that is done. */
void wi_filled_sha256(const struct wi_filled *file, char hex[WI_HASH_HEX_SIZE]);
/* Before closing: makes the file a part that can be continued in order. The bytes from the first
 * one up to the first gap stay; those behind it are removed. */
void wi_filled_leave(struct wi_filled *file);

#endif
