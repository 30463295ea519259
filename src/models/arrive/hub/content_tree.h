/*
 * Turns what a walk (models/share/content/walk.h) has found into a hub's list of files
 * (hub_tree.h). Pure.
 *
 * The CID of a file that is one raw block contains its SHA-256, so the file may be here already as
 * part of any model. The SHA-256 of other files is known only once they are here; until then they
 * have their CID.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_TREE_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_TREE_H

#include "models/arrive/hub/hub_tree.h"
#include "models/share/content/walk.h"

/* Whether the path of the walk leads to a file, not a folder. */
int wi_content_is_file(const struct wi_walk *walk);
/* The name of such a file in its model, by its first bytes: GGUF has a magic; a file without one is
 * ONNX. */
const char *wi_content_file_name(const unsigned char *bytes, size_t size);
/* Fills an empty tree with all files of a walk that is done for the first time; each has its own
 * path as `remote`. A file without a path is called `name`. WI_HUB_FAILED for a file that no model
 * can have; `tree` is then for clearing only. */
enum wi_code wi_content_tree(
    const struct wi_walk *walk, const char *name, struct wi_hub_tree *tree, struct wi_error *error);
/* The index in the walk of the file that a tree calls `remote`; SIZE_MAX if the walk has no such
 * file. */
size_t wi_content_find(const struct wi_walk *walk, const char *remote);

#endif
