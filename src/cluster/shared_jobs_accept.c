/*
 * Jobs that are accepted. The steps of a job before its record are taken one after another: its
 * Idempotency-Key, and the parts of a large body. The records of many are then made with one
 * wait for the servers.
 */
#include "cluster/shared_jobs_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* Records of more bytes are not sent before those that were are acknowledged. */
#define BATCH_BYTES_MAX (4 * 1024 * 1024)

/* --- Idempotency-Keys ------------------------------------------------------------------------- */

static void hash_bytes(const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    wi_hash(bytes, size, hash);
}

/* Of the meaning of the body and of its framing. */
static void accept_hash(const struct wi_record_accept *op, char hex[WI_HASH_HEX_SIZE])
{
    unsigned char both[WI_HASH_SIZE + sizeof(uint64_t)], hash[WI_HASH_SIZE];
    uint64_t json_size = op->record.json_size;
    wi_body_hash_fn *identify = op->identify ? op->identify : hash_bytes;
    identify(op->body, op->record.body_size, both);
    memcpy(both + WI_HASH_SIZE, &json_size, sizeof json_size);
    wi_hash(both, sizeof both, hash);
    wi_hash_hex(hash, hex);
}

/* An operation that accepts, with its Idempotency-Key, if there is one, and the record that is to
 * be made. */
struct accepting {
    struct wi_shared_jobs *jobs;
    struct wi_shared_accept *asked;
    double began_ms;
    char name[WI_HASH_HEX_SIZE], hash[WI_HASH_HEX_SIZE];
    struct wi_job_key key; /* the value of the name */
    uint64_t revision;     /* of that; 0: nothing */
    int is_settled;        /* nothing more is to be done */
    struct wi_job_record job;
    struct wi_buffer text; /* of that */
    char record_key[WI_SHARED_KEY_SIZE];
};

static enum wi_code key_load(struct accepting *accepting, struct wi_error *error)
{
    struct wi_shared_jobs *jobs = accepting->jobs;
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_broker_entry entry = {0};
    char key[WI_SHARED_KEY_SIZE];
    accepting->key = (struct wi_job_key){0};
    accepting->revision = 0;
    wi_join(key, sizeof key, "key.", accepting->name, NULL);
    enum wi_kv_result result = kv->read(kv->context, key, WI_JOB_KEY_MAX, &entry, &problem);
    if (result == WI_KV_LOST || result == WI_KV_FULL)
        return wi_shared_fail(jobs, result, &problem, error);
    if (result == WI_KV_DONE) {
        accepting->revision = entry.revision;
        if (wi_job_key_read(&accepting->key, entry.text, entry.size) != WI_READ_GOOD)
            jobs->counters.garbage++; /* it is written over */
    }
    wi_broker_entry_clear(&entry);
    return WI_OK;
}

/* Writes the key for the operation's record: WI_OK also if another member was faster. */
static enum wi_code key_save(struct accepting *accepting, int *done, struct wi_error *error)
{
    struct wi_shared_jobs *jobs = accepting->jobs;
    const struct wi_kv *kv = jobs->terms.kv;
    struct wi_broker_problem problem;
    struct wi_buffer text = {0};
    char name[WI_SHARED_KEY_SIZE];
    struct wi_job_key key = {.at = wi_steady_ms()};
    wi_text_copy(key.id, sizeof key.id, accepting->asked->op->record.id);
    wi_text_copy(key.hash, sizeof key.hash, accepting->hash);
    wi_text_copy(key.dialect, sizeof key.dialect, accepting->asked->op->record.dialect);
    wi_job_key_print(&key, &text);
    wi_join(name, sizeof name, "key.", accepting->name, NULL);
    enum wi_kv_result result =
        kv->write(kv->context, name, text.text, text.size, &accepting->revision, &problem);
    wi_buffer_clear(&text);
    *done = result == WI_KV_DONE;
    return result == WI_KV_DONE || result == WI_KV_OTHER
               ? WI_OK
               : wi_shared_fail(jobs, result, &problem, error);
}

/* There is a record with the key. */
static void accept_find(struct accepting *accepting, struct wi_shared_loaded *loaded)
{
    struct wi_record_accept *op = accepting->asked->op;
    accepting->is_settled = 1;
    if (strcmp(loaded->job.record.id, op->record.id) == 0)
        return; /* written by an earlier try: it is new */
    int same = strcmp(accepting->key.hash, accepting->hash) == 0 &&
               strcmp(accepting->key.dialect, op->record.dialect) == 0;
    op->found = same ? WI_RECORD_SAME : WI_RECORD_OTHER;
    op->earlier = WI_TAKE(loaded->job.record);
    wi_blob_unref(op->earlier.bytes);
    op->earlier.bytes = NULL;
}

/* A key without a record: its member may write that any moment, or ended before. */
static enum wi_code key_take_over(struct accepting *accepting, int *done, struct wi_error *error)
{
    struct wi_record_accept *op = accepting->asked->op;
    const struct wi_job_key *key = &accepting->key;
    int64_t age = wi_steady_ms() - key->at;
    int is_fresh = *key->id && age < WI_SHARED_KEY_FRESH_MS && age > -WI_SHARED_KEY_FRESH_MS;
    if (!is_fresh)
        return key_save(accepting, done, error);
    *done = 1;
    if (strcmp(key->hash, accepting->hash) == 0)
        wi_text_copy(op->record.id, sizeof op->record.id, key->id); /* both members write one job */
    else
        op->found = WI_RECORD_OTHER;
    accepting->is_settled = op->found == WI_RECORD_OTHER;
    return WI_OK;
}

/* One look at the key: with `*done` it is the operation's own, or all is settled. */
static enum wi_code key_try(struct accepting *accepting, int *done, struct wi_error *error)
{
    struct wi_shared_loaded loaded = {0};
    enum wi_code code = key_load(accepting, error);
    if (code == WI_OK && *accepting->key.id)
        code = wi_shared_load(accepting->jobs, accepting->key.id, &loaded, error);
    if (code == WI_OK && loaded.revision > 0)
        accept_find(accepting, &loaded);
    accepting->is_settled |= accepting->asked->op->look;
    *done = accepting->is_settled;
    if (code == WI_OK && !*done)
        code = accepting->revision > 0 ? key_take_over(accepting, done, error)
                                       : key_save(accepting, done, error);
    wi_shared_loaded_clear(&loaded);
    return code;
}

/* Until the key is the operation's own, or all is settled. */
static enum wi_code key_settle(struct accepting *accepting, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    int done = 0;
    accept_hash(accepting->asked->op, accepting->hash);
    for (int i = 0; i < WI_SHARED_TRIES && code == WI_OK && !done; i++)
        code = key_try(accepting, &done, error);
    return code == WI_OK && !done ? wi_shared_contended(accepting->asked->op->record.id, error)
                                  : code;
}

/* --- one operation ---------------------------------------------------------------------------- */

static void accepting_clear(struct accepting *accepting)
{
    wi_job_record_clear(&accepting->job);
    wi_buffer_clear(&accepting->text);
}

/* The record of the operation, with its body. */
static enum wi_code record_fill(struct accepting *accepting, struct wi_error *error)
{
    const struct wi_record_accept *op = accepting->asked->op;
    const struct wi_record_part body = {op->body, op->record.body_size};
    struct wi_job_record *job = &accepting->job;
    job->record = op->record;
    job->record.client_id = wi_strdup(op->record.client_id);
    job->record.model_name = wi_strdup(op->record.model_name);
    job->record.problem = NULL;
    job->record.bytes = NULL;
    job->rank = op->record.accepted_at - (int64_t)op->record.priority * WI_RECORD_AGEING_MS;
    wi_text_copy(job->key, sizeof job->key, accepting->name);
    enum wi_code code = wi_shared_store_bytes(accepting->jobs, job, &body, 1, error);
    return code == WI_OK ? wi_shared_print(job, accepting->record_key, &accepting->text, error)
                         : code;
}

/* Whether there is a record to make now; else the operation is done. */
static int accepting_begin(struct accepting *accepting)
{
    struct wi_shared_accept *asked = accepting->asked;
    struct wi_error *error = asked->error;
    accepting->began_ms = wi_now_ms();
    asked->op->found = WI_RECORD_NEW;
    wi_record_clear(&asked->op->earlier);
    asked->code = *accepting->name ? key_settle(accepting, error) : WI_OK;
    if (asked->code == WI_OK && !accepting->is_settled)
        asked->code = record_fill(accepting, error);
    int is_open = asked->code == WI_OK && !accepting->is_settled;
    if (!is_open)
        accepting_clear(accepting);
    return is_open;
}

/* A record with its id that is there already is the same one. */
static void accepting_end(struct accepting *accepting, const struct wi_kv_fresh *fresh)
{
    struct wi_shared_jobs *jobs = accepting->jobs;
    struct wi_shared_accept *asked = accepting->asked;
    if (fresh->result == WI_KV_DONE)
        wi_shared_index(jobs, &accepting->job, fresh->revision);
    else if (fresh->result == WI_KV_OTHER)
        wi_shared_drop_bytes(jobs, accepting->job.record.id, accepting->job.parts);
    else
        asked->code = wi_shared_fail(jobs, fresh->result, &fresh->problem, asked->error);
}

/* --- many ------------------------------------------------------------------------------------- */

/* Operations whose records are made with one wait. */
struct accept_batch {
    struct wi_shared_jobs *jobs;
    struct accepting *open;
    struct wi_kv_fresh *fresh; /* of those that are made */
    size_t count, bytes;
};

/* Those that are not too late. */
static void batch_make(struct accept_batch *batch)
{
    const struct wi_kv *kv = batch->jobs->terms.kv;
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct accepting *one = &batch->open[i];
        one->asked->code = wi_shared_check_late(batch->jobs, one->began_ms, one->asked->error);
        if (one->asked->code != WI_OK)
            continue;
        batch->fresh[count++] = (struct wi_kv_fresh){
            .key = one->record_key, .bytes = one->text.text, .size = one->text.size};
    }
    kv->make(kv->context, batch->fresh, count);
    const struct wi_kv_fresh *fresh = batch->fresh;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->open[i].asked->code == WI_OK)
            accepting_end(&batch->open[i], fresh++);
}

/* The connection may have been lost by one of them. */
static void batch_fail(struct accept_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct wi_shared_accept *asked = batch->open[i].asked;
        asked->code = wi_shared_fail(batch->jobs, WI_KV_LOST, &batch->jobs->problem, asked->error);
    }
}

static void batch_flush(struct accept_batch *batch)
{
    if (batch->jobs->lost)
        batch_fail(batch);
    else if (batch->count > 0)
        batch_make(batch);
    for (size_t i = 0; i < batch->count; i++)
        accepting_clear(&batch->open[i]);
    batch->count = batch->bytes = 0;
}

/* The second job with an Idempotency-Key has to find the record of the first one. */
static int batch_has_key(const struct accept_batch *batch, const char *name)
{
    for (size_t i = 0; i < batch->count; i++)
        if (*name && strcmp(batch->open[i].name, name) == 0)
            return 1;
    return 0;
}

static void batch_add(struct accept_batch *batch, struct wi_shared_accept *asked)
{
    struct wi_record_accept *op = asked->op;
    char name[WI_HASH_HEX_SIZE] = "";
    if (op->key)
        wi_job_key_name(op->record.client, op->record.infer, op->key, name);
    if (batch_has_key(batch, name) || batch->bytes > BATCH_BYTES_MAX)
        batch_flush(batch);
    struct accepting *one = &batch->open[batch->count];
    *one = (struct accepting){.jobs = batch->jobs, .asked = asked};
    wi_text_copy(one->name, sizeof one->name, name);
    if (!accepting_begin(one))
        return;
    batch->bytes += one->text.size;
    batch->count++;
}

size_t wi_shared_accept(struct wi_shared_jobs *jobs, struct wi_shared_accept *all, size_t count)
{
    size_t most = count < WI_SHARED_ACCEPTS_MAX ? count : WI_SHARED_ACCEPTS_MAX, begun = 0;
    struct accept_batch batch = {.jobs = jobs,
        .open = wi_realloc_array(NULL, most, sizeof *batch.open),
        .fresh = wi_realloc_array(NULL, most, sizeof *batch.fresh)};
    while (begun < most && !jobs->lost)
        batch_add(&batch, &all[begun++]);
    batch_flush(&batch);
    free(batch.open);
    free(batch.fresh);
    return begun;
}
