/*
 * A folder of static files as a site: listed and opened once at the start, so that no request ever
 * touches a path, and small ones copied into one file in memory, so that few descriptors are taken.
 * What is not in the list does not exist. A build may have put compressed copies beside the larger
 * files ("a-1f0e.js.br" beside "a-1f0e.js"): those are forms of their file, and no files. Pure of
 * any HTTP server: each listener sends what is found here with headers of its own.
 */
#ifndef WI_BASE_NET_SITE_H
#define WI_BASE_NET_SITE_H

#include "base/error.h"
#include <stdint.h>

struct wi_site;
/* NULL with `error` filled, of the field `option`, if the folder or its index.html is not there. */
struct wi_site *wi_site_new(const char *folder, const char *option, struct wi_error *error);
void wi_site_free(struct wi_site *site); /* NULL is fine */

/* A file in the form in which it is sent. Borrowed from the site. */
struct wi_site_file {
    int fd;      /* open for reading as long as the site */
    uint64_t at; /* where in it the file begins */
    uint64_t size;
    const char *etag;         /* with its quotes; another for each form */
    const char *type, *cache; /* the values of Content-Type and Cache-Control */
    const char *coding;       /* that of Content-Encoding; NULL: none */
    int varies;               /* another Accept-Encoding would have found another form */
};

/* By the decoded path of a URL ("/" is index.html), in the form that an Accept-Encoding header
 * weighs most; NULL or "" wants the file's own bytes. 0, or -1 if there is no such file. */
int wi_site_find(const struct wi_site *site, const char *path, const char *accept_encoding,
    struct wi_site_file *found);

#endif
