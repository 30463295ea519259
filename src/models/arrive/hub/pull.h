/*
 * One pull, from what is wanted to a published model: lists, chooses, makes room, fetches,
 * publishes and has the model read. Between src/models/arrive/hub/pulls.c, which keeps them, and
 * its steps.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULL_H
#define WI_MODELS_ARRIVE_HUB_PULL_H

#include "models/arrive/hub/pull_plan.h"

struct wi_pull;
/* After each change; with `ended` it was the last, and the pull may be freed, also from inside. */
typedef void wi_pull_changed_fn(void *context, int ended);
/* An unnamed one is to be called so. WI_OK, or why it cannot be. */
typedef enum wi_code wi_pull_named_fn(void *context, const char *name, struct wi_error *error);
/* Takes the order over. */
struct wi_pull *wi_pull_new(const struct wi_pulls_deps *deps, struct wi_pull_order *order,
    wi_pull_changed_fn *on_change, wi_pull_named_fn *on_name, void *context);
/* Somebody here wants what it brings for others' sake. */
void wi_pull_want_here(struct wi_pull *pull);
/* Begins it, or writes down what was said of it since; to be called after both of the above, in a
 * turn of the loop of its own. Never calls back from inside. */
void wi_pull_turn(struct wi_pull *pull);
/* Drops what was fetched and ends, failed with WI_CANCELLED; later. */
void wi_pull_cancel(struct wi_pull *pull);
/* Stops what is under way and leaves what was fetched. No callback comes. */
void wi_pull_free(struct wi_pull *pull);

const struct wi_pull_order *wi_pull_order(const struct wi_pull *pull);
void wi_pull_info(const struct wi_pull *pull, struct wi_pull_info *info);
/* Bytes that it is yet to write, from when it has asked for room for them. */
uint64_t wi_pull_pending(const struct wi_pull *pull);
uint64_t wi_pull_evicted(const struct wi_pull *pull); /* bytes of other models, for its room */

#endif
