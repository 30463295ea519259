/*
 * A bucket of keys with revisions, as the jobs of a cluster need it: broker_bucket.c has one at a
 * NATS server, and unit tests have one in memory. Everything blocks.
 */
#ifndef WI_CLUSTER_KV_H
#define WI_CLUSTER_KV_H

#include "cluster/broker.h"

enum wi_kv_result {
    WI_KV_DONE,
    WI_KV_OTHER, /* nothing was done: the key has another revision, or there is none */
    WI_KV_FULL,  /* nothing was done: the server takes no more; `problem` */
    WI_KV_LOST   /* it may have been done; `problem`. The connection is of no more use. */
};

/* Keys that begin so are watched: each change of one comes to every member. */
#define WI_KV_WATCHED "watched."

#define WI_KV_KEY_SIZE 192 /* of the longest of our keys, with the NUL */
/* A longer value of a watched key is not looked at. */
#define WI_KV_VALUE_MAX 65536

struct wi_kv {
    void *context;
    /* Makes the key (`*revision` 0), or replaces its value if that is of this revision; then the
     * revision is the new one. */
    enum wi_kv_result (*write)(void *context, const char *key, const void *bytes, size_t size,
        uint64_t *revision, struct wi_broker_problem *problem);
    /* Whatever the key has now. */
    enum wi_kv_result (*put)(void *context, const char *key, const void *bytes, size_t size,
        struct wi_broker_problem *problem);
    /* The value, for wi_broker_entry_clear; of a longer one than `most`, `most` and 1 bytes. */
    enum wi_kv_result (*read)(void *context, const char *key, size_t most,
        struct wi_broker_entry *entry, struct wi_broker_problem *problem);
    /* The watchers see that it is gone, by a mark that stays until it is purged. */
    enum wi_kv_result (*remove)(void *context, const char *key, struct wi_broker_problem *problem);
    /* The keys of a pattern ("a.b", "a.*", "a.>") go without a trace: no watcher sees that. */
    enum wi_kv_result (*purge)(
        void *context, const char *pattern, struct wi_broker_problem *problem);
    /* The mark that a removal of that revision has left goes without a trace; what the key was
     * given since then stays. */
    enum wi_kv_result (*forget)(
        void *context, const char *key, uint64_t revision, struct wi_broker_problem *problem);
};

#endif
