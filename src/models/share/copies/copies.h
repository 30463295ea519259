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

#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/share/blockstore/blockstore.h"
#include "settings/config/config.h"

/* All members are borrowed and must outlive the copies. */
struct wi_copies_deps {
    uv_loop_t *loop;
    struct wi_neighbours *neighbours;
    struct wi_blockstore *blocks;
    struct wi_pulls *pulls;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    const char *id; /* this daemon's */
    /* Told of the most bytes that another copy may have; 0: no more copies. */
    void (*on_takes)(void *context, uint64_t bytes);
    void *context;
};

struct wi_copies;
/* The first interval begins at once. */
struct wi_copies *wi_copies_new(const struct wi_copies_deps *deps, const struct wi_config *config);
void wi_copies_reload(struct wi_copies *copies, const struct wi_config *config);
void wi_copies_free(struct wi_copies *copies); /* NULL is fine */

#endif
