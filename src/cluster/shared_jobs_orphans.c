/*
 * What is there of jobs whose record was never written: parts, and Idempotency-Keys. Both are
 * written before the record that names them, so a member that ends in between leaves them. A
 * cursor goes through all of them, some in each pass; what is old and has no record goes.
 *
 * Nothing of a job that is being accepted goes. Its record is written at the latest 5 times
 * ack_wait after that began, or never (wi_shared_check_late), and an orphan is twice as old, by the
 * servers' clock alone. Answers are written while there is a record, and go with it.
 */
#include "cluster/shared_jobs_private.h"

#include "base/clock.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* In ack_waits: a record comes no later, and what has none goes no earlier. */
#define RECORD_LATE 5
#define ORPHAN_OLD 10
/* Of each kind in a pass: keys, and those whose record is looked for in the bucket. */
#define WALK_MAX 1000
#define LOOKS_MAX 100
#define PART_PREFIX "part."

enum wi_code wi_shared_check_late(
    const struct wi_shared_jobs *jobs, double began_ms, struct wi_error *error)
{
    if (wi_now_ms() - began_ms < RECORD_LATE * jobs->terms.ack_wait_ms)
        return WI_OK;
    wi_error_set(error, WI_CLUSTER_UNAVAILABLE, NULL,
        "the cluster's servers took too long to store the job, so it is not run; send it again");
    wi_error_retry_after(error, WI_SHARED_RETRY_S);
    return WI_CLUSTER_UNAVAILABLE;
}

/* --- one of them ------------------------------------------------------------------------------ */

struct pass {
    struct wi_shared_jobs *jobs;
    size_t looks;
};

static void pass_notice(
    struct pass *pass, enum wi_kv_result result, const struct wi_broker_problem *problem)
{
    if (result == WI_KV_LOST)
        wi_shared_fail(pass->jobs, result, problem, NULL);
}

/* Whether the bucket may have the record, also one that cannot be read here. */
static int record_is_there(struct pass *pass, const char *id)
{
    struct wi_shared_jobs *jobs = pass->jobs;
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_broker_entry entry = {0};
    struct wi_record_entry indexed;
    char key[WI_SHARED_KEY_SIZE];
    if (wi_record_index_get(jobs->index, id, &indexed))
        return 1;
    pass->looks++;
    wi_join(key, sizeof key, WI_SHARED_JOB_PREFIX, id, NULL);
    enum wi_kv_result result = kv->read(kv->context, key, 0, &entry, &problem);
    wi_broker_entry_clear(&entry);
    pass_notice(pass, result, &problem);
    return result != WI_KV_OTHER;
}

/* Removes what was written until that revision, if it is of a job without a record. */
static void orphan_remove(struct pass *pass, const char *id, const char *pattern, uint64_t last)
{
    struct wi_shared_jobs *jobs = pass->jobs;
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    if (record_is_there(pass, id))
        return;
    enum wi_kv_result result = kv->purge(kv->context, pattern, last, &problem);
    pass_notice(pass, result, &problem);
    jobs->counters.orphans += result == WI_KV_DONE;
}

/* Copies a word of a key, up to the next dot, which it returns; NULL: it is none of ours. */
static const char *word_copy(char word[WI_ID_SIZE], const char *text)
{
    size_t length = strcspn(text, ".");
    if (length >= WI_ID_SIZE || text[length] != '.')
        return NULL;
    memcpy(word, text, length);
    word[length] = '\0';
    return wi_job_is_name(word) ? text + length : NULL;
}

/* The first of some parts: all of them go. */
static void parts_settle(struct pass *pass, const struct wi_broker_entry *entry)
{
    char id[WI_ID_SIZE], name[WI_ID_SIZE], pattern[WI_SHARED_KEY_SIZE];
    const char *dot = word_copy(id, entry->key + strlen(PART_PREFIX));
    if (!dot || !word_copy(name, dot + 1))
        return;
    wi_join(pattern, sizeof pattern, PART_PREFIX, id, ".", name, ".>", NULL);
    orphan_remove(pass, id, pattern, 0);
}

/* A key that cannot be read may be a newer program's, and is written over when it is used again. */
static void key_settle(struct pass *pass, const struct wi_broker_entry *entry)
{
    struct wi_job_key key = {0};
    if (wi_job_key_read(&key, entry->text, entry->size) == WI_READ_GOOD)
        orphan_remove(pass, key.id, entry->key, entry->revision);
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct orphan_kind {
    const char *pattern;
    size_t value_max;
    double fresh_ms; /* so long others may make a record for it, too */
    void (*settle)(struct pass *pass, const struct wi_broker_entry *entry);
} kinds[WI_SHARED_ORPHAN_KINDS] = {{PART_PREFIX "*.*.0", 0, 0, parts_settle},
    {"key.*", WI_JOB_KEY_MAX, WI_SHARED_KEY_FRESH_MS, key_settle}};

static void walk_clear(struct wi_kv_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        wi_broker_entry_clear(&walk->steps[i].entry);
    free(walk->steps);
}

/* Settles what the walk has found, until there were too many looks: returns how many. */
static size_t steps_settle(
    struct pass *pass, const struct orphan_kind *kind, const struct wi_kv_walk *walk)
{
    const struct wi_shared_jobs *jobs = pass->jobs;
    double old_ms = kind->fresh_ms + ORPHAN_OLD * jobs->terms.ack_wait_ms;
    size_t i = 0;
    for (; i < walk->count && !jobs->lost && pass->looks < LOOKS_MAX; i++) {
        const struct wi_kv_step *step = &walk->steps[i];
        if (!step->entry.removed && step->age_ms >= old_ms)
            kind->settle(pass, &step->entry);
    }
    return i;
}

/* Whether there was a walk; if not, it is tried again in the next pass. */
static int kind_walk(struct pass *pass, const struct orphan_kind *kind, uint64_t *cursor)
{
    struct wi_shared_jobs *jobs = pass->jobs;
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_kv_walk walk = {.pattern = kind->pattern,
        .key_count_max = WALK_MAX,
        .value_max = kind->value_max,
        .from = *cursor};
    enum wi_kv_result result = kv->walk(kv->context, &walk, &problem);
    pass_notice(pass, result, &problem);
    if (result == WI_KV_DONE) {
        size_t settled = steps_settle(pass, kind, &walk);
        *cursor = settled < walk.count ? walk.steps[settled].entry.revision : walk.from;
    }
    walk_clear(&walk);
    return result == WI_KV_DONE;
}

void wi_shared_remove_orphans(struct wi_shared_jobs *jobs, double now_ms)
{
    if (jobs->walked_ms > 0 && now_ms - jobs->walked_ms < jobs->terms.ack_wait_ms)
        return;
    jobs->walked_ms = now_ms;
    int done = 1;
    for (size_t i = 0; i < WI_SHARED_ORPHAN_KINDS && done && !jobs->lost; i++) {
        struct pass pass = {.jobs = jobs};
        done = kind_walk(&pass, &kinds[i], &jobs->cursors[i]);
    }
}
