/* The query of a request, read by a table of parameters like the fields of a body; and pages of
 * lists, which are asked for in the query. */
#ifndef WI_API_HTTP_QUERY_H
#define WI_API_HTTP_QUERY_H

#include "api/http/request.h"
#include "base/params.h"

/* As wi_params_read for the query of `request`, where numbers are integers without a sign; if a
 * parameter comes twice, the last one counts. Texts in `target` belong to `*arguments`, which the
 * caller frees whatever the result. */
enum wi_code wi_query_read(const struct wi_request *request, const struct wi_param *table,
    enum wi_param_mode mode, void *target, json_t **arguments, struct wi_error *error);

/* The arguments; NULL: the request was answered with the error. */
json_t *wi_request_read_query(struct wi_request *request, const struct wi_param *table,
    enum wi_param_mode mode, void *target);

/* A page of a list: at most `limit` rows after the one whose key is `after`, whether or not that
 * one still exists. */
#define WI_PAGE_DEFAULT 100
#define WI_PAGE_MAX 1000

struct wi_page {
    int64_t limit;
    const char *after; /* "": from the beginning */
    int is_asked;      /* the query names either */
};
#define WI_PAGE_LIMIT_HELP "The page size; 100 by default."
#define WI_PAGE_AFTER_HELP "The previous page's next."
extern const struct wi_param wi_page_params[];
/* As wi_query_read; other parameters of the query are not looked at. */
enum wi_code wi_page_read(const struct wi_request *request, struct wi_page *page,
    json_t **arguments, struct wi_error *error);
/* A page of rows of the database. The query asked for one more than `limit`, to see whether others
 * follow. */
struct wi_page_rows {
    const char *name; /* of the member with the rows */
    size_t count, limit;
    void (*print)(struct wi_buffer *out, const void *context, size_t row);
    /* Prints the key of the page after that row: characters that JSON need not escape. */
    void (*print_key)(struct wi_buffer *out, const void *context, size_t row);
    const void *context;
};
/* Answers 200 with the rows and `next`. */
void wi_page_answer(struct wi_request *request, const struct wi_page_rows *rows);
/* Reads the number of 1 to 18 digits at the beginning of a key. Returns the text after it; NULL:
 * there is no such number. */
const char *wi_page_key(const char *after, int64_t *number);
/* Sets WI_INVALID_FIELD: `after` is no key of that list. */
enum wi_code wi_page_refuse(const char *after, struct wi_error *error);
/* Completes a page whose members were 0 and "" before they were read. */
void wi_page_settle(struct wi_page *page);

#endif
