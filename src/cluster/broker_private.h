/* Shared between the files that call libnats. */
#ifndef WI_CLUSTER_BROKER_PRIVATE_H
#define WI_CLUSTER_BROKER_PRIVATE_H

#include "cluster/broker.h"
#include "cluster/kv.h"

/* Fills `problem`; returns -1. */
__attribute__((format(printf, 3, 4))) int wi_broker_fail(
    struct wi_broker_problem *problem, enum wi_broker_fault fault, const char *format, ...);

/* The version of a server, which it tells everybody who connects in its first line. */
struct wi_server_version {
    unsigned major, minor, patch;
};
/* From the first bytes of the line, as a string. 0, or -1: it names none. Public for tests. */
int wi_server_version_read(const char *line, struct wi_server_version *version);
/* Public for tests. */
int wi_server_version_is_before(
    const struct wi_server_version *version, const struct wi_server_version *other);
/* Connects to the server as anybody may, and states in `problem`, which is else left alone, what
 * one of its version does wrong with so many replicas: WI_BROKER_OLD. One that does not tell its
 * version is not judged. Blocks for WI_BROKER_WAIT_MS as a rule. */
void wi_server_judge(const char *server, int replicas, struct wi_broker_problem *problem);

#ifdef HAVE_NATS
#include <nats/nats.h>

/* A bucket has the name of WI_CLUSTER_PREFIX_MAX bytes and a word. */
#define WI_BROKER_STREAM_SIZE 96
#define WI_BROKER_SUBJECT_SIZE (WI_BROKER_STREAM_SIZE + WI_KV_KEY_SIZE)

struct wi_broker {
    const struct wi_broker_terms *terms;
    char *url;
    natsConnection *connection;
    jsCtx *stream;
    kvStore *store;
    kvWatcher *watch;
    int replayed;     /* the watch has brought what was there */
    uint64_t written; /* the revision of the last own write that it has not brought; 0: none */
    double written_ms;
    natsInbox *inbox; /* of acknowledgements; NULL with `acks` until one is waited for */
    natsSubscription *acks;
    natsSubscription *heard; /* of what members say; NULL: it does not listen */
    uint64_t made; /* how many keys were sent to be made; each has a number as its inbox */
};

/* What the library says of this thread's last failure. */
const char *wi_broker_last_text(natsStatus status);
/* Fills `problem`; returns -1. */
int wi_broker_lost(
    const struct wi_broker *broker, const char *why, struct wi_broker_problem *problem);
/* The same for a request that has failed so. One without an answer does not say that the
 * connection was lost, but another server may answer. */
int wi_broker_give_up(
    const struct wi_broker *broker, natsStatus status, struct wi_broker_problem *problem);
/* broker_bucket.c: the bucket, made unless it is there. 0, or -1 with `problem`. */
int wi_broker_bucket_open(struct wi_broker *broker, struct wi_broker_problem *problem);
/* Why the bucket cannot be used; returns -1. */
int wi_broker_explain(const struct wi_broker *broker, natsStatus status, jsErrCode code,
    struct wi_broker_problem *problem);
/* The name of the stream that the bucket is to the server. */
void wi_broker_stream(const struct wi_broker *broker, char stream[WI_BROKER_STREAM_SIZE]);
/* The subject of a key, or of a pattern of keys (kv.h). */
void wi_broker_subject(
    const struct wi_broker *broker, const char *pattern, char subject[WI_BROKER_SUBJECT_SIZE]);
/* Fills `entry`. No copy is larger than `most`, and 1 byte that says that the value was. */
void wi_broker_entry_copy(struct wi_broker_entry *entry, kvEntry *from, size_t most);
/* Fills `entry` with what the message says of its key, but the revision. */
void wi_broker_entry_from(
    struct wi_broker_entry *entry, const char *key, natsMsg *from, size_t most);
/* Fills `entry` with what the key has, as the leader of the servers knows it: kvStore_Get asks any
 * server, which may be behind or cut off. NATS_NOT_FOUND: it has nothing. */
natsStatus wi_broker_read(
    struct wi_broker *broker, const char *key, size_t most, struct wi_broker_entry *entry);
#endif

#endif
