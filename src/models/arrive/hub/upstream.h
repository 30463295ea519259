/*
 * Who a pull's files come from: a hub; all who have what a CID names, among them whom a router
 * names; or a neighbour, which says the CID of its model. Where neighbours may have files of a hub,
 * they are asked before it. Each says what there is, and has it brought.
 *
 * On the loop. One thing is under way at a time; nothing calls back from inside.
 */
#ifndef WI_MODELS_ARRIVE_HUB_UPSTREAM_H
#define WI_MODELS_ARRIVE_HUB_UPSTREAM_H

#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/list.h"
#include "models/arrive/hub/pull_plan.h"

/* Where the answers go. */
struct wi_upstream_callbacks {
    void *context;
    wi_fetch_progress_fn *on_waiting; /* of a list, and of measuring: what is waited for */
    wi_hub_list_fn *on_tree;
    void (*on_measured)(void *context, const struct wi_error *error);
    void (*on_around)(void *context);
    wi_fetch_progress_fn *on_progress; /* of a fetch */
    wi_fetch_fn *on_fetched;
};

struct wi_upstream;
/* `deps`, `plan` and `back` are borrowed, and must outlive it. */
struct wi_upstream *wi_upstream_new(const struct wi_pulls_deps *deps, struct wi_pull_plan *plan,
    const struct wi_upstream_callbacks *back);
/* No callback comes any more. NULL is fine. */
void wi_upstream_free(struct wi_upstream *upstream);

/* Whoever is listed, measured and fetched from has had its look by then (wi_pull_plan_look), and
 * `folder`, which is borrowed, belongs to the pull alone. Each as often as need be. Errors as
 * wi_hub_list_start, wi_fetch_start and wi_content_pull_list. */
void wi_upstream_list(struct wi_upstream *upstream, const char *folder);
/* Asks how long those of the chosen files are of which nobody has said it, and writes that into the
 * plan: 0, and on_measured comes; or -1 where it is known of all. */
int wi_upstream_measure(struct wi_upstream *upstream);
/* Asks neighbours what they have, where others may have to go for it: 0, and on_around comes; or -1
 * where nobody is to be asked. */
int wi_upstream_ask_around(struct wi_upstream *upstream);
/* Brings the chosen files into the folder of the list. */
void wi_upstream_fetch(struct wi_upstream *upstream);

/* Why all whom a router might have named are out of the question; NULL: they are not. */
const char *wi_upstream_reason(const struct wi_upstream *upstream);

#endif
