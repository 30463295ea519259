/*
 * Between the files of the jobs, each of which uses only those above it here: stream.c keeps what
 * comes in parts, state.c says where a job is, endings.c which nodes failed it, end.c ends its
 * attempts, together.c makes several run as one, dispatch.c sends what waits to nodes, second.c
 * asks a second one, attempts.c hears what became of it, and job.c is what others see.
 */
#ifndef WI_WORK_JOB_PRIVATE_H
#define WI_WORK_JOB_PRIVATE_H

#include "base/table.h"
#include "work/job/batch.h"
#include "work/job/chain.h"
#include "work/job/job.h"
#include "work/job/opinions.h"
#include "work/job/parts.h"
#include "work/job/queue.h"
#include "work/job/slots.h"
#include "work/job/state.h"

/* How often to look again at what waits, whatever happens or does not. */
#define WI_JOBS_AGAIN_MS 100
/* What a node is told whose attempt is waited for no longer, since nothing has come for too long.
 */
#define WI_JOB_STALLED "stalled"

/* Jobs that run as one attempt. A job that has left it is a NULL among its members. */
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

/* Of a job whose answer may come in parts. */
struct wi_job_flow {
    struct wi_job_stream events;
    struct wi_parts *parts;
    struct wi_timer *stall; /* runs while its node is waited for */
    double first_part_at;   /* 0: none yet */
    double batch_ms;   /* the longest that a batch of its prompt took, on any node; 0: unknown */
    double counted_at; /* when its attempt told last how much of that it has read; 0: never */
    double counted;    /* … and how much that was */
    int told;          /* its attempt told last of something else than that its model is loaded */
    double halted_at;  /* since when it waits for its client; 0: it does not */
    double heard_at;   /* when the time of its node's silence began */
};

/* How a job ended badly at a joined node. */
enum wi_ending {
    WI_ENDING_REFUSED, /* with an error that would be the request's end */
    WI_ENDING_UNABLE,  /* likewise, since the node cannot run what is asked */
    WI_ENDING_INPUT,   /* likewise, which is said to be its input's fault */
    WI_ENDING_LOST,    /* without an answer */
    WI_ENDING_STALLED, /* in silence, after some of its parts */
    WI_ENDING_LATE     /* without an answer in half of the time that there was */
};

/* At which of them, until it ends well elsewhere; of more than these it is not remembered. */
#define WI_JOB_ENDINGS 4
struct wi_job_endings {
    unsigned count;
    struct {
        char node[WI_ID_SIZE];
        enum wi_ending how;
    } rows[WI_JOB_ENDINGS];
};

/* What waits in one queue and is counted together. */
struct wi_job_line {
    struct wi_queue *queue;
    struct wi_job_counters counters;
};

struct wi_job {
    struct wi_job_spec spec;
    struct wi_jobs *jobs;
    struct wi_job_line *line;    /* the clients' or one of shadow jobs */
    enum wi_job_state state;     /* wi_job_set_state alone writes it */
    struct wi_queue_entry entry; /* in its queue while WAITING */
    struct wi_slot slot;         /* of a client's while ALONE or SECOND, or first of those JOINED */
    char attempt[WI_ID_SIZE + 12]; /* while it has one: its id and the number of the attempt */
    struct wi_job_batch *batch;    /* while JOINED, else NULL */
    struct wi_job_flow *flow;      /* of a stream; else NULL */
    struct wi_chain chain;         /* the beginnings of its prompt; empty if it is none */
    char node[WI_ID_SIZE];         /* of the last attempt */
    struct wi_job_place place;     /* likewise */
    char avoid[WI_ID_SIZE];        /* the node that failed it last */
    struct wi_refusal refusal;     /* of the last choice */
    struct wi_probe probe;         /* likewise */
    enum wi_platform first, last;  /* the first and last platform of the last choice */
    int starved;                   /* its last node lacked memory to load the model */
    int outgrown;                  /* WASM lacked memory for it: tried elsewhere once */
    int64_t accepted_at;           /* by us: Unix milliseconds */
    int accepted;                  /* the node has said that it has the attempt */
    unsigned attempts;             /* dispatched, in earlier runs too */
    unsigned used;                 /* of them, those that count against max_retries */
    unsigned breaks;              /* nodes that broke in a row while it ran alone, without a part */
    int suspect;                  /* an engine broke with it and others: none beside it any more */
    struct wi_failures *failures; /* of its attempts; NULL: none failed */
    struct wi_job_endings *endings; /* at joined nodes; NULL: none */
    struct wi_error *first_said;    /* from SECOND on: by the node before that; else NULL */
    double dispatched_at;           /* when it last began to run, 0 before */
    struct wi_timer *deadline;
    wi_job_dispatch_fn *on_dispatch; /* NULL for a client's */
    wi_job_fn *on_done;
    void *context;
    int single; /* a batch with it failed: in no batch any more */
    UT_hash_handle by_id;
    UT_hash_handle by_attempt; /* while ALONE or SECOND */
};

struct wi_jobs {
    uv_loop_t *loop;
    const struct wi_config *config;
    struct wi_budget *budget;
    struct wi_pool *pool;
    char owner_secret[WI_TOKEN_SIZE]; /* so that nodes cannot tell clients by their names' hashes */
    struct wi_pool_events events;
    struct wi_jobs_hooks hooks;
    const struct wi_change_listener *listener;
    struct wi_job_line clients;
    struct wi_job_line shadow;    /* waits until no client does; its counters are shown to nobody */
    struct wi_job_line proofs;    /* shadow jobs as well, which clients' jobs may be waiting for */
    struct wi_job *jobs;          /* by id: all */
    struct wi_job *running;       /* by attempt id: those ALONE or SECOND */
    struct wi_job_batch *batches; /* likewise */
    struct wi_slots *slots;       /* of clients' attempts: whose they are */
    struct wi_opinions *opinions; /* of clients: what was asked of second nodes */
    struct wi_timer *window;      /* the end of a wait for company */
    struct wi_timer *again;       /* runs while anything waits: wi_jobs_on_again */
    int draining;
    void (*on_idle)(void *);
    void *idle_context;
};

/* --- state.c ---------------------------------------------------------------------------------- */

/* The one writer of `state`: asserts that the change is a legal one, counts what waits and what
 * runs, and stamps when it began to run. */
void wi_job_set_state(struct wi_job *job, enum wi_job_state state);
/* Something of a client's job has changed that others are shown. */
void wi_job_tell(const struct wi_job *job);
int wi_job_runs(const struct wi_job *job);
/* As an attempt of its own. */
static inline int wi_job_has_attempt(const struct wi_job *job)
{
    return job->state == WI_JOB_ALONE || job->state == WI_JOB_SECOND;
}
int wi_job_is_shadow(const struct wi_job *job);
/* What its node was asked. Borrowed. */
const struct wi_inference *wi_job_sent(const struct wi_job *job);
/* Only browsers that we have started may have it. */
int wi_job_is_for_ours(const struct wi_job *job);
/* NEW, TAKEN or PARTED → WAITING → TAKEN. */
void wi_job_enqueue(struct wi_job *job, int at_front);
void wi_job_leave_queue(struct wi_job *job, int to_run);
/* NEW or TAKEN → ALONE, or PARTED → SECOND, as its attempt, and TAKEN → JOINED: it was sent to the
 * chosen node. */
void wi_job_run(struct wi_job *job, enum wi_job_state as, const struct wi_choice *choice);
void wi_job_run_joined(
    struct wi_job *job, const struct wi_choice *choice, struct wi_job_batch *batch);
/* ALONE, JOINED or SECOND → PARTED: forgets the attempt; the caller says what comes next. */
void wi_job_leave_node(struct wi_job *job);

/* --- endings.c -------------------------------------------------------------------------------- */

/* The attempt on the job's node has ended badly, which is remembered if that has joined. */
void wi_job_note_ending(struct wi_job *job, enum wi_ending how);
/* It ended well at that node: the others' endings are found against them. */
void wi_job_find_endings(const struct wi_job *job, const char *node_id);

/* --- end.c ------------------------------------------------------------------------------------ */

/* Answers a job that neither waits nor runs, and frees it. `result` NULL: nobody waits for it. */
void wi_job_finish(struct wi_job *job, struct wi_job_result *result);
void wi_job_finish_error(struct wi_job *job, const struct wi_error *error);
/* The same, where nothing takes the job: what has been begun was interrupted then. */
void wi_job_finish_refused(struct wi_job *job, const struct wi_error *error);
/* One of its attempts failed; told with its end. */
void wi_job_note_failure(struct wi_job *job, const char *why);
/* The node's answer, as one of `rows` rows of a batch, or 0. */
void wi_job_complete(
    struct wi_job *job, const char *node_id, struct wi_answer *answer, int64_t rows);
/* Another attempt after one that gave no answer, or the end. `counts`: against max_retries. What
 * does not count is bounded too: WI_JOB_SENDS_PER_TRY. */
void wi_job_retry(struct wi_job *job, int counts, const char *why);
/* Another attempt after one that its node had not begun, and gave back. That counts as having been
 * sent, and as no failure; `error` says what its owner is told if there is no other attempt. */
void wi_job_returned(struct wi_job *job, const struct wi_error *error);
/* Tells who drains the jobs when there are none any more. */
void wi_jobs_check_idle(struct wi_jobs *jobs);

/* --- together.c ------------------------------------------------------------------------------- */

int wi_job_may_join(const struct wi_job *job);
/* Whether the job, whose turn it is and which has `rows` rows, should wait for others to join. */
int wi_job_waits_for_company(struct wi_job *job, int64_t rows);
/* 1 if the job, which waits, was sent together with others; -1 if it is to wait for some. */
int wi_job_try_together(struct wi_job *job, const struct wi_choice *choice);
void wi_job_leave_batch(struct wi_job *job, const char *reason);
struct wi_job_batch *wi_jobs_find_batch(const struct wi_jobs *jobs, const char *attempt_id);
/* The batch is over with an answer, which is parted among its members. 1 if it could not be, so
 * that they wait again. */
int wi_jobs_batch_answer(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *node_id,
    struct wi_answer *answer);
/* The batch is over without one: its members are tried again one by one. `counts`: as an attempt of
 * each; `lost`: with its node. */
void wi_jobs_try_each(
    struct wi_jobs *jobs, struct wi_job_batch *batch, int counts, int lost, const char *why);

/* --- dispatch.c ------------------------------------------------------------------------------- */

enum wi_pick wi_job_pick(struct wi_job *job, struct wi_choice *choice, struct wi_error *error);
/* What its client has of the node that would be picked for the job, and of all nodes. */
enum wi_job_part {
    WI_JOB_PART_OPEN, /* less than its part, or none would be picked */
    WI_JOB_PART_HAS,  /* its part, while others wait: it gives way to them */
    WI_JOB_PART_MOST  /* as many slots of texts as one may have, whoever waits */
};
enum wi_job_part wi_job_part(const struct wi_job *job);
/* Whether another node than its own has room for it now; for a second opinion (`second`) one that
 * may give that. Nothing follows from it. */
int wi_job_pick_another(const struct wi_job *job, int second, struct wi_choice *choice);
/* Sends the job, which is in no queue, to the chosen node. WI_NODE_NOT_FOUND or WI_NODE_BUSY: it is
 * as if it had never been picked, and would not be picked now. Any other failure is the job's end,
 * with what its client is told in `error`. */
enum wi_code wi_job_dispatch(struct wi_job *job, enum wi_job_state as,
    const struct wi_choice *choice, struct wi_error *error);
/* Whether any job of the line may be sent: shadow jobs give way to the clients'. */
int wi_jobs_may_run(const struct wi_jobs *jobs, const struct wi_job_line *line);
/* What else is known against sending a client's job there; WI_OK if nothing is. */
enum wi_code wi_job_check(
    const struct wi_job *job, const struct wi_choice *choice, struct wi_error *error);
/* Sends what can be sent, after a slot was freed and nothing else changed. `context` is the jobs.
 */
void wi_jobs_on_slot_free(void *context);
/* The same after any change, and refuses what nothing can run any more. */
void wi_jobs_on_capacity(void *context);
/* From time to time while anything waits: the same, whatever happened or did not. */
void wi_jobs_on_again(void *context);

/* --- attempts.c ------------------------------------------------------------------------------- */

/* Fills jobs->events. */
void wi_jobs_listen(struct wi_jobs *jobs);
/* Takes the job, which is ALONE, from its node to another that has room now; 0: it stays, since
 * none has. Its node is told `reason`; `how` says whether it has ended badly there, `why` why. */
int wi_job_move(struct wi_job *job, const enum wi_ending *how, const char *reason, const char *why);

#endif
