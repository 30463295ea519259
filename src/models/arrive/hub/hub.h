/*
 * A hub: a place that models are pulled from, as [hub.NAME] of the configuration describes it. Its
 * layout defines its URLs, and how it lists its files:
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
#ifndef WI_MODELS_ARRIVE_HUB_HUB_H
#define WI_MODELS_ARRIVE_HUB_HUB_H

#include "base/error.h"
#include "models/arrive/hub/hub_tree.h"
#include "settings/config/config.h"
#include "terms/model/reference.h"

#define WI_HUB_TOKEN_MAX 4096 /* bytes of a token */
/* The hub's name in the info of a pull by CID: all sources of content together. */
#define WI_HUB_CONTENT "ipfs"

/* All members are owned; zero-initialise, and free with wi_hub_clear. */
struct wi_hub {
    char *name;
    char *url;        /* without a slash at its end */
    char *token_file; /* NULL: none is needed */
    char *token;      /* sent to this hub alone; NULL: none */
    enum wi_hub_kind layout;
};

/* Replaces `hub` by a copy of [hub.NAME], and reads the token if the hub has a token_file, which
 * must be a regular file of mode 0600 with one line. Blocks. WI_OK, or, without the token,
 * WI_HUB_UNAUTHORIZED with what is wrong with the file, or WI_UNAVAILABLE. */
enum wi_code wi_hub_open(
    struct wi_hub *hub, const struct wi_config_hub *row, struct wi_error *error);
void wi_hub_clear(struct wi_hub *hub);

/* The line "Authorization: Bearer …" for a request to the URL, which the caller frees; NULL without
 * a token, or if the URL is not the hub's own. */
char *wi_hub_authorization(const struct wi_hub *hub, const char *url);
/* Whether a URL belongs to the hub itself: same scheme, host and port. */
int wi_hub_owns_url(const struct wi_hub *hub, const char *url);

/* A row for each layout, `layout` of [hub.NAME]. */
struct wi_hub_layout {
    struct wi_hub_reference_rules rules;
    /* URLs, as wi_hub_url has them. revision_url says which commit a revision is; NULL: the list
     * says so, and only the current revision is available. */
    const char *revision_url;
    /* The file that lists the files; NULL: the list comes in pages, and a Link header names the
     * next one. */
    const char *list;
    /* NULL: the layout has no models by name, and none of the members below. */
    const char *list_url, *file_url;
    /* Adds the files of one page of the list. */
    enum wi_code (*read_list)(
        struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
};
extern const struct wi_hub_layout wi_hub_layouts[]; /* by enum wi_hub_kind */
/* A URL of a layout on the hub, with the repository for $r, the commit or revision for $c, which is
 * escaped, and the path for $p; the caller frees it. `repository` and `path` are as checked by
 * terms/model/reference.h and hub_tree.h. */
char *wi_hub_url(const struct wi_hub *hub, const char *form, const char *repository,
    const char *commit, const char *path);

#endif
