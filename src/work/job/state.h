/*
 * Where a job is. It has one state at a time, which wi_job_set_state() alone writes; what is only
 * remembered of it (a node that failed it, how often it was sent) stands beside the state and is no
 * part of it.
 *
 *   NEW → WAITING ⇄ TAKEN → ALONE or JOINED → PARTED → WAITING again, or DONE
 *                                             PARTED → SECOND → PARTED → DONE
 */
#ifndef WI_WORK_JOB_STATE_H
#define WI_WORK_JOB_STATE_H

enum wi_job_state {
    WI_JOB_NEW,     /* made, and not yet accepted */
    WI_JOB_WAITING, /* in its queue */
    WI_JOB_TAKEN,   /* out of the queue: to be sent, or because nobody wants it any more */
    WI_JOB_ALONE,   /* runs as an attempt of its own */
    WI_JOB_JOINED,  /* runs with others as one attempt */
    WI_JOB_SECOND,  /* runs as an attempt of its own at a node that is asked whether another was
                     * right to call it a failure: its last, however it ends */
    WI_JOB_PARTED,  /* its attempt is over: to be answered, or tried again */
    WI_JOB_DONE,    /* answered, or nobody waits for its answer */
    WI_JOB_STATE_COUNT
};

#endif
