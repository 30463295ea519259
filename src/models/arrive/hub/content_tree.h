/*
 * What a walk (models/share/content/walk.h) has found, as a hub's list of files (tree.h). Pure.
 *
 * A file that is one raw block has its SHA-256 in its CID, and so may be here already as any
 * model's. Of all others it is known once they are here: until then they have their CID.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_TREE_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_TREE_H

#include "models/arrive/hub/tree.h"
#include "models/share/content/walk.h"

/* Whether what the path of the walk leads to is a file and no folder. */
int wi_content_is_file(const struct wi_walk *walk);
/* What such a file is called in its model, by its first bytes: GGUF has a magic, and what has none
 * is ONNX. */
const char *wi_content_file_name(const unsigned char *bytes, size_t size);
/* Fills an empty tree with all files of a walk that is done for the first time; each has its own
 * path as `remote`. A file that has none is called `name`. WI_HUB_FAILED for what no model can
 * have; `tree` is then for clearing only. */
enum wi_code wi_content_tree(
    const struct wi_walk *walk, const char *name, struct wi_hub_tree *tree, struct wi_error *error);
/* The index in the walk of what a tree calls `remote`; SIZE_MAX: it has no such file. */
size_t wi_content_find(const struct wi_walk *walk, const char *remote);

#endif
