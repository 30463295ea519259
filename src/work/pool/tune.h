/*
 * When which node looks how it computes its kernels fastest: one that computes on a GPU and has
 * nothing to do, while nothing waits anywhere and all browsers of ours rest. It is told by a
 * message, not by a task: it takes no slot, nobody waits for it, and whatever comes ends it.
 */
#ifndef WI_WORK_POOL_TUNE_H
#define WI_WORK_POOL_TUNE_H

#include "work/pool/facts/nodes.h"
#include "work/pool/pool.h"

/* Where kernels run on the node's GPU; NULL: it has none. */
const struct wi_place *wi_pool_gpu_of(const struct pool_node *node);
/* Has nodes begin, if this is a time for it. It is called each second. */
void wi_pool_tune(struct wi_pool *pool, double now);
/* A kernel has computed on the node's GPU, with sizes of that class ("": of none): this is what it
 * may be tuned for. */
void wi_pool_tune_note(struct wi_pool *pool, const struct pool_node *node,
    const struct wi_kernel *kernel, const char *size_class);
/* The node has ended it. */
void wi_pool_tuned(
    struct wi_pool *pool, struct pool_node *node, const struct wi_node_tuning *tuning);
/* What a node is to know before it computes anything: as wi_bridge_events.tuning. */
json_t *wi_pool_tuning(const struct wi_pool *pool, const struct wi_node_info *info);
/* Tells it to a node that is welcome already. */
void wi_pool_tell_tuning(struct wi_pool *pool, const struct wi_node_info *info);

#endif
