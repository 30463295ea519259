/*
 * What is here already of a model that is pulled: read beside the loop, and held against what the
 * hub has.
 */
#ifndef WI_HUB_PULL_KEPT_H
#define WI_HUB_PULL_KEPT_H

#include "hub/hub.h"
#include "hub/tree.h"
#include "model/versions.h"
#include <uv.h>

/* The versions of the name, and `hub` with its token, which is read along with them. Everything is
 * borrowed for the call, and what is taken out is left empty; with `error` there is nothing. */
typedef void wi_pull_look_fn(
    void *context, struct wi_hub *hub, struct wi_versions *versions, const struct wi_error *error);
struct wi_pull_look;
/* Copies what it is given; never calls back from inside. */
struct wi_pull_look *wi_pull_look_start(uv_loop_t *loop, const char *directory, const char *name,
    const struct wi_hub *hub, wi_pull_look_fn *on_looked, void *context);
void wi_pull_look_cancel(struct wi_pull_look *look); /* no callback comes; NULL is fine */

/* Whether all that was chosen is here, under the same paths. Pure; of 1,000 files each some
 * milliseconds, so it is for threads of the pool. */
int wi_pull_has_all(const struct wi_source *current, const struct wi_hub_tree *chosen);
/* Adds to `chosen` those files that are here and that `tree`, of the same repository, still has:
 * the variants that were pulled before stay. Pure, and for threads of the pool likewise. */
void wi_pull_keep(
    const struct wi_source *current, const struct wi_hub_tree *tree, struct wi_hub_tree *chosen);

#endif
