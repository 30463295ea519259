/*
 * A page that is gathered bit by bit, a part in each turn of the loop, so that a long one keeps
 * nobody waiting: each part goes on behind the last key of the one before, as the next page would.
 */
#ifndef WI_API_HTTP_GATHER_H
#define WI_API_HTTP_GATHER_H

#include "api/http/query.h"
#include "api/http/step.h"

/* The rows behind `after`, `most` at most, as they are now. */
struct wi_page_part {
    const char *after; /* "": the first ones */
    size_t most;
    /* Filled by whoever knows them: */
    json_t *rows;     /* a new list; what has no row is left out */
    const char *last; /* the key of the last one, perhaps in its row; NULL: there was none */
    int more;         /* there are others behind it */
};
typedef void wi_page_part_fn(const struct wi_request *request, struct wi_page_part *part);

struct wi_gathered {
    struct wi_buffer rows;                /* as JSON, with commas between */
    char last[WI_ROUTE_ARGUMENT_MAX + 1]; /* as above; "" where there was none */
    int more;
};
/* Gathers the page (borrowed for the call) in parts of `most` rows. At its end, perhaps at once,
 * `end` gets it (borrowed) and `work`. If the request goes first, `work` is freed as of
 * wi_request_find_model. */
typedef void wi_gathered_fn(
    struct wi_request *request, void *work, const struct wi_gathered *gathered);
void wi_request_gather(struct wi_request *request, const struct wi_page *page, size_t most,
    wi_page_part_fn *part, wi_gathered_fn *end, void *work, wi_step_free_fn *free_work);

/* Adds what the answer has as `next`: the last key, or null where nothing is behind it. */
void wi_gathered_next(const struct wi_gathered *gathered, struct wi_buffer *out);
/* Adds the members of `object` (taken, not NULL), of which it has some, and a brace behind. */
void wi_page_put_rest(struct wi_buffer *out, json_t *object);

#endif
