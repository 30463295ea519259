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

/* All members are borrowed and must outlive the pulls. */
struct wi_pulls_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_repository *repository;
    struct wi_versions_work *versions; /* is told which pulls are running */
    struct wi_sources *sources;        /* of what is pulled by its CID; set as configured */
    struct wi_neighbours *neighbours;  /* some of the sources; likewise */
    struct wi_limit *limit;            /* on all that they bring; likewise */
    struct wi_blockstore *blocks;      /* blocks that it has are not fetched; NULL: none */
    /* Is told of each change of a pull; may be NULL. */
    const struct wi_change_listener *listener;
};
/* The configuration is borrowed until the next one; each pull holds the one that it was begun
 * with. */
struct wi_pulls *wi_pulls_new(const struct wi_pulls_deps *deps, struct wi_config *config);
/* Continues the pulls of an earlier daemon. */
void wi_pulls_resume(struct wi_pulls *pulls);
/* `on_done` is called for each pull that is done, before its watches. NULL: no longer. */
void wi_pulls_on_done(struct wi_pulls *pulls, wi_pull_fn *on_done, void *context);
void wi_pulls_reload(struct wi_pulls *pulls, struct wi_config *config);
/* Stops all pulls; what was fetched stays for the next start. No callback is called any more. The
 * loop must run afterwards until it is empty. NULL is fine. */
void wi_pulls_free(struct wi_pulls *pulls);

#endif
