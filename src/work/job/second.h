/* What another node says of what a joined one calls the end of a job. */
#ifndef WI_WORK_JOB_SECOND_H
#define WI_WORK_JOB_SECOND_H

#include "work/job/private.h"

/* The node of the job, which has left it, says that `error` is its end. 1 if another is asked now
 * whether that is right, which is the job's last attempt. */
int wi_job_ask_second(struct wi_job *job, const struct wi_error *error);
/* What that one says: the job's end. */
void wi_job_hear_second(struct wi_job *job, const char *node_id, struct wi_answer *answer);
/* The job's end without an answer: with what the first has said if a second was asked, else
 * `error`.
 */
void wi_job_finish_unheard(struct wi_job *job, const struct wi_error *error);

#endif
