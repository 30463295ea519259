/*
 * Between the files of the jobs: job.c begins and ends them, dispatch.c sends what waits to nodes,
 * together.c several as one attempt, and attempts.c hears what became of it.
 */
#ifndef WI_JOB_PRIVATE_H
#define WI_JOB_PRIVATE_H

#include "job/batch.h"
#include "job/job.h"
#include "job/probe.h"
#include "job/queue.h"
#include <uthash.h>

/* How often to look again at what waits, whatever happens or does not. */
#define WI_JOBS_AGAIN_MS 100

/* Jobs that run as one attempt; who left has a NULL in its place. */
struct wi_job_batch {
    char attempt[WI_ID_SIZE + 12];
    char node[WI_ID_SIZE];
    size_t count, left;
    int over;      /* its attempt has ended, and its members are leaving */
    int64_t total; /* rows */
    struct wi_job **members;
    int64_t *rows;
    UT_hash_handle hh;
};

struct wi_job {
    struct wi_job_spec spec;
    struct wi_jobs *jobs;
    struct wi_queue_entry entry;   /* entry.lane != NULL: waiting; else running */
    char attempt[WI_ID_SIZE + 12]; /* the job's id and the number of the attempt */
    char node[WI_ID_SIZE];         /* of the attempt that runs */
    char avoid[WI_ID_SIZE];        /* the node that failed it last */
    struct wi_refusal refusal;     /* of the last choice */
    struct wi_probe probe;         /* likewise */
    enum wi_platform last;         /* the last platform of the last choice */
    int outgrown;                  /* WASM had not the memory for it: tried elsewhere once */
    int accepted;                  /* the node has said that it has the attempt */
    unsigned attempts;             /* dispatched, in earlier runs too */
    unsigned used;                 /* of them, those that count against max_retries */
    unsigned breaks;               /* nodes that broke while it ran alone */
    struct wi_failures *failures;  /* of its attempts; NULL: none failed */
    double dispatched_at;          /* the last dispatch, 0 before */
    struct wi_timer *deadline;
    wi_job_fn *on_done;
    void *context;
    struct wi_job_batch *batch; /* that it runs in; then `attempt` is empty */
    int single;                 /* a batch with it failed: runs alone from now on */
    UT_hash_handle by_id;
    UT_hash_handle by_attempt;
};

struct wi_jobs {
    uv_loop_t *loop;
    const struct wi_config *config;
    struct wi_pool *pool;
    struct wi_pool_events events;
    struct wi_queue *queue;
    struct wi_queue *beside;      /* background jobs, which wait until nobody else does */
    struct wi_job *jobs;          /* by id: all */
    struct wi_job *running;       /* by attempt id */
    struct wi_job_batch *batches; /* likewise */
    struct wi_timer *window;      /* the end of a wait for company */
    struct wi_timer *again;       /* runs while anything waits: wi_jobs_on_again */
    struct wi_job_counters counters;
    struct wi_job_counters beside_counters; /* of background jobs; shown by nobody */
    struct wi_probes *probes;
    int draining;
    void (*on_idle)(void *);
    void *idle_context;
};

/* --- job.c ----------------------------------------------------------------------------------- */

/* Clients' jobs and background ones are counted, and wait, apart. */
struct wi_job_counters *wi_job_counters_of(const struct wi_job *job);
struct wi_queue *wi_job_queue_of(const struct wi_job *job);
/* Forgets the attempt that ran alone; the caller says what comes next, and clears its id. */
void wi_job_leave_node(struct wi_job *job);
void wi_job_leave_queue(struct wi_job *job, int to_run);
/* Answers a job that neither waits nor runs, and frees it. `result` NULL: nobody waits for it. */
void wi_job_finish(struct wi_job *job, struct wi_job_result *result);
void wi_job_finish_error(struct wi_job *job, const struct wi_error *error);

/* --- dispatch.c ------------------------------------------------------------------------------ */

void wi_job_enqueue(struct wi_job *job, int at_front);
enum wi_pick wi_job_pick(struct wi_job *job, struct wi_choice *choice, struct wi_error *error);
/* Sends the job, which is in no queue, to the chosen node. WI_NODE_NOT_FOUND or WI_NODE_BUSY: it is
 * as if it had never been picked, and would not be picked now. Any other failure is the job's end,
 * with what its client is told in `error`. */
enum wi_code wi_job_dispatch(
    struct wi_job *job, const struct wi_choice *choice, struct wi_error *error);
/* The job is on its way, alone or with others. */
void wi_job_note_dispatch(struct wi_job *job, const struct wi_choice *choice, double now);
int wi_jobs_background_may_run(const struct wi_jobs *jobs);
/* Sends what can be sent, after a seat was freed and nothing else changed. `context` is the jobs.
 */
void wi_jobs_on_seat(void *context);
/* The same after any change, and refuses what nothing can run any more. */
void wi_jobs_on_capacity(void *context);
/* From time to time while anything waits: the same, whatever happened or did not. */
void wi_jobs_on_again(void *context);

/* --- together.c ------------------------------------------------------------------------------ */

int wi_job_may_join(const struct wi_job *job);
/* Whether the job, whose turn it is and which has `rows` rows, should wait for company. */
int wi_job_waits_for_company(struct wi_job *job, int64_t rows);
/* 1 if the job, which waits, was sent together with others; -1 if it is to wait for some. */
int wi_job_try_together(struct wi_job *job, const struct wi_choice *choice);
void wi_job_leave_batch(struct wi_job *job, const char *reason);
struct wi_job_batch *wi_jobs_find_batch(const struct wi_jobs *jobs, const char *attempt_id);
/* The batch is over with an answer, which is parted among its members. */
void wi_jobs_batch_answer(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *node_id,
    struct wi_answer *answer);
/* The batch is over without one: its members are tried again one by one. `counts`: as an attempt of
 * each; `lost`: with its node. */
void wi_jobs_try_each(
    struct wi_jobs *jobs, struct wi_job_batch *batch, int counts, int lost, const char *why);

/* --- attempts.c ------------------------------------------------------------------------------ */

/* Another attempt after one that gave no answer, or the end. `counts`: against max_retries. What
 * does not count is bounded too: WI_JOB_SENDS_PER_TRY. */
void wi_job_retry(struct wi_job *job, int counts, const char *why);
/* The node's answer, as one of `rows` rows of a batch, or 0. */
void wi_job_complete(
    struct wi_job *job, const char *node_id, struct wi_answer *answer, int64_t rows);
/* Fills jobs->events. */
void wi_jobs_listen(struct wi_jobs *jobs);

#endif
