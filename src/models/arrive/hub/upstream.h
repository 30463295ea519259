/*
 * The source of a pull's files: a hub; all sources that have a CID, including those that a router
 * names; or a neighbour, which tells the CID of its model. Neighbours that may have files of a hub
 * are asked before the hub. Each kind of source lists the files and has them fetched.
 *
 * On the loop. One operation runs at a time; no function calls back from inside.
 */
#ifndef WI_MODELS_ARRIVE_HUB_UPSTREAM_H
#define WI_MODELS_ARRIVE_HUB_UPSTREAM_H

#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/hub_list.h"
#include "models/arrive/hub/pull_plan.h"

/* Callbacks for the answers. */
struct wi_upstream_callbacks {
    void *context;
    wi_fetch_progress_fn *on_waiting; /* during list and measure: what is waited for */
    wi_hub_list_fn *on_tree;
    void (*on_measured)(void *context, const struct wi_error *error);
    void (*on_around)(void *context);
    wi_fetch_progress_fn *on_progress; /* during a fetch */
    wi_fetch_fn *on_fetched;
};

struct wi_upstream;
/* `deps`, `plan` and `back` are borrowed, and must outlive it. */
struct wi_upstream *wi_upstream_new(const struct wi_pulls_deps *deps, struct wi_pull_plan *plan,
    const struct wi_upstream_callbacks *back);
/* No callback is called any more. NULL is fine. */
void wi_upstream_free(struct wi_upstream *upstream);

/* The operations below require that wi_pull_plan_look is done for the plan. `folder` is borrowed,
 * and belongs to the pull alone. Each may be repeated as often as needed. Errors as for
 * wi_hub_list_start, wi_fetch_start and wi_content_pull_list. */
void wi_upstream_list(struct wi_upstream *upstream, const char *folder);
/* Asks for the lengths of chosen files that are unknown, and writes them into the plan: 0, and
 * on_measured is called; or -1 if all are known. */
int wi_upstream_measure(struct wi_upstream *upstream);
/* Asks neighbours what they have, if other models might be removed to make room: 0, and on_around
 * is called; or -1 if no neighbour is to be asked. */
int wi_upstream_ask_around(struct wi_upstream *upstream);
/* Fetches the chosen files into the folder given to wi_upstream_list. */
void wi_upstream_fetch(struct wi_upstream *upstream);

/* Why none of the providers of a router can be asked; NULL: some can. */
const char *wi_upstream_reason(const struct wi_upstream *upstream);

#endif
