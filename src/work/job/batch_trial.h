/*
 * What the requests of one batch show when each of them runs alone afterwards.
 *
 * Size: the batch lacked memory. If any of the requests succeeds and none fails, the batch was too
 * large, and the pool is told.
 *
 * Rows: only names say that the model's first dimension is a batch, and this was its first one. Its
 * answers are not given to clients, but compared with those of the requests alone. If they are the
 * same, the rows are taken to be independent of each other from now on; else the model is not
 * batched again.
 */
#ifndef WI_WORK_JOB_BATCH_TRIAL_H
#define WI_WORK_JOB_BATCH_TRIAL_H

#include "work/job/apart.h"
#include "work/job/job.h"

enum wi_trial_kind { WI_TRIAL_SIZE, WI_TRIAL_ROWS };
enum wi_trial_outcome {
    WI_TRIAL_OPEN, /* the request was not run, was no longer wanted, or shows nothing */
    WI_TRIAL_PASSED,
    WI_TRIAL_FAILED
};

/* The most bytes of outputs, as far as they are known, that are compared: on the event loop. */
#define WI_TRIAL_BYTES_MAX (32 * 1024 * 1024)

/* Shared by the requests; freed when the last one leaves it. */
struct wi_batch_trial;
/* A trial with one holder. The node and platform are those of the batch, and `bytes` are those of
 * its inputs. It holds a reference to the model. */
struct wi_batch_trial *wi_batch_trial_new(enum wi_trial_kind kind, const char *node_id,
    enum wi_platform platform, struct wi_model *model, size_t bytes);
struct wi_batch_trial *wi_batch_trial_join(struct wi_batch_trial *trial);
/* What a request's result (NULL: it is not wanted) shows; `outputs` are those that the batch had
 * for it. Called before anything is taken from the result. `trial` may be NULL. */
enum wi_trial_outcome wi_batch_trial_judge(const struct wi_batch_trial *trial,
    const struct wi_tensors *outputs, const struct wi_job_result *result);
/* A holder leaves; the last one draws the conclusion. NULL is fine. */
void wi_batch_trial_leave(struct wi_batch_trial *trial, enum wi_trial_outcome outcome,
    struct wi_pool *pool, struct wi_apart *apart);

#endif
