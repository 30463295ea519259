/*
 * An arriving file whose leaves are known: each has a place and a hash, so leaves may arrive in any
 * order. Only verified bytes get the file's name, because:
 *
 *   - The thread that has verified a leaf writes it where it belongs. Bytes between leaves come
 *     from verified nodes (models/share/content/walk.h).
 *   - Bytes found at the opening are not trusted: each leaf is read back and hashed, and counts as
 *     present if its hash is right. So no separate record is needed, and after a kill no leaf that
 *     has reached the file is fetched again.
 *   - Only wi_leaf_file_finish gives it its name, when all of it is there and was hashed from the
 *     first byte to the last. A file that has its name is never opened for writing again.
 *
 * Until then it is stored as .NAME.DIGITS in the folder of the file, as a part is (hub_part.h); the
 * digits are of its CID, or of the SHA-256 that it must have. All functions block and are for
 * threads of the pool. After the read-back, several threads may call wi_leaf_file_add, _put, _has
 * and _bytes at the same time.
 */
#ifndef WI_MODELS_ARRIVE_HUB_LEAF_FILE_H
#define WI_MODELS_ARRIVE_HUB_LEAF_FILE_H

#include "base/error.h"
#include "base/hash.h"
#include "models/share/content/walk.h"

struct wi_leaf_file;

/* What is known of a file; borrowed for as long as the file is open. */
struct wi_leaf_plan {
    const char *path; /* in the folder, as wi_file_path_ok has it */
    struct wi_cid cid;
    uint64_t bytes;
    const struct wi_leaf *leaves; /* in the order of the file, without overlaps */
    size_t count;
    int unknown; /* its leaves are given later; until then there are none */
    /* The hash that the whole file must have, whatever its leaves are; NULL: not known. If it is
     * set, the file is stored as a part for that hash would be (hub_part.h), so that either way of
     * fetching continues what the other has left. */
    const char *sha256;
};

/* Opens what the folder `folder_fd` has of it, or begins the file. The descriptor is borrowed, and
 * must stay open for as long as the file. NULL with WI_NO_ROOM, WI_STORAGE_FAILED or WI_UNAVAILABLE
 * (out of descriptors). */
struct wi_leaf_file *wi_leaf_file_open(
    int folder_fd, const struct wi_leaf_plan *plan, struct wi_error *error);
/* Before closing: makes the file a part that can be continued in order. The bytes from the first
 * one up to the first gap stay; those behind it are removed. */
void wi_leaf_file_leave(struct wi_leaf_file *file);
/* Keeps what is there for the next opening; leaves no file if nothing is there. NULL is fine. */
void wi_leaf_file_close(struct wi_leaf_file *file);

/* Sets the leaves of a file that was opened without them, before the first one is added; they are
 * borrowed as in the plan. The file must be read back again before leaves are added. */
void wi_leaf_file_know(struct wi_leaf_file *file, const struct wi_leaf *leaves, size_t count);

/* Reads back at most about `most` bytes of what was there at the opening: 1 if there is more, 0 if
 * not, -1 and the error. Until it has returned 0, only wi_leaf_file_close may be called. */
int wi_leaf_file_read_back(struct wi_leaf_file *file, uint64_t most, struct wi_error *error);
/* Whether the file is there, complete and verified, under its own name: then there is nothing to
 * do. */
int wi_leaf_file_is_done(struct wi_leaf_file *file);
int wi_leaf_file_has(struct wi_leaf_file *file, size_t leaf);
uint64_t wi_leaf_file_bytes(struct wi_leaf_file *file); /* that are there */

/* Adds a verified leaf (an index of the plan), as long as the plan says. A leaf that is there
 * already is left alone. After a failure the file is for closing only. */
enum wi_code wi_leaf_file_add(
    struct wi_leaf_file *file, size_t leaf, const void *bytes, struct wi_error *error);
/* Reads what the file has there, verified or not. 0, or -1 if not all of it is there. */
int wi_leaf_file_read(struct wi_leaf_file *file, uint64_t at, void *bytes, size_t size);
/* Adds bytes outside of all leaves, as wi_walk_bytes_fn gives them: each once since the opening.
 * NULL: they were read from there, and are right. */
enum wi_code wi_leaf_file_put(
    struct wi_leaf_file *file, uint64_t at, const void *bytes, size_t size, struct wi_error *error);

/* Once all bytes are there: hashes at most about `most` of those that were not hashed as they
 * arrived. 1 if there are more, 0 if not, -1 and the error. */
int wi_leaf_file_hash(struct wi_leaf_file *file, uint64_t most, struct wi_error *error);
/* Then: syncs the bytes to disk and gives the file its name, which is synced by the code that
 * publishes the folder. WI_DOWNLOAD_CORRUPT if the file must have another SHA-256, which its leaves
 * contradict: nothing of it is left. */
enum wi_code wi_leaf_file_finish(struct wi_leaf_file *file, struct wi_error *error);
/* The SHA-256 of a file that is done. */
void wi_leaf_file_sha256(const struct wi_leaf_file *file, char hex[WI_HASH_HEX_SIZE]);

#endif
