/* A second node's opinion on a failure that would end a job, reported by a joined node. */
#ifndef WI_WORK_JOB_SECOND_H
#define WI_WORK_JOB_SECOND_H

#include "work/job/private.h"

/* The job has left its node, which says that `error` ends the job. Returns 1 if another node is now
 * asked whether that is right; this is the job's last attempt. */
int wi_job_ask_second(struct wi_job *job, const struct wi_error *error);
/* The second node's answer, which ends the job. */
void wi_job_hear_second(struct wi_job *job, const char *node_id, struct wi_answer *answer);
/* Ends the job without an answer: with the first node's error if a second was asked, else
 * `error`. */
void wi_job_finish_unheard(struct wi_job *job, const struct wi_error *error);

#endif
