/* Shared between the files of the jobs of a cluster (shared_jobs.h). */
#ifndef WI_CLUSTER_SHARED_JOBS_PRIVATE_H
#define WI_CLUSTER_SHARED_JOBS_PRIVATE_H

#include "base/table.h"
#include "cluster/job_record.h"
#include "cluster/shared_jobs.h"
#include "settings/store/record_index.h"

#define WI_SHARED_JOB_PREFIX WI_KV_WATCHED "job."
#define WI_SHARED_CLAIM_PREFIX WI_KV_WATCHED "claim."
#define WI_SHARED_KEY_SIZE 160 /* of the longest of our keys */
/* A key that names no record is of a member that is about to write it, or that ended before. */
#define WI_SHARED_KEY_FRESH_MS 60000
#define WI_SHARED_ORPHAN_KINDS 2

/* A record that this member has taken. */
struct wi_shared_hold {
    char id[WI_ID_SIZE];
    UT_hash_handle hh;
};

/* A record that this member could not run: it takes it again no earlier. Others may. */
struct wi_shared_pause {
    char id[WI_ID_SIZE];
    int64_t until; /* Unix milliseconds */
    UT_hash_handle hh;
};

/* The claim of a member, by the observer's clock. */
struct wi_shared_claim {
    char instance[WI_ID_SIZE];
    double changed_ms;
    int gone; /* it was given up */
    UT_hash_handle hh;
};

/* A watched key that was removed, and whose mark is still there. */
struct wi_shared_mark {
    char *key;
    uint64_t revision;
    double since_ms;
};

struct wi_shared_jobs {
    struct wi_shared_terms terms;
    struct wi_record_index *index;
    struct wi_shared_hold *holds;
    struct wi_shared_pause *pauses;
    struct wi_shared_claim *claims;
    struct wi_shared_mark *marks;
    size_t mark_count;
    int ready;
    int is_renewed;     /* the counts may have changed unseen */
    int release_is_due; /* a record is held by this member, which does not know of it */
    double claimed_ms, looked_ms, ticked_ms;
    double count_ms;                          /* what the last sweep that counted took */
    double walked_ms;                         /* when orphans were looked for; 0: never */
    uint64_t cursors[WI_SHARED_ORPHAN_KINDS]; /* where that goes on */
    uint64_t beats;
    int lost;
    struct wi_broker_problem problem;
    struct wi_shared_counters counters;
};

/* --- shared_jobs_state.c ---------------------------------------------------------------------- */

/* What a bucket says, as an operation's failure. */
enum wi_code wi_shared_fail(struct wi_shared_jobs *jobs, enum wi_kv_result result,
    const struct wi_broker_problem *problem, struct wi_error *error);
/* Others were faster each time. */
#define WI_SHARED_TRIES 64
enum wi_code wi_shared_contended(const char *id, struct wi_error *error);

void wi_shared_hold_add(struct wi_shared_jobs *jobs, const char *id);
int wi_shared_holds(const struct wi_shared_jobs *jobs, const char *id);
void wi_shared_hold_drop(struct wi_shared_jobs *jobs, const char *id);
void wi_shared_marks_clear(struct wi_shared_jobs *jobs);
/* This member takes the record no earlier than then. */
void wi_shared_pause(struct wi_shared_jobs *jobs, const char *id, int64_t until);
/* Puts the record into the index, as of this revision. */
void wi_shared_index(
    struct wi_shared_jobs *jobs, const struct wi_job_record *job, uint64_t revision);
/* --- shared_jobs_bytes.c: records and their bytes in the bucket ------------------------------- */

/* A record as it was read. */
struct wi_shared_loaded {
    struct wi_job_record job;
    uint64_t revision; /* 0: there is none, or none that can be read */
};
void wi_shared_loaded_clear(struct wi_shared_loaded *loaded);
/* Fills `loaded`, in place of what it has. */
enum wi_code wi_shared_look(struct wi_shared_jobs *jobs, const char *id,
    struct wi_shared_loaded *loaded, struct wi_error *error);
/* The same, and fills the index with it. */
enum wi_code wi_shared_load(struct wi_shared_jobs *jobs, const char *id,
    struct wi_shared_loaded *loaded, struct wi_error *error);
/* The record's key and text. */
enum wi_code wi_shared_print(const struct wi_job_record *job, char key[WI_SHARED_KEY_SIZE],
    struct wi_buffer *text, struct wi_error *error);
/* Writes the record by its revision: 1 in `*done` and in the index, or 0 if it has another one. */
enum wi_code wi_shared_save(struct wi_shared_jobs *jobs, struct wi_shared_loaded *loaded, int *done,
    struct wi_error *error);
/* Gives the record these bytes in place of those that it has: in the record, or as parts that are
 * written at once. */
enum wi_code wi_shared_store_bytes(struct wi_shared_jobs *jobs, struct wi_job_record *job,
    const struct wi_record_part *pieces, size_t count, struct wi_error *error);
/* Reads parts into record.bytes. WI_INTERNAL: they are lost; WI_MEMORY_BUDGET: no memory. */
enum wi_code wi_shared_load_bytes(
    struct wi_shared_jobs *jobs, struct wi_job_record *job, struct wi_error *error);
/* Removes these parts; "" for all of the job. Failures leave them until the job is removed. */
void wi_shared_drop_bytes(struct wi_shared_jobs *jobs, const char *id, const char *parts);

/* --- shared_jobs_orphans.c -------------------------------------------------------------------- */

/* WI_OK, or it is too late to write a record whose parts, or key, were begun then: they may be
 * taken for orphans. */
enum wi_code wi_shared_check_late(
    const struct wi_shared_jobs *jobs, double began_ms, struct wi_error *error);
/* Removes some of the parts and keys that are old and whose job has no record, and counts them. Of
 * calls within an ack_wait, one does. Failures leave them. */
void wi_shared_remove_orphans(struct wi_shared_jobs *jobs, double now_ms);

#endif
