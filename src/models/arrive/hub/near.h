/*
 * Brings what it can of a hub's files from neighbours (models/arrive/source/neighbours.h), before
 * the hub itself is asked: each file that the hub names by its SHA-256, and that a neighbour says
 * to have under some CID. All neighbours that say the same bring it together, leaf by leaf
 * (content_pull.h).
 *
 * Which leaves a file has is their claim, and the SHA-256 has the last word. Where a file comes out
 * as another one, it is dropped, and all who said so are out for a while, as is who sends a wrong
 * leaf. Where a file does not come whole, what is there of it from the first byte on is left as a
 * part (part.h), for the hub to go on with; who brought that is out, too, if the whole turns out to
 * be wrong then. So nothing that goes wrong here fails a pull.
 *
 * One file comes at a time, from all who have it at once; where it shares, the hub is one of them,
 * for the parts that the leaves say. If its bytes are not those, whoever claims the leaves is out.
 */
#ifndef WI_MODELS_ARRIVE_HUB_NEAR_H
#define WI_MODELS_ARRIVE_HUB_NEAR_H

#include "base/net/limit.h"
#include "models/arrive/hub/fetch.h"
#include "models/arrive/source/neighbours.h"

#define WI_NEAR_CLAIMS_MAX 4 /* CIDs that are tried for one file */

/* All is borrowed until wi_near_start returns, and longer where it says so. */
struct wi_near_order {
    uv_loop_t *loop;
    struct wi_http *http;             /* for as long as it lasts, as are: */
    struct wi_neighbours *neighbours; /* set as configured */
    struct wi_limit *limit;           /* NULL: none */
    struct wi_blockstore *blocks;     /* NULL: none */
    uint64_t stall_ms;
    struct wi_hub_tree *files; /* until it has ended; all lengths are known */
    /* The hub that shares, with its token, and where the files lie there; NULL: it does not. */
    const struct wi_hub *hub;
    const char *repository;
    const char *store, *library; /* as of a content order */
    const char *folder;          /* exists, and belongs to this pull alone */
    unsigned pause_ms;           /* as of a block order: set by tests alone */
};

/* The files that were brought are marked as `here`. `progress` is of all files; its texts are
 * borrowed until wi_near_free. */
typedef void wi_near_fn(void *context, const struct wi_fetch_progress *progress);

struct wi_near;
/* Never calls back from inside. `on_progress` comes as that of a fetch. */
struct wi_near *wi_near_start(const struct wi_near_order *order, wi_fetch_progress_fn *on_progress,
    wi_near_fn *on_end, void *context);
/* Of one that has ended: a file (its index) has come out wrong. 1 if the hub had only gone on with
 * it: whoever brought its beginning is out now. */
int wi_near_was_wrong(struct wi_near *near, size_t file);
void wi_near_free(struct wi_near *near); /* at any time; no callback comes; NULL is fine */

#endif
