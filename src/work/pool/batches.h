/*
 * Batches: requests for one model that run together as one attempt. The pool knows where they take
 * less time than alone, and how large they may be.
 */
#ifndef WI_WORK_POOL_BATCHES_H
#define WI_WORK_POOL_BATCHES_H

#include "work/pool/pool.h"

/* The most bytes of inputs that a batch of the model may have at the choice's node, by its memory
 * and by batches that failed on nodes like it. */
uint64_t wi_pool_batch_most(
    const struct wi_pool *pool, const struct wi_choice *choice, const struct wi_model *model);
/* Whether requests with so many bytes of inputs together should run there as a batch. `gain`
 * receives how many times as long they take alone; 0: not known. */
int wi_pool_batch_pays(const struct wi_pool *pool, const struct wi_choice *choice,
    const struct wi_model *model, size_t bytes, double *gain);
/* Where the node runs the model on that platform; NULL: nowhere, or it is gone. The caller frees
 * it, and may keep it for longer than the node. */
struct wi_place *wi_pool_batch_place(const struct wi_pool *pool, const char *node_id,
    enum wi_platform platform, const struct wi_model *model);
/* A batch with so many bytes of inputs lacked memory or broke its node there, and its requests
 * alone did not: learns from it for nodes like it. `hash` is that of its model. */
void wi_pool_batch_crowded(
    struct wi_pool *pool, const struct wi_place *place, const char *hash, size_t bytes);

#endif
