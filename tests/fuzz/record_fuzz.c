/*
 * Any bytes as the record of a job that members share, and as an Idempotency-Key's. What is read is
 * bounded, can be shown, and is printed as a record that is read as the same one.
 */
#include "base/text.h"
#include "cluster/job_record.h"
#include "must.h"
#include "plant.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct wi_strings *names, size_t most)
{
    must(names->count <= most);
    for (size_t i = 0; i < names->count; i++)
        must(wi_job_is_name(names->items[i]));
}

static void check_job(const struct wi_job_record *job)
{
    struct wi_job_record again = {0};
    struct wi_buffer out = {0};
    const struct wi_record *record = &job->record;
    must(wi_job_is_name(record->id) && wi_text_is_plain(record->client));
    must(wi_text_is_plain(record->model_name) && record->state < WI_RECORD_STATES);
    check_names(&job->lapsed, WI_JOB_LAPSED_MAX);
    check_names(&record->unable, WI_JOB_UNABLE_MAX);
    must(!*job->parts || (wi_job_is_name(job->parts) && !record->bytes));
    must(*job->parts || wi_job_record_bytes(job) == (record->bytes ? record->bytes->size : 0));
    if (wi_job_record_print(job, &out) == 0) { /* escapes may make a longer one */
        must(wi_job_record_read(&again, record->id, out.text, out.size) == WI_READ_GOOD);
        must(again.record.body_size == record->body_size && again.rank == job->rank);
        must(strcmp(again.holder, job->holder) == 0);
        must(wi_strings_equal(&again.lapsed, &job->lapsed));
        must(wi_strings_equal(&again.record.unable, &record->unable));
    }
    wi_job_record_clear(&again);
    wi_buffer_clear(&out);
    /* No seed has it. */
    WI_PLANT(record->priority == 6 || record->runs == 6);
}

static void check_key(const struct wi_job_key *key)
{
    struct wi_job_key again = {0};
    struct wi_buffer out = {0};
    must(wi_job_is_name(key->id) && wi_hash_is_printed(key->hash));
    wi_job_key_print(key, &out);
    must(out.size <= WI_JOB_KEY_MAX);
    must(wi_job_key_read(&again, out.text, out.size) == WI_READ_GOOD);
    must(strcmp(again.id, key->id) == 0 && strcmp(again.dialect, key->dialect) == 0);
    wi_buffer_clear(&out);
}

/* The id in the record, which is what comes in practice. */
static void find_id(const uint8_t *data, size_t size, char id[WI_ID_SIZE])
{
    const uint8_t *end = memchr(data, '\n', size);
    json_t *head = end ? json_loadb((const char *)data, (size_t)(end - data), 0, NULL) : NULL;
    wi_text_copy(id, WI_ID_SIZE, json_string_value(json_object_get(head, "id")));
    json_decref(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_job_record job = {0};
    struct wi_job_key key = {0};
    char id[WI_ID_SIZE];
    find_id(data, size, id);
    if (wi_job_record_read(&job, id, data, size) == WI_READ_GOOD)
        check_job(&job);
    else
        must(!job.record.id[0] && !job.record.bytes);
    if (wi_job_key_read(&key, data, size) == WI_READ_GOOD)
        check_key(&key);
    wi_job_record_clear(&job);
    return 0;
}
