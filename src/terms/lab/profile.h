/*
 * Profiles: the time of each node of a model's graph, and of each operator, over some runs at one
 * place. A node of the service tells the times; here they are checked, added up, compared and
 * written as a trace. webinfer-compute(7), "Profiles", has the document.
 */
#ifndef WI_TERMS_LAB_PROFILE_H
#define WI_TERMS_LAB_PROFILE_H

#include "base/error.h"
#include <jansson.h>

#define WI_PROFILE_NODES_MAX 2000 /* in a profile; page/src/engine/profile.js */
#define WI_PROFILE_RUNS_MAX 50    /* with more, onnxruntime's events would fill a page's memory */
#define WI_PROFILE_RUNS_DEFAULT 5

/* Checks a profile of unknown origin (borrowed) and completes it: its nodes get `share` and
 * `fell_back`, and the profile gets `run_ms`, `operators` and `other`. Its report on graph capture
 * stays as it is. Unknown members are removed, and so are those that are computed here. `run_ms` is
 * the time of its runs together, by another clock than the nodes'; below 0: the profile's own,
 * which is required then. WI_OK, or with `error` a code of wi_params_read, `where` before the
 * field's path. */
enum wi_code wi_profile_settle(
    json_t *profile, double run_ms, const char *where, struct wi_error *error);

/* A time that is larger by more than this share than before, and by more than WI_PROFILE_WEIGHT of
 * the run, is another one. */
#define WI_PROFILE_THRESHOLD 0.10
#define WI_PROFILE_WEIGHT 0.01
/* Two settled profiles, operator by operator, the largest difference first: objects with
 * `operator`, `platform`, `before_ms` and `now_ms` of a run (null: it is not there),
 * `difference_ms` and `change`: "slower", "faster", "alike", "new", "gone" or, where the operator
 * runs on another platform than before, "moved". A new reference. */
json_t *wi_profile_compare(const json_t *before, const json_t *now);

/* A settled profile as a document of Chrome's trace viewers ("Trace Event Format"): a mean run,
 * with a line for each platform. `name` is that of the model. A new reference. */
json_t *wi_profile_trace(const json_t *profile, const char *name);

#endif
