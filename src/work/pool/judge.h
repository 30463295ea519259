/* The rules by which a place may take a demand, and how long it would take there; a part of
 * routing, and likewise pure. */
#ifndef WI_WORK_POOL_JUDGE_H
#define WI_WORK_POOL_JUDGE_H

#include "work/pool/route.h"

/* Judges every platform of the candidates that the pins allow, in their order; returns the number
 * of options. */
size_t wi_judge(const struct wi_candidate *candidates, size_t count, const struct wi_demand *demand,
    const struct wi_terms *terms, struct wi_route_option *options);

/* Whether the pins allow the candidate. A simulated node only gets requests that ask for one by the
 * platform's name, and other nodes never get those. */
int wi_judge_matches(const struct wi_candidate *candidate, const struct wi_demand *demand);
/* Whether the request is only for simulated nodes. */
int wi_judge_simulated(const struct wi_demand *demand);
/* The reason that nodes like this one cannot serve the demand on any platform: they have no engine
 * for the model, cannot send parts, or cannot continue another node's work. NULL if they can. */
const char *wi_judge_unfit(const struct wi_node_info *info, const struct wi_demand *demand);
/* The reason that the node's engine cannot read the model's files; NULL if it can. */
const char *wi_judge_unreadable(const struct wi_node_info *info, const struct wi_model *model);
/* The reason that this platform may not even be tried on the node for the model; NULL if it may. */
const char *wi_judge_barred(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform);
/* Whether it may be tried and is available. */
int wi_judge_can_run(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform);

#endif
