/*
 * The model store: a folder with one folder per model, NAME/model.onnx with an optional model.json
 * (docs in webinferd(8): type, labels, how to turn a picture into the input tensor).
 */
#ifndef WI_MODEL_STORE_H
#define WI_MODEL_STORE_H

#include "base/error.h"
#include "model/listing.h"
#include "model/model.h"
#include <uv.h>

struct wi_store;
/* `directory` may be missing: then there are only builtin models. */
struct wi_store *wi_store_new(uv_loop_t *loop, const char *directory);
void wi_store_free(struct wi_store *store); /* abandons look-ups under way: no callback comes */
/* Points the store to another folder (reload) and forgets what was read, as SIGHUP does. */
void wi_store_reset(struct wi_store *store, const char *directory);

/* Exactly one of `model` (borrowed for the callback: take a reference to keep it) and `error` is
 * given. Called at once where nothing on disk has changed since the last look-up (one fstatat, no
 * hashing), else from the loop after the file was hashed and read on a worker thread. */
typedef void wi_store_fn(void *context, struct wi_model *model, const struct wi_error *error);
struct wi_store_lookup;
/* NULL if the callback was called already. Errors: WI_INVALID_FIELD, WI_MODEL_NOT_FOUND,
 * WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
struct wi_store_lookup *wi_store_find(
    struct wi_store *store, const char *name, wi_store_fn *on_model, void *context);
void wi_store_cancel(struct wi_store_lookup *lookup); /* no callback comes; NULL is fine */

/* A snapshot still referenced by anybody, by content hash; for the bridge's file server. Borrowed;
 * NULL if there is none. */
struct wi_model *wi_store_by_hash(struct wi_store *store, const char *name, const char *hash);

/* The list of the folder, read beside the loop; borrowed. */
struct wi_listing *wi_store_listing(struct wi_store *store);

/* Calls `each` for every model of that list as it is now and for builtin/echo, sorted by name.
 * `model` is NULL where the model has not been looked up since the start (or cannot be: `problem`
 * says why, else NULL). Models that were looked up come with their snapshot. */
typedef void wi_store_each_fn(
    void *context, const char *name, const struct wi_model *model, const char *problem);
void wi_store_each(struct wi_store *store, wi_store_each_fn *each, void *context);

#endif
