/*
 * A hub: a place that models are pulled from, as [hub.NAME] of the configuration gives it. Where
 * something lies on it is told here and nowhere else:
 *
 *   huggingface   URL/api/models/ORG/NAME/revision/REV             which commit that is
 *                 URL/api/models/ORG/NAME/tree/COMMIT?recursive=true   its files, page by page
 *                 URL/ORG/NAME/resolve/COMMIT/PATH                 one of them
 *   plain         URL/PATH/OF/MODEL/SHA256SUMS                     the files, and so the commit
 *                 URL/PATH/OF/MODEL/PATH                           one of them
 */
#ifndef WI_HUB_HUB_H
#define WI_HUB_HUB_H

#include "base/error.h"
#include "config/config.h"
#include <stdint.h>

#define WI_HUB_TOKEN_MAX 4096 /* bytes of a token */

/* All are owned; zero-initialise, and free with wi_hub_clear. */
struct wi_hub {
    char *name;
    char *url;        /* without a slash at its end */
    char *token_file; /* NULL: none is needed */
    char *token;      /* sent to this hub alone; NULL: none, or not read yet */
    enum wi_hub_layout layout;
};

/* A copy of [hub.NAME], or with NULL of the one that [models] hub names; without the token. WI_OK,
 * or WI_INVALID_FIELD for one that there is not. */
enum wi_code wi_hub_find(
    const struct wi_config *config, const char *name, struct wi_hub *hub, struct wi_error *error);
/* Reads the token anew, if the hub has a token_file: a regular file of mode 0600 with one line.
 * Blocks. WI_OK, or WI_HUB_UNAUTHORIZED with what is wrong with the file. */
enum wi_code wi_hub_read_token(struct wi_hub *hub, struct wi_error *error);
void wi_hub_copy(struct wi_hub *to, const struct wi_hub *from); /* `to` is empty */
void wi_hub_clear(struct wi_hub *hub);

/* URLs, which the caller frees. `repository` and `path` are as reference.h and tree.h let them be,
 * a revision is escaped. */
char *wi_hub_revision_url(const struct wi_hub *hub, const char *repository, const char *revision);
/* The first page of the tree; for `plain` SHA256SUMS, and `commit` does not matter. */
char *wi_hub_tree_url(const struct wi_hub *hub, const char *repository, const char *commit);
char *wi_hub_file_url(
    const struct wi_hub *hub, const char *repository, const char *commit, const char *path);
/* The line "Authorization: Bearer …", which the caller frees; NULL without a token. */
char *wi_hub_authorization(const struct wi_hub *hub);
/* Whether a URL is of the hub itself: the same scheme, host and port. Only there may the token go.
 */
int wi_hub_owns_url(const struct wi_hub *hub, const char *url);

#define WI_TRIES_MOST 8 /* in a row that brought nothing */

/* Before the next try, in ms, after so many (at least one) that failed in a row: `first_ms`, then
 * doubled each time, at most 30 s. */
uint64_t wi_tries_pause(unsigned first_ms, unsigned failed);

#endif
