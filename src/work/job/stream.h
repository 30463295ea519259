/* Jobs whose answer may come in parts. */
#ifndef WI_WORK_JOB_STREAM_H
#define WI_WORK_JOB_STREAM_H

#include "work/job/private.h"

/* `on_stall` is called with the job when its node was silent for half of wi_job_stream_patience_ms,
 * and after each wi_job_stream_wait_on. Returns -1 if there is no memory for what the stream of a
 * relay has had before. */
int wi_job_stream_open(
    struct wi_job *job, const struct wi_job_stream *events, void (*on_stall)(void *));
void wi_job_stream_close(struct wi_job *job); /* does nothing to a job that is no stream */
/* Whether a part was given to its client, here or by the daemon that hands the job on, so that it
 * cannot start over. */
int wi_job_is_committed(const struct wi_job *job);
/* Whether its present or last attempt brought a part. */
int wi_job_has_brought(const struct wi_job *job);
/* Whether its present attempt computes. One that waits at its node, or for its model, brings
 * nothing and tells of nothing else. */
int wi_job_stream_computes(const struct wi_job *job);
/* Its attempt was sent. */
void wi_job_stream_sent(struct wi_job *job);
/* Restarts the patience with its node; stops waiting if its attempt is over. */
void wi_job_stream_watch(struct wi_job *job);
/* Its node reports that it is at work, and its progress. */
void wi_job_stream_lives(struct wi_job *job, const struct wi_progress *progress);
/* How long its node may be silent after its first part, once it computes. */
double wi_job_stream_patience_ms(const struct wi_job *job);
/* How long it has been silent, when `on_stall` is called. */
double wi_job_stream_silent_ms(const struct wi_job *job);
/* Continues to wait, for a fraction of the patience that is left. */
void wi_job_stream_wait_on(struct wi_job *job);
/* NULL if another node could continue where a silent one stopped; else the reason, as the end of a
 * sentence. An answer that is drawn without a seed would come out differently there. */
const char *wi_job_stream_obstacle(const struct wi_job *job);
/* Whether its node's silence is watched, now or once its client has taken parts. */
int wi_job_stream_is_watched(const struct wi_job *job);
/* Returns 0 if it is not the next expected part: it is then dropped and counted. */
int wi_job_stream_add(struct wi_job *job, const struct wi_part *part);
void wi_job_stream_took(struct wi_job *job, const struct wi_credit *taken);

#endif
