/*
 * Looks whether the files of a pin are what was published, and makes the outline of them. A file
 * that looks as it did is taken for the same; one that looks otherwise is read and hashed. Leaves
 * that are kept already are not computed again. Blocks: for threads.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_GATHER_H
#define WI_MODELS_SHARE_BLOCKSTORE_GATHER_H

#include "models/share/blockstore/outline.h"
#include "models/share/blockstore/pin.h"
#include <stdatomic.h>

struct wi_gather {
    const char *directory; /* the store */
    atomic_int *stop;      /* set: it ends soon */
    atomic_ullong *done;   /* counts the bytes of files that are done; NULL: nobody asks */
    int must_keep;         /* leaves that cannot be kept are an error */
};
/* The record says which files and bytes are meant. How they look now is noted in it. With `outline`
 * (NULL: not wanted) that is made, and the record gets the CIDs. WI_OK; WI_CONFLICT: a file is not
 * that any more; WI_MODEL_INVALID as wi_tree_of_folder; WI_UNAVAILABLE: nobody can say now;
 * WI_NO_ROOM, WI_STORAGE_FAILED. */
enum wi_code wi_gather_run(const struct wi_gather *gather, struct wi_pin_record *record,
    struct wi_outline **outline, struct wi_error *error);

#endif
