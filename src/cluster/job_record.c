/* See job_record.h. */
#include "cluster/job_record.h"

#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1
#define TIME_MAX WI_VERSIONED_TIME_MAX
#define COUNT_MAX 1000000000
#define NAME_MAX_BYTES 1024
#define CLIENT_ID_MAX 8192
#define PROBLEM_MAX 511
#define STATUS_MAX 599
#define PRIORITY_MAX 9

void wi_job_record_clear(struct wi_job_record *job)
{
    wi_record_clear(&job->record);
    wi_strings_clear(&job->lapsed);
    *job = (struct wi_job_record){0};
}

size_t wi_job_record_bytes(const struct wi_job_record *job)
{
    return job->record.state < WI_RECORD_DONE ? job->record.body_size : job->record.answer_size;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Adds a member unless the text is "" or NULL. */
static void object_add_text(json_t *object, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(object, name, json_string(text));
}

/* Adds a member unless the list is empty. */
static void object_add_names(json_t *object, const char *name, const struct wi_strings *names)
{
    json_t *list = names->count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(list, json_string(names->items[i]));
    json_object_set_new(object, name, list); /* nothing without a list */
}

static json_t *head_json(const struct wi_job_record *job)
{
    const struct wi_record *record = &job->record;
    json_t *head = json_pack(
        "{s:i, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I, s:i, s:I, s:I}",
        "record", RECORD_VERSION, "id", record->id, "state", wi_record_state_names[record->state],
        "infer", record->infer, "cancelled", job->cancelled, "dialect", record->dialect, "client",
        record->client, "model", record->model_name, "priority", record->priority, "rank",
        (json_int_t)job->rank, "retry_at", (json_int_t)job->retry_at, "accepted_at",
        (json_int_t)record->accepted_at, "deadline_at", (json_int_t)record->deadline_at,
        "finished_at", (json_int_t)record->finished_at, "runs", (json_int_t)record->runs, "crashes",
        (json_int_t)record->crashes, "attempts", (json_int_t)record->attempts, "body_size",
        (json_int_t)record->body_size, "json_size", (json_int_t)record->json_size, "cost",
        (json_int_t)record->cost, "status", record->status, "answer_size",
        (json_int_t)record->answer_size, "head_size", (json_int_t)record->head_size);
    object_add_text(head, "client_id", record->client_id);
    object_add_text(head, "problem", record->problem);
    object_add_text(head, "holder", job->holder);
    object_add_text(head, "parts", job->parts);
    object_add_text(head, "key", job->key);
    object_add_names(head, "lapsed", &job->lapsed);
    object_add_names(head, "unable", &record->unable);
    return head;
}

int wi_job_record_print(const struct wi_job_record *job, struct wi_buffer *out)
{
    json_t *head = head_json(job);
    size_t before = out->size;
    if (head)
        wi_buffer_json(out, head);
    json_decref(head);
    wi_buffer_puts(out, "\n");
    if (!head || out->size - before > WI_JOB_HEAD_MAX)
        return -1;
    if (!job->parts[0] && job->record.bytes)
        wi_buffer_add(out, job->record.bytes->bytes, job->record.bytes->size);
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct head_params {
    const char *id, *dialect, *client, *model, *client_id, *problem, *holder, *parts, *key;
    int state, infer, cancelled;
    int64_t priority, rank, retry_at, accepted_at, deadline_at, finished_at, runs, crashes;
    int64_t attempts, body_size, json_size, cost, status, answer_size, head_size;
    json_t *lapsed, *unable;
};

#define TIME .required = 1, .max = TIME_MAX
#define COUNT .required = 1, .max = COUNT_MAX
#define BYTES .required = 1, .max = WI_JOB_BYTES_MAX
#define NAMED .min = 1, .max = WI_ID_SIZE - 1
static const struct wi_param head_table[] = {
    WI_PARAM(head_params, id, STRING, .required = 1, NAMED),
    WI_PARAM(head_params, state, ENUM, .required = 1, .names = wi_record_state_names),
    WI_PARAM(head_params, infer, BOOL, .required = 1),
    WI_PARAM(head_params, cancelled, BOOL, .required = 1),
    WI_PARAM(head_params, dialect, STRING, .required = 1, .min = 1, .max = WI_RECORD_DIALECT_MAX),
    WI_PARAM(head_params, client, STRING, .required = 1, .min = 1, .max = WI_RECORD_CLIENT_MAX),
    WI_PARAM(head_params, model, STRING, .required = 1, .min = 1, .max = NAME_MAX_BYTES),
    WI_PARAM(head_params, client_id, STRING, .max = CLIENT_ID_MAX),
    WI_PARAM(head_params, problem, STRING, .max = PROBLEM_MAX),
    WI_PARAM(head_params, holder, STRING, NAMED), WI_PARAM(head_params, parts, STRING, NAMED),
    WI_PARAM(head_params, key, STRING, .min = 1, .max = WI_HASH_HEX_SIZE - 1),
    WI_PARAM(head_params, priority, INTEGER, .required = 1, .max = PRIORITY_MAX),
    WI_PARAM(head_params, rank, INTEGER, .required = 1, .min = -TIME_MAX, .max = TIME_MAX),
    WI_PARAM(head_params, retry_at, INTEGER, TIME),
    WI_PARAM(head_params, accepted_at, INTEGER, TIME),
    WI_PARAM(head_params, deadline_at, INTEGER, TIME),
    WI_PARAM(head_params, finished_at, INTEGER, TIME), WI_PARAM(head_params, runs, INTEGER, COUNT),
    WI_PARAM(head_params, crashes, INTEGER, COUNT), WI_PARAM(head_params, attempts, INTEGER, COUNT),
    WI_PARAM(head_params, body_size, INTEGER, BYTES),
    WI_PARAM(head_params, json_size, INTEGER, BYTES),
    WI_PARAM(head_params, cost, INTEGER, .required = 1, .max = 1e15),
    WI_PARAM(head_params, status, INTEGER, .required = 1, .max = STATUS_MAX),
    WI_PARAM(head_params, answer_size, INTEGER, BYTES),
    WI_PARAM(head_params, head_size, INTEGER, BYTES),
    WI_PARAM(head_params, lapsed, ARRAY, .max = WI_JOB_LAPSED_MAX),
    WI_PARAM(head_params, unable, ARRAY, .max = WI_JOB_UNABLE_MAX), WI_PARAM_END};

static const struct wi_versioned head_form = {
    "record", RECORD_VERSION, WI_JOB_HEAD_MAX, head_table};

int wi_job_is_name(const char *text)
{
    size_t length = strlen(text);
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-')
            return 0;
    return length > 0 && length < WI_ID_SIZE;
}

/* Whether each is one; a list that is absent is empty. */
static int are_names(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !wi_job_is_name(text))
            return 0;
    }
    return 1;
}

/* Absent texts are fine. */
static int is_shown(const char *text)
{
    return text == NULL || wi_text_is_plain(text);
}

/* Whether the members agree with each other. */
static int head_is_whole(const struct head_params *head, size_t inlined)
{
    int ended = head->state >= WI_RECORD_DONE;
    size_t bytes = (size_t)(ended ? head->answer_size : head->body_size);
    if (head->json_size > head->body_size || head->head_size > head->answer_size)
        return 0;
    if (ended != (head->finished_at > 0) || (!ended && head->answer_size > 0))
        return 0;
    if ((head->state == WI_RECORD_RUNNING && !head->holder) ||
        (head->state == WI_RECORD_QUEUED && head->holder))
        return 0;
    return head->parts ? inlined == 0 && bytes > 0 : inlined == bytes;
}

static int head_is_good(const struct head_params *head, const char *id, size_t inlined)
{
    const char *const names[] = {head->id, head->holder, head->parts};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && !wi_job_is_name(names[i]))
            return 0;
    return strcmp(head->id, id) == 0 && (!head->key || wi_hash_is_printed(head->key)) &&
           is_shown(head->dialect) && is_shown(head->client) && is_shown(head->model) &&
           are_names(head->lapsed) && are_names(head->unable) && head_is_whole(head, inlined);
}

static void names_fill(struct wi_strings *names, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        wi_strings_add(names, json_string_value(json_array_get(list, i)));
}

static void record_fill(struct wi_record *record, const struct head_params *head)
{
    wi_text_copy(record->id, sizeof record->id, head->id);
    wi_text_copy(record->dialect, sizeof record->dialect, head->dialect);
    wi_text_copy(record->client, sizeof record->client, head->client);
    record->state = (enum wi_record_state)head->state;
    record->infer = head->infer;
    record->client_id = wi_strdup(head->client_id);
    record->model_name = wi_strdup(head->model);
    record->problem = wi_strdup(head->problem);
    names_fill(&record->unable, head->unable);
    record->priority = (int)head->priority;
    record->accepted_at = head->accepted_at;
    record->deadline_at = head->deadline_at;
    record->finished_at = head->finished_at;
    record->runs = (unsigned)head->runs;
    record->crashes = (unsigned)head->crashes;
    record->attempts = (unsigned)head->attempts;
    record->body_size = (size_t)head->body_size;
    record->json_size = (size_t)head->json_size;
    record->cost = (uint64_t)head->cost;
    record->status = (int)head->status;
    record->answer_size = (size_t)head->answer_size;
    record->head_size = (size_t)head->head_size;
}

/* `bytes` are those behind the line. */
static enum wi_read_fault job_fill(
    struct wi_job_record *job, const struct head_params *head, const char *bytes, size_t size)
{
    if (size > 0) {
        job->record.bytes = wi_blob_new(NULL, size + 1);
        if (job->record.bytes == NULL)
            return WI_READ_NO_MEMORY;
        wi_blob_append(job->record.bytes, bytes, size);
    }
    record_fill(&job->record, head);
    job->rank = head->rank;
    job->retry_at = head->retry_at;
    job->cancelled = head->cancelled;
    wi_text_copy(job->holder, sizeof job->holder, head->holder);
    wi_text_copy(job->parts, sizeof job->parts, head->parts);
    wi_text_copy(job->key, sizeof job->key, head->key);
    names_fill(&job->lapsed, head->lapsed);
    return WI_READ_GOOD;
}

enum wi_read_fault wi_job_record_read(
    struct wi_job_record *job, const char *id, const void *bytes, size_t size)
{
    struct head_params head = {0};
    const char *text = bytes;
    json_t *object;
    if (size == 0 || size > WI_JOB_RECORD_MAX)
        return WI_READ_GARBAGE;
    const char *end = memchr(text, '\n', size < WI_JOB_HEAD_MAX ? size : WI_JOB_HEAD_MAX);
    size_t length = end ? (size_t)(end - text) : 0, behind = end ? size - length - 1 : 0;
    if (!end || behind > WI_JOB_INLINE_MAX)
        return WI_READ_GARBAGE;
    enum wi_read_fault fault = wi_versioned_read(&head_form, text, length, &head, &object);
    if (fault == WI_READ_GOOD)
        fault = head_is_good(&head, id, behind) ? job_fill(job, &head, end + 1, behind)
                                                : WI_READ_GARBAGE;
    json_decref(object);
    return fault;
}

/* --- Idempotency-Keys ------------------------------------------------------------------------- */

void wi_job_key_name(const char *client, int infer, const char *key, char name[WI_HASH_HEX_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_buffer text = {0};
    wi_buffer_add(&text, client, strlen(client) + 1); /* no NUL is in any of them */
    wi_buffer_add(&text, infer ? "i" : "j", 1);
    wi_buffer_puts(&text, key);
    wi_hash(text.text, text.size, hash);
    wi_hash_hex(hash, name);
    wi_buffer_clear(&text);
}

void wi_job_key_print(const struct wi_job_key *key, struct wi_buffer *out)
{
    json_t *object = json_pack("{s:i, s:s, s:s, s:s, s:I}", "record", RECORD_VERSION, "id", key->id,
        "hash", key->hash, "dialect", key->dialect, "at", (json_int_t)key->at);
    wi_buffer_json(out, object);
    json_decref(object);
}

struct key_params {
    const char *id, *hash, *dialect;
    int64_t at;
};

static const struct wi_param key_table[] = {WI_PARAM(key_params, id, STRING, .required = 1, NAMED),
    WI_PARAM(key_params, hash, STRING, .required = 1, .min = 1, .max = WI_HASH_HEX_SIZE - 1),
    WI_PARAM(key_params, dialect, STRING, .required = 1, .min = 1, .max = WI_RECORD_DIALECT_MAX),
    WI_PARAM(key_params, at, INTEGER, TIME), WI_PARAM_END};

static const struct wi_versioned key_form = {"record", RECORD_VERSION, WI_JOB_KEY_MAX, key_table};

enum wi_read_fault wi_job_key_read(struct wi_job_key *key, const void *bytes, size_t size)
{
    struct key_params params = {0};
    json_t *object;
    enum wi_read_fault fault = wi_versioned_read(&key_form, bytes, size, &params, &object);
    if (fault == WI_READ_GOOD && !(wi_job_is_name(params.id) && wi_hash_is_printed(params.hash)))
        fault = WI_READ_GARBAGE;
    if (fault == WI_READ_GOOD) {
        wi_text_copy(key->id, sizeof key->id, params.id);
        wi_text_copy(key->hash, sizeof key->hash, params.hash);
        wi_text_copy(key->dialect, sizeof key->dialect, params.dialect);
        key->at = params.at;
    }
    json_decref(object);
    return fault;
}
