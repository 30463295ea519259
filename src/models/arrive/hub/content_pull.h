/*
 * Lists and fetches what a CID leads to, from several sources at once
 * (models/arrive/source/block_fetch.h). The blocks that describe the tree come first, then the
 * blocks that list the leaves of the chosen files, then the leaves themselves, each written where
 * it belongs (filled_file.h).
 *
 * Neither the sources nor the tree are trusted (models/share/content/walk.h). Fetched data survives
 * a kill: leaves in their files, other blocks in the same folder (kept_blocks.h).
 *
 * Called on the loop; blocking work is done on threads of the pool.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_PULL_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_PULL_H

#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/hub_list.h"
#include "models/arrive/source/block_fetch.h"
#include "models/arrive/source/router.h"
#include "models/share/blockstore/blockstore.h"
#include "terms/model/reference.h"

/* All members are borrowed until wi_content_pull_free. */
struct wi_content_order {
    uv_loop_t *loop;
    struct wi_http *http;
    const struct wi_sources *sources;    /* all of them are asked, unless `only` is set */
    struct wi_block_source *const *only; /* only these are asked. NULL: all */
    size_t only_count;
    /* members of the cluster that are asked, too. NULL: this daemon is in none */
    struct wi_block_source *const *members;
    size_t member_count;
    /* the providers it names are asked, too. NULL: none */
    const struct wi_router *router;
    const char *file_url;   /* where the last of `only` has the whole file; NULL: it has blocks */
    struct wi_limit *limit; /* NULL: none */
    const char *store;      /* where the leaves of files are kept, as in fetch.h; NULL: nowhere */
    struct wi_blockstore *blocks; /* blocks that it has are not fetched. NULL: none */
    /* a store: leaves that its files contain are not fetched either, if the leaves of those files
     * are kept. NULL: none */
    const char *library;
    uint64_t stall_ms;
    const struct wi_hub_reference *reference; /* of content */
    const char *folder;                       /* exists, and belongs to this pull alone */
    uint64_t bytes_max;                       /* of all files that are fetched */
    /* A hub fetches afterwards what this pull could not: sources that fail are given up early, and
     * an incomplete file leaves its beginning as a part (filled_file.h). */
    int hub_follows;
    unsigned pause_ms; /* as in a block order; set by tests alone */
};

struct wi_content_pull;
struct wi_content_pull *wi_content_pull_new(const struct wi_content_order *order);
/* No callback is called afterwards, and the HTTP client may be freed; NULL is fine. A write in
 * progress on a thread is completed, and another pull into the same folder waits for it. */
void wi_content_pull_free(struct wi_content_pull *pull);

/* Only one of the two functions below may be active at a time, each as often as needed. Neither
 * calls back from inside.
 *
 * wi_content_pull_list lists all files below what the path leads to, with the CID of that as the
 * commit. For a single file it reads its beginning to find its name. `on_progress` tells what is
 * waited for. Errors: WI_HUB_NOT_FOUND (no source has it, or the path does not exist),
 * WI_HUB_FAILED, WI_HUB_BUSY, WI_DOWNLOAD_CORRUPT, WI_NO_ROOM, WI_STORAGE_FAILED,
 * WI_UNAVAILABLE. */
void wi_content_pull_list(struct wi_content_pull *pull, wi_fetch_progress_fn *on_progress,
    wi_hub_list_fn *on_tree, void *context);
/* Fetches files of that list: those that are not here yet are written into the folder, and get
 * their `sha256`. A file whose digest is a SHA-256 must match it, and have as many bytes as its row
 * says; WI_DOWNLOAD_CORRUPT if the tree says otherwise. `files` is borrowed until the fetch has
 * ended. Errors as above; what has arrived stays. */
void wi_content_pull_fetch(struct wi_content_pull *pull, struct wi_hub_tree *files,
    wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end, void *context);
#endif
