/*
 * Between the files of the stored jobs.
 *
 * A row that was taken from the queue has an entry until the database knows what became of it:
 *
 *   running → waiting → printing → writing → gone       with an answer
 *   running → writing → gone                            with an error, or back in the queue
 *   writing → unwritten → writing                       while the database cannot be written
 */
#ifndef WI_OWNERS_DURABLE_PRIVATE_H
#define WI_OWNERS_DURABLE_PRIVATE_H

#include "base/table.h"
#include "owners/durable/durable.h"

/* A tick, in ms: how often what is due is looked for. */
#define WI_DURABLE_TICK_MS 1000
/* What could not be written is tried again every so many ticks. */
#define WI_DURABLE_REWRITE_TICKS 5

enum wi_durable_step {
    WI_DURABLE_RUNNING,  /* or it has no run, and its end is to come at once */
    WI_DURABLE_WAITING,  /* it has an answer, and no memory yet to print it */
    WI_DURABLE_PRINTING, /* on a thread */
    WI_DURABLE_WRITING,  /* the writer has its end, or its way back */
    WI_DURABLE_UNWRITTEN /* that failed: it is tried again */
};

struct wi_durable_entry {
    struct wi_row_finish finish; /* first: the writer's `data` */
    struct wi_row_return back;   /* likewise, if `returning` */
    int returning;
    struct wi_durable *durable;
    struct wi_row row;
    enum wi_durable_step step;
    int suspect;
    struct wi_run *run;
    struct wi_printing *printing;
    uint64_t counted_as; /* its run: see wi_run_counted_as */
    uint64_t needs;      /* memory, to print */
    uint64_t charged;    /* to the budget: what the run takes, or of `needs` */
    struct wi_buffer problem;
    struct wi_row_part *parts;
    char *stuck; /* why its end could not be written, since that failed first; else NULL */
    UT_hash_handle hh;
};

struct wi_durable {
    struct wi_durable_deps deps;
    int closing; /* nothing is accepted or run any more */
    int freed;   /* only what is being written goes on */
    struct wi_timer *timer;
    struct wi_turn *feeding; /* NULL once freed */
    unsigned ticks;
    struct wi_durable_entry *entries; /* in the order in which they were taken */
    struct wi_durable_watcher *watchers;
    int taking, sweeping;
    int untaken;         /* the last try to take rows failed */
    unsigned empty_runs; /* runs in this tick that nothing was there for */
    size_t writing;      /* pieces of work that will call back */
    uint64_t taken;      /* rows, since the start */
    /* Rows that are not finished, and bytes of bodies and answers: how many, and whose. */
    size_t open;
    struct wi_holder *holders; /* by client */
    struct wi_durable_counters counters;
};

/* --- entries.c -------------------------------------------------------------------------------- */

/* An entry for `row`, which is moved into it; there is none with its id yet. */
struct wi_durable_entry *wi_durable_entry_new(struct wi_durable *durable, struct wi_row *row);
/* The same for a row that is only to be finished. */
struct wi_durable_entry *wi_durable_entry_of(
    struct wi_durable *durable, const struct wi_row_name *name);
/* Frees what was kept of a request or an answer, and gives back the memory that it took. */
void wi_durable_entry_drop(struct wi_durable_entry *entry);
void wi_durable_entry_free(struct wi_durable_entry *entry);

/* wi_db_submit for work whose `done` uses `durable`; `done` ends with wi_durable_written. */
void wi_durable_submit(
    struct wi_durable *durable, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
/* The same by wi_db_look: what it gives is shown, and nothing is decided by it. */
void wi_durable_view(
    struct wi_durable *durable, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
/* The last of it goes. */
void wi_durable_release(struct wi_durable *durable);
/* A piece of work has called back. 0 if `durable` is gone with it. */
int wi_durable_written(struct wi_durable *durable);

/* There may be room or rows: wi_durable_feed follows from the loop. */
void wi_durable_feed_soon(struct wi_durable *durable);
/* The job `id` is finished, or cannot be for now: those who watch it are told. */
void wi_durable_tell(struct wi_durable *durable, const char *id);

/* Each gives its code. */
enum wi_code wi_durable_shutting_down(struct wi_error *error);
enum wi_code wi_durable_cancelled(const char *id, struct wi_error *error);

/* --- shares.c --------------------------------------------------------------------------------- */

/* A row of the client was accepted. */
void wi_durable_count_begin(struct wi_durable *durable, const char *client, uint64_t bytes);
/* One that was open has ended so. */
void wi_durable_count_end(
    struct wi_durable *durable, const char *client, const struct wi_row_finish *end);
/* What the database has in truth. */
void wi_durable_count_all(struct wi_durable *durable, const struct wi_row_sweep *stock);
void wi_durable_forget_counts(struct wi_durable *durable);
/* WI_OK, or WI_CLIENT_SHARE: one row more of so many bytes is more than the client's part. */
enum wi_code wi_durable_check_share(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error);

/* --- end.c ------------------------------------------------------------------------------------ */

/* See work/run/run.h: whether the entry's row goes back into the queue after `error`. */
int wi_durable_runs_again(void *context, const struct wi_error *error);
/* A run has ended (see work/run/run.h): `context` is the entry. */
void wi_durable_on_run_done(
    void *context, struct wi_printing *printing, const struct wi_error *error);
/* The job's last state is written, with the problem of `error`. */
void wi_durable_finish(
    struct wi_durable_entry *entry, enum wi_row_state state, const struct wi_error *error);
void wi_durable_finish_cancelled(struct wi_durable_entry *entry);
/* The job goes back into the queue, not to be taken before `delay_ms` have passed. */
void wi_durable_put_back(
    struct wi_durable_entry *entry, const struct wi_error *why, int64_t delay_ms);
/* The same, because something that everybody needs is used up for the moment. */
void wi_durable_put_back_busy(struct wi_durable_entry *entry, const struct wi_error *why);
/* Writes an end once more that could not be written. */
void wi_durable_rewrite(struct wi_durable_entry *entry);
/* Prints the answers that wait for memory, as far as there is some. */
void wi_durable_print_waiting(struct wi_durable *durable);

/* --- feed.c ----------------------------------------------------------------------------------- */

/* Takes what there is room for, and runs it. */
void wi_durable_feed(struct wi_durable *durable);

#endif
