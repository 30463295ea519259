/*
 * A hub: a place that models are pulled from, as [hub.NAME] of the configuration describes it. Its
 * layout defines its URLs (hub_layout.h).
 */
#ifndef WI_MODELS_ARRIVE_HUB_HUB_H
#define WI_MODELS_ARRIVE_HUB_HUB_H

#include "base/error.h"
#include "settings/config/config.h"

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
void wi_hub_copy(struct wi_hub *to, const struct wi_hub *from); /* `to` is empty */
void wi_hub_clear(struct wi_hub *hub);

/* The line "Authorization: Bearer …", which the caller frees; NULL without a token. */
char *wi_hub_authorization(const struct wi_hub *hub);
/* Whether a URL belongs to the hub itself: same scheme, host and port. The token may be sent only
 * there. */
int wi_hub_owns_url(const struct wi_hub *hub, const char *url);

#endif
