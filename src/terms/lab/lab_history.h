/*
 * The history of a model: what successive runs have of each of its cells, with which run a cell
 * became slower, what had changed by then, and with which run the machine itself did. The same
 * statistics as in a comparison decide (lab_compare.h).
 */
#ifndef WI_TERMS_LAB_LAB_HISTORY_H
#define WI_TERMS_LAB_LAB_HISTORY_H

#include "base/memory.h"
#include "terms/lab/lab_compare.h"

#define WI_LAB_NO_RUN SIZE_MAX

/* Something around a cell that is another one than in the run before. */
struct wi_lab_changed {
    const char *what;   /* "browser", "engine", "webinfer", "commit", "model" … */
    char *before, *now; /* owned */
};

/* What a run has of a cell. */
struct wi_lab_point {
    size_t run;                     /* its place among the runs */
    const struct wi_lab_cell *cell; /* borrowed from the run */
    struct wi_lab_summary summary;
    /* From the run `against` on; WI_LAB_NEW: it is the first one. Times are compared with the first
     * run of the level that the cell had last on a machine as fast as this one, by the yardstick. A
     * slower or a faster run begins another level. So many small steps are found as well, and a run
     * on a busy machine hides nothing. */
    enum wi_lab_change change;
    size_t against;               /* WI_LAB_NO_RUN: none */
    char reason[160];             /* why the change is unclear, or "" */
    int is_timed;                 /* the next two members are valid */
    struct wi_lab_interval ratio; /* the time over that in `against` */
    double p;
    struct wi_lab_changed *changed; /* owned: since the point before */
    size_t changed_count;
};

/* A cell in all runs that have it, the earliest first. A cell that never ran is in each series that
 * it may be of (wi_lab_may_be). */
struct wi_lab_series {
    char *name; /* see wi_lab_put_name; owned */
    int simulated;
    struct wi_lab_point *points; /* owned */
    size_t count;
};

enum wi_lab_blame {
    WI_LAB_MACHINE, /* the marks of all browsers that both runs have moved alike */
    WI_LAB_BROWSER, /* that of another browser did not */
    WI_LAB_EITHER,  /* there is no other browser to tell by */
    WI_LAB_BLAMES
};
extern const char *const wi_lab_blame_names[]; /* "machine" …, ended by NULL */

/* The yardstick in a browser took longer or less long from a run on, by more than the threshold. */
struct wi_lab_shift {
    size_t run, against; /* the first run of the speed before */
    const char *browser; /* borrowed from the history */
    double ratio;        /* the mark over that in `against` */
    enum wi_lab_blame blame;
};

struct wi_lab_history {
    const struct wi_lab_run *runs; /* borrowed */
    size_t run_count;
    double threshold;
    struct wi_lab_series *series; /* owned, by the first run that has them, and by their index */
    size_t count;
    struct wi_strings browsers;  /* those with a yardstick */
    struct wi_lab_shift *shifts; /* owned, the earliest first */
    size_t shift_count;
};

/* `runs` are in the order in which they were made. Cells that were not run are left out, and so is
 * the yardstick but for its marks. `threshold` is the slowdown that counts, as a share. */
void wi_lab_history_make(struct wi_lab_history *history, const struct wi_lab_run *runs,
    size_t run_count, double threshold);
void wi_lab_history_clear(struct wi_lab_history *history);

#endif
