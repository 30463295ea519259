/*
 * Shared by the files behind repository.h: repository.c looks models up; snapshot.c has the models
 * that are handed out; repository_use.c tracks when each was used, and how often.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_REPOSITORY_PRIVATE_H
#define WI_MODELS_CATALOG_LIBRARY_REPOSITORY_PRIVATE_H

#include "base/work_queue.h"
#include "models/catalog/library/model_load.h"
#include "models/catalog/library/repository.h"

/* A model and its place in the repository's list of all models that are still referenced. */
struct snapshot {
    struct wi_model model; /* first: a model is cast back to its snapshot */
    struct snapshot *prev, *next;
};

/* Built-in models, and the NULL after them. */
#define WI_REPOSITORY_BUILTINS 16

struct wi_repository {
    uv_loop_t *loop;
    char *directory;
    struct entry *entries;
    struct snapshot *snapshots; /* not owned: each removes itself */
    struct use *uses;
    struct runs *runs;
    struct wi_db *db;            /* where they are kept; NULL: nowhere */
    struct wi_timer *runs_later; /* until they are written; NULL: they are not kept */
    struct job *jobs;
    struct wi_work_queue *readings;
    struct wi_model *builtins[WI_REPOSITORY_BUILTINS]; /* by name; ended by NULL */
    struct wi_model *kernels;
    struct wi_listing *listing;
    struct wi_hash_cache *cache; /* or NULL */
    struct wi_gguf_limits limits;
    struct wi_aliases aliases;
    struct wi_repository_counters counters;
    const struct wi_change_listener *listener;
    size_t most_open; /* limit of open files of all models together */
};

/* --- snapshot.c ------------------------------------------------------------------------------- */

/* A model of that name with one reference, which is the caller's. */
struct wi_model *wi_snapshot_new(struct wi_repository *repository, const char *name);
/* A built-in model over kernels or, with `kernels` NULL, the model that represents all kernels when
 * they are run by name. Its hash includes the version of the kernels, so that measurements belong
 * to that version. */
struct wi_model *wi_snapshot_of_kernels(
    struct wi_repository *repository, const struct wi_kernel_model *kernels);
/* As wi_snapshot_new, with the load's results, which it takes over. */
struct wi_model *wi_snapshot_of_load(struct wi_repository *repository, struct wi_load *load);
/* As wi_repository_by_hash, by a walk over all snapshots; the newest one if there are several. */
struct wi_model *wi_snapshot_by_hash(
    const struct wi_repository *repository, const char *name, const char *hash);

/* Whether there is a reference that is not idle. */
int wi_model_is_used(const struct wi_model *model);
void wi_repository_forget_uses(struct wi_repository *repository);
/* Writes what is not kept yet, and ends. */
void wi_repository_end_runs(struct wi_repository *repository);

#endif
