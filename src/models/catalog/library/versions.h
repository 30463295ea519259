/*
 * The versions of models that were pulled or uploaded, in the store's folder D. A name is a
 * symbolic link to one of its versions, and publishing is the one rename that replaces the link:
 *
 *   D/OWNER/NAME -> ../.versions/OWNER/NAME/3   (D/NAME -> .versions/_/NAME/3)
 *   D/.versions/OWNER/NAME/3/   the files, .source.json, .used (its time: last use), and .copy if
 *                               it was pulled for others' sake, and nobody here has wanted it since
 *   D/.blobs/sha256-HEX         each file once: blobs.h
 *   D/.staging/ID/              what is on its way: request.json, files/, and for the moment of
 *                               publishing `link`, the name's next link
 *
 * Whoever is killed at any step leaves the old version or the new one whole; what else is left
 * behind, wi_versions_gc removes. A folder under a name is somebody's own, put there by hand:
 * nothing here changes it but wi_versions_remove. Links are followed nowhere but from a name to its
 * version.
 *
 * Everything blocks, for worker threads, and one at a time for one store: versions_work.h sees to
 * both.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_VERSIONS_H
#define WI_MODELS_CATALOG_LIBRARY_VERSIONS_H

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/catalog/library/source.h"

#define WI_STORE_VERSIONS ".versions"
#define WI_STORE_STAGING ".staging"
#define WI_STORE_CONTENT ".content" /* of blockstore/: nothing here changes it */
#define WI_STAGING_ID_MAX 64
/* What a pull by content keeps beside the files: how they are put together. */
#define WI_STAGING_BLOCKS ".blocks"

/* --- names and their versions ----------------------------------------------------------------- */

struct wi_version {
    unsigned number; /* from 1; the larger the later */
    int current;     /* the name leads here */
    struct wi_source source;
    int64_t used_at; /* Unix seconds of its last use; of none: when it was published */
};

/* The latest first. Zero-initialise; free with wi_versions_clear. */
struct wi_versions {
    struct wi_version *items;
    size_t count;
};

/* Which version the name (without ":VARIANT") leads to; 0: it was not pulled. 0, or -1 with errno
 * if that cannot be said now. */
int wi_versions_find(const char *directory, const char *name, unsigned *number);
/* The same; 0 also where it cannot be said. Public for tests. */
unsigned wi_versions_current(const char *directory, const char *name);
/* The folder of a version, whether there is one or not; the caller frees it. */
char *wi_versions_folder(const char *directory, const char *name, unsigned number);
/* Fills an empty list; a name that was not pulled has none. 0, or -1 with errno where not all could
 * be looked at: then it tells nothing of what is not in it, nor of which is current. */
int wi_versions_list(const char *directory, const char *name, struct wi_versions *versions);
void wi_versions_clear(struct wi_versions *versions);
/* Notes that the version in this folder is used now. */
void wi_versions_touch(const char *folder);
/* Whether the name (without ":VARIANT") leads to a version that is there for others' sake alone. */
int wi_versions_is_copy(const char *directory, const char *name);
/* Somebody here wants it: it is no copy any more. WI_OK, also where it was none, or
 * WI_STORAGE_FAILED. */
enum wi_code wi_versions_adopt(const char *directory, const char *name, struct wi_error *error);

/* --- pulls under way -------------------------------------------------------------------------- */

/* Zero-initialise; free with wi_staging_clear. */
struct wi_staging {
    char *id;
    char *request; /* as it was written down */
    char *folder;  /* where the files go */
};

/* A new one, or the one of that ID as it is; `request` (JSON text) is written down, NULL: the one
 * that is there counts. `id` has [a-z0-9-]. WI_OK, WI_NOT_FOUND, or WI_STORAGE_FAILED. */
enum wi_code wi_staging_open(const char *directory, const char *id, const char *request,
    struct wi_staging *staging, struct wi_error *error);
void wi_staging_clear(struct wi_staging *staging);
/* Adds the IDs of those that an earlier daemon was at. One that was killed while it published is
 * brought to its end here. 0, or -1 with errno where not all could be looked at. */
int wi_staging_list(const char *directory, struct wi_strings *ids);
void wi_staging_drop(const char *directory, const char *id);
/* Whether no file has been fetched into it. */
int wi_staging_is_empty(const char *directory, const char *id);
/* Links files that the store has already into the staging folder, in the place of what is there:
 * those of any model by their SHA-256 or CID, those of this name also by the hash that the hub
 * gave. A file that has changed since it was published is none of them. They are marked as `here`,
 * and those of unknown length get it. Returns the bytes saved. */
uint64_t wi_staging_reuse(const char *directory, const struct wi_staging *staging, const char *name,
    struct wi_source_file *files, size_t count);

/* --- changing the store ----------------------------------------------------------------------- */

/* What somebody uses, and nothing may remove. */
struct wi_versions_use {
    struct wi_strings names;    /* of models, without variant */
    struct wi_strings folders;  /* of versions */
    struct wi_strings pinned;   /* likewise, of those that stay for as long as somebody wants */
    struct wi_strings apart;    /* of those: what is not counted by the quota */
    struct wi_strings stagings; /* IDs of pulls under way */
    uint64_t pending;           /* bytes that pulls under way have room for, and are yet to write */
    /* SHA-256 of files that neighbours have whole, in any order and perhaps several times. */
    unsigned char (*elsewhere)[WI_HASH_SIZE];
    size_t elsewhere_count;
};
void wi_versions_use_clear(struct wi_versions_use *use);

/* WI_OK if a pull may have this name, else WI_INVALID_FIELD or WI_CONFLICT (a model of that name
 * was added, or something else lies there). */
enum wi_code wi_versions_check_name(
    const char *directory, const char *name, struct wi_error *error);
/* Looks at the folder of a version that is complete, and has no name yet: WI_OK, or why not. */
typedef enum wi_code wi_versions_check_fn(
    void *context, const char *folder, struct wi_error *error);
/* Makes the files of a staging folder, which are whole and verified, the current version of the
 * name, and removes the staging. `source` lists them; whatever else lies there goes. With `check`
 * (NULL: none) only if that says WI_OK: until then the name leads where it led. WI_OK with
 * `*number`, or as `check` or wi_versions_check_name, or WI_STORAGE_FAILED. */
enum wi_code wi_versions_publish(const char *directory, const char *name,
    const struct wi_staging *staging, struct wi_source *source, wi_versions_check_fn *check,
    void *context, unsigned *number, struct wi_error *error);
/* Removes the versions of the name that nobody uses, but not the current one and so many before it
 * that `keep` are left. Returns the bytes freed, and adds to `*held` those that are in use. */
uint64_t wi_versions_prune(const char *directory, const char *name, unsigned keep,
    const struct wi_versions_use *use, size_t *held);
/* Removes one version, which is neither current nor in use. Returns the bytes freed. */
uint64_t wi_versions_remove_one(const char *directory, const char *name, unsigned number);
/* Takes the name away: of a pulled model the link, with `*pulled` set (wi_versions_prune frees what
 * nobody uses), of one that was added the folder. WI_OK, WI_MODEL_NOT_FOUND, WI_CONFLICT (other
 * models lie in its folder), or WI_STORAGE_FAILED. */
enum wi_code wi_versions_remove(
    const char *directory, const char *name, int *pulled, uint64_t *freed, struct wi_error *error);

/* Removes what is of no use: all versions that wi_versions_prune would remove, what an interrupted
 * removal or pull left, and with `stagings` what was fetched for pulls that are not
 * under way. Uploads go as uploads.h says. */
uint64_t wi_versions_gc(const char *directory, unsigned keep, int stagings,
    const struct wi_versions_use *use, size_t *held);

#endif
