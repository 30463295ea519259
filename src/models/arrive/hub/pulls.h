/*
 * The pulls of a daemon: models on their way from a hub into the store. Each name has one pull at a
 * time, which all its requests share. The request is written down in the folder of what was fetched
 * (models/catalog/library/versions.h), so that a daemon that was killed continues the pull when it
 * is started again. What other rooms use of them is in models/models.h.
 *
 *   resolving → downloading → verifying → publishing → done
 *       └────────────┴────────────┴────────────┴────→ failed
 *
 * Everything is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULLS_H
#define WI_MODELS_ARRIVE_HUB_PULLS_H

#include "base/net/http_client.h"
#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions_work.h"
#include "models/models.h"

/* `deps` and the parts of `models` are borrowed and must outlive the pulls: the versions are told
 * which pulls are running, the sources and neighbours (NULL: none) are set as configured, and
 * blocks that the store has (NULL: none) are not fetched. The configuration is borrowed until the
 * next one; each pull holds the one that it was begun with. */
struct wi_pulls *wi_pulls_new(
    const struct wi_models_deps *deps, const struct wi_models *models, struct wi_config *config);
/* Continues the pulls of an earlier daemon. */
void wi_pulls_resume(struct wi_pulls *pulls);
/* `on_done` is called for each pull that is done, before its watches. NULL: no longer. */
void wi_pulls_on_done(struct wi_pulls *pulls, wi_pull_fn *on_done, void *context);
void wi_pulls_reload(struct wi_pulls *pulls, struct wi_config *config);
/* Stops all pulls; what was fetched stays for the next start. No callback is called any more. The
 * loop must run afterwards until it is empty. NULL is fine. */
void wi_pulls_free(struct wi_pulls *pulls);

#endif
