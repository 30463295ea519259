/*
 * What is here already of a model that is pulled, and what is chosen of the hub's files: both are
 * read and worked out beside the loop.
 */
#ifndef WI_HUB_PULL_KEPT_H
#define WI_HUB_PULL_KEPT_H

#include "hub/choose.h"
#include "hub/hub.h"
#include "hub/tree.h"
#include "library/source.h"
#include "library/versions.h"
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

struct wi_pull_chosen {
    struct wi_hub_tree files;
    char *variant; /* NULL where there is none */
    int all_here;  /* the version that is here has them all */
};

/* What is taken out of `chosen` is left empty; with `error` there is nothing. */
typedef void wi_pull_choice_fn(
    void *context, struct wi_pull_chosen *chosen, const struct wi_error *error);
struct wi_pull_choice;
/* `tree` is finished; `current` is the version that is here, or empty. With `related` it came from
 * the same repository: then those of its files that the hub still has stay, beside what is wanted.
 * Copies what it is given; never calls back from inside. */
struct wi_pull_choice *wi_pull_choice_start(uv_loop_t *loop, const struct wi_hub_tree *tree,
    const struct wi_hub_want *want, const struct wi_source *current, int related,
    wi_pull_choice_fn *on_chosen, void *context);
void wi_pull_choice_cancel(struct wi_pull_choice *choice); /* no callback comes; NULL is fine */

#endif
