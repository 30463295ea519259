/*
 * The stored jobs of a cluster: the operations of terms/job/job_store.h over a bucket (kv.h) that
 * the members share. Each record is changed by its revision only, so that of several members that
 * change one, one does. An index of all records follows the bucket. Everything blocks, and is for
 * one thread (keeper.h).
 *
 *   watched.job.ID          a record (job_record.h)
 *   watched.claim.INSTANCE  the claim of a member on all that it holds: it changes as long as the
 *                           member lives
 *   key.HASH                an Idempotency-Key
 *   part.ID.NAME.NUMBER     a part of a body or of an answer, written before the record that
 *                           names it
 */
#ifndef WI_CLUSTER_SHARED_JOBS_H
#define WI_CLUSTER_SHARED_JOBS_H

#include "cluster/kv.h"
#include "cluster/members.h"
#include "terms/job/job_store.h"

#define WI_SHARED_RETRY_S 2 /* when to ask again while the servers cannot be used */

struct wi_shared_terms {
    const struct wi_kv *kv; /* borrowed */
    char instance[WI_ID_SIZE];
    double ack_wait_ms;   /* a claim that has not changed for so long has lapsed */
    wi_job_news_fn *tell; /* on the thread of the caller */
    void *listener;
};

struct wi_shared_jobs;
struct wi_shared_jobs *wi_shared_jobs_new(
    const struct wi_shared_terms *terms, struct wi_error *error); /* NULL with `error` */
void wi_shared_jobs_free(struct wi_shared_jobs *jobs);            /* NULL is fine */

/* --- following the bucket --------------------------------------------------------------------- */

/* There is a connection, and its watch brings everything again. */
void wi_shared_begin(struct wi_shared_jobs *jobs, double now_ms);
/* What the watch brings; `now_ms` is monotonic. */
void wi_shared_apply(
    struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms);
/* Whether all that there was has come: only then an operation may be asked for. */
int wi_shared_is_ready(const struct wi_shared_jobs *jobs);
/* The mark of that key, which the watch has told as removed, is purged once no watch can be so far
 * behind that it needs it. Those of records need not be told. */
void wi_shared_mark(
    struct wi_shared_jobs *jobs, const struct wi_broker_entry *entry, double now_ms);
/* Renews the claim, gives back what a lost answer has taken, finds lapsed claims, and purges marks:
 * at least every quarter of a second while it is ready. */
void wi_shared_tick(struct wi_shared_jobs *jobs, double now_ms);
/* Renews the claim if it is time: between operations, which may take long, while it is ready. */
void wi_shared_renew(struct wi_shared_jobs *jobs, double now_ms);
/* The connection is of no more use. */
void wi_shared_lose(struct wi_shared_jobs *jobs, const struct wi_broker_problem *problem);
/* Whether the connection was lost, with the problem; told once. */
int wi_shared_is_lost(struct wi_shared_jobs *jobs, struct wi_broker_problem *problem);
/* Whether the claim of that member has lapsed: it was given up, or has not changed for
 * `ack_wait_ms` while it was looked at. */
int wi_shared_has_lapsed(struct wi_shared_jobs *jobs, const char *holder, double now_ms);
/* The claim is given up: nothing is held. */
void wi_shared_leave(struct wi_shared_jobs *jobs);

struct wi_shared_counters {
    uint64_t garbage, other_version; /* records and keys that were not read */
    uint64_t second_ends;            /* that were dropped */
    uint64_t orphans;                /* that were removed; see wi_shared_sweep */
};
void wi_shared_counters(const struct wi_shared_jobs *jobs, struct wi_shared_counters *counters);

/* --- the operations --------------------------------------------------------------------------- */

/* One of several jobs that are accepted together, which takes the servers less time. */
struct wi_shared_accept {
    struct wi_record_accept *op;
    struct wi_error *error; /* filled unless the code is WI_OK */
    enum wi_code code;      /* out */
};
#define WI_SHARED_ACCEPTS_MAX 64
/* Accepts them in their order, as far as the connection is of use; returns how many have a code, at
 * most WI_SHARED_ACCEPTS_MAX. Those behind were not begun. */
size_t wi_shared_accept(struct wi_shared_jobs *jobs, struct wi_shared_accept *all, size_t count);

/* WI_OK, or as job_store.h says WI_STORAGE_FAILED or WI_CLUSTER_UNAVAILABLE. */
enum wi_code wi_shared_take(
    struct wi_shared_jobs *jobs, struct wi_record_take *op, struct wi_error *error);
enum wi_code wi_shared_return(
    struct wi_shared_jobs *jobs, struct wi_record_return *op, struct wi_error *error);
enum wi_code wi_shared_finish(
    struct wi_shared_jobs *jobs, struct wi_record_finish *op, struct wi_error *error);
enum wi_code wi_shared_cancel(
    struct wi_shared_jobs *jobs, struct wi_record_cancel *op, struct wi_error *error);
enum wi_code wi_shared_read(
    struct wi_shared_jobs *jobs, struct wi_record_read *op, struct wi_error *error);
enum wi_code wi_shared_list(
    struct wi_shared_jobs *jobs, struct wi_record_list *op, struct wi_error *error);

/* The first member also removes orphans, some at a time: parts and Idempotency-Keys that a member
 * has left which ended before it wrote the record. Those of a job that is being accepted stay,
 * which also has its parts and its key before its record: a record that is not written 5 times
 * ack_wait after the operation began is not written at all, and an orphan is at least 10 times
 * ack_wait old, by the servers' clock alone. */
enum wi_code wi_shared_sweep(struct wi_shared_jobs *jobs, struct wi_record_sweep *op,
    const struct wi_members_view *view, double now_ms, struct wi_error *error);

#endif
