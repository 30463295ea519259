/*
 * Durable jobs: accepted once their row is in the database, run from there a few at a time, kept
 * with their answers until they expire. A killed daemon's successor goes on with them.
 *
 * What a request wants of them is in job_post.c and jobs.c; one run of one job is run.c.
 */
#ifndef WI_API_DURABLE_H
#define WI_API_DURABLE_H

#include "api/request.h"
#include "store/rows.h"

/* A job without a timeout_ms may take this long, from its acceptance. */
#define WI_DURABLE_TIMEOUT_MS (24 * 3600 * 1000LL)
/* Jobs that are not finished, at most. */
#define WI_DURABLE_OPEN_MAX 100000
/* A job that was running at so many ends of the daemon that were not in good order is failed. */
#define WI_DURABLE_CRASHES_MAX 3

struct wi_durable;
/* Takes stock of the rows in `api->deps.db`, and begins to run what waits once the loop turns.
 * NULL with `error` if they cannot be read. `api` must live until wi_durable_free. */
struct wi_durable *wi_durable_new(struct wi_api *api, struct wi_error *error);
/* When all jobs have been drained and no request is left. What is still being written ends by
 * itself, without `api`. NULL is fine. */
void wi_durable_free(struct wi_durable *durable);

/* WI_OK, or why no job can be accepted now: WI_QUEUE_FULL, WI_STORAGE_FAILED (the room for jobs is
 * used up), WI_SHUTTING_DOWN, or WI_UNAVAILABLE without a database (`durable` NULL). */
enum wi_code wi_durable_admit(const struct wi_durable *durable, const struct wi_api *api,
    size_t bytes, struct wi_error *error);
/* A row was accepted and is on the disk. */
void wi_durable_added(struct wi_durable *durable, const struct wi_row *row);
/* wi_row_cancel found the job running: it is finished as cancelled soon after, unless it has ended
 * already. */
void wi_durable_cancel(struct wi_durable *durable, const char *id);
/* A queued row was finished by wi_row_cancel. */
void wi_durable_cancelled(
    struct wi_durable *durable, const char *id, size_t body_size, size_t answer_size);
/* What is known here of a job whose row says that it is running. */
struct wi_durable_now {
    int running;           /* on a node, or it has ended and that is being written */
    int stuck;             /* it has ended, and that could not be written yet */
    char node[WI_ID_SIZE]; /* "" for none */
    unsigned attempts;     /* of this run and those before it */
    char problem[512];     /* of the last attempt, or of the writing; "" for none */
};
void wi_durable_look(const struct wi_durable *durable, const char *id, struct wi_durable_now *now);
/* What people are to be told while the database cannot be written: a JSON string; else NULL. */
json_t *wi_durable_warning(const struct wi_api *api);
/* Where POST was answered from what was there already. */
void wi_durable_replayed(struct wi_durable *durable);

/* Somebody who waits for a job's end. Embedded; zero-initialise. `on_finished` comes once, from
 * the loop, after the row was finished, or when that could not be written for the first time; the
 * watcher is out of the list then. */
struct wi_durable_watcher {
    char id[WI_ID_SIZE];
    void (*on_finished)(struct wi_durable_watcher *watcher);
    int watching;
    struct wi_durable_watcher *next, *prev;
};
void wi_durable_watch(struct wi_durable *durable, struct wi_durable_watcher *watcher);
void wi_durable_unwatch(struct wi_durable *durable, struct wi_durable_watcher *watcher);

struct wi_durable_counters {
    uint64_t accepted, replayed, done, failed, cancelled, recovered, expired;
    size_t queued, running; /* now */
    size_t unwritten;       /* of these, those that have ended, which could not be stored yet */
    uint64_t bytes;         /* of bodies and answers, now */
};
void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters);

/* wi_db_submit for work whose `done` uses `durable`; `done` ends with wi_durable_written. */
void wi_durable_submit(
    struct wi_durable *durable, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
/* A piece of work has called back. 0 if `durable` is gone with it. */
int wi_durable_written(struct wi_durable *durable);

/* --- between the endpoints' files ------------------------------------------------------------ */

/* POST /v1/jobs, and POST /v1/infer with an Idempotency-Key. */
void wi_job_post(struct wi_request *request);
/* What a request is told about a job. */
enum wi_job_form {
    WI_JOB_DOCUMENT,   /* as by GET /v1/jobs/ID */
    WI_JOB_ANSWER,     /* as by /v1/infer */
    WI_JOB_CANCELLING, /* whether it is cancelled */
};
/* Answers `request` when the stored job `id` has ended, or after `wait_ms` with what is known then.
 * WI_JOB_ANSWER waits until the job's deadline instead. `replayed`: said in a header of an answer.
 */
void wi_job_look(struct wi_request *request, const char *id, enum wi_job_form form, int64_t wait_ms,
    int replayed);
/* Answers a POST /v1/infer with the answer of the job `id`, once there is one. */
void wi_job_answer_with(struct wi_request *request, const char *id, int replayed);
/* Whose rows `request` may find, as rows.h takes it. */
void wi_job_scope(const struct wi_request *request, char client[WI_ROW_CLIENT_MAX + 1]);
void wi_job_not_found(const char *name, struct wi_error *error);
/* Prints the row's document up to what its answer would be: without the closing brace. */
void wi_job_print(
    struct wi_buffer *out, const struct wi_durable *durable, const struct wi_row *row);

#endif
