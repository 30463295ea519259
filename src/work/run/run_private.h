/* Shared between the files of a run (run.h), from the lowest to the highest. */
#ifndef WI_WORK_RUN_RUN_PRIVATE_H
#define WI_WORK_RUN_RUN_PRIVATE_H

#include "work/run/run.h"
#include "work/run/run_state.h"

/* How its job failed, for want of memory. */
struct wi_run_starved {
    struct wi_job_place place;
    struct wi_error error;
};

/* Which variant of its model a run asks for. */
enum wi_run_choice {
    WI_RUN_CHOICE_UNKNOWN, /* its model was not found yet */
    WI_RUN_CHOICE_FIXED,   /* the request says it, or the model has one only */
    WI_RUN_CHOICE_OPEN     /* the request leaves it open */
};

struct wi_run {
    const struct wi_run_deps *deps;
    struct wi_run_request request; /* `body` is there until it was parsed */
    struct wi_run_owner owner;
    char id[WI_ID_SIZE];
    char *client;
    struct wi_infer infer;
    enum wi_run_state state;          /* wi_run_move() writes it */
    int is_accepted;                  /* its job, or a wait for its model, has begun */
    int pulled;                       /* its model was not here: it is not pulled twice */
    const char *made;                 /* the variant that was made for it last; NULL: none was */
    enum wi_run_choice choice;        /* decided when its model is found for the first time */
    const struct wi_inference *first; /* what was queued before it was lessened; else NULL */
    json_t *lessened;                 /* the variants that were given up: see wi_outcome; or NULL */
    struct wi_run_starved *starved;   /* while a smaller variant is made; else NULL */
    /* What is under way, of these one at most. */
    struct wi_queued_work *work; /* parsing or printing, on a thread, which has the run then */
    struct wi_repository_lookup *lookup;
    struct wi_model
        *model; /* that it was found to be, while its graphs for WebGPU are looked for */
    struct wi_run_wait *wait;
    uint64_t counted_as;

    enum wi_code code;     /* of parsing; with `late` the thread's while it parses */
    struct wi_error *late; /* only for a thread: with it this would be no small allocation */
    struct wi_error *why;  /* it is being stopped; else NULL */
    struct wi_printing *printing;
    struct wi_run_success *success; /* of its job, to be told at its end; NULL: it is not told */
};

static inline void wi_run_move(struct wi_run *run, enum wi_run_event event)
{
    wi_run_state_change(&run->state, event, run->id);
    run->is_accepted |= event == WI_RUN_EVENT_WAIT || event == WI_RUN_EVENT_QUEUE;
}

/* --- run.c ------------------------------------------------------------------------------------ */

/* Tells the owner that it has ended, and frees it as soon as no thread has it. `printing` is the
 * owner's then. */
void wi_run_end(struct wi_run *run, struct wi_printing *printing, const struct wi_error *error);
/* The thread has given it back: 1, or 0 if it was done in the meantime, and is freed. Its work was
 * cancelled only then. */
int wi_run_is_back(struct wi_run *run);
/* Whether it is not read of bytes, and its end is not printed. */
int wi_run_is_asked(const struct wi_run *run);
/* Asks the owner once, also if it is called again, whether the run may begin: WI_OK, or why it
 * ends. */
enum wi_code wi_run_ask_begin(struct wi_run *run, struct wi_error *error);
/* On the loop again. What this gives goes to wi_run_rest() once all is done, when the run may be
 * gone. */
int wi_run_begin_work(const struct wi_run *run);
void wi_run_rest(const struct wi_run_deps *deps, int works);

/* --- run_job.c -------------------------------------------------------------------------------- */

/* Queues its job, for what is settled: WI_OK, and `on_done` follows, or why the job was refused. */
enum wi_code wi_run_queue(struct wi_run *run, wi_job_fn *on_done, struct wi_error *error);
/* Its job has succeeded. */
void wi_run_answer(
    struct wi_run *run, const struct wi_job_spec *spec, struct wi_job_result *result);
/* Its job has failed, or was refused. */
void wi_run_fail(
    struct wi_run *run, const struct wi_job_place *place, const struct wi_error *error);

/* --- run_model.c ------------------------------------------------------------------------------ */

/* Its model, or another variant of it, is to be found; its job follows. */
void wi_run_find_model(struct wi_run *run);
/* What is settled is to be computed. The run ends with the answer, or goes on with a smaller
 * variant if there is no memory for this one. */
void wi_run_submit(struct wi_run *run);

#endif
