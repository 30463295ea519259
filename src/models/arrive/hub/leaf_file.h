/*
 * A file while it arrives whose leaves are known: each has a place and a hash, so they may come in
 * any order. That what gets its name is what was verified follows from this:
 *
 *   - A leaf is written where it belongs, by who has verified it. What lies between leaves comes
 *     from verified nodes (models/share/content/walk.h).
 *   - Of what lies there at the opening nothing is believed: each leaf is read back and hashed, and
 *     is there if its hash is right. So nothing needs to be written down beside it, and after a
 *     kill no leaf is fetched again that has reached the file.
 *   - It gets its name by wi_leaf_file_finish alone, when all of it is there and was hashed, from
 *     the first byte to the last one. A file with its name is never opened for writing again.
 *
 * It lies beside its file as .NAME.DIGITS, as a part does (part.h); the digits are of its CID, or
 * of the SHA-256 that it must have. All of it blocks and is for threads of the pool;
 * wi_leaf_file_add, _put, _has and _bytes may be called by several at the same time, once it was
 * read back.
 */
#ifndef WI_MODELS_ARRIVE_HUB_LEAF_FILE_H
#define WI_MODELS_ARRIVE_HUB_LEAF_FILE_H

#include "base/error.h"
#include "base/hash.h"
#include "models/share/content/walk.h"

struct wi_leaf_file;

/* What of a file is known, borrowed for as long as the file is open. */
struct wi_leaf_plan {
    const char *path; /* in the folder, as wi_file_path_ok has it */
    struct wi_cid cid;
    uint64_t bytes;
    const struct wi_leaf *leaves; /* in the order of the file, apart from each other */
    size_t count;
    int unknown; /* which leaves it has is told later; until then there are none */
    /* What all of it must have, whatever its leaves are; NULL: not known. Then it lies as a part of
     * that (part.h) does, so that what came of it either way is gone on with. */
    const char *sha256;
};

/* Opens what is there in the folder `folder_fd` (borrowed, and open for as long as the file), or
 * begins it. NULL with WI_NO_ROOM, WI_STORAGE_FAILED or WI_UNAVAILABLE (out of descriptors). */
struct wi_leaf_file *wi_leaf_file_open(
    int folder_fd, const struct wi_leaf_plan *plan, struct wi_error *error);
/* Before it is closed: of a part, what is there from the first byte on stays, so that it can be
 * gone on with in order, and what lies behind a gap goes. */
void wi_leaf_file_leave(struct wi_leaf_file *file);
/* Leaves what is there for the next opening, and nothing where nothing is. NULL is fine. */
void wi_leaf_file_close(struct wi_leaf_file *file);

/* The leaves of one that was opened without, borrowed likewise, before the first of them is added.
 * Only once it was read back again others may come. */
void wi_leaf_file_know(struct wi_leaf_file *file, const struct wi_leaf *leaves, size_t count);

/* Reads back at most about `most` bytes of what was there at the opening: 1 if there is more of it,
 * 0 if not, -1 and the error. Until it has said 0 nothing else may be called but
 * wi_leaf_file_close. */
int wi_leaf_file_read_back(struct wi_leaf_file *file, uint64_t most, struct wi_error *error);
/* Whether it is there, whole and verified, under its own name: then there is nothing to do. */
int wi_leaf_file_is_done(struct wi_leaf_file *file);
int wi_leaf_file_has(struct wi_leaf_file *file, size_t leaf);
uint64_t wi_leaf_file_bytes(struct wi_leaf_file *file); /* that are there */

/* A leaf (an index of the plan) that was verified, as long as the plan says. One that is there
 * already is left alone. After a failure the file is for closing only. */
enum wi_code wi_leaf_file_add(
    struct wi_leaf_file *file, size_t leaf, const void *bytes, struct wi_error *error);
/* What lies there, verified or not. 0, or -1 if it is not all there. */
int wi_leaf_file_read(struct wi_leaf_file *file, uint64_t at, void *bytes, size_t size);
/* Bytes of no leaf, as wi_walk_bytes_fn gives them: each once, since the opening. NULL: they were
 * read from there, and are right. */
enum wi_code wi_leaf_file_put(
    struct wi_leaf_file *file, uint64_t at, const void *bytes, size_t size, struct wi_error *error);

/* Once all bytes are there: hashes at most about `most` of those that were not hashed as they came.
 * 1 if there are more, 0 if not, -1 and the error. */
int wi_leaf_file_hash(struct wi_leaf_file *file, uint64_t most, struct wi_error *error);
/* Then: the file, whose bytes are on disk then, gets its name; whoever publishes the folder syncs
 * that. WI_DOWNLOAD_CORRUPT where it must have another SHA-256, which its leaves contradict:
 * nothing of it is left. */
enum wi_code wi_leaf_file_finish(struct wi_leaf_file *file, struct wi_error *error);
/* The SHA-256 of one that is done. */
void wi_leaf_file_sha256(const struct wi_leaf_file *file, char hex[WI_HASH_HEX_SIZE]);

#endif
