/* The query of a request, read by a table of parameters as the fields of a body are; and pages of
 * lists, which are asked for so. */
#ifndef WI_API_HTTP_QUERY_H
#define WI_API_HTTP_QUERY_H

#include "api/http/request.h"
#include "base/params.h"

/* As wi_params_read for what `request` has in its query, where numbers are integers without a
 * sign; of a parameter that comes twice the last one holds. Texts in `target` lie in what
 * `arguments` receives, the caller's to free however it went. */
enum wi_code wi_query_read(const struct wi_request *request, const struct wi_param *table,
    enum wi_param_mode mode, void *target, json_t **arguments, struct wi_error *error);

/* A list gives all that it has, or with `limit` a page: so many at most, behind the one whose key
 * is `after`, whether or not that is still there. Who names `after` alone gets WI_PAGE_DEFAULT. */
#define WI_PAGE_DEFAULT 100
#define WI_PAGE_MAX 1000

struct wi_page {
    int64_t limit;     /* 0: no page */
    const char *after; /* "": from the beginning */
};
#define WI_PAGE_LIMIT_HELP "A page of so many at most; all without it, or 100 where there is after."
#define WI_PAGE_AFTER_HELP "The next of the page before."
extern const struct wi_param wi_page_params[];
/* As wi_query_read; what else is in the query is left alone. */
enum wi_code wi_page_read(const struct wi_request *request, struct wi_page *page,
    json_t **arguments, struct wi_error *error);
/* Gives a page that was read without a limit its own. */
void wi_page_settle(struct wi_page *page);

#endif
