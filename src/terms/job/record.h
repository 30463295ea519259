/*
 * The record of a stored job: what was asked, how far it is, and the answer. Its form is the same
 * wherever records are kept (job_store.h).
 *
 *   queued → running → done | failed | cancelled        running → queued again, unless cancelled
 *
 * Times are Unix milliseconds.
 */
#ifndef WI_TERMS_JOB_RECORD_H
#define WI_TERMS_JOB_RECORD_H

#include "base/blob.h"
#include "base/memory.h"
#include "base/secret.h"
#include <stddef.h>
#include <stdint.h>

enum wi_record_state {
    WI_RECORD_QUEUED,
    WI_RECORD_RUNNING, /* taken to be run */
    WI_RECORD_DONE,
    WI_RECORD_FAILED,
    WI_RECORD_CANCELLED,
    WI_RECORD_STATES
};
extern const char *const wi_record_state_names[]; /* "queued" …, ended by NULL */

#define WI_RECORD_CLIENT_MAX 64
#define WI_RECORD_KEY_MAX 255
#define WI_RECORD_DIALECT_MAX 31
/* One priority outweighs so much age; the same as WI_QUEUE_AGEING_MS. */
#define WI_RECORD_AGEING_MS 5000

/* What is known of a job. Zero-initialise; free what it holds with wi_record_clear. */
struct wi_record {
    char id[WI_ID_SIZE];
    enum wi_record_state state;
    int elsewhere;                           /* it runs, and another member has taken it */
    int infer;                               /* asked by POST /v1/infer with a key, not /v1/jobs */
    char dialect[WI_RECORD_DIALECT_MAX + 1]; /* the format of its body and of its answer */
    char client[WI_RECORD_CLIENT_MAX + 1];   /* the token's name, or the address of one without */
    char *client_id;                         /* the request's own `id`; may be NULL */
    char *model_name;
    int priority;
    int64_t accepted_at, deadline_at;
    int64_t finished_at; /* 0: not yet */
    unsigned runs;       /* how often it was taken to be run */
    unsigned crashes;    /* of those, without an end: the daemon was killed, or died of it */
    unsigned attempts;   /* how often it was sent to a node in the runs that were put back */
    char *problem;       /* why it went back to the queue last; may be NULL */
    /* The instances of members that could not run it: they lack its model, or a node for it. */
    struct wi_strings unable;
    /* The request's body: `json_size` of its bytes are JSON, which may take `cost` to parse. */
    size_t body_size, json_size;
    uint64_t cost;
    /* The answer: an HTTP status and a body, of which `head_size` bytes are JSON. */
    int status;
    size_t answer_size, head_size;
    struct wi_blob *bytes; /* the body, or the answer, where asked for; in no budget */
};
void wi_record_clear(struct wi_record *record);

/* What is needed of a record that only has to be finished. */
struct wi_record_name {
    char id[WI_ID_SIZE];
    char dialect[WI_RECORD_DIALECT_MAX + 1];
    char client[WI_RECORD_CLIENT_MAX + 1];
};

struct wi_record_names {
    struct wi_record_name *items; /* owned */
    size_t count;
};

/* A piece of an answer. */
struct wi_record_part {
    const void *bytes;
    size_t size;
};

/* How many records of a client may be taken, and how many were. */
struct wi_record_room {
    char client[WI_RECORD_CLIENT_MAX + 1];
    size_t most;
    size_t taken; /* out */
};

/* A client's part of the shared resources. */
struct wi_record_holding {
    char client[WI_RECORD_CLIENT_MAX + 1];
    size_t open;    /* records that are not finished */
    uint64_t bytes; /* of bodies and answers */
};

#endif
