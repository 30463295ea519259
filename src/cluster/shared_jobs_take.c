/*
 * Taking records that members share, and sweeping them. The index says which is next, and the
 * bucket whether it is still there: a record that another member was faster to take is left out.
 */
#include "cluster/shared_jobs_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* How long a record pauses whose body could not be read now. */
#define UNREAD_MS 5000
/* What others take is no news, so a sweep that takes no longer counts the records, too. */
#define CHEAP_MS 5.0

/* --- taking ----------------------------------------------------------------------------------- */

/* Whether the record still waits; if not, the index is told what it has become. */
static int record_is_free(
    struct wi_shared_jobs *jobs, const char *id, const struct wi_shared_loaded *loaded)
{
    if (loaded->revision == 0)
        wi_record_index_drop(jobs->index, id);
    else if (loaded->job.record.state != WI_RECORD_QUEUED)
        wi_shared_index(jobs, &loaded->job, loaded->revision);
    return loaded->revision > 0 && loaded->job.record.state == WI_RECORD_QUEUED;
}

/* Whether the record is this member's from now on: in `loaded`, without its body. */
static enum wi_code record_claim(struct wi_shared_jobs *jobs, const char *id,
    struct wi_shared_loaded *loaded, int *is_ours, struct wi_error *error)
{
    *is_ours = 0;
    enum wi_code code = wi_shared_look(jobs, id, loaded, error);
    if (code != WI_OK || !record_is_free(jobs, id, loaded))
        return code;
    struct wi_record *record = &loaded->job.record;
    record->state = WI_RECORD_RUNNING;
    record->runs++;
    record->crashes++;
    free(record->problem);
    record->problem = NULL;
    loaded->job.retry_at = 0;
    wi_text_copy(loaded->job.holder, sizeof loaded->job.holder, jobs->terms.instance);
    code = wi_shared_save(jobs, loaded, is_ours, error);
    if (*is_ours)
        wi_shared_hold_add(jobs, id);
    else if (code == WI_OK) /* the index is to know what it has become */
        return wi_shared_load(jobs, id, loaded, error);
    else if (!jobs->lost) /* or that it still waits */
        wi_shared_load(jobs, id, loaded, NULL);
    return code;
}

/* The body of a record that is ours. A body that is lost ends its job: it comes without it; one for
 * which there is no memory goes back, and pauses. */
static enum wi_code claim_fill(struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded,
    int64_t now, int *is_ours, struct wi_error *error)
{
    enum wi_code code = wi_shared_load_bytes(jobs, &loaded->job, error);
    if (code == WI_OK || code == WI_INTERNAL)
        return WI_OK;
    if (code != WI_MEMORY_BUDGET)
        return code;
    struct wi_record_return back = {.retry_at = now + UNREAD_MS};
    *is_ours = 0;
    wi_text_copy(back.id, sizeof back.id, loaded->job.record.id);
    return wi_shared_return(jobs, &back, error);
}

/* Replaces a row of the index by the record, if this member gets it. */
static enum wi_code row_claim(struct wi_shared_jobs *jobs, const struct wi_record_take *op,
    struct wi_record *row, int *is_ours, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    enum wi_code code = record_claim(jobs, row->id, &loaded, is_ours, error);
    if (code == WI_OK && *is_ours)
        code = claim_fill(jobs, &loaded, op->now, is_ours, error);
    if (code == WI_OK && *is_ours) {
        wi_record_clear(row);
        *row = WI_TAKE(loaded.job.record);
        row->crashes--; /* those before this run, as a row tells it */
    }
    wi_shared_loaded_clear(&loaded);
    return code;
}

enum wi_code wi_shared_take(
    struct wi_shared_jobs *jobs, struct wi_record_take *op, struct wi_error *error)
{
    size_t kept = 0;
    enum wi_code code = wi_record_index_take(jobs->index, op, error);
    for (size_t i = 0; i < op->taken; i++) {
        struct wi_record *row = &op->records[i];
        int is_ours = 0;
        if (code == WI_OK)
            code = row_claim(jobs, op, row, &is_ours, error);
        if (code == WI_OK && is_ours)
            op->records[kept++] = WI_TAKE(*row);
        else
            wi_record_clear(row);
    }
    op->taken = kept;
    if (code == WI_OK)
        return WI_OK;
    for (size_t i = 0; i < kept; i++) { /* the next tick that has a connection gives them back */
        wi_shared_hold_drop(jobs, op->records[i].id);
        wi_record_clear(&op->records[i]);
    }
    op->taken = 0;
    jobs->release_is_due = 1;
    return code;
}

/* --- sweeping --------------------------------------------------------------------------------- */

static enum wi_code record_remove(
    struct wi_shared_jobs *jobs, const char *id, struct wi_error *error)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_shared_loaded loaded = {0};
    char key[WI_SHARED_KEY_SIZE];
    enum wi_code code = wi_shared_load(jobs, id, &loaded, error);
    enum wi_kv_result result = WI_KV_DONE;
    if (code == WI_OK && *loaded.job.key) {
        wi_join(key, sizeof key, "key.", loaded.job.key, NULL);
        result = kv->purge(kv->context, key, 0, &problem);
    }
    wi_shared_loaded_clear(&loaded);
    if (code == WI_OK && result != WI_KV_LOST) {
        wi_join(key, sizeof key, "part.", id, ".>", NULL);
        result = kv->purge(kv->context, key, 0, &problem);
    }
    if (code == WI_OK && result != WI_KV_LOST) {
        wi_join(key, sizeof key, WI_SHARED_JOB_PREFIX, id, NULL);
        result = kv->remove(kv->context, key, &problem);
    }
    if (code == WI_OK && result == WI_KV_LOST)
        code = wi_shared_fail(jobs, result, &problem, error);
    if (code == WI_OK && result == WI_KV_DONE)
        wi_record_index_drop(jobs->index, id);
    return code;
}

static enum wi_code old_remove(
    struct wi_shared_jobs *jobs, struct wi_record_sweep *op, struct wi_error *error)
{
    struct wi_record_names old = {0};
    enum wi_code code = WI_OK;
    wi_record_index_old(jobs->index, op->finished_before, op->limit, &old);
    for (size_t i = 0; i < old.count && code == WI_OK; i++) {
        code = record_remove(jobs, old.items[i].id, error);
        op->removed += code == WI_OK;
    }
    free(old.items);
    return code;
}

static void name_add(struct wi_record_names *names, const struct wi_record_name *name)
{
    struct wi_record_name *added = WI_APPEND(names->items, names->count);
    *added = *name;
}

/* The run of the holder has lapsed: it counts as a crash unless its member lives all the same. Nor
 * do earlier ones count whose instance is a member, or runs the record again: each start of a
 * daemon is another instance, so that one was only stopped. */
static void crashes_judge(struct wi_job_record *job, const struct wi_members_view *view)
{
    unsigned forgiven = 0, *crashes = &job->record.crashes;
    struct wi_strings earlier = WI_TAKE(job->lapsed);
    for (size_t i = 0; i < earlier.count; i++)
        if (wi_members_view_has(view, earlier.items[i]) ||
            strcmp(earlier.items[i], job->holder) == 0)
            forgiven++;
        else
            wi_strings_add(&job->lapsed, earlier.items[i]);
    wi_strings_clear(&earlier);
    if (wi_members_view_has(view, job->holder))
        forgiven++;
    else if (job->lapsed.count < WI_JOB_LAPSED_MAX)
        wi_strings_add(&job->lapsed, job->holder);
    *crashes -= forgiven < *crashes ? forgiven : *crashes;
}

/* A record whose claim has lapsed. */
static enum wi_code lapsed_settle(struct wi_shared_jobs *jobs, const struct wi_record_held *held,
    const struct wi_members_view *view, struct wi_record_sweep *op, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    int done = 0;
    enum wi_code code = wi_shared_load(jobs, held->name.id, &loaded, error);
    struct wi_record *record = &loaded.job.record;
    int is_left = code == WI_OK && loaded.revision > 0 && record->state == WI_RECORD_RUNNING &&
                  strcmp(loaded.job.holder, held->holder) == 0;
    if (is_left)
        crashes_judge(&loaded.job, view);
    if (is_left && loaded.job.cancelled) {
        name_add(&op->cancelled, &held->name);
    } else if (is_left && record->crashes >= op->crashes_max) {
        name_add(&op->poison, &held->name);
    } else if (is_left) {
        record->state = WI_RECORD_QUEUED;
        loaded.job.retry_at = 0;
        loaded.job.holder[0] = '\0';
        code = wi_shared_save(jobs, &loaded, &done, error);
        op->requeued += (size_t)done;
    }
    wi_shared_loaded_clear(&loaded);
    return code;
}

static enum wi_code lapsed_sweep(struct wi_shared_jobs *jobs, struct wi_record_sweep *op,
    const struct wi_members_view *view, double now_ms, struct wi_error *error)
{
    size_t count;
    struct wi_record_held *held = wi_record_index_running(jobs->index, &count);
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < count && code == WI_OK; i++)
        if (wi_shared_has_lapsed(jobs, held[i].holder, now_ms))
            code = lapsed_settle(jobs, &held[i], view, op, error);
    free(held);
    return code;
}

enum wi_code wi_shared_sweep(struct wi_shared_jobs *jobs, struct wi_record_sweep *op,
    const struct wi_members_view *view, double now_ms, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    double began_ms = wi_now_ms();
    op->removed = op->requeued = 0;
    if (view->is_first)
        code = old_remove(jobs, op, error);
    if (code == WI_OK && view->is_first)
        code = lapsed_sweep(jobs, op, view, now_ms, error);
    if (code != WI_OK)
        return code;
    size_t removed = op->removed;
    op->count |= op->requeued > 0 || jobs->is_renewed || jobs->count_ms < CHEAP_MS;
    jobs->is_renewed = 0;
    code = wi_record_index_sweep(jobs->index, op, error);
    if (op->count)
        jobs->count_ms = wi_now_ms() - began_ms;
    op->removed = removed;
    if (view->is_first)
        wi_shared_remove_orphans(jobs, now_ms);
    if (!view->is_first) { /* each is named to one member */
        free(op->late.items);
        op->late = (struct wi_record_names){0};
    }
    return code;
}
