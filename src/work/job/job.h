/*
 * Jobs: each is an accepted request that gets exactly one answer. The queue orders by priority and
 * age, enforces deadlines, cancels, and retries jobs that a node lost on another node.
 *
 *   waiting → running → done        running → waiting again when an attempt is lost
 */
#ifndef WI_WORK_JOB_JOB_H
#define WI_WORK_JOB_JOB_H

#include "base/budget.h"
#include "base/change.h"
#include "base/error.h"
#include "base/secret.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "wire/inference.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/pool.h"
#include <stdlib.h>

/* The most times that a job is sent to a node for each of its 1 + max_retries attempts, whatever
 * happened to it there: a loss that does not count as an attempt could otherwise repeat until the
 * deadline. */
#define WI_JOB_SENDS_PER_TRY 4

/* The request for a job, and its client. Owned; free with wi_job_spec_clear. */
struct wi_job_spec {
    char id[WI_ID_SIZE]; /* the job's id: made by us */
    char *client;        /* the client: a token's name or an address; NULL: no particular one */
    const struct wi_inference *asked; /* a reference; settled */
    double accepted_at;               /* wi_now_ms() at the last byte of the body */
    int ours_only;                    /* only browsers that we have started may run it */
    int proves; /* of a shadow job: see struct wi_demand. It does not wait for clients' jobs */
    unsigned earlier; /* times that earlier runs sent it to a node; they count, too */
};
static inline void wi_job_spec_clear(struct wi_job_spec *spec)
{
    free(spec->client);
    wi_inference_release(spec->asked);
    *spec = (struct wi_job_spec){0};
}

/* The place a job was last sent to. */
struct wi_job_place {
    char browser[32];          /* its kind; "": nowhere */
    int joined;                /* it is a joined node, whose kind is its own claim */
    enum wi_platform platform; /* the first that it was told to try */
};

/* The one answer. Valid during the callback; tensors and JSON may be taken as in wi_answer. */
struct wi_job_result {
    enum wi_code code; /* WI_OK or the failure, then `error` is filled */
    struct wi_error error;
    struct wi_answer *answer;  /* if WI_OK */
    char node[WI_ID_SIZE];     /* the node that answered; "" if none did */
    struct wi_job_place place; /* also of a failure there, even if its node is gone */
    struct wi_refusal refusal; /* of the requested platform, before anything was sent */
    enum wi_verdict numerics;  /* the verdict on the platform that answered */
    double queue_ms, total_ms;
    double first_part_ms; /* for a stream with parts: since it was accepted; else 0 */
    unsigned attempts;    /* including those of earlier runs */
    unsigned batch;       /* all rows that ran together, including these; 0: they ran alone */
    int starved;          /* for a failure: its last node lacked the memory to load the model */
};

typedef void wi_job_fn(void *context, const struct wi_job_spec *spec, struct wi_job_result *result);

/* Hooks for the module that checks nodes' answers. Any may be NULL. None may begin or end a job. */
struct wi_jobs_hooks {
    void *context;
    /* A client's job is about to be sent to that node. WI_OK, or the failure that becomes its
     * answer. */
    enum wi_code (*may_go)(
        void *context, const struct wi_job_spec *spec, const char *node_id, struct wi_error *error);
    /* A client's job has an answer, which is still complete: fills `result->numerics`. `requested`
     * is the probe that routing wants as a shadow run, `sent` the job's request as its node was
     * asked. */
    void (*on_answered)(void *context, const struct wi_job_spec *spec,
        const struct wi_inference *sent, const struct wi_probe *requested,
        struct wi_job_result *result);
    /* A node's answer to any job is `error`, and `last` was the last platform that it tried.
     * Returns 1 if that platform lacked the memory, so that another may succeed. */
    int (*on_failed)(void *context, const struct wi_inference *sent, const char *node_id,
        enum wi_platform last, const struct wi_error *error);
};

struct wi_jobs;
/* `budget` (may be NULL) is charged for the kept data of streams, and must outlive the jobs. */
struct wi_jobs *wi_jobs_new(
    uv_loop_t *loop, const struct wi_config *config, struct wi_budget *budget);
/* The events with which to create the pool. */
const struct wi_pool_events *wi_jobs_pool_events(struct wi_jobs *jobs);
void wi_jobs_start(struct wi_jobs *jobs, struct wi_pool *pool);
void wi_jobs_watch(struct wi_jobs *jobs, const struct wi_jobs_hooks *hooks); /* copied */
/* Tells `listener` (borrowed; NULL: none) from now on which of the clients' jobs has changed. */
void wi_jobs_tell(struct wi_jobs *jobs, const struct wi_change_listener *listener);
void wi_jobs_reload(struct wi_jobs *jobs, const struct wi_config *config);
/* Refuses new jobs, answers the waiting ones with WI_SHUTTING_DOWN, and lets running ones finish.
 * `on_idle` follows when no job runs any more. */
void wi_jobs_drain(struct wi_jobs *jobs, void (*on_idle)(void *), void *context);
/* Answers all remaining jobs with WI_SHUTTING_DOWN. */
void wi_jobs_abort(struct wi_jobs *jobs);
void wi_jobs_free(struct wi_jobs *jobs);

/* Whether a new job of `client` (NULL is a client, too) could be accepted now: WI_OK,
 * WI_QUEUE_FULL, WI_CLIENT_SHARE or WI_SHUTTING_DOWN. Called before a body is read. */
enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error);
/* The events of a stream (`spec->stream`) before its end. They never come from inside a call into
 * the jobs. */
struct wi_job_stream {
    /* The next part: each once and in order, even if its node was lost. Borrowed. */
    void (*on_part)(void *context, const struct wi_job_spec *spec, const struct wi_part *part);
    /* Before the first part, and after it if the request came through a relay; may be NULL.
     * Borrowed. */
    void (*on_progress)(
        void *context, const struct wi_job_spec *spec, const struct wi_progress *progress);
};
/* Takes `spec` over, also on failure; `stream` (NULL: it is none) is copied. On WI_OK `on_done`
 * comes exactly once, never from inside this call. Failures: as wi_jobs_admit, and WI_UNAVAILABLE
 * if nothing configured can run it. */
enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error);
/* Sets how much the stream's client has taken since the beginning: its node may send as much more
 * as WI_CREDIT_PARTS and WI_CREDIT_BYTES allow. */
void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken);
/* Submits a shadow job, which no client waits for. It gives way to clients' jobs: it is dispatched
 * only when none of theirs waits, and only few run at a time. It is not counted among theirs and
 * never retried. `timeout_ms` counts from its dispatch, which `on_dispatch` reports with its node,
 * which may be gone when the job ends. Otherwise as wi_jobs_submit. */
typedef void wi_job_dispatch_fn(void *context, const struct wi_job_spec *spec, const char *node_id);
enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *on_dispatch, wi_job_fn *on_done, void *context, struct wi_error *error);
/* The job's waiter is gone (client disconnected): no callback comes, its work stops. */
void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id);
/* Cancels on request: the waiter is answered WI_CANCELLED. WI_OK or WI_JOB_NOT_FOUND. */
enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id);

/* Why requests for the model are never run as a batch, as the end of a sentence; NULL: they may be.
 * The caller frees it. */
char *wi_jobs_batch_obstacle(const struct wi_jobs *jobs, const struct wi_model *model);

struct wi_job_counters {
    uint64_t accepted, completed, failed, cancelled, expired, rejected, retried, lost, late;
    uint64_t batches, joined; /* runs of several jobs as one, and the jobs in them */
    uint64_t streams, parts;  /* jobs accepted as streams, and parts sent to their clients */
    uint64_t continued;       /* attempts that continued what another had begun */
    uint64_t late_parts;      /* of attempts that are over: dropped */
    uint64_t stalls;          /* times that an attempt waited for its client to take parts */
    double stalled_ms;        /* the total time of these */
    size_t waiting, running;  /* now */
};
/* Counters of the clients' jobs. */
void wi_jobs_counters(const struct wi_jobs *jobs, struct wi_job_counters *counters);
/* Calls `look` for each of the clients' jobs: with its node, where `platform` is the first that it
 * tries, or NULL while it waits for one. Strings are borrowed. */
typedef void wi_job_look_fn(
    void *context, const struct wi_job_spec *spec, const char *node_id, enum wi_platform platform);
void wi_jobs_each(const struct wi_jobs *jobs, wi_job_look_fn *look, void *context);
/* {"id","client","model_name","state","node","age_ms",…} or NULL; new reference. After a failed
 * attempt it has "problem", the reason that the latest one failed. */
json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id);
/* Adds the ids of at most `most` of the clients' jobs, of one client or (NULL) of all, the oldest
 * first. It has to look at all jobs if that client has fewer. */
void wi_jobs_list(
    const struct wi_jobs *jobs, const char *client, struct wi_strings *ids, size_t most);
/* Its position among the clients' waiting jobs, from 1: an estimate, because not all of them can
 * run everywhere. 0: it does not wait, or there is no such job. */
size_t wi_jobs_position(const struct wi_jobs *jobs, const char *job_id);
/* Whether it is a stream that no node computes at present: it waits for one, at one for its turn or
 * its model, or for its node to reconnect. */
int wi_jobs_is_held_up(const struct wi_jobs *jobs, const char *job_id);
/* Its client ("" for no particular one), borrowed until it ends; NULL if there is no such job. */
const char *wi_jobs_client(const struct wi_jobs *jobs, const char *job_id);

#endif
