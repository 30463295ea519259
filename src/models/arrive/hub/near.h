/*
 * Fetches as many of a hub's files as possible from neighbours (models/arrive/source/neighbours.h),
 * before the hub itself is asked: the files that the hub names by their SHA-256, and that a
 * neighbour claims to have under some CID. All neighbours that make the same claim bring the file
 * together, leaf by leaf (content_pull.h).
 *
 * The leaves of a file are a neighbour's claim; the SHA-256 decides. A file with another SHA-256 is
 * dropped, and all neighbours that made the claim are not asked for a while, as are sources that
 * send a wrong leaf. An incomplete file is left as a part, from its first byte to the first gap
 * (filled_file.h), for the hub to continue; if the completed file turns out to be wrong, the
 * sources of that beginning are not asked for a while either. So no error here fails a pull.
 *
 * One file is fetched at a time, from all sources that have it; a hub that shares the work is one
 * of them, and brings the byte ranges of leaves. If its bytes do not match the leaves, the sources
 * that claim those leaves are not asked for a while.
 */
#ifndef WI_MODELS_ARRIVE_HUB_NEAR_H
#define WI_MODELS_ARRIVE_HUB_NEAR_H

#include "models/arrive/hub/content_pull.h"
#include "models/arrive/source/neighbours.h"

#define WI_NEAR_CLAIMS_MAX 4 /* CIDs that are tried for one file */

/* All members are borrowed until wi_near_free. */
struct wi_near_order {
    struct wi_content_order content; /* of each file; without what is asked of whom, and for what */
    struct wi_neighbours *neighbours; /* set as configured */
    struct wi_hub_tree *files;        /* all lengths are known */
    /* The hub, with its token, and the repository of the files there, if it shares the work; else
     * NULL. */
    const struct wi_hub *hub;
    const char *repository;
};

/* The files that were brought are marked as `here`. `progress` is of all files; its texts are
 * borrowed until wi_near_free. */
typedef void wi_near_fn(void *context, const struct wi_fetch_progress *progress);

struct wi_near;
/* Never calls back from inside. `on_progress` is called as for a fetch. */
struct wi_near *wi_near_start(const struct wi_near_order *order, wi_fetch_progress_fn *on_progress,
    wi_near_fn *on_end, void *context);
/* After the end: a file (given by its index) has turned out wrong. 1 if the hub had continued what
 * was left here: the sources of that beginning are not asked for a while. */
int wi_near_was_wrong(struct wi_near *near, size_t file);
void wi_near_free(struct wi_near *near); /* at any time; no callback is called; NULL is fine */

#endif
