/*
 * Reads a DAG, given by its root, from the root down, and finds its folders, its files, and the
 * leaves of each file. The walk names the blocks that it needs and takes them in any order, from a
 * CAR, a gateway or the store; it does no input or output itself. It reads balanced and trickle
 * trees, with raw or dag-pb leaves of any size.
 *
 * Blocks are not trusted: a block is accepted only under the CID of its hash. A tree is refused if
 * it is too deep or too large, if its sizes do not add up, or if its names lead out of a folder or
 * occur twice. Files and folders with names that no model can have (wi_file_path_ok) are left out.
 * A block that is linked to many times is requested and read once. The exceptions are blocks of
 * files that are not kept, so that memory stays bounded: the root of a file, which may be requested
 * again once the file is descended into, and a dag-pb leaf that is found in another place after it
 * was given. Pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_WALK_H
#define WI_MODELS_SHARE_CONTENT_WALK_H

#include "models/share/content/dag.h"

#define WI_WALK_DEPTH_MAX 64       /* blocks one below another, including the root and the leaf */
#define WI_WALK_LEAVES_MAX 1000000 /* in all files; counted as often as they are linked to */
#define WI_WALK_INNER_MAX (64u << 20) /* bytes of blocks with links; for folders and for files */
#define WI_WALK_FILES_MAX 10000       /* files and folders that a tree lists */

/* A range of a file that is one raw block. */
struct wi_leaf {
    struct wi_cid cid;
    uint64_t at;    /* of the file */
    uint32_t bytes; /* of the block, according to the link; if the block with this CID has another
                     * length, the tree is wrong, not the sender of the block */
};

struct wi_walk_file {
    char *path;        /* inside the root, or inside the target of `path`; "" for a single file */
    struct wi_cid cid; /* for an identity: the CID that its content would have as a block */
    uint64_t bytes;    /* for a raw root, according to its parent's link */
    /* Valid once wi_walk_is_whole, and constant from then on: in the order of the file. Gaps are
     * the bytes that wi_walk_bytes_fn was given. */
    struct wi_leaf *leaves;
    size_t leaf_count;
};

struct wi_walk;
/* `path` (may be NULL or "") leads down from the root by names separated by "/": only its target is
 * read. `bytes_max` limits the bytes of all files that are descended into; more are refused
 * (WI_NO_ROOM with the figures). */
struct wi_walk *wi_walk_new(const struct wi_cid *root, const char *path, uint64_t bytes_max);
void wi_walk_free(struct wi_walk *walk); /* NULL is fine */

/* 1 and a block that is needed and was not requested before (or was returned); 0 if there is none
 * now: then either everything has been read, or requested blocks are still to be given. */
int wi_walk_wanted(struct wi_walk *walk, struct wi_cid *cid);
/* Returns a block that could not be obtained, so that it is requested again. */
void wi_walk_return(struct wi_walk *walk, const struct wi_cid *cid);
/* Takes a requested block; one that is not needed (any more) is ignored. WI_OK;
 * WI_DOWNLOAD_CORRUPT: it is not the block of that CID, and counts as not given; WI_HUB_FAILED,
 * WI_HUB_NOT_FOUND (the path does not exist) or WI_NO_ROOM: the tree is refused, and the walk can
 * only be freed. */
enum wi_code wi_walk_give(struct wi_walk *walk, const struct wi_cid *cid,
    const unsigned char *block, size_t size, struct wi_error *error);
/* Whether all blocks that are needed so far have been given: at first all folders and the root of
 * each file, later also everything below the files that were descended into. */
int wi_walk_is_done(const struct wi_walk *walk);

/* After the first is_done: the CID of the path's target. */
const struct wi_cid *wi_walk_cid(const struct wi_walk *walk);
/* After the first is_done: the files, sorted by path (by bytes), and their `count` (may be NULL);
 * borrowed, and constant until the walk is freed. */
const struct wi_walk_file *wi_walk_files(const struct wi_walk *walk, size_t *count);
/* After the first is_done: makes the walk read all leaves of the file. A second call has no effect.
 * WI_OK, or as wi_walk_give for a tree that is refused. */
enum wi_code wi_walk_descend(struct wi_walk *walk, size_t file, struct wi_error *error);
/* Whether the file was descended into and everything below it has been read: its leaves are
 * constant from then on. */
int wi_walk_is_whole(const struct wi_walk *walk, size_t file);

/* Takes the bytes of a file that are in the blocks that the walk itself reads: in dag-pb leaves, in
 * nodes with data and links, in identities. Called from inside wi_walk_give and wi_walk_descend, in
 * no particular order, once for each place, for files that are descended into. It must not call the
 * walk. These bytes are not leaves in wi_walk_file; together with the leaves they are the whole
 * file. NULL: trees with such bytes are refused. Set it before the first descent. */
typedef void wi_walk_bytes_fn(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size);
void wi_walk_on_bytes(struct wi_walk *walk, wi_walk_bytes_fn *on_bytes, void *context);

#endif
