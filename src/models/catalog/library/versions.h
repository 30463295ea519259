/*
 * The versions of models that were pulled or uploaded, in the store's folder D. A name is a
 * symbolic link to one of its versions, and publishing is the one rename that replaces the link:
 *
 *   D/OWNER/NAME -> ../.versions/OWNER/NAME/3   (D/NAME -> .versions/_/NAME/3)
 *   D/.versions/OWNER/NAME/3/   the files, .source.json, .used (its time: last use), and .copy if
 *                               it was pulled as a copy for others and not requested here since
 *   D/.blobs/sha256-HEX         each file once (blobs.h)
 *   D/.staging/ID/              what is arriving: request.json, files/, and for the moment of
 *                               publishing `link`, the name's next link
 *
 * A process that is killed at any step leaves either the old or the new version complete;
 * wi_versions_gc removes whatever else it left. A folder under a name was put there by hand, and
 * belongs to its owner: only wi_versions_remove changes it. The only links that are followed are
 * those from a name to its version.
 *
 * All functions block, for worker threads, and only one may run at a time for one store:
 * versions_work.h ensures both.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_VERSIONS_H
#define WI_MODELS_CATALOG_LIBRARY_VERSIONS_H

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/catalog/library/source.h"
#include "models/models.h"

#define WI_STORE_VERSIONS ".versions"
#define WI_STORE_STAGING ".staging"
#define WI_STORE_CONTENT ".content" /* belongs to blockstore/; not changed here */
#define WI_STAGING_ID_MAX 64
#define WI_VERSIONS_USED ".used"
#define WI_VERSIONS_COPY ".copy"
#define WI_STAGING_LINK "link"
#define WI_STAGING_FILES "files"
#define WI_STAGING_REQUEST "request.json"
/* Kept by a pull by content in the folder of the files: how they are put together. */
#define WI_STAGING_BLOCKS ".blocks"

/* --- names and their versions ----------------------------------------------------------------- */

/* Finds the version that the name (without ":VARIANT") links to; 0: it was not pulled. 0, or -1
 * with errno if that cannot be told now. */
int wi_versions_find(const char *directory, const char *name, unsigned *number);
/* The same; 0 also if it cannot be told. Public for tests. */
unsigned wi_versions_current(const char *directory, const char *name);
/* The folder of a version, existing or not; the caller frees it. */
char *wi_versions_folder(const char *directory, const char *name, unsigned number);
/* Notes that the version in this folder is being used now. */
void wi_versions_touch(const char *folder);
/* Whether the name (without ":VARIANT") links to a version that is only a copy for others. */
int wi_versions_is_copy(const char *directory, const char *name);
/* Makes it no longer a copy, because it was requested here. WI_OK, also if it was no copy, or
 * WI_STORAGE_FAILED. */
enum wi_code wi_versions_adopt(const char *directory, const char *name, struct wi_error *error);

/* --- running pulls ---------------------------------------------------------------------------- */

/* Opens the staging folder of that ID. With `request` (JSON text), which is written down, a missing
 * folder is made; with NULL it must exist, and its own request applies. `id` has [a-z0-9-]. WI_OK,
 * WI_NOT_FOUND, or WI_STORAGE_FAILED. */
enum wi_code wi_staging_open(const char *directory, const char *id, const char *request,
    struct wi_staging *staging, struct wi_error *error);
void wi_staging_clear(struct wi_staging *staging);
/* Adds the IDs of the staging folders that an earlier daemon left. One whose publication was
 * interrupted is completed here. 0, or -1 with errno if not all could be looked at. */
int wi_staging_list(const char *directory, struct wi_strings *ids);
void wi_staging_drop(const char *directory, const char *id);
/* Whether no file has been fetched into it. */
int wi_staging_is_empty(const char *directory, const char *id);
/* Links files that the store has already into the staging folder, replacing what is there: files of
 * any model by their SHA-256 or CID, files of this name also by the hash that the hub gave. A file
 * that has changed since it was published is not used. Linked files are marked as `here`, and get
 * their length if it was unknown. Returns the bytes saved. */
uint64_t wi_staging_reuse(const char *directory, const struct wi_staging *staging, const char *name,
    struct wi_source_file *files, size_t count);

/* --- changing the store ----------------------------------------------------------------------- */

void wi_versions_use_clear(struct wi_versions_use *use);

/* WI_OK if a pull may have this name, else WI_INVALID_FIELD or WI_CONFLICT (a model of that name
 * was added, or something else has that name). */
enum wi_code wi_versions_check_name(
    const char *directory, const char *name, struct wi_error *error);
/* Checks the folder of a version that is complete and has no name yet: WI_OK, or why not. */
typedef enum wi_code wi_versions_check_fn(
    void *context, const char *folder, struct wi_error *error);
/* Makes the files of a staging folder, which are complete and verified, the current version of the
 * name, and removes the staging folder. `source` lists them; files that it does not list are
 * removed. With `check` (NULL: none) only if that returns WI_OK: until then the name keeps its
 * version. WI_OK with `*number`, or an error of `check` or wi_versions_check_name, or
 * WI_STORAGE_FAILED. */
enum wi_code wi_versions_publish(const char *directory, const char *name,
    const struct wi_staging *staging, struct wi_source *source, wi_versions_check_fn *check,
    void *context, unsigned *number, struct wi_error *error);
/* Removes unused versions of the name, except the current one and as many before it as make `keep`
 * together. Returns the bytes freed, and adds to `*held` the number of versions that would go but
 * are in use. */
uint64_t wi_versions_prune(const char *directory, const char *name, unsigned keep,
    const struct wi_versions_use *use, size_t *held);
/* Removes one version, which is neither current nor in use. Returns the bytes freed. */
uint64_t wi_versions_remove_one(const char *directory, const char *name, unsigned number);
/* Removes the name: for a pulled model the link, with `*pulled` set (wi_versions_prune then frees
 * what is not in use); for a model that was added, the folder. WI_OK, WI_MODEL_NOT_FOUND,
 * WI_CONFLICT (its folder has other models), or WI_STORAGE_FAILED. */
enum wi_code wi_versions_remove(
    const char *directory, const char *name, int *pulled, uint64_t *freed, struct wi_error *error);

/* Removes what is not needed: all versions that wi_versions_prune would remove, remains of an
 * interrupted removal or pull, and with `stagings` the files fetched for pulls that are not
 * running. Uploads are removed as uploads.h says. */
uint64_t wi_versions_gc(const char *directory, unsigned keep, int stagings,
    const struct wi_versions_use *use, size_t *held);

/* --- the layout of names and versions -------------------------------------------------------- */

/* The folder of a name in `of`, WI_STORE_VERSIONS or WI_STORE_MADE, relative to the store; the
 * caller frees it. */
char *wi_versions_place(const char *of, const char *name);
/* The target of a name's link to the version; the caller frees it. */
char *wi_versions_link(const char *name, unsigned number);
/* The version number in the link `file` of this name; 0 if it is no such link. `parent` is the open
 * folder that has the link. */
unsigned wi_versions_read_link(int parent, const char *file, const char *name);
/* Calls `each` for every name that has a folder in `of`. */
typedef void wi_versions_name_fn(void *context, const char *name);
void wi_versions_each_name(int store, const char *of, wi_versions_name_fn *each, void *context);
/* Puts the link of the staging folder in place, in the open folder `parent`, as `last`. 0 or -1. */
int wi_versions_link_in(int parent, const char *last, int staging);
/* Moves `at`/`name` out of sight by one rename, and then removes it. 0 or -1. */
int wi_versions_discard(int store, int at, const char *name, uint64_t *freed);
/* The store's folder, open; -1 with errno. */
int wi_versions_open_store(const char *directory);

#endif
