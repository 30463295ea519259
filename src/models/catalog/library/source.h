/*
 * A source on disk: written into the version's folder (.source.json) before that is published, and
 * never changed afterwards. Blocks: for worker threads.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_SOURCE_H
#define WI_MODELS_CATALOG_LIBRARY_SOURCE_H

#include "base/error.h"
#include "terms/model/origin.h"

#define WI_SOURCE_FILE ".source.json"
#define WI_SOURCE_MAX (1024 * 1024) /* bytes of it */

/* Whether a file's hash is a CID, which, like a SHA-256, identifies only its content. */
int wi_source_hash_is_cid(const char *hash);
/* Whether the file with `status` is still the one that was verified. */
int wi_source_file_is(const struct wi_source_file *file, const struct stat *status);

/* Fills an empty source from the text of a .source.json; 0, or -1 and still empty if that is
 * malformed. Pure. Public for tests. */
int wi_source_parse(const char *text, size_t size, struct wi_source *source);
/* Its counterpart; the caller frees the text. Public for tests. */
char *wi_source_print(const struct wi_source *source);
/* Fills an empty source from the open folder. 0, or -1 if it has no well-formed one. */
int wi_source_read(int folder, struct wi_source *source);
/* Looks at each file in the open folder, and notes its length, its time and its SHA-256. A file is
 * read to compute the SHA-256 if the hub gave another kind of hash. WI_OK, WI_INTERNAL if a file is
 * not there as it should be, WI_UNAVAILABLE or WI_STORAGE_FAILED. */
enum wi_code wi_source_look(int folder, struct wi_source *source, struct wi_error *error);
/* Writes what was looked at to disk. WI_OK, WI_UNAVAILABLE or WI_STORAGE_FAILED. */
enum wi_code wi_source_write(int folder, const struct wi_source *source, struct wi_error *error);

#endif
