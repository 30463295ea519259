/*
 * Runs of the laboratory as rows of the database, and their cells, whose samples are packed as
 * doubles. terms/lab/lab_run.h defines runs and cells. As in rows.h each piece of work here is for
 * wi_db_submit or wi_db_look, `data` points at its struct, and members that are not marked "out"
 * are to be filled. A piece of work that failed may be submitted again unchanged.
 */
#ifndef WI_SETTINGS_STORE_RESULTS_H
#define WI_SETTINGS_STORE_RESULTS_H

#include "base/secret.h"
#include "settings/store/db.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct wi_lab_run; /* terms/lab/lab_run.h */

struct wi_result_cell {
    unsigned index;
    char *head; /* JSON: see wi_lab_cell_head */
    const double *samples;
    size_t count;
    const char *yardstick_of; /* of a yardstick, the kind of browser; else NULL */
};

/* Writes the data of a run, all of it or nothing. An unknown run begins, and the oldest runs beyond
 * `keep` are removed. An existing run takes the cells that it lacks: a repeated cell is ignored, so
 * that a request may be repeated; a cell that was not run is replaced. With `ended_at` the run
 * ends, and it is known whether it was noisy.
 *
 * WI_NOT_FOUND for an unknown run without `head`. WI_CONFLICT for a cell that exists and differs,
 * for a new cell of a run that has ended, and for members of the run itself that differ from those
 * given first. */
struct wi_result_write {
    char id[WI_ID_SIZE];
    char *head;          /* JSON of a new run: see wi_lab_run_head; NULL: the run must exist */
    const json_t *given; /* the request's members of the run */
    int64_t ended_at;    /* Unix milliseconds; 0: it continues */
    struct wi_result_cell *cells;
    size_t count;
    int person; /* a new run is a person's; `keep` counts these, or the others */
    int64_t keep;
    int created;  /* out */
    size_t added; /* out: cells */
    size_t total; /* out: cells of the run */
};
wi_db_work_fn wi_result_write;
/* Fills all but `keep` from a document, which must outlive the writing. A new run without an id
 * gets the one that is there, and a part of an existing run has no head. */
void wi_result_write_fill(struct wi_result_write *op, const struct wi_lab_run *run);
void wi_result_write_clear(struct wi_result_write *op);
/* The number of runs of people that are kept. */
#define WI_RESULTS_OF_PEOPLE 1000

/* A run without its cells. Free its contents with wi_result_clear. */
struct wi_result {
    int64_t number; /* it grows with each run */
    char id[WI_ID_SIZE];
    char *head;
    int64_t ended_at; /* 0: it continues */
    int noisy;
    size_t cells;
    uint64_t bytes; /* of its cells */
};
void wi_result_clear(struct wi_result *result);

struct wi_result_look {
    char id[WI_ID_SIZE];
    struct wi_result result; /* out */
    int found;               /* out */
};
wi_db_work_fn wi_result_look;

/* Runs with a number below `before` (0: all), the newest first. */
struct wi_result_list {
    int64_t before;
    size_t limit;
    const char *model;         /* borrowed; NULL: all runs, else those that have measured it */
    struct wi_result *results; /* out: owned with the array */
    size_t count;              /* out */
};
wi_db_work_fn wi_result_list;
void wi_result_list_clear(struct wi_result_list *list);

/* Calls `each` for the cells of a run, in the order of their indexes, on the thread that reads. */
typedef void wi_result_each_fn(void *context, const struct wi_result_cell *cell);
struct wi_result_read {
    int64_t number;
    wi_result_each_fn *each;
    void *context;
};
wi_db_work_fn wi_result_read;

/* What the newest runs that were made here, rather than imported, have of a model: the newest run
 * first, and of each the model's cells and the yardsticks, in the order of their indexes. On the
 * thread that reads, `begin` is called for each run and `each` for its cells. */
typedef void wi_result_begin_fn(void *context, const struct wi_result *result);
struct wi_result_history {
    const char *model, *browser, *platform; /* borrowed; `browser` and `platform` NULL: any */
    size_t runs_max, cells_max, bytes_max;  /* of heads and samples; beyond them it ends */
    wi_result_begin_fn *begin;
    wi_result_each_fn *each;
    void *context;
    size_t count;        /* out: runs that were read whole; after these, one more may have begun */
    size_t cells, bytes; /* out: that were read */
    int has_more;        /* out: there are older ones */
};
wi_db_work_fn wi_result_history;

struct wi_result_remove {
    char id[WI_ID_SIZE];
    int found; /* out */
};
wi_db_work_fn wi_result_remove;

#endif
