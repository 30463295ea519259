/*
 * Lists of the API, which come in pages: each page is requested after the one before, and only one
 * is held at a time, however long the list is. An item that is added or removed meanwhile may be on
 * a page or on none.
 */
#ifndef WI_CLI_PAGES_H
#define WI_CLI_PAGES_H

#include "cli/cli.h"
#include "cli/text_table.h"

/* Set the first members, the others to 0. */
struct wi_pages {
    const struct wi_cli *cli;
    const char *path;   /* borrowed: "/v1/models", or with a query, "/v1/jobs?state=done" */
    const char *member; /* borrowed: "models", the member with the rows */
    size_t most;        /* maximum number of rows; 0: all */
    int quiet;          /* prints no errors */
    /* The rows of a table are those in this member of each row, which they have as "_of"; NULL:
     * they are the same. */
    const char *inner;
    enum wi_exit result; /* the exit status so far */
    int has_more;        /* there are rows after those that came */
    json_t *rest; /* the members of pages other than the rows and next; borrowed until the close */
    struct wi_rest_answer _answer;
    json_t *_page;
    size_t _count, _rows; /* number of pages and rows so far */
    size_t _at;           /* the row of the page that wi_pages_row returns next */
    char *_next;          /* as named by the last page; NULL: that was the last one */
    char *_mark;          /* an earlier next, by which a repeated one is noticed */
    size_t _mark_at;
};

/* Sets `most` from the option --limit, by default 100. 0, or not 0 once an error is printed. */
int wi_pages_read_most(struct wi_pages *pages);
/* The next row, of any page; borrowed until the next call. NULL: there is none, or its page did not
 * come and the error is printed. A server that names the same next page again, or names one after a
 * page without rows, would be asked forever, so that is an error. */
const json_t *wi_pages_row(struct wi_pages *pages);
/* Frees what it holds, before or at its end, and returns the exit status. */
enum wi_exit wi_pages_close(struct wi_pages *pages);

/* Shows a list: each page through `print`, or with --json the whole list as one document, as it
 * came but with the rows of all pages in one array. The caller closes it. */
enum wi_exit wi_pages_show(
    struct wi_pages *pages, void (*print)(void *context, const json_t *page), void *context);
/* Shows the rows as a table in the same way, or `none` if there are none, and closes the list. */
enum wi_exit wi_pages_table(
    struct wi_pages *pages, const struct wi_column *columns, const char *none);

#endif
