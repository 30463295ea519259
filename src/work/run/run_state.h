/*
 * Where a run is: one state at a time, which wi_run_state_change() alone writes.
 *
 *   NEW → READING → FINDING → BEGUN → QUEUED → RETURNED → PRINTING → DONE
 *
 *   BEGUN ⇄ WAITING before the first job, and RETURNED ⇄ WAITING_AGAIN after one
 *   RETURNED → QUEUED where there was no memory: a smaller variant runs
 *   NEW → FINDING for a short body, and NEW → QUEUED for a run that begins at an inference
 *   any state → DONE, but for QUEUED only if the run is abandoned
 *
 * A run never goes back to FINDING, and never from RETURNED to BEGUN. Its owner is therefore asked
 * once whether it may begin, and told once that its job is queued.
 */
#ifndef WI_WORK_RUN_RUN_STATE_H
#define WI_WORK_RUN_RUN_STATE_H

enum wi_run_state {
    WI_RUN_NEW,      /* made; a short body is read in this state */
    WI_RUN_READING,  /* a thread reads the body */
    WI_RUN_FINDING,  /* the model is looked for; the owner was not asked on_begin yet */
    WI_RUN_BEGUN,    /* the owner was asked: the model is checked, or another variant looked for */
    WI_RUN_WAITING,  /* as BEGUN, while a model is pulled or a variant is made */
    WI_RUN_QUEUED,   /* the job waits or runs */
    WI_RUN_RETURNED, /* the job is over: to be answered, or another variant is looked for */
    WI_RUN_WAITING_AGAIN, /* as RETURNED, while a model is pulled or a variant is made */
    WI_RUN_PRINTING,      /* a thread prints the answer */
    WI_RUN_DONE,          /* ended or abandoned: at most a thread still has the run */
    WI_RUN_STATE_COUNT
};

enum wi_run_event {
    WI_RUN_EVENT_READ,    /* a thread begins to read the body */
    WI_RUN_EVENT_FIND,    /* the model, or another variant of it, is to be found */
    WI_RUN_EVENT_BEGIN,   /* the owner is asked on_begin */
    WI_RUN_EVENT_WAIT,    /* a pull or the making of a variant has begun */
    WI_RUN_EVENT_QUEUE,   /* the job is in the queue */
    WI_RUN_EVENT_RETURN,  /* the job is over */
    WI_RUN_EVENT_PRINT,   /* a thread begins to print the answer */
    WI_RUN_EVENT_END,     /* the owner is told how the run ended */
    WI_RUN_EVENT_ABANDON, /* the owner has left */
    WI_RUN_EVENT_COUNT
};

/* Changes `state` as the table says. An event that the table refuses is a bug of ours: it is logged
 * under `id`, and the process aborts. */
void wi_run_state_change(enum wi_run_state *state, enum wi_run_event event, const char *id);

#endif
