/*
 * Durable jobs. A job is accepted once its record is in the store (terms/job/job_store.h). Jobs run
 * from there a few at a time, and are kept with their answers until they expire. After a daemon was
 * killed, the next one continues with them.
 *
 * Everything here is for the loop's thread.
 */
#ifndef WI_OWNERS_DURABLE_DURABLE_H
#define WI_OWNERS_DURABLE_DURABLE_H

#include "terms/job/job_store.h"
#include "work/run/run.h"

/* A job without a timeout_ms may take this long, from its acceptance. */
#define WI_DURABLE_TIMEOUT_MS (24 * 3600 * 1000LL)
/* The most unfinished jobs. */
#define WI_DURABLE_OPEN_MAX 100000
/* A job is failed that was running when the daemon was lost for so many times. */
#define WI_DURABLE_CRASHES_MAX 3

/* The means to run and store the jobs, used until wi_durable_free. Writes that are still under way
 * then need the store and the budget, which must live until the loop is empty. */
struct wi_durable_deps {
    struct wi_run_deps runs;
    struct wi_job_store store;
    /* Whether another member may run this record, which cannot run here because of `code`:
     * WI_MODEL_NOT_FOUND or WI_UNAVAILABLE. NULL: there are no others. */
    int (*may_run_elsewhere)(void *context, const struct wi_record *record, enum wi_code code);
    void *context;
};

struct wi_durable;
/* Begins to run waiting jobs once the loop turns. `found`, borrowed: what opening the store has
 * found, as a sweep; all 0 if that is not known yet. */
struct wi_durable *wi_durable_new(
    const struct wi_durable_deps *deps, const struct wi_record_sweep *found);
void wi_durable_reload(
    struct wi_durable *durable, const struct wi_config *config); /* NULL is fine */
/* Accepts and starts no more jobs; running ones may end. NULL is fine. */
void wi_durable_quiesce(struct wi_durable *durable);
/* Called once all jobs have been drained and no request is left. Writes under way end by
 * themselves. NULL is fine. */
void wi_durable_free(struct wi_durable *durable);

/* --- operations for requests: requests.c ------------------------------------------------------ */

/* `op` is filled as job_store.h says and borrowed until `done`, which comes exactly once with
 * `data`, never from inside. */

/* WI_OK, or the reason that no job of `client` with a body of `bytes` can be accepted now:
 * WI_QUEUE_FULL, WI_STORAGE_FAILED (the room for jobs is used up), WI_CLIENT_SHARE (the client's
 * share of either is used up), WI_SHUTTING_DOWN, or WI_UNAVAILABLE without a store (`durable`
 * NULL). */
enum wi_code wi_durable_admit(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error);
void wi_durable_accept(struct wi_durable *durable, struct wi_record_accept *op,
    wi_job_store_done_fn *done, void *data);
void wi_durable_read(
    struct wi_durable *durable, struct wi_record_read *op, wi_job_store_done_fn *done, void *data);
void wi_durable_list(
    struct wi_durable *durable, struct wi_record_list *op, wi_job_store_done_fn *done, void *data);

/* Cancels the job `id` of `client` ("" for any client), even if the request goes away meanwhile. A
 * running job is finished as cancelled soon after, unless it has already ended; a finished one does
 * not change. */
struct wi_durable_cancel {
    char id[WI_ID_SIZE];
    char client[WI_RECORD_CLIENT_MAX + 1];
    int found; /* out */
};
void wi_durable_cancel(struct wi_durable *durable, struct wi_durable_cancel *op,
    wi_job_store_done_fn *done, void *data);

/* Waits for a job's end. Embedded; zero-initialise. `on_finished` comes once, from the loop, after
 * the record was finished, or when writing that failed for the first time; the watcher has then
 * been removed from the list. A caller that reads a record and starts watching it in the callback
 * of that read misses nothing: callbacks come in the order in which the store worked. */
struct wi_durable_watcher {
    char id[WI_ID_SIZE];
    void (*on_finished)(struct wi_durable_watcher *watcher);
    int watching;
    struct wi_durable_watcher *next, *prev;
};
void wi_durable_watch(struct wi_durable *durable, struct wi_durable_watcher *watcher);
void wi_durable_unwatch(struct wi_durable *durable, struct wi_durable_watcher *watcher);

/* --- their state ------------------------------------------------------------------------------ */

/* The present state of a job whose record says that it is running. */
struct wi_durable_now {
    int running;           /* on a node, or it has ended and its end is being written */
    enum wi_code stuck;    /* not WI_OK: it has ended, and its end could not be written yet */
    char node[WI_ID_SIZE]; /* "" for none */
    unsigned attempts;     /* of this run and earlier ones */
    char problem[512];     /* of the last attempt, or of the writing; "" for none */
};
void wi_durable_look(const struct wi_durable *durable, const char *id, struct wi_durable_now *now);
/* WI_OK, or why nothing can be stored now. */
enum wi_code wi_durable_health(const struct wi_durable *durable, struct wi_error *error);
/* The same for people: a new JSON string; NULL while all is well, and without `durable`. */
json_t *wi_durable_warning(const struct wi_durable *durable);

struct wi_durable_counters {
    uint64_t accepted, replayed, done, failed, cancelled, recovered, expired;
    uint64_t dropped;       /* ends whose record had another end already */
    size_t queued, running; /* now */
    size_t unwritten;       /* of these, those that have ended and could not be stored yet */
    uint64_t bytes;         /* of bodies and answers, now */
};
/* All 0 without `durable`. */
void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters);

#endif
