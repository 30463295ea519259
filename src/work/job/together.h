/* Jobs that run together as one attempt. */
#ifndef WI_WORK_JOB_TOGETHER_H
#define WI_WORK_JOB_TOGETHER_H

#include "work/job/private.h"

int wi_job_may_join(const struct wi_job *job);
/* The job has to wait: logs once for its model why it will not join others. */
void wi_job_note_apart(const struct wi_job *job);
/* Whether the job, whose turn it is at the choice's node, should wait for others that join it. */
int wi_job_waits_for_company(const struct wi_job *job, const struct wi_choice *choice);
/* Returns 1 if the waiting job was sent together with others, -1 if it is to wait for others. */
int wi_job_try_together(struct wi_job *job, const struct wi_choice *choice);
void wi_job_leave_batch(struct wi_job *job, const char *reason);
struct wi_job_batch *wi_jobs_find_batch(const struct wi_jobs *jobs, const char *attempt_id);
/* One of its members, which have one ending between them. */
struct wi_job *wi_job_batch_first(const struct wi_job_batch *batch);
/* The batch has an answer, which is divided among its members. Returns 1 if it could not be
 * divided, so that they wait again. */
int wi_jobs_batch_answer(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *node_id,
    struct wi_answer *answer);
/* The batch ended without an answer: its members are retried one by one. `lost`: the node was
 * lost. */
void wi_jobs_try_each(struct wi_jobs *jobs, struct wi_job_batch *batch, int lost, const char *why);
/* Its node broke with the batch, which may have been why: the same, and if they run alone, batches
 * are smaller there. */
void wi_jobs_batch_broke(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *why);

#endif
