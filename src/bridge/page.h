/*
 * The built page's files: listed and opened once at the start, so that no request ever touches a
 * path. What is not in the list does not exist. The build has put compressed copies beside the
 * larger ones ("a-1f0e.js.br" beside "a-1f0e.js"): those are forms of their file, and no files.
 */
#ifndef WI_BRIDGE_PAGE_H
#define WI_BRIDGE_PAGE_H

#include "base/error.h"
#include "bridge/http.h"
#include <stddef.h>
#include <stdint.h>

struct wi_page_form {
    int fd; /* open for reading as long as the page; -1: the file has no such form */
    uint64_t size;
    char etag[56]; /* with its quotes; another for each form */
};

struct wi_page_file {
    char *name;                                 /* below the folder, "assets/engine-5XK2Q7NB.js" */
    struct wi_page_form forms[WI_CODING_COUNT]; /* WI_IDENTITY is always there */
    unsigned codings;                           /* which are there: bits 1 << coding */
};

struct wi_page;
/* NULL with `error` filled if the folder or its index.html is not there. */
struct wi_page *wi_page_new(const char *folder, struct wi_error *error);
void wi_page_free(struct wi_page *page); /* NULL is fine */
/* By the decoded path of a URL ("/" is index.html); borrowed, NULL if there is none. */
const struct wi_page_file *wi_page_find(const struct wi_page *page, const char *path);

#endif
