/*
 * The model repository: a folder with one folder per model (docs in webinferd(8)): NAME/model.onnx
 * with the files that it keeps tensors in and an optional model.json (type, labels, how to turn a
 * picture into the input tensor), or files of another format (models/catalog/format/format.h).
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
    struct wi_repository *repository); /* abandons look-ups under way: no callback comes */
/* Tells `listener` (borrowed; NULL: nobody) from now on of which model something else is known. */
void wi_repository_tell(
    struct wi_repository *repository, const struct wi_change_listener *listener);
/* Points the repository to another folder (reload) and forgets what was read, as SIGHUP does. */
void wi_repository_reset(struct wi_repository *repository, const char *directory);

/* How much room GGUF models are to take, from then on and for those that are read afterwards. At
 * first: all that a page can have, four conversations. */
void wi_repository_set_limits(
    struct wi_repository *repository, const struct wi_gguf_limits *limits);

/* Other names for models, copied; none at first. They hold for every look-up by name. */
void wi_repository_set_aliases(struct wi_repository *repository, const struct wi_aliases *aliases);
const struct wi_aliases *wi_repository_aliases(const struct wi_repository *repository);

/* Exactly one of `model` (borrowed for the callback: take a reference to keep it) and `error` is
 * given. Called at once where nothing on disk has changed since the last look-up (one stat for each
 * file, no hashing), else from the loop after the files were hashed and read on a worker thread. */
typedef void wi_repository_fn(void *context, struct wi_model *model, const struct wi_error *error);
struct wi_repository_lookup;
/* NULL if the callback was called already. A variant is found in upper and in lower case, and is
 * one model: its name is as the folder has it. Errors: WI_INVALID_FIELD, WI_MODEL_NOT_FOUND,
 * WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
struct wi_repository_lookup *wi_repository_find(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context);
/* Reads a variant of `name` ("NAME:VARIANT") that was made here and is still in the staging folder
 * `folder`, of that format: for who holds it alone, since no look-up finds it. Never called at
 * once.
 */
struct wi_repository_lookup *wi_repository_read_made(struct wi_repository *repository,
    const char *name, enum wi_model_format format, const char *folder, wi_repository_fn *on_model,
    void *context);
void wi_repository_cancel(
    struct wi_repository_lookup *lookup); /* no callback comes; NULL is fine */

/* A snapshot still referenced by anybody, by content hash; for the bridge's file server. Borrowed;
 * NULL if there is none. */
struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash);

/* The folder, borrowed until the next reset. */
const char *wi_repository_directory(const struct wi_repository *repository);
/* The folder was changed by ourselves: its list is read again at once, and the hashes of `known`
 * files (may be NULL) need not be computed. */
void wi_repository_changed(struct wi_repository *repository, const struct wi_manifest *known);
/* Adds the models, and the versions of those that were pulled, that requests hold now. */
void wi_repository_list_used(struct wi_repository *repository, struct wi_versions_use *use);
/* When a request last used the model (without variant), in Unix seconds, as far as this process
 * has seen; 0: never. Of pulled ones it is also written down, once a minute. */
int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name);

/* How often requests began to use a model of these files (by its hash) in this hour and the 23
 * before it. */
#define WI_REPOSITORY_RUNS_MAX 4096 /* hashes; beyond them those go that ran longest ago */
uint64_t wi_repository_runs(const struct wi_repository *repository, const char *hash);
/* Takes up what `db` (borrowed) has of them, where it is well-formed, and from now on keeps there
 * what has changed, a minute later and at the end. Blocks. */
#define WI_REPOSITORY_RUNS_SAVE_MS 60000
void wi_repository_keep_runs(struct wi_repository *repository, struct wi_db *db);

/* What reading models has cost since the start. */
struct wi_repository_counters {
    uint64_t hashed_bytes;   /* of files that were hashed */
    uint64_t known_bytes;    /* of files whose hash was known from the cache */
    uint64_t found, missing; /* look-ups of models in the folder that found one, and that did not */
};
void wi_repository_counters(
    const struct wi_repository *repository, struct wi_repository_counters *counters);

/* What stands for all kernels where they are run: a model without files, which no request can name.
 * Borrowed. */
struct wi_model *wi_repository_kernels(const struct wi_repository *repository);

/* The list of the folder, read beside the loop; borrowed. */
struct wi_listing *wi_repository_listing(struct wi_repository *repository);

/* Calls `each` for every model of that list as it is now and for those built in, sorted by name.
 * `model` is NULL where the model has not been looked up since the start (or cannot be: `problem`
 * says why, else NULL). Models that were looked up come with their snapshot. `row` is NULL for
 * builtin/…. */
typedef void wi_repository_each_fn(void *context, const struct wi_list_row *row,
    const struct wi_model *model, const char *problem);
void wi_repository_each(
    struct wi_repository *repository, wi_repository_each_fn *each, void *context);
/* The same of at most `limit` models, whose names come behind `after` ("" for all). Returns whether
 * there are others behind them. */
int wi_repository_each_after(struct wi_repository *repository, const char *after, size_t limit,
    wi_repository_each_fn *each, void *context);
/* How many they are. */
size_t wi_repository_count(struct wi_repository *repository);
/* The same for the one of that name alone; -1 if it is none of them, else 0. */
int wi_repository_one(
    struct wi_repository *repository, const char *name, wi_repository_each_fn *each, void *context);

#endif
