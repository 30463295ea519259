/*
 * The record of a stored job as the members of a cluster share it: a line of JSON, and behind it
 * the bytes of the body or of the answer, if they are few. Records come from other machines, so all
 * of one is hostile: it is bounded, and read whole or not at all. Pure.
 */
#ifndef WI_CLUSTER_JOB_RECORD_H
#define WI_CLUSTER_JOB_RECORD_H

#include "base/buffer.h"
#include "base/hash.h"
#include "cluster/members.h"
#include "cluster/versioned.h"
#include "terms/job/record.h"

/* Each member reads each version of each record, so that what is larger lies apart. */
#define WI_JOB_INLINE_MAX 32768
#define WI_JOB_PART_SIZE 262144
#define WI_JOB_HEAD_MAX 32768 /* the line of JSON, with its end */
#define WI_JOB_RECORD_MAX (WI_JOB_HEAD_MAX + WI_JOB_INLINE_MAX)
/* So many instances are named whose runs have lapsed: no job has more of them that count. */
#define WI_JOB_LAPSED_MAX 3
/* … and of those that could not run it: all members that live at the same time. */
#define WI_JOB_UNABLE_MAX WI_MEMBERS_MAX
/* No body and no answer is larger; SQLite's limit is 10^9 bytes. */
#define WI_JOB_BYTES_MAX 900000000

/* Zero-initialise; free with wi_job_record_clear. */
struct wi_job_record {
    struct wi_record record;    /* with its bytes, if they lie in the record */
    int64_t rank;               /* the least is taken first; see WI_RECORD_AGEING_MS */
    int64_t retry_at;           /* 0: it does not pause */
    int cancelled;              /* it is to end so */
    char holder[WI_ID_SIZE];    /* the instance that runs it, or that has ended it; "": none */
    char parts[WI_ID_SIZE];     /* under this name lie its bytes; "": in the record */
    char key[WI_HASH_HEX_SIZE]; /* its Idempotency-Key, as wi_job_key_print names it; "": none */
    /* The instances of those of record.crashes that are known; the run of the holder apart. */
    struct wi_strings lapsed;
};
void wi_job_record_clear(struct wi_job_record *job);

/* Whether it may be a part of a bucket's key: letters, digits and "-", as ids have them. */
int wi_job_is_name(const char *text);

/* How many bytes it has: of the body until it has ended, then of the answer. */
size_t wi_job_record_bytes(const struct wi_job_record *job);

/* The record for `out`. 0, or -1: the line of JSON would be longer than WI_JOB_HEAD_MAX. */
int wi_job_record_print(const struct wi_job_record *job, struct wi_buffer *out);

/* Fills an empty record from any bytes; it stays empty unless they are good. `id` has to be the
 * record's. */
enum wi_read_fault wi_job_record_read(
    struct wi_job_record *job, const char *id, const void *bytes, size_t size);

/* --- Idempotency-Keys ------------------------------------------------------------------------- */

/* The value of an Idempotency-Key. */
struct wi_job_key {
    char id[WI_ID_SIZE];         /* of the job that was sent with it */
    char hash[WI_HASH_HEX_SIZE]; /* of what was asked */
    char dialect[WI_RECORD_DIALECT_MAX + 1];
    int64_t at; /* when it was written */
};
#define WI_JOB_KEY_MAX 1024 /* bytes of one */

/* The name of a client's key for an endpoint: no name tells another client's key. */
void wi_job_key_name(const char *client, int infer, const char *key, char name[WI_HASH_HEX_SIZE]);
void wi_job_key_print(const struct wi_job_key *key, struct wi_buffer *out);
enum wi_read_fault wi_job_key_read(struct wi_job_key *key, const void *bytes, size_t size);

#endif
