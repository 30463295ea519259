/*
 * Where stored jobs are kept: eight operations on records, which the logic of stored jobs
 * (owners/durable) uses without knowing what is behind them. settings/store/rows.h is one store:
 * rows of the local database. A store that several daemons share is another: each of them is then
 * a member, takes records, and may lose them to the others.
 *
 * Each operation is for the loop's thread, returns at once, and calls `done` exactly once, on the
 * loop, never from inside: also while the daemon shuts down, and if nothing answers. `failure` is
 * NULL, or says why:
 *
 *   WI_STORAGE_FAILED   nothing was written: the store is full, or its disk fails
 *   any other code      the store cannot be reached, or has not answered in time: the operation
 *                       may have been done or may be done later; `retry_after_s` says when to try
 *
 * An operation that failed may be asked for again as it is. If it was done after all, it has no
 * further effect: `finish` finds its own end and says that it finished, `give_back` finds a record
 * that is no longer the caller's.
 *
 * `op` is one of the structs below: zero-initialise it and fill what is not marked "out". It
 * belongs to the store until `done`, which may use it on another thread; what it points at has to
 * live as long. What is marked "owned" is the caller's afterwards.
 *
 * The store works on one record in the order in which it was asked, and calls back in that order.
 * Therefore a caller that reads a record and watches it in the callback misses no end. Only `list`
 * may run beside all others: it sees what `done` has told, and may miss what was only asked for.
 *
 * Each member writes the records that it has taken, from `take` to `finish` or `give_back`; until
 * then its store keeps the claim on them alive.
 */
#ifndef WI_TERMS_JOB_JOB_STORE_H
#define WI_TERMS_JOB_JOB_STORE_H

#include "base/error.h"
#include "base/hash.h"
#include "terms/job/record.h"

/* --- accept ----------------------------------------------------------------------------------- */

enum wi_record_found { WI_RECORD_NEW, WI_RECORD_SAME, WI_RECORD_OTHER };

/* Writes a queued record with its body, unless its client has already used the key for the same
 * endpoint (`record.infer`). Done once all of it survives what the store survives. */
struct wi_record_accept {
    struct wi_record record;    /* in: all that is known of it */
    const char *key;            /* Idempotency-Key or NULL */
    const unsigned char *body;  /* record.body_size bytes */
    wi_body_hash_fn *identify;  /* what it means, for the key; NULL: its bytes */
    int look;                   /* write nothing: only see whether the key is there */
    enum wi_record_found found; /* out; OTHER: for something else */
    struct wi_record earlier;   /* out, owned: the record with the key, unless NEW */
};

/* --- take ------------------------------------------------------------------------------------- */

/* Takes queued records, with their bodies: at most `count`, and after the first no more than
 * `bytes` bytes of bodies and parsing; for each client no more than `rooms` says, or `each` (0: any
 * number) if that does not name it. Clients take turns, each with its most urgent record. Records
 * that a request waits for (`infer`) go before the others, but every fourth record is one of the
 * others all the same. A record whose body is lost comes without it; a record that cannot be read
 * now pauses. Their runs and crashes are counted before they begin. At most one record that crashed
 * before is taken, first, and none while `suspect`. A record that another member was faster to take
 * is left out. What a `take` that failed has taken is queued again by the store. */
struct wi_record_take {
    size_t count, each;
    struct wi_record_room *rooms; /* owned with the array; clients that get a record are added */
    size_t room_count;
    uint64_t bytes;
    int suspect;
    int64_t now;
    uint64_t before;           /* how many records were taken before */
    struct wi_record *records; /* out: `taken` of them, owned with the array */
    size_t taken;              /* out */
};

/* --- give back -------------------------------------------------------------------------------- */

/* A record that would wait for longer was put back before the clock was set back: it is due. */
#define WI_RECORD_PAUSE_MAX_MS 60000

enum wi_record_returned {
    WI_RECORD_BACK,      /* it is queued again */
    WI_RECORD_TO_CANCEL, /* it was cancelled meanwhile, and the caller has to finish it */
    WI_RECORD_NOT_OURS   /* it has ended, or another member has taken it: nothing is to be done */
};

/* Back into the queue, because it could not run or its run was ended in good order. The record
 * keeps its place, or goes to the place of one accepted at `behind_at`, so that a record that
 * nothing can run is not tried over and over before records that can. */
struct wi_record_return {
    char id[WI_ID_SIZE];
    int64_t retry_at;  /* Unix milliseconds, at most WI_RECORD_PAUSE_MAX_MS from now */
    unsigned attempts; /* in all runs so far */
    int64_t behind_at; /* Unix milliseconds; 0: it keeps its place */
    char problem[512]; /* "" for none */
    int is_unable;     /* a member lacks its model, or a node for it: see wi_record.unable */
    enum wi_record_returned returned; /* out */
};

/* --- finish ----------------------------------------------------------------------------------- */

/* Stores the end with its answer, and drops the body. The first end of a record stays, whoever
 * wrote it; a second one is dropped. */
struct wi_record_finish {
    char id[WI_ID_SIZE];
    enum wi_record_state state;
    int status;
    int64_t now;
    int forget_key;               /* of /v1/infer: a retry with the key runs again */
    struct wi_record_part *parts; /* the answer, borrowed; the first is its JSON */
    size_t part_count;
    int finished;       /* out: 0 if another end was there before, and if there is no such record */
    size_t answer_size; /* out */
    size_t body_size;   /* out: of the body that is gone */
};

/* --- cancel ----------------------------------------------------------------------------------- */

/* Cancels a queued record, as `finish` would. A running record is marked, so that it ends as
 * cancelled: the member that has it does that, or else `give_back` and `sweep` see to it. A
 * finished record stays as it is. */
struct wi_record_cancel {
    struct wi_record_finish finish;
    /* Fills `finish.parts` for this record, which waits. On any thread; may come again. */
    void (*tell)(struct wi_record_cancel *cancel, const struct wi_record *record);
    char client[WI_RECORD_CLIENT_MAX + 1]; /* the owner that it must have; "" for any */
    int found;                             /* out */
    enum wi_record_state before;           /* out: its state until now */
};

/* --- read, list ------------------------------------------------------------------------------- */

/* One record, with its answer if that is no larger than `answer_max`. */
struct wi_record_read {
    char id[WI_ID_SIZE];
    char client[WI_RECORD_CLIENT_MAX + 1]; /* the owner that it must have; "" for any */
    size_t answer_max;
    int found;               /* out */
    struct wi_record record; /* out: owned */
};

/* The newest records, at most `limit`, in `state` (WI_RECORD_STATES: in any); with `before_id`
 * those that would follow a record with that id and that time, whether or not it exists. */
struct wi_record_list {
    enum wi_record_state state;
    char client[WI_RECORD_CLIENT_MAX + 1]; /* only this owner's; "" for all */
    size_t limit;
    int64_t before_at;
    char before_id[WI_ID_SIZE]; /* "": from the newest on */
    struct wi_record *records;  /* out: owned with the array */
    size_t count;               /* out */
};

/* --- sweep ------------------------------------------------------------------------------------ */

/* Removes at most `limit` records that were finished at `finished_before` or earlier, and gives
 * their room back. Queues again the records whose member is gone, and finds those that the caller
 * has to finish: each is named to one member at a time. */
struct wi_record_sweep {
    int64_t finished_before, now;
    size_t limit;
    unsigned crashes_max;
    int count;                        /* whether to count the records: it may cost a look at each */
    size_t removed;                   /* out */
    size_t requeued;                  /* out: records whose member was gone, which wait again */
    struct wi_record_names late;      /* out: queued, and their deadline has passed at `now` */
    struct wi_record_names poison;    /* out: their member was gone, `crashes_max` times */
    struct wi_record_names cancelled; /* out: their member was gone, and they had been cancelled */
    int counted;                      /* out: the rest is filled; also if that cost nothing */
    size_t queued, open, total;       /* out: that wait, that are not finished, and all */
    uint64_t bytes;                   /* out: of bodies and answers */
    struct wi_record_holding *holdings; /* out: of all clients that have any */
    size_t holding_count;               /* out */
};
/* Frees what it has found. */
void wi_record_sweep_clear(struct wi_record_sweep *sweep);

/* --- the store -------------------------------------------------------------------------------- */

typedef void wi_job_store_done_fn(void *data, const struct wi_error *failure);

/* What has happened to the record `id` and no `done` has told: another member did it, or an
 * operation that failed was done after all. */
enum wi_job_news {
    WI_NEWS_CAME,      /* it is queued, and was not before */
    WI_NEWS_CANCELLED, /* it runs here, and is to end as cancelled */
    WI_NEWS_LEFT,      /* the member that has taken it is gone: a sweep is due */
    WI_NEWS_ENDED
};
typedef void wi_job_news_fn(void *listener, enum wi_job_news news, const char *id);

/* A value: copied, and valid until the loop is empty. */
struct wi_job_store {
    void *context;
    const char *name; /* in messages: "the database" */
    void (*accept)(
        void *context, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data);
    void (*take)(void *context, struct wi_record_take *op, wi_job_store_done_fn *done, void *data);
    void (*give_back)(
        void *context, struct wi_record_return *op, wi_job_store_done_fn *done, void *data);
    void (*finish)(
        void *context, struct wi_record_finish *op, wi_job_store_done_fn *done, void *data);
    void (*cancel)(
        void *context, struct wi_record_cancel *op, wi_job_store_done_fn *done, void *data);
    void (*read)(void *context, struct wi_record_read *op, wi_job_store_done_fn *done, void *data);
    void (*list)(void *context, struct wi_record_list *op, wi_job_store_done_fn *done, void *data);
    void (*sweep)(
        void *context, struct wi_record_sweep *op, wi_job_store_done_fn *done, void *data);
    /* WI_OK, or why nothing can be stored now. */
    enum wi_code (*health)(const void *context, struct wi_error *error);
    /* Calls `tell` on the loop from now on, until this is called with NULL. NULL where `done` tells
     * everything. */
    void (*listen)(void *context, wi_job_news_fn *tell, void *listener);
};

#endif
