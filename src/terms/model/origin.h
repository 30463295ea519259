/*
 * The files of a version of a model, and its origin: each file with its hash and, for a pulled
 * version, the hub, the repository and the commit.
 */
#ifndef WI_TERMS_MODEL_ORIGIN_H
#define WI_TERMS_MODEL_ORIGIN_H

#include "terms/model/manifest.h"
#include <jansson.h>

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
void wi_source_clear(struct wi_source *source);
uint64_t wi_source_bytes(const struct wi_source *source); /* of all files */

/* {hub, repository, revision, commit, variant?, pulled_at}; a new reference. */
json_t *wi_source_json(const struct wi_source *source);

#endif
