/*
 * Accepted jobs as rows of the database: what was asked, how far it is, and the answer.
 *
 *   queued → running → done | failed | cancelled        running → queued again, unless cancelled
 *
 * Each piece of work here is for wi_db_submit (or wi_db_now): `data` points at its struct, which is
 * the first member of whatever the caller needs besides. Zero-initialise the struct and fill what
 * is not marked "out". A piece of work that failed may be submitted again as it is. Times are Unix
 * milliseconds.
 */
#ifndef WI_SETTINGS_STORE_ROWS_H
#define WI_SETTINGS_STORE_ROWS_H

#include "base/blob.h"
#include "base/hash.h"
#include "base/secret.h"
#include "settings/store/db.h"
#include <stddef.h>
#include <stdint.h>

enum wi_row_state {
    WI_ROW_QUEUED,
    WI_ROW_RUNNING, /* taken to be run */
    WI_ROW_DONE,
    WI_ROW_FAILED,
    WI_ROW_CANCELLED,
    WI_ROW_STATES
};
extern const char *const wi_row_state_names[]; /* "queued" …, ended by NULL */

#define WI_ROW_CLIENT_MAX 64
#define WI_ROW_KEY_MAX 255
#define WI_ROW_DIALECT_MAX 31
/* One priority outweighs so much age; the same as WI_QUEUE_AGEING_MS. */
#define WI_ROW_AGEING_MS 5000

/* What is known of a job. Zero-initialise; free what it holds with wi_row_clear. */
struct wi_row {
    char id[WI_ID_SIZE];
    enum wi_row_state state;
    int infer;                            /* asked by POST /v1/infer with a key, not /v1/jobs */
    char dialect[WI_ROW_DIALECT_MAX + 1]; /* the format of its body and of its answer */
    char client[WI_ROW_CLIENT_MAX + 1];   /* the token's name, or the address of one without */
    char *client_id;                      /* the request's own `id`; may be NULL */
    char *model_name;
    int priority;
    int64_t accepted_at, deadline_at;
    int64_t finished_at; /* 0: not yet */
    unsigned runs;       /* how often it was taken to be run */
    unsigned crashes;    /* of those, without an end: the daemon was killed, or died of it */
    unsigned attempts;   /* how often it was sent to a node in the runs that were put back */
    char *problem;       /* why it went back to the queue last; may be NULL */
    /* The request's body: `json_size` of its bytes are JSON, which may take `cost` to parse. */
    size_t body_size, json_size;
    uint64_t cost;
    /* The answer: an HTTP status and a body, of which `head_size` bytes are JSON. */
    int status;
    size_t answer_size, head_size;
    struct wi_blob *bytes; /* the body, or the answer, where asked for; in no budget */
};
void wi_row_clear(struct wi_row *row);

/* --- accepting ------------------------------------------------------------------------------- */

enum wi_row_found { WI_ROW_NEW, WI_ROW_SAME, WI_ROW_OTHER };

/* Writes a queued row with its body, unless its client has already used the key for the same
 * endpoint (`row.infer`). */
struct wi_row_accept {
    struct wi_row row;         /* in: all that is known of it */
    const char *key;           /* Idempotency-Key or NULL */
    const unsigned char *body; /* row.body_size bytes */
    wi_body_hash_fn *identify; /* what it means, for the key; NULL: its bytes */
    int look;                  /* write nothing: only see whether the key is there */
    enum wi_row_found found;   /* out; OTHER: for something else */
    struct wi_row earlier;     /* out, owned: the row with the key, unless NEW */
};
wi_db_work_fn wi_row_accept;

/* --- running --------------------------------------------------------------------------------- */

/* How many rows of a client may be taken, and how many were. */
struct wi_row_room {
    char client[WI_ROW_CLIENT_MAX + 1];
    size_t most;
    size_t taken; /* out */
};

/* Takes queued rows, with their bodies: at most `count`, and after the first no more than `bytes`
 * bytes of bodies and parsing; for each client no more than `rooms` says, or `each` (0: any number)
 * if that does not name it. Clients take turns, each with its most urgent row. Rows that a request
 * waits for (`infer`) go before the others, but every fourth row is one of the others all the same.
 * A row whose body is lost comes without it; a row that cannot be read now pauses. Their runs and
 * crashes are counted before they begin. At most one row that crashed before is taken, first, and
 * none while `suspect`. */
struct wi_row_take {
    size_t count, each;
    struct wi_row_room *rooms; /* owned with the array; clients whose rows are taken are added */
    size_t room_count;
    uint64_t bytes;
    int suspect;
    int64_t now;
    uint64_t before;     /* how many rows were taken before */
    struct wi_row *rows; /* out: `taken` of them, owned with the array */
    size_t taken;        /* out */
};
wi_db_work_fn wi_row_take;

/* A row that would wait for longer was put back before the clock was set back: it is due. */
#define WI_ROW_PAUSE_MAX_MS 60000

/* Back into the queue, because it could not run or its run was ended in good order. A row that was
 * cancelled meanwhile stays as it is, and has to be finished. The row keeps its place, or goes to
 * the place of a row accepted at `behind_at`, so that a row that nothing can run is not tried over
 * and over before rows that can. */
struct wi_row_return {
    char id[WI_ID_SIZE];
    int64_t retry_at;  /* Unix milliseconds, at most WI_ROW_PAUSE_MAX_MS from now */
    unsigned attempts; /* in all runs so far */
    int64_t behind_at; /* Unix milliseconds; 0: it keeps its place */
    char problem[512]; /* "" for none */
    int returned;      /* out: 0 if it was cancelled, or is finished */
};
wi_db_work_fn wi_row_return;

/* A piece of an answer. */
struct wi_row_part {
    const void *bytes;
    size_t size;
};

/* Stores the answer and drops the body; nothing happens to a row that is finished. */
struct wi_row_finish {
    char id[WI_ID_SIZE];
    enum wi_row_state state;
    int status;
    int64_t now;
    int forget_key;            /* of /v1/infer: a retry with the key runs again */
    struct wi_row_part *parts; /* the answer, borrowed; the first is its JSON */
    size_t part_count;
    int finished;       /* out: 0 if it was finished before */
    size_t answer_size; /* out */
    size_t body_size;   /* out: of the body that is gone */
};
wi_db_work_fn wi_row_finish;

/* Cancels a queued row, as wi_row_finish would. For a running row the database records that it is
 * to end as cancelled: its runner does that, or wi_row_return and wi_row_recover do. A finished row
 * stays as it is. */
struct wi_row_cancel {
    struct wi_row_finish finish;
    /* Fills `finish.parts` for this row, which waits. On the writer's thread; may come again. */
    void (*tell)(struct wi_row_cancel *cancel, const struct wi_row *row);
    char client[WI_ROW_CLIENT_MAX + 1]; /* the owner that the row must have; "" for any */
    int found;                          /* out */
    enum wi_row_state before;           /* out: its state until now */
};
wi_db_work_fn wi_row_cancel;

/* --- reading --------------------------------------------------------------------------------- */

/* One row, with its answer if that is no larger than `answer_max`. */
struct wi_row_read {
    char id[WI_ID_SIZE];
    char client[WI_ROW_CLIENT_MAX + 1]; /* the owner that the row must have; "" for any */
    size_t answer_max;
    int found;         /* out */
    struct wi_row row; /* out: owned */
};
wi_db_work_fn wi_row_read;

/* The newest rows, at most `limit`, in `state` (WI_ROW_STATES: in any); with `before_id` those that
 * would follow a row with that id and that time, whether or not it exists. */
struct wi_row_list {
    enum wi_row_state state;
    char client[WI_ROW_CLIENT_MAX + 1]; /* only this owner's; "" for all */
    size_t limit;
    int64_t before_at;
    char before_id[WI_ID_SIZE]; /* "": from the newest on */
    struct wi_row *rows;        /* out: owned with the array */
    size_t count;               /* out */
};
wi_db_work_fn wi_row_list;

/* --- keeping house --------------------------------------------------------------------------- */

/* A row that has to be finished. */
struct wi_row_name {
    char id[WI_ID_SIZE];
    char dialect[WI_ROW_DIALECT_MAX + 1];
    char client[WI_ROW_CLIENT_MAX + 1];
};

struct wi_row_names {
    struct wi_row_name *items; /* owned */
    size_t count;
};

/* A client's part of the shared resources. */
struct wi_row_holding {
    char client[WI_ROW_CLIENT_MAX + 1];
    size_t open;    /* rows that are not finished */
    uint64_t bytes; /* of bodies and answers */
};

/* Removes at most `limit` rows that were finished at `finished_before` or earlier, and gives their
 * room back; finds queued rows whose deadline has passed at `now`. */
struct wi_row_sweep {
    int64_t finished_before, now;
    size_t limit;
    int count;                       /* whether to count the rows, which costs a look at each */
    size_t removed;                  /* out */
    struct wi_row_names late;        /* out */
    size_t queued, open, total;      /* out: rows that wait, that are not finished, and all */
    uint64_t bytes;                  /* out: of bodies and answers */
    struct wi_row_holding *holdings; /* out: of all clients that have any; owned */
    size_t holding_count;            /* out */
};
wi_db_work_fn wi_row_sweep;

/* At the start: times in the future, from a wrong clock, are set to `now`, with the remaining
 * time unchanged. Rows that were running wait again, except those that were cancelled while
 * they ran, and those that had `crashes_max` runs without an end: both are returned, and have
 * to be finished. */
struct wi_row_recover {
    int64_t now; /* Unix milliseconds */
    unsigned crashes_max;
    size_t requeued;               /* out */
    struct wi_row_names poison;    /* out */
    struct wi_row_names cancelled; /* out: none of them is poison */
};
wi_db_work_fn wi_row_recover;

#endif
