/* The beginning of a reading; the rest is in blockstore.h. */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_BLOCK_READING_H
#define WI_MODELS_SHARE_BLOCKSTORE_BLOCK_READING_H

#include "models/share/blockstore/outline.h"

/* Begins a reading of a block of the outline, or of the CAR with the blocks below it that the scope
 * includes. Takes a reference to the outline. NULL if the first file that it needs is not the
 * published one. */
struct wi_block_reading *wi_reading_of_block(struct wi_outline *outline, size_t block);
struct wi_block_reading *wi_reading_of_car(
    struct wi_outline *outline, size_t block, enum wi_dag_scope scope);

#endif
