/*
 * The model repository: a folder with one folder per model (docs in webinferd(8)): NAME/model.onnx
 * with its files of tensors and an optional model.json (type, labels, how to turn a picture into
 * the input tensor), or files of another format (terms/format/format.h).
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_REPOSITORY_H
#define WI_MODELS_CATALOG_LIBRARY_REPOSITORY_H

#include "base/change.h"
#include "base/error.h"
#include "models/catalog/library/hash_cache.h"
#include "models/catalog/library/listing.h"
#include "models/catalog/library/versions.h"
#include "models/models.h"
#include "settings/config/alias.h"
#include "terms/format/model.h"
#include <uv.h>

/* Points the repository to another folder (reload) and forgets what was read, as for SIGHUP. */
void wi_repository_reset(struct wi_repository *repository, const char *directory);

/* Sets the memory limits of GGUF models that are read from now on. The default is all that a page
 * can have, and four conversations. */
void wi_repository_set_limits(
    struct wi_repository *repository, const struct wi_gguf_limits *limits);

/* Sets other names for models, copied; there are none at first. They apply to every look-up by
 * name. */
void wi_repository_set_aliases(struct wi_repository *repository, const struct wi_aliases *aliases);
/* To be called after this daemon has changed the folder: its list is read again at once, and the
 * hashes of `known` files (may be NULL) need not be computed. */
void wi_repository_changed(struct wi_repository *repository, const struct wi_manifest *known);
/* Adds the models, and the versions of pulled ones, that requests hold now. */
void wi_repository_list_used(struct wi_repository *repository, struct wi_versions_use *use);
/* How often requests began to use a model with these files (by its hash) in this hour and the 23
 * before it. */
#define WI_REPOSITORY_RUNS_MAX 4096 /* hashes; beyond that the least recently run are dropped */
uint64_t wi_repository_runs(const struct wi_repository *repository, const char *hash);
/* Reads the counts in `db` (borrowed), ignoring malformed ones, and from now on writes changes
 * there, after a minute and at the end. Blocks. */
#define WI_REPOSITORY_RUNS_SAVE_MS 60000
void wi_repository_keep_runs(struct wi_repository *repository, struct wi_db *db);

#endif
