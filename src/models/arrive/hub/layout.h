/*
 * Where things lie on a hub, and how it lists them: a row for each layout, `layout` of [hub.NAME].
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
#ifndef WI_MODELS_ARRIVE_HUB_LAYOUT_H
#define WI_MODELS_ARRIVE_HUB_LAYOUT_H

#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/tree.h"

struct wi_hub_layout {
    const char *article; /* "a hub", "a plain hub" */
    /* Names with "/" between them that a repository has, at least and at most; what that is, and
     * what revisions are, in words. */
    size_t least, most;
    const char *repositories, *revisions;
    int (*is_revision)(const char *text);

    /* URLs, which the caller frees. `repository` and `path` are as reference.h and tree.h let them
     * be, a revision is escaped. What says which commit a revision is; NULL: the list does, and
     * only what it is now can be had. */
    char *(*revision_url)(const struct wi_hub *hub, const char *repository, const char *revision);
    const char *list; /* the file that the list of files is; NULL: it is none, and comes in pages,
                         of which the next is where a Link header says */
    /* NULL: it has no models by name, and none of what follows. */
    char *(*list_url)(const struct wi_hub *hub, const char *repository, const char *commit);
    char *(*file_url)(
        const struct wi_hub *hub, const char *repository, const char *commit, const char *path);
    /* Adds what a page of the list says. */
    enum wi_code (*read_list)(
        struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
};
extern const struct wi_hub_layout wi_hub_layouts[]; /* by enum wi_hub_kind */

/* Whether a name begins with a letter or a digit, has those and "._-", and no two dots in a row. */
int wi_hub_name_ok(const char *text, size_t length, size_t most);

#endif
