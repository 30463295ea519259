/*
 * Which nodes have to prove that they compute correctly, and what they have shown. With [pool]
 * verify a node gets no work before it has passed, and is examined again after verify_again.
 * Clients may also have any nodes examined, including the speed of their adapters.
 *
 *   held → right (for verify_again) → examined again, during its work → right …
 *   held → wrong: see work/pool/evidence.h   held → no verdict: again, after a while
 *
 * Everything is called on the loop's thread.
 */
#ifndef WI_OWNERS_PROOF_PROOF_H
#define WI_OWNERS_PROOF_PROOF_H

#include "owners/proof/verdict.h"
#include "work/run/run.h"

struct wi_proof;
/* `runs` is copied; all else is borrowed, the configuration until wi_proof_reload replaces it. It
 * watches the pool from now on. */
struct wi_proof *wi_proof_new(const struct wi_run_deps *runs, struct wi_pool *pool);
void wi_proof_reload(struct wi_proof *proof, const struct wi_config *config);
/* Begins nothing more; orders end with their jobs. NULL is fine. */
void wi_proof_stop(struct wi_proof *proof);
/* Called when there are no more jobs, but before the loop has ended. NULL is fine. */
void wi_proof_free(struct wi_proof *proof);

/* --- examinations by order -------------------------------------------------------------------- */

/* The most orders at a time, and the most nodes at a time for each order. */
#define WI_PROOF_ORDERS_MAX 16
#define WI_PROOF_NODES_AT_ONCE 4

/* Strings are copied. */
struct wi_proof_want {
    const char *node, *browser; /* NULL: any */
    unsigned platforms;         /* bits of enum wi_platform; 0: all that a node has */
    void *context;
    void (*on_progress)(void *context, size_t steps); /* the number of steps so far */
    /* The end: wi_proof_order_each may be called inside it, and the order is freed when it
     * returns. */
    void (*on_done)(void *context);
};

struct wi_proof_order;
/* Never calls back from inside. NULL with `error`: WI_NODE_NOT_FOUND, WI_QUEUE_FULL,
 * WI_SHUTTING_DOWN. */
struct wi_proof_order *wi_proof_order(
    struct wi_proof *proof, const struct wi_proof_want *want, struct wi_error *error);

/* The result for one platform of a node; a node with no platform to examine has one row with
 * `platform` -1. Borrowed. */
struct wi_proof_row {
    const char *node, *browser;
    int platform;
    enum wi_proof_verdict verdict;
    const struct wi_evidence *evidence;
};
void wi_proof_order_each(const struct wi_proof_order *order,
    void (*each)(void *context, const struct wi_proof_row *row), void *context);
/* The order is no longer wanted: no callback comes. NULL is fine. */
void wi_proof_order_abandon(struct wi_proof_order *order);

#endif
