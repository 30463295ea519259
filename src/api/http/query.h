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

/* A list is a page: at most `limit` rows behind the one whose key is `after`, whether or not that
 * is still there. */
#define WI_PAGE_DEFAULT 100
#define WI_PAGE_MAX 1000

struct wi_page {
    int64_t limit;
    const char *after; /* "": from the beginning */
    int is_asked;      /* either was named */
};
#define WI_PAGE_LIMIT_HELP "How many a page has at most; 100 by default."
#define WI_PAGE_AFTER_HELP "The next of the page before."
extern const struct wi_param wi_page_params[];
/* As wi_query_read; what else is in the query is left alone. */
enum wi_code wi_page_read(const struct wi_request *request, struct wi_page *page,
    json_t **arguments, struct wi_error *error);
/* A page of rows of the database, of which one more than `limit` was asked for: whether there are
 * others. */
struct wi_page_rows {
    const char *name; /* of the member that has them */
    size_t count, limit;
    void (*print)(struct wi_buffer *out, const void *context, size_t row);
    /* The key of the page behind that row: characters that JSON need not escape. */
    void (*print_key)(struct wi_buffer *out, const void *context, size_t row);
    const void *context;
};
/* Answers 200 with the rows and `next`. */
void wi_page_answer(struct wi_request *request, const struct wi_page_rows *rows);
/* Reads the number of 1 to 18 digits that a key begins with. What stands behind it, or NULL if
 * there is no such number. */
const char *wi_page_key(const char *after, int64_t *number);
/* WI_INVALID_FIELD: `after` is no key of that list. */
enum wi_code wi_page_refuse(const char *after, struct wi_error *error);
/* Completes a page whose members were 0 and "" before they were read. */
void wi_page_settle(struct wi_page *page);

#endif
