/* Shared between the files of the keeper: what its threads and the loop give each other. */
#ifndef WI_CLUSTER_KEEPER_PRIVATE_H
#define WI_CLUSTER_KEEPER_PRIVATE_H

#include "cluster/keeper.h"

enum wi_keeper_verb {
    WI_KEEPER_NEWS,
    WI_KEEPER_ROW_NEWS,
    WI_KEEPER_ACCEPT,
    WI_KEEPER_TAKE,
    WI_KEEPER_GIVE_BACK,
    WI_KEEPER_FINISH,
    WI_KEEPER_CANCEL,
    WI_KEEPER_READ,
    WI_KEEPER_LIST,
    WI_KEEPER_SWEEP,
    WI_KEEPER_ROW
};

/* An operation on its way to the thread and back, or news. */
struct wi_keeper_item {
    enum wi_keeper_verb verb;
    void *op;
    wi_job_store_done_fn *done; /* NULL for news */
    void *data;
    int failed;
    struct wi_error error;
    struct wi_members_view *view; /* of a sweep; owned */
    enum wi_job_news news;
    char id[WI_ID_SIZE];
    enum wi_row_news row_news;
    struct wi_broker_entry entry; /* of a row; owned */
    struct wi_keeper_item *prev, *next;
};

struct wi_keeper_came {
    struct wi_broker_entry entry;
    struct wi_keeper_came *prev, *next;
};

struct wi_keeper {
    struct wi_keeper_terms terms; /* of owned strings */
    struct wi_strings servers;
    uv_thread_t thread, watcher;
    struct wi_kv kv;
    struct wi_shared_jobs *jobs; /* the thread's */
    struct wi_broker *broker;    /* likewise; the watcher waits at it */
    struct wi_keeper_item *late; /* the loop's: what came after its end */
    size_t pending;              /* the loop's */
    int closing;
    char told[sizeof(struct wi_broker_problem)]; /* the loop's: the last problem in the log */
    uint64_t orphans_told;                       /* the loop's: how many are in the log */
    wi_job_news_fn *tell;                        /* the loop's */
    void *listener;
    wi_row_news_fn *tell_row; /* the loop's */
    void *row_listener;
    /* The rest is shared; access requires the mutex. */
    uv_mutex_t mutex;
    uv_cond_t wake, room, taken;
    uv_async_t *async; /* NULL: the loop needs it no more */
    struct wi_keeper_item *in, *out;
    struct wi_keeper_came *entries;
    size_t entry_count;
    size_t row_count; /* news of rows on their way out */
    int away;         /* there is no connection: `problem` */
    struct wi_broker_problem problem;
    int watching; /* the watcher is to go on */
    int watch_failed;
    struct wi_shared_counters counters;
    int stop;
};

/* --- keeper_thread.c -------------------------------------------------------------------------- */

/* The thread, until `stop`; `data` is the keeper. */
void wi_keeper_run(void *data);
/* News on the thread, for the loop; `listener` is the keeper. */
wi_job_news_fn wi_keeper_on_news;
/* To the loop. With the mutex. */
void wi_keeper_item_give(struct wi_keeper *keeper, struct wi_keeper_item *item);
/* The item fails because of this. */
void wi_keeper_item_fail(struct wi_keeper_item *item, const struct wi_broker_problem *problem);

#endif
