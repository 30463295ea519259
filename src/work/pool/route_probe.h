/*
 * Shadow runs that gather information: by chance (`recheck`) the guard compares a trusted platform
 * again; otherwise a place that is due is explored.
 *
 * Exploring: trying a place that is not the best one known, in order to learn more.
 *
 * The rule: a place is due when the fraction `exploration` of the time that the model's runs for
 * clients have taken elsewhere, since the place was last measured or tried, pays for one run there:
 *
 *     exploration * elsewhere_ms >= cost_ms
 *
 * So no place takes more than that fraction of the clients' time, slow places are tried rarely, and
 * without requests nothing is tried. `cost_ms` is the expected time of a run there. It includes
 * loading if loading was paid for before (and for software adapters, from which nothing good is
 * expected; and for language models, which are large). It is zero for a place that has not been
 * timed or compared yet and may be the best: one that the preferences put before the client's, or
 * an accelerator, but not a software adapter. Such a place is due at once, and after tries without
 * a result it is due again after pauses that double from WI_EXPLORE_PAUSE_MS to
 * WI_EXPLORE_PAUSE_MAX_MS. After inconclusive comparisons the pauses are those of
 * wi_verdicts_pause. Of several places the one that has earned the most runs goes first. None is
 * due while jobs wait.
 *
 * A try is a shadow run of a request that was answered elsewhere; for a task it uses an input of
 * ours instead. If it is faster than expected, the result counts in full (wi_estimates_tried), so
 * that clients go there at once.
 */
#ifndef WI_WORK_POOL_ROUTE_PROBE_H
#define WI_WORK_POOL_ROUTE_PROBE_H

#include "work/pool/route.h"

#define WI_EXPLORE_PAUSE_MS 10000.0
#define WI_EXPLORE_PAUSE_MAX_MS 3600000.0

/* Fills choice->probe; `client` is where the request goes, which does not change. */
void wi_route_probe(const struct wi_route_option *options, size_t count,
    const struct wi_route_option *client, const struct wi_terms *terms, struct wi_choice *choice);

#endif
