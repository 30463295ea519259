/*
 * A bucket in memory, and members of it: what one writes comes to the others when they follow. An
 * answer can be lost, before or after the write is done; the bucket can be full; and right before a
 * write another member can do something. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_CLUSTER_FAKE_BUCKET_H
#define WI_TESTS_CLUSTER_FAKE_BUCKET_H

#include "base/memory.h"
#include "base/text.h"
#include "cluster/shared_jobs.h"
#include <stdlib.h>
#include <string.h>

struct fake_value {
    char *key, *bytes;
    size_t size;
    uint64_t revision;
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
    double ack_wait_ms; /* of members that come; 0: 30 s */
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

static inline enum wi_kv_result fake_change(struct fake_bucket *bucket, const char *key,
    const void *bytes, size_t size, const uint64_t *expected, uint64_t *revision,
    struct wi_broker_problem *problem)
{
    void (*before)(void *data, const char *key) = bucket->before_write;
    if (before) { /* once */
        bucket->before_write = NULL;
        before(bucket->data, key);
    }
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

static inline enum wi_kv_result fake_purge(
    void *context, const char *pattern, struct wi_broker_problem *problem)
{
    struct fake_bucket *bucket = context;
    size_t length = strlen(pattern);
    int is_tree = pattern[length - 1] == '>';
    for (size_t i = bucket->count; i-- > 0;) {
        struct fake_value *value = &bucket->values[i];
        if (is_tree ? strncmp(value->key, pattern, length - 1) != 0
                    : strcmp(value->key, pattern) != 0)
            continue;
        free(value->key);
        free(value->bytes);
        *value = bucket->values[--bucket->count];
    }
    return WI_KV_DONE;
}

static inline enum wi_kv_result fake_forget(
    void *context, const char *key, uint64_t revision, struct wi_broker_problem *problem)
{
    const struct fake_value *value = fake_find(context, key);
    return value && value->revision <= revision ? fake_purge(context, key, problem) : WI_KV_DONE;
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
            .write = fake_write,
            .put = fake_put,
            .read = fake_read,
            .remove = fake_remove,
            .purge = fake_purge,
            .forget = fake_forget}};
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

#endif
