/* One run of a stored job: read the body, find the model, check, queue, and make the answer. */
#ifndef WI_DURABLE_RUN_H
#define WI_DURABLE_RUN_H

#include "durable/durable.h"

struct wi_run;
/* Exactly once, never from inside wi_run_start; the run is gone afterwards. `code` WI_OK comes with
 * a printing (the callee's), anything else with `error`. */
typedef void wi_run_done_fn(
    void *context, enum wi_code code, const struct wi_error *error, struct wi_printing *printing);
/* What reading the row's body and parsing it takes of the memory budget. */
uint64_t wi_run_needs(const struct wi_row *row);
/* Takes the row's bytes; the row itself, whose dialect is one that is known, and `deps` are
 * borrowed until the end. NULL, and nothing happens, if the budget has not the memory. */
struct wi_run *wi_run_start(
    const struct wi_durable_deps *deps, struct wi_row *row, wi_run_done_fn *done, void *context);
/* Ends it with `error`; `done` comes from inside, or soon after. */
void wi_run_stop(struct wi_run *run, const struct wi_error *error);
/* Its id among the jobs of job/job.h; "" before it is there. */
const char *wi_run_job(const struct wi_run *run);

#endif
