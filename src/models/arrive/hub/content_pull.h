/*
 * Lists and fetches what a CID leads to, from several sources at once
 * (models/arrive/source/block_fetch.h). First come the blocks that say what there is; then, of the
 * files that were chosen, those that say of which leaves they are; then these, each written where
 * it belongs (leaf_file.h).
 *
 * Nobody who brings a block is trusted, and the tree is not either (models/share/content/walk.h).
 * Whatever was fetched is there after a kill: leaves in their files, other blocks beside them
 * (kept_blocks.h).
 *
 * On the loop; what blocks is done on threads of the pool.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_PULL_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_PULL_H

#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/list.h"
#include "models/arrive/hub/reference.h"
#include "models/arrive/source/block_fetch.h"
#include "models/arrive/source/router.h"
#include "models/share/blockstore/blockstore.h"

/* All is borrowed until wi_content_pull_new returns, and longer where it says so. */
struct wi_content_order {
    uv_loop_t *loop;
    struct wi_http *http;                /* for as long as it lasts */
    const struct wi_sources *sources;    /* likewise: all of them are asked; or: */
    struct wi_block_source *const *only; /* these, which are held; NULL: all */
    size_t only_count;
    const struct wi_router *router; /* likewise: whom it names is asked, too; NULL: nobody */
    const char *file_url;   /* the last of `only` has the file itself there; NULL: it has blocks */
    struct wi_limit *limit; /* likewise; NULL: none */
    const char *store; /* where the leaves of files are kept, as of a fetch; NULL: they are not */
    struct wi_blockstore *blocks; /* likewise: what it has is not fetched; NULL: none */
    const char *library; /* a store: nor is what its files have, as far as their leaves are kept;
                            NULL: none */
    uint64_t stall_ms;
    const struct wi_hub_reference *reference; /* of content */
    const char *folder;                       /* exists, and belongs to this pull alone */
    uint64_t bytes_max;                       /* of all files that are fetched */
    int hub_follows; /* it brings what does not come: who stumbles is given up early, and of a file
                        that does not come whole its beginning stays, as a part (part.h) */
    unsigned pause_ms; /* as of a block order: set by tests alone */
};

struct wi_content_pull;
struct wi_content_pull *wi_content_pull_new(const struct wi_content_order *order);
/* No callback comes any more, and the HTTP client may go; NULL is fine. What a thread is writing at
 * this moment is still written, and another pull into the same folder waits for that. */
void wi_content_pull_free(struct wi_content_pull *pull);

/* One of the two at a time, each as often as need be; never calls back from inside.
 *
 * All files below what the path leads to, its commit the CID of that. A single file is looked into
 * for its name. Errors: WI_HUB_NOT_FOUND (nobody has it, or the path leads nowhere),
 * WI_HUB_FAILED, WI_HUB_BUSY, WI_DOWNLOAD_CORRUPT, WI_NO_ROOM, WI_STORAGE_FAILED, WI_UNAVAILABLE.
 * `on_progress` tells what is waited for. */
void wi_content_pull_list(struct wi_content_pull *pull, wi_fetch_progress_fn *on_progress,
    wi_hub_list_fn *on_tree, void *context);
/* Files of that list; those that are not here already come into the folder, and get their
 * `sha256`. One whose digest is a SHA-256 must have that, and as many bytes as its row says:
 * WI_DOWNLOAD_CORRUPT where the tree says otherwise. `files` is borrowed until it has ended. Errors
 * as above; what has come stays. */
void wi_content_pull_fetch(struct wi_content_pull *pull, struct wi_hub_tree *files,
    wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end, void *context);
#endif
