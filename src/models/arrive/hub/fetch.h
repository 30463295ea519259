/*
 * Fetches the files of a tree from a hub into a folder: whole, verified and their bytes on disk, or
 * an error. Their names are synced by who publishes the folder. Or asks for the lengths alone of
 * those whose lengths nobody has said.
 *
 * Several files come at the same time, each over one connection, its bytes written and hashed in
 * their order (part.h says why nothing else than what was verified can get a name). So a fetch that
 * was cut, cancelled or killed goes on behind what is there, once that was hashed again, and a file
 * under its own name is hashed and not fetched again. A server that limits each connection is
 * not worked around.
 *
 * Writing and hashing happen on threads of the pool. What is worth another try is tried again with
 * growing pauses, as long as bytes keep coming and WI_RETRIES_MAX times without. A server that
 * cannot go on where it was may begin a file anew WI_RETRIES_MAX times, and one that has sent a
 * wrong file once: so nobody has more than ten times the bytes of a file fetched.
 */
#ifndef WI_MODELS_ARRIVE_HUB_FETCH_H
#define WI_MODELS_ARRIVE_HUB_FETCH_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "base/net/limit.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/tree.h"

#define WI_FETCH_FILES 4             /* files at the same time */
#define WI_FETCH_MAX_WAIT_MS 300000u /* a Retry-After beyond this ends the fetch */

struct wi_fetch;

/* What is to be fetched. All is borrowed until wi_fetch_start returns, but `lengths`. */
struct wi_fetch_order {
    const struct wi_hub *hub; /* with its token, if it has one */
    const char *repository;
    const struct wi_hub_tree *files; /* the chosen ones; without `lengths` all lengths are known */
    const char *folder;              /* exists, and belongs to this fetch alone */
    /* The store where the leaves of files that the hub names by their SHA-256 are kept
     * (models/share/blockstore/leaves.h); NULL: they are not computed. */
    const char *store;
    struct wi_limit *limit; /* of what it brings; outlives the fetch. NULL: none */
    /* NULL, or: a file (its index) has come whole with another hash than it must have, and is
     * fetched anew. 1 if that is not held against the hub. `context` is that of the fetch. */
    int (*on_wrong)(void *context, size_t file);
    /* Set by tests alone; 0: */
    unsigned pause_ms; /* 500 before the second try, then doubled */
    unsigned stall_ms; /* 30,000 without a byte end a connection */
    /* Not NULL: nothing is fetched, and `folder` does not count. One for each file: those that are
     * WI_HUB_BYTES_UNKNOWN are filled in, each once, until the fetch has ended. */
    uint64_t *lengths;
};

/* What came from one of those who brought it. Borrowed for the call. */
struct wi_fetch_source {
    const char *name;
    uint64_t bytes; /* that were right */
};

struct wi_fetch_progress {
    uint64_t done;    /* bytes that are there, those from before included */
    uint64_t total;   /* of all files */
    uint64_t fetched; /* over the network, for nothing or not */
    size_t files_done, files;
    const char *retrying; /* what has failed, and when it is tried again; NULL: nothing. Borrowed */
    const struct wi_fetch_source *sources; /* where there are several */
    size_t source_count;
};

/* At most five times a second, when something has changed. May cancel the fetch. */
typedef void wi_fetch_progress_fn(void *context, const struct wi_fetch_progress *progress);
/* `error` NULL: all files are in the folder. WI_HUB_FAILED, _UNAUTHORIZED, _NOT_FOUND, _BUSY,
 * WI_STORAGE_FAILED, WI_UNAVAILABLE (out of descriptors) otherwise; what has arrived stays for the
 * next time. `progress` is how far it got. The fetch is gone. */
typedef void wi_fetch_fn(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error);

/* Never calls back from inside. `on_progress` may be NULL. */
struct wi_fetch *wi_fetch_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_fetch_order *order, wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end,
    void *context);
/* No callback comes any more; NULL is fine. What a thread is writing at this moment is still
 * written, and another fetch into the same folder waits for that. */
void wi_fetch_cancel(struct wi_fetch *fetch);

#endif
