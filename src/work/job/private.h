/*
 * Declarations shared between the files of the jobs. Each file uses only those before it in this
 * list: stream.c handles answers in parts, state.c has the states, endings.c the nodes that failed
 * a job; end.c ends attempts, together.c runs several jobs as one, dispatch.c sends waiting jobs to
 * nodes, second.c asks a second node, attempts.c handles the events of attempts, and job.c has the
 * public functions.
 */
#ifndef WI_WORK_JOB_PRIVATE_H
#define WI_WORK_JOB_PRIVATE_H

#include "base/table.h"
#include "work/job/apart.h"
#include "work/job/batch.h"
#include "work/job/batch_trial.h"
#include "work/job/chain.h"
#include "work/job/job.h"
#include "work/job/opinions.h"
#include "work/job/parts.h"
#include "work/job/queue.h"
#include "work/job/slots.h"

/* The interval at which waiting jobs are tried again in any case. */
#define WI_JOBS_AGAIN_MS 100
/* The reason given to a node whose attempt is abandoned because it was silent for too long. */
#define WI_JOB_STALLED "stalled"

/*
 * The states of a job. It has one state at a time, which only wi_job_set_state() writes. Facts that
 * are only remembered about it (a node that failed it, how often it was sent) are kept separately
 * and are not part of the state.
 *
 *   NEW → WAITING ⇄ TAKEN → ALONE or JOINED → PARTED → WAITING again, or DONE
 *                                             PARTED → SECOND → PARTED → DONE
 */
enum wi_job_state {
    WI_JOB_NEW,     /* made, and not yet accepted */
    WI_JOB_WAITING, /* in its queue */
    WI_JOB_TAKEN,   /* out of the queue: to be sent, or because it is no longer wanted */
    WI_JOB_ALONE,   /* runs as an attempt of its own */
    WI_JOB_JOINED,  /* runs with others as one attempt */
    /* Runs as an attempt of its own on a second node, to check the failure that another reported:
     * its last attempt, however it ends. */
    WI_JOB_SECOND,
    WI_JOB_PARTED, /* its attempt is over: to be answered, or retried */
    WI_JOB_DONE,   /* answered, or its answer is no longer wanted */
    WI_JOB_STATE_COUNT
};

/* Jobs that run as one attempt. A job that has left is a NULL among its members. */
struct wi_job_batch {
    char attempt[WI_ID_SIZE + 12];
    char node[WI_ID_SIZE];
    size_t count, left;
    int over;                  /* its attempt has ended, and its members are leaving */
    int64_t total;             /* rows */
    size_t bytes;              /* of its inputs */
    struct wi_model *on_trial; /* a reference, if its answers will be compared; else NULL */
    struct wi_job **members;
    int64_t *rows;
    UT_hash_handle hh;
};

/* The state of a job whose answer may come in parts. */
struct wi_job_flow {
    struct wi_job_stream events;
    struct wi_parts parts;
    struct wi_timer *stall; /* runs while the job waits for its node */
    double first_part_at;   /* 0: none yet */
    double batch_ms;        /* the longest time of a batch of its prompt, on any node; 0: unknown */
    double counted_at;      /* when its attempt last reported how much it has read; 0: never */
    double counted;         /* … and how much that was */
    int told;         /* the last report of its attempt was about more than loading its model */
    double halted_at; /* when it began to wait for its client; 0: it does not wait */
    double heard_at;  /* when the present silence of its node began */
};

/* The ways in which a job may fail on a joined node. */
enum wi_ending {
    WI_ENDING_NONE,    /* it has not failed */
    WI_ENDING_REFUSED, /* with an error that would end the request */
    WI_ENDING_UNABLE,  /* likewise: the node cannot run the request */
    WI_ENDING_INPUT,   /* likewise: the node blames the input */
    WI_ENDING_LOST,    /* without an answer */
    WI_ENDING_STALLED, /* in silence, after some of its parts */
    WI_ENDING_LATE     /* without an answer within half of its time */
};

/* The joined nodes that failed a job, kept until it ends well elsewhere; no more than this many are
 * remembered. */
#define WI_JOB_ENDINGS 4
struct wi_job_endings {
    unsigned count;
    struct {
        char node[WI_ID_SIZE];
        enum wi_ending how;
    } rows[WI_JOB_ENDINGS];
};

/* The jobs of one queue, which are counted together. */
struct wi_job_line {
    struct wi_queue *queue;
    struct wi_job_counters counters;
};

struct wi_job {
    struct wi_job_spec spec;
    char *owner; /* the client and a relay's own word for its client; NULL: the client alone */
    struct wi_jobs *jobs;
    struct wi_job_line *line;      /* the clients' or one of shadow jobs */
    enum wi_job_state state;       /* only wi_job_set_state writes it */
    struct wi_queue_entry entry;   /* in its queue while WAITING */
    struct wi_slot slot;           /* the client's, while ALONE, SECOND, or first of those JOINED */
    char attempt[WI_ID_SIZE + 12]; /* the job's id and the attempt's number, while it has one */
    struct wi_job_batch *batch;    /* while JOINED, else NULL */
    struct wi_job_flow *flow;      /* of a stream; else NULL */
    struct wi_chain chain;         /* the beginnings of its prompt; empty if it has none */
    char node[WI_ID_SIZE];         /* of the last attempt */
    struct wi_job_place place;     /* likewise */
    char avoid[WI_ID_SIZE];        /* the node that failed it last */
    struct wi_refusal refusal;     /* of the last choice */
    struct wi_probe probe;         /* likewise */
    enum wi_platform last;         /* the last platform of the last choice */
    int starved;                   /* its last node lacked memory to load the model */
    int outgrown;                  /* WASM lacked memory for it: tried elsewhere once */
    int64_t accepted_at;           /* Unix milliseconds */
    int accepted;                  /* the node has accepted the attempt */
    unsigned attempts;             /* dispatched, in earlier runs too */
    unsigned used;                 /* those of them that count against max_retries */
    unsigned breaks; /* nodes that broke in a row while it ran alone, without a part */
    int suspect;     /* an engine broke with it and others: it now runs without others */
    struct wi_failures *failures;   /* of its attempts; NULL: none failed */
    struct wi_job_endings *endings; /* at joined nodes; NULL: none */
    struct wi_error *first_said;    /* from SECOND on: the error of the node before; else NULL */
    double dispatched_at;           /* when it last began to run, 0 before */
    struct wi_timer *deadline;
    wi_job_dispatch_fn *on_dispatch; /* NULL for a client's */
    wi_job_fn *on_done;
    void *context;
    int single;                      /* it was in a batch, and joins no further one */
    struct wi_batch_trial *trial;    /* of that batch; NULL: none */
    struct wi_tensors trial_outputs; /* its part of the batch's outputs, if they are compared */
    UT_hash_handle by_id;
    UT_hash_handle by_attempt; /* while ALONE or SECOND */
};

struct wi_jobs {
    uv_loop_t *loop;
    const struct wi_config *config;
    struct wi_budget *budget;
    struct wi_pool *pool;
    char owner_secret[WI_TOKEN_SIZE]; /* keeps nodes from recognising clients by hashes of names */
    struct wi_pool_events events;
    struct wi_jobs_hooks hooks;
    const struct wi_change_listener *listener;
    struct wi_job_line clients;
    struct wi_job_line shadow;    /* waits until no client does; its counters are not shown */
    struct wi_job_line proofs;    /* shadow jobs, too, which clients' jobs may wait for */
    struct wi_job *jobs;          /* by id: all */
    struct wi_job *running;       /* by attempt id: those ALONE or SECOND */
    struct wi_job_batch *batches; /* likewise */
    struct wi_slots slots;        /* of clients' attempts, by client */
    struct wi_opinions opinions;  /* of clients: requests repeated on second nodes */
    struct wi_apart apart;        /* models whose requests are not joined */
    struct wi_trials trials;      /* of batches */
    struct wi_spoilers spoilers;  /* clients whose requests are not joined for a while */
    struct wi_timer *window;      /* ends a wait for other jobs to join */
    struct wi_timer *again;       /* runs while anything waits: wi_jobs_on_again */
    int draining;
    void (*on_idle)(void *);
    void *idle_context;
};

/* --- state.c ---------------------------------------------------------------------------------- */

/* The only writer of `state`. It asserts that the change is legal, counts waiting and running jobs,
 * and records when the job began to run. */
void wi_job_set_state(struct wi_job *job, enum wi_job_state state);
/* A publicly shown fact about a client's job has changed. */
void wi_job_tell(const struct wi_job *job);
int wi_job_runs(const struct wi_job *job);
/* Whether it runs as an attempt of its own. */
static inline int wi_job_has_attempt(const struct wi_job *job)
{
    return job->state == WI_JOB_ALONE || job->state == WI_JOB_SECOND;
}
int wi_job_is_shadow(const struct wi_job *job);
/* The request as its node was sent it. Borrowed. */
const struct wi_inference *wi_job_sent(const struct wi_job *job);
/* Whose computed state it may reuse: a relay's clients are apart, and never reach that of clients
 * of ours. NULL for no particular one. Borrowed. */
static inline const char *wi_job_owner(const struct wi_job *job)
{
    return job->owner ? job->owner : job->spec.client;
}
/* Whether only browsers that we have started may run it. */
int wi_job_is_for_ours(const struct wi_job *job);
/* NEW, TAKEN or PARTED → WAITING → TAKEN. */
void wi_job_enqueue(struct wi_job *job, int at_front);
void wi_job_leave_queue(struct wi_job *job, int to_run);
/* The job was sent to the chosen node: NEW or TAKEN → ALONE, or PARTED → SECOND, as its own
 * attempt; or TAKEN → JOINED. */
void wi_job_run(struct wi_job *job, enum wi_job_state as, const struct wi_choice *choice);
void wi_job_run_joined(
    struct wi_job *job, const struct wi_choice *choice, struct wi_job_batch *batch);
/* ALONE, JOINED or SECOND → PARTED: forgets the attempt; the caller says what comes next. */
void wi_job_leave_node(struct wi_job *job);

/* --- endings.c -------------------------------------------------------------------------------- */

/* The attempt on the job's node has failed, which is remembered if the node is a joined one. */
void wi_job_note_ending(struct wi_job *job, enum wi_ending how);
/* It succeeded on that node: the failures of the others count as evidence against them. */
void wi_job_find_endings(const struct wi_job *job, const char *node_id);

/* --- end.c ------------------------------------------------------------------------------------ */

/* Answers a job that neither waits nor runs, and frees it. `result` NULL: no answer is wanted. */
void wi_job_finish(struct wi_job *job, struct wi_job_result *result);
void wi_job_finish_error(struct wi_job *job, const struct wi_error *error);
/* The same if nothing accepts the job: work that has begun was then interrupted. */
void wi_job_finish_refused(struct wi_job *job, const struct wi_error *error);
/* Records that one of its attempts failed; reported when the job ends. */
void wi_job_note_failure(struct wi_job *job, const char *why);
/* The node's answer; `rows` is the number of rows of its batch, or 0. */
void wi_job_complete(
    struct wi_job *job, const char *node_id, struct wi_answer *answer, int64_t rows);
/* Begins another attempt after one that gave no answer, or ends the job. `counts`: against
 * max_retries. Attempts that do not count are limited as well: WI_JOB_SENDS_PER_TRY. */
void wi_job_retry(struct wi_job *job, int counts, const char *why);
/* Begins another attempt after one that its node returned without beginning it. It counts as sent,
 * but not as a failure; `error` is told to the job's owner if there is no further attempt. */
void wi_job_returned(struct wi_job *job, const struct wi_error *error);
/* Calls `on_idle` of a drain once no job is left. */
void wi_jobs_check_idle(struct wi_jobs *jobs);

/* --- dispatch.c ------------------------------------------------------------------------------- */

enum wi_pick wi_job_pick(struct wi_job *job, struct wi_choice *choice, struct wi_error *error);
/* How much of the node that would be picked for the job, and of all nodes, its client has. */
enum wi_job_part {
    WI_JOB_PART_OPEN, /* less than its part, or none would be picked */
    WI_JOB_PART_HAS,  /* its part, while others wait: it gives way */
    WI_JOB_PART_MOST  /* the most text slots that a client may have in any case */
};
enum wi_job_part wi_job_part(const struct wi_job *job);
/* Whether a node other than its own has room for it now; with `second`, one that may give a second
 * opinion. It has no effects. */
int wi_job_pick_another(const struct wi_job *job, int second, struct wi_choice *choice);
/* Sends the job, which is in no queue, to the chosen node. WI_NODE_NOT_FOUND or WI_NODE_BUSY: it
 * counts as never picked, and would not be picked now. Any other failure ends the job; `error` is
 * what its client is told. */
enum wi_code wi_job_dispatch(struct wi_job *job, enum wi_job_state as,
    const struct wi_choice *choice, struct wi_error *error);
/* Whether any job of the line may be sent: shadow jobs give way to clients'. */
int wi_jobs_may_run(const struct wi_jobs *jobs, const struct wi_job_line *line);
/* Returns any other reason against sending a client's job there; WI_OK if there is none. */
enum wi_code wi_job_check(
    const struct wi_job *job, const struct wi_choice *choice, struct wi_error *error);
/* Sends the jobs that can be sent, after a slot was freed and nothing else changed. `context` is
 * the jobs. */
void wi_jobs_on_slot_free(void *context);
/* The same after any change, and refuses jobs that nothing can run any more. */
void wi_jobs_on_capacity(void *context);
/* The same from time to time while a job waits, without any event. */
void wi_jobs_on_again(void *context);

/* --- attempts.c ------------------------------------------------------------------------------- */

/* Fills jobs->events. */
void wi_jobs_listen(struct wi_jobs *jobs);
/* Moves the job, which is ALONE, from its node to another that has room now. Returns 0 if none has,
 * and it stays. Its node is told `reason`; `how` says whether it failed there, and `why` the
 * cause. */
int wi_job_move(struct wi_job *job, enum wi_ending how, const char *reason, const char *why);

#endif
