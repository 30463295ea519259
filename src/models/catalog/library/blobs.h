/*
 * The bytes of the store's models, each once: D/.blobs/sha256-HEX. Versions and what is staged have
 * hard links to them, so a version is a folder like any other, and a blob that has one link is
 * named by nobody. Blobs are read-only. On a file system without hard links each version has a file
 * of its own.
 *
 * Everything blocks, and one at a time for one store (versions_work.h).
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_BLOBS_H
#define WI_MODELS_CATALOG_LIBRARY_BLOBS_H

#include "models/catalog/library/source.h"

#define WI_STORE_BLOBS ".blobs"

/* Gives the files of the open folder, whose SHA-256 the source has, their blobs. A blob of that
 * name which is another file is replaced: who took it from there would have linked it
 * (wi_staging_reuse). 0, or -1 with errno. */
int wi_blobs_keep(int store, int folder, const struct wi_source *source);
/* Removes the blobs that nothing else names, and adds their bytes to `*freed`. */
void wi_blobs_sweep(int store, uint64_t *freed);

#endif
