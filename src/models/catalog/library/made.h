/*
 * Variants that were made here of models in the store's folder D, pulled or not:
 *
 *   D/.made/OWNER/NAME/VARIANT/   its files, as the model's own folder would have them, and
 *                                 .made.json: which model it was made of, and how it was measured
 *   D/.made/_/NAME/VARIANT/       of a model without an owner
 *   D/.staging/quantize-…/        a variant being made; after a restart it is not continued
 *
 * A variant exists as long as its model has the files that it was made of: `of` is the hash of that
 * variant of the model. Everything blocks, for worker threads.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_MADE_H
#define WI_MODELS_CATALOG_LIBRARY_MADE_H

#include "base/error.h"
#include "models/catalog/library/versions.h"
#include "terms/format/format.h"
#include <jansson.h>

#define WI_STORE_MADE ".made"
#define WI_MADE_NOTES_MAX (64 * 1024)

int wi_made_is_id(const char *id);
/* The folder of such a variant, existing or not; the caller frees it. */
char *wi_made_folder(const char *directory, const char *name, const char *variant);
/* Adds the made variants of the model `name` (without a variant), which has that format, that are
 * not in the list yet; each has its notes. It is not checked that they are still of the model's
 * files. 0, or -1 with errno if that cannot be told now. */
int wi_made_list(const char *directory, const char *name, enum wi_model_format format,
    struct wi_variants *variants);
/* Whether a variant with these notes was made of the files that have this hash. */
int wi_made_is_of(const json_t *notes, const char *hash);

/* Opens the staging folder `id` and copies each of `common` from `folder` into it; a path that ends
 * with "/" is made as a folder. Returns as wi_staging_open. */
enum wi_code wi_made_stage(const char *directory, const char *id, const char *folder,
    const struct wi_strings *common, struct wi_staging *staging, struct wi_error *error);
/* Publishes the files of the staging folder as the variant, replacing an existing one, by one
 * rename or exchange; the staging folder is removed. `notes` is JSON text. WI_OK or
 * WI_STORAGE_FAILED. */
enum wi_code wi_made_publish(const char *directory, const char *id, const char *name,
    const char *variant, const char *notes, struct wi_error *error);

/* Removes all variants made of a model that is gone. `store` is the store's folder, open. */
void wi_made_remove(int store, const char *name, uint64_t *freed);
/* The same for all models that are no longer in the store. */
void wi_made_sweep(int store, const char *directory, uint64_t *freed);

#endif
