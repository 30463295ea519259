/*
 * The content of the store's files, each stored once: D/.blobs/sha256-HEX. Versions and staging
 * folders have hard links to the blobs, so a version is an ordinary folder, and a blob with only
 * one link is unused. Blobs are read-only. On a file system without hard links each version has its
 * own copy.
 *
 * All functions block, and only one may run at a time for one store (versions_work.h).
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_BLOBS_H
#define WI_MODELS_CATALOG_LIBRARY_BLOBS_H

#include "models/catalog/library/source.h"

#define WI_STORE_BLOBS ".blobs"

/* Makes the files of the open folder, whose SHA-256 the source has, blobs. An existing blob of the
 * same name that is another file is replaced: had it been usable, wi_staging_reuse would have
 * linked it. 0, or -1 with errno. */
int wi_blobs_keep(int store, int folder, const struct wi_source *source);
/* Removes the blobs without another link, and adds their bytes to `*freed`. */
void wi_blobs_sweep(int store, uint64_t *freed);

#endif
