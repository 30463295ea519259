/*
 * Declarations shared between the files of the stored jobs.
 *
 * A record taken from the queue has an entry until its result is in the store:
 *
 *   running → waiting → printing → writing → gone       with an answer
 *   running → writing → gone                            with an error, or back in the queue
 *   writing → unwritten → writing                       while the store cannot be written
 */
#ifndef WI_OWNERS_DURABLE_PRIVATE_H
#define WI_OWNERS_DURABLE_PRIVATE_H

#include "base/table.h"
#include "owners/durable/durable.h"

/* Milliseconds of a tick, the interval at which due work is looked for. */
#define WI_DURABLE_TICK_MS 1000
/* How long a record waits for a resource that all jobs share, and that is exhausted for the moment.
 */
#define WI_DURABLE_BUSY_MS 1000
/* Failed writes are retried every this many ticks. */
#define WI_DURABLE_REWRITE_TICKS 5

enum wi_durable_step {
    WI_DURABLE_RUNNING,  /* or it has no run, and ends at once */
    WI_DURABLE_WAITING,  /* it has an answer, and waits for memory to print it */
    WI_DURABLE_PRINTING, /* on a thread */
    WI_DURABLE_WRITING,  /* its end, or its return to the queue, is being written */
    WI_DURABLE_UNWRITTEN /* the write failed and is retried */
};

struct wi_durable_entry {
    struct wi_record_finish finish; /* the store's while it is writing */
    struct wi_record_return back;   /* likewise, if `returning` */
    int returning;
    struct wi_durable *durable;
    struct wi_record record;
    enum wi_durable_step step;
    struct wi_run *run;
    struct wi_printing *printing;
    struct wi_run_success *success; /* of its run, if it is told; else NULL */
    enum wi_code code;              /* of its end: WI_OK, or why it failed */
    uint64_t counted_as;            /* of its run: see wi_run_counted_as */
    uint64_t charged;               /* bytes charged to the budget: for the run, or for printing */
    struct wi_buffer problem;
    struct wi_record_part *parts;
    struct wi_error *stuck; /* why writing its end failed first; NULL: it has not failed */
    UT_hash_handle hh;
};

struct wi_durable {
    struct wi_durable_deps deps;
    int closing; /* no more jobs are accepted or started */
    int freed;   /* only writes under way continue */
    struct wi_timer *timer;
    /* Scheduled when there may be room or new records: wi_durable_feed follows. NULL once freed. */
    struct wi_turn *feeding;
    unsigned ticks;
    struct wi_durable_entry *entries; /* in the order they were taken */
    struct wi_durable_watcher *watchers;
    int taking, sweeping;
    int sweep_is_due;    /* before its time */
    int untaken;         /* the last attempt to take records failed */
    unsigned empty_runs; /* runs in this tick that found nothing available */
    size_t writing;      /* operations of the store that will call back */
    uint64_t taken;      /* records taken since the start */
    /* Unfinished records, and bytes of bodies and answers: in total and by client. */
    size_t open;
    struct wi_holder *holders; /* by client */
    struct wi_durable_counters counters;
};

/* --- entries.c -------------------------------------------------------------------------------- */

/* Makes an entry for `record`, which is moved into it; no entry may have its id yet. */
struct wi_durable_entry *wi_durable_entry_new(struct wi_durable *durable, struct wi_record *record);
/* The same for a record that only has to be finished. */
struct wi_durable_entry *wi_durable_entry_of(
    struct wi_durable *durable, const struct wi_record_name *name);
/* Frees the data kept for a request or an answer, and returns its memory to the budget. */
void wi_durable_entry_drop(struct wi_durable_entry *entry);
void wi_durable_entry_free(struct wi_durable_entry *entry);

/* Asks the store for an operation whose `done` uses `durable`; `done` ends with
 * wi_durable_written. */
#define WI_DURABLE_ASK(durable, operation, op, done, data)                                         \
    ((durable)->writing++,                                                                         \
        (durable)->deps.store.operation((durable)->deps.store.context, op, done, data))
/* Frees the last of it. */
void wi_durable_release(struct wi_durable *durable);
/* An operation of the store has called back. Returns 0 if this freed `durable`. */
int wi_durable_written(struct wi_durable *durable);

/* The job `id` is finished, or cannot be finished for now: its watchers are told. */
void wi_durable_tell(struct wi_durable *durable, const char *id);

/* Milliseconds since it was accepted, by a clock that may have been set back; 0 if not known. */
double wi_durable_age(const struct wi_record *record);

/* Each returns its code. */
enum wi_code wi_durable_shutting_down(struct wi_error *error);
enum wi_code wi_durable_cancelled(const char *id, struct wi_error *error);

/* --- shares.c --------------------------------------------------------------------------------- */

/* A record of the client was accepted. */
void wi_durable_count_begin(struct wi_durable *durable, const char *client, uint64_t bytes);
/* An open record has ended with `end`. */
void wi_durable_count_end(
    struct wi_durable *durable, const char *client, const struct wi_record_finish *end);
/* Replaces all counts by those of the store. */
void wi_durable_count_all(struct wi_durable *durable, const struct wi_record_sweep *counted);
void wi_durable_forget_counts(struct wi_durable *durable);
/* WI_OK, or WI_CLIENT_SHARE: another record of `bytes` would exceed the client's share. */
enum wi_code wi_durable_check_share(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error);

/* --- requests.c ------------------------------------------------------------------------------- */

/* The record `id`, which was running, is to end as cancelled: it is somewhere between the queue and
 * its end. */
void wi_durable_cancel_run(struct wi_durable *durable, const char *id);

/* --- durable_end.c ---------------------------------------------------------------------------- */

/* See work/run/run.h: whether the entry's record goes back into the queue after `error`. */
int wi_durable_runs_again(void *context, const struct wi_error *error);
/* A run has ended (see work/run/run.h): `context` is the entry. */
void wi_durable_on_run_done(
    void *context, struct wi_printing *printing, const struct wi_error *error);
/* Writes the job's final state, with the problem in `error`. */
void wi_durable_finish(
    struct wi_durable_entry *entry, enum wi_record_state state, const struct wi_error *error);
void wi_durable_finish_cancelled(struct wi_durable_entry *entry);
/* Puts the job back into the queue; it is not taken before `delay_ms` have passed. */
void wi_durable_put_back(
    struct wi_durable_entry *entry, const struct wi_error *why, int64_t delay_ms);
/* Retries writing an end. */
void wi_durable_rewrite(struct wi_durable_entry *entry);
/* Prints the answers that wait for memory, as far as memory allows. */
void wi_durable_print_waiting(struct wi_durable *durable);

/* --- feed.c ----------------------------------------------------------------------------------- */

/* Takes as many records as there is room for, and runs them. `context` is the wi_durable. */
void wi_durable_feed(void *context);

#endif
