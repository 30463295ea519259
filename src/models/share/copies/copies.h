/*
 * Copies of what is published: here and by neighbours, so many as [content] replicas says. Each
 * interval the neighbours say what they have, and decide.h says what is to be done: one model at a
 * time is pulled as ipfs/CID and held as a copy, and copies that nobody needs any more go. Without
 * replicas, and without copies of an earlier time, nothing is done and nobody is asked.
 *
 * All is called on the loop's thread.
 */
#ifndef WI_MODELS_SHARE_COPIES_COPIES_H
#define WI_MODELS_SHARE_COPIES_COPIES_H

#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/share/blockstore/blockstore.h"
#include "settings/config/config.h"

/* All is borrowed and must outlive the copies. */
struct wi_copies_deps {
    uv_loop_t *loop;
    struct wi_neighbours *neighbours;
    struct wi_blockstore *blocks;
    struct wi_pulls *pulls;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    const char *id; /* this daemon's */
    /* Is told of how many bytes one more copy may have; 0: none is made. */
    void (*on_takes)(void *context, uint64_t bytes);
    void *context;
};

struct wi_copies;
/* Begins at once. */
struct wi_copies *wi_copies_new(const struct wi_copies_deps *deps, const struct wi_config *config);
void wi_copies_reload(struct wi_copies *copies, const struct wi_config *config);
void wi_copies_free(struct wi_copies *copies); /* NULL is fine */

#endif
