/*
 * The models of the library that are published, and copies of models that others have published.
 * Each has a CID and is pinned. The hash of each leaf of its files is known, so that any block can
 * be served without a second copy: a leaf is a place in one of the files, and an inner node is
 * computed from the leaves and kept in memory.
 *
 * On disk, in the store's folder D, one rename each:
 *
 *   D/.content/leaves/sha256-HEX   the hashes of the leaves of the file with that SHA-256
 *   D/.content/pins/HEX            the model published under the name with that SHA-256: see pin.h
 *
 * The pin of a model that was pulled or uploaded holds that version, which never changes. The pin
 * of a folder that was put there by hand becomes `stale` once one of its files is no longer the
 * published one: its blocks are not served then, until the files are restored. When a model is
 * removed (wi_versions_take_away), its pins are removed, too.
 *
 * All functions are called on the loop's thread; reading and hashing happen on threads of the pool.
 * The rest of them, and the types, are in models.h.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H
#define WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H

#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions_work.h"
#include "models/models.h"

/* Whether `text` can be the id of a daemon, and so an origin. */
int wi_pin_origin_ok(const char *text);

/* `deps`, and the repository and the versions of `models`, are borrowed and must outlive the
 * store. Reads the pins of models that were published before, so that these are in use
 * at once. Their blocks are found once a thread has checked their files. */
struct wi_blockstore *wi_blockstore_new(
    const struct wi_models_deps *deps, const struct wi_models *models);
void wi_blockstore_free(struct wi_blockstore *blocks); /* no callback follows; NULL is fine */
/* Call it when the repository may have another folder. */
void wi_blockstore_reset(struct wi_blockstore *blocks);

/* Holds the model, which has been pulled, as a copy of the one that `origin` published as `cid`:
 * its blocks are served like those of models that are published here. Errors: also WI_CONFLICT if
 * its files have another CID. With `cid` NULL, any CID will do. */
struct wi_publishing *wi_blockstore_hold(struct wi_blockstore *blocks, struct wi_model *model,
    enum wi_pin_kind kind, const struct wi_cid *cid, const char *origin, wi_publish_fn *on_done,
    void *context);
/* Allows a copy to go when room is needed (1), or not (0), which is the initial state. */
void wi_blockstore_spare(struct wi_blockstore *blocks, const char *name, int spare);
/* Removes the pin of a model that is held but was not published here; the model itself stays.
 * WI_OK, WI_NOT_FOUND, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_let_go(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error);
/* The pin of a model, by its name as in `wi_pin`; NULL: it has none. */
const struct wi_pin *wi_blockstore_pin(const struct wi_blockstore *blocks, const char *name);

#endif
