/* Shared by the files behind versions.h: the layout of names and versions. */
#ifndef WI_MODELS_CATALOG_LIBRARY_VERSIONS_PRIVATE_H
#define WI_MODELS_CATALOG_LIBRARY_VERSIONS_PRIVATE_H

#include "models/catalog/library/versions.h"

#define WI_VERSIONS_USED ".used"
#define WI_VERSIONS_COPY ".copy"
#define WI_STAGING_LINK "link"
#define WI_STAGING_FILES "files"
#define WI_STAGING_REQUEST "request.json"

/* The folder of a name's versions, relative to the store; the caller frees it. */
char *wi_versions_place(const char *name);
/* The target of a name's link to the version; the caller frees it. */
char *wi_versions_link(const char *name, unsigned number);
/* The version number in the link `file` of this name; 0 if it is no such link. `parent` is the open
 * folder that has the link. */
unsigned wi_versions_read_link(int parent, const char *file, const char *name);
/* Calls `each` for every name that has a folder in `of`: WI_STORE_VERSIONS or WI_STORE_MADE. */
typedef void wi_versions_name_fn(void *context, const char *name);
void wi_versions_each_name(int store, const char *of, wi_versions_name_fn *each, void *context);
/* Puts the link of the staging folder in place, in the open folder `parent`, as `last`. 0 or -1. */
int wi_versions_link_in(int parent, const char *last, int staging);
/* Moves `at`/`name` out of sight by one rename, and then removes it. 0 or -1. */
int wi_versions_discard(int store, int at, const char *name, uint64_t *freed);
/* The store's folder, open; -1 with errno. */
int wi_versions_open_store(const char *directory);

#endif
