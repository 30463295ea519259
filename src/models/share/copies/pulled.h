/*
 * Serves pulled models by their content, in addition to published models, with [content] serve =
 * all: every model that is pulled while that is set, except from a hub with a token. These models
 * are not held: they may be removed as if they were not served.
 *
 * All is called on the loop's thread.
 */
#ifndef WI_MODELS_SHARE_COPIES_PULLED_H
#define WI_MODELS_SHARE_COPIES_PULLED_H

#include "models/arrive/hub/pulls.h"
#include "models/share/blockstore/blockstore.h"
#include "settings/config/config.h"

/* All members are borrowed and must outlive the result. */
struct wi_pulled_deps {
    struct wi_blockstore *blocks;
    struct wi_pulls *pulls;
    struct wi_repository *repository;
    const char *id; /* this daemon's */
};

struct wi_pulled;
struct wi_pulled *wi_pulled_new(const struct wi_pulled_deps *deps, const struct wi_config *config);
/* With any `serve` other than all, none of them is served any more. */
void wi_pulled_reload(struct wi_pulled *pulled, const struct wi_config *config);
void wi_pulled_free(struct wi_pulled *pulled); /* NULL is fine */

#endif
