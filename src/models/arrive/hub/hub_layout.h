/*
 * The URLs of a hub, and how it lists its files: a row for each layout, `layout` of [hub.NAME].
 *
 *   huggingface   URL/api/models/ORG/NAME/revision/REV             which commit that is
 *                 URL/api/models/ORG/NAME/tree/COMMIT?recursive=true   its files, page by page
 *                 URL/ORG/NAME/resolve/COMMIT/PATH                 one of them
 *   plain         URL/PATH/OF/MODEL/SHA256SUMS                     the files, and so the commit
 *                 URL/PATH/OF/MODEL/PATH                           one of them
 *   ipfs          blocks by their CIDs alone: models/arrive/source/block_fetch.h
 *   webinfer      URL/content                                      what it has, with CIDs
 *                 URL/ipfs/CID                                     a block of it
 */
#ifndef WI_MODELS_ARRIVE_HUB_HUB_LAYOUT_H
#define WI_MODELS_ARRIVE_HUB_HUB_LAYOUT_H

#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_tree.h"
#include "terms/model/reference.h"

struct wi_hub_layout {
    struct wi_hub_reference_rules rules;
    /* URLs, which the caller frees. `repository` and `path` are as checked by
     * terms/model/reference.h and hub_tree.h; a revision is escaped. revision_url says which commit
     * a revision is; NULL: the list says so, and only the current revision is available. */
    char *(*revision_url)(const struct wi_hub *hub, const char *repository, const char *revision);
    /* The file that lists the files; NULL: the list comes in pages, and a Link header names the
     * next one. */
    const char *list;
    /* NULL: the layout has no models by name, and none of the members below. */
    char *(*list_url)(const struct wi_hub *hub, const char *repository, const char *commit);
    char *(*file_url)(
        const struct wi_hub *hub, const char *repository, const char *commit, const char *path);
    /* Adds the files of one page of the list. */
    enum wi_code (*read_list)(
        struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
};
extern const struct wi_hub_layout wi_hub_layouts[]; /* by enum wi_hub_kind */

#endif
