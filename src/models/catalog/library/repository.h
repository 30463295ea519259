/*
 * The model repository: a folder with one folder per model (docs in webinferd(8)): NAME/model.onnx
 * with its files of tensors and an optional model.json (type, labels, how to turn a picture into
 * the input tensor), or files of another format (models/catalog/format/format.h).
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_REPOSITORY_H
#define WI_MODELS_CATALOG_LIBRARY_REPOSITORY_H

#include "base/change.h"
#include "base/error.h"
#include "models/catalog/library/hash_cache.h"
#include "models/catalog/library/listing.h"
#include "models/catalog/library/model.h"
#include "models/catalog/library/versions.h"
#include "settings/config/alias.h"
#include <uv.h>

struct wi_repository;
/* `directory` may be missing: then there are only builtin models. `cache` may be NULL; it must live
 * until the loop is empty. */
struct wi_repository *wi_repository_new(
    uv_loop_t *loop, const char *directory, struct wi_hash_cache *cache);
void wi_repository_free(
    struct wi_repository *repository); /* abandons running look-ups: no callback is called */
/* From now on tells `listener` (borrowed; may be NULL) of each model about which the known facts
 * have changed. */
void wi_repository_tell(
    struct wi_repository *repository, const struct wi_change_listener *listener);
/* Points the repository to another folder (reload) and forgets what was read, as for SIGHUP. */
void wi_repository_reset(struct wi_repository *repository, const char *directory);

/* Sets the memory limits of GGUF models that are read from now on. The default is all that a page
 * can have, and four conversations. */
void wi_repository_set_limits(
    struct wi_repository *repository, const struct wi_gguf_limits *limits);

/* Sets other names for models, copied; there are none at first. They apply to every look-up by
 * name. */
void wi_repository_set_aliases(struct wi_repository *repository, const struct wi_aliases *aliases);
const struct wi_aliases *wi_repository_aliases(const struct wi_repository *repository);

/* Exactly one of `model` (borrowed for the callback: take a reference to keep it) and `error` is
 * given. Called at once if nothing on disk has changed since the last look-up (one stat for each
 * file, no hashing), else from the loop after a worker thread has hashed and read the files. */
typedef void wi_repository_fn(void *context, struct wi_model *model, const struct wi_error *error);
struct wi_repository_lookup;
/* NULL if the callback was called already. The variant in `name` may be in upper or lower case; it
 * is one model, whose name is as in the folder. Errors: WI_INVALID_FIELD, WI_MODEL_NOT_FOUND,
 * WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
struct wi_repository_lookup *wi_repository_find(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context);
/* Reads a variant of `name` ("NAME:VARIANT") of that format that was made here and is still in the
 * staging folder `folder`. Only the caller holds it, since no look-up finds it. The callback is
 * never called at once. */
struct wi_repository_lookup *wi_repository_read_made(struct wi_repository *repository,
    const char *name, enum wi_model_format format, const char *folder, wi_repository_fn *on_model,
    void *context);
void wi_repository_cancel(
    struct wi_repository_lookup *lookup); /* no callback is called; NULL is fine */

/* A snapshot that is still referenced, by content hash; for the bridge's file server. Borrowed;
 * NULL if there is none. */
struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash);

/* The folder, borrowed until the next reset. */
const char *wi_repository_directory(const struct wi_repository *repository);
/* To be called after this daemon has changed the folder: its list is read again at once, and the
 * hashes of `known` files (may be NULL) need not be computed. */
void wi_repository_changed(struct wi_repository *repository, const struct wi_manifest *known);
/* Adds the models, and the versions of pulled ones, that requests hold now. */
void wi_repository_list_used(struct wi_repository *repository, struct wi_versions_use *use);
/* Whether requests hold a model of that name (without variant) now. */
int wi_repository_uses(struct wi_repository *repository, const char *name);
/* When a request last used the model (without variant), in Unix seconds, as far as this process has
 * seen; 0: never. For pulled models the time is also written down, once a minute. */
int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name);

/* How often requests began to use a model with these files (by its hash) in this hour and the 23
 * before it. */
#define WI_REPOSITORY_RUNS_MAX 4096 /* hashes; beyond that the least recently run are dropped */
uint64_t wi_repository_runs(const struct wi_repository *repository, const char *hash);
/* Reads the counts in `db` (borrowed), ignoring malformed ones, and from now on writes changes
 * there, after a minute and at the end. Blocks. */
#define WI_REPOSITORY_RUNS_SAVE_MS 60000
void wi_repository_keep_runs(struct wi_repository *repository, struct wi_db *db);

/* The cost of reading models since the start. */
struct wi_repository_counters {
    uint64_t hashed_bytes;   /* of files that were hashed */
    uint64_t known_bytes;    /* of files whose hash was known from the cache */
    uint64_t found, missing; /* look-ups in the folder that found a model, and that did not */
};
void wi_repository_counters(
    const struct wi_repository *repository, struct wi_repository_counters *counters);

/* The model that represents all kernels when they are run by name: it has no files, and no request
 * can name it. Borrowed. */
struct wi_model *wi_repository_kernels(const struct wi_repository *repository);

/* The list of the folder, read off the loop; borrowed. */
struct wi_listing *wi_repository_listing(struct wi_repository *repository);

/* Calls `each` for models of the list as it is now and for those built in, sorted by name: at most
 * `limit` whose names come after `after` ("" for all). Returns whether there are more. A model that
 * was looked up comes with its snapshot; `model` is NULL if it has not been looked up since the
 * start, or cannot be: then `problem` says why, else it is NULL. `row` is NULL for builtin/…. */
typedef void wi_repository_each_fn(void *context, const struct wi_list_row *row,
    const struct wi_model *model, const char *problem);
int wi_repository_each_after(struct wi_repository *repository, const char *after, size_t limit,
    wi_repository_each_fn *each, void *context);
/* The number of all those models. */
size_t wi_repository_count(struct wi_repository *repository);
/* The same for the model of that name only; -1 if there is none, else 0. */
int wi_repository_one(
    struct wi_repository *repository, const char *name, wi_repository_each_fn *each, void *context);

#endif
