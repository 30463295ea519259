/*
 * What a pull takes of what a hub lists: chosen (choose.h), and held against what is here of the
 * model. A hub may list 10,000 files, a model have 1,000, and a request name 100 patterns, so this
 * goes beside the loop.
 */
#ifndef WI_HUB_PULL_CHOICE_H
#define WI_HUB_PULL_CHOICE_H

#include "hub/choose.h"
#include "model/source.h"
#include <uv.h>

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
