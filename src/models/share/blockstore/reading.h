/* How a reading begins; the rest is in blockstore.h. */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_READING_H
#define WI_MODELS_SHARE_BLOCKSTORE_READING_H

#include "models/share/blockstore/outline.h"

/* Of a block of the outline, of which it takes a reference, or of the CAR of what the scope wants
 * of the tree below it. NULL where the first file that it needs is not what was published. */
struct wi_block_reading *wi_reading_of_block(struct wi_outline *outline, size_t block);
struct wi_block_reading *wi_reading_of_car(
    struct wi_outline *outline, size_t block, enum wi_dag_scope scope);

#endif
