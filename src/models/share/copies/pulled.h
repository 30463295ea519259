/*
 * Serves pulled models by their content, in addition to published models, with [content] serve =
 * all: every model that is pulled while that is set, except from a hub with a token. These models
 * are not held: they may be removed as if they were not served.
 *
 * All is called on the loop's thread.
 */
#ifndef WI_MODELS_SHARE_COPIES_PULLED_H
#define WI_MODELS_SHARE_COPIES_PULLED_H

#include "models/models.h"

struct wi_pulled;
/* `models` and `id`, this daemon's, are borrowed and must outlive the result. */
struct wi_pulled *wi_pulled_new(
    const struct wi_models *models, const char *id, const struct wi_config *config);
/* With any `serve` other than all, none of them is served any more. */
void wi_pulled_reload(struct wi_pulled *pulled, const struct wi_config *config);
void wi_pulled_free(struct wi_pulled *pulled); /* NULL is fine */

#endif
