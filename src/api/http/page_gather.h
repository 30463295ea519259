/*
 * A page of a list that is gathered in parts, one in each turn of the loop, so that a long page
 * does not delay other requests. Each part goes on after the last key of the one before, as the
 * next page would.
 */
#ifndef WI_API_HTTP_PAGE_GATHER_H
#define WI_API_HTTP_PAGE_GATHER_H

#include "api/http/query.h"
#include "api/http/step.h"

/* At most `most` rows after `after`, as they are now. */
struct wi_page_part {
    const char *after; /* "": the first ones */
    size_t most;
    /* Filled by the callback: */
    json_t *rows;     /* a new list; items without a row are left out */
    const char *last; /* the key of the last item, perhaps in its row; NULL: there was none */
    int more;         /* there are others after it */
};
typedef void wi_page_part_fn(const struct wi_request *request, struct wi_page_part *part);

struct wi_gathered {
    struct wi_buffer rows;                /* as JSON, with commas between */
    char last[WI_ROUTE_ARGUMENT_MAX + 1]; /* as above; "" if there was none */
    int more;
};
/* Gathers the page (borrowed for the call) in parts of `most` rows. At the end, perhaps at once,
 * `end` is called with the result (borrowed) and `work`. If the request ends first, `work` is freed
 * as by wi_request_find_model. */
typedef void wi_gathered_fn(
    struct wi_request *request, void *work, const struct wi_gathered *gathered);
void wi_request_gather(struct wi_request *request, const struct wi_page *page, size_t most,
    wi_page_part_fn *part, wi_gathered_fn *end, void *work, wi_step_free_fn *free_work);

/* Adds the value of `next` in the answer: the last key, or null if nothing follows it. */
void wi_gathered_next(const struct wi_gathered *gathered, struct wi_buffer *out);
/* Adds the members of `object` (taken, not NULL and not empty), and the closing brace. */
void wi_page_put_rest(struct wi_buffer *out, json_t *object);

#endif
