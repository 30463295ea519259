/*
 * What came of a run that has succeeded, kept until its end is told: when its answer is printed, or
 * stored. Tensors are shared with the answer; for the loop's thread.
 */
#ifndef WI_WORK_RUN_SUCCESS_H
#define WI_WORK_RUN_SUCCESS_H

#include "wire/dialect.h"

/* Only read from outside. */
struct wi_run_success {
    const struct wi_inference *asked; /* a reference */
    struct wi_outcome outcome;        /* all that it points to is the success's */
    struct wi_tensors _outputs;
};

struct wi_run_success *wi_run_success_new(
    const struct wi_inference *asked, const struct wi_outcome *outcome);
void wi_run_success_free(struct wi_run_success *success); /* NULL is fine */

#endif
