/*
 * Checks whether the files of a pin are the published ones, and makes their outline. A file whose
 * metadata is unchanged is taken to be the same; otherwise it is read and hashed. Leaves that are
 * already stored are not computed again. Blocks: for threads.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_GATHER_H
#define WI_MODELS_SHARE_BLOCKSTORE_GATHER_H

#include "models/share/blockstore/outline.h"
#include "models/share/blockstore/pin.h"
#include <stdatomic.h>

struct wi_gather {
    const char *directory; /* the store */
    atomic_int *stop;      /* once it is set, the work ends soon */
    atomic_ullong *done;   /* counts the bytes of files that are done; NULL: not wanted */
    int must_keep;         /* leaves that cannot be stored are an error */
};
/* The pin gives the files and their sizes, and receives their current metadata. With `outline`
 * (NULL: not wanted), the outline is made and the pin receives the CIDs. WI_OK; WI_CONFLICT: a
 * file has changed; WI_MODEL_INVALID as wi_tree_of_folder; WI_UNAVAILABLE: it cannot be determined
 * now; WI_NO_ROOM, WI_STORAGE_FAILED. */
enum wi_code wi_gather_run(const struct wi_gather *gather, struct wi_pin *pin,
    struct wi_outline **outline, struct wi_error *error);

#endif
