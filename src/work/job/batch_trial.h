/*
 * What the requests of one batch show when each of them runs alone afterwards.
 *
 * Size: the batch lacked memory, or broke its node. If any of the requests succeeds and none fails,
 * the batch was too large, and the pool is told.
 *
 * Fault: the batch failed with an error that is the fault of a request.
 *
 * In both, the clients of requests that fail alone are noted: spoilers.h.
 *
 * Rows: only names say that the model's first dimension is a batch, and this was its first one. Its
 * answers are not given to clients, but compared with those of the requests alone, on a worker
 * thread. If they are the same, the rows are taken to be independent of each other from now on;
 * else the model is not batched again.
 */
#ifndef WI_WORK_JOB_BATCH_TRIAL_H
#define WI_WORK_JOB_BATCH_TRIAL_H

#include "work/job/apart.h"
#include "work/job/job.h"
#include "work/job/spoilers.h"

enum wi_trial_kind { WI_TRIAL_SIZE, WI_TRIAL_FAULT, WI_TRIAL_ROWS };

/* The most bytes of outputs, as far as they are known, that are kept to be compared. */
#define WI_TRIAL_BYTES_MAX (32 * 1024 * 1024)

/* What the trials of the jobs need, and what they are told; all borrowed. Zero-initialise, then set
 * the public members. */
struct wi_trials {
    uv_loop_t *loop;
    struct wi_pool *pool;
    struct wi_apart *apart;
    struct wi_spoilers *spoilers;
    struct trial_comparison *_comparisons; /* on worker threads */
};
/* Forgets the comparisons that have not ended: they free what they hold in a later turn of the
 * loop. No job may be in a trial any more. */
void wi_trials_clear(struct wi_trials *trials);

/* Shared by the requests, and the comparisons of their answers; freed when the last one leaves. */
struct wi_batch_trial;
/* A trial with one holder. The node, which is still there, and the platform are those of the batch,
 * and `bytes` are those of its inputs. It holds a reference to the model. `trials` must outlive its
 * jobs. */
struct wi_batch_trial *wi_batch_trial_new(struct wi_trials *trials, enum wi_trial_kind kind,
    const char *node_id, enum wi_platform platform, struct wi_model *model, size_t bytes);
struct wi_batch_trial *wi_batch_trial_join(struct wi_batch_trial *trial);
/* A holder leaves, and shows nothing; the last one draws the conclusion. NULL is fine. */
void wi_batch_trial_leave(struct wi_batch_trial *trial);
/* A request of the client leaves with its result (NULL: it is not wanted); `outputs` are those that
 * the batch had for it. Called before anything is taken from the result. NULL is fine. */
void wi_batch_trial_end(struct wi_batch_trial *trial, const char *client,
    const struct wi_tensors *outputs, const struct wi_job_result *result);

#endif
