/*
 * Jobs: an accepted request on its way to exactly one answer. The queue orders by priority and
 * age, keeps deadlines, cancels, and retries on another node what a node lost.
 *
 *   waiting → running → done        running → waiting again when an attempt is lost
 */
#ifndef WI_WORK_JOB_JOB_H
#define WI_WORK_JOB_JOB_H

#include "base/budget.h"
#include "base/change.h"
#include "base/error.h"
#include "base/secret.h"
#include "models/catalog/library/repository.h"
#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "wire/inference.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/pool.h"
#include <stdlib.h>

/* A job is sent to a node at most so often for each of its 1 + max_retries attempts, whatever
 * became of it there: a loss that costs no try could else repeat until the deadline. */
#define WI_JOB_SENDS_PER_TRY 4

/* What is to be a job: what is asked, and by whom. Owned; free with wi_job_spec_clear. */
struct wi_job_spec {
    char id[WI_ID_SIZE]; /* the job's id: made by us */
    char *client;        /* who asks: a token's name or an address; NULL: nobody in particular */
    const struct wi_inference *asked; /* a reference; settled */
    double accepted_at;               /* wi_now_ms() at the last byte of the body */
    int ours_only;                    /* only browsers that we have started may have it */
    int proves;       /* of a shadow job: see struct wi_demand. It waits for no client's job */
    unsigned earlier; /* how often it was sent to a node in earlier runs, which count for its end */
};
static inline void wi_job_spec_clear(struct wi_job_spec *spec)
{
    free(spec->client);
    wi_inference_release(spec->asked);
    *spec = (struct wi_job_spec){0};
}

/* Where a job was sent last. */
struct wi_job_place {
    char browser[32];          /* its kind; "": nowhere */
    int joined;                /* it is a joined node, whose kind is what it said */
    enum wi_platform platform; /* the first that it was to try */
};

/* The one answer. Valid during the callback; tensors and JSON may be taken as in wi_answer. */
struct wi_job_result {
    enum wi_code code; /* WI_OK or the failure, then `error` is filled */
    struct wi_error error;
    struct wi_answer *answer;  /* if WI_OK */
    char node[WI_ID_SIZE];     /* who answered; "" if nobody did */
    struct wi_job_place place; /* also of what failed there, though its node may be gone */
    struct wi_refusal refusal; /* of the platform asked for, before anything was sent */
    enum wi_verdict numerics;  /* what is known of the platform that answered */
    double queue_ms, total_ms;
    double first_part_ms; /* of a stream with parts: from its acceptance; else 0 */
    unsigned attempts;    /* of earlier runs too */
    unsigned batch;       /* rows that ran together with these, and these; 0: they ran alone */
    int starved;          /* of a failure: its last node had not the memory to load the model */
};

typedef void wi_job_fn(void *context, const struct wi_job_spec *spec, struct wi_job_result *result);

/* For who watches what nodes say of a model. Any may be NULL. None may begin or end a job. */
struct wi_jobs_hooks {
    void *context;
    /* A client's job is about to go to that node. WI_OK, or the failure that is its answer. */
    enum wi_code (*may_go)(
        void *context, const struct wi_job_spec *spec, const char *node_id, struct wi_error *error);
    /* A client's job has an answer, which is still whole: fills `result->numerics`. `requested`: of
     * routing's, for a shadow run. `sent`: the job's request, as its node was asked. */
    void (*on_answered)(void *context, const struct wi_job_spec *spec,
        const struct wi_inference *sent, const struct wi_probe *requested,
        struct wi_job_result *result);
    /* A node's answer to any job is `error`, and `last` was the last platform that it tried. 1 if
     * that one had not the memory, so that another may do. */
    int (*on_failed)(void *context, const struct wi_inference *sent, const char *node_id,
        enum wi_platform last, const struct wi_error *error);
};

struct wi_jobs;
/* `budget` (may be NULL) is charged with what is kept of streams, and must outlive the jobs. */
struct wi_jobs *wi_jobs_new(
    uv_loop_t *loop, const struct wi_config *config, struct wi_budget *budget);
/* The events with which to create the pool. */
const struct wi_pool_events *wi_jobs_pool_events(struct wi_jobs *jobs);
void wi_jobs_start(struct wi_jobs *jobs, struct wi_pool *pool);
void wi_jobs_watch(struct wi_jobs *jobs, const struct wi_jobs_hooks *hooks); /* copied */
/* Tells `listener` (borrowed; NULL: nobody) from now on which of the clients' jobs has changed. */
void wi_jobs_tell(struct wi_jobs *jobs, const struct wi_change_listener *listener);
void wi_jobs_reload(struct wi_jobs *jobs, const struct wi_config *config);
/* Refuses new jobs, answers what waits with WI_SHUTTING_DOWN, lets what runs finish. `on_idle`
 * follows when nothing runs any more. */
void wi_jobs_drain(struct wi_jobs *jobs, void (*on_idle)(void *), void *context);
/* Answers whatever is left with WI_SHUTTING_DOWN. */
void wi_jobs_abort(struct wi_jobs *jobs);
void wi_jobs_free(struct wi_jobs *jobs);

/* Whether a new job of `client` (NULL is one too) could be accepted now: WI_OK, WI_QUEUE_FULL,
 * WI_CLIENT_SHARE or WI_SHUTTING_DOWN. Asked before a body is read. */
enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error);
/* Takes `spec` over, also on failure. On WI_OK `on_done` comes exactly once, never from inside
 * this call. Failures: as wi_jobs_admit, and WI_UNAVAILABLE if nothing configured can run it. */
enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec, wi_job_fn *on_done,
    void *context, struct wi_error *error);
/* What comes of a stream (`spec->stream`) before its end, each never from inside a call into the
 * jobs. */
struct wi_job_stream {
    /* The next part: each once and in order, whatever became of its node. Borrowed. */
    void (*on_part)(void *context, const struct wi_job_spec *spec, const struct wi_part *part);
    /* Before the first part; may be NULL. Borrowed. */
    void (*on_progress)(
        void *context, const struct wi_job_spec *spec, const struct wi_progress *progress);
};
/* As wi_jobs_submit; `stream` is copied. */
enum wi_code wi_jobs_submit_stream(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error);
/* What the stream's client has taken since its beginning: its node may send as much more as
 * WI_CREDIT_PARTS and WI_CREDIT_BYTES say. */
void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken);
/* A shadow job, for which nobody waits: it gives way to the clients', is dispatched only when
 * none of theirs waits, and few at a time; it is not counted among theirs and never tried again;
 * `timeout_ms` counts from its dispatch, which `on_dispatch` tells: it goes to that node, which may
 * be gone when it ends. Otherwise as wi_jobs_submit. */
typedef void wi_job_dispatch_fn(void *context, const struct wi_job_spec *spec, const char *node_id);
enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *on_dispatch, wi_job_fn *on_done, void *context, struct wi_error *error);
/* The job's waiter is gone (client disconnected): no callback comes, its work stops. */
void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id);
/* Cancels by order: the waiter is answered WI_CANCELLED. WI_OK or WI_JOB_NOT_FOUND. */
enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id);

struct wi_job_counters {
    uint64_t accepted, completed, failed, cancelled, expired, rejected, retried, lost, late;
    uint64_t batches, joined; /* runs of several jobs as one, and the jobs in them */
    uint64_t streams, parts;  /* jobs that were accepted as streams, and what their clients got */
    uint64_t continued;       /* attempts that went on with what another had begun */
    uint64_t late_parts;      /* of attempts that are over: dropped */
    uint64_t stalls;          /* how often an attempt waited for its client to take something */
    double stalled_ms;        /* how long, in all */
    size_t waiting, running;  /* now */
};
/* Of the clients' jobs. */
void wi_jobs_counters(const struct wi_jobs *jobs, struct wi_job_counters *counters);
/* Each of the clients' jobs: on that node, where `platform` is the first that it tries, or NULL
 * while it waits for one. Strings are borrowed. */
typedef void wi_job_look_fn(
    void *context, const struct wi_job_spec *spec, const char *node_id, enum wi_platform platform);
void wi_jobs_each(const struct wi_jobs *jobs, wi_job_look_fn *look, void *context);
/* {"id","client","model_name","state","node","age_ms",…} or NULL; new reference. After a failed
 * attempt with "problem", why the latest one failed. */
json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id);
/* Adds the ids of `most` of the clients' jobs, of one client's or (NULL) everybody's, the oldest
 * first. Costs a look at all of them where there are not so many of that client. */
void wi_jobs_list(
    const struct wi_jobs *jobs, const char *client, struct wi_strings *ids, size_t most);
/* Its place among the clients' jobs that wait, from 1: an estimate, since not all of them can run
 * everywhere. 0: it does not wait, or there is none. */
size_t wi_jobs_position(const struct wi_jobs *jobs, const char *job_id);
/* Whose it is ("" for nobody's in particular), borrowed until it ends; NULL if there is no such
 * job. */
const char *wi_jobs_client(const struct wi_jobs *jobs, const char *job_id);

#endif
