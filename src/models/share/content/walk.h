/*
 * A DAG that somebody named by its root, read from the root down: which folders and files it has,
 * and of each file which leaves. Says which blocks it needs and takes them in any order, from a
 * CAR, a gateway or the store; it does no input and no output. Balanced and trickle trees are
 * read, with raw or dag-pb leaves of any sizes.
 *
 * Whatever is given is hostile: blocks are taken only under the CID that their hash has, and a tree
 * is refused that is too deep, too large, whose sizes do not add up, or whose names lead out of a
 * folder or are there twice. Files and folders with names that no model can have (wi_file_path_ok)
 * are left out. A block that is linked to many times is asked for and read once. The exceptions are
 * blocks of files that are not kept, so that memory stays bounded: the root of a file, which may be
 * asked for again once the file is descended into, and a dag-pb leaf that is found in a further
 * place after it was given. Pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_WALK_H
#define WI_MODELS_SHARE_CONTENT_WALK_H

#include "models/share/content/dag.h"

#define WI_WALK_DEPTH_MAX 64          /* blocks one below another, the root and the leaf counted */
#define WI_WALK_LEAVES_MAX 1000000    /* of all files together, each as often as it is linked to */
#define WI_WALK_INNER_MAX (64u << 20) /* bytes of blocks with links; of folders, of files */
#define WI_WALK_FILES_MAX 10000       /* files and folders that a tree lists */

/* A stretch of a file that is one raw block. */
struct wi_leaf {
    struct wi_cid cid;
    uint64_t at;    /* of the file */
    uint32_t bytes; /* of the block, as what links to it says; with another length of a block that
                     * has this CID the tree is wrong, not who sent the block */
};

struct wi_walk_file {
    char *path;        /* inside the root, or inside what PATH leads to; of a single file "" */
    struct wi_cid cid; /* of one that is an identity: what its content would have as a block */
    uint64_t bytes;    /* of a raw root as its parent's link says */
    /* Once wi_walk_is_whole: in the order of the file; gaps are what
     * wi_walk_bytes_fn was given. Still from then on. */
    struct wi_leaf *leaves;
    size_t leaf_count;
};

struct wi_walk;
/* `path` (may be NULL or "") leads down from the root, by names with "/" between them: what it
 * leads to is what is read. `bytes_max`: of the files that are descended into together; more is
 * refused (WI_NO_ROOM with the figures). */
struct wi_walk *wi_walk_new(const struct wi_cid *root, const char *path, uint64_t bytes_max);
void wi_walk_free(struct wi_walk *walk); /* NULL is fine */

/* 1 and a block that is needed and was not asked for before (or was returned); 0 if there is none
 * now: then either all is read, or blocks that were asked for are yet to be given. */
int wi_walk_wanted(struct wi_walk *walk, struct wi_cid *cid);
/* It could not be had now, and is to be asked for again. */
void wi_walk_return(struct wi_walk *walk, const struct wi_cid *cid);
/* Takes a block that was asked for; one that is not needed (any more) is ignored. WI_OK;
 * WI_DOWNLOAD_CORRUPT where it is not the block of that CID, which is as if it had not been given;
 * WI_HUB_FAILED, WI_HUB_NOT_FOUND (the path leads nowhere) or WI_NO_ROOM for a tree that is
 * refused: the walk is then for freeing only. */
enum wi_code wi_walk_give(struct wi_walk *walk, const struct wi_cid *cid,
    const unsigned char *block, size_t size, struct wi_error *error);
/* Whether nothing is missing of what was wanted so far: at first all folders and the root of each
 * file, then also what is below the files that were descended into. */
int wi_walk_is_done(const struct wi_walk *walk);

/* After the first is_done: what the path leads to. */
const struct wi_cid *wi_walk_cid(const struct wi_walk *walk);
/* After the first is_done: sorted by path (by bytes); borrowed, and still until the walk is freed.
 */
const struct wi_walk_file *wi_walk_files(const struct wi_walk *walk, size_t *count);
/* After the first is_done: wants all leaves of the file; a second time is nothing. WI_OK, or as
 * wi_walk_give for a tree that is refused. */
enum wi_code wi_walk_descend(struct wi_walk *walk, size_t file, struct wi_error *error);
/* Whether the file was descended into, and all below it was read: its leaves are still from then
 * on. */
int wi_walk_is_whole(const struct wi_walk *walk, size_t file);

/* The bytes of a file that lie in the blocks that were read themselves: of dag-pb leaves, of nodes
 * with data and links, of identities. Called from inside wi_walk_give and wi_walk_descend as they
 * are found, in no order, for each place once, for files that are descended into; calls nothing of
 * the walk. They are no leaves in wi_walk_file; what of a file is neither there nor in its leaves
 * does not exist. NULL: such trees are refused. Is set before the first descent. */
typedef void wi_walk_bytes_fn(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size);
void wi_walk_on_bytes(struct wi_walk *walk, wi_walk_bytes_fn *on_bytes, void *context);

#endif
