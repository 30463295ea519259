/* What the files of the jobs that members share all need: see shared_jobs_private.h. */
#include "cluster/shared_jobs_private.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

void wi_shared_lose(struct wi_shared_jobs *jobs, const struct wi_broker_problem *problem)
{
    if (!jobs->lost)
        jobs->problem = *problem;
    jobs->lost = 1;
}

enum wi_code wi_shared_fail(struct wi_shared_jobs *jobs, enum wi_kv_result result,
    const struct wi_broker_problem *problem, struct wi_error *error)
{
    if (result == WI_KV_FULL)
        return wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s", problem->detail);
    wi_shared_lose(jobs, problem);
    wi_error_set(error, WI_CLUSTER_UNAVAILABLE, NULL,
        "the cluster's servers did not acknowledge it, so it may be done or not (%s); send it "
        "again, a job with the same Idempotency-Key",
        problem->detail);
    wi_error_retry_after(error, WI_SHARED_RETRY_S);
    return WI_CLUSTER_UNAVAILABLE;
}

enum wi_code wi_shared_contended(const char *id, struct wi_error *error)
{
    return wi_error_set(
        error, WI_CLUSTER_UNAVAILABLE, NULL, "other members change %s all the time; try again", id);
}

/* --- what is held ----------------------------------------------------------------------------- */

void wi_shared_hold_add(struct wi_shared_jobs *jobs, const char *id)
{
    if (wi_shared_holds(jobs, id))
        return;
    struct wi_shared_hold *hold = wi_alloc(sizeof *hold);
    wi_text_copy(hold->id, sizeof hold->id, id);
    HASH_ADD_STR(jobs->holds, id, hold);
}

int wi_shared_holds(const struct wi_shared_jobs *jobs, const char *id)
{
    const struct wi_shared_hold *hold = WI_TABLE_FIND(jobs->holds, id, strlen(id));
    return hold != NULL;
}

void wi_shared_hold_drop(struct wi_shared_jobs *jobs, const char *id)
{
    struct wi_shared_hold *hold = WI_TABLE_FIND(jobs->holds, id, strlen(id));
    if (!hold)
        return;
    HASH_DEL(jobs->holds, hold);
    free(hold);
}

void wi_shared_marks_clear(struct wi_shared_jobs *jobs)
{
    while (jobs->mark_count > 0)
        free(jobs->marks[--jobs->mark_count].key);
    free(jobs->marks);
    jobs->marks = NULL;
}

/* --- the index -------------------------------------------------------------------------------- */

void wi_shared_pause(struct wi_shared_jobs *jobs, const char *id, int64_t until)
{
    struct wi_shared_pause *pause = WI_TABLE_FIND(jobs->pauses, id, strlen(id));
    if (!pause) {
        pause = wi_alloc(sizeof *pause);
        wi_text_copy(pause->id, sizeof pause->id, id);
        HASH_ADD_STR(jobs->pauses, id, pause);
    }
    pause->until = until;
}

void wi_shared_index(
    struct wi_shared_jobs *jobs, const struct wi_job_record *job, uint64_t revision)
{
    const char *id = job->record.id;
    const struct wi_shared_pause *pause = WI_TABLE_FIND(jobs->pauses, id, strlen(id));
    struct wi_record_entry entry = {.record = &job->record,
        .rank = job->rank,
        .retry_at = pause ? pause->until : job->retry_at,
        .revision = revision,
        .cancelled = job->cancelled};
    if (job->record.state == WI_RECORD_RUNNING)
        wi_text_copy(entry.holder, sizeof entry.holder, job->holder);
    wi_record_index_put(jobs->index, &entry);
}
