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
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H
#define WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H

#include "base/change.h"
#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions_work.h"
#include "terms/model/cid.h"

/* --- published models ------------------------------------------------------------------------- */

struct wi_pin_file {
    char *path;
    uint64_t bytes;
    char sha256[WI_HASH_HEX_SIZE];
    struct wi_cid cid;
};

/* Why a model is held. */
enum wi_pin_kind {
    WI_PIN_PUBLISHED, /* it was published here */
    WI_PIN_COPY,      /* it was pulled only to serve others */
    WI_PIN_ADOPTED,   /* it was here already, and counts as a copy */
    WI_PIN_PULLED     /* it was pulled and is served with all others; not held: it may go */
};

/* Borrowed until the next turn of the loop. */
struct wi_pin {
    enum wi_pin_kind kind;
    struct wi_cid cid;
    char cid_text[WI_CID_TEXT];
    char *model; /* "OWNER/NAME", optionally with ":VARIANT": the name when it was published */
    char hash[WI_MANIFEST_HEX]; /* the model's, when it was published */
    unsigned version;     /* the version that is held; 0: a folder that was put there by hand */
    char *origin;         /* the id of the daemon that published it first */
    int64_t published_at; /* Unix seconds; for a copy: when it became one */
    uint64_t bytes;       /* of all files */
    struct wi_pin_file *files; /* sorted by path */
    size_t count;
    int stale;
};

/* Whether `text` can be the id of a daemon, and so an origin. */
int wi_pin_origin_ok(const char *text);

struct wi_blockstore;
struct wi_blockstore_deps {
    uv_loop_t *loop;
    struct wi_repository *repository;
    struct wi_versions_work *versions; /* told of the pinned versions */
    const char *id; /* of this daemon: the origin of models that it publishes first */
    /* Told of each model whose pin changes; NULL: none. */
    const struct wi_change_listener *listener;
};
/* `deps` and its members are borrowed and must outlive the store. Reads the pins of models that
 * were published before, so that these are in use at once. Their blocks are found once a thread has
 * checked their files. */
struct wi_blockstore *wi_blockstore_new(const struct wi_blockstore_deps *deps);
void wi_blockstore_free(struct wi_blockstore *blocks); /* no callback follows; NULL is fine */
/* Call it when the repository may have another folder. */
void wi_blockstore_reset(struct wi_blockstore *blocks);

struct wi_publish_progress {
    uint64_t done, total; /* bytes hashed, of all files */
};
typedef void wi_publish_progress_fn(void *context, const struct wi_publish_progress *progress);
/* Exactly one of `pin` and `error` is not NULL. */
typedef void wi_publish_fn(void *context, const struct wi_pin *pin, const struct wi_error *error);
struct wi_publishing;
/* Publishes the model (referenced meanwhile) with exactly the files of its manifest. Publishing the
 * same again changes nothing; if a model of this name has changed, its pin is replaced. Never calls
 * back from inside; `on_progress` may be NULL. Errors: WI_MODEL_INVALID (a built-in model, or a
 * folder that would need a HAMT), WI_CONFLICT (it changed meanwhile), WI_NO_ROOM,
 * WI_STORAGE_FAILED, WI_UNAVAILABLE. */
struct wi_publishing *wi_blockstore_publish(struct wi_blockstore *blocks, struct wi_model *model,
    wi_publish_progress_fn *on_progress, wi_publish_fn *on_done, void *context);
/* Holds the model, which has been pulled, as a copy of the one that `origin` published as `cid`:
 * its blocks are served like those of models that are published here. Errors: also WI_CONFLICT if
 * its files have another CID. With `cid` NULL, any CID will do. */
struct wi_publishing *wi_blockstore_hold(struct wi_blockstore *blocks, struct wi_model *model,
    enum wi_pin_kind kind, const struct wi_cid *cid, const char *origin, wi_publish_fn *on_done,
    void *context);
void wi_blockstore_cancel(struct wi_publishing *publishing); /* no callback; NULL is fine */
/* Allows a copy to go when room is needed (1), or not (0), which is the initial state. */
void wi_blockstore_spare(struct wi_blockstore *blocks, const char *name, int spare);
/* Removes the pin of a model that is held but was not published here; the model itself stays.
 * WI_OK, WI_NOT_FOUND, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_let_go(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error);
/* Removes the pin of the model that was published under that name. WI_OK, WI_NOT_FOUND if there is
 * none, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_unpublish(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error);

/* Whether a reading is under way of the published form of the model (without variant) or of one of
 * its variants. */
int wi_blockstore_is_read(const struct wi_blockstore *blocks, const char *name);

/* The pin of a model, by its name as in `wi_pin`; NULL: it has none. */
const struct wi_pin *wi_blockstore_pin(const struct wi_blockstore *blocks, const char *name);
/* The number of runs of its files here in the last day: wi_repository_runs. */
uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin);
/* Calls `each` for all pins in the order of their names. */
typedef void wi_pin_fn(void *context, const struct wi_pin *pin);
void wi_blockstore_each(const struct wi_blockstore *blocks, wi_pin_fn *each, void *context);
/* Begins to check whether the files of all pins are still the published ones, unless that was done
 * just now. Call it when pins are shown: the listener is told of changes. */
void wi_blockstore_check(struct wi_blockstore *blocks);

/* --- blocks ----------------------------------------------------------------------------------- */

/* Bytes in memory or in a file. */
struct wi_segment {
    const unsigned char *memory; /* NULL: the bytes are in the file */
    int fd;                      /* borrowed from the reading */
    uint64_t at;                 /* offset in the file */
    size_t size;
};

/* The part of a tree that a CAR is to have. */
enum wi_dag_scope { WI_SCOPE_BLOCK, WI_SCOPE_ENTITY, WI_SCOPE_ALL };

/* A reading of the store: of a block, or of a CAR. It stays valid when its model is unpublished,
 * and keeps the files open that it needs. */
struct wi_block_reading;
/* NULL if the block is not here, or its file has changed. */
struct wi_block_reading *wi_blockstore_block(
    struct wi_blockstore *blocks, const struct wi_cid *cid);
/* The same for the tree below the block, depth first, each block once. WI_SCOPE_ENTITY means only
 * its own block for a folder, and all blocks for a file. */
struct wi_block_reading *wi_blockstore_car(
    struct wi_blockstore *blocks, const struct wi_cid *cid, enum wi_dag_scope scope);
uint64_t wi_block_reading_bytes(const struct wi_block_reading *reading); /* of all segments */
/* 1 and the next segment, valid until the next call; 0 at the end; -1 if a file cannot be opened or
 * has changed: then the answer that is being sent must be aborted. Before the last segment of each
 * file, it is checked whether the file has changed. */
int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment);
void wi_block_reading_free(struct wi_block_reading *reading); /* NULL is fine */

#endif
