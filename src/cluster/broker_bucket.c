/* The bucket at a NATS server: how it is made, and what kv.h does with it. */
#include "config.h"

#include "cluster/broker_private.h"

#include "base/clock.h"
#include "base/json_read.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_NATS

#define NS_PER_S (INT64_C(1000) * 1000 * 1000)
/* What the server adds to a value: the name of the bucket and the key, and headers. */
#define RECORD_ROOM 1024
/* A walk brings no more at once, whatever the values are. */
#define WALK_BYTES_MAX (4 * 1024 * 1024)
/* The server's code: the subject has another sequence than the one that was expected. */
#define WRONG_SEQUENCE 10071
#define INBOX_SIZE 96

/* --- opening it ------------------------------------------------------------------------------- */

static int no_jetstream(const struct wi_broker *broker, struct wi_broker_problem *problem)
{
    return wi_broker_fail(problem, WI_BROKER_NO_JETSTREAM,
        "%.200s has no JetStream for this user; turn it on with \"jetstream {}\" in the server's "
        "configuration, or nats-server -js",
        broker->url);
}

int wi_broker_explain(const struct wi_broker *broker, natsStatus status, jsErrCode code,
    struct wi_broker_problem *problem)
{
    if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr ||
        code == JSNotEnabledForAccountErr)
        return no_jetstream(broker, problem);
    if (status == NATS_TIMEOUT || code == JSClusterNotAvailErr)
        return wi_broker_fail(problem, WI_BROKER_UNREACHABLE,
            "JetStream of %.200s does not answer: a cluster of servers answers while more than "
            "half of them run; it is tried again every second",
            broker->url);
    return wi_broker_fail(problem, WI_BROKER_SETTINGS,
        "the bucket %.60s cannot be made at %.160s (%.100s): [cluster] replicas = %d needs as many "
        "servers with JetStream, and room at them",
        broker->terms->bucket, broker->url, wi_broker_last_text(status), broker->terms->replicas);
}

static int bucket_make(struct wi_broker *broker, struct wi_broker_problem *problem)
{
    const struct wi_broker_bucket *kind = broker->terms->kind;
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = broker->terms->bucket;
    config.Description = kind->description;
    config.History = 1;
    config.MaxValueSize = kind->value_max + RECORD_ROOM;
    config.TTL = kind->age_s * NS_PER_S;
    config.StorageType = kind->is_on_disk ? js_FileStorage : js_MemoryStorage;
    config.Replicas = broker->terms->replicas;
    natsStatus status = js_CreateKeyValue(&broker->store, broker->stream, &config);
    return status == NATS_OK ? 0 : wi_broker_explain(broker, status, 0, problem);
}

/* "replicas 3 instead of 1": the first setting that is not ours; "" if all are. */
static void bucket_differ(
    const struct wi_broker *broker, const jsStreamConfig *config, char *out, size_t size)
{
    const struct wi_broker_bucket *kind = broker->terms->kind;
    const struct {
        const char *name;
        int64_t found, ours;
    } rows[] = {
        {"replicas", config->Replicas, broker->terms->replicas},
        {"history", config->MaxMsgsPerSubject, 1},
        {"a time to live in seconds of", config->MaxAge / NS_PER_S, kind->age_s},
        {"a greatest value of", config->MaxMsgSize, kind->value_max + RECORD_ROOM},
        {"storage type", config->Storage, kind->is_on_disk ? js_FileStorage : js_MemoryStorage},
    };
    *out = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && *out == '\0'; i++)
        if (rows[i].found != rows[i].ours)
            snprintf(out, size, "%s %lld instead of %lld", rows[i].name, (long long)rows[i].found,
                (long long)rows[i].ours);
    if (*out == '\0' && config->Discard != js_DiscardNew)
        snprintf(out, size, "a policy that discards old values when it is full");
}

/* Of a request that another server may answer sooner, or that can be left for later. */
static void options_set_short(jsOptions *options)
{
    jsOptions_Init(options);
    options->Wait = WI_BROKER_WAIT_MS;
}

/* The bucket, made unless it is there; another one's settings are the operator's. */
int wi_broker_bucket_open(struct wi_broker *broker, struct wi_broker_problem *problem)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    jsOptions options;
    char stream[WI_BROKER_STREAM_SIZE], differs[96];
    wi_broker_stream(broker, stream);
    options_set_short(&options);
    natsStatus status = js_GetStreamInfo(&info, broker->stream, stream, &options, &code);
    if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr)
        return bucket_make(broker, problem);
    if (status != NATS_OK)
        return wi_broker_explain(broker, status, code, problem);
    bucket_differ(broker, info->Config, differs, sizeof differs);
    jsStreamInfo_Destroy(info);
    if (*differs)
        return wi_broker_fail(problem, WI_BROKER_SETTINGS,
            "the bucket %.60s at %.160s has %s; give all members the same [cluster] replicas, or "
            "another [cluster] prefix, or remove the stream %s",
            broker->terms->bucket, broker->url, differs, stream);
    status = js_KeyValue(&broker->store, broker->stream, broker->terms->bucket);
    return status == NATS_OK ? 0 : wi_broker_explain(broker, status, 0, problem);
}

/* --- using it --------------------------------------------------------------------------------- */

static enum wi_kv_result bucket_lost(
    const struct wi_broker *broker, natsStatus status, struct wi_broker_problem *problem)
{
    wi_broker_give_up(broker, status, problem);
    return WI_KV_LOST;
}

static enum wi_kv_result bucket_full(
    const struct wi_broker *broker, const char *refused, struct wi_broker_problem *problem)
{
    wi_broker_fail(problem, WI_BROKER_FULL,
        "%.200s takes no more (%.100s); give JetStream there more room, or remove jobs",
        broker->url, refused);
    return WI_KV_FULL;
}

/* The library has one status for a key that has changed and for all that the server refuses. */
static enum wi_kv_result write_explain(
    struct wi_broker *broker, const char *key, uint64_t revision, struct wi_broker_problem *problem)
{
    char refused[128];
    struct wi_broker_entry has;
    wi_text_copy(refused, sizeof refused, wi_broker_last_text(NATS_ERR));
    natsStatus status = wi_broker_read(broker, key, 0, &has);
    if (status != NATS_OK && status != NATS_NOT_FOUND)
        return bucket_lost(broker, status, problem);
    uint64_t found = has.revision;
    wi_broker_entry_clear(&has);
    if (found != revision)
        return WI_KV_OTHER;
    return bucket_full(broker, refused, problem);
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
        return write_explain(broker, key, *revision, problem);
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
    if (status == NATS_ERR)
        return bucket_full(broker, wi_broker_last_text(status), problem);
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
}

static enum wi_kv_result bucket_read(void *context, const char *key, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    natsStatus status = wi_broker_read(broker, key, most, entry);
    if (status == NATS_NOT_FOUND)
        return WI_KV_OTHER;
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
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
    void *context, const char *pattern, uint64_t last, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    char stream[WI_BROKER_STREAM_SIZE], subject[WI_BROKER_SUBJECT_SIZE];
    jsOptions options;
    jsErrCode code = 0;
    wi_broker_stream(broker, stream);
    wi_broker_subject(broker, pattern, subject);
    jsOptions_Init(&options);
    options.Stream.Purge.Subject = subject;
    options.Stream.Purge.Sequence = last ? last + 1 : 0;
    natsStatus status = js_PurgeStream(broker->stream, stream, &options, &code);
    if (status == NATS_ERR || code != 0)
        return WI_KV_OTHER;
    return status == NATS_OK ? WI_KV_DONE : bucket_lost(broker, status, problem);
}

/* --- many keys with one wait ------------------------------------------------------------------ */

/* Their messages are sent one after another, and then their acknowledgements are collected: the
 * library's kvStore_Create waits for each. */
static natsStatus acks_open(struct wi_broker *broker)
{
    char subject[INBOX_SIZE];
    if (broker->acks)
        return NATS_OK;
    natsStatus status = broker->inbox ? NATS_OK : natsInbox_Create(&broker->inbox);
    if (status != NATS_OK)
        return status;
    wi_join(subject, sizeof subject, broker->inbox, ".*", NULL);
    return natsConnection_SubscribeSync(&broker->acks, broker->connection, subject);
}

static natsStatus fresh_send(
    const struct wi_broker *broker, const struct wi_kv_fresh *fresh, uint64_t number)
{
    natsMsg *message = NULL;
    char subject[WI_BROKER_SUBJECT_SIZE], inbox[INBOX_SIZE], digits[WI_DIGITS_SIZE];
    wi_broker_subject(broker, fresh->key, subject);
    wi_join(inbox, sizeof inbox, broker->inbox, ".", wi_digits(digits, number), NULL);
    natsStatus status = natsMsg_Create(&message, subject, inbox, fresh->bytes, (int)fresh->size);
    if (status == NATS_OK)
        status = natsMsgHeader_Set(message, "Nats-Expected-Last-Subject-Sequence", "0");
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(broker->connection, message);
    natsMsg_Destroy(message);
    return status;
}

/* {"seq": N}, or {"error": {"err_code": N, "description": text}}. */
static natsStatus ack_read(
    const struct wi_broker *broker, const natsMsg *ack, struct wi_kv_fresh *fresh)
{
    json_t *root = wi_json_read(natsMsg_GetData(ack), (size_t)natsMsg_GetDataLength(ack), 0, NULL);
    const json_t *error = json_object_get(root, "error");
    const char *refused = json_string_value(json_object_get(error, "description"));
    json_int_t revision = json_integer_value(json_object_get(root, "seq"));
    if (json_integer_value(json_object_get(error, "err_code")) == WRONG_SEQUENCE) {
        fresh->result = WI_KV_OTHER;
    } else if (error) {
        fresh->result = bucket_full(broker, refused ? refused : "no reason", &fresh->problem);
    } else if (revision > 0) {
        fresh->result = WI_KV_DONE;
        fresh->revision = (uint64_t)revision;
    }
    json_decref(root);
    return fresh->result == WI_KV_LOST ? NATS_PROTOCOL_ERROR : NATS_OK;
}

/* Which of the keys it is of; `count`: of none, so it is older. */
static size_t ack_place(const struct wi_broker *broker, natsMsg *ack, uint64_t first, size_t count)
{
    const char *subject = natsMsg_GetSubject(ack);
    size_t length = strlen(broker->inbox);
    uint64_t number = strlen(subject) > length ? strtoull(subject + length + 1, NULL, 10) : 0;
    return number >= first && number - first < count ? (size_t)(number - first) : count;
}

/* The next acknowledgement, which is of one of them or older. */
static natsStatus ack_take(const struct wi_broker *broker, struct wi_kv_fresh *all, size_t count,
    double until_ms, size_t *got)
{
    natsMsg *ack = NULL;
    double left_ms = until_ms - wi_now_ms();
    natsStatus status =
        natsSubscription_NextMsg(&ack, broker->acks, left_ms > 1 ? (int64_t)left_ms : 1);
    if (status != NATS_OK)
        return status;
    size_t place = ack_place(broker, ack, broker->made - count, count);
    if (natsMsg_IsNoResponders(ack)) {
        status = NATS_NO_RESPONDERS;
    } else if (place < count) {
        status = ack_read(broker, ack, &all[place]);
        ++*got;
    }
    natsMsg_Destroy(ack);
    return status;
}

static void keys_make(void *context, struct wi_kv_fresh *all, size_t count)
{
    struct wi_broker *broker = context;
    double until_ms = wi_now_ms() + broker->terms->kind->answer_ms;
    size_t got = 0;
    natsStatus status = acks_open(broker);
    for (size_t i = 0; i < count; i++)
        all[i].result = WI_KV_LOST;
    for (size_t sent = 0; sent < count && status == NATS_OK; sent++)
        status = fresh_send(broker, &all[sent], broker->made + sent);
    broker->made += count;
    while (got < count && status == NATS_OK)
        status = ack_take(broker, all, count, until_ms, &got);
    for (size_t i = 0; i < count; i++)
        if (all[i].result == WI_KV_LOST)
            wi_broker_give_up(broker, status, &all[i].problem);
}

/* --- walking over it -------------------------------------------------------------------------- */

/* The time of the newest change, and a consumer of the walk's keys. */
static natsStatus walk_begin(struct wi_broker *broker, const struct wi_kv_walk *walk,
    int64_t *newest_ns, natsSubscription **keys)
{
    jsStreamInfo *info = NULL;
    jsOptions request;
    jsSubOptions options;
    char stream[WI_BROKER_STREAM_SIZE], subject[WI_BROKER_SUBJECT_SIZE];
    wi_broker_stream(broker, stream);
    wi_broker_subject(broker, walk->pattern, subject);
    options_set_short(&request);
    natsStatus status = js_GetStreamInfo(&info, broker->stream, stream, &request, NULL);
    if (status != NATS_OK)
        return status;
    *newest_ns = info->State.LastTime;
    jsStreamInfo_Destroy(info);
    jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = walk->from ? walk->from : 1;
    options.Config.MaxAckPending = (int64_t)walk->key_count_max;
    options.Config.HeadersOnly = walk->value_max == 0;
    options.Config.MemoryStorage = true;
    return js_PullSubscribe(keys, broker->stream, subject, NULL, &request, &options, NULL);
}

static natsStatus walk_add(
    const struct wi_broker *broker, struct wi_kv_walk *walk, natsMsg *message, int64_t newest_ns)
{
    jsMsgMetaData *data = NULL;
    const char *key = natsMsg_GetSubject(message) + strlen("$KV..") + strlen(broker->terms->bucket);
    natsStatus status = natsMsg_GetMetaData(&data, message);
    if (status != NATS_OK)
        return status;
    struct wi_kv_step *step = WI_APPEND(walk->steps, walk->count);
    *step = (struct wi_kv_step){.age_ms = (double)(newest_ns - data->Timestamp) / 1e6};
    wi_broker_entry_from(&step->entry, key, message, walk->value_max);
    step->entry.revision = data->Sequence.Stream;
    jsMsgMetaData_Destroy(data);
    return NATS_OK;
}

/* No more are asked for than there are: the server would wait for the others. */
static natsStatus walk_fetch(const struct wi_broker *broker, struct wi_kv_walk *walk,
    natsSubscription *keys, int64_t newest_ns)
{
    jsConsumerInfo *info = NULL;
    natsMsgList list = {0};
    jsOptions options;
    jsFetchRequest request;
    options_set_short(&options);
    natsStatus status = natsSubscription_GetConsumerInfo(&info, keys, &options, NULL);
    if (status != NATS_OK)
        return status;
    uint64_t pending = info->NumPending, most = walk->key_count_max;
    jsConsumerInfo_Destroy(info);
    if (pending == 0)
        return NATS_OK;
    jsFetchRequest_Init(&request);
    request.Batch = (int)(pending < most ? pending : most);
    request.MaxBytes = WALK_BYTES_MAX;
    request.Expires = WI_BROKER_WAIT_MS * NS_PER_S / 1000;
    status = natsSubscription_FetchRequest(&list, keys, &request);
    for (int i = 0; i < list.Count && status == NATS_OK; i++)
        status = walk_add(broker, walk, list.Msgs[i], newest_ns);
    natsMsgList_Destroy(&list);
    if (walk->count > 0 && walk->count < pending)
        walk->from = walk->steps[walk->count - 1].entry.revision + 1;
    return status == NATS_TIMEOUT ? NATS_OK : status; /* they were removed meanwhile */
}

/* The server that makes consumers may be gone while the one that leads the bucket is there: a walk
 * that is not answered says nothing about the connection. */
static enum wi_kv_result bucket_walk(
    void *context, struct wi_kv_walk *walk, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = context;
    natsSubscription *keys = NULL;
    int64_t newest_ns = 0;
    natsStatus status = walk_begin(broker, walk, &newest_ns, &keys);
    walk->from = 0;
    if (status == NATS_OK)
        status = walk_fetch(broker, walk, keys, newest_ns);
    int is_refused = status == NATS_ERR || status == NATS_TIMEOUT;
    enum wi_kv_result result = status == NATS_OK ? WI_KV_DONE
                               : is_refused      ? WI_KV_OTHER
                                                 : bucket_lost(broker, status, problem);
    if (keys && status != NATS_TIMEOUT) /* the consumer goes with it, or in 5 s by itself */
        natsSubscription_Unsubscribe(keys);
    natsSubscription_Destroy(keys);
    return result;
}

void wi_broker_kv(struct wi_broker *broker, struct wi_kv *kv)
{
    *kv = (struct wi_kv){.context = broker,
        .make = keys_make,
        .write = bucket_write,
        .put = bucket_put,
        .read = bucket_read,
        .remove = bucket_remove,
        .purge = bucket_purge,
        .walk = bucket_walk};
}
#endif
