/*
 * Shadow runs that are there to find out more: the guard's second look at a
 * platform that it trusts, by chance (`recheck`), and where that is not wanted a place that is due.
 *
 * Exploring: which place is tried that is not the best as far as is known, so that more is known.
 *
 * The rule: a place is due when the share `exploration` of what the model's runs for clients have
 * taken elsewhere, since it was last measured or tried here, pays for one run of it:
 *
 *     exploration * elsewhere_ms >= cost_ms
 *
 * So no place takes more than that share of the clients' time, what is slow is tried seldom, and
 * where nobody asks nothing is tried. `cost_ms` is what a run there is expected to take, with
 * loading it where that was paid before (and on a software adapter, of which nothing good is
 * expected; and of language models, which are large). It is nothing for what nobody has timed or
 * compared yet and may well be the best: a place that the preferences put before the client's, or
 * an accelerator, but no software adapter. That is due at once, and where nothing comes of it after
 * pauses that double from WI_EXPLORE_PAUSE_MS to WI_EXPLORE_PAUSE_MAX_MS; what was compared, and
 * told nothing, after those of wi_verdicts_pause. Of several the one that has earned most runs goes
 * first. None is due while jobs wait.
 *
 * A try is a shadow run, of a request that was answered elsewhere; for a task not
 * of that, but of an input of ours. Where it is faster than expected that counts in full
 * (wi_estimates_tried), so that clients go there at once.
 */
#ifndef WI_WORK_POOL_ROUTE_PROBE_H
#define WI_WORK_POOL_ROUTE_PROBE_H

#include "work/pool/route.h"

#define WI_EXPLORE_PAUSE_MS 10000.0
#define WI_EXPLORE_PAUSE_MAX_MS 3600000.0

/* Fills choice->probe; `client` is where the request goes, which leaves that choice. */
void wi_route_probe(const struct wi_route_option *options, size_t count,
    const struct wi_route_option *client, const struct wi_terms *terms, struct wi_choice *choice);

#endif
