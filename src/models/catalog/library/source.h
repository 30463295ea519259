/*
 * The files of a version of a model, and its origin: each file with its hash and, for a pulled
 * version, the hub, the repository and the commit. Written into the version's folder (.source.json)
 * before that is published, and never changed afterwards. Blocks: for worker threads.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_SOURCE_H
#define WI_MODELS_CATALOG_LIBRARY_SOURCE_H

#include "base/error.h"
#include "terms/model/manifest.h"
#include <jansson.h>

#define WI_SOURCE_FILE ".source.json"
#define WI_SOURCE_MAX (1024 * 1024) /* bytes of it */

struct wi_source_file {
    char *path;     /* inside the folder: see wi_file_path_ok */
    uint64_t bytes; /* UINT64_MAX: not known yet */
    /* As the hub gives it: SHA-256, git's SHA-1 for a small file, or a CID. */
    char hash[WI_MANIFEST_HEX];
    char sha256[WI_MANIFEST_HEX]; /* "": not known yet */
    struct timespec modified;     /* when it was verified; a file changed since is another one */
    int here;                     /* set by wi_staging_reuse: it was linked */
};

/* Zero-initialise; free with wi_source_clear. */
struct wi_source {
    char *hub; /* its name in the configuration */
    char *repository, *revision, *commit;
    char *variant;     /* that was chosen; NULL: there is none */
    int64_t pulled_at; /* Unix seconds */
    /* it is published as a copy (wi_versions_is_copy); not written to the file */
    int copy;
    int first; /* it may not become a new version of a model that there is; likewise */
    struct wi_source_file *files;
    size_t count;
};

/* Appends a file with copies of both texts. */
void wi_source_add(struct wi_source *source, const char *path, uint64_t bytes, const char *hash);
void wi_source_copy(struct wi_source *to, const struct wi_source *from); /* `to` is empty */
void wi_source_move(struct wi_source *to, struct wi_source *from);       /* `from` becomes empty */
void wi_source_clear(struct wi_source *source);
uint64_t wi_source_bytes(const struct wi_source *source); /* of all files */

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
/* {hub, repository, revision, commit, variant?, pulled_at}; a new reference. */
json_t *wi_source_json(const struct wi_source *source);

#endif
