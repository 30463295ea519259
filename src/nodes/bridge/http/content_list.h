/*
 * GET /content: what is published here, as JSON for other daemons. The text is made afresh only
 * when something else is published, and, for how often models ran, every WI_CONTENT_RUNS_MS.
 */
#ifndef WI_NODES_BRIDGE_HTTP_CONTENT_LIST_H
#define WI_NODES_BRIDGE_HTTP_CONTENT_LIST_H

#include "base/blob.h"
#include "models/share/blockstore/blockstore.h"

#define WI_CONTENT_ROWS_MAX 1000
#define WI_CONTENT_LIST_MAX (4u << 20) /* bytes */
#define WI_CONTENT_RUNS_MS 1000.0      /* so old may be how often models ran */

/* Zero-initialise; free with wi_content_list_clear. */
struct wi_content_list {
    struct wi_blob *text; /* NULL: there was no memory for it */
    char etag[WI_HASH_HEX_SIZE + 2];
    char _made_of[WI_HASH_HEX_SIZE]; /* the hash of that */
    uint64_t _runs;                  /* sums up how often models had run then */
    double _made_ms;                 /* when */
};

/* Makes it what `blocks` (NULL: nothing) has now; `id` is this daemon's, and `takes` how many bytes
 * of one more copy it would make. Models whose files have changed are not in it, and none beyond
 * those that its limits leave room for. */
void wi_content_list_update(struct wi_content_list *list, const struct wi_blockstore *blocks,
    const char *id, uint64_t takes);
void wi_content_list_clear(struct wi_content_list *list);

#endif
