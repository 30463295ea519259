/*
 * A folder of static files as a site. The files are listed and opened once at the start, so that no
 * request ever touches a path; a file that is not in the list does not exist. Small files are
 * copied into one file in memory, so that few descriptors are taken. A build may have put
 * compressed copies next to the larger files ("a-1f0e.js.br" next to "a-1f0e.js"): these are forms
 * of their file, not files of the site. Independent of any HTTP server: each listener sends the
 * files with its own headers.
 */
#ifndef WI_BASE_NET_SITE_H
#define WI_BASE_NET_SITE_H

#include "base/error.h"
#include <stdint.h>

struct wi_site;
/* NULL with `error` filled, of the field `option`, if the folder or its index.html is not there. */
struct wi_site *wi_site_new(const char *folder, const char *option, struct wi_error *error);
void wi_site_free(struct wi_site *site); /* NULL is fine */

/* A file in one of its forms. Borrowed from the site. */
struct wi_site_file {
    int fd;      /* open for reading while the site exists */
    uint64_t at; /* where the file begins in it */
    uint64_t size;
    const char *etag;         /* with its quotes; each form has its own */
    const char *type, *cache; /* the values of Content-Type and Cache-Control */
    const char *coding;       /* the value of Content-Encoding; NULL: none */
    int varies;               /* another Accept-Encoding could select another form */
};

/* Finds a file by the decoded path of a URL ("/" is index.html), in the form that an
 * Accept-Encoding header prefers; NULL or "": the file's own bytes. 0, or -1 if there is no such
 * file. */
int wi_site_find(const struct wi_site *site, const char *path, const char *accept_encoding,
    struct wi_site_file *found);

#endif
