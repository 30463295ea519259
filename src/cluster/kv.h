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

/* A walk over the keys of a pattern ("a.*.b", "a.>") in the order of their revisions. The caller
 * clears the entries that it has found, and frees the array. */
struct wi_kv_walk {
    const char *pattern;
    size_t key_count_max, value_max; /* of a longer value, `value_max` and 1 bytes; 0: no values */
    uint64_t from; /* the least revision; out: that of the next walk, 0 after the last key */
    struct wi_kv_step {
        struct wi_broker_entry entry;
        double age_ms; /* how much older it is than the bucket's newest change, by its server */
    } * steps;         /* out */
    size_t count;      /* out */
};

/* A key to be made, of which there has never been one. */
struct wi_kv_fresh {
    const char *key;
    const void *bytes;
    size_t size;
    uint64_t revision;                /* out */
    enum wi_kv_result result;         /* out */
    struct wi_broker_problem problem; /* out, of WI_KV_FULL and WI_KV_LOST */
};

struct wi_kv {
    void *context;
    /* Makes many keys with one wait, each by itself. */
    void (*make)(void *context, struct wi_kv_fresh *all, size_t count);
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
    /* The keys of a pattern ("a.b", "a.*", "a.>") go without a trace: no watcher sees that. With
     * `last`, those that have changed since that revision stay. */
    enum wi_kv_result (*purge)(
        void *context, const char *pattern, uint64_t last, struct wi_broker_problem *problem);
    /* WI_KV_OTHER: not now; what was found until then is to be cleared all the same. */
    enum wi_kv_result (*walk)(
        void *context, struct wi_kv_walk *walk, struct wi_broker_problem *problem);
};

#endif
