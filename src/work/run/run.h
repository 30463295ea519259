/*
 * One run: an inference from the bytes of a request to the bytes of its answer, whichever format
 * these are in, and whether the answer comes in parts or as a whole.
 *
 *   reading → looking → (pulling or making → looking) → checked → queued → printing → done
 *
 * run_state.h has the states and what leads from one to another.
 *
 * A run has an owner: a client that waits, a stream, live sound, a stored job or the guard. The
 * owner is told what comes of it, and last how it ended. Everything is called on the loop's thread.
 */
#ifndef WI_WORK_RUN_RUN_H
#define WI_WORK_RUN_RUN_H

#include "base/work_queue.h"
#include "models/models.h"
#include "wire/dialect.h"
#include "work/job/job.h"
#include "work/run/success.h"

/* The maker of missing variants in fewer bits (owners/quantizer/demand.c). A higher layer provides
 * it, because runs cannot make variants themselves. */

/* Reports progress, or, with `progress` NULL, the end: `error` is NULL if the variant is there, or
 * the reason that it is not. Both are borrowed. */
typedef void wi_run_maker_fn(
    void *context, const struct wi_progress *progress, const struct wi_error *error);

struct wi_run_made; /* a variant that is waited for; the maker's own */

struct wi_run_maker {
    void *context; /* for the first two */
    /* The variant to make of `model` if that precision is requested and missing; with NULL, the
     * next smaller one if there is no memory for `model` itself. Static; NULL: none. */
    const char *(*variant)(void *context, const struct wi_model *model, const char *precision);
    /* Makes it, or joins one under way; ends with the failure of one that failed not long ago.
     * Never calls back from inside; the result is freed after the end. */
    struct wi_run_made *(*begin)(void *context, struct wi_model *model, const char *variant,
        wi_run_maker_fn *on_event, void *event_context);
    void (*leave)(struct wi_run_made *made); /* no callback comes; the making continues */
};

/* A client's job that has failed. Borrowed. */
struct wi_run_failure {
    const struct wi_model *model;
    const struct wi_job_place *place;
    double total_ms; /* since it was accepted */
};

/* A client's request that was accepted has ended. Borrowed. */
struct wi_run_ending {
    const char *id; /* its own, if it has one; else its job's */
    const char *client;
    const char *model_name;           /* as it was found, else as requested; NULL: not known */
    enum wi_code code;                /* WI_OK, or why it failed */
    const struct wi_inference *asked; /* with `outcome`; else perhaps NULL */
    const struct wi_outcome *outcome; /* what came of it, whose tensors may be shared; or NULL */
    double total_ms;                  /* since it was accepted */
};

/* What runs need. All borrowed; it is read whenever a run goes on, so that the owner may change
 * `config`, `pulls` and `maker`. What a thread still does is ended when the loop is empty. */
struct wi_run_deps {
    uv_loop_t *loop;
    const struct wi_config *config;
    struct wi_jobs *jobs;
    const struct wi_pool *pool;
    struct wi_repository *repository;
    struct wi_pulls *pulls;           /* NULL: no run begins a pull */
    const struct wi_run_maker *maker; /* NULL: no run has a variant made */
    struct wi_budget *budget;
    struct wi_work_queue *heavy; /* big JSON is read and printed here */
    /* A client's job has been answered; `outcome` is borrowed. What is given back stands for what
     * it is counted as: see wi_run_counted_as. */
    uint64_t (*on_outcome)(void *context, const struct wi_outcome *outcome);
    /* One of a client's has failed, or could not be queued, and is not run again; likewise. May be
     * NULL. */
    uint64_t (*on_failure)(void *context, const struct wi_run_failure *failure);
    /* Whether on_ended would be heard now, of that request of the client. Asked when its job has
     * been answered, unless its end may come much later: if not, a good end in the same turn of the
     * loop is not told. Set where on_ended is, if there are other runs than WI_RUN_STORED. */
    int (*is_heard)(void *context, const char *client, const struct wi_inference *asked);
    /* A request that was in the queue, or that waited for its model, has ended; once, with what its
     * client gets. Runs tell it of WI_RUN_ANSWER, before their owner is told; of other requests of
     * a client the owner does, which knows their ends. May be NULL. */
    void (*on_ended)(void *context, const struct wi_run_ending *ending);
    /* A stored job that was counted as that has an answer, of so many bytes. May be NULL. */
    void (*on_stored)(void *context, uint64_t counted_as, uint64_t bytes_in, uint64_t bytes_out);
    /* What an owner's on_work has begun to measure is over. May be NULL where no owner has one. */
    void (*on_rest)(void *context);
    void *context;
};

enum wi_run_kind {
    WI_RUN_ANSWER, /* ends with the answer, printed */
    WI_RUN_CHECK,  /* ends once the request is checked: wi_run_infer is settled then */
    /* Of a row that was checked when it was stored: it is read on a thread, pulls nothing, and ends
     * with the answer before wi_printing_run. */
    WI_RUN_STORED,
    /* For nobody who waits: it begins at `asked`, its job is a shadow job
     * (wi_jobs_submit_shadow), and it ends with the outcome, which is not printed. */
    WI_RUN_SHADOW,
    /* Of a client, for what the service makes of its answer: it begins at `asked` as well and ends
     * with the outcome, but its job is like any other, and counted as those are. */
    WI_RUN_INSIDE
};

/* A request as it came; of WI_RUN_SHADOW and WI_RUN_INSIDE what it asks for, in the place of
 * all up to `client`. */
struct wi_run_request {
    enum wi_run_kind kind;
    const struct wi_dialect *dialect;
    struct wi_blob *body;       /* taken over */
    size_t json_size;           /* of its bytes are JSON; 0: it is a form */
    const char *model;          /* what its address says of it; NULL: the body does; copied */
    const char *version;        /* likewise; NULL: the current one */
    uint64_t parse_cost;        /* bytes of memory that parsing takes, beside the body */
    int lenient;                /* what is not known is passed over */
    struct wi_inference *asked; /* settled; taken over */
    int ours_only;              /* only browsers that we have started may have it */
    int proves;                 /* of WI_RUN_SHADOW: as of struct wi_job_spec */
    const char *client;         /* who asks; copied */
    const char *called; /* of WI_RUN_STORED: its job's id for the client; borrowed until it ends */
    double accepted_at; /* wi_now_ms() */
    unsigned earlier;   /* how often earlier runs of it went to a node */
};

/* Whom a run is for. What a callback gets is borrowed for the call, but for `printing`. Any of them
 * may come from inside wi_run_begin. */
struct wi_run_owner {
    void *context;
    /* Charges so many bytes to the owner, in place of what was charged before. 0, or -1: there is
     * no memory. The owner gives them back itself, when what the run gave it has gone. */
    int (*charge)(void *context, uint64_t bytes);
    /* The loop goes on with it, after what a thread or a node has done: 1 if what that takes is
     * measured, until on_rest of the deps. May be NULL. */
    int (*on_work)(void *context);
    /* Once, when the request was read, if it came through a relay: WI_OK if its client may send
     * such a request, or why the run ends. NULL: nobody may. */
    enum wi_code (*on_relayed)(void *context, struct wi_error *error);
    /* Once, when the model is there and fits what is asked, or is going to be pulled: the last
     * chance to change `infer`. WI_OK, or why the run ends. It may give the run another owner. May
     * be NULL. */
    enum wi_code (*on_begin)(void *context, struct wi_infer *infer, struct wi_error *error);
    /* Its job is in the queue. May be NULL. */
    void (*on_queued)(void *context);
    /* Of a stream: each part once and in order, and how far it is before the first. */
    void (*on_part)(void *context, const struct wi_part *part);
    void (*on_progress)(void *context, const struct wi_progress *progress);
    /* Of WI_RUN_SHADOW: its job goes to that node, which may be gone when it ends. May be NULL. */
    void (*on_sent)(void *context, const char *node_id);
    /* Likewise, and of WI_RUN_INSIDE: what came of it, whose tensors may be taken. Its end follows.
     */
    void (*on_outcome)(void *context, struct wi_outcome *outcome);
    /* Of WI_RUN_STORED: whether it is run again after this failure, which is counted if not. May be
     * NULL: no. */
    int (*runs_again)(void *context, const struct wi_error *error);
    /* The end, once. Either is given, and `printing` is the owner's; WI_RUN_CHECK, WI_RUN_SHADOW
     * and WI_RUN_INSIDE end well with neither. The run is gone when this returns. */
    void (*on_done)(void *context, struct wi_printing *printing, const struct wi_error *error);
};

/* Calls on_ended, if it is set. */
void wi_run_tell_end(const struct wi_run_deps *deps, const struct wi_run_ending *ending);

struct wi_run;
struct wi_run *wi_run_new(const struct wi_run_deps *deps, const struct wi_run_request *request,
    const struct wi_run_owner *owner);
void wi_run_begin(struct wi_run *run);
/* From now on it is for `owner`. */
void wi_run_give(struct wi_run *run, const struct wi_run_owner *owner);
/* Ends it with `error`: on_done comes from inside, or where its job takes a moment soon after. */
void wi_run_stop(struct wi_run *run, const struct wi_error *error);
/* Nobody wants it any more: no callback comes. NULL is fine. */
void wi_run_abandon(struct wi_run *run);

/* The id of its job, also before there is one. */
const char *wi_run_id(const struct wi_run *run);
/* What is asked, as far as it was read; of wi_run_model the name as it was found, else as asked. */
const struct wi_infer *wi_run_infer(const struct wi_run *run);
const char *wi_run_model(const struct wi_run *run);
/* Of WI_RUN_STORED, once it has an answer: what is to be told of that if it is stored. The
 * caller's; NULL if nothing is told. */
struct wi_run_success *wi_run_take_success(struct wi_run *run);
/* What on_outcome or on_failure gave; 0 before that, and if it was not counted. */
uint64_t wi_run_counted_as(const struct wi_run *run);
/* Of a stream: its client has taken so much since the beginning. */
void wi_run_took(struct wi_run *run, const struct wi_credit *taken);

/* A browser kind is one that is configured, or that a joined page has; NULL is any. WI_OK or
 * WI_INVALID_FIELD with the list. */
enum wi_code wi_run_check_browser(
    const struct wi_run_deps *deps, const char *kind, struct wi_error *error);

#endif
