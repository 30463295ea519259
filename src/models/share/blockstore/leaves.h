/*
 * The leaves of a file, as stored in D/.content/leaves/sha256-HEX: a head with the file's hash and
 * length, then the SHA-256 of each leaf. Files that are read are not trusted. Blocks: for threads.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_LEAVES_H
#define WI_MODELS_SHARE_BLOCKSTORE_LEAVES_H

#include "base/hash.h"
#include "models/share/content/tree.h"
#include <stdatomic.h>
#include <time.h>

/* Computes the leaves of the first `bytes` bytes of an open file and, in the same pass, their
 * SHA-256; the file is read from its beginning. `done` (NULL: not wanted) counts the bytes. 0, or
 * -1 with errno: 0 if the file is shorter, ECANCELED once `stop` (NULL: never) is set. `leaves`
 * must be empty, and is empty after a failure. */
int wi_leaves_compute(int fd, uint64_t bytes, atomic_int *stop, atomic_ullong *done,
    struct wi_leaves *leaves, char sha256[WI_HASH_HEX_SIZE]);
/* Reads the leaves of the file with this SHA-256 and length from the open folder (-1: there is
 * none). 0, or -1 with `leaves` empty: the folder does not have them, or (this is logged) they are
 * malformed. */
int wi_leaves_read(int folder, const char *sha256, uint64_t bytes, struct wi_leaves *leaves);
/* Stores them in the open folder. 0, or -1 with errno. */
int wi_leaves_write(int folder, const char *sha256, const struct wi_leaves *leaves);
/* The same in the store `directory`; creates its folder for leaves if it is missing. Sweeps leave
 * them alone until that time (of the file's modification), needed or not; 0: no longer than they
 * are needed. 0, or -1. */
int wi_leaves_keep(
    const char *directory, const char *sha256, const struct wi_leaves *leaves, time_t until);
/* Opens the stored leaves of the file with this SHA-256 and length. `size` receives their number of
 * bytes, with the head, which are not checked. -1: there are none of this size. */
int wi_leaves_open(const char *directory, const char *sha256, uint64_t bytes, uint64_t *size);
/* Calls `take` with the stored leaves (borrowed) of each file that the store `directory` has as a
 * blob (models/catalog/library/blobs.h), until it returns 1. */
typedef int wi_leaves_take_fn(void *context, const char *sha256, const struct wi_leaves *leaves);
void wi_leaves_each(const char *directory, wi_leaves_take_fn *take, void *context);
/* Opens the blob with that SHA-256. -1 with errno. */
int wi_leaves_open_file(const char *directory, const char *sha256);
/* Removes the leaves of files that are not blobs of the store, whose SHA-256 `is_wanted` does not
 * know, and whose time is over. With `nobody_writes`, also removes temporary files left by a
 * process that was killed. */
typedef int wi_leaves_wanted_fn(const void *context, const char *sha256);
void wi_leaves_sweep(
    const char *directory, int nobody_writes, wi_leaves_wanted_fn *is_wanted, const void *context);

#endif
