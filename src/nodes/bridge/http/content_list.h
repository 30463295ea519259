/*
 * GET /content: the published models, as JSON for other daemons. The text is rebuilt only when the
 * published models change, and at most every WI_CONTENT_RUNS_MS to update how often models ran.
 */
#ifndef WI_NODES_BRIDGE_HTTP_CONTENT_LIST_H
#define WI_NODES_BRIDGE_HTTP_CONTENT_LIST_H

#include "base/blob.h"
#include "models/models.h"

#define WI_CONTENT_ROWS_MAX 1000
#define WI_CONTENT_LIST_MAX (4u << 20) /* bytes */
#define WI_CONTENT_RUNS_MS 1000.0      /* the greatest age of the numbers of runs */

/* Zero-initialise; free with wi_content_list_clear. */
struct wi_content_list {
    struct wi_blob *text; /* NULL: there was no memory for it */
    char etag[WI_HASH_HEX_SIZE + 2];
    char _made_of[WI_HASH_HEX_SIZE]; /* the hash of its sources */
    uint64_t _runs;                  /* the total of runs at that time */
    double _made_ms;                 /* when */
};

/* Updates it to the present contents of `blocks` (NULL: nothing). `id` is this daemon's, and
 * `takes` how many bytes of one more copy it would make. Models whose files have changed are left
 * out, and so are those beyond the limits above. */
void wi_content_list_update(struct wi_content_list *list, const struct wi_blockstore *blocks,
    const char *id, uint64_t takes);
void wi_content_list_clear(struct wi_content_list *list);

#endif
