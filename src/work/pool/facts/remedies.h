/*
 * The remedies for unhealthy sessions, and when a kind of browser may be started again: backoff
 * after sessions that broke, and a breaker after too many that never became ready. The page itself
 * applies the first remedy: it replaces an engine worker that died, hangs beyond its attempt's
 * deadline or lost its device. For faults that reach the pool, the remedies go from the mildest
 * that can help to a new browser. Pure: times are passed in.
 */
#ifndef WI_WORK_POOL_FACTS_REMEDIES_H
#define WI_WORK_POOL_FACTS_REMEDIES_H

#include <stddef.h>

enum wi_fault {
    WI_FAULT_ENGINE_HUNG,   /* an engine has long been busy without work of ours */
    WI_FAULT_PAGE_SILENT,   /* no heartbeat, and no reconnection within its grace */
    WI_FAULT_PAGE_FROZEN,   /* its link worker responds, but the document or the driver does not */
    WI_FAULT_PAGE_CRASHED,  /* its socket is gone, and the driver says that the page has crashed */
    WI_FAULT_PLATFORM_LOST, /* its page cannot get its GPU back */
    WI_FAULT_STOPPED,       /* one of its processes was stopped by a signal */
    WI_FAULT_KERNEL_HUNG,   /* a client's own kernel, or one being tuned, has not ended */
    WI_FAULT_COUNT
};

enum wi_remedy {
    WI_REMEDY_NONE,
    WI_REMEDY_END_GPU, /* end the browser's GPU process if it has one; else the next remedy */
    WI_REMEDY_RELOAD,  /* reopen the page, with a new GPU process if the browser has one */
    WI_REMEDY_RETIRE,  /* a new browser, when the running work is done */
    WI_REMEDY_KILL,    /* a new browser at once */
    WI_REMEDY_COUNT
};

/* The page must have a GPU again within this time after the GPU process has ended. */
#define WI_LADDER_GPU_MS 20000.0
/* A fault within this time after a remedy shows that the remedy was too mild. */
#define WI_LADDER_MS 60000.0

/* Zero-initialise. */
struct wi_ladder {
    enum wi_remedy last;
    double at;
};

extern const char *const wi_fault_names[], *const wi_remedy_names[]; /* each ended by NULL */
/* Chooses the remedy for this fault now, and records it. */
enum wi_remedy wi_ladder_climb(struct wi_ladder *ladder, enum wi_fault fault, double now);

/* How long an unhealthy session that is being replaced may continue with its running work, which is
 * expected to take `expected_ms`: that work may be stuck for the same reason. */
double wi_ladder_patience(double expected_ms);

/* The contract: the first restart at once, then 0.25 s doubling to 30 s; five failures in a row to
 * become ready open the breaker. */
#define WI_BACKOFF_FIRST_MS 250.0
#define WI_BACKOFF_MAX_MS 30000.0
#define WI_BREAKER_FAILURES 5
/* A session that served for this long, and at least as long as the backoff before it, was healthy:
 * the backoff then starts over. */
#define WI_BACKOFF_SOUND_MS 1000.0

/* Zero-initialise. */
struct wi_backoff {
    unsigned broken;   /* consecutive sessions that broke */
    unsigned failures; /* consecutive ones of these that never became ready */
    int open;          /* the breaker */
    double next_start; /* not before this time, in ms */
};

void wi_backoff_broken(struct wi_backoff *backoff, double now, int was_ready, double served_ms);
void wi_backoff_ready(struct wi_backoff *backoff);

#endif
