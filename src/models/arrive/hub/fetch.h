/*
 * Fetches the files of a tree from a hub into a folder: complete, verified and with their bytes on
 * disk, or ends with an error. The code that publishes the folder syncs their names. Alternatively,
 * only asks for the lengths of files whose length is unknown.
 *
 * Several files are fetched at the same time, each over one connection; the bytes of each are
 * written and hashed in order (filled_file.h explains why only what was verified can get a name). A
 * fetch that was cut, cancelled or killed therefore hashes what is there and continues after it; a
 * file that already has its name is hashed and not fetched again. A rate limit of the server for
 * each connection is not circumvented.
 *
 * Writing and hashing happen on threads of the pool. Errors that may be temporary are retried with
 * growing pauses, as long as bytes keep arriving, and WI_RETRIES_MAX times without. A server that
 * cannot continue at an offset may restart a file WI_RETRIES_MAX times, and one that has sent a
 * wrong file may do so once: so no file is transferred more than ten times over.
 */
#ifndef WI_MODELS_ARRIVE_HUB_FETCH_H
#define WI_MODELS_ARRIVE_HUB_FETCH_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "base/net/limit.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_tree.h"
#include "models/models.h"

#define WI_FETCH_FILES 4             /* files at the same time */
#define WI_FETCH_MAX_WAIT_MS 300000u /* a Retry-After beyond this ends the fetch */

struct wi_fetch;

/* What is to be fetched. All members are borrowed until the fetch ends or is cancelled, but
 * `folder` and `store` until wi_fetch_start returns. */
struct wi_fetch_order {
    const struct wi_hub *hub; /* with its token, if it has one */
    const char *repository;
    const struct wi_hub_tree *files; /* the chosen ones; without `measured` all lengths are known */
    const char *folder;              /* exists, and belongs to this fetch alone */
    /* The store where the leaves of files that the hub names by their SHA-256 are kept
     * (models/share/blockstore/leaves.h); NULL: they are not computed. */
    const char *store;
    struct wi_limit *limit; /* on what it brings; outlives the fetch. NULL: none */
    unsigned pause_ms;      /* before the second try, then doubled; default 500 */
    unsigned stall_ms;      /* without a byte until a connection is closed; default 30,000 */
    /* NULL, or called when a complete file (given by its index) has another hash than it must have,
     * before it is fetched again. Returns 1 if the failure does not count against the hub.
     * `context` is that of the fetch. */
    int (*on_wrong)(void *context, size_t file);
    /* Not NULL: `files`, in which lengths that are unknown are filled in. Nothing is fetched, and
     * `folder` is ignored. */
    struct wi_hub_tree *measured;
};

struct wi_fetch_progress {
    uint64_t done;    /* bytes that are there, including those from before */
    uint64_t total;   /* of all files */
    uint64_t fetched; /* over the network, including bytes that were of no use */
    size_t files_done, files;
    const char *retrying; /* what has failed, and when it is tried again; NULL: nothing. Borrowed */
    const struct wi_fetch_source *sources; /* where there are several */
    size_t source_count;
};

/* Called at most five times per second, when something has changed. May cancel the fetch. */
typedef void wi_fetch_progress_fn(void *context, const struct wi_fetch_progress *progress);
/* Called once at the end; the fetch is gone then. `error` NULL: all files are in the folder.
 * Otherwise WI_HUB_FAILED, _UNAUTHORIZED, _NOT_FOUND, _BUSY, WI_STORAGE_FAILED, WI_UNAVAILABLE (out
 * of descriptors); what has arrived stays for the next time. `progress` is how far it got. */
typedef void wi_fetch_fn(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error);

/* Never calls back from inside. `on_progress` may be NULL. */
struct wi_fetch *wi_fetch_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_fetch_order *order, wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end,
    void *context);
/* No callback is called afterwards; NULL is fine. A write in progress on a thread is completed, and
 * another fetch into the same folder waits for it. */
void wi_fetch_cancel(struct wi_fetch *fetch);

#endif
