/*
 * Keeps [content] replicas copies of models that are published, here and by neighbours. In each
 * interval the neighbours report what they have, and decide.h decides what to do: one model at a
 * time is pulled as ipfs/CID and held as a copy, and copies that are no longer needed are dropped.
 * Without replicas, and without copies from earlier, nothing is done and no neighbour is asked.
 *
 * All functions are called on the loop's thread.
 */
#ifndef WI_MODELS_SHARE_COPIES_COPIES_H
#define WI_MODELS_SHARE_COPIES_COPIES_H

#include "models/models.h"

struct wi_copies;
/* The daemon's id and the parts of the models are borrowed and must outlive the copies. `on_takes`
 * is told of the most bytes that another copy may have; 0: no more copies. The first interval
 * begins at once. */
struct wi_copies *wi_copies_new(const struct wi_models_deps *deps, const struct wi_models *models,
    void (*on_takes)(void *context, uint64_t bytes), void *context, const struct wi_config *config);
void wi_copies_reload(struct wi_copies *copies, const struct wi_config *config);
void wi_copies_free(struct wi_copies *copies); /* NULL is fine */

#endif
