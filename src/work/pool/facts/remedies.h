/*
 * What is done about sessions that are unwell, and when a kind of browser may be started again:
 * backoff after sessions that broke, and a breaker after too many that never became ready. The
 * first rung of the ladder is the page's own: it replaces an engine worker that died, hangs beyond
 * its attempt's deadline or lost its device. What the pool then sees goes from the mildest remedy
 * that can help to a new browser. Pure: times are given.
 */
#ifndef WI_WORK_POOL_FACTS_REMEDIES_H
#define WI_WORK_POOL_FACTS_REMEDIES_H

#include <stddef.h>

enum wi_fault {
    WI_FAULT_ENGINE_HUNG,   /* an engine has long been busy, with nothing of ours */
    WI_FAULT_PAGE_SILENT,   /* no heartbeat, and its socket did not come back in its grace */
    WI_FAULT_PAGE_FROZEN,   /* its link worker lives, but the document or the driver does not */
    WI_FAULT_PAGE_CRASHED,  /* its socket is gone, and the driver says that the page is, too */
    WI_FAULT_PLATFORM_LOST, /* its page cannot get a GPU back that it had */
    WI_FAULT_STOPPED,       /* one of its processes was stopped by a signal */
    WI_FAULT_KERNEL_HUNG,   /* a client's own kernel, or one that is tuned, has not ended */
    WI_FAULT_COUNT
};

enum wi_remedy {
    WI_REMEDY_NONE,
    WI_REMEDY_END_GPU, /* end the browser's GPU process, where it has one; else the next rung */
    WI_REMEDY_RELOAD,  /* open the page afresh, in front of a fresh GPU process where it has one */
    WI_REMEDY_RETIRE,  /* a new browser, when what runs on it is done */
    WI_REMEDY_KILL,    /* a new browser at once */
    WI_REMEDY_COUNT
};

/* The process is ended so long after that was decided: by then the page has asked for the GPU anew,
 * which tells it that what it waited for is gone. The GPU is to be back so soon after. */
#define WI_LADDER_GPU_AFTER_MS 2000.0
#define WI_LADDER_GPU_MS 20000.0
/* A fault so soon after a remedy shows that it was too mild. */
#define WI_LADDER_MS 60000.0

/* Zero-initialise. */
struct wi_ladder {
    enum wi_remedy last;
    double at;
};

const char *wi_fault_name(enum wi_fault fault);
const char *wi_remedy_name(enum wi_remedy remedy);
/* The remedy for this fault now, which is noted. */
enum wi_remedy wi_ladder_climb(struct wi_ladder *ladder, enum wi_fault fault, double now);

/* How long a session that is replaced because it is unwell may go on with what runs on it and is
 * expected to take `expected_ms`: that may be stuck for the same reason. */
double wi_ladder_patience(double expected_ms);

/* The contract: the first restart at once, then 0.25 s doubling to 30 s; five failures in a row to
 * become ready open the breaker. */
#define WI_BACKOFF_FIRST_MS 250.0
#define WI_BACKOFF_MAX_MS 30000.0
#define WI_BREAKER_FAILURES 5
/* A session that served so long, and at least as long as it had been waited for, was sound: the
 * next restart is the first again. */
#define WI_BACKOFF_SOUND_MS 1000.0

/* Zero-initialise. */
struct wi_backoff {
    unsigned broken;   /* sessions in a row that broke */
    unsigned failures; /* of these, in a row, that never became ready */
    int open;          /* the breaker */
    double next_start; /* not before this time, in ms */
};

void wi_backoff_broken(struct wi_backoff *backoff, double now, int was_ready, double served_ms);
void wi_backoff_ready(struct wi_backoff *backoff);

#endif
