/*
 * What the members of a cluster see of each other's jobs: the index follows the bucket, changes
 * that no operation here has made become news, and claims lapse by the observer's own clock.
 */
#include "cluster/shared_jobs_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* Lapsed claims are looked for so often. */
#define LOOK_MS 1000.0
/* A mark of a removed key is of use for a watch that is behind: so long. */
#define MARK_MS 60000.0
#define MARKS_PER_TICK 100
/* A claim that has not changed for so many times ack_wait is removed if nothing is held by it. */
#define FORGET_CLAIM 10

/* --- what pauses ------------------------------------------------------------------------------ */

static void pauses_end(struct wi_shared_jobs *jobs, int64_t now)
{
    struct wi_shared_pause *pause, *next;
    HASH_ITER(hh, jobs->pauses, pause, next)
    {
        if (pause->until > now && pause->until <= now + WI_RECORD_PAUSE_MAX_MS)
            continue;
        HASH_DEL(jobs->pauses, pause);
        free(pause);
    }
}

/* --- claims ----------------------------------------------------------------------------------- */

static struct wi_shared_claim *claim_of(
    struct wi_shared_jobs *jobs, const char *instance, double now_ms)
{
    struct wi_shared_claim *claim = WI_TABLE_FIND(jobs->claims, instance, strlen(instance));
    if (claim)
        return claim;
    claim = wi_alloc(sizeof *claim);
    wi_text_copy(claim->instance, sizeof claim->instance, instance);
    claim->changed_ms = now_ms;
    HASH_ADD_STR(jobs->claims, instance, claim);
    return claim;
}

/* Nothing came while there was no connection, or while this process did not run: nothing follows
 * from that about the others. */
static void claims_excuse(struct wi_shared_jobs *jobs, double now_ms)
{
    for (struct wi_shared_claim *claim = jobs->claims; claim; claim = claim->hh.next)
        claim->changed_ms = now_ms;
}

/* The same if the last tick was long ago. */
static void gap_excuse(struct wi_shared_jobs *jobs, double now_ms)
{
    if (now_ms - jobs->ticked_ms > jobs->terms.ack_wait_ms / 2)
        claims_excuse(jobs, now_ms);
}

int wi_shared_has_lapsed(struct wi_shared_jobs *jobs, const char *holder, double now_ms)
{
    if (strcmp(holder, jobs->terms.instance) == 0)
        return 0;
    gap_excuse(jobs, now_ms); /* an operation may come before the tick */
    const struct wi_shared_claim *claim = claim_of(jobs, holder, now_ms);
    return claim->gone || now_ms - claim->changed_ms >= jobs->terms.ack_wait_ms;
}

void wi_shared_renew(struct wi_shared_jobs *jobs, double now_ms)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    char key[WI_SHARED_KEY_SIZE], digits[WI_DIGITS_SIZE];
    if (jobs->beats > 0 && now_ms - jobs->claimed_ms < jobs->terms.ack_wait_ms / 3)
        return;
    wi_join(key, sizeof key, WI_SHARED_CLAIM_PREFIX, jobs->terms.instance, NULL);
    const char *beat = wi_digits(digits, ++jobs->beats);
    enum wi_kv_result result = kv->put(kv->context, key, beat, strlen(beat), &problem);
    if (result == WI_KV_DONE)
        jobs->claimed_ms = now_ms;
    else
        wi_shared_fail(jobs, result, &problem, NULL);
}

static void claim_apply(
    struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms)
{
    const char *instance = entry->key + strlen(WI_SHARED_CLAIM_PREFIX);
    if (!wi_job_is_name(instance)) {
        jobs->counters.garbage++;
        return;
    }
    struct wi_shared_claim *claim = claim_of(jobs, instance, now_ms);
    claim->changed_ms = now_ms;
    claim->gone = entry->removed;
}

static int claim_is_used(
    const struct wi_shared_claim *claim, const struct wi_record_held *held, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(held[i].holder, claim->instance) == 0)
            return 1;
    return 0;
}

/* Claims of members that ended long ago go. */
static void claims_forget(
    struct wi_shared_jobs *jobs, const struct wi_record_held *held, size_t count, double now_ms)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_shared_claim *claim, *next;
    double most_ms = FORGET_CLAIM * jobs->terms.ack_wait_ms;
    HASH_ITER(hh, jobs->claims, claim, next)
    {
        struct wi_broker_problem problem;
        char key[WI_SHARED_KEY_SIZE];
        if (now_ms - claim->changed_ms < most_ms || claim_is_used(claim, held, count) ||
            strcmp(claim->instance, jobs->terms.instance) == 0)
            continue;
        wi_join(key, sizeof key, WI_SHARED_CLAIM_PREFIX, claim->instance, NULL);
        if (!jobs->lost && kv->purge(kv->context, key, 0, &problem) == WI_KV_LOST)
            wi_shared_fail(jobs, WI_KV_LOST, &problem, NULL);
        HASH_DEL(jobs->claims, claim);
        free(claim);
    }
}

/* --- records ---------------------------------------------------------------------------------- */

/* What has changed from `old` (none: its revision is 0), which no operation here has told. */
static void record_tell(
    struct wi_shared_jobs *jobs, const struct wi_record_entry *old, const struct wi_job_record *job)
{
    const struct wi_record *record = &job->record;
    int is_ours = strcmp(job->holder, jobs->terms.instance) == 0;
    int was_open = old->revision > 0 && old->state < WI_RECORD_DONE;
    int was_queued = old->revision > 0 && old->state == WI_RECORD_QUEUED;
    if (record->state >= WI_RECORD_DONE && was_open)
        jobs->terms.tell(jobs->terms.listener, WI_NEWS_ENDED, record->id);
    else if (record->state == WI_RECORD_QUEUED && !was_queued && jobs->ready)
        jobs->terms.tell(jobs->terms.listener, WI_NEWS_CAME, record->id);
    else if (record->state == WI_RECORD_RUNNING && is_ours && job->cancelled && !old->cancelled)
        jobs->terms.tell(jobs->terms.listener, WI_NEWS_CANCELLED, record->id);
}

static void record_follow(struct wi_shared_jobs *jobs, const struct wi_record_entry *old,
    const struct wi_job_record *job, uint64_t revision, double now_ms)
{
    const struct wi_record *record = &job->record;
    wi_shared_index(jobs, job, revision);
    if (record->state == WI_RECORD_RUNNING && strcmp(job->holder, jobs->terms.instance) != 0)
        claim_of(jobs, job->holder, now_ms);
    else if (record->state == WI_RECORD_RUNNING && !wi_shared_holds(jobs, record->id))
        jobs->release_is_due = 1;
    record_tell(jobs, old, job);
}

void wi_shared_mark(struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms)
{
    struct wi_shared_mark *mark = WI_APPEND(jobs->marks, jobs->mark_count);
    *mark = (struct wi_shared_mark){wi_strdup(entry->key), entry->revision, now_ms};
}

static void job_apply(
    struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms)
{
    const char *id = entry->key + strlen(WI_SHARED_JOB_PREFIX);
    struct wi_job_record job = {0};
    struct wi_record_entry old;
    if (entry->removed && wi_job_is_name(id)) {
        wi_record_index_drop(jobs->index, id);
        wi_shared_mark(jobs, entry, now_ms);
        return;
    }
    if (wi_record_index_get(jobs->index, id, &old) && old.revision >= entry->revision &&
        jobs->ready)
        return; /* our own change, which need not be read again */
    enum wi_read_fault fault = wi_job_record_read(&job, id, entry->text, entry->size);
    if (fault == WI_READ_GOOD)
        record_follow(jobs, &old, &job, entry->revision, now_ms);
    jobs->counters.garbage += fault == WI_READ_GARBAGE;
    jobs->counters.other_version += fault == WI_READ_OTHER_VERSION;
    wi_job_record_clear(&job);
}

void wi_shared_begin(struct wi_shared_jobs *jobs, double now_ms)
{
    jobs->ready = jobs->lost = 0;
    jobs->beats = 0;
    wi_shared_marks_clear(jobs);
    claims_excuse(jobs, now_ms);
    wi_record_index_renew(jobs->index);
}

int wi_shared_is_ready(const struct wi_shared_jobs *jobs)
{
    return jobs->ready && !jobs->lost;
}

void wi_shared_apply(
    struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms)
{
    if (entry->key == NULL) {
        wi_record_index_renewed(jobs->index);
        jobs->ready = jobs->is_renewed = 1;
        jobs->terms.tell(jobs->terms.listener, WI_NEWS_LEFT, ""); /* a sweep counts again */
    } else if (strncmp(entry->key, WI_SHARED_JOB_PREFIX, strlen(WI_SHARED_JOB_PREFIX)) == 0) {
        job_apply(jobs, entry, now_ms);
    } else if (strncmp(entry->key, WI_SHARED_CLAIM_PREFIX, strlen(WI_SHARED_CLAIM_PREFIX)) == 0) {
        claim_apply(jobs, entry, now_ms);
    } else {
        jobs->counters.garbage++;
    }
}

/* --- regularly -------------------------------------------------------------------------------- */

/* What this member has in the bucket, and does not know to have: it is queued again. */
static void records_release(
    struct wi_shared_jobs *jobs, const struct wi_record_held *held, size_t count)
{
    jobs->release_is_due = 0;
    for (size_t i = 0; i < count && !jobs->lost; i++) {
        struct wi_record_return back = {0};
        if (strcmp(held[i].holder, jobs->terms.instance) != 0 ||
            wi_shared_holds(jobs, held[i].name.id))
            continue;
        wi_text_copy(back.id, sizeof back.id, held[i].name.id);
        if (wi_shared_return(jobs, &back, NULL) != WI_OK)
            jobs->release_is_due = 1;
        else if (back.returned == WI_RECORD_BACK)
            jobs->terms.tell(jobs->terms.listener, WI_NEWS_CAME, back.id);
    }
}

static void lapsed_tell(
    struct wi_shared_jobs *jobs, const struct wi_record_held *held, size_t count, double now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (!wi_shared_has_lapsed(jobs, held[i].holder, now_ms))
            continue;
        jobs->terms.tell(jobs->terms.listener, WI_NEWS_LEFT, held[i].name.id);
        return; /* a sweep looks at all */
    }
}

/* The marks of keys that were removed long enough ago go for good. */
static void marks_purge(struct wi_shared_jobs *jobs, double now_ms)
{
    const struct wi_kv *kv = jobs->terms.kv;
    size_t gone = 0;
    while (gone < jobs->mark_count && gone < MARKS_PER_TICK && !jobs->lost &&
           now_ms - jobs->marks[gone].since_ms >= MARK_MS) {
        struct wi_broker_problem problem;
        const struct wi_shared_mark *mark = &jobs->marks[gone++];
        if (kv->purge(kv->context, mark->key, mark->revision, &problem) == WI_KV_LOST)
            wi_shared_fail(jobs, WI_KV_LOST, &problem, NULL);
        free(mark->key);
    }
    if (gone == 0)
        return;
    size_t left = jobs->mark_count - gone;
    memmove(jobs->marks, jobs->marks + gone, left * sizeof *jobs->marks);
    jobs->mark_count = left;
}

void wi_shared_tick(struct wi_shared_jobs *jobs, double now_ms)
{
    size_t count;
    gap_excuse(jobs, now_ms);
    jobs->ticked_ms = now_ms;
    wi_shared_renew(jobs, now_ms);
    if (now_ms - jobs->looked_ms < LOOK_MS && !jobs->release_is_due)
        return;
    jobs->looked_ms = now_ms;
    pauses_end(jobs, wi_steady_ms());
    struct wi_record_held *held = wi_record_index_running(jobs->index, &count);
    if (jobs->release_is_due)
        records_release(jobs, held, count);
    lapsed_tell(jobs, held, count, now_ms);
    claims_forget(jobs, held, count, now_ms);
    free(held);
    marks_purge(jobs, now_ms);
}

void wi_shared_leave(struct wi_shared_jobs *jobs)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    char key[WI_SHARED_KEY_SIZE];
    wi_join(key, sizeof key, WI_SHARED_CLAIM_PREFIX, jobs->terms.instance, NULL);
    if (!jobs->lost)
        kv->remove(kv->context, key, &problem);
}
