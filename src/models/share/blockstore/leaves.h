/*
 * The leaves of a file, as D/.content/leaves/sha256-HEX has them: a head, which names the file and
 * says how long it is, then the SHA-256 of each leaf. What is read is hostile. Blocks: for threads.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_LEAVES_H
#define WI_MODELS_SHARE_BLOCKSTORE_LEAVES_H

#include "base/hash.h"
#include "models/share/content/tree.h"
#include <stdatomic.h>

/* Computes the leaves of the first `bytes` of an open file, and in the same pass its SHA-256; the
 * file is read from its beginning. `done` (NULL: nobody asks) counts the bytes. 0, or -1 with
 * errno: 0 for a file that is shorter, ECANCELED once `stop` (NULL: never) is set. `leaves` is
 * empty before, and after a failure. */
int wi_leaves_compute(int fd, uint64_t bytes, atomic_int *stop, atomic_ullong *done,
    struct wi_leaves *leaves, char sha256[WI_HASH_HEX_SIZE]);
/* The leaves of the file with this SHA-256 and length out of the open folder (-1: there is none).
 * 0, or -1 and `leaves` is empty: it has none, or (this is logged) they are not well-formed. */
int wi_leaves_read(int folder, const char *sha256, uint64_t bytes, struct wi_leaves *leaves);
/* Keeps them in the open folder. 0, or -1 with errno. */
int wi_leaves_write(int folder, const char *sha256, const struct wi_leaves *leaves);
/* The same in the store `directory`, whose folder for them is made where it is missing. */
int wi_leaves_keep(const char *directory, const char *sha256, const struct wi_leaves *leaves);
/* Calls `take` with the leaves of each file that the store `directory` has as a blob
 * (models/catalog/library/blobs.h) and of which they are kept, until it returns 1. They are
 * borrowed. */
typedef int wi_leaves_take_fn(void *context, const char *sha256, const struct wi_leaves *leaves);
void wi_leaves_each(const char *directory, wi_leaves_take_fn *take, void *context);
/* Opens the blob with that SHA-256. -1 with errno. */
int wi_leaves_open_file(const char *directory, const char *sha256);
/* Removes the leaves of the files that are no blobs of the store and that `is_wanted` does not know
 * by their SHA-256; and, where nobody writes any now, what was being written when somebody was
 * killed. */
typedef int wi_leaves_wanted_fn(const void *context, const char *sha256);
void wi_leaves_sweep(
    const char *directory, int nobody_writes, wi_leaves_wanted_fn *is_wanted, const void *context);

#endif
