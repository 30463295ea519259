/*
 * Decides when a node looks for the fastest way to compute its kernels: a node that computes on a
 * GPU does so when it is idle, no work waits anywhere, and all browsers of ours are at rest. The
 * order is a message, not a task: it takes no slot, no client waits for it, and any task ends it.
 */
#ifndef WI_WORK_POOL_TUNE_H
#define WI_WORK_POOL_TUNE_H

#include "work/pool/facts/nodes.h"
#include "work/pool/pool.h"

/* The place where kernels run on the node's GPU; NULL: it has none. */
const struct wi_place *wi_pool_gpu_of(const struct pool_node *node);
/* Lets nodes begin, if the time is right. Called each second. */
void wi_pool_tune(struct wi_pool *pool, double now);
/* A kernel has run on the node's GPU, with sizes of that class ("": of none): it may be tuned for
 * these. */
void wi_pool_tune_note(struct wi_pool *pool, const struct pool_node *node,
    const struct wi_kernel *kernel, const char *size_class);
/* The node has ended tuning. */
void wi_pool_tuned(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_tuning *tuning);
/* The tuning that a node needs before it computes anything: as wi_bridge_events.tuning. */
json_t *wi_pool_tuning(void *context, const struct wi_node_info *info);
/* Sends it to a node that has already been welcomed. */
void wi_pool_tell_tuning(struct wi_pool *pool, const struct wi_node_info *info);

#endif
