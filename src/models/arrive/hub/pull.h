/*
 * One pull, from the request to a published model: lists, chooses, makes room, fetches, publishes
 * and has the model read. It sits between src/models/arrive/hub/pulls.c, which keeps the pulls, and
 * the steps.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULL_H
#define WI_MODELS_ARRIVE_HUB_PULL_H

#include "models/arrive/hub/pull_plan.h"

struct wi_pull;
/* Called after each change. With `ended` it was the last one, and the pull may be settled or freed,
 * also from inside. */
typedef void wi_pull_changed_fn(void *context, int ended);
/* Gives an unnamed pull its name. WI_OK, or why it cannot have it. */
typedef enum wi_code wi_pull_named_fn(void *context, const char *name, struct wi_error *error);
/* Takes ownership of the order. */
struct wi_pull *wi_pull_new(const struct wi_pulls_deps *deps, struct wi_pull_order *order,
    wi_pull_changed_fn *on_change, wi_pull_named_fn *on_name, void *context);
/* A client of this daemon wants the model that so far is pulled only as a copy for others. */
void wi_pull_want_here(struct wi_pull *pull);
/* Begins the pull, or writes down what has changed in its request since. To be called after both of
 * the above, in a separate turn of the loop. Never calls back from inside. */
void wi_pull_turn(struct wi_pull *pull);
/* Drops what was fetched, and later ends the pull as failed with WI_CANCELLED. */
void wi_pull_cancel(struct wi_pull *pull);
/* Of one that has ended: only its order and its info are kept. */
void wi_pull_settle(struct wi_pull *pull);
/* Stops the pull and keeps what was fetched. No callback is called. */
void wi_pull_free(struct wi_pull *pull);

const struct wi_pull_order *wi_pull_order(const struct wi_pull *pull);
void wi_pull_info(const struct wi_pull *pull, struct wi_pull_info *info);
/* Bytes still to be written, from the moment it has asked for room for them. */
uint64_t wi_pull_pending(const struct wi_pull *pull);
/* bytes of other models removed to make room for it */
uint64_t wi_pull_evicted(const struct wi_pull *pull);

#endif
