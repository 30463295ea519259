/*
 * Where the rows of a cluster are kept (rows.h): a few operations on them, which rows.c uses
 * without knowing what is behind them. The keeper has the bucket of stored jobs for it, and unit
 * tests have one in memory. A row's key is WI_ROW_PREFIX, the name of its kind, "." and its own
 * name.
 */
#ifndef WI_CLUSTER_ROW_STORE_H
#define WI_CLUSTER_ROW_STORE_H

#include "base/secret.h"
#include "cluster/kv.h"
#include "terms/job/job_store.h"

#define WI_ROW_PREFIX WI_KV_WATCHED "row."

enum wi_row_verb {
    WI_ROW_WRITE,
    WI_ROW_REMOVE,
    WI_ROW_LAPSED /* whether the claim of `holder` has lapsed */
};

/* An operation. All is the caller's until its end. */
struct wi_row_change {
    enum wi_row_verb verb;
    char key[WI_KV_KEY_SIZE];
    const char *text; /* to write */
    size_t size;
    uint64_t revision;       /* that it replaces, 0: it makes the row; out: the new one */
    char holder[WI_ID_SIZE]; /* an instance */
    int done; /* out: it is so; 0: it has not lapsed, or the row has another revision, which has
                 been told as news */
};

/* What comes to a follower. */
enum wi_row_news {
    WI_ROWS_BEGIN, /* there is a connection: all that there is comes again */
    WI_ROWS_ENTRY, /* what a key has now; of a removed one without a revision: whatever it had */
    WI_ROWS_READY, /* all that there was has come, and rows can be changed */
    WI_ROWS_AWAY   /* there is no connection any more */
};
/* `entry` is borrowed, and NULL for other news. */
typedef void wi_row_news_fn(
    void *listener, enum wi_row_news news, const struct wi_broker_entry *entry);

/* A value: copied, and valid until the loop is empty. Everything is for the loop's thread. */
struct wi_row_store {
    void *context;
    /* Returns at once, and calls `done` exactly once, on the loop, never from inside, after all
     * news that came before the operation's end. */
    void (*change)(void *context, struct wi_row_change *op, wi_job_store_done_fn *done, void *data);
    /* Calls `tell` from now on, until this is called with NULL. */
    void (*listen)(void *context, wi_row_news_fn *tell, void *listener);
};

#endif
