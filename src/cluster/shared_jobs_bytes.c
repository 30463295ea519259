/* Records in the bucket, and their bytes: see shared_jobs_private.h. */
#include "cluster/shared_jobs_private.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* --- records ---------------------------------------------------------------------------------- */

void wi_shared_loaded_clear(struct wi_shared_loaded *loaded)
{
    wi_job_record_clear(&loaded->job);
    loaded->revision = 0;
}

/* The entry's record; one that cannot be read is counted, and is none. */
static enum wi_code entry_load(struct wi_shared_jobs *jobs, const char *id,
    const struct wi_broker_entry *entry, struct wi_shared_loaded *loaded, struct wi_error *error)
{
    enum wi_read_fault fault = wi_job_record_read(&loaded->job, id, entry->text, entry->size);
    if (fault == WI_READ_GOOD) {
        loaded->revision = entry->revision;
        return WI_OK;
    }
    if (fault == WI_READ_NO_MEMORY)
        return wi_error_set(
            error, WI_STORAGE_FAILED, NULL, "there is no memory to read %s with", id);
    jobs->counters.garbage += fault == WI_READ_GARBAGE;
    jobs->counters.other_version += fault == WI_READ_OTHER_VERSION;
    return WI_OK;
}

enum wi_code wi_shared_look(struct wi_shared_jobs *jobs, const char *id,
    struct wi_shared_loaded *loaded, struct wi_error *error)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_broker_entry entry = {0};
    char key[WI_SHARED_KEY_SIZE];
    wi_shared_loaded_clear(loaded);
    if (!wi_job_is_name(id)) /* clients ask for any */
        return WI_OK;
    wi_join(key, sizeof key, WI_SHARED_JOB_PREFIX, id, NULL);
    enum wi_kv_result result = kv->read(kv->context, key, WI_JOB_RECORD_MAX, &entry, &problem);
    if (result == WI_KV_LOST || result == WI_KV_FULL)
        return wi_shared_fail(jobs, result, &problem, error);
    enum wi_code code = WI_OK;
    if (result == WI_KV_DONE)
        code = entry_load(jobs, id, &entry, loaded, error);
    wi_broker_entry_clear(&entry);
    return code;
}

enum wi_code wi_shared_load(struct wi_shared_jobs *jobs, const char *id,
    struct wi_shared_loaded *loaded, struct wi_error *error)
{
    struct wi_record_entry known;
    enum wi_code code = wi_shared_look(jobs, id, loaded, error);
    if (code != WI_OK || loaded->revision == 0)
        return code;
    int is_known = wi_record_index_get(jobs->index, id, &known) &&
                   known.revision == loaded->revision &&
                   known.state == loaded->job.record.state; /* it may have been taken there alone */
    if (!is_known)
        wi_shared_index(jobs, &loaded->job, loaded->revision);
    return WI_OK;
}

enum wi_code wi_shared_print(const struct wi_job_record *job, char key[WI_SHARED_KEY_SIZE],
    struct wi_buffer *text, struct wi_error *error)
{
    const char *id = job->record.id;
    wi_join(key, WI_SHARED_KEY_SIZE, WI_SHARED_JOB_PREFIX, id, NULL);
    if (wi_job_record_print(job, text) == 0)
        return WI_OK;
    wi_buffer_clear(text);
    return wi_error_set(error, WI_STORAGE_FAILED, NULL, "the record of %s is too large", id);
}

enum wi_code wi_shared_save(
    struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded, int *done, struct wi_error *error)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_buffer text = {0};
    char key[WI_SHARED_KEY_SIZE];
    *done = 0;
    if (wi_shared_print(&loaded->job, key, &text, error) != WI_OK)
        return error->code;
    enum wi_kv_result result =
        kv->write(kv->context, key, text.text, text.size, &loaded->revision, &problem);
    wi_buffer_clear(&text);
    *done = result == WI_KV_DONE;
    if (*done)
        wi_shared_index(jobs, &loaded->job, loaded->revision);
    return result == WI_KV_DONE || result == WI_KV_OTHER
               ? WI_OK
               : wi_shared_fail(jobs, result, &problem, error);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void part_key(char key[WI_SHARED_KEY_SIZE], const struct wi_job_record *job, size_t number)
{
    char digits[WI_DIGITS_SIZE];
    wi_join(key, WI_SHARED_KEY_SIZE, "part.", job->record.id, ".", job->parts, ".",
        wi_digits(digits, number), NULL);
}

/* Pieces of any sizes, cut into parts of one size. */
struct cutting {
    struct wi_shared_jobs *jobs;
    const struct wi_job_record *job;
    struct wi_buffer part;
    size_t number;
};

static enum wi_code part_write(struct cutting *cutting, struct wi_error *error)
{
    const struct wi_kv *kv = cutting->jobs->terms.kv;
    struct wi_broker_problem problem;
    char key[WI_SHARED_KEY_SIZE];
    part_key(key, cutting->job, cutting->number++);
    enum wi_kv_result result =
        kv->put(kv->context, key, cutting->part.text, cutting->part.size, &problem);
    cutting->part.size = 0;
    return result == WI_KV_DONE ? WI_OK : wi_shared_fail(cutting->jobs, result, &problem, error);
}

static enum wi_code piece_cut(
    struct cutting *cutting, const struct wi_record_part *piece, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t at = 0; at < piece->size && code == WI_OK;) {
        size_t room = WI_JOB_PART_SIZE - cutting->part.size, left = piece->size - at;
        size_t size = left < room ? left : room;
        wi_buffer_add(&cutting->part, (const char *)piece->bytes + at, size);
        at += size;
        if (cutting->part.size == WI_JOB_PART_SIZE)
            code = part_write(cutting, error);
    }
    return code;
}

static enum wi_code parts_write(struct wi_shared_jobs *jobs, struct wi_job_record *job,
    const struct wi_record_part *pieces, size_t count, struct wi_error *error)
{
    struct cutting cutting = {.jobs = jobs, .job = job};
    enum wi_code code = WI_OK;
    wi_id_new(job->parts, "part");
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = piece_cut(&cutting, &pieces[i], error);
    if (code == WI_OK && cutting.part.size > 0)
        code = part_write(&cutting, error);
    wi_buffer_clear(&cutting.part);
    return code;
}

enum wi_code wi_shared_store_bytes(struct wi_shared_jobs *jobs, struct wi_job_record *job,
    const struct wi_record_part *pieces, size_t count, struct wi_error *error)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    wi_blob_unref(job->record.bytes);
    job->record.bytes = NULL;
    job->parts[0] = '\0';
    if (size > WI_JOB_INLINE_MAX)
        return parts_write(jobs, job, pieces, count, error);
    if (size == 0)
        return WI_OK;
    job->record.bytes = wi_blob_new(NULL, size + 1);
    if (!job->record.bytes)
        return wi_error_set(error, WI_STORAGE_FAILED, NULL, "there is no memory");
    for (size_t i = 0; i < count; i++)
        wi_blob_append(job->record.bytes, pieces[i].bytes, pieces[i].size);
    return WI_OK;
}

static enum wi_code part_read(struct wi_shared_jobs *jobs, const struct wi_job_record *job,
    size_t number, struct wi_blob *bytes, struct wi_error *error)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_broker_entry entry = {0};
    char key[WI_SHARED_KEY_SIZE];
    part_key(key, job, number);
    enum wi_kv_result result = kv->read(kv->context, key, WI_JOB_PART_SIZE, &entry, &problem);
    enum wi_code code = WI_OK;
    if (result == WI_KV_LOST || result == WI_KV_FULL)
        code = wi_shared_fail(jobs, result, &problem, error);
    else if (result != WI_KV_DONE || entry.size == 0 || entry.size > bytes->capacity - bytes->size)
        code = wi_error_set(
            error, WI_INTERNAL, NULL, "part %zu of %s is lost", number, job->record.id);
    else
        wi_blob_append(bytes, entry.text, entry.size);
    wi_broker_entry_clear(&entry);
    return code;
}

enum wi_code wi_shared_load_bytes(
    struct wi_shared_jobs *jobs, struct wi_job_record *job, struct wi_error *error)
{
    size_t size = wi_job_record_bytes(job);
    enum wi_code code = WI_OK;
    if (job->record.bytes)
        return WI_OK;
    struct wi_blob *bytes = wi_blob_new(NULL, size + 1); /* outside chose the size */
    if (!bytes)
        return wi_error_set(error, WI_MEMORY_BUDGET, NULL, "no memory for %zu bytes", size);
    for (size_t number = 0; code == WI_OK && bytes->size < size; number++)
        code = part_read(jobs, job, number, bytes, error);
    if (code == WI_OK && bytes->size != size)
        code = wi_error_set(
            error, WI_INTERNAL, NULL, "the parts of %s have other sizes", job->record.id);
    if (code == WI_OK)
        job->record.bytes = wi_blob_ref(bytes);
    wi_blob_unref(bytes);
    return code;
}

void wi_shared_drop_bytes(struct wi_shared_jobs *jobs, const char *id, const char *parts)
{
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    char pattern[WI_SHARED_KEY_SIZE];
    wi_join(pattern, sizeof pattern, "part.", id, *parts ? "." : "", parts, ".>", NULL);
    if (!jobs->lost && kv->purge(kv->context, pattern, 0, &problem) == WI_KV_LOST)
        wi_shared_fail(jobs, WI_KV_LOST, &problem, NULL);
}
