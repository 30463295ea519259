/*
 * The states of a job. It has one state at a time, which only wi_job_set_state() writes. Facts that
 * are only remembered about it (a node that failed it, how often it was sent) are kept separately
 * and are not part of the state.
 *
 *   NEW → WAITING ⇄ TAKEN → ALONE or JOINED → PARTED → WAITING again, or DONE
 *                                             PARTED → SECOND → PARTED → DONE
 */
#ifndef WI_WORK_JOB_STATE_H
#define WI_WORK_JOB_STATE_H

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

#endif
