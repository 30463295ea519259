/*
 * The models of the library that are published, and copies of what others have published: each has
 * a CID and is pinned, and of its files each
 * leaf has a known hash, so that any block of it can be served without a second copy: a leaf is a
 * place in one of its files, an inner node is computed from the leaves and kept in memory.
 *
 * On disk, in the store's folder D, one rename each:
 *
 *   D/.content/leaves/sha256-HEX   the hashes of the leaves of the file with that SHA-256
 *   D/.content/pins/HEX            what is published under the name with that SHA-256: see pin.h
 *
 * A pin of a model that was pulled or uploaded holds that version, which changes no more. One of a
 * folder that somebody put there becomes `stale` once one of its files is not any more what was
 * published: its blocks are not served from then on, and it comes back if the files do. With a
 * model that is removed (wi_versions_take_away) its pins go.
 *
 * Everything is called on the loop's thread; reading and hashing happen on threads of the pool.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H
#define WI_MODELS_SHARE_BLOCKSTORE_BLOCKSTORE_H

#include "base/change.h"
#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions_work.h"
#include "models/share/content/cid.h"

/* --- what is published ------------------------------------------------------------------------ */

struct wi_pin_file {
    char *path;
    uint64_t bytes;
    char sha256[WI_HASH_HEX_SIZE];
    struct wi_cid cid;
};

/* Why it is held. */
enum wi_pin_kind {
    WI_PIN_PUBLISHED, /* somebody here has published it */
    WI_PIN_COPY,      /* it was pulled for others' sake alone */
    WI_PIN_ADOPTED,   /* it was here anyway, and counts as a copy */
    WI_PIN_PULLED     /* it was pulled, and is served with all; nobody holds it, and it may go */
};

/* Borrowed until the next turn of the loop. */
struct wi_pin {
    enum wi_pin_kind kind;
    struct wi_cid cid;
    char cid_text[WI_CID_TEXT];
    char *model;                /* "OWNER/NAME", perhaps with ":VARIANT": as it was published */
    char hash[WI_MANIFEST_HEX]; /* the model's, as it was published */
    unsigned version;           /* that is held; 0: a folder that somebody put there */
    char *origin;               /* id of the daemon that published it first */
    int64_t published_at;       /* Unix seconds; of a copy: since when it is one */
    uint64_t bytes;             /* of all files */
    struct wi_pin_file *files;  /* sorted by path */
    size_t count;
    int stale;
};

/* Whether that can be the id of a daemon, and so an origin. */
int wi_pin_origin_ok(const char *text);

struct wi_blockstore;
struct wi_blockstore_deps {
    uv_loop_t *loop;
    struct wi_repository *repository;
    struct wi_versions_work *versions; /* is told what is pinned */
    const char *id;                    /* of this daemon: origin of what it publishes first */
    /* Is told of each model whose pin changes; NULL: nobody. */
    const struct wi_change_listener *listener;
};
/* All borrowed and must outlive it. Reads the pins of what was published before, so that these are
 * in use at once; their blocks are found once their files were looked at, on a thread. */
struct wi_blockstore *wi_blockstore_new(const struct wi_blockstore_deps *deps);
void wi_blockstore_free(struct wi_blockstore *blocks); /* no callback comes; NULL is fine */
/* The repository may have another folder now. */
void wi_blockstore_reset(struct wi_blockstore *blocks);

struct wi_publish_progress {
    uint64_t done, total; /* bytes hashed, of all files */
};
typedef void wi_publish_progress_fn(void *context, const struct wi_publish_progress *progress);
/* Exactly one of `pin` and `error` is given. */
typedef void wi_publish_fn(void *context, const struct wi_pin *pin, const struct wi_error *error);
struct wi_publishing;
/* Publishes the model (referenced meanwhile) with exactly the files of its manifest. The same again
 * is the same; of a model of this name that changed, the pin is replaced. Never calls back from
 * inside; `on_progress` may be NULL. Errors: WI_MODEL_INVALID (of the builtin ones, and where a
 * folder would need a HAMT), WI_CONFLICT (it changed meanwhile), WI_NO_ROOM, WI_STORAGE_FAILED,
 * WI_UNAVAILABLE. */
struct wi_publishing *wi_blockstore_publish(struct wi_blockstore *blocks, struct wi_model *model,
    wi_publish_progress_fn *on_progress, wi_publish_fn *on_done, void *context);
/* Has the model, which has been pulled, as a copy of what `origin` published as `cid`: its blocks
 * are served as those of what is published here. Errors: also WI_CONFLICT where its files have
 * another CID. With `cid` NULL they have what they have. */
struct wi_publishing *wi_blockstore_hold(struct wi_blockstore *blocks, struct wi_model *model,
    enum wi_pin_kind kind, const struct wi_cid *cid, const char *origin, wi_publish_fn *on_done,
    void *context);
void wi_blockstore_cancel(struct wi_publishing *publishing); /* no callback; NULL is fine */
/* A copy may go when room is needed (1), or may not (0), as it is at first. */
void wi_blockstore_spare(struct wi_blockstore *blocks, const char *name, int spare);
/* Has a model that is not published no longer as what it was held as; it stays itself. WI_OK,
 * WI_NOT_FOUND, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_let_go(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error);
/* Takes the pin of what was published under that name away. WI_OK, WI_NOT_FOUND where there is
 * none, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_unpublish(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error);

/* Whether anybody reads of what the model (without variant) or a variant of it is published as. */
int wi_blockstore_is_read(const struct wi_blockstore *blocks, const char *name);

/* The pin of a model, by its name as `wi_pin` has it; NULL: it has none. */
const struct wi_pin *wi_blockstore_pin(const struct wi_blockstore *blocks, const char *name);
/* How often its files ran here in the last day: wi_repository_runs. */
uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin);
/* In the order of their names. */
typedef void wi_pin_fn(void *context, const struct wi_pin *pin);
void wi_blockstore_each(const struct wi_blockstore *blocks, wi_pin_fn *each, void *context);
/* Begins to look whether the files of all pins are still what was published, unless that was done
 * just now. For who shows pins: the listener is told where something else is known then. */
void wi_blockstore_check(struct wi_blockstore *blocks);

/* --- blocks ----------------------------------------------------------------------------------- */

/* Bytes in memory or in a file. */
struct wi_segment {
    const unsigned char *memory; /* NULL: in the file */
    int fd;                      /* borrowed from the reading */
    uint64_t at;                 /* of the file */
    size_t size;
};

/* What of a tree is wanted in a CAR. */
enum wi_dag_scope { WI_SCOPE_BLOCK, WI_SCOPE_ENTITY, WI_SCOPE_ALL };

/* What is read of the store: a block, or a CAR. Stays valid when its model is unpublished, and
 * holds the files open that it needs. */
struct wi_block_reading;
/* NULL where the block is not here, or its file is not any more what it was. */
struct wi_block_reading *wi_blockstore_block(
    struct wi_blockstore *blocks, const struct wi_cid *cid);
/* The same of the tree below it, depth first, each block once. Of a folder WI_SCOPE_ENTITY is its
 * own block, of a file all of them. */
struct wi_block_reading *wi_blockstore_car(
    struct wi_blockstore *blocks, const struct wi_cid *cid, enum wi_dag_scope scope);
uint64_t wi_block_reading_bytes(const struct wi_block_reading *reading); /* of all segments */
/* 1 and what comes next, which is read until the next call; 0 at the end; -1 where a file cannot be
 * opened, or is not any more what it was: what was sent so far is to be broken off. Before the last
 * segment of each file it is looked whether that has changed. */
int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment);
void wi_block_reading_free(struct wi_block_reading *reading); /* NULL is fine */

#endif
