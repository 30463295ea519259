/* Between durable.c, durable_run.c and durable_sweep.c. */
#ifndef WI_API_DURABLE_PRIVATE_H
#define WI_API_DURABLE_PRIVATE_H

#include "api/durable.h"
#include "api/run.h"
#include <uthash.h>

/* House is kept so often, ms. */
#define WI_DURABLE_BEAT_MS 1000
/* What could not be written is tried again every so many beats. */
#define WI_DURABLE_REWRITE_BEATS 5

/* A row that was taken: it is being run, or its end is being written. */
struct wi_durable_entry {
    struct wi_row_finish finish; /* first: the writer's `data` */
    struct wi_durable *durable;
    struct wi_row row;
    int suspect;
    struct wi_run *run;
    struct wi_printing *printing;
    struct wi_buffer problem;
    struct wi_row_part *parts;
    uint64_t charged; /* to the budget, for the printed answer */
    int unwritten;    /* its end could not be written: tried again */
    UT_hash_handle hh;
};

struct wi_durable {
    struct wi_api *api; /* NULL once freed: only what is being written goes on */
    struct wi_budget *budget;
    struct wi_db *db;
    struct wi_timer *beat;
    unsigned beats;
    struct wi_durable_entry *entries; /* being run, or their end being written */
    struct wi_durable_watcher *watchers;
    int taking, sweeping;
    unsigned vain;  /* runs in this beat that nothing was there for */
    size_t writing; /* pieces of work that will call back */
    size_t open;    /* rows that are not finished */
    struct wi_durable_counters counters;
};

/* --- durable_run.c --------------------------------------------------------------------------- */

/* Takes what there is room for. */
void wi_durable_feed(struct wi_durable *durable);
/* An entry for `row`, which is moved into it; there is none with its id yet. */
struct wi_durable_entry *wi_durable_entry_new(struct wi_durable *durable, struct wi_row *row);
/* The job's last state is written; its answer is the printing, or the problem of `error`. */
void wi_durable_finish(
    struct wi_durable_entry *entry, enum wi_row_state state, const struct wi_error *error);
/* Writes an end once more that could not be written. */
void wi_durable_rewrite(struct wi_durable_entry *entry);
/* Counts the end of a job that was open. */
void wi_durable_count_end(struct wi_durable *durable, enum wi_row_state state);

/* --- durable_sweep.c ------------------------------------------------------------------------- */

/* Once per beat: removes, counts, ends what is late, and writes again what could not be written. */
void wi_durable_keep_house(struct wi_durable *durable);

/* --- durable.c ------------------------------------------------------------------------------- */

/* The job `id` is finished: those who watch it are told. */
void wi_durable_tell(struct wi_durable *durable, const char *id);

#endif
