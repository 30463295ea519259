/*
 * A bucket in memory, and members of it: what one writes comes to the others when they follow. An
 * answer can be lost, before or after the write is done; the bucket can be full; and right before a
 * write another member can do something. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_CLUSTER_FAKE_BUCKET_H
#define WI_TESTS_CLUSTER_FAKE_BUCKET_H

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cluster/shared_jobs.h"
#include <stdlib.h>
#include <string.h>

struct fake_value {
    char *key, *bytes;
    size_t size;
    uint64_t revision;
    double at_ms; /* by the bucket's clock */
    int removed;
};

enum fake_fault { NO_FAULT, LOST_BEFORE, LOST_AFTER, FULL };

struct fake_bucket {
    struct fake_value *values; /* what each key has now */
    size_t count;
    struct fake_value *changes; /* of watched keys, as they came */
    size_t change_count;
    uint64_t revision;
    enum fake_fault fault; /* of the next write; then there is none */
    void (*before_write)(void *data, const char *key);
    void *data;
    int walks_fail;     /* walks cannot be done now */
    size_t walks;       /* that were asked for */
    size_t makes;       /* likewise, of keys that are made with one wait */
    double ack_wait_ms; /* of members that come; 0: 30 s */
    double now_ms;      /* its clock, which tests set */
    double changed_ms;  /* when that was read last, for a change */
};

struct fake_member {
    struct fake_bucket *bucket;
    struct wi_kv kv;
    struct wi_shared_jobs *jobs;
    char instance[WI_ID_SIZE];
    size_t seen; /* of the changes */
    char news[4096];
};

/* --- the bucket ------------------------------------------------------------------------------- */

static inline struct fake_value *fake_find(struct fake_bucket *bucket, const char *key)
{
    for (size_t i = 0; i < bucket->count; i++)
        if (strcmp(bucket->values[i].key, key) == 0)
            return &bucket->values[i];
    return NULL;
}

static inline void fake_value_set(
    struct fake_value *value, const void *bytes, size_t size, uint64_t revision, int removed)
{
    free(value->bytes);
    value->bytes = wi_alloc(size + 1);
    if (size > 0)
        memcpy(value->bytes, bytes, size);
    value->size = size;
    value->revision = revision;
    value->removed = removed;
}

static inline uint64_t fake_set(
    struct fake_bucket *bucket, const char *key, const void *bytes, size_t size, int removed)
{
    struct fake_value *value = fake_find(bucket, key);
    if (!value) {
        value = WI_APPEND(bucket->values, bucket->count);
        *value = (struct fake_value){.key = wi_strdup(key)};
    }
    value->at_ms = bucket->changed_ms = bucket->now_ms;
    fake_value_set(value, bytes, size, ++bucket->revision, removed);
    if (strncmp(key, WI_KV_WATCHED, strlen(WI_KV_WATCHED)) == 0) {
        struct fake_value *change = WI_APPEND(bucket->changes, bucket->change_count);
        *change = (struct fake_value){.key = wi_strdup(key)};
        fake_value_set(change, bytes, size, bucket->revision, removed);
    }
    return bucket->revision;
}

static inline enum wi_kv_result fake_fail(
    struct fake_bucket *bucket, enum wi_kv_result result, struct wi_broker_problem *problem)
{
    bucket->fault = NO_FAULT;
    *problem = (struct wi_broker_problem){.fault = WI_BROKER_UNREACHABLE, .detail = "a fault"};
    return result;
}

/* Right before a write another member may do something, once. */
static inline void fake_let_others(struct fake_bucket *bucket, const char *key)
{
    void (*before)(void *data, const char *key) = bucket->before_write;
    bucket->before_write = NULL;
    if (before)
        before(bucket->data, key);
}

static inline enum wi_kv_result fake_change(struct fake_bucket *bucket, const char *key,
    const void *bytes, size_t size, const uint64_t *expected, uint64_t *revision,
    struct wi_broker_problem *problem)
{
    fake_let_others(bucket, key);
    if (bucket->fault == LOST_BEFORE)
        return fake_fail(bucket, WI_KV_LOST, problem);
    if (bucket->fault == FULL)
        return fake_fail(bucket, WI_KV_FULL, problem);
    const struct fake_value *value = fake_find(bucket, key);
    uint64_t has = value && !value->removed ? value->revision : 0;
    if (expected && *expected != has)
        return WI_KV_OTHER;
    uint64_t now = fake_set(bucket, key, bytes, size, 0);
    if (revision)
        *revision = now;
    return bucket->fault == LOST_AFTER ? fake_fail(bucket, WI_KV_LOST, problem) : WI_KV_DONE;
}

static inline enum wi_kv_result fake_write(void *context, const char *key, const void *bytes,
    size_t size, uint64_t *revision, struct wi_broker_problem *problem)
{
    uint64_t expected = *revision;
    return fake_change(context, key, bytes, size, &expected, revision, problem);
}

/* After a loss nothing more is done. */
static inline void fake_make(void *context, struct wi_kv_fresh *all, size_t count)
{
    struct fake_bucket *bucket = context;
    enum wi_kv_result result = WI_KV_DONE;
    bucket->makes++;
    for (size_t i = 0; i < count; i++) {
        if (result != WI_KV_LOST)
            result = fake_write(
                bucket, all[i].key, all[i].bytes, all[i].size, &all[i].revision, &all[i].problem);
        all[i].result = result;
    }
}

static inline enum wi_kv_result fake_put(void *context, const char *key, const void *bytes,
    size_t size, struct wi_broker_problem *problem)
{
    return fake_change(context, key, bytes, size, NULL, NULL, problem);
}

static inline void fake_copy(
    const struct fake_value *value, size_t most, struct wi_broker_entry *entry)
{
    entry->key = wi_strdup(value->key);
    entry->size = value->size <= most ? value->size : most + 1;
    entry->text = wi_alloc(entry->size + 1);
    memcpy(entry->text, value->bytes, entry->size);
    entry->revision = value->revision;
    entry->removed = value->removed;
}

static inline enum wi_kv_result fake_read(void *context, const char *key, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    const struct fake_value *value = fake_find(context, key);
    *entry = (struct wi_broker_entry){0};
    if (!value || value->removed)
        return WI_KV_OTHER;
    fake_copy(value, most, entry);
    return WI_KV_DONE;
}

static inline enum wi_kv_result fake_remove(
    void *context, const char *key, struct wi_broker_problem *problem)
{
    fake_set(context, key, "", 0, 1);
    return WI_KV_DONE;
}

/* Whether the key is one of the pattern's. */
static inline int fake_matches(const char *pattern, const char *key)
{
    while (*pattern && *key && *pattern != '>') {
        if (*pattern == '*') {
            pattern++;
            key += strcspn(key, ".");
        } else if (*pattern++ != *key++) {
            return 0;
        }
    }
    return *key ? *pattern == '>' : !*pattern;
}

static inline enum wi_kv_result fake_purge(
    void *context, const char *pattern, uint64_t last, struct wi_broker_problem *problem)
{
    struct fake_bucket *bucket = context;
    fake_let_others(bucket, pattern);
    for (size_t i = bucket->count; i-- > 0;) {
        struct fake_value *value = &bucket->values[i];
        if (!fake_matches(pattern, value->key) || (last && value->revision > last))
            continue;
        free(value->key);
        free(value->bytes);
        *value = bucket->values[--bucket->count];
    }
    return WI_KV_DONE;
}

/* The key of the pattern with the least revision from there on. */
static inline const struct fake_value *fake_next(
    const struct fake_bucket *bucket, const char *pattern, uint64_t from)
{
    const struct fake_value *next = NULL;
    for (size_t i = 0; i < bucket->count; i++) {
        const struct fake_value *value = &bucket->values[i];
        if (value->revision >= from && (!next || value->revision < next->revision) &&
            fake_matches(pattern, value->key))
            next = value;
    }
    return next;
}

static inline enum wi_kv_result fake_walk(
    void *context, struct wi_kv_walk *walk, struct wi_broker_problem *problem)
{
    struct fake_bucket *bucket = context;
    const struct fake_value *next = fake_next(bucket, walk->pattern, walk->from);
    bucket->walks++;
    if (bucket->walks_fail)
        return WI_KV_OTHER;
    while (next && walk->count < walk->key_count_max) {
        struct wi_kv_step *step = WI_APPEND(walk->steps, walk->count);
        *step = (struct wi_kv_step){.age_ms = bucket->changed_ms - next->at_ms};
        fake_copy(next, walk->value_max, &step->entry);
        next = fake_next(bucket, walk->pattern, next->revision + 1);
    }
    walk->from = next ? next->revision : 0;
    return WI_KV_DONE;
}

/* How many keys begin so. */
static inline size_t fake_keys(const struct fake_bucket *bucket, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < bucket->count; i++)
        count += !bucket->values[i].removed &&
                 strncmp(bucket->values[i].key, prefix, strlen(prefix)) == 0;
    return count;
}

static inline void fake_values_free(struct fake_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(values[i].key);
        free(values[i].bytes);
    }
    free(values);
}

static inline void fake_bucket_clear(struct fake_bucket *bucket)
{
    fake_values_free(bucket->values, bucket->count);
    fake_values_free(bucket->changes, bucket->change_count);
    *bucket = (struct fake_bucket){0};
}

/* --- members ---------------------------------------------------------------------------------- */

static inline void fake_tell(void *listener, enum wi_job_news news, const char *id)
{
    static const char *const names[] = {"came", "cancelled", "left", "ended"};
    struct fake_member *member = listener;
    size_t length = strlen(member->news);
    wi_join(member->news + length, sizeof member->news - length, names[news], " ", id, "; ", NULL);
}

/* Connects anew: everything comes again. */
static inline void fake_connect(struct fake_member *member, double now_ms)
{
    const struct fake_bucket *bucket = member->bucket;
    size_t length = strlen(WI_KV_WATCHED);
    struct wi_broker_entry entry = {0};
    wi_shared_begin(member->jobs, now_ms);
    for (size_t i = 0; i < bucket->count; i++) {
        if (strncmp(bucket->values[i].key, WI_KV_WATCHED, length) != 0)
            continue;
        fake_copy(&bucket->values[i], WI_KV_VALUE_MAX, &entry);
        entry.replayed = 1;
        wi_shared_apply(member->jobs, &entry, now_ms);
        wi_broker_entry_clear(&entry);
    }
    member->seen = bucket->change_count;
    wi_shared_apply(member->jobs, &entry, now_ms);
}

static inline void fake_follow(struct fake_member *member, double now_ms)
{
    while (member->seen < member->bucket->change_count) {
        struct wi_broker_entry entry = {0};
        fake_copy(&member->bucket->changes[member->seen++], WI_KV_VALUE_MAX, &entry);
        wi_shared_apply(member->jobs, &entry, now_ms);
        wi_broker_entry_clear(&entry);
    }
}

static inline void fake_join(
    struct fake_member *member, struct fake_bucket *bucket, const char *instance, double now_ms)
{
    struct wi_error error;
    *member = (struct fake_member){.bucket = bucket,
        .kv = {.context = bucket,
            .make = fake_make,
            .write = fake_write,
            .put = fake_put,
            .read = fake_read,
            .remove = fake_remove,
            .purge = fake_purge,
            .walk = fake_walk}};
    wi_text_copy(member->instance, sizeof member->instance, instance);
    struct wi_shared_terms terms = {.kv = &member->kv,
        .ack_wait_ms = bucket->ack_wait_ms > 0 ? bucket->ack_wait_ms : 30000,
        .tell = fake_tell,
        .listener = member};
    wi_text_copy(terms.instance, sizeof terms.instance, instance);
    member->jobs = wi_shared_jobs_new(&terms, &error);
    fake_connect(member, now_ms);
    member->news[0] = '\0';
}

/* --- jobs ------------------------------------------------------------------------------------- */

static inline void fake_accept_fill(
    struct wi_record_accept *op, const char *id, const char *body, size_t size)
{
    struct wi_record *record = &op->record;
    wi_text_copy(record->id, sizeof record->id, id);
    wi_text_copy(record->client, sizeof record->client, "somebody");
    wi_text_copy(record->dialect, sizeof record->dialect, "native");
    record->model_name = wi_strdup("model");
    record->priority = 5;
    record->accepted_at = wi_steady_ms();
    record->deadline_at = record->accepted_at + 100000;
    record->body_size = record->json_size = size;
    op->body = (const unsigned char *)body;
}

static inline void fake_accept_clear(struct wi_record_accept *op)
{
    wi_record_clear(&op->record);
    wi_record_clear(&op->earlier);
}

static inline enum wi_code fake_accept_one(
    struct fake_member *member, struct wi_record_accept *op, struct wi_error *error)
{
    struct wi_shared_accept asked = {.op = op, .error = error};
    return wi_shared_accept(member->jobs, &asked, 1) == 1 ? asked.code : WI_INTERNAL;
}

/* `key` may be NULL. */
static inline enum wi_code fake_accept(struct fake_member *member, const char *id, const char *body,
    const char *key, struct wi_error *error)
{
    struct wi_record_accept op = {.key = key};
    fake_accept_fill(&op, id, body, strlen(body));
    enum wi_code code = fake_accept_one(member, &op, error);
    fake_accept_clear(&op);
    return code;
}

#endif
