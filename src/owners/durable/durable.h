/*
 * Durable jobs: accepted once their row is in the database, run from there a few at a time, kept
 * with their answers until they expire. A killed daemon's successor goes on with them.
 *
 * Everything here is for the loop's thread.
 */
#ifndef WI_OWNERS_DURABLE_DURABLE_H
#define WI_OWNERS_DURABLE_DURABLE_H

#include "settings/store/rows.h"
#include "work/run/run.h"

/* A job without a timeout_ms may take this long, from its acceptance. */
#define WI_DURABLE_TIMEOUT_MS (24 * 3600 * 1000LL)
/* Jobs that are not finished, at most. */
#define WI_DURABLE_OPEN_MAX 100000
/* A job that was running at so many ends of the daemon that were not in good order is failed. */
#define WI_DURABLE_CRASHES_MAX 3

/* What the jobs are run with and kept in, until wi_durable_free. What is still being written then
 * needs the database and the budget, which live until the loop is empty. */
struct wi_durable_deps {
    struct wi_run_deps runs;
    struct wi_db *db; /* borrowed */
};

struct wi_durable;
/* Takes stock of the rows in the database, and begins to run what waits once the loop turns. NULL
 * with `error` if they cannot be read. */
struct wi_durable *wi_durable_new(const struct wi_durable_deps *deps, struct wi_error *error);
void wi_durable_reload(
    struct wi_durable *durable, const struct wi_config *config); /* NULL is fine */
/* Accepts and runs no more; what runs may end. NULL is fine. */
void wi_durable_quiesce(struct wi_durable *durable);
/* When all jobs have been drained and no request is left. What is still being written ends by
 * itself. NULL is fine. */
void wi_durable_free(struct wi_durable *durable);

/* --- what requests want of them: requests.c ---------------------------------------------------
 *
 * `op` is filled as rows.h says and borrowed until `done`, which comes exactly once with `data`,
 * never from inside. */

/* WI_OK, or why no job of `client` with a body of `bytes` can be accepted now: WI_QUEUE_FULL,
 * WI_STORAGE_FAILED (the room for jobs is used up), WI_CLIENT_SHARE (his part of either),
 * WI_SHUTTING_DOWN, or WI_UNAVAILABLE without a database (`durable` NULL). */
enum wi_code wi_durable_admit(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error);
void wi_durable_accept(
    struct wi_durable *durable, struct wi_row_accept *op, wi_db_done_fn *done, void *data);
void wi_durable_read(
    struct wi_durable *durable, struct wi_row_read *op, wi_db_done_fn *done, void *data);
void wi_durable_list(
    struct wi_durable *durable, struct wi_row_list *op, wi_db_done_fn *done, void *data);

/* Cancels the job `id` of `client` ("" for anybody's), also if the request goes meanwhile. One that
 * runs is finished as cancelled soon after, unless it has ended already; one that is finished stays
 * as it is. */
struct wi_durable_cancel {
    char id[WI_ID_SIZE];
    char client[WI_ROW_CLIENT_MAX + 1];
    int found; /* out */
};
void wi_durable_cancel(
    struct wi_durable *durable, struct wi_durable_cancel *op, wi_db_done_fn *done, void *data);

/* Somebody who waits for a job's end. Embedded; zero-initialise. `on_finished` comes once, from
 * the loop, after the row was finished, or when that could not be written for the first time; the
 * watcher is out of the list then. Who reads a row and watches it in the callback of that misses
 * nothing: callbacks come in the order in which the database worked. */
struct wi_durable_watcher {
    char id[WI_ID_SIZE];
    void (*on_finished)(struct wi_durable_watcher *watcher);
    int watching;
    struct wi_durable_watcher *next, *prev;
};
void wi_durable_watch(struct wi_durable *durable, struct wi_durable_watcher *watcher);
void wi_durable_unwatch(struct wi_durable *durable, struct wi_durable_watcher *watcher);

/* --- how they are ----------------------------------------------------------------------------- */

/* What is known here of a job whose row says that it is running. */
struct wi_durable_now {
    int running;           /* on a node, or it has ended and that is being written */
    int stuck;             /* it has ended, and that could not be written yet */
    char node[WI_ID_SIZE]; /* "" for none */
    unsigned attempts;     /* of this run and those before it */
    char problem[512];     /* of the last attempt, or of the writing; "" for none */
};
void wi_durable_look(const struct wi_durable *durable, const char *id, struct wi_durable_now *now);
/* WI_OK, or WI_STORAGE_FAILED while the database cannot be written. */
enum wi_code wi_durable_health(const struct wi_durable *durable, struct wi_error *error);
/* The same for people: a new JSON string; NULL while all is well, and without `durable`. */
json_t *wi_durable_warning(const struct wi_durable *durable);

struct wi_durable_counters {
    uint64_t accepted, replayed, done, failed, cancelled, recovered, expired;
    size_t queued, running; /* now */
    size_t unwritten;       /* of these, those that have ended, which could not be stored yet */
    uint64_t bytes;         /* of bodies and answers, now */
};
/* All 0 without `durable`. */
void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters);

#endif
