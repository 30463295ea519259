/* The bucket of stored jobs at a NATS server: see kv.h. */
#include "config.h"

#include "cluster/broker_private.h"

#include "base/text.h"
#include "cluster/kv.h"
#include <stdio.h>
#include <string.h>

#ifdef HAVE_NATS

static enum wi_kv_result bucket_lost(
    const struct wi_broker *broker, natsStatus status, struct wi_broker_problem *problem)
{
    wi_broker_lost(broker, wi_broker_last_text(status), problem);
    return WI_KV_LOST;
}

/* The library has one status for a key that has changed and for all that the server refuses. */
static enum wi_kv_result bucket_explain(
    struct wi_broker *broker, const char *key, uint64_t revision, struct wi_broker_problem *problem)
{
    char refused[128];
    kvEntry *got = NULL;
    wi_text_copy(refused, sizeof refused, wi_broker_last_text(NATS_ERR));
    natsStatus status = kvStore_Get(&got, broker->store, key);
    if (status != NATS_OK && status != NATS_NOT_FOUND)
        return bucket_lost(broker, status, problem);
    uint64_t has = got ? kvEntry_Revision(got) : 0;
    kvEntry_Destroy(got);
    if (has != revision)
        return WI_KV_OTHER;
    wi_broker_fail(problem, WI_BROKER_FULL,
        "%.200s takes no more (%.100s); give JetStream there more room, or remove jobs",
        broker->url, refused);
    return WI_KV_FULL;
}

static enum wi_kv_result bucket_write(void *context, const char *key, const void *bytes,
    size_t size, uint64_t *revision, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    uint64_t written = 0;
    natsStatus status =
        *revision ? kvStore_Update(&written, broker->store, key, bytes, (int)size, *revision)
                  : kvStore_Create(&written, broker->store, key, bytes, (int)size);
    if (status == NATS_ERR)
        return bucket_explain(broker, key, *revision, problem);
    if (status != NATS_OK)
        return bucket_lost(broker, status, problem);
    *revision = written;
    return WI_KV_DONE;
}

static enum wi_kv_result bucket_put(void *context, const char *key, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    natsStatus status = kvStore_Put(NULL, broker->store, key, bytes, (int)size);
    if (status == NATS_ERR) {
        wi_broker_fail(problem, WI_BROKER_FULL,
            "%.200s takes no more (%.100s); give JetStream there more room, or remove jobs",
            broker->url, wi_broker_last_text(status));
        return WI_KV_FULL;
    }
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
}

static enum wi_kv_result bucket_read(void *context, const char *key, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    kvEntry *got = NULL;
    natsStatus status = kvStore_Get(&got, broker->store, key);
    *entry = (struct wi_broker_entry){0};
    if (status == NATS_NOT_FOUND)
        return WI_KV_OTHER;
    if (status != NATS_OK)
        return bucket_lost(broker, status, problem);
    wi_broker_entry_copy(entry, got, most);
    kvEntry_Destroy(got);
    return WI_KV_DONE;
}

static enum wi_kv_result bucket_remove(
    void *context, const char *key, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    natsStatus status = kvStore_Delete(broker->store, key);
    if (status == NATS_ERR)
        return WI_KV_OTHER;
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
}

static enum wi_kv_result bucket_purge(
    void *context, const char *pattern, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    char stream[96], subject[256];
    jsOptions options;
    jsErrCode code = 0;
    snprintf(stream, sizeof stream, "KV_%s", broker->terms->bucket);
    snprintf(subject, sizeof subject, "$KV.%s.%s", broker->terms->bucket, pattern);
    jsOptions_Init(&options);
    options.Wait = WI_BROKER_WAIT_MS;
    options.Stream.Purge.Subject = subject;
    natsStatus status = js_PurgeStream(broker->stream, stream, &options, &code);
    if (status == NATS_ERR || code != 0)
        return WI_KV_OTHER;
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
}

void wi_broker_kv(struct wi_broker *broker, struct wi_kv *kv)
{
    *kv = (struct wi_kv){.context = broker,
        .write = bucket_write,
        .put = bucket_put,
        .read = bucket_read,
        .remove = bucket_remove,
        .purge = bucket_purge};
}
#endif
