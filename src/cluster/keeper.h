/*
 * The store of jobs that the members of a cluster share, and of their rows (rows.h): a connection
 * and a thread of its own for the operations on jobs (shared_jobs.h) and rows, and a second one
 * that waits for what the watch brings. The loop gives operations and gets them back, as from the
 * database's writer.
 */
#ifndef WI_CLUSTER_KEEPER_H
#define WI_CLUSTER_KEEPER_H

#include "cluster/row_store.h"
#include "cluster/shared_jobs.h"
#include <uv.h>

struct wi_keeper_terms {
    const struct wi_strings *servers; /* copied, and so are the strings of `broker` */
    struct wi_broker_terms broker;
    const char *instance;
    int64_t ack_wait_ms;
    /* On the loop: why this daemon may not take part now, borrowed; NULL: it may. */
    const char *(*refuse)(void *context);
    /* On the loop: what a sweep has to know. */
    void (*look)(void *context, struct wi_members_view *view);
    void *context;
};

struct wi_keeper;
/* Begins to connect. NULL with `error`: there is no thread. */
struct wi_keeper *wi_keeper_start(
    uv_loop_t *loop, const struct wi_keeper_terms *terms, struct wi_error *error);
/* Fill the store, which is valid until wi_keeper_free. */
void wi_keeper_open(struct wi_keeper *keeper, struct wi_job_store *store);
void wi_keeper_open_rows(struct wi_keeper *keeper, struct wi_row_store *store);
/* The loop is kept for unfinished operations, and no longer. NULL is fine. */
void wi_keeper_close(struct wi_keeper *keeper);
/* Once the loop is empty: waits for the threads. NULL is fine. */
void wi_keeper_free(struct wi_keeper *keeper);

/* As of the last turn of the thread. */
void wi_keeper_counters(struct wi_keeper *keeper, struct wi_shared_counters *counters);

#endif
