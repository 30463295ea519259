/* What is told of a job's success, whatever format it is told in. */
#ifndef WI_JOB_OUTCOME_H
#define WI_JOB_OUTCOME_H

#include "job/job.h"
#include "wire/dialect.h"

/* Fills `outcome` from a job's success. Everything in it is borrowed from the others; `node` is who
 * answered, NULL if it has gone. */
void wi_job_outcome(struct wi_outcome *outcome, const struct wi_job_spec *spec,
    struct wi_job_result *result, const struct wi_node_info *node);

#endif
