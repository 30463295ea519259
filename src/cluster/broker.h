/*
 * One connection to a NATS server with JetStream, and a bucket there: a key-value store. Everything
 * blocks, and is for one thread at a time; beside it, one other thread may wait for the watch's
 * next entry. No other files than broker.c and broker_*.c call libnats. A build without
 * libnats has these functions, too, and opens no connection.
 */
#ifndef WI_CLUSTER_BROKER_H
#define WI_CLUSTER_BROKER_H

#include "base/memory.h"
#include <stdint.h>

/* Connecting waits for so long, and so does each request that can be left for later. Nothing ends
 * the search for the address of a host's name. */
#define WI_BROKER_WAIT_MS 2000

enum wi_broker_fault {
    WI_BROKER_FINE,
    WI_BROKER_UNREACHABLE,  /* nothing answers, or the connection was lost */
    WI_BROKER_CREDENTIALS,  /* the server refuses them, or their file cannot be used */
    WI_BROKER_CERTIFICATE,  /* TLS fails */
    WI_BROKER_NO_JETSTREAM, /* the server has none */
    WI_BROKER_SETTINGS,     /* the bucket is there with other settings, or cannot be made */
    WI_BROKER_OTHER,
    WI_BROKER_OLD, /* a later version mends a fault of the server, which is used all the same */
    WI_BROKER_FULL /* the server takes no more; an operation's problem, not the connection's */
};
extern const char *const wi_broker_fault_names[];

/* How a bucket is made, and which of its keys are watched. */
struct wi_broker_bucket {
    const char *description;
    int value_max;       /* bytes */
    int64_t age_s;       /* a key that does not change for so long goes; 0: none does */
    int is_on_disk;      /* or in memory */
    int answer_ms;       /* an operation waits so long for the server's answer */
    const char *watched; /* a pattern of keys; NULL: all */
};
extern const struct wi_broker_bucket wi_broker_members, wi_broker_jobs;

struct wi_broker_terms {
    const char *credentials_file, *tls_ca; /* may be NULL */
    const char *bucket;
    const struct wi_broker_bucket *kind; /* of the bucket */
    int replicas;
    const char *name; /* of the connection, for the server's operator */
};

/* A copy that owns its strings, and its end. */
struct wi_broker_terms wi_broker_terms_copy(const struct wi_broker_terms *terms);
void wi_broker_terms_clear(struct wi_broker_terms *terms);

/* What went wrong, in whole sentences, with what to do. */
struct wi_broker_problem {
    enum wi_broker_fault fault;
    char detail[480];
};

/* Connects to one server (nats://HOST:PORT or tls://HOST:PORT), makes the bucket unless it is
 * there, and begins to watch it. NULL with `problem`, which a broker of members may also have:
 * WI_BROKER_OLD. */
struct wi_broker;
struct wi_broker *wi_broker_open(
    const char *server, const struct wi_broker_terms *terms, struct wi_broker_problem *problem);
void wi_broker_close(struct wi_broker *broker); /* NULL is fine */
/* Tries each server once, until `is_stopped`. `server`, unless it is NULL, becomes the last that
 * was tried. NULL with what is worth telling: what a person has to mend, else what the last server
 * said; or a broker, as wi_broker_open. */
struct wi_broker *wi_broker_search(const struct wi_strings *servers,
    const struct wi_broker_terms *terms, int (*is_stopped)(void *context), void *context,
    const char **server, struct wi_broker_problem *problem);

/* What the watch brings: a change of a key, or, with `key` NULL, the news that all that was there
 * before has come. `key` and `text` are the caller's: wi_broker_entry_clear. */
struct wi_broker_entry {
    char *key, *text; /* of a longer value than `most`, `most` and 1 bytes */
    size_t size;
    uint64_t revision;
    int removed;  /* the key has no value any more */
    int replayed; /* it was there before */
};
void wi_broker_entry_clear(struct wi_broker_entry *entry);
/* Waits for the next entry, at most `wait_ms`: 1, 0 for none, or -1 with `problem`: close it. */
int wi_broker_next(struct wi_broker *broker, unsigned wait_ms, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem);
/* Makes the key (`revision` 0), or replaces its value if that is of this revision. 1, 0 with what
 * the key has instead in `entry`, or -1 with `problem`: close it. */
int wi_broker_write(struct wi_broker *broker, const char *key, const char *text, uint64_t revision,
    size_t most, struct wi_broker_entry *entry, struct wi_broker_problem *problem);
void wi_broker_remove(struct wi_broker *broker, const char *key);

/* --- what members say to each other, at most once --------------------------------------------- */

/* Listens to what is said under these subjects, NULL: to nothing. 0, or -1 with `problem`: close
 * it. */
int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem);
/* Likewise. A message that is too large for the server is lost. */
int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem);
/* The next message, whose key is the last word of its subject. While it listens: 1, 0 for none that
 * has come, or -1 with `problem`: close it. */
int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem);

/* The bucket as kv.h has it, as long as the broker is open: broker_bucket.c. */
struct wi_kv;
void wi_broker_kv(struct wi_broker *broker, struct wi_kv *kv);

#endif
