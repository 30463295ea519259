/*
 * Variants that were made here of models in the store's folder D, whoever put those there:
 *
 *   D/.made/OWNER/NAME/VARIANT/   its files, as the model's own folder would have them, and
 *                                 .made.json: which model it was made of, and how that was measured
 *   D/.made/_/NAME/VARIANT/       of a model without an owner
 *   D/.staging/quantize-…/        what is being made; nobody goes on with it after a restart
 *
 * A variant is there for as long as its model has the files that it was made of: `of` is the hash
 * of that variant of the model. Everything blocks, for worker threads.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_MADE_H
#define WI_MODELS_CATALOG_LIBRARY_MADE_H

#include "base/error.h"
#include "models/catalog/format/format.h"
#include "models/catalog/library/versions.h"
#include <jansson.h>

#define WI_STORE_MADE ".made"
#define WI_MADE_PREFIX "quantize" /* of wi_id_new */
#define WI_MADE_NOTES_MAX (64 * 1024)

/* What a model is made into fewer bits of. */
#define WI_MADE_SOURCE "fp32"

int wi_made_is_id(const char *id);
/* The folder of such a variant, whether there is one or not; the caller frees it. */
char *wi_made_folder(const char *directory, const char *name, const char *variant);
/* Where a model's made variants lie, relative to the store; the caller frees it. */
char *wi_made_place(const char *name);
/* Adds those of the model `name` (without a variant), which has that format, that are not in the
 * list yet; each has its notes. Whether they are still of its files is not looked at. 0, or -1 with
 * errno where that cannot be said now. */
int wi_made_list(const char *directory, const char *name, enum wi_model_format format,
    struct wi_variants *variants);
/* Whether a variant with these notes was made of the files that have this hash. */
int wi_made_is_of(const json_t *notes, const char *hash);

/* Opens the staging folder `id`, with a copy of each of `common`, which lie in `folder`, in it; of
 * one that ends with "/" there is the folder. As wi_staging_open. */
enum wi_code wi_made_stage(const char *directory, const char *id, const char *folder,
    const struct wi_strings *common, struct wi_staging *staging, struct wi_error *error);
/* Makes the files of the staging folder the variant, in the place of one that there may be, by one
 * rename or exchange; the staging goes. `notes` is JSON text. WI_OK or WI_STORAGE_FAILED. */
enum wi_code wi_made_publish(const char *directory, const char *id, const char *name,
    const char *variant, const char *notes, struct wi_error *error);

/* Removes all that were made of a model that is gone. `store` is the store's folder, open. */
void wi_made_remove(int store, const char *name, uint64_t *freed);
/* Likewise of all models that are not in the store any more. */
void wi_made_sweep(int store, const char *directory, uint64_t *freed);

#endif
