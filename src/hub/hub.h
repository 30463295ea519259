/*
 * A hub: a place that models are pulled from, as [hub.NAME] of the configuration gives it;
 * where something lies on it, its layout says (layout.h).
 */
#ifndef WI_HUB_HUB_H
#define WI_HUB_HUB_H

#include "base/error.h"
#include "config/config.h"
#include <stdint.h>

#define WI_HUB_TOKEN_MAX 4096 /* bytes of a token */
/* What stands for all sources of what is pulled by its CID. */
#define WI_HUB_CONTENT "ipfs"

/* All are owned; zero-initialise, and free with wi_hub_clear. */
struct wi_hub {
    char *name;
    char *url;        /* without a slash at its end */
    char *token_file; /* NULL: none is needed */
    char *token;      /* sent to this hub alone; NULL: none, or not read yet */
    enum wi_hub_kind layout;
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

/* The line "Authorization: Bearer …", which the caller frees; NULL without a token. */
char *wi_hub_authorization(const struct wi_hub *hub);
/* Whether a URL is of the hub itself: the same scheme, host and port. Only there may the token go.
 */
int wi_hub_owns_url(const struct wi_hub *hub, const char *url);

#endif
