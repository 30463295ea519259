/*
 * The operations on one record that members share. Each reads the record, changes it and writes it
 * by its revision; if another member was faster it begins again with what that one has written.
 */
#include "cluster/shared_jobs_private.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct wi_shared_jobs *wi_shared_jobs_new(
    const struct wi_shared_terms *terms, struct wi_error *error)
{
    struct wi_shared_jobs *jobs = wi_alloc(sizeof *jobs);
    jobs->terms = *terms;
    jobs->index = wi_record_index_new(error);
    if (jobs->index)
        return jobs;
    free(jobs);
    return NULL;
}

void wi_shared_jobs_free(struct wi_shared_jobs *jobs)
{
    struct wi_shared_hold *hold;
    struct wi_shared_pause *pause;
    struct wi_shared_claim *claim;
    if (!jobs)
        return;
    while ((hold = WI_TABLE_TAKE(jobs->holds)))
        free(hold);
    while ((pause = WI_TABLE_TAKE(jobs->pauses)))
        free(pause);
    while ((claim = WI_TABLE_TAKE(jobs->claims)))
        free(claim);
    wi_shared_marks_clear(jobs);
    wi_record_index_free(jobs->index);
    free(jobs);
}

int wi_shared_is_lost(struct wi_shared_jobs *jobs, struct wi_broker_problem *problem)
{
    if (!jobs->lost)
        return 0;
    *problem = jobs->problem;
    jobs->lost = jobs->ready = 0;
    return 1;
}

void wi_shared_counters(const struct wi_shared_jobs *jobs, struct wi_shared_counters *counters)
{
    *counters = jobs->counters;
}

/* --- ending ----------------------------------------------------------------------------------- */

/* The end goes into the record, whose body is then no longer needed. */
static void end_fill(struct wi_shared_jobs *jobs, struct wi_job_record *job,
    const struct wi_record_finish *end, const struct wi_job_record *answer)
{
    struct wi_record *record = &job->record;
    record->state = end->state;
    record->status = end->status;
    record->finished_at = end->now > 0 ? end->now : 1;
    record->answer_size = end->answer_size;
    record->head_size = end->part_count ? end->parts[0].size : 0;
    free(record->problem);
    record->problem = NULL;
    wi_blob_unref(record->bytes);
    record->bytes = answer->record.bytes ? wi_blob_ref(answer->record.bytes) : NULL;
    wi_text_copy(job->parts, sizeof job->parts, answer->parts);
    wi_text_copy(job->holder, sizeof job->holder, jobs->terms.instance);
}

static void key_forget(struct wi_shared_jobs *jobs, const char *name)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    char key[WI_SHARED_KEY_SIZE];
    wi_join(key, sizeof key, "key.", name, NULL);
    if (kv->purge(kv->context, key, 0, &problem) == WI_KV_LOST)
        wi_shared_fail(jobs, WI_KV_LOST, &problem, NULL);
}

/* The record has ended already: by this operation, asked for before, or by another one. */
static void end_judge(
    struct wi_shared_jobs *jobs, const struct wi_shared_loaded *loaded, struct wi_record_finish *op)
{
    const struct wi_record *record = &loaded->job.record;
    op->finished = loaded->revision > 0 && record->state == op->state &&
                   record->status == op->status &&
                   record->finished_at == (op->now > 0 ? op->now : 1) &&
                   strcmp(loaded->job.holder, jobs->terms.instance) == 0;
    op->body_size = record->body_size;
    if (!op->finished && loaded->revision > 0)
        jobs->counters.second_ends++;
}

/* Writes the end into a record that has none: 1 in `*done`, or another member was faster. */
static enum wi_code end_write(struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded,
    struct wi_record_finish *op, const struct wi_job_record *answer, int *done,
    struct wi_error *error)
{
    char body[WI_ID_SIZE], key[WI_HASH_HEX_SIZE];
    wi_text_copy(body, sizeof body, loaded->job.parts);
    wi_text_copy(key, sizeof key, loaded->job.key);
    int forget = op->forget_key && loaded->job.record.infer && *key;
    end_fill(jobs, &loaded->job, op, answer);
    if (forget)
        loaded->job.key[0] = '\0';
    enum wi_code code = wi_shared_save(jobs, loaded, done, error);
    if (code != WI_OK || !*done)
        return code;
    op->finished = 1;
    op->body_size = loaded->job.record.body_size;
    if (*body)
        wi_shared_drop_bytes(jobs, op->id, body);
    if (forget)
        key_forget(jobs, key);
    return WI_OK;
}

/* The end of the record that was loaded, or of what others make of it meanwhile. */
static enum wi_code record_end(struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded,
    struct wi_record_finish *op, struct wi_error *error)
{
    struct wi_job_record answer = {0};
    int done = 0, is_open = loaded->revision > 0 && loaded->job.record.state < WI_RECORD_DONE;
    enum wi_code code = WI_OK;
    wi_text_copy(answer.record.id, sizeof answer.record.id, op->id);
    if (is_open)
        code = wi_shared_store_bytes(jobs, &answer, op->parts, op->part_count, error);
    for (int i = 0; i < WI_SHARED_TRIES && code == WI_OK && is_open && !done; i++) {
        code = end_write(jobs, loaded, op, &answer, &done, error);
        if (code == WI_OK && !done)
            code = wi_shared_load(jobs, op->id, loaded, error);
        is_open = loaded->revision > 0 && loaded->job.record.state < WI_RECORD_DONE;
    }
    if (code == WI_OK && !done && is_open)
        code = wi_shared_contended(op->id, error);
    if (code == WI_OK && !done)
        end_judge(jobs, loaded, op);
    if (code == WI_OK && !done && *answer.parts)
        wi_shared_drop_bytes(jobs, op->id, answer.parts);
    wi_job_record_clear(&answer);
    if (code == WI_OK)
        wi_shared_hold_drop(jobs, op->id);
    return code;
}

static void end_measure(struct wi_record_finish *op)
{
    op->finished = 0;
    op->body_size = op->answer_size = 0;
    for (size_t i = 0; i < op->part_count; i++)
        op->answer_size += op->parts[i].size;
}

enum wi_code wi_shared_finish(
    struct wi_shared_jobs *jobs, struct wi_record_finish *op, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    end_measure(op);
    enum wi_code code = wi_shared_load(jobs, op->id, &loaded, error);
    if (code == WI_OK)
        code = record_end(jobs, &loaded, op, error);
    wi_shared_loaded_clear(&loaded);
    return code;
}

/* --- back into the queue ---------------------------------------------------------------------- */

/* More than can live are not all alive: each is asked again. */
static void unable_add(struct wi_strings *unable, const char *instance)
{
    if (wi_strings_contain(unable, instance))
        return;
    if (unable->count == WI_JOB_UNABLE_MAX)
        wi_strings_clear(unable);
    wi_strings_add(unable, instance);
}

static void return_fill(struct wi_job_record *job, const struct wi_record_return *op)
{
    struct wi_record *record = &job->record;
    record->state = WI_RECORD_QUEUED;
    record->crashes -= record->crashes > 0;
    record->attempts = op->attempts > record->attempts ? op->attempts : record->attempts;
    free(record->problem);
    record->problem = wi_strdup(*op->problem ? op->problem : NULL);
    job->retry_at = 0;
    job->holder[0] = '\0';
    if (op->behind_at > 0)
        job->rank = op->behind_at - (int64_t)record->priority * WI_RECORD_AGEING_MS;
}

enum wi_code wi_shared_return(
    struct wi_shared_jobs *jobs, struct wi_record_return *op, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    int done = 0;
    enum wi_code code = WI_OK;
    op->returned = WI_RECORD_NOT_OURS;
    for (int i = 0; i < WI_SHARED_TRIES && code == WI_OK && !done; i++) {
        code = wi_shared_load(jobs, op->id, &loaded, error);
        int is_ours = loaded.revision > 0 && loaded.job.record.state == WI_RECORD_RUNNING &&
                      strcmp(loaded.job.holder, jobs->terms.instance) == 0;
        if (code != WI_OK || !is_ours || loaded.job.cancelled) {
            op->returned = is_ours ? WI_RECORD_TO_CANCEL : WI_RECORD_NOT_OURS;
            done = 1;
        } else {
            return_fill(&loaded.job, op);
            if (op->is_unable)
                unable_add(&loaded.job.record.unable, jobs->terms.instance);
            if (op->retry_at > 0) /* others need not wait */
                wi_shared_pause(jobs, op->id, op->retry_at);
            code = wi_shared_save(jobs, &loaded, &done, error);
            op->returned = done ? WI_RECORD_BACK : WI_RECORD_NOT_OURS;
        }
    }
    if (code == WI_OK && op->returned != WI_RECORD_TO_CANCEL)
        wi_shared_hold_drop(jobs, op->id);
    wi_shared_loaded_clear(&loaded);
    return code;
}

/* --- cancelling ------------------------------------------------------------------------------- */

/* A client asks for its own, and "" for any. */
static int is_for(const char *client, const struct wi_shared_loaded *loaded)
{
    return loaded->revision > 0 && (!*client || strcmp(client, loaded->job.record.client) == 0);
}

/* Marks a record that runs: 1 in `*done`, also if that is done already. */
static enum wi_code cancel_mark(
    struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded, int *done, struct wi_error *error)
{
    *done = loaded->job.cancelled;
    loaded->job.cancelled = 1;
    return *done ? WI_OK : wi_shared_save(jobs, loaded, done, error);
}

/* One try at what was loaded; not done: another member was faster. */
static enum wi_code cancel_try(struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded,
    struct wi_record_cancel *op, int *done, struct wi_error *error)
{
    op->found = is_for(op->client, loaded);
    op->before = loaded->job.record.state;
    *done = !op->found || op->before > WI_RECORD_RUNNING;
    if (*done)
        return WI_OK;
    if (op->before == WI_RECORD_RUNNING)
        return cancel_mark(jobs, loaded, done, error);
    struct wi_job_record answer = {0};
    op->tell(op, &loaded->job.record);
    end_measure(&op->finish);
    wi_text_copy(answer.record.id, sizeof answer.record.id, op->finish.id);
    enum wi_code code =
        wi_shared_store_bytes(jobs, &answer, op->finish.parts, op->finish.part_count, error);
    if (code == WI_OK)
        code = end_write(jobs, loaded, &op->finish, &answer, done, error);
    wi_job_record_clear(&answer);
    return code;
}

enum wi_code wi_shared_cancel(
    struct wi_shared_jobs *jobs, struct wi_record_cancel *op, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    enum wi_code code = WI_OK;
    int done = 0;
    op->finish.finished = 0;
    for (int i = 0; i < WI_SHARED_TRIES && code == WI_OK && !done; i++) {
        code = wi_shared_load(jobs, op->finish.id, &loaded, error);
        if (code == WI_OK)
            code = cancel_try(jobs, &loaded, op, &done, error);
    }
    wi_shared_loaded_clear(&loaded);
    return code == WI_OK && !done ? wi_shared_contended(op->finish.id, error) : code;
}

/* --- reading ---------------------------------------------------------------------------------- */

enum wi_code wi_shared_read(
    struct wi_shared_jobs *jobs, struct wi_record_read *op, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    wi_record_clear(&op->record);
    enum wi_code code = wi_shared_load(jobs, op->id, &loaded, error);
    struct wi_record *record = &loaded.job.record;
    op->found = code == WI_OK && is_for(op->client, &loaded);
    int has_answer = op->found && record->state >= WI_RECORD_DONE && record->answer_size > 0;
    if (has_answer && record->answer_size <= op->answer_max)
        code = wi_shared_load_bytes(jobs, &loaded.job, error);
    if (op->found && code == WI_OK) {
        record->elsewhere = record->state == WI_RECORD_RUNNING &&
                            strcmp(loaded.job.holder, jobs->terms.instance) != 0;
        if (!has_answer || record->answer_size > op->answer_max) {
            wi_blob_unref(record->bytes);
            record->bytes = NULL;
        }
        op->record = WI_TAKE(loaded.job.record);
    }
    wi_shared_loaded_clear(&loaded);
    return code;
}

enum wi_code wi_shared_list(
    struct wi_shared_jobs *jobs, struct wi_record_list *op, struct wi_error *error)
{
    return wi_record_index_list(jobs->index, op, jobs->terms.instance, error);
}
