/*
 * Lists of the API, which come in pages: each is asked for behind the one before, and one is held
 * at a time, however long the list is. What comes or goes meanwhile is on a page, or on none.
 */
#ifndef WI_CLI_PAGES_H
#define WI_CLI_PAGES_H

#include "cli/cli.h"
#include "cli/table.h"

/* Set the first members, the others to 0. */
struct wi_pages {
    const struct wi_cli *cli;
    const char *path;    /* borrowed: "/v1/models", or with a query, "/v1/jobs?state=done" */
    const char *member;  /* borrowed: "models", which has the rows */
    size_t most;         /* so many rows at most; 0: all */
    int quiet;           /* complains of nothing */
    enum wi_exit result; /* what to exit with: what became of it so far */
    int has_more;        /* there are rows behind those that came */
    json_t *rest;        /* what pages have beside their rows and next; borrowed until the close */
    struct wi_rest_answer _answer;
    json_t *_page;
    size_t _count, _rows; /* how many pages came, and rows */
    char *_next;          /* what the last page named; NULL: it is the last of all */
    char *_mark;          /* a next of before, by which one is known that comes again */
    size_t _mark_at;
};

/* Takes `most` from the option limit, 100 where it is not given; not 0 after a complaint. */
int wi_pages_read_most(struct wi_pages *pages);
/* The next page, all that was answered; borrowed until the next call. NULL: there is none, or it
 * did not come, which was complained of. A server that names the same next again, or one behind no
 * rows, would be asked for ever: that ends with an error. */
const json_t *wi_pages_next(struct wi_pages *pages);
/* The rows of the page that came last; borrowed likewise. */
const json_t *wi_pages_rows(const struct wi_pages *pages);
/* Gives back what it holds, before or at its end. */
enum wi_exit wi_pages_close(struct wi_pages *pages);

/* Shows a list: each page as `print` does that, or with --json all of it as one document, as it
 * came but for the rows of all pages in one. The caller closes it. */
enum wi_exit wi_pages_show(
    struct wi_pages *pages, void (*print)(void *context, const json_t *page), void *context);
/* Shows a table of the rows likewise, `none` where there are none, and closes the list. */
enum wi_exit wi_pages_table(
    struct wi_pages *pages, const struct wi_column *columns, const char *none);
/* The row of a list in which `key` is `value`, looked for quietly: a new reference, or NULL. */
json_t *wi_pages_find(const struct wi_cli *cli, const char *path, const char *member,
    const char *key, const char *value);

#endif
